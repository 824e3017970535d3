"""How a validation looks: errors by model, and the rows; and a scorecard of published runs, by source."""

import csv
import io
from collections.abc import Mapping, Sequence
from statistics import fmean

from ..calibration.scorecard import WAYS, Published, Scorecard
from ..calibration.validation import Summary, Validation
from ..errors import visible
from .figures.validation import UNITS
from .formats import csv_text, significant

HEADER = ("accelerator", "model", "target", "rows", "error (%)", "bias (%)", "inside")
ROWS = ("row", "model", "gpu", "target", "measured", "predicted", "low", "high", "ratio", "inside", "route", "stages")


BY_SOURCE = ("source", "target", "runs", "inside", *(f"{way} (%)" for way in WAYS))


def source_rows(found: Scorecard) -> list[tuple[str, ...]]:
    """Return, by source and of all: how many runs the interval holds, and the mean error of each way that answers."""
    return [
        (source, target, str(len(runs)), _inside(runs), *(_error(runs, way) for way in WAYS))
        for source, target, runs in found.lines()
    ]


def _inside(runs: Sequence[Published]) -> str:
    known = [x.scored.inside for x in runs if x.scored.inside is not None]
    return f"{sum(known)} of {len(known)}" if known else "no interval"


def _error(runs: Sequence[Published], way: str) -> str:
    errors = [error for x in runs if (error := x.error(way)) is not None]
    if not errors:
        return "no answer"
    return f"{fmean(errors):.1f}" + ("" if len(errors) == len(runs) else f" (of {len(errors)})")


def runs_text(comments: Sequence[str], columns: Sequence[str], records: Sequence[Mapping[str, str]]) -> str:
    """Return a file of published runs: its comments, header and records."""
    told = "".join(f"{visible(line.rstrip())}\n" for line in comments)
    return told + csv_text(columns, [[record.get(x, "") for x in columns] for record in records])


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
