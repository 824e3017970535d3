"""Tables of measurements: a CSV of configurations and what was measured of each, read and validated.

The columns are ``model`` (catalogue id), ``height`` and ``width`` (pixels), ``batch``, and what was measured: ``mu``
(delivered over peak), ``time_s`` (seconds for the whole batch) or an energy (``energy_j``, ``energy_wh`` or
``energy_kwh`` of the batch, ``energy_j_per_output``). The columns ``frames``, ``steps``, ``guidance`` and
``text_tokens`` are optional; the released defaults of the model stand for them. Any other column is kept.

A sweep of ``ditcarbon measure`` says on what it was measured, in TOML, in lines on top that begin with ``#:``. Each of
its rows is of one stage. Rows of other stages are not read, nor are rows that only say why nothing was measured, nor is
a last line that a crash left unfinished.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from ..catalog.csv_table import Table, number, table_of
from ..catalog.files import plain, read_text, toml_of
from ..equations.notation import BY_FIELD, E, Notation, mu, tau
from ..errors import InputError

REQUIRED = ("model", "height", "width", "batch")
SQUARE = "resolution"
"""The side of a square output, in place of height and width."""
OPTIONAL = ("frames", "steps", "guidance", "text_tokens")
MEASURED = {"mu": mu, "time_s": tau}
TOLD = "#:"
"""The beginning of a line that says on what a sweep was measured."""
DENOISER, OK = "denoiser", "ok"
PER_OUTPUT = "energy_j_per_output"
ENERGIES = {"energy_j": 1.0, "energy_wh": 3600.0, "energy_kwh": 3.6e6, PER_OUTPUT: 1.0}
"""Columns of energy, and joules to their unit; all but the last are of the whole batch. They become ``energy_j``."""
ML_ENERGY = ("Batch energy (J)", "Energy per image (J)", "Energy per video (J)", "iteration_energy_measurements")
"""Keys in the JSON results of the ML.ENERGY benchmark (mlenergy2025), versions 2 and 3."""
_ENERGY = Notation(E, "", "energy of the accelerator", "", "energy", 1e-9, 1e13, False, "")
_TIME = Notation(tau, "", "runtime of the batch", "s", "time_s", 1e-6, 1e8, False, "seconds")


@dataclass(frozen=True)
class Row:
    """One configuration, what was measured of it, and the file's other columns as text.

    ``number`` is its place in the file, counted below the header.

    >>> Row(1, "pixart-alpha", {"batch": 1}, {"mu": 0.34}, {}).model
    'pixart-alpha'
    """

    number: int
    model: str
    request: Mapping[str, float]
    measured: Mapping[str, float]
    extra: Mapping[str, str]


def read_header(path: str | Path) -> dict[str, Any]:
    """Return what a sweep says it was measured on; empty for a table that says nothing."""
    path = Path(path)
    told = [line.removeprefix(TOLD) for line in _table(path).comments if line.startswith(TOLD)]
    where = f"{path}: the lines that begin with {TOLD!r}"
    try:
        found: dict[str, Any] = plain(toml_of("".join(told), where))
    except InputError as error:
        raise InputError(str(error) if str(error).startswith(where) else f"{where}: {error}") from None
    return found


def read_csv(path: str | Path, stage: str = DENOISER) -> list[Row]:
    r"""Read and validate a table of measurements; raises `InputError` naming file, row, column, value and expectation.

    Rows are counted below the header; lines that start with '#' are comments. Of a sweep, those of ``stage`` are read.
    A column ``resolution`` is height and width, where these are not there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "runs.csv"
    ...     _ = path.write_text("model,height,width,batch,mu\npixart-alpha,512,512,1,0.34\n")
    ...     read_csv(path)[0].measured
    {'mu': 0.34}
    """
    path = Path(path)
    table = _table(path)
    square = SQUARE in table.columns and not {"height", "width"} & set(table.columns)
    _check_columns(path, (*table.columns, "height", "width") if square else table.columns)
    swept = any(line.startswith(TOLD) for line in table.comments)
    try:
        rows = [
            row_of(path, place, _sides(path, place, record) if square else record)
            for place, record in enumerate(table.rows(), start=1)
            if not swept or (record["stage"], record["status"]) == (stage, OK)
        ]
    except KeyError as missing:
        raise InputError(f"{path}: no column {missing}, which a measured sweep has") from None
    if not rows and stage == DENOISER:
        raise InputError(f"{path}: no rows below the header" + (" that measured a denoiser" if swept else ""))
    return rows


def read_records(path: Path) -> list[dict[str, str]]:
    """Read a CSV of any columns as text; raises `InputError` if it is none, or has no rows."""
    records = _table(path).rows()
    if not records:
        raise InputError(f"{path}: no rows below the header")
    return records


def read_columns(path: Path) -> tuple[str, ...]:
    """The names of a CSV's columns."""
    return _table(path).columns


