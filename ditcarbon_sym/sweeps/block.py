"""One model on one accelerator over the axes of a sweep: every column, on the axes along which it varies."""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from ..catalog.entries import Datacenter
from ..catalog.loading import Catalog
from ..catalog.names import stands_for
from ..equations.around import boundaries, water
from ..equations.notation import NOTATION, PUE, WUE, E, E_host, H, I_grid, W, n_frames, tau, w_mix
from ..errors import InputError
from ..estimation.intervals import reaches
from ..estimation.memory import memory_of
from ..estimation.point import OperatingPoint
from .panel import GRAMS, Array, Panel, grams
from .table import (
    CACHE,
    COST,
    COVERED,
    FACILITY_ENERGY,
    GPU_SECONDS,
    GPUS,
    HOST,
    MEMORY,
    NUMBERS,
    OPERATIONAL_EACH,
    STAGE_GRAMS,
    TIMED,
    WATER,
    Text,
)

CHUNK = 2**17
"""Rows that are in memory at the same time."""
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True)
class Block:
    """One model on one accelerator in one mode over five axes: resolution, frames, batch, steps, facility.

    ``sizes`` (resolutions, frames) holds indices of the panel's sizes, ``first_row`` the number of the block's first
    row in the whole grid, ``price`` the price of an hour.
    """

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
    def places(self) -> dict[Symbol, Array]:
        """What every facility puts into the equations."""
        return values_of(self.facilities)

    @cached_property
    def memory(self) -> tuple[Array, Array]:
        """GiB of weights, and what an output adds to them at the peak, at every size; NaN where there is none."""
        found = [x and memory_of(self.panel.point.model, x) for x in self.panel.sizes]
        weights, alive = (np.array([getattr(x, name) if x else np.nan for x in found]) for name in ("weights", "alive"))
        return weights, alive

    def evaluate(
        self, part: Sequence[slice], fields: Collection[str] = NUMBERS, *, fused: bool = False
    ) -> dict[str, Array]:
        """Columns of numbers on a part of the five axes; each has length one along the axes that do not change it."""
        where = self.sizes[part[0], part[1]][:, :, None, None, None]
        batch, steps = self.batch[part[2]][:, None, None], self.steps[part[3]][:, None]
        place = {x: values[part[4]] for x, values in self.places.items()}
        return self.at(where, batch, steps, place, fields, fused=fused)

    def at(
        self,
        where: NDArray[np.intp],
        batch: Array,
        steps: Array,
        place: Mapping[Symbol, Array],
        fields: Collection[str] = NUMBERS,
        *,
        fused: bool = False,
    ) -> dict[str, Array]:
        """Columns of numbers at sizes (indices of the panel's), batches, steps and the values of places.

        The arguments are arrays that broadcast, and so do the columns. Their names end in their units.
        """
        ends = [name for name in COVERED if not {f"{name}_low", f"{name}_high"}.isdisjoint(fields)]
        fields = {*fields, *ends, *(["operational_g"] if OPERATIONAL_EACH in fields else [])}
        wanted = {x for name, x in TIMED.items() if name in fields}
        of_equipment = {FACILITY_ENERGY, HOST, *WATER}
        wanted |= {tau} if not {*GRAMS, *COST, GPU_SECONDS, *of_equipment}.isdisjoint(fields) else set()
        wanted |= {E} if not {*GRAMS, *of_equipment}.isdisjoint(fields) else set()
        timed = self.panel.timed(
            where, batch, steps, quantities=[x for x in TIMED.values() if x in wanted],
            stages=not set(STAGE_GRAMS).isdisjoint(fields), fused=fused,
        )  # fmt: skip
        found = {NOTATION[x].field: self.panel.values[x][where] for x in (H, W, n_frames)}
        found |= {
            "batch": batch,
            "steps": steps,
            GPUS: np.full((1,) * np.ndim(where), self.panel.gpus),
            CACHE: np.full((1,) * np.ndim(where), self.panel.point.mode.cache),
            **{name: timed[x] for name, x in TIMED.items() if x in timed},
        }
        values = {**self.panel.values, **place}
        found |= grams(timed, batch, values, set(GRAMS) & set(fields), self.panel.accounting, fused=fused)
        if not of_equipment.isdisjoint(fields):
            found |= self._of_equipment(timed, values, fields)
        if OPERATIONAL_EACH in fields:
            found[OPERATIONAL_EACH] = found["operational_g"] / batch
        if MEMORY in fields:
            weights, alive = self.memory
            found[MEMORY] = (weights[where] + batch * alive[where]) / (self.panel.point.device.memory_gb or np.nan)
        if GPU_SECONDS in fields:
            found[GPU_SECONDS] = self.panel.gpus * timed[tau] / batch
        if self.price is not None and not set(COST).isdisjoint(fields):
            found["cost"] = timed[tau] * (self.panel.gpus * self.price / SECONDS_PER_HOUR)
            found["cost_per_output"] = found["cost"] / batch
        if ends:
            known = reaches(self.panel.at(where, batch, steps, place), tuple({*(COVERED[x] for x in ends), tau}))
            ways = {x: known.get(x, (np.nan, np.nan)) for x in (*COVERED.values(), tau)}
            for name in ends:
                below, above = ways[COVERED[name]]
                found |= {f"{name}_low": found[name] / np.exp(below), f"{name}_high": found[name] * np.exp(above)}
            if FACILITY_ENERGY in ends:  # with a host, its time and the accelerator's energy at their ends together
                for k, end in enumerate(("low", "high")):
                    there = {x: timed[x] * np.exp((2 * k - 1) * ways[x][k]) for x in (tau, E)}
                    found[f"{FACILITY_ENERGY}_{end}"] = self._of_equipment(there, values, ends)[FACILITY_ENERGY]
        return found

    @property
    def hosted(self) -> bool:
        """Whether the boundary counts the host."""
        return boundaries.drawn_by_host(self.panel.accounting) is not None

    def _of_equipment(
        self, timed: Mapping[Any, Array], values: Mapping[Symbol, Any], fields: Collection[str]
    ) -> dict[str, Array]:
        """Of these columns, those that follow from the energy of the equipment: kWh of the facility, the host, litres.

        The equipment is the accelerator, with its host where the boundary counts it; else the host is NaN.
        """
        equation = boundaries.drawn_by_host(self.panel.accounting)
        host = None if equation is None else equation({**values, tau: timed[tau], E: timed[E]})
        kwh = timed[E] if host is None else timed[E] + host
        found = {FACILITY_ENERGY: kwh * values[PUE]} if FACILITY_ENERGY in fields else {}
        if HOST in fields:
            grams = np.nan if host is None else boundaries.host_carbon({**values, E_host: host})
            found[HOST] = np.asarray(grams + 0.0 * timed[E])
        litres = zip(WATER, (water.on_site, water.off_site), strict=True)
        return found | {name: np.asarray(x({**values, E: kwh})) for name, x in litres if name in fields}

    def point(self, place: Sequence[NDArray[np.intp]]) -> OperatingPoint:
        """The operating point of rows, by their places on the five axes."""
        where = {x: values[place[4]] for x, values in self.places.items()}
        sizes = self.sizes[place[0], place[1]]
        return self.panel.at(sizes, self.batch[place[2]], self.steps[place[3]], where)

    def numbers(self, part: Sequence[slice]) -> NDArray[np.intp]:
        """The numbers that the rows of a part have in the whole grid."""
        places = np.ix_(*(np.arange(x.start, x.stop) for x in part))
        found: NDArray[np.intp] = self.first_row + np.ravel_multi_index(places, self.shape)
        return found

    def unknown(self, field: str) -> bool:
        """Whether a column is unknown on this accelerator, for every request."""
        first = np.argwhere(self.panel.fits[self.sizes])[0]
        one = [slice(k, k + 1) for k in (*first, 0, 0, 0)]
        return bool(np.isnan(self.evaluate(one, (field,))[field]).all())

    def words(self, facilities: NDArray[np.int32]) -> dict[str, Text]:
        """Columns of words, for these indices of facilities."""
        one = np.zeros((1,) * facilities.ndim, dtype=np.int32)
        found = {name: Text((word,), one) for name, word in self.panel.words.items()}
        return {**found, "datacenter": Text(tuple(x.id for x in self.facilities), facilities)}

    def fits(self, part: Sequence[slice]) -> NDArray[np.bool_]:
        """Which combinations of resolution and frames the model accepts."""
        return self.panel.fits[self.sizes[part[0], part[1]]][:, :, None, None, None]


