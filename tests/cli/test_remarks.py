"""Nothing that bears on an answer is printed by ``--json`` alone."""

import json

import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.stages import shipped_ids


@pytest.mark.parametrize("model", sorted(shipped_ids()))
def test_every_remark_on_a_model_is_printed_with_its_count(ditcarbon, model):
    remarks = json.loads(ditcarbon("count", model, "--json").out)["remarks"]
    shown = ditcarbon("count", model).out
    assert all(remark in shown for remark in remarks)


@pytest.mark.parametrize("model", ["cogview4-6b", "hidream-i1", "pixart-alpha"])
def test_every_remark_on_a_model_stands_in_the_basis_of_its_estimate(ditcarbon, model):
    counted = json.loads(ditcarbon("count", model, "--json").out)["remarks"]
    told = json.loads(ditcarbon("estimate", model, "--gpu", "h100-sxm-80gb", "--json").out)["basis"]["remarks"]
    shown = ditcarbon("estimate", model, "--gpu", "h100-sxm-80gb").out
    assert counted and told == counted and all(remark in shown for remark in counted)


@pytest.mark.parametrize(("options", "convention"), [((), "= 2 FLOP"), (("--macs",), "= 1 MAC")])
def test_a_count_says_what_it_counts_as_one(ditcarbon, options, convention):
    table = json.loads(ditcarbon("count", "pixart-alpha", *options, "--json").out)
    shown = ditcarbon("count", "pixart-alpha", *options).out
    assert convention in table["convention"] and table["convention"] in shown


def test_every_warning_of_an_estimate_reaches_what_is_made_of_it(ditcarbon):
    warnings = estimate("dit-xl-2-256", gpu="l20").warnings
    assert any("idle power" in x for x in warnings)
    for command, *more in (
        ("estimate",), ("sensitivity", "--no-sobol"), ("uncertainty", "--draws", 1000),
        ("solve", "--for", "batch", "--budget-s", 100),
    ):  # fmt: skip
        said = ditcarbon(command, "dit-xl-2-256", "--gpu", "l20", *more).err
        lacking = [x for x in warnings if x not in said and "extrapolates: batch" not in x]
        assert not lacking, (command, lacking)
        told = json.loads(ditcarbon(command, "dit-xl-2-256", "--gpu", "l20", *more, "--json").out)["warnings"]
        assert [f"warning: {x}" for x in told] == said.splitlines()
