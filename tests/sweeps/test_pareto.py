import numpy as np
import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym import InputError
from ditcarbon_sym.reports.sweep import records
from ditcarbon_sym.sweeps import pareto
from ditcarbon_sym.sweeps.filters import read_filter
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.pareto import front, spaced, undominated
from ditcarbon_sym.sweeps.table import NUMBERS, joined

GRID = Grid(
    ("flux.1-dev", "pixart-sigma"), ((1024, 1024),), batch=(1, 2, 4, 8), steps=(20, 28),
    gpu=("h100-sxm-80gb", "v100-pcie-16gb"), datacenter=("us-average", "norway-hydro"),
    price_per_hour={"h100-sxm-80gb": 2.5, "v100-pcie-16gb": 0.2},
)  # fmt: skip


def by_all_pairs(points):
    better = (points[:, None] <= points).all(axis=2) & (points[:, None] < points).any(axis=2)
    return ~better.any(axis=0) & ~np.isnan(points).any(axis=1)


@given(st.integers(2, 3), st.integers(1, 12), st.lists(st.integers(0, 10**6), max_size=60))
def test_the_front_is_what_comparing_all_pairs_gives(dimensions, levels, seeds):
    points = np.array([[(s >> (6 * k)) % levels for k in range(dimensions)] for s in seeds], dtype=float)
    points = points.reshape(-1, dimensions)
    assert np.array_equal(undominated(points), by_all_pairs(points))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_large_front_is_exact_too(dimensions):
    points = np.round(np.random.default_rng(0).uniform(size=(3000, dimensions)), 2)
    points[::100] = np.nan
    assert np.array_equal(undominated(points), by_all_pairs(points))
    curved = np.random.default_rng(1).normal(size=(2000, dimensions))
    curved = 2 - np.abs(curved) / np.linalg.norm(curved, axis=1, keepdims=True)
    assert np.array_equal(undominated(curved), by_all_pairs(curved))


@pytest.mark.parametrize("many", [7, 2000])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_infinity_is_the_largest_number_and_what_is_unknown_beats_nothing(dimensions, many):
    rng = np.random.default_rng(2)
    for nasty in ([np.inf], [np.inf, np.nan], [-np.inf, np.inf, np.nan]):
        points = np.round(rng.uniform(size=(many, dimensions)), 2)
        points = np.where(rng.uniform(size=points.shape) < 0.3, rng.choice(nasty, points.shape), points)
        assert np.array_equal(undominated(points), by_all_pairs(points))
        points[:, 1] = np.inf
        assert np.array_equal(undominated(points), by_all_pairs(points))


@pytest.mark.parametrize("within", [("model", "height", "width", "frames", "steps"), ("model",), ()])
@pytest.mark.parametrize("text", [None, "time_s<60 and total_g>0.01"])
def test_the_front_of_a_sweep_is_that_of_all_its_rows(within, text):
    objectives, where = ("per_output_g", "time_s", "cost_per_output"), read_filter(text, NUMBERS)
    found = sweep(GRID)
    rows = records(joined([columns for _, columns in found.chunks(where)]))

    def beats(one, other):
        pairs = [(one[x], other[x]) for x in objectives]
        return (
            all(one[x] == other[x] for x in within) and all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
        )

    expected = [row for row in rows if not any(beats(other, row) for other in rows)]
    result = front(found, objectives, where, within, tolerance=0)
    on_front = records(result.rows)
    assert all(row.pop("doubtful") in (0, 1) for row in on_front)
    assert sorted(map(str, on_front)) == sorted(map(str, expected)) and result.considered == len(rows)


def test_the_front_does_not_depend_on_how_a_sweep_is_cut(monkeypatch):
    found = sweep(GRID)
    whole = records(front(found, ("per_output_g", "time_s")).rows)
    chunks = type(found).chunks
    monkeypatch.setattr(
        type(found), "chunks", lambda self, where=(), numbered=False: chunks(self, where, rows=3, numbered=numbered)
    )
    assert [r["time_s"] for r in records(front(found, ("per_output_g", "time_s")).rows)] == pytest.approx(
        [r["time_s"] for r in whole]
    )