def values_of(facilities: Sequence[Datacenter]) -> dict[Symbol, Array]:
    """PUE, intensity and water of facilities, as arrays; NaN where one says nothing of its water."""
    return {x: np.array([y.values.get(x, np.nan) for y in facilities]) for x in (PUE, I_grid, WUE, w_mix)}


def parts(shape: tuple[int, ...], rows: int) -> Iterator[tuple[slice, ...]]:
    """Cut axes into pieces of about ``rows`` elements or fewer, in row order.

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


Price = float | Mapping[str, float] | None
"""The price of an hour: one for all accelerators, or one for each by its name."""


def known_prices(price: Price, entries: Catalog) -> Price:
    """Prices by the catalogue's ids. A name that it lacks may be that of a calibration file, and stays as it is."""
    if not isinstance(price, Mapping):
        return price
    found: dict[str, float] = {}
    for name, amount in price.items():
        gpu = name
        with contextlib.suppress(InputError):
            gpu = entries.id_of("gpu", name)
        if gpu in found:
            raise InputError(f"price_per_hour: {gpu} has two prices; give one")
        found[gpu] = amount
    return found


def check_prices(price: Price, entries: Catalog, used: Collection[str]) -> None:
    """Raise `InputError` for a price of an accelerator that is neither in the catalogue nor in use."""
    for gpu in price if isinstance(price, Mapping) else ():
        if gpu not in used:
            try:
                entries.id_of("gpu", gpu)
            except InputError as error:
                raise InputError(f"price_per_hour: {error}") from None


def priced(price: Price, gpu: str) -> float | None:
    """The price of an hour on this accelerator; NaN if prices are given for others only."""
    if price is None or isinstance(price, float | int):
        return price
    named = (value for name, value in price.items() if stands_for("gpu", name, gpu))
    return price[gpu] if gpu in price else next(named, float("nan"))
