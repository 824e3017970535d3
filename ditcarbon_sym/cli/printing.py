"""Printing: tables on stdout, warnings and progress on stderr. rich loads when something is printed."""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

UNFOLDED = 10_000
"""Columns of a page that is no terminal: wider than any table, so that no cell is folded."""


def warn(warnings: Iterable[str]) -> None:
    """Print each warning on a line of its own."""
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def print_table(
    title: str, header: tuple[str, ...], rows: Sequence[Sequence[str]], right: tuple[int, ...] = ()
) -> None:
    """Print a table; the columns in ``right`` are flush right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(header):
        table.add_column(column, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    seen = sys.stdout.isatty()
    console = Console(
        highlight=False, markup=False, force_terminal=seen, force_jupyter=False, width=None if seen else UNFOLDED
    )
    if title:
        console.print(title, style="bold")
    console.print(table)


def print_pairs(title: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Print labelled lines under a title."""
    print(f"\n{title}")
    for name, words in pairs:
        print(f"  {name:<12} {words}")


def progress(description: str) -> Any:
    """Return a function that shows a progress bar over steps; on stderr, and only on a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return lambda steps: track(steps, description, console=console, disable=not console.is_terminal, transient=True)


@contextlib.contextmanager
def progress_of(total: int, description: str) -> Iterator[Callable[[int], None]]:
    """Show a progress bar for work that reports how much is done; on stderr, and only on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.advance(task, done)
