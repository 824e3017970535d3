"""Timing by turns, and the table that ``make bench`` prints and writes to ``build/bench.md``."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "build" / "bench.md"
HEADER = ("what", "measured", "bound")
_rows: list[tuple[str, str, str]] = []


def by_turns(functions: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """The shortest time of each function, in seconds; each runs once a round, so that all meet the same noise."""
    shortest = dict.fromkeys(functions, float("inf"))
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            shortest[name] = min(shortest[name], time.perf_counter() - start)
    return shortest


@pytest.fixture
def told():
    """Enter a result into the table: what was measured, the result in words, and the bound it is held to."""

    def tell(what: str, measured: str, bound: str = "") -> None:
        _rows.append((what, measured, bound))

    return tell


def table() -> str:
    lines = [HEADER, tuple("---" for _ in HEADER), *_rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def pytest_terminal_summary(terminalreporter):
    if _rows:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(table(), encoding="utf-8")
        terminalreporter.write_line("\n" + table() + f"\nwrote {TABLE}")
