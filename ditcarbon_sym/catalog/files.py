"""Reading and writing files: every failure becomes one line, and no file is left half written."""

import contextlib
import json
import math
import os
import shutil
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from ..errors import InputError

DATA = Path(__file__).parent / "data"
LARGEST = {"TOML": 4 * 2**20, "JSON": 4 * 2**20, "CSV": 256 * 2**20}
"""Bytes; a network's configuration has a few thousand, a table of measurements a hundred for each row."""
LARGEST_JSON = LARGEST["JSON"]
DEEPEST = 100
"""Dots in a key of TOML."""


@cache
def shipped_names(kind: str) -> tuple[str, ...]:
    """Return the names of the entries that the package ships of one kind: those of the files in ``data/kind``, sorted.

    >>> "h100-sxm-80gb" in shipped_names("gpus")
    True
    """
    return tuple(sorted(path.name.removesuffix(".toml") for path in (DATA / kind).glob("*.toml")))


@cache
def shipped_table(kind: str, name: str) -> Mapping[str, Any]:
    """Return one of these entries as its file has it, read once; it is not to be changed."""
    return read_toml(DATA / kind / f"{name}.toml")


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file."""
    return toml_of(read_text(path, "TOML"), str(path))


def toml_of(text: str, where: str) -> dict[str, Any]:
    """Parse a text in TOML; ``where`` says in a refusal what it is."""
    if text.count(".") > DEEPEST:  # else no key has as many
        keys = (key for line in text.splitlines() for key in (line.split("=")[:-1] or [line]))
        if any(key.count(".") > DEEPEST for key in keys):
            raise InputError(f"{where}: not valid TOML: nested too deep")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{where}: not valid TOML: nested too deep") from None
    except ValueError as error:  # tomllib's own, or an integer of thousands of digits
        raise InputError(f"{where}: not valid TOML: {error}") from None


def plain(value: Any) -> Any:
    """Return what a file of TOML says, if JSON can hold it; raises `InputError` for a date, NaN or infinity."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{value!r} is not a finite number")
    if not isinstance(value, str | int | float | bool):
        raise InputError(f"{value!r} is neither text nor a number")
    return value


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
        found = json.loads(text, parse_constant=_finite, parse_int=_small, parse_float=_finite)
    except RecursionError:
        raise InputError(f"{path}: not valid JSON: nested too deep") from None
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: holds a JSON {type(found).__name__}; expected an object, as config.json has")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is no finite number")
    return value


def _small(text: str) -> int:
    _finite(text)
    return int(text)


def read_text(path: Path, kind: str) -> str:
    """Read a text file, in UTF-8; a device or a pipe is read up to the size that a file may have."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST[kind] + 1)
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file (expected {kind} in UTF-8)") from None
    except ValueError as error:  # a null byte in the path
        raise InputError(f"{path!s}: cannot be read: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > LARGEST[kind]:
        raise InputError(f"{path}: longer than {LARGEST[kind] // 2**20} MB; expected {kind}, which is shorter")
    return text


@contextlib.contextmanager
def written_together(paths: Sequence[Path]) -> Iterator[list[IO[bytes]]]:
    """Open files for writing; either all of them take their places at the end, or none does.

    Each file is written beside its place under another name. It gets the permissions of the file that it replaces. A
    link is followed; a device or a pipe is written to and stays one. Raises `InputError` if a file cannot be written.
    """
    waiting: list[tuple[IO[bytes], Path]] = []
    try:
        for path in paths:
            with writing(path):
                waiting.append((_beside(_place(path)), path))
        yield [file for file, _ in waiting]
        for file, path in waiting:
            with writing(path):
                file.close()
                Path(file.name).chmod(_permissions(path))
        for file, path in waiting:
            with writing(path):
                if _is_special(path):
                    with Path(file.name).open("rb") as content, path.open("wb") as target:
                        shutil.copyfileobj(content, target)
                else:
                    Path(file.name).replace(_place(path))
    finally:
        for file, _ in waiting:
            with contextlib.suppress(OSError):
                file.close()
            Path(file.name).unlink(missing_ok=True)


def _place(path: Path) -> Path:
    """Where a file really lies, with links followed."""
    return Path(os.path.realpath(path))


def _is_special(path: Path) -> bool:
    """Whether something is there that is neither a file nor a folder."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _permissions(path: Path) -> int:
    """The permissions of the file that is replaced; for a new file, those that the user's mask leaves."""
    if path.is_file():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a failure to write into an `InputError` that names the file and the reason."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def _beside(path: Path) -> IO[bytes]:
    """Open a new file in the folder of ``path``."""
    import tempfile  # takes longer to load than the rest of this module

    try:
        if path.is_dir():
            raise IsADirectoryError(0, "is a folder")
        folder = None if _is_special(path) else path.parent
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        found: IO[bytes] = tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.name}.", delete=False)  # noqa: SIM115
    except ValueError as error:  # a null byte in the path
        raise InputError(f"{path}: cannot be written: {error}") from None
    return found
