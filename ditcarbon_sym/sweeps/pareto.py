"""The front of a sweep: the requests that no other request beats in carbon, latency and cost together.

A request is off the front if another one is at least as good in every objective and better in one. Equal requests stay
together. This search is exact. It goes through a sweep chunk by chunk, so that memory holds a front and not the grid.

Of that exact front, requests are left out that win by less than a tolerance. From the best product of all objectives to
the worst, a request stays unless one that stays is no worse in any objective, or worse by at most the tolerance. So
every request that is left out has one on the front that is better or as good within the tolerance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..display import Shown
from ..errors import InputError, short
from ..estimation.spread.quantiles import LEVEL
from .filters import Condition
from .grid import Sweep
from .order import MOST, common, known_lower
from .panel import Array
from .requests import RequestList
from .table import CACHE, COST, DOUBTFUL, INTERVALS, REQUEST, ROW, TEXT, Columns, Text, chosen, joined

SAME_OUTPUT = ("model", "height", "width", "frames", "steps")
"""Columns that two requests for the same output share."""
OBJECTIVES = ("per_output_g", "time_s", "cost_per_output")
TOLERANCE = 1e-3
"""Relative differences up to this one do not count, unless told otherwise: a tenth of a per cent."""
SAMPLE = 5000
"""Rows that are kept to be drawn beside the front."""
PIVOTS = 24
"""Good points that remove most others before the exact search."""
BLOCK = 512


@dataclass(frozen=True)
class Front(Shown):
    """The rows on the front, in the order of the first objective, with the columns of the sweep and ``doubtful``.

    ``numbers`` are the numbers of the rows in the sweep. ``considered`` is the number of rows that passed the filter,
    ``close`` the number of rows that no other beats but that were left out, since they win by less than the tolerance.
    ``others`` is an even sample of all rows, to be drawn beside the front; it may hold rows of the front, too.
    ``undecided`` is the number of rows off the front that none beats beyond doubt; None if there are too many rows to
    compare each with all others, or no interval of an objective is known. ``remarks`` say what is unknown.

    >>> from .grid import Grid, sweep
    >>> front(sweep(Grid(("pixart-alpha",), steps=(20, 50))), ("per_output_g", "time_s"), within=()).considered
    2
    """

    objectives: tuple[str, ...]
    rows: Columns
    numbers: NDArray[np.intp]
    others: Columns
    considered: int
    close: int
    undecided: int | None
    within: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def front(
    sweep: Sweep | RequestList,
    objectives: Sequence[str],
    where: Sequence[Condition] = (),
    within: Sequence[str] = SAME_OUTPUT,
    tolerance: float = TOLERANCE,
) -> Front:
    """Find the rows on the front of two or three objectives, to be small; rows with an unknown one are left out.

    Only rows that agree in the columns ``within`` compete. By default these are requests for the same output, since
    fewer steps or pixels cost less of everything. If ``within`` is empty, all rows compete. Relative differences of at
    most ``tolerance`` do not count.

    >>> from .grid import Grid, sweep
    >>> found = front(sweep(Grid(("pixart-alpha",), batch=(1, 2, 4), steps=(20,))), ("per_output_g", "time_s"))
    >>> [int(x) for x in found.rows["batch"]]  # larger batches win by less than the tolerance
    [1]
    """
    if not 0 <= tolerance < 1:
        raise InputError(f"tolerance = {short(tolerance)} is not from 0 to below 1; 0.001 is a tenth of a per cent")
    for name in objectives:
        if name not in sweep.numbers or name in INTERVALS:
            hint = "; give --price-per-hour" if name in COST else ""
            raise InputError(f"objective {name!r} is not a column of numbers of this sweep{hint}")
    if not 1 < len(set(objectives)) == len(objectives) < 4:
        raise InputError(f"objectives {', '.join(objectives)}: a front has two or three, all different")
    for name in within:
        if name not in (*TEXT, *REQUEST, CACHE) or name not in sweep.columns:
            raise InputError(f"within {name!r}: expected some of {', '.join((*TEXT, *REQUEST, CACHE))}")
    found = [common(sweep, name, where) for name in objectives]
    asked, objectives = objectives, tuple(dict.fromkeys(column for column, _ in found))
    remarks = tuple(dict.fromkeys(remark for _, said in found for remark in said))
    if len(objectives) < 2:
        raise InputError(f"objectives {', '.join(asked)} become {objectives[0]} alone; {'; '.join(remarks)}")
    kept: Columns | None = None
    others: list[Columns] = []
    few: list[Columns] = []
    considered, stride = 0, max(1, len(sweep) // SAMPLE)
    for _, columns in sweep.chunks(where, numbered=True):
        points = _points(columns, objectives)
        best = _best(columns, objectives, within)
        others.append(chosen(columns, np.arange(-considered % stride, len(points), stride)))
        considered += len(points)
        few = [*few, columns] if considered <= MOST else []
        if kept is not None:
            best = _best(joined([kept, best]), objectives, within)
        kept = best
    if kept is None or not len(kept[objectives[0]]):
        raise InputError("the front is empty: no row passes the filter with all objectives known")
    points = _points(kept, objectives)
    stay = np.concatenate([group[spaced(points[group], tolerance)] for group in _groups(kept, within)])
    order = stay[np.lexsort([kept[name][stay] for name in reversed(objectives)])]
    rows, sample = chosen(kept, order), joined(others)
    compared = joined(few) if few else rows
    beaten = known_beaten(sweep, compared, objectives, within)
    numbers, undecided = rows[ROW], None
    if beaten is not None:
        rows[DOUBTFUL] = np.isin(numbers, compared[ROW][beaten]).astype(np.int64)
        known = ~np.isnan(_points(compared, objectives)).any(axis=1)
        undecided = int((known & ~beaten & ~np.isin(compared[ROW], numbers)).sum()) if few else None
    else:
        remarks += (
            f"which differences are known is not told: over {MOST:,} rows, or an objective without an interval",
        )
    del rows[ROW], sample[ROW]
    close = len(points) - len(stay)
    return Front(objectives, rows, numbers, sample, considered, close, undecided, tuple(within), remarks)


def _best(columns: Columns, objectives: Sequence[str], within: Sequence[str]) -> Columns:
    """The rows that no other row of their group beats."""
    points = _points(columns, objectives)
    best = [group[undominated(points[group])] for group in _groups(columns, within)]
    return chosen(columns, np.sort(np.concatenate(best)))


def _groups(columns: Columns, within: Sequence[str]) -> list[NDArray[np.intp]]:
    """The rows that compete, group by group."""
    keys = [columns[name].codes if isinstance(columns[name], Text) else columns[name] for name in within]
    varying = [key for key in keys if len(key) and (key != key[0]).any()]
    if not varying:
        return [np.arange(len(next(iter(columns.values()))))]
    order = np.lexsort(varying)
    changes = np.logical_or.reduce([key[order][1:] != key[order][:-1] for key in varying])
    return np.split(order, np.flatnonzero(changes) + 1)


def spaced(points: Array, tolerance: float) -> NDArray[np.bool_]:
    """Which points of a front stay, so that each other one has one that stays and is at most the tolerance worse.

    ``points`` has a row for each point and a column for each objective, none negative. Points that equal one that stays
    stay with it.

    >>> spaced(np.array([[1.0, 160.0], [1.0 + 3e-8, 10.0], [2.0, 5.0]]), 1e-3)
    array([False,  True,  True])
    """
    with np.errstate(divide="ignore"):
        score = np.nan_to_num(np.log(points), neginf=-1e3, posinf=1e3).sum(axis=1)
    stays = np.zeros(len(points), dtype=np.bool_)
    waiting = np.argsort(score, kind="stable")
    while len(waiting):
        best, others = points[waiting[0]], points[waiting]
        equal = (others == best).all(axis=1)
        stays[waiting[equal]] = True
        waiting = waiting[~(equal | (best <= others * (1 + tolerance)).all(axis=1))]
    return stays


def known_beaten(
    sweep: Sweep | RequestList,
    rows: Columns,
    objectives: Sequence[str],
    within: Sequence[str],
    level: float = LEVEL,
) -> NDArray[np.bool_] | None:
    """Which rows another of their group beats beyond doubt: it is known to be better in one objective, worse in none.

    None if there are too many rows to compare each with all others, or no interval of an objective is known.
    """
    if len(rows[ROW]) > MOST:
        return None
    matrices = []
    for name in objectives:
        lower = known_lower(sweep, rows[ROW], name, np.array(rows[name], dtype=np.float64), level)
        if lower is None:
            return None
        matrices.append(lower)
    better = np.logical_or.reduce(matrices)
    same = np.zeros(better.shape, dtype=np.bool_)
    for group in _groups(rows, within):
        same[np.ix_(group, group)] = True
    found: NDArray[np.bool_] = (better & ~better.T & same).any(axis=1)
    return found


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
