"""Printing for the command line: tables on stdout, warnings and progress on stderr. rich loads only for
a terminal, and for a table with letters that only it can measure.
"""

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any


def warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


def print_table(
    title: str, header: tuple[str, ...], rows: Sequence[Sequence[str]], right: tuple[int, ...] = ()
) -> None:
    text = plain_table(title, header, rows, right)
    if text is not None and not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(header):
        table.add_column(column, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    # A pipe has no width: give it what the table needs, so that no cell is folded.
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=400)
    if title:
        console.print(title, style="bold")
    console.print(table)


def plain_table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], right: tuple[int, ...] = ()
) -> str | None:
    """Return the table as rich lays it out where there is room, or None if only rich can measure its letters.

    >>> print((plain_table("", ("a", "b"), [("x", "10")], (1,)) or "").replace(" ", "_"))
    ________
    _a____b_
    _──────_
    _x___10_
    ________
    <BLANKLINE>
    """
    lines = [header, *rows]
    if any(not cell.isprintable() or any(_is_odd(x) for x in cell) for line in lines for cell in line):
        return None
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]

    def written(line: Sequence[str]) -> str:
        cells = [x.rjust(n) if k in right else x.ljust(n) for k, (x, n) in enumerate(zip(line, widths, strict=True))]
        return f" {'   '.join(cells)} "

    blank = " " * (sum(widths) + 3 * len(widths) - 1)
    rule = f" {'─' * (len(blank) - 2)} "
    body = [blank, written(header), rule, *(written(row) for row in rows), blank]
    return "\n".join([*([title] if title else []), *body, ""])


def _is_odd(letter: str) -> bool:
    """Whether a letter may take no place, or two."""
    return letter > "\u04ff" and letter not in "−→≤≥≈×·…²₂"


def print_pairs(title: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Print labelled lines under a title."""
    print(f"\n{title}")
    for name, words in pairs:
        print(f"  {name:<12} {words}")


def progress(description: str) -> Any:
    """A progress bar on stderr, when a person is looking."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return lambda steps: track(steps, description, console=console, disable=not console.is_terminal, transient=True)


@contextlib.contextmanager
def progress_of(total: int, description: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr for work that says how much more is done, when a person is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.advance(task, done)
