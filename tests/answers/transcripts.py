"""Transcripts of the command line: read, run again, and compared number by number."""

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.examples import run_line

HERE = Path(__file__).parent
KEPT = sorted((HERE / "kept").glob("*.console"))
FILES = HERE / "files"
"""What the command lines read."""
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")
PRECISION = 1e-9
"""Relative: libraries and processors round in other ways."""


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Each command line of a transcript with what it printed."""
    for piece in re.split(r"^(?=\$ )", text, flags=re.MULTILINE)[1:]:
        line, _, shown = piece.partition("\n")
        yield line.removeprefix("$ "), shown


def told(line: str, folder: Path) -> str:
    """What a command line prints, run in a folder with the files that it reads."""
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    with contextlib.chdir(folder):
        return "".join(f"{x.rstrip()}\n" for x in run_line(line).splitlines() if x.strip())


def difference(kept: str, printed: str) -> str:
    """The first line that differs in words, or in a number by more than rounding; empty where none does."""
    before, after = kept.splitlines(), printed.splitlines()
    for one, other in zip(before, after, strict=False):
        numbers = [[float(x.replace(",", "")) for x in NUMBER.findall(line)] for line in (one, other)]
        same_words = NUMBER.sub("#", one) == NUMBER.sub("#", other)
        if not same_words or numbers[0] != pytest.approx(numbers[1], rel=PRECISION):
            return f"kept:    {one}\nprinted: {other}"
    return "" if len(before) == len(after) else f"{len(before)} lines were kept; {len(after)} are printed"
