"""Reading files: every way in which that can fail becomes one line."""

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

from .notation import InputError

DATA = Path(__file__).parent / "data"
LARGEST_JSON = 4 * 1024 * 1024
"""Bytes; a network's configuration has a few thousand."""


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file."""
    text = read_text(path, "TOML")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{path}: not valid TOML: nested too deep") from None
    except ValueError as error:  # tomllib's own, or an integer of thousands of digits
        raise InputError(f"{path}: not valid TOML: {error}") from None


def read_json(path: Path) -> dict[str, Any]:
    """Parse a JSON file that holds one object."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        status = None  # the reading tells what is wrong
    if status is not None and stat.S_ISREG(status.st_mode) and status.st_size > LARGEST_JSON:
        raise InputError(
            f"{path}: {status.st_size / 1e6:.0f} MB is no configuration (at most {LARGEST_JSON // 2**20} MB); "
            "expected a config.json, not weights"
        )
    if status is not None and not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise InputError(f"{path}: is not a regular file; expected a config.json")
    text = read_text(path, "JSON")
    try:
        found = json.loads(text)
    except RecursionError:
        raise InputError(f"{path}: not valid JSON: nested too deep") from None
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: holds a JSON {type(found).__name__}; expected an object, as config.json has")
    return found


def read_text(path: Path, kind: str) -> str:
    """Read a text file, in UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file (expected {kind} in UTF-8)") from None
    except ValueError as error:  # a null byte in the path
        raise InputError(f"{path!s}: cannot be read: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
