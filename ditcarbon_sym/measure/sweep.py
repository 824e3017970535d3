"""The loop: one configuration after another, within a budget of time, each row on the disk before the next.

It measures through a function that it is given, so that it knows nothing of networks.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from ..errors import InputError
from . import table
from .grid import Point

Measure = Callable[[Point], dict[str, Any]]
Tell = Callable[[Point, int, int, float, Mapping[str, Any]], None]
"""Told of each row: the point, its number and how many there are, seconds left, and what was measured."""


@dataclass(frozen=True)
class Swept:
    """How a sweep went: rows by status, and how many configurations the budget left out."""

    statuses: Mapping[str, int]
    kept: int
    left_out: int
    seconds: float


def run(
    path: Path, points: Sequence[Point], expected: Sequence[float], measure: Measure, *,
    done: Collection[tuple[str, ...]] = (),
    budget: float | None = None, tell: Tell | None = None, clock: Callable[[], float] = monotonic, least: int = 1,
) -> Swept:  # fmt: skip
    """Measure points in order and append a row for each; those in ``done`` are there already.

    The ``expected`` seconds of each are corrected by what rows took so far. A point that no longer fits into ``budget``
    seconds is left out; cheaper ones after it are still tried. ``least`` rows are measured whatever they take. Raises
    `InputError` once the accelerator no longer answers.
    """
    start, ratios, statuses, left_out = clock(), [1.0], dict[str, int](), 0
    waiting = [k for k, point in enumerate(points) if table.identity(point.row()) not in done]
    for number, k in enumerate(waiting, start=1):
        point, slower = points[k], median(ratios)
        enough = len(points) - len(waiting) + statuses.get("ok", 0) >= least and statuses
        if budget is not None and enough and clock() - start + slower * expected[k] > budget:
            left_out += 1
            continue
        began = clock()
        found = measure(point)
        row = {**point.row(), "at": datetime.now(UTC).isoformat(timespec="seconds"), **found}
        table.append(path, row)
        took = clock() - began
        if found["status"] == "ok":
            ratios = [*ratios[-20:], max(took / max(expected[k], 1e-9), 1e-3)]
        statuses[found["status"]] = statuses.get(found["status"], 0) + 1
        if tell is not None:
            tell(point, number, len(waiting), _left(expected, waiting[number:], median(ratios), budget, start, clock),
                 found)  # fmt: skip
        if found["status"] == table.LOST:
            raise InputError(
                f"the accelerator no longer answers ({found['note']}): the rows so far are in {path}; "
                f"--resume goes on without {point.words}"
            )
    return Swept(statuses, len(points) - len(waiting), left_out, clock() - start)


def _left(
    expected: Sequence[float], waiting: Sequence[int], slower: float, budget: float | None, start: float,
    clock: Callable[[], float],
) -> float:  # fmt: skip
    """Return the seconds that are left: of the waiting configurations, or of the budget if that is less."""
    rest = slower * sum(expected[k] for k in waiting)
    return rest if budget is None else max(0.0, min(rest, budget - (clock() - start)))
