"""The public names are pinned: a change here is a change for every user."""

import importlib
import types

import pytest

import ditcarbon_sym

PUBLIC = """
Answer Calibration Catalog Comparison Count Datacenter Equation Estimate Forms Front Gpu Grid InputError Model
NOTATION OperatingPoint Quantity Ranking Ratio Sensitivity Sweep Validation __version__ closed_form compare count
derive estimate evaluate from_diffusers front gradient hessian load operating_point ranked sensitivity solve sweep
validate
"""
ROOMS = ("numerics", "equations", "catalog", "estimation", "calibration", "analysis", "sweeps")


def test_the_public_names_are_these():
    assert sorted(ditcarbon_sym.__all__) == PUBLIC.split()


@pytest.mark.parametrize("room", ["", *ROOMS])
def test_every_name_that_a_room_exports_is_there_documented_and_no_file(room):
    package = importlib.import_module(f"ditcarbon_sym.{room}".rstrip("."))
    for name in package.__all__:
        found = getattr(package, name)
        assert not isinstance(found, types.ModuleType), name
        assert name in ("__version__", "NOTATION", "BY_FIELD", "BY_NAME") or found.__doc__, name


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError):
        ditcarbon_sym.nothing  # noqa: B018


def test_no_name_is_loaded_before_it_is_used(run_python):
    run_python("import sys, ditcarbon_sym; assert 'sympy' not in sys.modules; assert 'estimate' in dir(ditcarbon_sym)")
