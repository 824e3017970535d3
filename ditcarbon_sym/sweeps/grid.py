"""A grid of requests: the product of axes for models, accelerators, sizes, batches, steps and facilities.

Each quantity is computed on the axes that it depends on (`panel`). Rows stream in chunks; arrays are made if asked for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog.entries import Datacenter, Gpu
from ..catalog.loading import Catalog, load
from ..display import Shown
from ..equations.notation import NOTATION, B, S
from ..errors import InputError, imported
from ..estimation.modes.asked import usual_steps
from ..estimation.point import OperatingPoint, chosen_facility, counted_alike
from .block import CHUNK, Block, Price, check_prices, known_prices, parts, priced
from .filters import Condition, kept
from .panel import Array, panel
from .table import CACHE, GPUS, INTERVALS, MODES, REQUEST, ROW, TEXT, Columns, Text, hidden, numbers_of, rows_in_order

AXES = ("model", "gpu", "resolution", "frames", "batch", "steps", "datacenter")
KINDS = (GPUS, *MODES)
"""Axes that stand behind "gpu" where they are asked for."""
Piece = tuple[Block, tuple[slice, ...]]


@dataclass(frozen=True)
class Grid:
    """The axes of a sweep. None on an axis means each model's release, or the paper's setting.

    ``resolution`` holds (height, width) in pixels; ``datacenter`` holds ids, or pairs of PUE and grid intensity
    (gCO2eq/kWh). ``options`` are options of `operating_point` for all requests. ``price_per_hour`` is one price, or a
    price for each ``gpu``. ``gpus`` are numbers of accelerators that share each request, split as ``options`` say or so
    that it takes least time. With ``skip``, requests that a model does not accept are left out instead of refused. With
    ``intervals``, columns with the ends of 90 % intervals stand beside time, energy and carbon. The rest are modes.

    >>> Grid(("pixart-alpha",), batch=(1, 2, 4), steps=(20, 50)).shape
    (1, 1, 1, 1, 3, 2, 1)
    """

    model: tuple[str, ...]
    resolution: tuple[tuple[int, int] | None, ...] = (None,)
    frames: tuple[int | None, ...] = (None,)
    batch: tuple[int | None, ...] = (None,)
    steps: tuple[int | None, ...] = (None,)
    gpu: tuple[str | None, ...] = (None,)
    datacenter: tuple[str | tuple[float, float] | None, ...] = (None,)
    options: Mapping[str, Any] = field(default_factory=dict)
    price_per_hour: Price = None
    skip: bool = False
    intervals: bool = False
    gpus: tuple[int | None, ...] = (None,)
    software: tuple[str | None, ...] = (None,)
    attention: tuple[str | None, ...] = (None,)
    precision: tuple[str | None, ...] = (None,)
    cache: tuple[float | None, ...] = (None,)

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes, in the order of ``axes``."""
        return tuple(len(getattr(self, axis)) for axis in self.axes)

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes: `AXES`, with those of `KINDS` that are asked for behind "gpu"."""
        return (*AXES[:2], *(x for x in KINDS if getattr(self, x) != (None,)), *AXES[2:])

    @property
    def asked(self) -> set[str]:
        """The axes and options that are given."""
        return {*self.axes, *(name for name, value in self.options.items() if value is not None)}


class Sweep(Shown):
    """A grid whose routes are chosen. It gives rows in chunks, or arrays with named axes.

    Examples
    --------
    >>> found = sweep(Grid(("pixart-alpha",), resolution=((512, 512), (1024, 1024)), batch=(1, 4), steps=(50,)))
    >>> found.array("per_output_g").round(3)[0, 0, :, 0, :, 0, 0]
    array([[0.119, 0.095],
           [0.584, 0.584]])
    """

    def __init__(self, grid: Grid, blocks: Sequence[Block], notes: tuple[str, ...]) -> None:
        self.grid, self.blocks, self.notes = grid, tuple(blocks), notes

    def __len__(self) -> int:
        return prod(self.grid.shape)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return (*(name for name in TEXT if name not in hidden(self.grid.asked)), *self.numbers)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the columns of numbers."""
        priced, host = (any(x) for x in zip(*((y.price is not None, y.hosted) for y in self.blocks), strict=True))
        names = numbers_of(self.grid.asked, priced=priced, host=host, places=self.blocks[0].facilities)
        return (*names, *INTERVALS) if self.grid.intervals else names

    def devices(self) -> list[Gpu]:
        """The accelerators."""
        return [x.panel.point.device for x in self.blocks]

    def routes(self) -> dict[tuple[str, str], str]:
        """The route of each (model, gpu)."""
        return {(x.panel.point.model.id, x.panel.point.device.id): x.panel.route for x in self.blocks}

    def pieces(self, rows: int = CHUNK) -> Iterator[Piece]:
        """What is computed at once, in the order of the rows: about so many of them, of one model and accelerator."""
        return ((block, part) for block in self.blocks for part in parts(block.shape, rows))

    def chunks(
        self,
        where: Sequence[Condition] = (),
        *,
        rows: int = CHUNK,
        fused: bool | None = None,
        numbered: bool = False,
        pieces: Iterable[Piece] | None = None,
    ) -> Iterator[tuple[int, Columns]]:
        """Yield some thousands of rows at a time, in the order of the axes: how many were computed, and those kept.

        ``fused`` evaluates in one compiled loop (extra ``fast``). By default it does where that is installed and the
        rows repay the compilation. ``numbered`` adds a column with the numbers of the rows in the grid. ``pieces`` are
        some of the grid's, where not all are wanted.
        """
        for block, part in self.pieces(rows) if pieces is None else pieces:
            shape = tuple(x.stop - x.start for x in part)
            fuse = block.panel.fused_pays(prod(block.shape)) if fused is None else fused
            columns = self._columns(block, part, fused=fuse)
            columns |= {ROW: block.numbers(part)} if numbered else {}
            keep = np.broadcast_to(kept(where, columns) & block.fits(part), shape)
            chosen = None if keep.all() else keep
            yield keep.size, {name: rows_in_order(column, shape, chosen) for name, column in columns.items()}

    def _columns(self, block: Block, part: Sequence[slice], *, fused: bool = False) -> dict[str, Any]:
        codes = np.arange(part[4].start, part[4].stop, dtype=np.int32)
        numbers = block.evaluate(part, self.numbers, fused=fused)
        words = {name: x for name, x in block.words(codes).items() if name in self.columns}
        return {**words, **{name: numbers[name] for name in self.numbers if name in numbers}}

    def located(self, numbers: NDArray[np.intp]) -> list[tuple[NDArray[np.intp], OperatingPoint]]:
        """Rows by their numbers in the grid: for each model on an accelerator, which of them, and their arrays."""
        index = np.searchsorted([block.first_row for block in self.blocks], numbers, side="right") - 1
        found = []
        for k in np.unique(index):
            rows, block = np.flatnonzero(index == k), self.blocks[k]
            found.append((rows, block.point(np.unravel_index(numbers[rows] - block.first_row, block.shape))))
        return found

    def array(self, name: str) -> Array:
        """One column as an array over the grid's axes; NaN where it is unknown or the request is not taken."""
        if name not in self.numbers:
            raise InputError(f"unknown column {name!r}; expected one of {', '.join(self.numbers)}")
        found = np.full(self.grid.shape, np.nan)
        flat = found.reshape(-1, *self.grid.shape[-5:])
        for block in self.blocks:
            everything = [slice(0, length) for length in block.shape]
            place = block.first_row // prod(block.shape)
            flat[place] = np.where(block.fits(everything), block.evaluate(everything, (name,))[name], np.nan)
        return found

    def coordinates(self) -> dict[str, list[Any]]:
        """The values along each of the `AXES`, as asked for; words where they are not numbers."""
        return {axis: [_label(axis, x) for x in getattr(self.grid, axis)] for axis in self.grid.axes}

    def to_xarray(self) -> Any:
        """Every column of numbers as an ``xarray.Dataset`` over named axes; raises `InputError` without xarray."""
        xarray = imported("xarray", "tables", "a data set")
        names = [name for name in self.numbers if name not in REQUEST]
        return xarray.Dataset({name: (self.grid.axes, self.array(name)) for name in names}, self.coordinates())

    def to_pandas(self, where: Sequence[Condition] = ()) -> Any:
        """All rows as a ``pandas.DataFrame``, one for each request; raises `InputError` without pandas."""
        pandas = imported("pandas", "tables", "a data frame")
        frames = [
            pandas.DataFrame(
                {
                    name: pandas.Categorical.from_codes(column.codes, list(column.names))
                    if isinstance(column, Text)
                    else column
                    for name, column in columns.items()
                }
            )
            for _, columns in self.chunks(where)
        ]
        joined = pandas.concat(
            [frame.astype({x: str for x in TEXT if x in frame}) for frame in frames], ignore_index=True
        )
        kinds = {**dict.fromkeys(TEXT, "category"), **dict.fromkeys(REQUEST, "int64")}
        return joined.astype({name: kind for name, kind in kinds.items() if name in joined})


