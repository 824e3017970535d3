"""Figures can be read: labels do not collide, cut intervals are marked, ticks are plain, and one page shows all."""

from itertools import combinations

import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Annotation

from paper_figures import __main__ as build, fleet, looks, page
from paper_figures.figures import STYLE


@pytest.fixture(autouse=True)
def style():
    with plt.style.context(STYLE):
        yield
    plt.close("all")


def labels(figure):
    figure.draw_without_rendering()
    return [x for axes in figure.axes for x in axes.texts if isinstance(x, Annotation)]


def test_no_label_of_the_fleet_covers_another():
    found = labels(fleet.figure())
    assert len(found) > 8
    for one, other in combinations(found, 2):
        assert not looks.box_of(one).overlaps(looks.box_of(other)), (one.get_text(), other.get_text())


def test_the_fleet_names_every_accelerator_drawn_or_not():
    figure = fleet.figure()
    drawn = ", ".join(x.get_text() for x in labels(figure))
    below = figure.legends[0].get_title().get_text().replace("\n", " ")
    for x in fleet.estimates():
        assert fleet._short(x.gpu) in drawn or fleet.load().gpu(x.gpu).name in below, x.gpu


def test_labels_that_would_collide_are_moved_apart():
    _, axes = plt.subplots()
    axes.set(xlim=(0, 10), ylim=(0, 10))
    found = looks.label_apart(axes, [((5, 5), "one point"), ((5.02, 5), "another point"), ((5, 5.02), "a third one")])
    boxes = [looks.box_of(x) for x in found]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize(("limits", "expected"), [
    ((3, 30), ["5", "10", "20"]),
    ((0.04, 1), ["0.05", "0.1", "0.2", "0.5", "1"]),
    ((900, 6000), ["1,000", "2,000", "5,000"]),
])  # fmt: skip
def test_ticks_of_a_logarithmic_axis_are_plain_numbers(limits, expected):
    figure, axes = plt.subplots()
    axes.set(xscale="log", xlim=limits)
    looks.plain_ticks(axes.xaxis)
    figure.draw_without_rendering()
    assert [x.get_text() for x in axes.get_xticklabels()] == expected


def test_an_interval_that_leaves_the_frame_is_marked():
    _, axes = plt.subplots()
    axes.set(xlim=(1, 10), ylim=(1, 10))
    looks.mark_cuts(axes, (5, 5), ((0.5, 7), (2, 20)), "red")
    places = [(float(x.get_xdata()[0]), float(x.get_ydata()[0])) for x in axes.lines]
    assert places == [(1, 5), (5, 10)]


def test_one_page_shows_every_figure_and_table(tmp_path):
    for name in ("figure2.png", "table1.csv"):
        (tmp_path / name).write_text("a,b\n1,<2>\n")
    page.write(tmp_path, build.TABLES, build.FIGURES, build.REPORTS)
    shown = (tmp_path / "index.html").read_text()
    assert '<img src="figure2.png"' in shown and "&lt;2&gt;" in shown and "1 figures, 1 tables" in shown
    assert set(page.CAPTIONS) == {x for x in build.FIGURES if not x.startswith("measured")}
