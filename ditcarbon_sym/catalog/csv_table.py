"""Reading a CSV file of the user's: columns by name, cells as text, and the numbers in them.

The csv module's rules come first. So a quoted cell may hold any character, and only a record that begins with an
unquoted ``#`` is a comment. These differences are harmless and are read, too: semicolons or tabs between the cells
(with decimal commas in the numbers), capitals in the header, blanks around a cell, rows without content, and columns
without a name.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ..errors import InputError
from .files import read_text

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|[+-]?inf", re.ASCII | re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A CSV file: the names in its header, its records as cells, and its comments with their line ends."""

    path: Path
    names: tuple[str, ...]
    records: tuple[list[str], ...]
    comments: tuple[str, ...]
    delimiter: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that have a name."""
        return tuple(name for name in self.names if name)

    def rows(self) -> list[dict[str, str]]:
        """The rows by column; raises `InputError` naming the row that has more or fewer cells than the header."""
        found = []
        for place, cells in enumerate(self.records, start=1):
            if len(cells) < len(self.names) or any(cells[len(self.names) :]):
                raise InputError(f"{self.path}: row {place}: has more or fewer cells than the header")
            found.append({name: cell for name, cell in zip(self.names, cells, strict=False) if name})
        return found if self.delimiter == "," else _with_points(self.path, found)


def number(text: str) -> float:
    """Return the number that a cell holds; raises `ValueError`, with the cell, if it is none.

    Python's float reads more than people write as numbers, such as 6_27 and other alphabets' digits.

    >>> number(" 6.27e3 ")
    6270.0
    """
    if not NUMBER.fullmatch(text.strip()):
        hint = ", which needs a decimal point" if DECIMAL_COMMA.fullmatch(text.strip()) else ""
        raise ValueError(f"{text[:40]!r} is not a number{hint}")
    return float(text)


def read_table(path: Path) -> Table:
    """Read a CSV file; raises `InputError` naming file, row and column if it is not one."""
    return table_of(path, read_text(path, "CSV"))


def table_of(path: Path, text: str) -> Table:
    """Read the text of a CSV file, which errors call ``path``."""
    if text.lstrip()[:1] in ("{", "["):
        raise InputError(f"{path}: is JSON; expected CSV: a line with the names of the columns, then a line per row")
    comments: list[str] = []
    delimiter = max(",;\t", key=lambda x: len(_header(text, x)))
    try:
        header, *records = list(_records(text, delimiter, comments)) or [[]]
    except csv.Error as error:
        raise InputError(f"{path}: not valid CSV: {error}") from None
    names = [name.lower() for name in header]
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise InputError(f"{path}: the column name {twice[0]!r} stands twice in the header")
    return Table(path, tuple(names), tuple(records), tuple(comments), delimiter)


def _header(text: str, delimiter: str) -> list[str]:
    """The first record with this delimiter; empty if there is none."""
    try:
        return next(_records(text, delimiter, []), [])
    except csv.Error:
        return []


def _records(text: str, delimiter: str, comments: list[str]) -> Iterator[list[str]]:
    """The records with any content; comments are taken out."""
    lines = iter(io.StringIO(text, newline=""))
    for line in lines:
        if line.startswith("#"):
            comments.append(line)
            continue
        # The reader takes as many lines as the record has.
        record = next(csv.reader(chain([line], lines), delimiter=delimiter, strict=True))
        cells = [cell.strip() for cell in record]
        if any(cells):
            yield cells


def _with_points(path: Path, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows with decimal points for decimal commas. A file with both is refused: one might part thousands."""
    cells = [(name, cell) for row in rows for name, cell in row.items()]
    comma, point = (
        next((f"{name} = {cell!r}" for name, cell in cells if mark.fullmatch(cell)), None)
        for mark in (DECIMAL_COMMA, DECIMAL_POINT)
    )
    if comma and point:
        raise InputError(f"{path}: has decimal commas ({comma}) and decimal points ({point}); write one of them")
    return [
        {name: cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for name, cell in row.items()}
        for row in rows
    ]
