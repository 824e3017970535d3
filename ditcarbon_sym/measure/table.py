"""The table of a sweep: a CSV below a header that says what it was measured on; rows are appended as they come.

Each row is flushed to the disk before the next one starts, so that a crash loses the row in flight at most. An
unfinished last line is cut off when the sweep is taken up again. The columns are explained in
``fits/measurements/README.md``.
"""

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..calibration.measurements import TOLD, read_header
from ..catalog.csv_table import read_table
from ..errors import InputError
from ..reports.formats import write_atomically

IDENTITY = ("model", "stage", "height", "width", "frames", "batch", "steps", "guidance", "text_tokens")
"""Columns that name the configuration of a row."""
COLUMNS = (
    *IDENTITY, "status", "time_s", "step_s", "step_spread", "repeats", "window_s", "energy_j", "power_w", "idle_w",
    "memory_gb", "parameters", "clock_mhz", "memory_clock_mhz", "temperature_c", "throttled", "at", "note",
)  # fmt: skip
LOST = "device lost"
"""Status of the row at which the accelerator stopped answering."""
FINAL = ("ok", "out of memory", "does not fit", LOST)
"""Statuses of rows that a resumed sweep does not measure again."""
ROOM = 16 * 2**20
"""Bytes that must be free before a sweep starts: thousands of rows."""
SAME = ("gpu", "dtype", "attention", "compiled", "torch", "diffusers", "threads")
"""Facts that must be the same for a sweep to be resumed."""


def demand_room(path: Path) -> None:
    """Raise `InputError` if a table could not be written to ``path``: no folder, no permission, no space.

    Nothing is made: a sweep that is refused leaves no folders behind.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "is a folder")
        folder = next(x for x in path.absolute().parents if x.exists())
        if path.exists():
            with path.open("ab"):
                pass
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.name}.") as file:
            file.write(b"room?")
            file.flush()
        free = shutil.disk_usage(folder).free
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from None
    if free < ROOM:
        raise InputError(f"{path}: {free / 2**20:.1f} MiB are free there; at least {ROOM / 2**20:.0f} MiB are needed")


def begin(path: Path, facts: Mapping[str, Any]) -> None:
    """Write a new table: the header, the columns, no rows."""
    import tomli_w

    path.parent.mkdir(parents=True, exist_ok=True)
    told = "".join(f"{TOLD} {line}\n" for line in tomli_w.dumps(dict(facts)).splitlines())
    first = "# Measured by ditcarbon measure. Columns: fits/measurements/README.md; lines with a colon are TOML.\n"
    write_atomically(path, f"{first}{told}{','.join(COLUMNS)}\n")


def taken_up(path: Path, facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """Rows of a table to go on with; cuts off an unfinished last line.

    Raises `InputError` if it is no sweep, or was measured on something else.
    """
    before = read_header(path)
    if not before:
        raise InputError(f"{path}: is no sweep of ditcarbon measure; give another --out")
    for name in SAME:
        if before.get(name) != facts.get(name):
            raise InputError(
                f"{path}: was measured with {name} = {before.get(name)!r}, now {facts.get(name)!r}; give another --out"
            )
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as file:
            file.truncate(whole)
            os.fsync(file.fileno())
    found = read_table(path)
    if found.columns != COLUMNS:
        raise InputError(f"{path}: has other columns than this version writes; give another --out")
    return found.rows()


def append(path: Path, row: Mapping[str, Any]) -> None:
    """Append one row and have it on the disk when this returns."""
    buffer = io.StringIO()
    csv.DictWriter(buffer, COLUMNS, lineterminator="\n").writerow({name: _cell(row.get(name)) for name in COLUMNS})
    try:
        with path.open("ab") as file:
            file.write(buffer.getvalue().encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written: {error.strerror}; the rows before are kept, --resume goes on"
        ) from None


def identity(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The configuration of a row, as text."""
    return tuple(str(row[name]) for name in IDENTITY)


def finished(rows: list[dict[str, str]]) -> set[tuple[str, ...]]:
    """Configurations that need not be measured again."""
    return {identity(row) for row in rows if row["status"] in FINAL}


def _cell(value: Any) -> Any:
    """Write a number with six digits, which is more than is known of it; nothing if it is unknown."""
    if value is None:
        return ""
    return (
        f"{value:.6g}"
        if isinstance(value, float)
        else " ".join(str(value).split())
        if isinstance(value, str)
        else value
    )
