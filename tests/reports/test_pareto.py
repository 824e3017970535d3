"""The figure of a Pareto front."""

import pytest

from ditcarbon_sym.reports.figures.pareto import SIZE, fill, front_figure
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.pareto import front

GRID = Grid(
    ("flux.1-dev", "pixart-sigma"), ((1024, 1024),), batch=(1, 2, 4, 8), steps=(20, 28),
    gpu=("h100-sxm-80gb", "v100-pcie-16gb"), datacenter=("us-average", "norway-hydro"),
    price_per_hour={"h100-sxm-80gb": 2.5, "v100-pcie-16gb": 0.2},
)  # fmt: skip


@pytest.mark.parametrize(("suffix", "magic", "dimensions"), [
    (".png", b"\x89PNG", 3), (".pdf", b"%PDF", 3), (".svg", b"<?xml", 3), (".svg", b"<?xml", 2),
])  # fmt: skip
def test_the_figure_is_drawn_the_same_twice(suffix, magic, dimensions):
    found = front(sweep(GRID), ("per_output_g", "time_s", "cost_per_output")[:dimensions])
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
