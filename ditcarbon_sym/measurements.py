"""Tables of measurements: a CSV of configurations and what was measured, read, validated, extra columns kept.

Columns: ``model`` (catalogue id), ``height`` and ``width`` (pixels), ``batch``, and ``mu`` (delivered over peak) or
``time_s`` (seconds for the whole batch); optional ``frames``, ``steps``, ``guidance``, ``text_tokens`` (the model's
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

from .notation import BY_FIELD, InputError, Notation, mu, tau

REQUIRED = ("model", "height", "width", "batch")
OPTIONAL = ("frames", "steps", "guidance", "text_tokens")
MEASURED = {"mu": mu, "time_s": tau}
TOLD = "#:"
"""How a line begins that tells what a sweep was measured on."""
DENOISER, OK = "denoiser", "ok"
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
    try:
        reader = csv.DictReader(line for line in lines if not line.startswith("#"))
        _check_header(path, list(reader.fieldnames or []))
        rows = [
            row_of(f"{path}: row {number}", record)
            for number, record in enumerate(reader, start=1)
            if not swept or (record["stage"], record["status"]) == (stage, OK)
        ]
    except csv.Error as error:
        raise InputError(f"{path}: not valid CSV: {error}") from None
    except KeyError as missing:
        raise InputError(f"{path}: no column {missing}, which a measured sweep has") from None
    if not rows and stage == DENOISER:
        raise InputError(f"{path}: no rows below the header" + (" that measured a denoiser" if swept else ""))
    return rows


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


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise InputError(
            f"{path}: no column {missing[0]!r}; expected {', '.join(REQUIRED)} and mu or time_s, "
            f"found {', '.join(header) or 'nothing'}"
        )
    if not any(name in header for name in MEASURED):
        raise InputError(f"{path}: no column 'mu' or 'time_s': nothing measured to fit")
    if len(set(header)) != len(header):
        raise InputError(f"{path}: a column name stands twice in the header")


def row_of(where: str, record: Mapping[str, Any]) -> Row:
    """Validate one record of a table; ``where`` begins the message of what is wrong with it."""
    if None in record or None in record.values():
        raise InputError(f"{where}: has more or fewer cells than the header")
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
    if not measured:
        raise InputError(f"{where}: neither mu nor time_s is given")
    known = {"model", "height", "width", "batch", *OPTIONAL, *MEASURED}
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
