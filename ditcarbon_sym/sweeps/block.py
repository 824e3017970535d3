"""A model on an accelerator over the axes of a sweep: every column of its rows, each on the axes it varies along."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..catalog.entries import Datacenter
from ..catalog.loading import Catalog
from ..equations.notation import NOTATION, PUE, E, H, I_grid, W, n_frames, tau
from ..errors import InputError, nearest
from ..estimation.point import memory_share
from .panel import GRAMS, Array, Panel, grams
from .table import COST, MEMORY, NUMBERS, STAGE_GRAMS, TIMED, Text

CHUNK = 2**17
"""Rows that are in memory together."""
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Block:
    """A model on an accelerator over its own axes: resolution, frames, batch, steps, facility."""

    panel: Panel
    sizes: NDArray[np.intp]
    batch: Array
    steps: Array
    facilities: tuple[Datacenter, ...]
    price: float | None
    first_row: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the five axes."""
        return (*self.sizes.shape, len(self.batch), len(self.steps), len(self.facilities))

    @cached_property
    def pue_and_grid(self) -> tuple[Array, Array]:
        """PUE and grid intensity of every facility."""
        pue, grid = (np.array([x.values[y] for x in self.facilities]) for y in (PUE, I_grid))
        return pue, grid

    def evaluate(
        self, part: Sequence[slice], fields: Collection[str] = NUMBERS, *, fused: bool = False
    ) -> dict[str, Array]:
        """Columns of numbers on part of the five axes, each on the axes it varies along."""
        where = self.sizes[part[0], part[1]][:, :, None, None, None]
        batch, steps = self.batch[part[2]][:, None, None], self.steps[part[3]][:, None]
        pue, grid = (x[part[4]] for x in self.pue_and_grid)
        return self.at(where, batch, steps, pue, grid, fields, fused=fused)

    def at(
        self,
        where: NDArray[np.intp],
        batch: Array,
        steps: Array,
        pue: Array,
        grid: Array,
        fields: Collection[str] = NUMBERS,
        *,
        fused: bool = False,
    ) -> dict[str, Array]:
        """Columns of numbers at sizes (indices of the panel's), batches, steps, PUE and grid intensities (gCO2eq/kWh).

        Arrays of shapes that broadcast; so do the columns, in the units that their names end in.
        """
        wanted = {x for name, x in TIMED.items() if name in fields}
        wanted |= {tau} if not {*GRAMS, *COST}.isdisjoint(fields) else set()
        wanted |= {E} if not set(GRAMS).isdisjoint(fields) else set()
        timed = self.panel.timed(
            where, batch, steps, quantities=[x for x in TIMED.values() if x in wanted],
            stages=not set(STAGE_GRAMS).isdisjoint(fields), fused=fused,
        )  # fmt: skip
        found = {NOTATION[x].field: self.panel.values[x][where] for x in (H, W, n_frames)}
        found |= {"batch": batch, "steps": steps, **{name: timed[x] for name, x in TIMED.items() if x in timed}}
        values = {**self.panel.values, PUE: pue, I_grid: grid}
        found |= grams(timed, batch, values, set(GRAMS) & set(fields), fused=fused)
        if MEMORY in fields:
            point = self.panel.point
            found[MEMORY] = np.full(where.shape, memory_share(point.model, point.device))
        if self.price is not None and not set(COST).isdisjoint(fields):
            found["cost"] = timed[tau] * (self.price / SECONDS_PER_HOUR)
            found["cost_per_output"] = found["cost"] / batch
        return found

    def words(self, facilities: NDArray[np.int32]) -> dict[str, Text]:
        """The columns of words, at these facilities."""
        one = np.zeros((1,) * facilities.ndim, dtype=np.int32)
        point = self.panel.point
        return {
            "model": Text((point.model.id,), one), "gpu": Text((point.device.id,), one),
            "datacenter": Text(tuple(x.id for x in self.facilities), facilities),
            "route": Text((self.panel.route,), one),
        }  # fmt: skip

    def fits(self, part: Sequence[slice]) -> NDArray[np.bool_]:
        """Which combinations the model takes."""
        return self.panel.fits[self.sizes[part[0], part[1]]][:, :, None, None, None]


def parts(shape: tuple[int, ...], rows: int) -> Iterator[tuple[slice, ...]]:
    """Cut axes into pieces of at most about so many elements, in row order.

    >>> list(parts((2, 3), 2))
    [(slice(0, 1, None), slice(0, 2, None)), (slice(0, 1, None), slice(2, 3, None)), \
(slice(1, 2, None), slice(0, 2, None)), (slice(1, 2, None), slice(2, 3, None))]
    """
    cut = next(axis for axis in range(len(shape)) if prod(shape[axis + 1 :]) <= rows)
    length = max(1, rows // prod(shape[cut + 1 :]))
    after = tuple(slice(0, n) for n in shape[cut + 1 :])
    for place in product(*(range(n) for n in shape[:cut])):
        for start in range(0, shape[cut], length):
            yield (*(slice(x, x + 1) for x in place), slice(start, min(start + length, shape[cut])), *after)


def check_prices(price: float | Mapping[str, float] | None, entries: Catalog, used: Collection[str]) -> None:
    """Refuse a price for an accelerator that is neither in the catalogue nor in use."""
    for gpu in price if isinstance(price, Mapping) else ():
        if gpu not in used and gpu not in entries.gpus:
            raise InputError(f"price_per_hour: unknown gpu {gpu!r}{nearest(gpu, entries.gpus)}")


def priced(price: float | Mapping[str, float] | None, gpu: str) -> float | None:
    """The price of an hour on this accelerator; NaN if only others have one."""
    if price is None or isinstance(price, float | int):
        return price
    return price.get(gpu, float("nan"))
