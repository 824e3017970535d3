import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ditcarbon_sym import InputError
from ditcarbon_sym.reports.figures.pareto import SIZE, fill, front_figure
from ditcarbon_sym.reports.sweep import records
from ditcarbon_sym.sweeps.filters import read_filter
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.pareto import front, undominated
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
    result = front(found, objectives, where, within)
    assert sorted(map(str, records(result.rows))) == sorted(map(str, expected)) and result.considered == len(rows)


def test_the_front_does_not_depend_on_how_a_sweep_is_cut(monkeypatch):
    found = sweep(GRID)
    whole = records(front(found, ("per_output_g", "time_s")).rows)
    chunks = type(found).chunks
    monkeypatch.setattr(type(found), "chunks", lambda self, where=(): chunks(self, where, rows=3))
    assert [r["time_s"] for r in records(front(found, ("per_output_g", "time_s")).rows)] == pytest.approx(
        [r["time_s"] for r in whole]
    )


def test_objectives_that_make_no_front_are_refused():
    found = sweep(Grid(("pixart-alpha",)))
    for objectives, expected in (
        (("time_s",), "two or three"), (("time_s", "time_s"), "all different"), (("time_s", "cost"), "price-per-hour"),
        (("time_s", "beauty"), "is not a column"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=expected):
            front(found, objectives)
    with pytest.raises(InputError, match="empty"):
        front(found, ("time_s", "total_g"), read_filter("time_s<0", NUMBERS))
    with pytest.raises(InputError, match="within 'mood'"):
        front(found, ("time_s", "total_g"), (), ("mood",))


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")])
@pytest.mark.parametrize("objectives", [("per_output_g", "time_s"), ("per_output_g", "time_s", "cost_per_output")])
def test_the_figure_is_drawn_the_same_twice(suffix, magic, objectives):
    found = front(sweep(GRID), objectives)
    picture = front_figure(found, suffix)
    assert picture.startswith(magic) and picture == front_figure(found, suffix)


def test_no_label_of_the_figure_lies_over_another():
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation, Text

    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    fill(figure, front(sweep(GRID), ("per_output_g", "time_s", "cost_per_output")))
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    boxes = [Text.get_window_extent(x, renderer) for x in figure.axes[0].get_children() if isinstance(x, Annotation)]
    assert len(boxes) >= 8
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])


def test_the_command_writes_front_and_figure(ditcarbon, refused, tmp_path):
    options = ("--model", "pixart-alpha", "--batch", "1,2,4", "--steps", "20", "--price-per-hour", "2")
    plot, out = tmp_path / "front.png", tmp_path / "front.csv"
    outcome = ditcarbon("pareto", *options, "--plot", plot, "--out", out)
    assert outcome.code == 0 and plot.read_bytes().startswith(b"\x89PNG") and out.read_text().count("\n") == 4
    table = json.loads(ditcarbon("pareto", *options, "--json").out)
    assert table["objectives"] == ["per_output_g", "time_s", "cost_per_output"] and len(table["rows"]) == 3
    assert "unknown format '.gif'" in refused("pareto", *options, "--plot", tmp_path / "x.gif")


def test_a_figure_and_rows_are_written_both_or_neither(ditcarbon, refused, tmp_path):
    options = ("pareto", "--model", "pixart-alpha", "--batch", "1,2,4", "--plot", tmp_path / "front.png")
    (tmp_path / "rows.csv").mkdir()
    assert "rows.csv: cannot be written: is a folder" in refused(*options, "--out", tmp_path / "rows.csv")
    assert [x.name for x in tmp_path.iterdir()] == ["rows.csv"]
    assert ditcarbon(*options, "--out", tmp_path / "front.parquet").code == 0
    assert sorted(x.name for x in tmp_path.iterdir()) == ["front.parquet", "front.png", "rows.csv"]


def test_a_front_says_what_of_a_sweeps_file_it_has_no_use_for(ditcarbon, tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text('model = "pixart-alpha"\nbatch = [1, 4]\ntop = 1\nby = "time_s"\n')
    outcome = ditcarbon("pareto", path)
    assert outcome.code == 0
    assert "top = 1 is for ditcarbon sweep" in outcome.err and "by = time_s is for ditcarbon sweep" in outcome.err