def _label(axis: str, value: Any) -> Any:
    if value is None:
        return "default"
    if axis == "resolution":
        return "x".join(str(side) for side in value)
    return f"pue={value[0]:g} grid={value[1]:g}" if isinstance(value, tuple) else value


def sweep(grid: Grid) -> Sweep:
    """Choose the routes of a grid, check its requests, and return the sweep.

    Raises `InputError` in one line for a request that has no valid answer.

    >>> len(sweep(Grid(("pixart-alpha", "sd3-medium"), batch=(1, 2, 4))))
    6
    """
    catalog = grid.options.get("catalog")
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    options = {**grid.options, "catalog": entries}
    for axis in grid.axes:
        if not getattr(grid, axis):
            raise InputError(f"{axis}: nothing to sweep over")
    for name in (*AXES, GPUS, "height", "width", "pue", "grid", *(x for x in grid.axes if x in MODES)):
        if options.get(name) is not None:
            raise InputError(f"options: {name} = {options[name]!r} is not an option of a grid; give it as an axis")
    _check_distinct("model", [entries.model(name).id for name in grid.model])
    _check_distinct("gpu", [entries.gpu(name).id for name in grid.gpu if name is not None])
    price = known_prices(grid.price_per_hour, entries)
    method = options.pop("method", None)
    facilities = tuple(_facility(entries, x, method) for x in grid.datacenter)
    asked = [_size(*x) for x in product(grid.resolution, grid.frames)]
    alike, told = counted_alike(entries, [{**options, "gpu": gpu} for gpu in grid.gpu])
    options["boundary"] = alike[0].get("boundary")
    blocks, notes = [], dict.fromkeys((*told, *(note for x in facilities for note in x.notes)))
    shape = (len(grid.resolution), len(grid.frames))
    given = [int(NOTATION[S].check(x)) for x in grid.steps if x is not None]
    most = max(given, default=None)  # the warnings are about these
    kinds = [x for x in grid.axes if x in KINDS]
    each = product(grid.model, grid.gpu, product(*(getattr(grid, x) for x in kinds)))
    for number, (model, gpu, values) in enumerate(each):
        own = {**dict(zip(kinds, values, strict=True)), "gpu": gpu}
        try:
            one = panel(model, asked, grid.batch, skip=grid.skip, **{**options, **own, "steps": most})
        except InputError as error:
            if not grid.skip:
                raise
            notes[f"{_whose(grid, model, own)} is left out: {error}"] = None
            continue
        whose = _whose(grid, one.point.model.id, {**own, "gpu": one.point.device.id})
        notes |= dict.fromkeys(f"{whose}: {note}" for note in one.notes)
        release = {**one.point.model.request, S: usual_steps(one.point.model, options.get("preset"))}
        blocks.append(Block(
            one, np.arange(len(asked)).reshape(shape),
            np.array([release[B] if x is None else float(x) for x in grid.batch]),
            np.array([release[S] if x is None else float(x) for x in grid.steps]),
            facilities, priced(price, one.point.device.id), number * prod(grid.shape[-5:]),
        ))  # fmt: skip
    if not blocks:
        raise InputError(f"nothing is left of the sweep; {next(iter(notes))}")
    check_prices(price, entries, [x.panel.point.device.id for x in blocks])
    return Sweep(grid, blocks, tuple(notes))


