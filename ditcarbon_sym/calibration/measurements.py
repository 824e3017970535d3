"""Tables of measurements: a CSV of configurations and what was measured, read, validated, extra columns kept.

Columns: ``model`` (catalogue id), ``height`` and ``width`` (pixels), ``batch``, and ``mu`` (delivered over peak),
``time_s`` (seconds for the whole batch) or an energy (``energy_j``, ``energy_wh`` or ``energy_kwh`` of the batch,
``energy_j_per_output``); optional ``frames``, ``steps``, ``guidance``, ``text_tokens`` (the model's
released defaults where absent). Any other column is kept.

A sweep that ``ditcarbon measure`` wrote says on top, in lines that begin with ``#:``, what it was measured on (TOML).
Its rows are of one stage each, and some say only why nothing could be measured: those of other stages and those
without a measurement are not read, nor is a last line that a crash left unfinished.
"""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..equations.notation import BY_FIELD, E, Notation, mu, tau
from ..errors import InputError

REQUIRED = ("model", "height", "width", "batch")
OPTIONAL = ("frames", "steps", "guidance", "text_tokens")
MEASURED = {"mu": mu, "time_s": tau}
TOLD = "#:"
"""How a line begins that tells what a sweep was measured on."""
DENOISER, OK = "denoiser", "ok"
PER_OUTPUT = "energy_j_per_output"
ENERGIES = {"energy_j": 1.0, "energy_wh": 3600.0, "energy_kwh": 3.6e6, PER_OUTPUT: 1.0}
"""Columns of energy, of the whole batch but for the last, and joules to their unit: they become ``energy_j``."""
_ENERGY = Notation(E, "", "energy of the accelerator", "", "energy", 1e-9, 1e13, False, "")
_TIME = Notation(tau, "", "runtime of the batch", "s", "time_s", 1e-6, 1e8, False, "seconds")


@dataclass(frozen=True)
class Row:
    """One configuration, what was measured of it, and the file's other columns as text."""

    model: str
    request: Mapping[str, float]
    measured: Mapping[str, float]
    extra: Mapping[str, str]


def read_header(path: str | Path) -> dict[str, Any]:
    """Return what a sweep says it was measured on; empty for a table that says nothing."""
    path = Path(path)
    told = [line.removeprefix(TOLD) for line in _lines(path) if line.startswith(TOLD)]
    try:
        return tomllib.loads("".join(told))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: the lines that begin with {TOLD} are not valid TOML: {error}") from None


def read_csv(path: str | Path, stage: str = DENOISER) -> list[Row]:
    """Read and validate a table of measurements; raises `InputError` naming file, row, column, value and expectation.

    Rows are counted below the header; lines that start with '#' are comments. Of a sweep, those of ``stage`` are read.
    """
    path = Path(path)
    lines = _lines(path)
    swept = any(line.startswith(TOLD) for line in lines)
    if swept and lines and not lines[-1].endswith("\n"):
        lines = lines[:-1]
    header, records = _records(path, lines)
    _check_columns(path, header)
    try:
        rows = [
            row_of(f"{path}: row {number}", record)
            for number, record in enumerate(records, start=1)
            if not swept or (record["stage"], record["status"]) == (stage, OK)
        ]
    except KeyError as missing:
        raise InputError(f"{path}: no column {missing}, which a measured sweep has") from None
    if not rows and stage == DENOISER:
        raise InputError(f"{path}: no rows below the header" + (" that measured a denoiser" if swept else ""))
    return rows


def read_records(path: Path) -> list[dict[str, str]]:
    """Read a CSV of any columns as text; raises `InputError` if it is none, or has no rows."""
    _, records = _records(path, _lines(path))
    for number, record in enumerate(records, start=1):
        _demand_whole(f"{path}: row {number}", record)
    if not records:
        raise InputError(f"{path}: no rows below the header")
    return records


def read_columns(path: Path) -> list[str]:
    """The names of a CSV's columns."""
    return _records(path, _lines(path))[0]


def _records(path: Path, lines: list[str]) -> tuple[list[str], list[dict[str, str]]]:
    try:
        reader = csv.DictReader(line for line in lines if not line.startswith("#"))
        header, records = list(reader.fieldnames or []), list(reader)
    except csv.Error as error:
        raise InputError(f"{path}: not valid CSV: {error}") from None
    if len(set(header)) != len(header):
        raise InputError(f"{path}: a column name stands twice in the header")
    return header, records


def _lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(file)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file (expected CSV in UTF-8)") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def _check_columns(path: Path, header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise InputError(
            f"{path}: no column {missing[0]!r}; expected {', '.join(REQUIRED)} and {', '.join(MEASURED)} or an energy, "
            f"found {', '.join(header) or 'nothing'}"
        )
    if not any(name in header for name in (*MEASURED, *ENERGIES)):
        raise InputError(f"{path}: no column {', '.join(MEASURED)} or {', '.join(ENERGIES)}: nothing measured")


def _demand_whole(where: str, record: Mapping[str, Any]) -> None:
    if None in record or None in record.values():
        raise InputError(f"{where}: has more or fewer cells than the header")


def row_of(where: str, record: Mapping[str, Any]) -> Row:
    """Validate one record of a table; ``where`` begins the message of what is wrong with it."""
    _demand_whole(where, record)
    empty = [name for name in REQUIRED if not record[name].strip()]
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
    energies = [name for name in ENERGIES if record.get(name, "").strip()]
    if len(energies) > 1:
        raise InputError(f"{where}: gives both {energies[0]} and {energies[1]}; one of them is enough")
    for name in energies:
        outputs = numbers["batch"] if name == PER_OUTPUT else 1.0
        measured["energy_j"] = outputs * ENERGIES[name] * _number(where, name, record[name], _ENERGY)
    if not measured:
        raise InputError(f"{where}: none of {', '.join(MEASURED)} and an energy is given")
    known = {*REQUIRED, *OPTIONAL, *MEASURED, *ENERGIES}
    return Row(record["model"], numbers, measured, {key: value for key, value in record.items() if key not in known})


def _number(where: str, column: str, text: str, notation: Notation) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"{where}: {column} = {text!r} is not a number; expected {notation.expectation}") from None
    try:
        return notation.check(value)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
