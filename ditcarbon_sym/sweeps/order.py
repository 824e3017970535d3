"""What can be said of the order of rows: on which column all of them have a place, and which differences are known.

A ranking does not drop a row that lacks a part. If total carbon is unknown on one accelerator, because its embodied
carbon is, all rows are ranked by operational carbon, and a line says so. Nor does a ranking print an order that the
uncertainty does not bear: rows of the same rank are in no known order (`estimation.ratios`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from ..display import Shown
from ..equations.notation import C_emb, C_host, E, mu, tau
from ..errors import InputError
from ..estimation.ratios import Array, errors_of, lower
from ..estimation.spread.quantiles import LEVEL
from .filters import Condition
from .grid import Sweep
from .ranking import any_row, numbered
from .requests import RequestList
from .table import (
    CACHE,
    COST,
    COVERED,
    GPU_SECONDS,
    HOST,
    MEMORY,
    OPERATIONAL_EACH,
    RANK,
    REQUEST,
    WATER,
    Columns,
    chosen,
)

INSTEAD: Mapping[str, str] = MappingProxyType({"total_g": "operational_g", "per_output_g": OPERATIONAL_EACH})
"""The column by which rows are ranked where the first is unknown of some of them."""
EXACT = (*REQUEST, CACHE, "parameters", "flops", MEMORY)
"""Columns that no fit touches: every difference in them is known."""
OUTPUT: Mapping[str, Symbol] = MappingProxyType({
    **COVERED, OPERATIONAL_EACH: COVERED["operational_g"], "embodied_g": C_emb, "mu": mu, HOST: C_host,
    **dict.fromkeys((*COST, GPU_SECONDS), tau), **dict.fromkeys(WATER, E),
})  # fmt: skip
"""The quantity that a column is a known multiple of."""
MOST = 1000
"""Rows whose differences are looked at, each against all others."""


@dataclass(frozen=True)
class Ranking(Shown):
    """The best rows, best first, with a column ``rank`` where differences are known; by which column; and remarks.

    The rank of a row is one more than the number of rows that are better beyond doubt.

    >>> from .grid import Grid, sweep
    >>> found = ranked(sweep(Grid(("pixart-alpha",), batch=(1, 4), steps=(20,))), 1, "time_s")
    >>> found.by, len(found.rows["batch"])
    ('time_s', 1)
    """

    rows: Columns
    by: str
    remarks: tuple[str, ...]


def ranked(
    sweep: Sweep | RequestList,
    number: int,
    by: str,
    where: Sequence[Condition] = (),
    *,
    largest: bool = False,
    level: float = LEVEL,
) -> Ranking:
    """Rank the rows by a column that all of them have, and say which of their differences are known.

    Raises `InputError` if the column is unknown in all rows that pass the filter.

    >>> from .grid import Grid, sweep
    >>> cards = sweep(Grid(("flux.1-dev",), gpu=("h100-sxm-80gb", "b200-sxm"), steps=(27, 28)))
    >>> found = ranked(cards, 4, "total_g")
    >>> found.by, found.rows["gpu"].words(), found.rows["rank"].tolist()
    ('total_g', ['b200-sxm', 'b200-sxm', 'h100-sxm-80gb', 'h100-sxm-80gb'], [1, 1, 1, 1])
    """
    if number < 1:
        raise InputError(f"top = {number} is not a number of rows; expected at least 1")
    column, remarks = common(sweep, by, where)
    rows, numbers = numbered(sweep, number, column, where, largest=largest, beyond=1)
    if not len(numbers) and (gpus := lacking(sweep, column, where)):
        raise InputError(f"{column} is unknown on {', '.join(gpus)}: no row can be ranked by it; time_s may be known")
    if len(numbers) > MOST + 1:
        unranked = f"which differences are known is told of {MOST:,} rows or fewer"
        return Ranking(chosen(rows, slice(number)), column, (*remarks, unranked))
    values = np.array(rows[column], dtype=np.float64)
    better = known_lower(sweep, numbers, column, 1 / values if largest else values, level)
    rows = chosen(rows, slice(number))
    if better is None:
        return Ranking(rows, column, (*remarks, f"no interval is known of {column}: the order is that of its values"))
    ranks = 1 + better.sum(axis=1)
    rows |= {RANK: ranks[:number]}
    if len(set(ranks[:number])) < len(ranks[:number]):
        remarks += (
            f"{RANK}: one more than the rows that are better beyond doubt ({100 * level:g} % interval of the ratio); "
            "rows of the same rank are in no known order",
        )
    if len(ranks) > number and ranks[number] <= number and not better[number, number - 1]:
        remarks += ("the next row is not told apart from the last one here; a larger --top shows it",)
    return Ranking(rows, column, remarks)


def known_lower(
    sweep: Sweep | RequestList, numbers: NDArray[np.intp], column: str, values: Array, level: float = LEVEL
) -> NDArray[np.bool_] | None:
    """A matrix: in row k, which rows are lower than row k beyond doubt; None if no interval is known.

    ``numbers`` are the numbers of the rows in the sweep; ``values`` their values in the column, or one over them.
    """
    if column in EXACT or not len(numbers):
        return values < values[:, None]
    if column not in OUTPUT:
        return None
    located = sweep.located(numbers)
    place = np.argsort(np.concatenate([rows for rows, _ in located]))
    errors = errors_of([point for _, point in located], (OUTPUT[column],), level)[OUTPUT[column]].taken(place)
    if len(values) > 1 and all(np.isnan(np.delete(errors.half_widths(k), k)).all() for k in range(len(values))):
        return None
    return lower(values, errors)


def common(sweep: Sweep | RequestList, by: str, where: Sequence[Condition]) -> tuple[str, tuple[str, ...]]:
    """The column on which all rows that pass the filter have a place, and remarks: what is unknown, and of what."""
    remarks = [*unfiltered(sweep, where)]
    column, gpus = by, lacking(sweep, by, where)
    if gpus and by in INSTEAD:
        fewer = lacking(sweep, INSTEAD[by], where)
        if len(fewer) < len(gpus):
            remarks.append(f"{by} is unknown on {', '.join(gpus)}: all are judged by {INSTEAD[by]}{_boundary(sweep)}")
            column, gpus = INSTEAD[by], fewer
    if gpus:
        remarks.append(f"left out: {', '.join(gpus)}, where {column} is unknown")
    return column, tuple(remarks)


def unfiltered(sweep: Sweep | RequestList, where: Sequence[Condition]) -> tuple[str, ...]:
    """Remarks on what a filter leaves out only because a column is unknown there."""
    found = []
    for field in dict.fromkeys(x.field for x in where):
        gpus = lacking(sweep, field, [x for x in where if x.field != field])
        found += [f"the filter leaves out {', '.join(gpus)}: {field} is unknown there"] if gpus else []
    return tuple(found)


def lacking(sweep: Sweep | RequestList, column: str, where: Sequence[Condition]) -> tuple[str, ...]:
    """The accelerators with rows that pass the filter, of which a column is unknown."""
    if column not in sweep.numbers:
        return ()
    if isinstance(sweep, RequestList):
        rows = sweep.rows(where)
        words = chosen(sweep.table, rows[np.isnan(sweep.table[column][rows])])["gpu"].words()
        return tuple(dict.fromkeys(words))
    blocks = [x for x in sweep.blocks if x.unknown(column) and any_row(x, where)]
    return tuple(dict.fromkeys(x.panel.point.device.id for x in blocks))


def _boundary(sweep: Sweep | RequestList) -> str:
    """An embodied boundary that is known of all accelerators, if there is one."""
    shared = set.intersection(*(set(device.embodied) for device in sweep.devices()))
    return "".join(f"; --embodied-boundary {x!r} is known of all" for x in sorted(shared)[:1])
