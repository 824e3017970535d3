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

from ..catalog.entries import Datacenter
from ..catalog.files import read_text
from ..catalog.loading import Catalog, load
from ..equations.notation import BY_FIELD, NOTATION, PUE, B, H, I_grid, S
from ..errors import InputError, nearest
from ..estimation.point import chosen_facility, merged, operating_point
from .block import CHUNK, Block, check_prices, priced
from .filters import Condition, kept
from .panel import Array, panel
from .table import COST, NUMBERS, TEXT, Columns, Text, chosen

SIZES = ("resolution", "height", "width", "frames", "guidance", "text_tokens")
NUMBER = {
    **{x: BY_FIELD[x] for x in ("height", "width", "frames", "guidance", "text_tokens", "batch", "steps")},
    "resolution": NOTATION[H], "pue": NOTATION[PUE], "grid": NOTATION[I_grid],
}  # fmt: skip
"""Columns of numbers, and what each may be."""
PLACE = ("datacenter", "pue", "grid")
KNOWN = ("model", *SIZES, "batch", "steps", "gpu", *PLACE)
SHARED = ("lifetime_years", "utilisation", "mu", "calibration", "efficiency", "embodied_boundary", "catalog")
"""Options that hold for the whole list; the columns but for the model may be options, too."""
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
        if name in NUMBER:
            try:
                found[name] = NUMBER[name].check(_number(text))
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
            except ValueError:
                raise InputError(f"{where}: {name} = {text[:40]!r} is not a number") from None
    if "model" not in found:
        raise InputError(f"{where}: model is empty")
    return found


def _number(text: str) -> float:
    if "_" in text or not text.isascii():  # which Python would read
        raise ValueError
    return float(text)


class RequestList:
    """Requests with their routes chosen: one row each, in the order of the list.

    ``options`` are those of `operating_point`; where a request has a value of its own, that one holds, a size, a
    facility or a law as a whole. ``source`` is the file that errors name. Raises `InputError` in one line.

    Examples
    --------
    >>> found = RequestList([{"model": "pixart-alpha", "batch": 1, "steps": 50}, {"model": "dit-xl-2-512"}])
    >>> [f"{x:.3f}" for x in found.table["total_g"]]
    ['0.584', '0.104']
    """

    def __init__(
        self,
        requests: Sequence[Request],
        price_per_hour: float | Mapping[str, float] | None = None,
        source: str | Path | None = None,
        **options: Any,
    ) -> None:
        requests, options = _with_defaults(requests, options)
        catalog = options.get("catalog")
        entries = catalog if isinstance(catalog, Catalog) else load(catalog)
        groups: dict[tuple[str, str | None], list[int]] = {}
        for number, request in enumerate(requests):
            groups.setdefault((request["model"], request.get("gpu")), []).append(number)
        row = "row" if source is None else f"{source}: row"
        places = [_place(entries, request, f"{row} {number}") for number, request in enumerate(requests, start=1)]
        numbers: dict[str, Array] = {name: np.full(len(requests), np.nan) for name in NUMBERS}
        words = {name: [""] * len(requests) for name in TEXT}
        notes: dict[str, None] = {}
        for (model, gpu), members in groups.items():
            block, where = _block(
                model, gpu, {k: requests[k] for k in members}, row, price_per_hour, options | {"catalog": entries}
            )
            one = block.panel
            notes |= dict.fromkeys(f"{one.point.model.id} on {one.point.device.id}: {note}" for note in one.notes)
            pue, grid = (np.array([places[k].values[x] for k in members]) for x in (PUE, I_grid))
            for part in (slice(k, k + CHUNK) for k in range(0, len(members), CHUNK)):
                columns = block.at(where[part], block.batch[part], block.steps[part], pue[part], grid[part])
                for name, column in columns.items():
                    numbers[name][members[part]] = column
            for k in members:
                said = (one.point.model.id, one.point.device.id, places[k].id, one.route)
                for name, word in zip(TEXT, said, strict=True):
                    words[name][k] = word
        check_prices(price_per_hour, entries, words["gpu"])
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


def _with_defaults(
    requests: Sequence[Request], options: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Requests in full, with the options that are columns of a list, and the other options."""
    columns = KNOWN[1:]
    for name in options:
        if name not in (*columns, *SHARED):
            raise InputError(f"option {name!r} is not one of a list{nearest(name, (*columns, *SHARED))}")
    given = {name: value for name, value in options.items() if value is not None}
    shared = {name: value for name, value in given.items() if name in columns}
    full = [merged(shared, {name: x for name, x in request.items() if x is not None}) for request in requests]
    return full, {name: value for name, value in given.items() if name not in columns}


def _place(entries: Catalog, request: Request, where: str) -> Datacenter:
    try:
        return chosen_facility(entries, *(request.get(name) for name in PLACE))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _block(
    model: str, gpu: str | None, members: Mapping[int, Request], row: str, price: Any, options: Mapping[str, Any]
) -> tuple[Block, Any]:
    """The requests of one model on one accelerator: what computes them, and the size of each."""
    distinct: dict[tuple[Any, ...], int] = {}
    requests = list(members.values())
    where = [distinct.setdefault(tuple(x.get(name) for name in SIZES), len(distinct)) for x in requests]
    sizes = [_given(dict(zip(SIZES, size, strict=True))) for size in distinct]
    shared = {**options, "gpu": gpu, "steps": max((x["steps"] for x in requests if "steps" in x), default=None)}
    try:
        one = panel(model, sizes, [x.get("batch") for x in requests], **shared)
    except InputError as error:
        raise InputError(f"{row} {_refused(members, options, error)}") from None
    release = one.point.model.request
    batch, steps = (np.array([float(x.get(y, release[z])) for x in requests]) for y, z in (("batch", B), ("steps", S)))
    return Block(one, np.array(where)[:, None], batch, steps, (), priced(price, one.point.device.id), 0), np.array(
        where
    )


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _refused(members: Mapping[int, Request], options: Mapping[str, Any], error: InputError) -> str:
    """The first of these requests that is refused by itself, and why; all of them, if none is."""
    for k, request in members.items():
        try:
            operating_point(**{**options, **request})
        except InputError as own:
            return f"{k + 1}: {own}"
    return f"{next(iter(members)) + 1}{' and others' if len(members) > 1 else ''}: {error}"
