"""Build every table and figure: ``python -m paper_figures [FOLDER]`` (default ``build``)."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from matplotlib import pyplot as plt
from rich.console import Console
from rich.progress import track

from . import figures, ledger, numbers, tables


def _table(name: str, folder: Path) -> None:
    tables.TABLES[name]().write(folder, name)


def _figure(name: str, folder: Path) -> None:
    figures.save(figures.FIGURES[name](), folder, name)


def main(folder: Path) -> None:
    """Write everything to ``folder``."""
    plt.style.use(figures.STYLE)
    tasks: dict[str, Callable[[Path], None]] = {
        **{name: partial(_table, name) for name in tables.TABLES},
        **{name: partial(_figure, name) for name in figures.FIGURES},
        "numbers": numbers.write,
        "claims": ledger.write_tables,
    }
    console = Console(stderr=True)
    for name in track(tasks, "tables and figures", console=console, disable=not console.is_terminal):
        tasks[name](folder)
    print(f"{len(tasks)} tables and figures in {folder}/: {', '.join(tasks)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build"))
