"""Build every table and figure: ``python -m paper_figures [FOLDER]`` (default ``build``)."""

import sys
from pathlib import Path

from matplotlib import pyplot as plt
from rich.progress import track

from . import figures, tables


def main(folder: Path) -> None:
    plt.style.use(figures.STYLE)
    tasks = [*tables.TITLES, *figures.FIGURES]
    for name in track(tasks, description="tables and figures", disable=not sys.stderr.isatty()):
        if name in tables.TITLES:
            tables.write(name, folder)
        else:
            figures.save(figures.FIGURES[name](), folder, name)
    print(f"{len(tasks)} tables and figures in {folder}/: {', '.join(tasks)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build"))
