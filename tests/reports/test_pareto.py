"""The figure of a Pareto front."""

import pytest

from ditcarbon_sym.reports.pareto import draw
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.pareto import front

GRID = Grid(
    ("flux.1-dev", "pixart-sigma"), ((1024, 1024),), batch=(1, 2, 4, 8), steps=(20, 28),
    gpu=("h100-sxm-80gb", "v100-pcie-16gb"), datacenter=("us-average", "norway-hydro"),
    price_per_hour={"h100-sxm-80gb": 2.5, "v100-pcie-16gb": 0.2},
)  # fmt: skip


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")])
@pytest.mark.parametrize("objectives", [("per_output_g", "time_s"), ("per_output_g", "time_s", "cost_per_output")])
def test_the_figure_is_drawn_the_same_twice(suffix, magic, objectives):
    found = front(sweep(GRID), objectives)
    picture = draw(found, suffix)
    assert picture.startswith(magic) and picture == draw(found, suffix)


def test_no_label_of_the_figure_lies_over_another():
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.text import Annotation, Text

    from ditcarbon_sym.reports.pareto import _figure

    figure = _figure(front(sweep(GRID), ("per_output_g", "time_s", "cost_per_output")), pyplot)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    boxes = [Text.get_window_extent(x, renderer) for x in figure.axes[0].get_children() if isinstance(x, Annotation)]
    assert len(boxes) >= 8
    assert not any(one.overlaps(other) for k, one in enumerate(boxes) for other in boxes[:k])
    pyplot.close(figure)