def _table(path: Path) -> Table:
    text = read_text(path, "CSV")
    if text.lstrip()[:1] in ("{", "[") and any(f'"{key}"' in text for key in ML_ENERGY):
        raise InputError(
            f"{path}: is a result of the ML.ENERGY benchmark, in JSON; write its runs into a CSV with the columns "
            f"gpu, {', '.join(REQUIRED)}, steps, time_s (seconds of a batch) and {PER_OUTPUT}"
        )
    top = takewhile(lambda line: line.startswith("#"), text.split("\n"))
    if any(line.startswith(TOLD) for line in top):
        text = text[: text.rfind("\n") + 1]  # a crash may have cut a sweep's last line
    return table_of(path, text)


def _check_columns(path: Path, header: tuple[str, ...]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise InputError(
            f"{path}: no column {missing[0]!r}; expected {', '.join(REQUIRED)} and {', '.join(MEASURED)} or an energy, "
            f"found {', '.join(header) or 'nothing'}"
        )
    if not any(name in header for name in (*MEASURED, *ENERGIES)):
        raise InputError(f"{path}: no column {', '.join(MEASURED)} or {', '.join(ENERGIES)}: nothing measured")


def _sides(path: Path, place: int, record: Mapping[str, str]) -> dict[str, str]:
    where, told = f"{path}: row {place}", record[SQUARE]
    if not told:
        raise InputError(f"{where}: {SQUARE} is empty")
    _number(where, SQUARE, told, replace(BY_FIELD["height"], field=SQUARE))
    return {**{name: x for name, x in record.items() if name != SQUARE}, "height": told, "width": told}


def row_of(path: Path, place: int, record: Mapping[str, str]) -> Row:
    """Validate one record of a file, whose place is counted below the header."""
    where = f"{path}: row {place}"
    empty = [name for name in REQUIRED if not record[name]]
    if empty:
        raise InputError(f"{where}: {empty[0]} is empty")
    numbers = {
        name: _number(where, name, record[name], BY_FIELD[name])
        for name in ("height", "width", "batch", *OPTIONAL)
        if record.get(name, "") != ""
    }
    measured = {
        name: _number(where, name, record[name], BY_FIELD["mu"] if name == "mu" else _TIME)
        for name in MEASURED
        if record.get(name, "") != ""
    }
    energies = [name for name in ENERGIES if record.get(name, "") != ""]
    if len(energies) > 1:
        raise InputError(f"{where}: gives both {energies[0]} and {energies[1]}; one of them is enough")
    for name in energies:
        outputs = numbers["batch"] if name == PER_OUTPUT else 1.0
        measured["energy_j"] = outputs * ENERGIES[name] * _number(where, name, record[name], _ENERGY)
    if not measured:
        raise InputError(f"{where}: none of {', '.join(MEASURED)} and an energy is given")
    known = {*REQUIRED, *OPTIONAL, *MEASURED, *ENERGIES}
    extra = {key: value for key, value in record.items() if key not in known}
    return Row(place, record["model"], numbers, measured, extra)


def _number(where: str, column: str, text: str, notation: Notation) -> float:
    try:
        value = number(text)
    except ValueError as error:
        raise InputError(f"{where}: {column} = {error}; expected {notation.expectation}") from None
    try:
        return notation.check(value)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
