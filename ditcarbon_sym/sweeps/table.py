"""Tables of a sweep: a row for each request, stored column by column."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog.entries import Datacenter
from ..equations.notation import NOTATION, WUE, C_host, C_op, C_total, E, F_total, P, V_mix, V_site, mu, tau, w_mix
from .panel import GRAMS

SPLIT, GPUS = "split", "gpus"
"""Columns of several accelerators: how they split a request, and their number."""
_WORDS = ("software", "attention", "precision")
CACHE = "cache"
MODES = (*_WORDS, CACHE)
"""Columns of how a request runs: the software, the attention kernel, the format, and the part of steps skipped."""
TEXT = ("model", "gpu", "datacenter", "route", SPLIT, *_WORDS)
REQUEST = ("height", "width", "frames", "batch", "steps", GPUS)
TIMED = {NOTATION[P].field: P, "flops": F_total, NOTATION[mu].field: mu, NOTATION[tau].field: tau, NOTATION[E].field: E}
STAGE_GRAMS = ("text_g", "denoiser_g", "vae_g")
COST = ("cost", "cost_per_output")
FACILITY_ENERGY = "facility_energy_kwh"
"""Energy with PUE, of which ``operational_g`` are the grams, with ``host_g`` where the boundary counts the host;
``energy_kwh`` is the accelerator's, without PUE.
"""
HOST = NOTATION[C_host].field
WATER = (NOTATION[V_site].field, NOTATION[V_mix].field)
"""Columns that are there if the boundary counts the host, and if a place says something of water."""
OPERATIONAL_EACH = "operational_per_output_g"
GPU_SECONDS = "gpu_s_per_output"
"""Accelerator-seconds that an output takes: replicas that share n accelerators make n over this outputs a second."""
MEMORY = "memory_share"
"""The denoiser's weights at 16 bits over the accelerator's memory. Above one they do not fit."""
NUMBERS = (
    *REQUEST, CACHE, *TIMED, FACILITY_ENERGY, *GRAMS, HOST, OPERATIONAL_EACH, *WATER, MEMORY, GPU_SECONDS, *COST,
)  # fmt: skip
"""Columns of numbers, in order. Those of cost are there if a price is given."""


def hidden(asked: Collection[str]) -> set[str]:
    """Return the columns of several accelerators and of modes that are left out, by the options that are given.

    >>> sorted(hidden({"gpus", "software"}))
    ['attention', 'cache', 'precision']
    """
    several = set() if {GPUS, SPLIT} & {*asked} else {GPUS, SPLIT, GPU_SECONDS}
    return several | (set() if "preset" in asked else {*MODES} - {*asked})


def numbers_of(asked: Collection[str], *, priced: bool, host: bool, places: Iterable[Datacenter]) -> tuple[str, ...]:
    """Return the columns of numbers of a table: cost if there is a price, the host and water if there are any."""
    out = hidden(asked) | (set() if priced else {*COST}) | (set() if host else {HOST})
    dry = all({WUE, w_mix}.isdisjoint(x.values) for x in places)
    return tuple(x for x in NUMBERS if x not in (out | {*WATER} if dry else out))


COVERED = {
    "time_s": tau, "energy_kwh": E, FACILITY_ENERGY: E, "operational_g": C_op, "total_g": C_total,
    "per_output_g": C_total,
}  # fmt: skip
"""Columns that can have their interval beside them, and the quantity that each is a fixed multiple of."""
INTERVALS = tuple(f"{name}_{end}" for name in COVERED for end in ("low", "high"))
"""Columns of the ends of intervals, which are there if asked for."""
ROW = "row"
"""The column of the numbers of rows, by which they are found again."""
RANK, DOUBTFUL = "rank", "doubtful"
"""The columns that a ranking and a front add."""


@dataclass(frozen=True)
class Text:
    """A column of words: the distinct ``names``, and for every row the index of its name."""

    names: tuple[str, ...]
    codes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def of(cls, words: Sequence[str]) -> "Text":
        """Make a column of words."""
        places = {word: k for k, word in enumerate(dict.fromkeys(words))}
        return cls(tuple(places), np.array([places[word] for word in words], dtype=np.int32))

    def words(self) -> list[str]:
        """The word of every row."""
        return [self.names[code] for code in self.codes]


Columns = Mapping[str, Any]
"""Column name -> array of numbers or `Text`, all of one length."""


def rows_in_order(column: Any, shape: tuple[int, ...], keep: NDArray[np.bool_] | None) -> Any:
    """Return a column over a grid of this shape as rows, in the grid's order, or those to keep."""
    array = column.codes if isinstance(column, Text) else column
    full = np.broadcast_to(array, shape)
    flat = full.reshape(-1) if keep is None else full[keep]
    return Text(column.names, flat) if isinstance(column, Text) else flat


def joined(tables: Sequence[Columns]) -> dict[str, Any]:
    """Put tables with the same columns below each other."""
    found: dict[str, Any] = {}
    for name, first in tables[0].items():
        columns = [table[name] for table in tables]
        if isinstance(first, Text):
            names = tuple(dict.fromkeys(word for column in columns for word in column.names))
            place = {word: k for k, word in enumerate(names)}
            codes = [
                np.array([place[word] for word in column.names], dtype=np.int32)[column.codes] for column in columns
            ]
            found[name] = Text(names, np.concatenate(codes))
        else:
            found[name] = np.concatenate(columns)
    return found


def chosen(table: Columns, rows: Any) -> dict[str, Any]:
    """Take some rows of a table, by index or by mask."""
    return {
        name: Text(column.names, column.codes[rows]) if isinstance(column, Text) else column[rows]
        for name, column in table.items()
    }
