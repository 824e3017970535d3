from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym import InputError
from ditcarbon_sym.reports.sweep import records
from ditcarbon_sym.sweeps.filters import read_filter
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.ranking import top
from ditcarbon_sym.sweeps.table import NUMBERS, joined

REQUEST = ("model", "gpu", "datacenter", "height", "width", "frames", "batch", "steps")
FACILITY = st.tuples(st.floats(1, 2), st.floats(0, 900)) | st.sampled_from(["us-average", "norway-hydro"])
FILTERS = (
    None, "time_s<8", "total_g>0.05 and batch>=2", "per_output_g<=0.2 and per_output_g>0.01", "vae_g>0.002",
    "steps>=20 and operational_g<0.5", "time_s<0",
)  # fmt: skip


def brute(found, number, by, where, largest):
    """The same by forming the whole grid and sorting it."""
    table = joined([columns for _, columns in found.chunks(where)])
    values = table[by] * (-1 if largest else 1)
    order = np.argsort(values, kind="stable")
    rows = records(table)
    return [rows[k] for k in order[: min(number, np.count_nonzero(~np.isnan(values)))]]


def same(found, expected, by):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == other


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([(512, 512), (768, 512), (1024, 1024), (640, 640)]), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(1, 16), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(1, 60), min_size=1, max_size=5, unique=True),
    st.lists(FACILITY, min_size=1, max_size=7, unique=True),
    st.integers(1, 30),
    st.sampled_from(["total_g", "per_output_g", "time_s", "operational_g", "denoiser_g", "cost_per_output", "mu"]),
    st.sampled_from(FILTERS),
    st.booleans(),
)
def test_the_best_rows_are_those_of_the_sorted_grid(sizes, batches, steps, places, number, by, text, largest):
    models = ("pixart-alpha", "dit-xl-2-512")
    found = sweep(
        Grid(models, tuple(sizes), (None,), tuple(batches), tuple(steps), (None,), tuple(places), price_per_hour=2.0)
    )
    where = read_filter(text, NUMBERS)
    best = records(top(found, number, by, where, largest=largest))
    same(best, brute(found, number, by, where, largest), by)


@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize(
    ("by", "text"), [("mu", None), ("time_s", "mu<0.5"), ("parameters", "mu<=0.4"), ("mu", "mu>0.4")]
)
def test_a_column_that_is_one_number_ranks_and_filters(by, text, largest):
    found = sweep(Grid(("sd3-medium", "pixart-alpha"), batch=(1, 2), gpu=("a100-sxm-80gb",), options={"mu": 0.4}))
    where = read_filter(text, NUMBERS)
    same(records(top(found, 2, by, where, largest=largest)), brute(found, 2, by, where, largest), by)


@pytest.mark.parametrize(("model", "gpu"), [("pixart-alpha", None), ("flux.1-dev", "h100-sxm-80gb")])
def test_a_filter_on_a_printed_value_keeps_the_same_rows_in_the_listing_and_among_the_best(model, gpu):
    found = sweep(
        Grid((model,), ((512, 512), (1024, 1024)), batch=(1, 3, 7), steps=(10, 30, 70), gpu=(gpu,),
             datacenter=("germany", "us-average"), price_per_hour=3.0)
    )  # fmt: skip
    table = joined([columns for _, columns in found.chunks()])
    for name in ("time_s", "energy_kwh", "mu", "total_g", "vae_g", "denoiser_g", "cost"):
        for value in set(table[name].tolist()):
            for sign in ("<=", ">="):
                where = read_filter(f"{name}{sign}{value!r}", NUMBERS)
                listed = joined([columns for _, columns in found.chunks(where)])
                best = top(found, 10**6, "total_g", where)
                assert sorted(best["total_g"]) == sorted(listed["total_g"])


def test_rows_do_not_depend_on_the_length_of_a_chunk_or_an_axis():
    grid = Grid(("flux.1-dev",), ((512, 512), (768, 1024)), batch=(1, 3), steps=(5, 6, 7), gpu=("h100-sxm-80gb",))
    whole = joined([columns for _, columns in sweep(grid).chunks()])
    for rows in (1, 2, 5):
        pieces = joined([columns for _, columns in sweep(grid).chunks(rows=rows)])
        assert all(np.array_equal(pieces[name], whole[name]) for name in sweep(grid).numbers)
    alone = joined([columns for _, columns in sweep(replace(grid, batch=(3,), steps=(7,))).chunks()])
    assert np.array_equal(alone["total_g"], whole["total_g"][[5, 11]])


@pytest.mark.parametrize("largest", [False, True])
def test_several_accelerators_and_sizes_a_model_does_not_take(largest):
    grid = Grid(
        ("flux.1-dev", "pixart-alpha", "wan2.1-t2v-1.3b"), ((512, 512), (520, 520), (1024, 1024)), (1, 33), (1, 2),
        (10, 20), ("h100-sxm-80gb", "b200-sxm"), ("india-coal", "norway-hydro"), skip=True,
    )  # fmt: skip
    found = sweep(grid)
    for by in ("operational_g", "total_g", "time_s"):  # total carbon is unknown on one of the accelerators
        best = records(top(found, 17, by, largest=largest))
        same(best, brute(found, 17, by, (), largest), by)


def test_small_pieces_find_the_same(monkeypatch):
    found = sweep(
        Grid(
            ("pixart-alpha",), batch=tuple(range(1, 9)), steps=tuple(range(1, 40)), datacenter=((1.1, 5.0), (1.2, 9.0))
        )
    )
    reference = records(top(found, 25, "per_output_g"))
    monkeypatch.setattr("ditcarbon_sym.sweeps.ranking.AT_ONCE", 7)
    monkeypatch.setattr("ditcarbon_sym.sweeps.ranking.BATCH", 3)
    same(records(top(found, 25, "per_output_g")), reference, "per_output_g")


def test_what_cannot_be_ranked_is_refused():
    found = sweep(Grid(("pixart-alpha",)))
    with pytest.raises(InputError, match="by = 'route' is not a column of numbers"):
        top(found, 3, "route")
    with pytest.raises(InputError, match="by = 'cost'"):
        top(found, 3, "cost")
    with pytest.raises(InputError, match="top = 0"):
        top(found, 0, "time_s")
