"""A list of requests instead of a grid: a CSV file with one request a line.

The column ``model`` is needed. The others are ``resolution`` (or ``height`` and ``width``), ``frames``, ``batch``,
``steps``, ``guidance``, ``text_tokens``, ``references``, ``gpu``, ``gpus``, ``split``, the options of a mode
(``software``, ``precision`` ...) and ``datacenter`` (or ``pue`` and ``grid``); an empty cell is the default. All
requests of a model on an accelerator in a mode share one route.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog.csv_table import number as number_in, read_table
from ..catalog.entries import Datacenter, Gpu
from ..catalog.loading import Catalog, load
from ..display import Shown
from ..equations.notation import BY_FIELD, NOTATION, PUE, B, H, I_grid, S, c_skip, gamma_g
from ..equations.parallel.symbols import n_gpu
from ..errors import InputError, nearest
from ..estimation.footprint.boundaries import WITH_HOST
from ..estimation.modes.asked import OPTIONS, usual_steps
from ..estimation.point import OperatingPoint, chosen_facility, counted_alike, merged, operating_point
from .block import CHUNK, Block, Price, check_prices, known_prices, priced, values_of
from .filters import Condition, kept
from .panel import Array, panel
from .table import GPUS, INTERVALS, ROW, SPLIT, TEXT, Columns, Text, chosen, hidden, numbers_of

SIZES = ("resolution", "height", "width", "frames", "guidance", "text_tokens", "references")
RANGES = {
    **{x: BY_FIELD[x] for x in (*SIZES[1:], "batch", "steps")},
    "resolution": NOTATION[H], GPUS: NOTATION[n_gpu], "pue": NOTATION[PUE], "grid": NOTATION[I_grid],
    "cache": replace(NOTATION[c_skip], field="cache"),
    "guidance_steps": replace(NOTATION[gamma_g], field="guidance_steps"),
}  # fmt: skip
"""Columns of numbers, each with the range that it may have."""
PLACE = ("datacenter", "pue", "grid")
DEVICE = ("gpu", GPUS, SPLIT, *OPTIONS)
"""Columns of what a request runs on, and how; requests that agree in them share a route."""
KNOWN = ("model", *SIZES, "batch", "steps", *DEVICE, *PLACE)
SHARED = ("method", "boundary", "lifetime_years", "utilisation", "mu", "calibration", "efficiency", "embodied_boundary",
          "catalog")  # fmt: skip
"""Options that hold for the whole list. All columns except the model may be options, too."""
Request = Mapping[str, Any]


def read_requests(path: str | Path) -> list[dict[str, Any]]:
    r"""Read a list of requests from a CSV file; raises `InputError` naming file, row and column.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "requests.csv"
    ...     _ = path.write_text("model,steps\npixart-alpha,20\n")
    ...     read_requests(path)
    [{'model': 'pixart-alpha', 'steps': 20.0}]
    """
    path = Path(path)
    table = read_table(path)
    header = table.columns
    if "model" not in header:
        raise InputError(f"{path}: no column 'model'; expected some of {', '.join(KNOWN)}, found {', '.join(header)}")
    unknown = [name for name in header if name not in KNOWN]
    if unknown:
        raise InputError(f"{path}: unknown column {unknown[0]!r}; expected some of {', '.join(KNOWN)}")
    records = table.rows()
    if not records:
        raise InputError(f"{path}: no rows below the header")
    return [_request(f"{path}: row {number}", record) for number, record in enumerate(records, start=1)]


def _request(where: str, record: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: text for name, text in record.items() if text}
    for name in [x for x in found if x in RANGES]:
        try:
            found[name] = RANGES[name].check(number_in(found[name]))
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        except ValueError as error:
            raise InputError(f"{where}: {name} = {error}") from None
    if "model" not in found:
        raise InputError(f"{where}: model is empty")
    return found


class RequestList(Shown):
    """A list of requests whose routes are chosen: one row for each request, in the order of the list.

    ``options`` are those of `operating_point` and hold where a request does not say otherwise; its own size, facility
    or law replaces the shared one as a whole. Errors name the file ``source``. With ``intervals``, columns with the
    ends of 90 % intervals stand beside time, energy and carbon. Raises `InputError` in one line.

    Examples
    --------
    >>> found = RequestList([{"model": "pixart-alpha", "batch": 1, "steps": 50}, {"model": "dit-xl-2-512"}])
    >>> [f"{x:.3f}" for x in found.table["total_g"]]
    ['0.584', '0.104']
    """

    def __init__(
        self,
        requests: Sequence[Request],
        price_per_hour: Price = None,
        source: str | Path | None = None,
        intervals: bool = False,
        **options: Any,
    ) -> None:
        requests, options = _with_defaults(requests, options)
        catalog = options.get("catalog")
        entries = catalog if isinstance(catalog, Catalog) else load(catalog)
        price_per_hour = known_prices(price_per_hour, entries)
        groups: dict[tuple[Any, ...], list[int]] = {}
        for number, request in enumerate(requests):
            groups.setdefault((request["model"], *(request.get(x) for x in DEVICE)), []).append(number)
        given = {name for request in requests for name in request}
        row = "row" if source is None else f"{source}: row"
        method = options.pop("method", None)
        places = [_place(entries, request, f"{row} {k}", method) for k, request in enumerate(requests, start=1)]
        alike, told = counted_alike(
            entries, [options | dict(zip(DEVICE, device, strict=True)) for _, *device in groups]
        )
        self.boundary: str | None = alike[0].get("boundary") if alike else None
        options["boundary"] = self.boundary
        host = any(x.get("boundary") in WITH_HOST for x in alike)
        shown = numbers_of(given, priced=price_per_hour is not None, host=host, places=places)
        shown = (*shown, *INTERVALS) if intervals else shown
        numbers: dict[str, Array] = {name: np.full(len(requests), np.nan) for name in shown}
        self._members: list[tuple[NDArray[np.intp], Any]] = []
        words = {name: [""] * len(requests) for name in TEXT if name not in hidden(given)}
        notes = dict.fromkeys((*told, *(note for x in places for note in x.notes)))
        for (model, *device), members in groups.items():
            own = options | {"catalog": entries, **dict(zip(DEVICE, device, strict=True))}
            block, where = _block(model, {k: requests[k] for k in members}, row, price_per_hour, own)
            one = block.panel
            notes |= dict.fromkeys(f"{one.point.model.id} on {one.point.device.id}: {note}" for note in one.notes)
            there = values_of([places[k] for k in members])
            for part in (slice(k, k + CHUNK) for k in range(0, len(members), CHUNK)):
                place = {x: values[part] for x, values in there.items()}
                columns = block.at(where[part], block.batch[part], block.steps[part], place, shown)
                for name in numbers.keys() & columns.keys():
                    numbers[name][members[part]] = columns[name]
            self._members.append((np.array(members), (one, where, block.batch, block.steps, there)))
            for k in members:
                said = {**one.words, "datacenter": places[k].id}
                for name in words:
                    words[name][k] = said[name]
        check_prices(price_per_hour, entries, words["gpu"])
        self.notes = tuple(notes)
        self.table: dict[str, Any] = {
            **{name: Text.of(column) for name, column in words.items()}, **{name: numbers[name] for name in shown},
        }  # fmt: skip
        self.columns = tuple(self.table)

    def __len__(self) -> int:
        return len(self.table["batch"])

    def devices(self) -> list[Gpu]:
        """The accelerators."""
        return [one.point.device for _, (one, *_) in self._members]

    def routes(self) -> dict[tuple[str, str], str]:
        """The route of each (model, gpu)."""
        words = [self.table[name].words() for name in ("model", "gpu", "route")]
        return {(model, gpu): route for model, gpu, route in zip(*words, strict=True)}

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the columns of numbers."""
        return tuple(x for x in self.columns if x not in TEXT)

    def chunks(self, where: Sequence[Condition] = (), *, numbered: bool = False) -> Iterator[tuple[int, Columns]]:
        """Yield the number of rows, and those that pass the filter, all at once."""
        keep = self.rows(where)
        yield len(self), chosen(self.table, keep) | ({ROW: keep} if numbered else {})

    def rows(self, where: Sequence[Condition]) -> NDArray[np.intp]:
        """The numbers of the rows that pass a filter."""
        return np.flatnonzero(np.broadcast_to(kept(where, self.table), len(self)))

    def top(self, number: int, by: str, where: Sequence[Condition] = (), *, largest: bool = False) -> NDArray[np.intp]:
        """Return the numbers of the rows with the smallest (or largest) values of a column, best first."""
        values = self.table[by] * (-1.0 if largest else 1.0)
        keep = self.rows(where)
        keep = keep[~np.isnan(values[keep])]
        best: NDArray[np.intp] = keep[np.argsort(values[keep], kind="stable")[:number]]
        return best

    def located(self, numbers: NDArray[np.intp]) -> list[tuple[NDArray[np.intp], OperatingPoint]]:
        """Rows by their numbers: for each model on an accelerator, which of them, and their operating points."""
        found = []
        for members, (one, *arrays, there) in self._members:
            rows = np.flatnonzero(np.isin(numbers, members))
            if len(rows):
                places = np.searchsorted(members, numbers[rows])
                at = {x: values[places] for x, values in there.items()}
                found.append((rows, one.at(*(x[places] for x in arrays), at)))
        return found


