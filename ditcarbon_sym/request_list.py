"""A list of requests instead of a grid: a CSV file, one request a line, in the columns of a sweep.

Columns: ``model``, and of ``resolution`` or ``height`` and ``width``, ``frames``, ``batch``, ``steps``, ``guidance``,
``text_tokens``, ``gpu``, ``datacenter`` or ``pue`` and ``grid`` those that are needed; an empty cell is the default.
All requests of a model on an accelerator share one route.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .catalog import Catalog, Datacenter, load
from .files import read_text
from .filters import Condition, kept
from .notation import BY_FIELD, NOTATION, PUE, B, H, I_grid, InputError, S
from .operating import chosen_facility
from .panel import Array, panel
from .sweep import Block, priced
from .table import COST, NUMBERS, TEXT, Columns, Text, chosen

SIZES = ("resolution", "height", "width", "frames", "guidance", "text_tokens")
WHOLE = {**{x: BY_FIELD[x] for x in (*SIZES[1:4], *SIZES[5:], "batch", "steps")}, "resolution": NOTATION[H]}
KNOWN = ("model", *SIZES, "batch", "steps", "gpu", "datacenter", "pue", "grid")
Request = Mapping[str, Any]


def read_requests(path: str | Path) -> list[dict[str, Any]]:
    """Read a list of requests; raises `InputError` naming file, row and column."""
    path = Path(path)
    try:
        lines = [line for line in read_text(path, "CSV").splitlines() if not line.startswith("#")]
        reader = csv.DictReader(lines, strict=True)
        header = list(reader.fieldnames or [])
        records = list(reader)
    except csv.Error as error:
        raise InputError(f"{path}: not valid CSV: {error}") from None
    if "model" not in header:
        raise InputError(f"{path}: no column 'model'; expected some of {', '.join(KNOWN)}, found {', '.join(header)}")
    unknown = [name for name in header if name not in KNOWN]
    if unknown or len(set(header)) != len(header):
        said = f"unknown column {unknown[0]!r}" if unknown else "a column name stands twice"
        raise InputError(f"{path}: {said}; expected some of {', '.join(KNOWN)}")
    if not records:
        raise InputError(f"{path}: no rows below the header")
    return [_request(f"{path}: row {number}", record) for number, record in enumerate(records, start=1)]


def _request(where: str, record: Mapping[str | None, Any]) -> dict[str, Any]:
    if None in record or None in record.values():
        raise InputError(f"{where}: has more or fewer cells than the header")
    found: dict[str, Any] = {}
    for name, text in record.items():
        if name is None or not text.strip():
            continue
        found[name] = text.strip()
        if name in WHOLE or name in ("guidance", "pue", "grid"):
            notation = WHOLE.get(name) or {"pue": NOTATION[PUE], "grid": NOTATION[I_grid]}.get(
                name, BY_FIELD["guidance"]
            )
            try:
                found[name] = notation.check(float(text))
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
            except ValueError:
                raise InputError(f"{where}: {name} = {text[:40]!r} is not a number") from None
    if "model" not in found:
        raise InputError(f"{where}: model is empty")
    return found


class RequestList:
    """Requests with their routes chosen: one row each, in the order of the list.

    Examples
    --------
    >>> found = RequestList([{"model": "pixart-alpha", "batch": 1, "steps": 50}, {"model": "dit-xl-2-512"}])
    >>> [f"{x:.3f}" for x in found.table["total_g"]]
    ['0.559', '0.090']
    """

    def __init__(
        self, requests: Sequence[Request], price_per_hour: float | Mapping[str, float] | None = None, **options: Any
    ) -> None:
        catalog = options.get("catalog")
        entries = catalog if isinstance(catalog, Catalog) else load(catalog)
        groups: dict[tuple[str, str | None], list[int]] = {}
        for number, request in enumerate(requests):
            groups.setdefault((request["model"], request.get("gpu")), []).append(number)
        places = [_place(entries, request, number) for number, request in enumerate(requests, start=1)]
        numbers: dict[str, Array] = {name: np.full(len(requests), np.nan) for name in NUMBERS}
        words = {name: [""] * len(requests) for name in TEXT}
        notes: dict[str, None] = {}
        for (model, gpu), members in groups.items():
            block, where = _block(
                model, gpu, [requests[k] for k in members], members, price_per_hour, options | {"catalog": entries}
            )
            one = block.panel
            notes |= dict.fromkeys(f"{one.point.model.id} on {one.point.device.id}: {note}" for note in one.notes)
            pue, grid = (np.array([places[k].values[x] for k in members]) for x in (PUE, I_grid))
            for name, column in block.at(where, block.batch, block.steps, pue, grid).items():
                numbers[name][members] = column
            for k in members:
                row = (one.point.model.id, one.point.device.id, places[k].id, one.route)
                for name, word in zip(TEXT, row, strict=True):
                    words[name][k] = word
        self.notes = tuple(notes)
        shown = [x for x in NUMBERS if x not in COST or price_per_hour is not None]
        self.table: dict[str, Any] = {
            **{name: Text.of(column) for name, column in words.items()}, **{name: numbers[name] for name in shown},
        }  # fmt: skip
        self.columns = tuple(self.table)

    def __len__(self) -> int:
        return len(self.table["batch"])

    def routes(self) -> dict[tuple[str, str], str]:
        """The route of every (model, gpu)."""
        words = [self.table[name].words() for name in ("model", "gpu", "route")]
        return {(model, gpu): route for model, gpu, route in zip(*words, strict=True)}

    def chunks(self, where: Sequence[Condition] = ()) -> Iterator[tuple[int, Columns]]:
        """All rows that pass the filter, at once."""
        keep = np.flatnonzero(np.broadcast_to(kept(where, self.table), len(self)))
        yield len(self), chosen(self.table, keep)

    def top(self, number: int, by: str, where: Sequence[Condition] = (), *, largest: bool = False) -> Columns:
        """The rows with the smallest (or largest) values of a column, best first."""
        values = self.table[by] * (-1.0 if largest else 1.0)
        keep = np.flatnonzero(np.broadcast_to(kept(where, self.table), len(self)) & ~np.isnan(values))
        return chosen(self.table, keep[np.argsort(values[keep], kind="stable")[:number]])


def _place(entries: Catalog, request: Request, number: int) -> Datacenter:
    try:
        return chosen_facility(entries, request.get("datacenter"), request.get("pue"), request.get("grid"))
    except InputError as error:
        raise InputError(f"row {number}: {error}") from None


def _block(
    model: str,
    gpu: str | None,
    requests: Sequence[Request],
    rows: Sequence[int],
    price: Any,
    options: Mapping[str, Any],
) -> tuple[Block, Any]:
    """The requests of one model on one accelerator: what computes them, and the size of each."""
    distinct: dict[tuple[Any, ...], int] = {}
    where = [distinct.setdefault(tuple(x.get(name) for name in SIZES), len(distinct)) for x in requests]
    sizes = [dict(zip(SIZES, size, strict=True)) for size in distinct]
    shared = {**options, "gpu": gpu, "steps": max((x["steps"] for x in requests if "steps" in x), default=None)}
    try:
        one = panel(model, sizes, [x.get("batch") for x in requests], **shared)
    except InputError as error:
        raise InputError(f"row {rows[0] + 1}{' and others' if len(rows) > 1 else ''}: {error}") from None
    release = one.point.model.request
    batch, steps = (np.array([float(x.get(y, release[z])) for x in requests]) for y, z in (("batch", B), ("steps", S)))
    return Block(one, np.array(where)[:, None], batch, steps, (), priced(price, one.point.device.id), 0), np.array(
        where
    )
