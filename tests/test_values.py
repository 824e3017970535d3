"""What the rooms hand to each other are values: nobody who was given one can change it for the others."""

import dataclasses
import importlib
import pkgutil

import pytest

import ditcarbon_sym

COLLECTS = {"Information"}
"""Dataclasses that grow while something is computed."""
ROOMS = ("equations", "architectures", "catalog", "estimation", "calibration", "analysis", "sweeps")


@pytest.mark.parametrize("room", ROOMS)
def test_every_dataclass_is_frozen(room):
    paths = [f"{path}/{room}" for path in ditcarbon_sym.__path__]
    found = 0
    for module in pkgutil.walk_packages(paths, f"ditcarbon_sym.{room}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module.name:
                found += 1
                assert value.__dataclass_params__.frozen or name in COLLECTS, f"{module.name}.{name}"
    assert found or room == "catalog"
