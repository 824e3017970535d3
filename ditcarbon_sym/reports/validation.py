"""How a validation looks: errors by model, the rows, and a plot of predicted against measured."""

import csv
import io
from itertools import cycle
from typing import Any

from ..calibration.validation import TARGETS, Scored, Summary, Validation
from .formats import significant

HEADER = ("accelerator", "model", "target", "rows", "error (%)", "bias (%)", "inside")
ROWS = ("row", "model", "gpu", "target", "measured", "predicted", "low", "high", "ratio", "inside", "route", "stages")
UNITS = {"time": "s", "energy": "J"}
SHADES = ("#0072B2", "#D55E00")


def model_rows(found: Validation) -> list[tuple[str, ...]]:
    """Return error, bias and coverage of each model on each accelerator, the largest error first, then of all."""
    rows = [(gpu, model, *_cells(summary)) for gpu, model, summary in found.by_model()]
    return [*rows, *(("all", f"{_models(found)} models", *_cells(summary)) for summary in found.summaries())]


def _models(found: Validation) -> int:
    return len({x.model for x in found.scored})


def _cells(summary: Summary) -> tuple[str, ...]:
    inside = f"{summary.inside} of {summary.with_interval}" if summary.with_interval else "no interval"
    return summary.target, str(summary.rows), f"{summary.mape:.1f}", f"{summary.bias:+.1f}", inside


def verdicts(found: Validation) -> list[tuple[str, str]]:
    """Say in words how the predictions fare, and which row fares worst."""
    lines = []
    for summary in found.summaries():
        worst = summary.worst
        lines.append((summary.target, (
            f"missed by {summary.mape:.1f} % on average, {'over' if summary.bias > 0 else 'under'}estimated by "
            f"{abs(summary.bias):.1f} %; worst is row {worst.row}, "
            f"{worst.model} on {worst.gpu}: {significant(worst.predicted)} {UNITS[summary.target]} predicted, "
            f"{significant(worst.measured)} measured"
        )))  # fmt: skip
    return lines


def rows_csv(found: Validation) -> str:
    """Return every scored quantity as CSV: seconds and joules of the batch."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(ROWS)
    for x in found.scored:
        writer.writerow(["" if (value := getattr(x, name)) is None else value for name in ROWS])
    return buffer.getvalue()


def plot(found: Validation, suffix: str) -> bytes:
    """Draw predicted over measured against what was measured, with intervals; returns the file's bytes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    targets = [target for target in TARGETS if any(x.target == target for x in found.scored)]
    markers = dict(zip(dict.fromkeys(x.model for x in found.scored), cycle("osv^DPX*<>"), strict=False))
    figure, panels = pyplot.subplots(
        1, len(targets), figsize=(1.2 + 4 * len(targets), 4), layout="constrained", squeeze=False
    )
    for target, axes, shade in zip(targets, panels[0], SHADES, strict=False):
        for x in (x for x in found.scored if x.target == target):
            axes.errorbar(
                x.measured, x.ratio, yerr=_bars(x), fmt=markers[x.model], color=shade, ms=5, lw=0.7, capsize=2
            )
        axes.axhline(1, color="0.4", lw=0.8)
        axes.set(xscale="log", xlabel=f"measured {target} ({UNITS[target]})", ylabel=f"predicted / measured {target}")
    handles = [Line2D([], [], color="0.3", marker=mark, ls="", label=model) for model, mark in markers.items()]
    figure.legend(handles=handles, fontsize=7, loc="outside lower center", ncols=4)
    buffer = io.BytesIO()
    figure.savefig(buffer, format=suffix[1:], dpi=160)
    pyplot.close(figure)
    return buffer.getvalue()


def _bars(x: Scored) -> Any:
    if x.low is None or x.high is None:
        return None
    return [[(x.predicted - x.low) / x.measured], [(x.high - x.predicted) / x.measured]]
