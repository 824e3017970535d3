"""The public names are pinned: a change here is a change for every user."""

import ast
import doctest
import importlib
import re
import types
from pathlib import Path

import pytest

import ditcarbon_sym

PUBLIC = """
Answer Calibration Catalog Comparison Count Datacenter Equation Estimate Forms Front Gpu Grid InputError Model
NOTATION OperatingPoint Quantity Ranking Ratio Sensitivity Sweep Training Validation __version__ closed_form compare
count derive estimate evaluate from_diffusers front gradient hessian load operating_point ranked sensitivity solve sweep
train validate
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
        assert not (Path(package.__file__).parent / f"{name}.py").exists(), "importing the file would hide the name"
        assert name in ("__version__", "NOTATION", "BY_FIELD", "BY_NAME") or found.__doc__, name


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError):
        ditcarbon_sym.nothing  # noqa: B018


def test_no_name_is_loaded_before_it_is_used(run_python):
    run_python("import sys, ditcarbon_sym; assert 'sympy' not in sys.modules; assert 'estimate' in dir(ditcarbon_sym)")


def exported(package):
    """The names that a package exports, each with the file that it is in, as the stub says."""
    stub = ast.parse(Path(package.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    for node in stub.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.name, importlib.import_module(f"{package.__name__}.{node.module}")


def test_every_public_name_has_an_example():
    """Its docstring has one, or another of the file uses it; these run with all other tests. A constant needs none."""
    lacking = []
    for room in ("", *ROOMS):
        for name, module in exported(importlib.import_module(f"ditcarbon_sym.{room}".rstrip("."))):
            value = getattr(module, name)
            if not callable(value) or isinstance(value, types.GenericAlias):
                continue
            examples = [x for found in doctest.DocTestFinder().find(module) for x in found.examples]
            if ">>>" not in (value.__doc__ or "") and not any(re.search(rf"\b{name}\b", x.source) for x in examples):
                lacking.append(f"{module.__name__}.{name}")
    assert lacking == []
