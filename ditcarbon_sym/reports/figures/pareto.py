"""The front: all requests in grey, those of the front in colours and shapes, which also differ when printed grey."""

import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from ...sweeps.pareto import Front
from ..sweep import records
from .drawing import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AXES: Mapping[str, str] = MappingProxyType({
    "per_output_g": "carbon per output (gCO$_2$eq)", "total_g": "carbon per request (gCO$_2$eq)",
    "operational_g": "operational carbon (gCO$_2$eq)", "time_s": "latency of the request (s)",
    "cost_per_output": "cost per output", "cost": "cost of the request",
    "energy_kwh": "energy of the accelerator (kWh)", "facility_energy_kwh": "energy of the facility (kWh)",
})  # fmt: skip
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
"""Okabe and Ito's, without the yellow, which white paper swallows."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
AROUND = tuple(
    (sign * (6 + 3 * far), rise * (4 + 7 * far) - 3, "left" if sign > 0 else "right")
    for far in range(4) for rise in (1, -1) for sign in (1, -1)
)  # fmt: skip
"""Places for a label, the nearest first: offsets in points, and the side at which the text begins."""
SIZE = (7.0, 4.6)
"""Inches."""
LINEAR_UP_TO = 0.7
"""An axis that spans more decades than this is logarithmic."""
LABELS = 20
"""Most points that are labelled."""


def front_figure(front: Front, suffix: str) -> bytes:
    """Draw the first two objectives against each other; a third is the size of the points."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a legend too wide for its place is still drawn
        return drawn(lambda figure: fill(figure, front), SIZE, suffix, dpi=200)


def fill(figure: "Figure", front: Front) -> None:
    """Draw the front into a figure."""
    from matplotlib.ticker import LogLocator, NullFormatter

    across, up = front.objectives[1], front.objectives[0]
    axes = figure.subplots()
    axes.scatter(front.others[across], front.others[up], s=5, color="0.82", lw=0, rasterized=True, zorder=1)
    rows = records(front.rows)
    pairs = list(dict.fromkeys((row["model"], row["gpu"]) for row in rows))
    _step(front, axes, across, up)
    for k, pair in enumerate(pairs):
        members = [row for row in rows if (row["model"], row["gpu"]) == pair]
        axes.scatter(
            [row[across] for row in members], [row[up] for row in members], s=_sizes(front, members),
            color=COLOURS[k % len(COLOURS)], marker=MARKERS[k % len(MARKERS)], edgecolor="white", lw=0.6, zorder=3,
            label=" on ".join(pair),
        )  # fmt: skip
    for name, scale, axis in ((across, axes.set_xscale, axes.xaxis), (up, axes.set_yscale, axes.yaxis)):
        decades = _decades(front, name)
        if decades > LINEAR_UP_TO:
            scale("log")
            axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,)))
            axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlabel(AXES.get(across, across))
    axes.set_ylabel(AXES.get(up, up))
    axes.grid(which="major", color="0.92", lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(0.08)
    axes.scatter([], [], s=5, color="0.75", label=f"{front.considered:,} requests considered")
    legend: Any = figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    for handle in legend.legend_handles[:-1]:
        handle.set_sizes([34])
    if len(front.objectives) == 3:
        axes.set_title(
            f"area: {AXES.get(front.objectives[2], front.objectives[2])}", fontsize=8, loc="right", color="0.3"
        )
    _label(figure, axes, rows, across, up)


def _decades(front: Front, name: str) -> float:
    """Return how many powers of ten the drawn values span; zero if a value is zero."""
    values = np.concatenate([front.rows[name], front.others[name]])
    values = values[np.isfinite(values)]
    return float(np.log10(values.max() / values.min())) if values.min() > 0 else 0.0


def _step(front: Front, axes: Any, across: str, up: str) -> None:
    """Join each front of two objectives by a line of steps, below which no request of its group lies."""
    rows = records(front.rows)
    for group in dict.fromkeys(tuple(row[x] for x in front.within) for row in rows):
        members = sorted((row[across], row[up]) for row in rows if tuple(row[x] for x in front.within) == group)
        if len(front.objectives) == 2:
            axes.step(*zip(*members, strict=True), where="post", color="0.45", lw=0.9, zorder=2)


def _sizes(front: Front, members: Sequence[Mapping[str, Any]]) -> Any:
    crowd = min(1.0, 60 / len(front.rows[front.objectives[0]]))
    if len(front.objectives) < 3:
        return 12 + 26 * crowd
    name = front.objectives[2]
    largest = float(np.max(front.rows[name])) or 1.0
    return [12 + (30 + 90 * crowd) * row[name] / largest for row in members]


def words(rows: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> str:
    """Say in a few words how a request differs from the others of the front."""
    parts = []
    if len({(x["height"], x["width"]) for x in rows}) > 1:
        square = row["height"] == row["width"]
        parts.append(f"{row['height']}²" if square else f"{row['height']}×{row['width']}")
    if len({x["frames"] for x in rows}) > 1:
        parts.append(f"{row['frames']} frames")
    for name, before in (("batch", "batch "), ("steps", "")):
        if len({x[name] for x in rows}) > 1:
            parts.append(f"{before}{row[name]}{' steps' if name == 'steps' else ''}")
    if len({x["datacenter"] for x in rows}) > 1:
        parts.append(str(row["datacenter"]))
    return ", ".join(parts) or str(row["model"])


def _label(figure: "Figure", axes: Any, rows: Sequence[Mapping[str, Any]], across: str, up: str) -> None:
    """Label points spread along the front, where a label covers no other label, point or edge."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    renderer: Any = figure.canvas.get_renderer()  # type: ignore[attr-defined]  # the canvas is Agg's
    places = axes.transData.transform([(row[across], row[up]) for row in rows])
    taken: list[Any] = []
    frame = axes.get_window_extent(renderer)
    order = np.argsort(places[:, 0])
    spread = order[np.unique(np.linspace(0, len(order) - 1, min(LABELS, len(order))).astype(int))]
    for k in spread:
        for dx, dy, side in AROUND:
            text = axes.annotate(
                words(rows, rows[k]), (rows[k][across], rows[k][up]), (dx, dy), textcoords="offset points", ha=side,
                fontsize=7, color="0.15", zorder=4,
                arrowprops={"arrowstyle": "-", "color": "0.4", "lw": 0.5, "shrinkA": 0, "shrinkB": 3},
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
            )  # fmt: skip
            text.update_positions(renderer)
            box = Text.get_window_extent(text, renderer)  # of the words, without the leader
            free = not any(box.overlaps(other) for other in taken) and not any(
                box.x0 - 3 <= x <= box.x1 + 3 and box.y0 - 3 <= y <= box.y1 + 3 for x, y in places
            )
            if (
                free
                and frame.x0 <= box.x0
                and box.x1 <= frame.x1 + 40
                and frame.y0 <= box.y0
                and box.y1 <= frame.y1 + 20
            ):
                taken.append(box)
                break
            text.remove()
