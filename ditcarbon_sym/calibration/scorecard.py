"""Published runs with their sources, scored by the law and by simpler ways, and a file of runs that grows.

A simpler way says what the law is worth. *Constant mu*: one efficiency, that of the other models of the file, and rated
power. *Eq. (3)*: the paper's fit. *Ideal scaling*: of several accelerators each takes its part of the time of one.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from ..catalog.csv_table import read_table
from ..catalog.loading import Catalog, load
from ..display import Shown
from ..equations import pipeline
from ..equations.notation import TDP, F_total, Theta_peak
from ..equations.parallel.symbols import n_gpu
from ..errors import InputError, visible
from ..estimation.point import OperatingPoint
from .measurements import Row, read_columns, read_records
from .validation import WHOLE, Scored, Track, asked_of_row, measured_rows, point_of_row, scored_row

LAW, CONSTANT, PAPER, IDEAL = "the law", "constant mu", "Eq. (3)", "ideal scaling"
WAYS = (LAW, CONSTANT, PAPER, IDEAL)
REQUEST = ("height", "width", "frames", "batch", "steps", "guidance", "text_tokens")
COLUMNS = (
    "model", "gpu", "gpus", "split", *REQUEST, "software", "attention", "precision", "cache", "offload", "time_s",
    "energy_j_per_output", "source", "why",
)  # fmt: skip
"""The columns of a file of published runs, in their order. ``source`` says who published the run and where, ``why``
what is not certain of it; `measurements` and ``ditcarbon validate`` explain the others."""


@dataclass(frozen=True)
class Published:
    """One measured quantity of a published run, where it is from, and predicted over measured in each way that answers.

    >>> from .scorecard import LAW, Published
    >>> Published(None, "a paper", {LAW: 1.1}).error(LAW)
    10.0...
    """

    scored: Scored
    source: str
    ratios: Mapping[str, float]

    def error(self, way: str) -> float | None:
        """Absolute error, per cent; None where the way does not answer."""
        return None if way not in self.ratios else 100 * abs(self.ratios[way] - 1)


@dataclass(frozen=True)
class Scorecard(Shown):
    """Every quantity of every run of a file, in its order.

    >>> Scorecard("runs.csv", ()).lines()
    []
    """

    file: str
    runs: tuple[Published, ...]

    def lines(self) -> list[tuple[str, str, tuple[Published, ...]]]:
        """Source, target and the runs of each, and those of all sources last."""
        found: dict[tuple[str, str], list[Published]] = {}
        for x in self.runs:
            found.setdefault((x.source, x.scored.target), []).append(x)
        several = len({x.source for x in self.runs}) > 1
        for x in self.runs if several else ():
            found.setdefault(("all", x.scored.target), []).append(x)
        return [(source, target, tuple(runs)) for (source, target), runs in found.items()]

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        return {
            "file": self.file,
            "runs": [
                {**vars(x.scored), "request": dict(x.scored.request), "inside": x.scored.inside, "source": x.source,
                 "ratios": dict(x.ratios)}
                for x in self.runs
            ],
        }  # fmt: skip


def scorecard(path: str | Path, *, catalog: str | Path | Catalog | None = None, track: Track = iter) -> Scorecard:
    r"""Score a file of published runs by every way.

    Each row names its accelerator and its source. Raises `InputError` in one line naming file, row, column and value.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "runs.csv"
    ...     told = "flux.1-dev,h100-sxm-80gb,1024,1024,1,28,6.71,xDiT's performance notes (2024)"
    ...     _ = path.write_text(f"model,gpu,height,width,batch,steps,time_s,source\n{told}\n")
    ...     found = scorecard(path)
    >>> found.runs[0].source, sorted(found.runs[0].ratios)
    ("xDiT's performance notes (2024)", ['Eq. (3)', 'the law'])
    """
    path, entries = Path(path), catalog if isinstance(catalog, Catalog) else load(catalog)
    rows = measured_rows(path)
    found: list[tuple[Row, OperatingPoint, Scored, dict[str, float]]] = []
    for row in track(rows):
        try:
            _demand(row)
            point = point_of_row(row, {"catalog": entries})
            rivals = _rivals(row, point, entries)
            for x in scored_row(row, point):
                ways = {name: rival[x.target] / x.measured for name, rival in rivals.items() if x.target in rival}
                found.append((row, point, x, {LAW: x.ratio, **ways}))
        except InputError as error:
            raise InputError(f"{path}: row {row.number}: {error}") from None
    efficiencies = _efficiencies(found)
    runs = []
    for row, point, x, ways in found:
        others = [y for model, y in efficiencies.items() if model != x.model]
        if others:
            constant = _seconds(point) / math.exp(fmean(others)) * (1.0 if x.target == "time" else _watts(point))
            ways = {**ways, CONSTANT: constant / x.measured}
        runs.append(Published(x, row.extra["source"], {name: ways[name] for name in WAYS if name in ways}))
    return Scorecard(path.name, tuple(runs))


def _demand(row: Row) -> None:
    for column, why in (("source", "who published the run, and where"), ("gpu", "what it ran on")):
        if not row.extra.get(column, "").strip():
            raise InputError(f"{column} is empty: {why}")
    if row.extra.get("stage", "").lower() not in ("", WHOLE) or "time_s" not in row.measured:
        raise InputError("a published run is of a whole request: give time_s, and no stage")


def _rivals(row: Row, point: OperatingPoint, catalog: Catalog) -> dict[str, dict[str, float]]:
    """Seconds and joules by the other ways that answer: the paper's fit for one accelerator as it is, parts of one for
    several.
    """
    asked = asked_of_row(row.extra)
    if not asked:
        paper = point_of_row(row, {"catalog": catalog, "efficiency": "bgr"})
        return {PAPER: {x.target: x.predicted for x in scored_row(row, paper)}}
    many = int(point.values.get(n_gpu, 1))
    if many == 1:
        return {}
    kept = {x: y for x, y in row.extra.items() if x not in ("gpus", "split", "ulysses", "ring", "cfg")}
    alone = Row(row.number, row.model, row.request, row.measured, kept)
    one = {x.target: x.predicted for x in scored_row(alone, point_of_row(alone, {"catalog": catalog}))}
    return {IDEAL: {target: value / (many if target == "time" else 1) for target, value in one.items()}}


def _seconds(point: OperatingPoint) -> float:
    """What the work would take at peak, on all accelerators together."""
    work = float(pipeline.evaluate(point.values, (F_total,), point.route)[F_total])
    return work / (point.values[Theta_peak] * point.values.get(n_gpu, 1.0))


def _watts(point: OperatingPoint) -> float:
    return point.values[TDP] * point.values.get(n_gpu, 1.0)


def _efficiencies(found: Sequence[tuple[Row, OperatingPoint, Scored, Any]]) -> dict[str, float]:
    """The mean logarithm of each model's efficiency: work at peak over measured seconds."""
    logs: dict[str, list[float]] = {}
    for _, point, x, _ in found:
        if x.target == "time":
            logs.setdefault(x.model, []).append(math.log(_seconds(point) / x.measured))
    return {model: fmean(values) for model, values in logs.items()}