def _with_defaults(
    requests: Sequence[Request], options: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the requests with the shared columns filled in, and the other options."""
    columns = KNOWN[1:]
    for name in options:
        if name not in (*columns, *SHARED):
            raise InputError(f"option {name!r} is not one of a list{nearest(name, (*columns, *SHARED))}")
    given = {name: value for name, value in options.items() if value is not None}
    shared = {name: value for name, value in given.items() if name in columns}
    full = [merged(shared, {name: x for name, x in request.items() if x is not None}) for request in requests]
    return full, {name: value for name, value in given.items() if name not in columns}


def _place(entries: Catalog, request: Request, where: str, method: str | None) -> Datacenter:
    try:
        return chosen_facility(entries, request.get("datacenter"), request.get("pue"), request.get("grid"), method)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _block(
    model: str, members: Mapping[int, Request], row: str, price: Price, options: Mapping[str, Any]
) -> tuple[Block, Any]:
    """Return the block of one model on one accelerator, and the index of each request's size in it."""
    distinct: dict[tuple[Any, ...], int] = {}
    requests = list(members.values())
    where = [distinct.setdefault(tuple(x.get(name) for name in SIZES), len(distinct)) for x in requests]
    sizes = [_given(dict(zip(SIZES, size, strict=True))) for size in distinct]
    shared = {**options, "steps": max((x["steps"] for x in requests if "steps" in x), default=None)}
    try:
        one = panel(model, sizes, [x.get("batch") for x in requests], **shared)
    except InputError as error:
        raise InputError(f"{row} {_refused(members, options, error)}") from None
    release = {**one.point.model.request, S: usual_steps(one.point.model, options.get("preset"))}
    batch, steps = (np.array([float(x.get(y, release[z])) for x in requests]) for y, z in (("batch", B), ("steps", S)))
    return Block(one, np.array(where)[:, None], batch, steps, (), priced(price, one.point.device.id), 0), np.array(
        where
    )


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _refused(members: Mapping[int, Request], options: Mapping[str, Any], error: InputError) -> str:
    """Name the first of these requests that is refused by itself, with its error; else the first and others."""
    for k, request in members.items():
        try:
            operating_point(**{**options, **request})
        except InputError as own:
            return f"{k + 1}: {own}"
    return f"{next(iter(members)) + 1}{' and others' if len(members) > 1 else ''}: {error}"
