"""Rows of a sweep into a CSV or Parquet file, chunk by chunk, in memory that does not grow with their number.

A file is written under a temporary name and renamed when it is complete, so that an interrupt, a full disk or an error
leaves nothing behind. Parquet needs pyarrow (extra ``fast``).

A large grid goes into a folder of Parquet files, which DuckDB, Polars and dask read as one table. Which rows a file
holds depends on the grid alone. So several machines can write a part of the files each, and a run that was cut short
goes on with those that are missing.
"""

import contextlib
import hashlib
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol

import numpy as np

from ..catalog import files
from ..errors import InputError
from ..estimation.footprint.manifest import hash_of, hash_of_data
from ..version import __version__
from .block import CHUNK
from .filters import Condition
from .grid import Piece, Sweep
from .table import DOUBTFUL, RANK, REQUEST, TEXT, Columns, Text, joined

FORMATS = (".csv", ".parquet")
WHOLE = (*REQUEST, RANK, DOUBTFUL)
"""Columns that are written as whole numbers."""
PART = 2**20
"""Rows of the grid in a file of a folder, or somewhat more."""
PLAN = b"ditcarbon"
"""Key in the metadata of such a file, for what tells its sweep from others."""
AT_ONCE = 2**13
"""Rows that are turned into text at the same time."""
Chunks = Iterable[tuple[int, Columns]]
Advance = Callable[[int], None]


class _Writer(Protocol):
    def write(self, columns: Columns) -> None: ...

    def close(self) -> None: ...


def check_path(path: Path) -> None:
    """Raise `InputError` if the format of a file is not known or its library is missing, before any work is done."""
    if path.suffix not in FORMATS:
        raise InputError(f"{path}: unknown format {path.suffix!r}; expected {' or '.join(FORMATS)}")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise InputError(f"{path}: Parquet needs pyarrow: pip install 'ditcarbon-sym[fast]', or write .csv")


def write(
    path: Path,
    names: Sequence[str],
    chunks: Chunks,
    advance: Advance = lambda done: None,
    metadata: Mapping[bytes, bytes] = MappingProxyType({}),
) -> int:
    """Write chunks to a file, whole or not at all, and return the number of rows.

    ``advance`` is called with the number of rows computed. Raises `InputError` if the file cannot be written.

    >>> import tempfile
    >>> from .grid import Grid, sweep
    >>> found = sweep(Grid(("pixart-alpha",), batch=(1, 2)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder) / "rows.csv", found.columns, found.chunks())
    2
    """
    check_path(path)
    rows = 0
    with files.written_together([path]) as (file,), files.writing(path), _writer(path, file, names, metadata) as writer:
        for computed, columns in chunks:
            count = len(columns[names[0]])
            if count:
                writer.write(columns)
            rows += count
            advance(computed)
    return rows


def read_shard(text: str) -> tuple[int, int]:
    """Read which part of the files of a folder to write; raises `InputError`.

    >>> read_shard("2/8")
    (2, 8)
    """
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError(f"shard = {text[:20]!r}: expected K/N with K from 1 to N, such as 1/4")
    return int(match[1]), int(match[2])


def write_folder(
    folder: Path,
    found: Sweep,
    conditions: Sequence[Condition] = (),
    shard: tuple[int, int] = (1, 1),
    advance: Advance = lambda done: None,
    rows: int = PART,
) -> tuple[int, int, int]:
    """Write every N-th file of a grid's folder, from the K-th on, and keep those that are there.

    Returns the rows and the files written, and the files kept. All shards together hold the rows of the single run, in
    its order by the names of the files. Raises `InputError` if a file is there that another sweep has written, or if
    one cannot be written.

    >>> import tempfile
    >>> from .grid import Grid, sweep
    >>> with tempfile.TemporaryDirectory() as place:
    ...     [write_folder(Path(place), sweep(Grid(("dit-xl-2-256",), batch=(1, 2)))) for _ in range(2)]
    [(2, 1, 0), (0, 0, 1)]
    """
    check_path(folder / "part-000000.parquet")
    plan = fingerprint(found, conditions, rows)
    written = made = there = 0
    for number, pieces in enumerate(_files(found, rows)):
        if number % shard[1] != shard[0] - 1:
            continue
        path = folder / f"part-{number:06d}.parquet"
        if path.exists():
            _demand_same(path, plan)
            there += 1
            advance(sum(_many(x) for _, x in pieces))
            continue
        chunks = found.chunks(conditions, pieces=pieces)
        written += write(path, found.columns, chunks, advance, {PLAN: plan.encode()})
        made += 1
    return written, made, there


def _files(found: Sweep, rows: int) -> Iterator[list[Piece]]:
    """The pieces of each file, in the order of the rows."""
    held: list[Piece] = []
    for piece in found.pieces(min(rows, CHUNK)):
        held.append(piece)
        if sum(_many(x) for _, x in held) >= rows:
            yield held
            held = []
    if held:
        yield held


def _many(part: Sequence[slice]) -> int:
    return math.prod(x.stop - x.start for x in part)


