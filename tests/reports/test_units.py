"""One unit of energy for all commands, and one boundary beside grams."""

import re

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym.reports.formats import carbon_unit, energy_unit

AMOUNTS = st.lists(st.floats(0, 1e15) | st.none(), min_size=1, max_size=5)


@given(AMOUNTS)
def test_energies_stand_in_the_largest_unit_of_which_the_largest_makes_one(amounts):
    factor, unit = energy_unit(*amounts)
    largest = max((x for x in amounts if x is not None), default=0)
    assert (factor, unit) == ((0.001, "kWh") if largest >= 1000 else (1, "Wh"))


@given(AMOUNTS)
def test_masses_stand_in_the_largest_unit_of_which_the_largest_makes_one(amounts):
    factor, unit = carbon_unit(*amounts)
    largest = max((x for x in amounts if x is not None), default=0)
    assert unit in ("gCO2eq", "kgCO2eq", "tCO2eq") and (unit == "gCO2eq" or largest * factor >= 0.999)
    assert unit == "tCO2eq" or largest * factor < 1000


SMALL = ("pixart-alpha", "--steps", 20)
LARGE = ("wan2.1-t2v-14b", "--gpu", "h100-sxm-80gb", "--batch", 8)


@pytest.mark.parametrize(("request_", "unit"), [(SMALL, "Wh"), (LARGE, "kWh")])
@pytest.mark.parametrize(
    "command",
    [
        ("estimate",),
        ("uncertainty", "--draws", 1000),
        ("compare",),
        ("sensitivity", "--no-sobol", "--output", "energy_kwh"),
    ],
    ids=lambda x: x[0],
)
def test_every_command_tells_the_same_energy_in_the_same_unit(ditcarbon, command, request_, unit):
    model, *options = request_
    again = (model,) if command[0] == "compare" else ()
    shown = ditcarbon(command[0], model, *again, *options, *command[1:]).out
    told = set(re.findall(r"(?<![/\w])k?Wh\b", re.sub(r"basis\n.*", "", shown, flags=re.S)))
    assert told == {unit}


def test_a_budget_of_energy_is_answered_in_the_unit_of_its_size(ditcarbon):
    options = ("solve", *LARGE, "--for", "steps", "--budget-wh")
    assert "1.5 kWh" in ditcarbon(*options, 1500).out.replace("1.500", "1.5")
    small = ditcarbon("solve", *SMALL, "--for", "batch", "--budget-wh", 900).out
    assert "900 Wh per batch, accelerator" in small and "kWh per batch" not in small


@pytest.mark.parametrize("command", [("estimate",), ("compare",)], ids=lambda x: x[0])
def test_the_facilitys_energy_stands_beside_grams_and_the_meters_is_named(ditcarbon, command):
    again = ("pixart-alpha",) if command == ("compare",) else ()
    shown = ditcarbon(*command, "pixart-alpha", *again, "--steps", 20).out
    places = [shown.index(x) for x in ("energy, accelerator", "energy, facility", "operational carbon")]
    assert places == sorted(places) and "(with PUE)" in shown


@pytest.mark.parametrize("line", [
    ("estimate", "flux.1-dev"), ("compare", "flux.1-dev", "sd3-medium"), ("account", "--hours", 10),
    ("train", "dit-xl-2-256", "--steps", 10, "--batch", 8),
], ids=lambda x: x[0])  # fmt: skip
def test_the_facilitys_energy_says_that_it_holds_the_hosts(ditcarbon, line):
    with_host = ditcarbon(*line, "--gpu", "h100-sxm-80gb").out
    assert "Wh (with host and PUE)" in with_host and "(with PUE)" not in with_host
    assert "Wh (with PUE)" in ditcarbon(*line, "--gpu", "l4").out


def test_what_an_answer_rests_on_has_its_unit(ditcarbon):
    solved = [ditcarbon("solve", *SMALL, "--for", x, "--budget-g", 1).out for x in ("grid", "resolution")]
    assert re.search(r"^ grid +[\d.,]+ gCO2eq/kWh *$", solved[0], re.M), solved[0]
    assert re.search(r"^ resolution +[\d,]+ px *$", solved[1], re.M), solved[1]
    told = ditcarbon("sensitivity", *SMALL, "--no-sobol", "--gpu", "h100").out
    assert all(re.search(rf" {name} +[\d,.e-]+ {unit} ", told) for name, unit in (
        ("memory bandwidth", "B/s"), ("peak throughput", "FLOP/s"), ("energy per FLOP", "J"),
        ("embodied carbon of the server", "gCO2eq"),
    ))  # fmt: skip
    assert re.search(r"embodied, server [\d,]+ gCO2eq to", ditcarbon("estimate", *SMALL, "--gpu", "h100").out)


def test_an_account_and_an_estimate_name_the_same_embodied_carbon(ditcarbon):
    lines = [
        re.search(r"^  embodied +(.*)$", ditcarbon(*line, "--gpu", "h100").out, re.M)[1]
        for line in (("account", "--hours", 10), ("estimate", "flux.1-dev"))
    ]
    assert lines[0] == lines[1]


def test_a_comparison_says_how_each_request_runs(ditcarbon):
    told = ditcarbon("compare", "wan2.1-t2v-1.3b,cache=0.3", "wan2.1-t2v-1.3b", "--gpu", "h100").out
    first = next(x for x in told.splitlines() if x.startswith("  A "))
    assert "x 81 frames" in first and "a cache that skips 30% of the steps" in first


def test_the_table_of_a_sweep_says_which_energy_has_pue(ditcarbon):
    shown = ditcarbon("sweep", "--model", "pixart-alpha", "--top", 1).out
    assert " facility_energy_kwh " in shown and " energy_kwh " not in shown
    said = " ".join(ditcarbon("sweep", "--help").out.split())
    assert (
        "energy_kwh is the accelerator's. facility_energy_kwh is that and its host's, where one is counted, times PUE"
        in said
    )


def test_a_service_is_told_by_day_and_year_with_intervals(ditcarbon):
    shown = ditcarbon("estimate", "pixart-alpha", "--per-day", 1000000).out
    for name in ("energy, accelerator", "energy, facility", "total carbon"):
        rows = re.findall(rf"^   {name} .*$", shown, re.M)
        assert len(rows) == 2 and all(" to " in row for row in rows)
    assert "kgCO2eq" in shown and "tCO2eq" in shown
