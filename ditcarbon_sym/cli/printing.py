"""Printing: tables on stdout, warnings and progress on stderr. rich loads when something is printed.

A table is printed for people, or with ``--markdown``, ``--latex`` or ``--csv`` for a document. `with_formats` gives a
command these options; what the command then prints takes that form.
"""

import contextlib
import functools
import inspect
import io
import os
import re
import shutil
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Annotated, Any

import typer

from ..errors import visible

UNFOLDED = 10_000
"""Columns of a page that is no terminal: wider than any table, so that no cell is folded."""
PATIENCE = 2.0
"""Seconds after which a command says that it is at work."""
GAP = 3
"""Columns between two cells."""
FORMATS = {
    "markdown": "Print the tables in Markdown.",
    "latex": "Print the tables in LaTeX (booktabs).",
    "csv": "Print the tables alone, as CSV.",
}
_CHOSEN: ContextVar[str] = ContextVar("format of tables", default="")


def with_formats(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --markdown, --latex and --csv, unless it has an option of that name."""
    own = inspect.signature(command)
    offered = [name for name in FORMATS if name not in own.parameters]

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        chosen = [name for name in offered if arguments.pop(name)]
        given = [*chosen, *(["json"] if arguments.get("as_json") else [])]
        if len(given) > 1:
            raise typer.BadParameter(f"{' and '.join(f'--{name}' for name in given)} together; give one of them")
        token = _CHOSEN.set(chosen[0] if chosen else "")
        try:
            command(**arguments)
        finally:
            _CHOSEN.reset(token)

    options = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=False,
            annotation=Annotated[bool, typer.Option(f"--{name}", help=FORMATS[name])],
        )
        for name in offered
    ]  # fmt: skip
    named = [x.replace(kind=inspect.Parameter.KEYWORD_ONLY) for x in own.parameters.values()]
    wrapper.__signature__ = own.replace(parameters=[*named, *options])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {x.name: x.annotation for x in (*named, *options)}
    return wrapper


def quiet_figures() -> None:
    """Keep matplotlib's advice off stderr: it tells at length where its cache is if HOME cannot be written."""
    import logging

    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def warn(warnings: Iterable[str]) -> None:
    """Print each warning on a line of its own."""
    mark = coloured("warning:", 33)
    for warning in warnings:
        print(f"{mark} {visible(warning)}", file=sys.stderr)


def told_as_json(answer: Any, as_json: bool) -> bool:
    """Print the warnings of an answer, and the answer itself as one JSON object where that is asked for; say whether.

    ``answer`` has ``warnings`` and ``to_dict``.
    """
    warn(answer.warnings)
    if as_json:
        from ..reports import formats

        print(formats.json_text(answer.to_dict()))
    return as_json


def coloured(text: str, colour: int) -> str:
    """Colour a text for stderr if that is a terminal and NO_COLOR is not set."""
    return text if os.environ.get("NO_COLOR") or not sys.stderr.isatty() else f"\033[{colour}m{text}\033[0m"


def remark(text: str, *, apart: bool = False) -> None:
    """Print a sentence about a table, ``apart`` by an empty line; where only tables are wanted, on stderr."""
    kind, text = _CHOSEN.get(), "\n" * apart + visible(text)
    if kind == "latex":
        from ..reports.formats import tex

        text = f"{tex(text)}\n"
    print(f"{text}\n" if kind == "markdown" else text, file=sys.stderr if kind == "csv" else sys.stdout)


def print_table(
    title: str, header: tuple[str, ...], rows: Sequence[Sequence[str]], right: tuple[int, ...] = ()
) -> None:
    """Print a table; the columns in ``right`` are flush right.

    On a terminal a table that is too wide wraps its words. One that is too wide even so is printed as records, a line
    for each cell. Elsewhere a line is as long as it needs to be, without spaces at its end.
    """
    kind = _CHOSEN.get()
    title, header = visible(title), tuple(visible(name) for name in header)
    rows = [[visible(cell) for cell in row] for row in rows]
    if kind:
        print(_marked_up(kind, title, header, rows, right))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNFOLDED
    if title:
        print(f"\033[1m{title}\033[0m" if sys.stdout.isatty() else title)
    if _least_width(header, rows, right) > width:
        print(_records(header, rows, width))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(header):
        flush = number in right
        table.add_column(column, justify="right" if flush else "left", overflow="fold", no_wrap=flush)
    for row in rows:
        table.add_row(*row)
    drawn = io.StringIO()
    console = Console(file=drawn, width=width, highlight=False, markup=False, emoji=False, force_jupyter=False)
    console.print(table)
    print("\n".join(line.rstrip() for line in drawn.getvalue().strip("\n").splitlines()).rstrip() + "\n")


def _least_width(header: Sequence[str], rows: Sequence[Sequence[str]], right: tuple[int, ...]) -> int:
    """Columns that a table needs where words, but not numbers, may wrap."""
    columns = list(zip(header, *rows, strict=True))
    longest = (
        max(len(x) for x in column) if k in right else max(len(word) for x in column for word in [*x.split(), ""])
        for k, column in enumerate(columns)
    )
    return sum(longest) + GAP * (len(header) - 1)


def _records(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Write each row as lines of a name and a cell."""
    room = max(len(name) for name in header)
    blocks = []
    for row in rows:
        lines = []
        for name, cell in zip(header, row, strict=True):
            wrapped = textwrap.wrap(cell, max(width - room - GAP, 20)) or [""]
            lines += [f"{label:<{room}}{' ' * GAP}{part}".rstrip()
                      for label, part in zip([name, *[""] * len(wrapped)], wrapped, strict=False)]  # fmt: skip
        blocks.append("\n".join(lines))
    return "\n" + "\n\n".join(blocks) + "\n"


def _marked_up(
    kind: str, title: str, header: Sequence[str], rows: Sequence[Sequence[str]], right: tuple[int, ...]
) -> str:
    from ..reports import formats

    if kind == "markdown":
        return (f"**{title.strip()}**\n\n" if title else "") + formats.markdown_table(header, rows, right) + "\n"
    if kind == "latex":
        label = re.sub(r"[^a-z0-9]+", "-", title.lower())[:40].strip("-")
        return formats.latex_table(header, rows, title.strip(), f"tab:{label}")
    return formats.csv_text(header, [[formats.bare(cell) for cell in row] for row in rows])


def print_pairs(title: str, pairs: Iterable[tuple[str, str]]) -> None:
    """Print labelled lines under a title; where only tables are wanted, on stderr."""
    kind, title = _CHOSEN.get(), visible(title)
    pairs = [(visible(name), visible(words)) for name, words in pairs]
    if kind == "markdown":
        from ..reports.formats import markdown

        lines = (f"- {markdown(name)}{': ' if name else ''}{markdown(words)}" for name, words in pairs)
        print("\n".join([f"**{markdown(title)}**\n", *lines]) + "\n")
    elif kind == "latex":
        from ..reports.formats import tex

        items = [rf"  \item[{tex(name)}] {tex(words)}" for name, words in pairs]
        print("\n".join([rf"\paragraph{{{tex(title)}}}", r"\begin{description}", *items, r"\end{description}", ""]))
    else:
        file = sys.stderr if kind == "csv" else sys.stdout
        print(f"\n{title}", file=file)
        for name, words in pairs:
            print(f"  {name:<12} {words}", file=file)


def progress(description: str) -> Any:
    """Return a function that shows a progress bar over steps; on stderr, and only on a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return lambda steps: track(steps, description, console=console, disable=not console.is_terminal, transient=True)


@contextlib.contextmanager
def waiting(words: str) -> Iterator[None]:
    """Say what goes on, once it has taken two seconds; on stderr, and only on a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    status = Console(stderr=True).status(f"{words} ...")
    timer = threading.Timer(PATIENCE, status.start)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()


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