def fingerprint(found: Sweep, conditions: Sequence[Condition], rows: int) -> str:
    """Return what tells a sweep from others: its grid, filter and columns, and the version and data that answer it."""
    files = [
        hash_of(Path(x))
        for name in ("catalog", "calibration")
        if isinstance(x := found.grid.options.get(name), str | Path)
    ]
    said = repr((__version__, hash_of_data(), found.grid, files, tuple(conditions), found.columns, rows))
    return hashlib.sha256(said.encode()).hexdigest()


def _demand_same(path: Path, plan: str) -> None:
    """Raise `InputError` unless this sweep has written the file."""
    from pyarrow import ArrowException, parquet

    try:
        told = (parquet.read_schema(path).metadata or {}).get(PLAN)
    except (ArrowException, OSError, ValueError) as error:  # a name of a column may be no text
        raise InputError(f"{path}: is no Parquet file ({str(error)[:60]}); remove it, or give another --out") from None
    if told != plan.encode():
        raise InputError(f"{path}: another sweep has written it (grid, filter, version or data); give another --out")


def content(path: Path, names: Sequence[str], columns: Columns) -> bytes:
    """Return the content of a file of this name, in memory."""
    buffer = io.BytesIO()
    with _writer(path, buffer, names) as writer:
        writer.write(columns)
    return buffer.getvalue()


@contextlib.contextmanager
def _writer(
    path: Path, file: IO[bytes], names: Sequence[str], metadata: Mapping[bytes, bytes] = MappingProxyType({})
) -> Iterator[_Writer]:
    """Open a writer by the file's name, and close it before the file is closed."""
    writer: _Writer = CsvWriter(file, names) if path.suffix == ".csv" else ParquetWriter(file, names, metadata)
    try:
        yield writer
    except BaseException:
        with contextlib.suppress(Exception):
            writer.close()
        raise
    writer.close()


def to_stream(file: IO[str], names: Sequence[str], chunks: Chunks) -> None:
    """Write chunks as CSV to an open text stream."""
    writer = CsvWriter(file.buffer, names)  # type: ignore[attr-defined]
    for _, columns in chunks:
        writer.write(columns)
    writer.close()


def together(chunks: Chunks, most: float = math.inf) -> Columns:
    """Join all chunks into one table; raises `InputError` if they have more than ``most`` rows."""
    found, rows = [], 0
    for _, columns in chunks:
        rows += len(next(iter(columns.values())))
        if rows > most:
            raise InputError(f"more than {most:,} rows do not go into one JSON object; use --out, --where or --top")
        found.append(columns)
    return joined(found)


class CsvWriter:
    """Rows as text: numbers in full, unknown values empty."""

    def __init__(self, file: IO[bytes], names: Sequence[str]) -> None:
        self._file, self._names = file, names
        self._file.write((",".join(names) + "\n").encode())

    def write(self, columns: Columns) -> None:
        """Append rows, some at a time, since text takes many times the memory of numbers."""
        for start in range(0, len(columns[self._names[0]]), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            cells = [_cells(name, _cut(columns[name], part)) for name in self._names]
            self._file.write("".join(f"{','.join(row)}\n" for row in zip(*cells, strict=True)).encode())

    def close(self) -> None:
        """Flush the file, so that a full disk is noticed."""
        self._file.flush()


def _cells(name: str, column: Any) -> Iterable[str]:
    if isinstance(column, Text):
        return [_quoted(word) for word in column.words()]
    if name in WHOLE:
        return ["" if x != x else str(int(x)) for x in column.tolist()]
    return ["" if x != x else repr(x) for x in column.tolist()]


def _cut(column: Any, part: slice) -> Any:
    return Text(column.names, column.codes[part]) if isinstance(column, Text) else column[part]


def _quoted(word: str) -> str:
    if not any(character in word for character in ',"\n\r'):
        return word
    doubled = word.replace('"', '""')
    return f'"{doubled}"'


class ParquetWriter:
    """Rows as Parquet: dictionaries of words, whole numbers and float64; unknown values are null."""

    def __init__(self, file: IO[bytes], names: Sequence[str], metadata: Mapping[bytes, bytes]) -> None:
        import pyarrow
        from pyarrow import parquet

        self._arrow, self._names = pyarrow, names
        self._schema = pyarrow.schema([(name, self._type(name)) for name in names], metadata=dict(metadata))
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd", use_dictionary=list(TEXT))

    def _type(self, name: str) -> Any:
        if name in WHOLE:
            return self._arrow.int64()
        words = self._arrow.dictionary(self._arrow.int32(), self._arrow.string())
        return words if name in TEXT else self._arrow.float64()

    def write(self, columns: Columns) -> None:
        """Append rows as a row group."""
        arrays = [self._array(name, columns[name]) for name in self._names]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def _array(self, name: str, column: Any) -> Any:
        if isinstance(column, Text):
            return self._arrow.DictionaryArray.from_arrays(np.ascontiguousarray(column.codes), list(column.names))
        array = self._arrow.array(np.ascontiguousarray(column), from_pandas=True)
        return array.cast(self._arrow.int64()) if name in WHOLE else array

    def close(self) -> None:
        """Write the footer of the file."""
        self._writer.close()
