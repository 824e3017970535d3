"""What several figures share in their looks: plain ticks, labels that do not collide, marks of what the frame cuts."""

from collections.abc import Iterable, Sequence
from itertools import product
from math import ceil, floor, log10
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Annotation
from matplotlib.ticker import FixedLocator, NullLocator
from matplotlib.transforms import Bbox

AROUND = tuple(
    (side * right, rise * up, ha, va)
    for far in (5, 9, 14, 20, 28, 38)
    for (side, ha), (rise, va) in product(((1, "left"), (-1, "right"), (0, "center")),
                                          ((1, "bottom"), (-1, "top"), (0, "center")))
    if (side, rise) != (0, 0)
    for right, up in ((far, far if side == 0 else far * 0.7),)
)  # fmt: skip
"""Places for a label, the nearest first: offsets in points, and the sides at which the text begins."""
STEPS = (1, 2, 5)


def plain_ticks(axis: Axis, steps: Sequence[int] = STEPS) -> None:
    """Put ticks at 1, 2 and 5 times powers of ten on a logarithmic axis, written as people write them."""
    low, high = sorted(axis.get_view_interval())
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    ticks = [x * 10.0**power for power in powers for x in steps if low <= x * 10.0**power <= high]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(lambda x, _: f"{x:,.0f}" if x >= 10 else f"{x:g}")


def label_apart(axes: Axes, named: Iterable[tuple[tuple[float, float], str]], size: float = 7) -> list[Annotation]:
    """Write a label beside each point, where it covers neither a label nor a point; the figure's limits must stand.

    Each takes the first place around its point that is free, and a thin line where that is far.
    """
    named = list(named)
    axes.figure.draw_without_rendering()  # type: ignore[union-attr]
    points = [axes.transData.transform(at) for at, _ in named]
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in points]
    frame = axes.get_window_extent()
    written: list[Annotation] = []
    for at, words in named:
        for right, up, ha, va in AROUND:
            far = max(abs(right), abs(up)) > 16
            label = axes.annotate(
                words, at, xytext=(right, up), textcoords="offset points", ha=ha, va=va, fontsize=size, zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
                arrowprops={"arrowstyle": "-", "lw": 0.5, "color": "0.5"} if far else None,
            )  # fmt: skip
            box = box_of(label)
            free = not any(box.overlaps(other) for other in taken)
            if free and frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1:
                taken.append(box)
                written.append(label)
                break
            label.remove()
        else:
            raise ValueError(f"no place for the label {words!r}")
    return written


def box_of(label: Annotation) -> Bbox:
    """Return the place of a label's text on the canvas, in pixels, a little room included."""
    canvas: Any = label.figure.canvas
    label.update_positions(canvas.get_renderer())
    return Bbox.padded(super(Annotation, label).get_window_extent(canvas.get_renderer()), 1.5)


def mark_cuts(axes: Axes, at: tuple[float, float], ends: Sequence[Sequence[float]], colour: str) -> None:
    """Put an arrow at the frame wherever an interval through ``at`` goes on beyond it."""
    for k, limits in enumerate((axes.get_xlim(), axes.get_ylim())):
        for end, limit, mark in zip(ends[k], limits, ("<>", "v^")[k], strict=True):
            if (end < limit) == (limit == min(limits)) and end != limit:
                place = (limit, at[1]) if k == 0 else (at[0], limit)
                axes.plot(*place, mark, color=colour, ms=5, clip_on=False, zorder=6)


def mark_break(axes: Axes) -> None:
    """Mark an axis of values that does not begin at zero: two strokes at its foot."""
    style: Any = {"transform": axes.transAxes, "color": "black", "clip_on": False, "lw": 0.8, "zorder": 10}
    axes.plot([0, 0], [0.018, 0.042], color="white", lw=2.5, transform=axes.transAxes, clip_on=False, zorder=9)
    for height in (0.018, 0.042):
        axes.plot([-0.012, 0.012], [height - 0.008, height + 0.008], **style)
