"""Build every table and figure: ``python -m paper_figures [FOLDER [NAME ...]]`` (default ``build``, all)."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt
from rich.console import Console
from rich.progress import track

from ditcarbon_sym.analysis import questions
from ditcarbon_sym.estimation.point import Options
from ditcarbon_sym.reports import document, sensitivity
from ditcarbon_sym.reports.formats import write_atomically

from . import (
    anywhere,
    coverage,
    drivers,
    exact_counts,
    figures,
    fleet,
    ledger,
    llmcarbon,
    measured,
    numbers,
    operator_law_tables,
    other_team,
    page,
    scorecard,
    scorecard_figures,
    several,
    software_modes,
    tables,
    trainings,
)

TABLES = {
    **tables.TABLES,
    "exact_counts": exact_counts.table,
    **scorecard.TABLES,
    **operator_law_tables.TABLES,
    **coverage.TABLES,
    **software_modes.TABLES,
    **fleet.TABLES,
    **several.TABLES,
    **trainings.TABLES,
    **llmcarbon.TABLES,
    **drivers.TABLES,
}
FIGURES: dict[str, Callable[[], Any]] = {
    **figures.FIGURES,
    "leading_order_error": exact_counts.figure,
    **scorecard_figures.FIGURES,
    **coverage.FIGURES,
    **fleet.FIGURES,
    **other_team.FIGURES,
    **measured.FIGURES,
    **anywhere.FIGURES,
    **several.FIGURES,
    **software_modes.FIGURES,
    **drivers.FIGURES,
}


def _table(name: str, folder: Path) -> None:
    TABLES[name]().write(folder, name)


def _figure(name: str, folder: Path) -> None:
    figures.save(FIGURES[name](), folder, name)


REPORTS: dict[str, tuple[str, Options]] = {
    "sensitivity_pixart-alpha": ("pixart-alpha", {"resolution": 1024, "efficiency": "bgr"}),
    "sensitivity_cogvideox-2b": ("cogvideox-2b", {"resolution": 480, "frames": 49, "efficiency": "bgr"}),
}


def _report(name: str, folder: Path) -> None:
    model, options = REPORTS[name]
    analysis = questions.sensitivity(model, **options)
    for suffix in document.RENDERERS:
        write_atomically(folder / f"{name}{suffix}", sensitivity.render(analysis, suffix))


def main(folder: Path, only: Sequence[str] = ()) -> None:
    """Write everything to ``folder``, or only what is named."""
    plt.style.use(figures.STYLE)
    tasks: dict[str, Callable[[Path], None]] = {
        **{name: partial(_table, name) for name in TABLES},
        **{name: partial(_figure, name) for name in FIGURES},
        **{name: partial(_report, name) for name in REPORTS},
        "numbers": numbers.write,
        "claims": ledger.write_tables,
    }
    unknown = set(only) - set(tasks)
    if unknown:
        raise SystemExit(f"error: no table or figure {', '.join(sorted(unknown))}; there are {', '.join(tasks)}")
    tasks = {name: task for name, task in tasks.items() if not only or name in only}
    console = Console(stderr=True)
    for name in track(tasks, "tables and figures", console=console, disable=not console.is_terminal):
        tasks[name](folder)
    page.write(folder, TABLES, FIGURES, REPORTS)
    print(f"all on one page: {folder}/index.html")
    print(f"{len(tasks)} tables, figures and reports in {folder}/: {', '.join(tasks)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build"), sys.argv[2:])
