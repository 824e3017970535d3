"""Boundaries: each is wider than the one before, is the sum of its lines, and has a source for every number."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym import estimate, solve
from ditcarbon_sym.analysis.comparison import compare
from ditcarbon_sym.analysis.sensitivity import tornado
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.catalog.loading import load, shipped_calibration
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.around.boundaries import ACCOUNTS
from ditcarbon_sym.equations.notation import BY_FIELD, C_total
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.footprint.accelerator import counted_alike
from ditcarbon_sym.estimation.footprint.boundaries import boundaries_of, facts
from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.reports.estimate import title
from ditcarbon_sym.sweeps import Grid, RequestList, sweep
from fits import boards

BIBLIOGRAPHY = set(re.findall(r"^@\w+\{(\w+),", (DATA / "sources.bib").read_text(encoding="utf-8"), re.M))
ON = {"model": "flux.1-dev", "gpu": "h100-sxm-80gb"}
LAWS = ({}, {"efficiency": "bgr"}, {"mu": 0.3})


def test_every_number_of_boards_and_hosts_has_a_source_in_the_bibliography():
    for board in facts()["boards"].values():
        assert board["source"].split(":")[0] in BIBLIOGRAPHY
    for host in facts()["hosts"].values():
        numbers = {x for x, y in host.items() if isinstance(y, int | float)}
        assert numbers <= set(host["sources"])
        assert all(x.split(":")[0] in BIBLIOGRAPHY for x in host["sources"].values())


def test_every_board_and_host_is_of_an_accelerator_of_the_catalogue():
    known = set(load().gpus)
    assert set(facts()["boards"]) <= known
    assert all({*x["gpus"], *x["assumed_for"]} <= known for x in facts()["hosts"].values())


def test_boavizta_figures_are_those_that_its_method_gives():
    table = facts()["boards"]
    for name, card in boards.every_card().items():
        found, entry = boards.parts(card), table[name]
        if set(entry["parts"]) == set(found):
            assert {x: round(y, -2) for x, y in found.items()} == entry["parts"]
        else:
            assert entry["range"][1] == round(sum(found.values()), -2)


@pytest.mark.parametrize("area", boards.PRINTED)
def test_effective_areas_that_boavizta_prints_are_areas_over_murphys_yield(area):
    assert boards.yielded_mm2(100 * area) == pytest.approx(boards.PRINTED[area], rel=0.01)


def test_low_ends_of_boaviztas_figures_are_lower_as_nvidias_own_figure_of_the_h100_is():
    for name, board in facts()["boards"].items():
        if "memory" in board["parts"]:
            total = sum(board["parts"].values())
            assert board["range"] == [round(total * boards.TOO_HIGH, -2), total], name


def test_a_figure_of_boaviztas_method_is_said_to_be_one_and_by_how_much_it_differs():
    said, other = (estimate("flux.1-dev", gpu=x, boundary="board").warnings for x in ("l4", "h100-sxm-80gb"))
    assert any("Boavizta's method, which gives an H100 3.5 times" in x for x in said)
    assert not any("Boavizta" in x for x in other)
    assert round(1 / boards.TOO_HIGH, 1) == 3.5


def test_every_accelerator_with_a_calibration_but_the_papers_has_a_board():
    calibrated = {x for x in load().gpus if shipped_calibration(x, "roofline") is not None}
    assert len(calibrated) > 7 and calibrated - set(facts()["boards"]) == {"v100-pcie-16gb"}


def test_boaviztas_method_gives_the_figure_that_ecologits_takes_for_an_accelerator():
    # EcoLogits 0.11.3 has 273 kg for an accelerator: the A100 SXM 40 GB by this method.
    assert round(sum(boards.parts(boards.CARDS["a100-sxm-40gb"]).values()) / 1000) == 273


@pytest.mark.parametrize("law", LAWS)
def test_each_boundary_counts_more_than_the_one_before(law):
    found = [estimate(**ON, **law, boundary=x, utilisation=0.5).total_g.value for x in ACCOUNTS]
    assert found == sorted(found) and len(set(found)) == len(found)


def test_embodied_carbon_is_that_of_the_boundary_and_within_the_chip_the_one_asked_for():
    for name in ACCOUNTS:
        if name != "chip":
            assert operating_point(**ON, boundary=name).embodied_boundary == name
    for name in operating_point(**ON).device.embodied:
        assert operating_point(**ON, embodied_boundary=name).embodied_boundary == name


@pytest.mark.parametrize("law", LAWS)
def test_the_total_is_the_sum_of_its_lines(law):
    server = estimate(**ON, **law, boundary="server")
    lines = (server.operational_g.value, server.host_g.value, server.embodied_g.value)
    assert server.total_g.value == pytest.approx(sum(lines), rel=1e-12)
    whole = estimate(**ON, **law, boundary="facility", utilisation=0.25)
    lines = (whole.operational_g.value, whole.host_g.value, whole.embodied_g.value, whole.idle_g.value)
    assert whole.total_g.value == pytest.approx(sum(lines), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "chip"),
        ({"gpu": "v100-pcie-16gb", "utilisation": 0.5}, "chip"),
        ({"gpu": "h100"}, "server"),
        ({"gpu": "h100", "utilisation": 0.5}, "facility"),
        ({"gpu": "h100", "efficiency": "bgr"}, "chip"),
        ({"gpu": "h100", "mu": 0.3}, "server"),
        ({"gpu": "h100", "embodied_boundary": "die"}, "chip"),
        ({"gpu": "h100", "split": "ulysses=1"}, "server"),
        ({"gpu": "l4"}, "board"),
    ],
)
def test_the_default_is_the_papers_for_the_paper_and_else_the_widest_that_has_sources(options, expected):
    default, asked = (estimate("flux.1-dev", **options, **more) for more in ({}, {"boundary": expected}))
    assert default.basis["boundary"]["name"] == expected
    assert (default.total_g, default.facility_energy_wh) == (asked.total_g, asked.facility_energy_wh)
    assert (f", boundary: {expected}" in title(default)) == (expected != "chip")


def test_an_accelerator_of_the_users_own_keeps_its_own_figures(tmp_path):
    path = tmp_path / "mine.toml"
    facts = "peak_flop_per_second = 1e15\ntdp_watt = 700\n[gpus.h100-sxm-80gb.embodied_gco2eq]\ndie = 5000\n"
    path.write_text(f"[gpus.h100-sxm-80gb]\n{facts}", encoding="utf-8")
    found = estimate("flux.1-dev", gpu="h100-sxm-80gb", catalog=path, mu=0.3)
    assert (found.basis["boundary"]["name"], found.basis["embodied_gco2eq"]) == ("chip", 5000)


CARDS = st.sampled_from(sorted(load().gpus))


@settings(max_examples=25)
@given(st.lists(CARDS, min_size=2, max_size=4, unique=True), st.sampled_from([None, 0.5]))
def test_every_command_counts_a_table_within_the_narrowest_default_of_its_accelerators(cards, utilisation):
    law = {"mu": 0.3, "utilisation": utilisation}
    usual = [estimate("pixart-alpha", gpu=x, **law).basis["boundary"]["name"] for x in cards]
    one = min(usual, key=list(ACCOUNTS).index)
    alone = [estimate("pixart-alpha", gpu=x, boundary=one, **law) for x in cards]
    grid = sweep(Grid(("pixart-alpha",), gpu=tuple(cards), options={x: y for x, y in law.items() if y}))
    listed = RequestList([{"model": "pixart-alpha", "gpu": x} for x in cards], **law)
    compared = compare([f"pixart-alpha,gpu={x}" for x in cards], **law)
    assert {x.basis["boundary"]["name"] for x in compared.estimates} == {one}
    expected = np.array([x.total_g.value for x in alone], float)
    for told in (
        grid.array("total_g").ravel(), listed.table["total_g"], [x.total_g.value for x in compared.estimates],
    ):  # fmt: skip
        assert np.array(told, float) == pytest.approx(expected, rel=1e-9, nan_ok=True)
    for notes in (grid.notes, listed.notes, compared.notes):
        assert (f"boundary: {one}, the widest that has sources for all" in notes) == (set(usual) != {"chip"})


def test_a_rival_and_a_number_of_accelerators_are_counted_within_one_boundary():
    found = solve("pixart-alpha", "steps", gpu="h100", against={"gpu": "v100-pcie-16gb"})
    assert found.point.boundary.name == "chip"
    alone, two = (estimate("flux.1-dev", gpu="h100", gpus=k, boundary="server").per_output_g.value for k in (1, 2))
    most = solve("flux.1-dev", "gpus", gpu="h100", budget_g=(alone + two) / 2).solution
    assert most.value in (1, 2) and most.reached == pytest.approx(alone if most.value == 1 else two)


def test_a_host_that_draws_nothing_and_weighs_nothing_leaves_the_board():
    point = operating_point(**ON, boundary="server")
    names = {"host_watt": 0.0, "host_watt_per_watt": 0.0, "server_gco2eq": 0.0}

    values = {**point.values, **{BY_FIELD[x].symbol: y for x, y in names.items()}}
    bare = pipeline.evaluate(values, (C_total,), point.route)[C_total]
    assert float(bare) == pytest.approx(estimate(**ON, boundary="board").total_g.value, rel=1e-12)


def test_an_accelerator_that_is_always_in_use_has_the_same_facility_as_server():
    server, whole = (estimate(**ON, boundary=x) for x in ("server", "facility"))
    assert whole.total_g == server.total_g
    assert any("no idle hours" in x for x in whole.warnings)


def test_the_facilitys_energy_is_that_of_accelerator_and_host_times_pue():
    found = estimate(**ON, boundary="server", datacenter="gcp:us-central1")
    assert found.facility_energy_wh.value == pytest.approx(1.1 * (found.energy_wh.value + found.host_energy_wh.value))
    assert found.operational_g.value + found.host_g.value == pytest.approx(
        found.facility_energy_wh.value / 1000 * 412.72
    )


@pytest.mark.parametrize("law", LAWS)
def test_a_sweep_counts_within_the_boundary_as_an_estimate_does(law):
    one = estimate(**ON, **law, boundary="server", datacenter="FRA")
    grid = Grid(
        model=("flux.1-dev",), gpu=("h100-sxm-80gb",), datacenter=("FRA",), options={"boundary": "server", **law}
    )
    row = {x: sweep(grid).array(x).ravel() for x in ("total_g", "facility_energy_kwh")}
    assert row["total_g"][0] == pytest.approx(one.total_g.value, rel=1e-12)
    assert row["facility_energy_kwh"][0] == pytest.approx(one.facility_energy_wh.value / 1000, rel=1e-12)


def test_a_budget_is_met_within_the_boundary():
    found = solve("flux.1-dev", "steps", budget_g=1.0, gpu="h100-sxm-80gb", boundary="server").solution
    reached = estimate(**ON, boundary="server", steps=int(found.value)).per_output_g.value
    assert reached == pytest.approx(found.reached) and reached <= 1.0


def test_a_comparison_takes_places_and_boundaries():
    found = compare(["flux.1-dev,gpu=h100,place=FRA", "flux.1-dev,gpu=h100,place=IND,boundary=server"])
    assert found.estimates[1].basis["boundary"]["name"] == "server"


def test_the_tornado_has_bars_for_what_the_boundary_and_the_place_are_not_sure_of():
    point = operating_point(**ON, boundary="server", datacenter="FRA")
    bars = {x.knob: x for x in tornado(point)}
    assert {"host_watt_per_watt", "server_gco2eq", "embodied_gco2eq", "pue", "grid_gco2eq_per_kwh"} <= set(bars)
    assert (bars["pue"].low_setting, bars["pue"].high_setting) == (1.07, 1.8)


def test_scenarios_stand_at_the_ends_of_the_documented_ranges():
    found = estimate(**ON, boundary="server", datacenter="FRA")
    rows = {x["field"]: x for x in found.basis["boundary"]["scenarios"]}
    other = load().datacenter("FRA").ranges["grid_gco2eq_per_kwh"]
    again = estimate(**ON, boundary="server", pue=1.56, grid=other[1]).total_g.value
    assert rows["grid_gco2eq_per_kwh"]["total_g_high"] == pytest.approx(again, rel=1e-9)
    assert all(x["total_g_low"] < found.total_g.value <= x["total_g_high"] or x["field"] == "embodied_gco2eq"
               for x in rows.values())  # fmt: skip


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"gpu": "v100-pcie-16gb", "boundary": "server"}, "those that have: chip"),
        ({"gpu": "l4", "boundary": "server"}, "those that have: chip, board"),
        ({"gpu": "h100", "boundary": "rack"}, "expected one of chip, board, server, facility"),
        ({"gpu": "h100", "boundary": "board", "embodied_boundary": "die"}, "give one of them"),
    ],
)
def test_a_boundary_without_sources_is_refused_with_those_that_have_some(options, expected):
    with pytest.raises(InputError, match=expected):
        estimate("flux.1-dev", **options)


def test_boundaries_with_sources_are_offered_from_the_narrowest():
    assert boundaries_of(load().gpu("rtx-4090")) == ("chip", "board")
    assert boundaries_of(load().gpu("h20")) == ("chip", "board", "server", "facility")
    assert math.isclose(estimate("flux.1-dev", gpu="l4", boundary="board").basis["embodied_gco2eq"], 113_600)


@pytest.mark.parametrize("boundary", ["board", "server", "facility"])
def test_each_of_several_accelerators_has_its_share_of_the_host(boundary):
    options = {"gpu": "h100-sxm-80gb", "boundary": boundary, "utilisation": 0.5}
    one, four = (estimate("flux.1-dev", gpus=k, **options) for k in (1, 4))
    seconds = 4 * four.time_s.value / one.time_s.value
    assert four.embodied_g.value == pytest.approx(seconds * one.embodied_g.value)
    parts = [four.operational_g.value, four.embodied_g.value]
    if boundary != "board":
        hosts = facts()["hosts"].values()
        share = next(x for x in hosts if "h100-sxm-80gb" in (*x["gpus"], *x["assumed_for"]))
        at_rest = 4 / share["accelerators"] * share["host_watt"] * four.time_s.value / 3600
        assert four.host_energy_wh.value == pytest.approx(at_rest + share["host_watt_per_watt"] * four.energy_wh.value)
        parts.append(four.host_g.value)
    if boundary == "facility":
        assert four.idle_g.value == pytest.approx(seconds * one.idle_g.value)
        parts.append(four.idle_g.value)
    assert four.total_g.value == pytest.approx(sum(parts))
    swept = sweep(Grid(("flux.1-dev",), gpu=("h100-sxm-80gb",), gpus=(4,), options={
        "boundary": boundary, "utilisation": 0.5,
    }))  # fmt: skip
    assert swept.array("total_g").item() == pytest.approx(four.total_g.value)
    assert 1000 * swept.array("facility_energy_kwh").item() == pytest.approx(four.facility_energy_wh.value)


@pytest.mark.parametrize(
    ("cards", "boundary", "told"),
    [
        (["v100-pcie-16gb"], "chip", False),
        (["v100-pcie-16gb", "v100-pcie-16gb"], "chip", False),
        (["v100-pcie-16gb", "h100"], "chip", True),
        (["h100"], "server", True),
        (["h100", "l4"], "board", True),
    ],
)
def test_a_table_says_its_boundary_unless_all_of_it_stands_at_the_papers_anyway(cards, boundary, told):
    found, notes = counted_alike(load(), [{"gpu": x} for x in cards])
    assert {x["boundary"] for x in found} == {boundary}
    assert bool(notes) == told and all(boundary in x for x in notes)


def test_boundaries_that_are_asked_for_stay_and_are_told_apart():
    (one, other), notes = counted_alike(load(), [{"gpu": "h100", "boundary": "chip"}, {"gpu": "h100"}])
    assert (one["boundary"], other["boundary"], notes) == ("chip", "chip", ())
    asked = [{"gpu": "h100", "boundary": x} for x in ("chip", "server")]
    found, notes = counted_alike(load(), asked)
    assert found == asked and notes == ("requests are counted within different boundaries, as asked",)
    assert counted_alike(load(), []) == ([], ())
