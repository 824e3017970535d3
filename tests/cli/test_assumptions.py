"""What is assumed where nothing is said is told: by the help, and in the basis."""

import inspect
import re

import pytest

from ditcarbon_sym.catalog.loading import defaults, load
from ditcarbon_sym.cli import options
from ditcarbon_sym.cli.app import PLACES, function
from ditcarbon_sym.equations.notation import PUE, B, I_grid

ASSUMED = {
    "gpu": options.GPU,
    "datacenter": options.PLACE,
    "batch": "Assumed: 1",
    "steps": "Assumed: the model's release",
}
NEEDED = ("fit", "measure", "plan-calibration", "account", "route")
"""Commands that take an accelerator from the sweep or demand one: they assume none."""
ASKED_FOR = {("train", "steps"), ("train", "batch")}
"""Options without which a command gives no answer."""


@pytest.mark.parametrize("command", [x for x in PLACES if x not in NEEDED])
def test_the_help_of_a_command_says_what_it_assumes(ditcarbon, command):
    shown = "".join(ditcarbon(command, "--help").out.split())
    for name in ASSUMED.keys() & inspect.signature(function(command)).parameters.keys():
        own = re.search(rf"--{name}(?:,--place)?(?=<|INTEGER|NUMBER|TEXT).*?(?=--[a-z]|$)", shown)[0]
        assert ASSUMED[name].replace(" ", "") in own or ((command, name) in ASKED_FOR and "Needed" in own), own


def test_what_the_help_says_is_what_the_catalogue_assumes():
    catalog, known = load(), defaults()
    assert (known["gpu"], known["datacenter"]) == (options.GPU, options.PLACE)
    place = catalog.datacenters[options.PLACE].values
    assert f"PUE {place[PUE]:g} and {place[I_grid]:g} gCO2eq/kWh" in options.ASSUMED_PLACE
    assert {model.request[B] for model in catalog.models.values()} == {1.0}
    assert (known["lifetime_years"], known["utilisation"], known["embodied_boundary"]) == (5, 1, "die")


def test_the_basis_names_what_was_not_given_and_nothing_else(ditcarbon):
    shown = ditcarbon("estimate", "pixart-alpha", "--steps", 30).out
    assert "assumed      accelerator v100-pcie-16gb, place us-average, 1024 x 1024, batch 1: not given" in shown
    given = ("--gpu", "l4", "--datacenter", "germany", "--resolution", 512, "--batch", 2, "--steps", 30)
    assert "  assumed " not in ditcarbon("estimate", "pixart-alpha", *given).out