def _whose(grid: Grid, model: str, own: Mapping[str, Any]) -> str:
    """Name a model, what it runs on and how, if the grid has several ways, for a note."""
    count = "" if own.get(GPUS) in (None, 1) else f"{own[GPUS]} x "
    many = [x for x in MODES if len(getattr(grid, x)) > 1]
    modes = [f"cache {own[x]:g}" if x == CACHE else str(own[x]) for x in many]
    on = f" on {count}{own['gpu']}" if own["gpu"] else ""
    return f"{model}{on}" + (f" with {', '.join(modes)}" if modes else "")


def _check_distinct(axis: str, ids: Sequence[str]) -> None:
    for k, name in enumerate(ids):
        if name in ids[:k]:
            raise InputError(f"{axis}: {name} stands twice, under two names")


def _size(resolution: tuple[int, int] | None, frames: int | None) -> dict[str, Any]:
    height, width = resolution or (None, None)
    return {"height": height, "width": width, "frames": frames}


def _facility(entries: Catalog, asked: str | tuple[float, float] | None, method: str | None) -> Datacenter:
    if isinstance(asked, tuple):
        found = chosen_facility(entries, None, *asked, method)
        return Datacenter(_label("datacenter", asked), found.name, found.values, {}, found.origin)
    return chosen_facility(entries, asked, None, None, method)