def test_objectives_that_make_no_front_are_refused():
    found = sweep(Grid(("pixart-alpha",)))
    for objectives, expected in (
        ((), "two or three"), (("time_s",), "two or three"),
        (("time_s", "time_s"), "all different"), (("time_s", "cost"), "price-per-hour"),
        (("time_s", "beauty"), "is not a column"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=expected):
            front(found, objectives)
    with pytest.raises(InputError, match="empty"):
        front(found, ("time_s", "total_g"), read_filter("time_s<0", NUMBERS))
    with pytest.raises(InputError, match="within 'mood'"):
        front(found, ("time_s", "total_g"), (), ("mood",))


OBJECTIVE = st.floats(1e-3, 1e3) | st.sampled_from([0.0, 1.0, 1 + 3e-8, 1.0004, 1.0008])
TOLERANCES = st.sampled_from([0.0, 1e-6, 1e-3, 0.05])


@given(st.lists(st.tuples(OBJECTIVE, OBJECTIVE, OBJECTIVE), min_size=1, max_size=40), st.integers(2, 3), TOLERANCES)
def test_what_a_front_leaves_out_is_dominated_within_the_tolerance_and_what_it_keeps_by_nothing(rows, many, tolerance):
    points = np.array(rows)[:, :many]
    exact = points[undominated(points)]
    kept = exact[spaced(exact, tolerance)]
    for point in points:
        assert (kept <= point * (1 + tolerance)).all(axis=1).any()
    for point in kept:
        assert not ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()


@given(st.lists(st.tuples(OBJECTIVE, OBJECTIVE), min_size=1, max_size=40), TOLERANCES)
def test_no_point_of_a_front_gives_away_more_than_the_tolerance_for_a_gain_within_it(rows, tolerance):
    points = np.array(rows)
    exact = points[undominated(points)]
    kept = exact[spaced(exact, tolerance)]
    for one in kept:
        covers = (one <= kept * (1 + tolerance)).all(axis=1)
        assert not (covers & (one * (1 + tolerance) * (1 + 1e-12) < kept).any(axis=1)).any()


@given(st.lists(st.tuples(OBJECTIVE, OBJECTIVE, OBJECTIVE), min_size=1, max_size=40), st.integers(2, 3))
def test_without_a_tolerance_the_front_is_exact_and_equals_stay_together(rows, many):
    points = np.array([*rows, rows[0]])[:, :many]
    exact = points[undominated(points)]
    assert spaced(exact, 0.0).all()


def test_a_batch_of_sixteen_is_no_rival_for_a_gain_of_a_ten_thousandth():
    found = sweep(Grid(("flux.1-dev",), batch=(1, 16), gpu=("h100-sxm-80gb",)))
    table = joined([columns for _, columns in found.chunks()])
    assert 0 < 1 - table["per_output_g"][1] / table["per_output_g"][0] < 5e-4
    objectives = ("per_output_g", "time_s")
    usual, exact = front(found, objectives), front(found, objectives, tolerance=0)
    assert usual.rows["batch"].tolist() == [1] and usual.close == 1
    assert exact.rows["batch"].tolist() == [16, 1] and exact.close == 0


@pytest.mark.parametrize("tolerance", [0, 1e-3, 0.2])
@pytest.mark.parametrize("within", [(), ("model", "height", "width", "frames", "steps")])
def test_every_row_of_a_sweep_is_matched_within_the_tolerance_by_the_front_of_its_kind(within, tolerance):
    found, objectives = sweep(GRID), ("per_output_g", "time_s", "cost_per_output")
    rows = records(joined([columns for _, columns in found.chunks()]))
    on_front = records(front(found, objectives, within=within, tolerance=tolerance).rows)
    for row in rows:
        rivals = [x for x in on_front if all(x[name] == row[name] for name in within)]
        assert any(all(x[name] <= row[name] * (1 + tolerance) for name in objectives) for x in rivals)


def test_a_tolerance_outside_its_range_is_refused():
    with pytest.raises(InputError, match=r"tolerance = -1 is not from 0 to below 1"):
        front(sweep(Grid(("pixart-alpha",))), ("per_output_g", "time_s"), tolerance=-1)


def test_a_front_judges_all_cards_by_what_is_known_of_all():
    cards = Grid(("flux.1-dev",), gpu=("h100-sxm-80gb", "b200-sxm"), options={"boundary": "chip"})
    found = front(sweep(cards), ("per_output_g", "time_s"))
    assert found.objectives == ("operational_per_output_g", "time_s") and found.considered == 2
    assert "b200-sxm" in found.rows["gpu"].words()
    assert found.remarks == (
        "per_output_g is unknown on b200-sxm: all are judged by operational_per_output_g; "
        "--embodied-boundary 'cradle-to-gate board' is known of all",
    )
    with pytest.raises(InputError, match="become operational_g alone; total_g is unknown on b200-sxm"):
        front(sweep(cards), ("total_g", "operational_g"))


def test_a_front_says_if_it_does_not_know_which_differences_are_real():
    (said,) = front(sweep(Grid(("pixart-alpha",), options={"mu": 0.4}, steps=(20, 40))), ("time_s", "total_g")).remarks
    assert said.startswith("which differences are known is not told")
    long = Grid(("pixart-alpha",), steps=tuple(range(1, 1002)))
    found = front(sweep(long), ("time_s", "total_g"))
    assert found.undecided is None and "doubtful" not in found.rows and found.remarks == (said,)


@pytest.mark.parametrize("rows", [3, 7, 1000])
def test_the_rows_drawn_beside_the_front_are_an_even_sample_however_the_sweep_is_cut(monkeypatch, rows):
    """Of forty rows in the order of steps and a sample of ten, every fourth from the first on."""
    found = sweep(Grid(("pixart-sigma",), ((1024, 1024),), steps=tuple(range(1, 41)), gpu=("h100-sxm-80gb",)))
    chunks = type(found).chunks
    monkeypatch.setattr(pareto, "SAMPLE", 10)
    monkeypatch.setattr(
        type(found), "chunks", lambda self, where=(), numbered=False: chunks(self, where, rows=rows, numbered=numbered)
    )
    others = front(found, ("per_output_g", "time_s")).others
    assert list(others["steps"]) == list(range(1, 41, 4)) and "row" not in others
