"""A row of a sweep is the estimate of its request: over the catalogue, with intervals and both boundaries of energy."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym import InputError, estimate
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.reports.sweep import records
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.requests import RequestList
from ditcarbon_sym.sweeps.table import COVERED, FACILITY_ENERGY, OPERATIONAL_EACH, joined

FIELDS = {
    "time_s": ("time_s", 1), "energy_kwh": ("energy_wh", 1000), FACILITY_ENERGY: ("facility_energy_wh", 1000),
    "operational_g": ("operational_g", 1), "embodied_g": ("embodied_g", 1), "total_g": ("total_g", 1),
    "per_output_g": ("per_output_g", 1),
}  # fmt: skip
"""Columns of a sweep, the quantity of an estimate that each is, and how many of its units go into one of the column."""
PLACES = st.sampled_from(sorted(load().datacenters)) | st.tuples(st.floats(1, 2), st.floats(0, 900))
LAWS = st.sampled_from([{}, {}, {"efficiency": "bgr"}, {"mu": 0.35}])


def rows_of(found):
    return records(joined([columns for _, columns in found.chunks()]))


def place_of(place):
    return {"datacenter": place} if isinstance(place, str) else {"pue": place[0], "grid": place[1]}


@st.composite
def requests(draw):
    """A request on any card of the catalogue, which its model may refuse."""
    entries = load()
    model = draw(st.sampled_from(sorted(entries.models)))
    size = {"batch": draw(st.integers(1, 9)), "steps": draw(st.integers(1, 60))}
    if draw(st.booleans()):
        height, width = (64 * draw(st.integers(4, 20)) for _ in range(2))
        size |= {"height": height, "width": width}
    if entries.model(model).is_video and draw(st.booleans()):
        size["frames"] = draw(st.integers(1, 90))
    return model, draw(st.sampled_from(sorted(entries.gpus))), size, draw(PLACES), draw(LAWS)


@settings(max_examples=60)
@given(requests())
def test_a_row_is_the_estimate_of_its_request_or_refused_as_it_is(request):
    model, gpu, size, place, law = request
    resolution = (size["height"], size["width"]) if "height" in size else None
    grid = Grid(
        (model,), (resolution,), (size.get("frames"),), (size["batch"],), (size["steps"],), (gpu,), (place,), law,
        intervals=True,
    )  # fmt: skip
    asked = [{"model": model, "gpu": gpu, **size, **place_of(place)}]
    try:
        single = estimate(model, gpu=gpu, **size, **place_of(place), **law)
    except InputError as refusal:
        for make in (lambda: sweep(grid), lambda: RequestList(asked, **law)):
            with pytest.raises(InputError) as other:
                make()
            assert str(refusal) in str(other.value)
        return
    for found in (sweep(grid), RequestList(asked, intervals=True, **law)):
        (row,) = rows_of(found)
        for column, (name, scale) in FIELDS.items():
            quantity = getattr(single, name)
            assert row[column] == (
                pytest.approx(quantity.value / scale, rel=1e-9) if quantity.value is not None else None
            )
            if column in COVERED:
                for end, value in (("low", quantity.low), ("high", quantity.high)):
                    expected = None if value is None else pytest.approx(value / scale, rel=1e-9)
                    assert row[f"{column}_{end}"] == expected, (column, end)
        assert row["flops"] == pytest.approx(single.flops["total"], rel=1e-9)
        assert row["mu"] == pytest.approx(single.efficiency["value"], rel=1e-9)
        assert row["parameters"] == pytest.approx(single.parameters, rel=1e-9)


@settings(max_examples=30)
@given(
    st.lists(PLACES, min_size=1, max_size=4, unique=True),
    st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True),
)
def test_operational_grams_are_the_facilitys_energy_times_the_grid(places, batches):
    cards = ("h100-sxm-80gb", "b200-sxm", "v100-pcie-16gb", "t4")
    grid = Grid(("pixart-alpha",), batch=tuple(batches), gpu=cards, datacenter=tuple(places))
    asked = [
        {"model": "pixart-alpha", "gpu": gpu, "batch": batch, **place_of(place)}
        for gpu in cards for batch in batches for place in places
    ]  # fmt: skip
    facts = [load().datacenters[x].values.values() if isinstance(x, str) else x for x in places]
    for found in (sweep(grid), RequestList(asked)):
        for k, row in enumerate(rows_of(found)):
            pue, intensity = facts[k % len(places)]
            assert row[FACILITY_ENERGY] == pytest.approx(row["energy_kwh"] * pue, rel=1e-12)
            assert row["operational_g"] == pytest.approx(row[FACILITY_ENERGY] * intensity, rel=1e-12)
            assert row[OPERATIONAL_EACH] == pytest.approx(row["operational_g"] / row["batch"], rel=1e-12)


def test_intervals_are_the_same_in_any_chunk_and_in_an_array_and_absent_unless_asked_for():
    grid = Grid(("flux.1-dev",), ((512, 512), (1024, 1024)), batch=(1, 3), steps=(5, 30), gpu=("h100-sxm-80gb", "t4"),
                intervals=True)  # fmt: skip
    found = sweep(grid)
    whole = joined([columns for _, columns in found.chunks()])
    pieces = joined([columns for _, columns in found.chunks(rows=3)])
    for name in (f"{column}_{end}" for column in COVERED for end in ("low", "high")):
        assert np.array_equal(whole[name], pieces[name]) and np.array_equal(found.array(name).ravel(), whole[name])
    assert (whole["time_s_low"] < whole["time_s"]).all() and (whole["time_s"] < whole["time_s_high"]).all()
    assert "time_s_low" not in sweep(Grid(("flux.1-dev",))).columns


def test_the_command_and_the_file_add_intervals(ditcarbon, tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text('model = "pixart-alpha"\nintervals = true\n')
    told = ditcarbon("sweep", path).out
    assert told == ditcarbon("sweep", "--model", "pixart-alpha", "--intervals").out and "total_g_high" in told
    listed = tmp_path / "list.csv"
    listed.write_text("model\npixart-alpha\n")
    assert ditcarbon("sweep", "--requests", listed, "--intervals").out == told
    assert " to " in ditcarbon("sweep", path, "--top", 1).out
