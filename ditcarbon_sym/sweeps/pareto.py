"""The front of a sweep: the requests that no other request beats in carbon, latency and cost together.

A request is off the front if another one is at least as good in every objective and better in one. Equal requests stay
together. The search is exact. It goes through a sweep chunk by chunk, so that memory holds a front and not the grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .filters import Condition
from .grid import Sweep
from .panel import Array
from .requests import RequestList
from .table import COST, NUMBERS, REQUEST, TEXT, Columns, Text, chosen, joined

SAME_OUTPUT = ("model", "height", "width", "frames", "steps")
"""Columns that two requests for the same output share."""
OBJECTIVES = ("per_output_g", "time_s", "cost_per_output")
SAMPLE = 5000
"""Rows that are kept to be drawn beside the front."""
PIVOTS = 24
"""Good points that remove most others before the exact search."""
BLOCK = 512


@dataclass(frozen=True)
class Front:
    """The rows on the front, in the order of the first objective, with the columns of the sweep.

    ``considered`` is the number of rows that passed the filter. ``others`` is an even sample of them, to be drawn
    beside the front; it may hold rows of the front, too.
    """

    objectives: tuple[str, ...]
    rows: Columns
    others: Columns
    considered: int
    within: tuple[str, ...] = ()


def front(
    sweep: Sweep | RequestList,
    objectives: Sequence[str],
    where: Sequence[Condition] = (),
    within: Sequence[str] = SAME_OUTPUT,
) -> Front:
    """Find the rows on the front of two or three objectives, to be small; rows with an unknown one are left out.

    Only rows that agree in the columns ``within`` compete. By default these are requests for the same output, since
    fewer steps or pixels cost less of everything. If ``within`` is empty, all rows compete.

    >>> from .grid import Grid, sweep
    >>> found = front(sweep(Grid(("pixart-alpha",), batch=(1, 2, 4), steps=(20,))), ("per_output_g", "time_s"))
    >>> [int(x) for x in found.rows["batch"]], [int(x) for x in found.rows["steps"]]
    ([4, 2, 1], [20, 20, 20])
    """
    for name in objectives:
        if name not in sweep.columns or name not in NUMBERS:
            hint = "; give --price-per-hour" if name in COST else ""
            raise InputError(f"objective {name!r} is not a column of numbers of this sweep{hint}")
    if not 1 < len(set(objectives)) == len(objectives) < 4:
        raise InputError(f"objectives {', '.join(objectives)}: a front has two or three, all different")
    for name in within:
        if name not in (*TEXT, *REQUEST):
            raise InputError(f"within {name!r}: expected some of {', '.join((*TEXT, *REQUEST))}")
    kept: Columns | None = None
    others: list[Columns] = []
    considered, stride = 0, max(1, len(sweep) // SAMPLE)
    for _, columns in sweep.chunks(where):
        points = _points(columns, objectives)
        best = _best(columns, objectives, within)
        others.append(chosen(columns, np.arange(-considered % stride, len(points), stride)))
        considered += len(points)
        if kept is not None:
            best = _best(joined([kept, best]), objectives, within)
        kept = best
    if kept is None or not len(kept[objectives[0]]):
        raise InputError("the front is empty: no row passes the filter with all objectives known")
    order = np.lexsort([kept[name] for name in reversed(objectives)])
    return Front(tuple(objectives), chosen(kept, order), joined(others), considered, tuple(within))


def _best(columns: Columns, objectives: Sequence[str], within: Sequence[str]) -> Columns:
    """The rows that no other row of their group beats."""
    points = _points(columns, objectives)
    keys = [columns[name].codes if isinstance(columns[name], Text) else columns[name] for name in within]
    varying = [key for key in keys if len(key) and (key != key[0]).any()]
    if not varying:
        return chosen(columns, np.flatnonzero(undominated(points)))
    order = np.lexsort(varying)
    changes = np.logical_or.reduce([key[order][1:] != key[order][:-1] for key in varying])
    groups = np.split(order, np.flatnonzero(changes) + 1)
    return chosen(columns, np.sort(np.concatenate([group[undominated(points[group])] for group in groups])))


def _points(columns: Columns, objectives: Sequence[str]) -> Array:
    return np.column_stack([columns[name] for name in objectives])


def undominated(points: Array) -> NDArray[np.bool_]:
    """Which points no other point beats: one beats another if no coordinate is larger and one is smaller.

    ``points`` has a row for each point and two or three columns, in any units; the mask has an element for each point.
    Infinity is larger than any other number. Points with NaN are never on the front, and beat no other.

    >>> undominated(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [1.0, 3.0]]))
    array([ True,  True, False,  True])
    """
    found = np.zeros(len(points), dtype=np.bool_)
    known = np.flatnonzero(~np.isnan(points).any(axis=1))
    alive = known[_thinned(points[known])]
    order = alive[np.lexsort(points[alive].T[::-1])]
    ordered = points[order]
    first = np.ones(len(order), dtype=np.bool_)  # of equal points
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    distinct = ordered[first]
    on_front = _staircase(distinct) if points.shape[1] == 2 else _surface(distinct)
    found[order] = on_front[np.cumsum(first) - 1]
    return found


def _thinned(points: Array) -> NDArray[np.bool_]:
    """Leave out the points that one of a few good points beats. The front is among the rest."""
    alive = np.ones(len(points), dtype=np.bool_)
    if len(points) <= BLOCK:
        return alive
    finite = np.where(np.isfinite(points), points, np.nan)
    known = np.isfinite(points).any(axis=0)
    low, high = (end(np.where(known, finite, 0.0), axis=0) for end in (np.nanmin, np.nanmax))
    score = ((np.clip(points, low, high) - low) / np.where(high > low, high - low, 1.0)).sum(axis=1)
    for _ in range(PIVOTS):
        remaining = np.flatnonzero(alive)
        pivot = points[remaining[np.argmin(score[remaining])]]
        beaten = (points[remaining] >= pivot).all(axis=1) & (points[remaining] > pivot).any(axis=1)
        if not beaten.any():
            score = score * np.random.default_rng(0).uniform(0.5, 1.5, len(score))
        alive[remaining[beaten]] = False
    return alive


def _staircase(points: Array) -> NDArray[np.bool_]:
    """For distinct points of two coordinates, in order: the second coordinate must be below all those before."""
    found = np.ones(len(points), dtype=np.bool_)
    found[1:] = points[1:, 1] < np.minimum.accumulate(points[:-1, 1])
    return found


def _surface(points: Array) -> NDArray[np.bool_]:
    """For distinct points of three coordinates, in order: no point before may be as small in both other coordinates.

    It works in blocks. ``least`` holds, for each rank of the second coordinate, the least rank of the third among all
    points before the block that are no larger in the second.
    """
    found = np.ones(len(points), dtype=np.bool_)
    ranks = [np.unique(points[:, k], return_inverse=True)[1] for k in (1, 2)]
    least = np.full(ranks[0].max(initial=-1) + 1, len(points))
    for start in range(0, len(points), BLOCK):
        part = slice(start, start + BLOCK)
        second, third = (rank[part] for rank in ranks)
        beaten = least[second] <= third
        within = (second[:, None] <= second) & (third[:, None] <= third)
        beaten |= np.triu(within, 1).any(axis=0)
        found[part] = ~beaten
        np.minimum.at(least, second, third)
        np.minimum.accumulate(least, out=least)
    return found
