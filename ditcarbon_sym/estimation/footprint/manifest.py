"""A manifest: what was asked, with which version and data, and every number of the answer, so that it can be run again.

``hash`` covers every file that the package ships with its catalogue, its calibrations among them; files of the user's
have a hash each.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...catalog.files import DATA, read_json
from ...errors import InputError
from ...version import __version__

SCHEMA_VERSION = 1
COMMANDS = ("estimate", "account", "route", "train")
SAME = 1e-9
"""Relative difference up to which two numbers are the same."""
LEFT_OUT = ("package_version", "sources", "warnings")
"""What of an answer is no number of it."""


@lru_cache(maxsize=1)
def hash_of_data() -> str:
    """Return the SHA-256 of the shipped catalogue and calibrations, names and contents."""
    found = hashlib.sha256()
    for path in sorted(x for x in DATA.rglob("*") if x.is_file() and x.suffix in (".toml", ".csv")):
        found.update(path.relative_to(DATA).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, or "folder" for a folder; raises `InputError` if it cannot be read."""
    if path.is_dir():
        return "folder"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:  # a null byte in the path
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def manifest(
    command: str, arguments: Mapping[str, Any], answer: Mapping[str, Any], line: str, date: str
) -> dict[str, Any]:
    """Return the manifest of a run: ``arguments`` are those of its function, ``answer`` is its dictionary."""
    asked = {name: value for name, value in arguments.items() if value is not None}
    files = {name: hash_of(value) for name, value in asked.items() if isinstance(value, Path)}
    return {
        "schema_version": SCHEMA_VERSION, "command": command, "command_line": line, "date": date,
        "package_version": __version__, "data_sha256": hash_of_data(),
        "arguments": {x: str(y.resolve()) if isinstance(y, Path) else list(y) if isinstance(y, tuple) else y
                      for x, y in asked.items()},
        "files_sha256": files, "answer": answer,
    }  # fmt: skip


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest; raises `InputError` if the file is none."""
    found = read_json(path)
    needed = ("command", "arguments", "answer", "package_version", "data_sha256", "files_sha256")
    tables = [found.get(x) for x in ("arguments", "answer", "files_sha256")]
    whole = all(x in found for x in needed) and all(isinstance(x, Mapping) for x in tables)
    if not whole or found.get("schema_version") != SCHEMA_VERSION or found["command"] not in [*COMMANDS]:
        raise InputError(f"{path}: is no manifest of 'ditcarbon {'|'.join(COMMANDS)} --report'")
    files, arguments = found["files_sha256"], found["arguments"]
    lost = next((x for x in files if not isinstance(arguments.get(x), str)), None)
    if lost is not None:
        raise InputError(f"{path}: files_sha256 has {lost!r}, and arguments do not say which file that is")
    found["arguments"] = {x: Path(y) if x in files else y for x, y in arguments.items()}
    return found


def changed_inputs(found: Mapping[str, Any]) -> list[str]:
    """Say which of version, data and files are not those of the manifest."""
    said = []
    if found["package_version"] != __version__:
        said.append(f"version: {found['package_version']} then, {__version__} now")
    if found["data_sha256"] != hash_of_data():
        said.append("the shipped catalogue or calibrations have changed")
    for name, told in found["files_sha256"].items():
        if hash_of(found["arguments"][name]) != told:
            said.append(f"the file {found['arguments'][name]} has changed")
    return said


def differences(then: Any, now: Any) -> list[tuple[str, Any, Any]]:
    """Return every number of two answers that differs, by its place in them."""
    old, new = dict(numbers(then)), dict(numbers(now))
    found = []
    for place in dict.fromkeys([*old, *new]):
        one, other = old.get(place), new.get(place)
        if one is None or other is None:
            if one is not other:
                found.append((place, one, other))
        elif abs(one - other) > SAME * max(abs(one), abs(other)):
            found.append((place, one, other))
    return found


def numbers(table: Any, place: str = "") -> Iterator[tuple[str, float | None]]:
    """Return every number of an answer with its place in it."""
    pairs = enumerate(table) if isinstance(table, list | tuple) else ()
    items: Any = table.items() if isinstance(table, Mapping) else pairs
    for name, value in items:
        if name in LEFT_OUT:
            continue
        where = f"{place}.{name}" if place else str(name)
        if isinstance(value, Mapping | list | tuple):
            yield from numbers(value, where)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield where, float(value)
