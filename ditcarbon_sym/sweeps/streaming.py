"""Rows of a sweep into a CSV or Parquet file, chunk by chunk, in memory that does not grow with their number.

The file is written under a temporary name and renamed when it is complete, so that an interrupt, a full disk or an
error leaves nothing behind. Parquet needs pyarrow (extra ``fast``).
"""

import contextlib
import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from ..catalog import files
from ..errors import InputError
from .table import DOUBTFUL, RANK, REQUEST, TEXT, Columns, Text, joined

FORMATS = (".csv", ".parquet")
WHOLE = (*REQUEST, RANK, DOUBTFUL)
"""Columns that are written as whole numbers."""
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


def write(path: Path, names: Sequence[str], chunks: Chunks, advance: Advance = lambda done: None) -> int:
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
    with files.written_together([path]) as (file,), files.writing(path), _writer(path, file, names) as writer:
        for computed, columns in chunks:
            count = len(columns[names[0]])
            if count:
                writer.write(columns)
            rows += count
            advance(computed)
    return rows


def content(path: Path, names: Sequence[str], columns: Columns) -> bytes:
    """Return the content of a file of this name, in memory."""
    buffer = io.BytesIO()
    with _writer(path, buffer, names) as writer:
        writer.write(columns)
    return buffer.getvalue()


@contextlib.contextmanager
def _writer(path: Path, file: IO[bytes], names: Sequence[str]) -> Iterator[_Writer]:
    """Open a writer by the file's name, and close it before the file is closed."""
    writer: _Writer = CsvWriter(file, names) if path.suffix == ".csv" else ParquetWriter(file, names)
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

    def __init__(self, file: IO[bytes], names: Sequence[str]) -> None:
        import pyarrow
        from pyarrow import parquet

        self._arrow, self._names = pyarrow, names
        self._schema = pyarrow.schema([(name, self._type(name)) for name in names])
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
