"""How a validation looks: errors by model, and the rows."""

import csv
import io

from ..calibration.validation import Summary, Validation
from .figures.validation import UNITS
from .formats import significant

HEADER = ("accelerator", "model", "target", "rows", "error (%)", "bias (%)", "inside")
ROWS = ("row", "model", "gpu", "target", "measured", "predicted", "low", "high", "ratio", "inside", "route", "stages")


def model_rows(found: Validation) -> list[tuple[str, ...]]:
    """Return error, bias and coverage: of each model on each accelerator, the largest error first, then of all."""
    rows = [(gpu, model, *_cells(summary)) for gpu, model, summary in found.by_model()]
    return [*rows, *(("all", f"{_models(found)} models", *_cells(summary)) for summary in found.summaries())]


def _models(found: Validation) -> int:
    return len({x.model for x in found.scored})


def _cells(summary: Summary) -> tuple[str, ...]:
    inside = f"{summary.inside} of {summary.with_interval}" if summary.with_interval else "no interval"
    return summary.target, str(summary.rows), f"{summary.mape:.1f}", f"{summary.bias:+.1f}", inside


def verdicts(found: Validation) -> list[tuple[str, str]]:
    """Say in words how far the predictions are off, and which row is off most."""
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
    """Return every scored quantity as CSV: seconds or joules of the batch."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(ROWS)
    for x in found.scored:
        writer.writerow(["" if (value := getattr(x, name)) is None else value for name in ROWS])
    return buffer.getvalue()
