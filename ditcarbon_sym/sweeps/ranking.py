"""The best rows of a sweep, without forming the whole grid.

For a given request, carbon rises with PUE x grid intensity, the facility's energy with PUE, water on site with WUE and
at power plants with PUE x its litres; nothing else depends on the facility. The cleanest and the dirtiest facility
therefore bound all others. A request is expanded over the facilities only if its bound could be among the best and the
filter could hold at one of them. Requests are taken in the order of their bounds, until the next bound is worse than
the worst row kept.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..equations.notation import PUE, WUE, I_grid, w_mix
from ..errors import InputError
from .block import Block, parts
from .filters import Condition, kept
from .grid import Sweep
from .panel import Array
from .requests import RequestList
from .table import FACILITY_ENERGY, INTERVALS, TEXT, WATER, Columns, Text, chosen

AT_ONCE = 2**19
"""Requests whose bounds are computed at the same time."""
BATCH = 2**16
"""Rows that are expanded at the same time."""
SLACK = 1e-9
"""Relative margin for rounding in a bound."""


def top(
    sweep: Sweep | RequestList, number: int, by: str, where: Sequence[Condition] = (), *, largest: bool = False
) -> Columns:
    """Return the rows with the smallest (or largest) values of a column, best first; equals in the grid's order.

    Rows where the column is unknown are left out. The result equals a sort of the whole grid to the last bit, unless
    that grid is evaluated in a compiled loop (``fused``), which rounds differently.

    >>> from .grid import Grid, sweep
    >>> found = top(sweep(Grid(("pixart-alpha",), batch=(1, 2, 4), steps=(20, 50))), 2, "per_output_g")
    >>> [int(x) for x in found["batch"]], [int(x) for x in found["steps"]]
    ([4, 2], [20, 20])
    """
    return numbered(sweep, number, by, where, largest=largest)[0]


def numbered(
    sweep: Sweep | RequestList,
    number: int,
    by: str,
    where: Sequence[Condition] = (),
    *,
    largest: bool = False,
    beyond: int = 0,
) -> tuple[Columns, NDArray[np.intp]]:
    """The rows of `top` and some beyond them, with their numbers in the sweep."""
    if by not in sweep.numbers or by in INTERVALS:
        known = ", ".join(name for name in sweep.numbers if name not in INTERVALS)
        raise InputError(f"by = {by!r} is not a column of numbers to rank by; expected one of {known}")
    if number < 1:
        raise InputError(f"top = {number} is not a number of rows; expected at least 1")
    number += beyond
    if isinstance(sweep, RequestList):
        rows = sweep.top(number, by, where, largest=largest)
        return chosen(sweep.table, rows), rows
    best = _Best(number, -1.0 if largest else 1.0)
    for index, block in enumerate(sweep.blocks):
        for part in parts(block.shape[:4], AT_ONCE):
            _search(best, index, block, part, by, where)
    return _columns(sweep, best), np.array([x.first_row for x in sweep.blocks])[best.blocks] + best.places


def any_row(block: Block, where: Sequence[Condition]) -> bool:
    """Whether any row of a block passes the filter."""
    best = _Best(1, 1.0)
    for part in parts(block.shape[:4], AT_ONCE):
        _search(best, 0, block, part, "steps", where)
    return len(best.values) > 0


class _Best:
    """The best rows so far: their values in ascending order, their blocks, and their places in the blocks."""

    def __init__(self, number: int, sign: float) -> None:
        self.number, self.sign = number, sign
        self.values = np.empty(0)
        self.blocks, self.places = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)

    @property
    def limit(self) -> float:
        """The largest value that a row may have to be kept."""
        return float(self.values[-1]) if len(self.values) >= self.number else np.inf

    def add(self, values: Array, block: int, places: NDArray[np.intp]) -> None:
        if len(values) > self.number:
            near = values <= np.partition(values, self.number - 1)[self.number - 1]
            values, places = values[near], places[near]
        values = np.concatenate([self.values, values])
        blocks = np.concatenate([self.blocks, np.full(len(places), block)])
        places = np.concatenate([self.places, places])
        order = np.lexsort((places, blocks, values))[: self.number]
        self.values, self.blocks, self.places = values[order], blocks[order], places[order]


def _search(best: _Best, index: int, block: Block, part: Sequence[slice], by: str, where: Sequence[Condition]) -> None:
    """Search a part of a block's requests, in the order of their bounds."""
    fields = {by, *(x.field for x in where)}
    shape = tuple(x.stop - x.start for x in part)
    bound, possible = _bounds(best.sign, block, part, by, where)
    bound = np.broadcast_to(bound, shape).reshape(-1)
    possible = np.broadcast_to(possible, shape).reshape(-1)
    candidates = np.flatnonzero(possible & (bound <= best.limit))  # never true of NaN
    many = max(1, BATCH // len(block.facilities))
    while len(candidates):
        bounds = bound[candidates]
        if len(candidates) > many:
            nearest = np.argpartition(bounds, many - 1)
            now, candidates = candidates[nearest[:many]], candidates[nearest[many:]]
        else:
            now, candidates = candidates, candidates[:0]
        _expand(best, index, block, part, shape, now, fields, by, where)
        candidates = candidates[bound[candidates] <= best.limit]


def _bounds(sign: float, block: Block, part: Sequence[slice], by: str, where: Sequence[Condition]) -> tuple[Array, Any]:
    """The least value of each request over all facilities, and whether the filter can hold at one of them."""
    pue, grid, litres = (block.places[x] for x in (PUE, I_grid, w_mix))
    energy, site, plants = {FACILITY_ENERGY}, {WATER[0]}, {WATER[1]}

    def at(end: Any, room: float, names: Collection[str]) -> dict[str, Array]:
        found: dict[str, Array] = {}
        grams = {*names} - energy - site - plants
        for order, columns in ((pue, energy), (block.places[WUE], site), (pue * litres, plants), (pue * grid, grams)):
            part_of = columns & {*names}
            facility = end(np.where(np.isnan(order), np.inf if end is np.argmin else -np.inf, order))
            values = block.evaluate((*part, slice(facility, facility + 1)), part_of) if part_of else {}
            there = {x: np.atleast_1d(values[x])[..., 0] for x in part_of}  # a column may be one number
            found |= {x: value + room * abs(value) for x, value in there.items()}
        return found

    tested = {x.field for x in where}
    lows = at(np.argmin, -SLACK, tested | ({by} if sign > 0 else set()))
    highs = at(np.argmax, SLACK, tested | ({by} if sign < 0 else set()))
    possible: Any = block.panel.fits[block.sizes[part[0], part[1]]][:, :, None, None]
    for condition in where:
        possible = possible & condition.can_hold(lows[condition.field], highs[condition.field])
    return (lows[by] if sign > 0 else -highs[by]), possible


def _expand(
    best: _Best,
    index: int,
    block: Block,
    part: Sequence[slice],
    shape: tuple[int, ...],
    requests: NDArray[np.intp],
    fields: Collection[str],
    by: str,
    where: Sequence[Condition],
) -> None:
    """Evaluate requests at every facility, and keep the best rows that pass the filter."""
    place = [x + cut.start for x, cut in zip(np.unravel_index(requests, shape), part, strict=True)]
    values = _at(block, [x[:, None] for x in place], np.arange(len(block.facilities)), fields)
    full = (len(requests), len(block.facilities))
    value = best.sign * np.broadcast_to(values[by], full)
    keep = np.broadcast_to(kept(where, values), full) & (value <= best.limit)
    rows = np.ravel_multi_index([x[:, None] for x in place] + [np.arange(full[1])], block.shape)
    best.add(value[keep], index, rows[keep])


def _at(
    block: Block, place: Sequence[NDArray[np.intp]], facility: NDArray[np.intp], fields: Collection[str]
) -> dict[str, Array]:
    """Columns at requests (places on four axes) and facilities; both broadcast."""
    there = {x: values[facility] for x, values in block.places.items()}
    sizes, batch, steps = block.sizes[place[0], place[1]], block.batch[place[2]], block.steps[place[3]]
    return block.at(sizes, batch, steps, there, fields)


def _columns(sweep: Sweep, best: _Best) -> Columns:
    """All columns of the rows kept, best first."""
    found: dict[str, Any] = {x: np.full(len(best.blocks), np.nan) for x in sweep.numbers}
    words: dict[str, list[str]] = {x: [""] * len(best.blocks) for x in TEXT if x in sweep.columns}
    for index in np.unique(best.blocks):
        block, rows = sweep.blocks[index], np.flatnonzero(best.blocks == index)
        *place, facility = np.unravel_index(best.places[rows], block.shape)
        values = _at(block, place, facility, sweep.numbers)
        for name in found.keys() & values.keys():
            found[name][rows] = np.broadcast_to(values[name], len(rows))
        for name, text in block.words(facility.astype(np.int32)).items():
            if name not in words:
                continue
            for row, code in zip(rows, np.broadcast_to(text.codes, len(rows)), strict=True):
                words[name][row] = text.names[code]
    return {**{name: Text.of(column) for name, column in words.items()}, **found}