@dataclass(frozen=True)
class Joined:
    """A file of runs with those of another one added: its comments, columns and records, how many runs were read, and
    how many of them are new.
    """

    comments: tuple[str, ...]
    columns: tuple[str, ...]
    records: tuple[Mapping[str, str], ...]
    read: int
    new: int


def joined(runs: str | Path, before: str | Path) -> Joined:
    """Add the runs of a file to those of another one, which may not be there yet; none twice.

    Raises `InputError` if the other file lacks a column that a run fills.
    """
    runs, before = Path(runs), Path(before)
    own = read_records(runs)
    filled = [x for x in read_columns(runs) if any(row.get(x) for row in own)]
    strange = [x for x in filled if not re.fullmatch(r"\w[\w ()/%.-]*", x)]
    if strange:
        raise InputError(f"{runs}: the column {strange[0][:40]!r} has no name of letters and digits; give it one")
    comments: tuple[str, ...] = ()
    if before.exists():
        table = read_table(before)
        comments, columns, there = table.comments, table.columns, table.rows()
        lacking = [x for x in filled if x not in columns]
        if lacking:
            raise InputError(
                f"{before}: has no column {lacking[0]!r}, which {runs} fills; its columns are {', '.join(columns)}"
            )
    else:
        columns, there = (*(x for x in COLUMNS if x in filled), *(x for x in filled if x not in COLUMNS)), []

    def key(row: Mapping[str, str]) -> tuple[str, ...]:
        """What tells a run from others, as it is written: without a spreadsheet's formulas and what does not print."""
        return tuple(visible(row.get(x, "")).removeprefix("'") for x in columns if x != "why")

    known = {key(row) for row in there}
    new = list({key(row): row for row in own if key(row) not in known}.values())
    return Joined(comments, columns, (*there, *new), len(own), len(new))
