"""The notebooks are run when the site is built; their pages show what each cell gives."""

import base64
import re
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from docs.examples import ROOT

FOLDER = ROOT / "docs" / "notebooks"
NOTEBOOKS = tuple(sorted(FOLDER.glob("*.ipynb")))


def pages() -> dict[str, str | bytes]:
    """Run every notebook; return its page, its images, the file to download, and the overview."""
    made: dict[str, str | bytes] = {}
    for path in NOTEBOOKS:
        book = nbformat.read(path, as_version=4)
        client = NotebookClient(book, timeout=300, resources={"metadata": {"path": str(ROOT)}})
        client.km = AsyncKernelManager(kernel_name="python3", transport="ipc")
        client.execute()
        made |= _page(path.stem, book)
        made[f"notebooks/{path.name}"] = nbformat.writes(book) + "\n"
    lines = [f"- [{title}]({path.removeprefix('notebooks/')})" for path, title in titles().items()]
    made["notebooks/index.md"] = (
        "# Notebooks\n\nIn a notebook an estimate, a count, a sweep, a comparison and a calibration show themselves as "
        "tables, an equation as a formula. These notebooks are run when this site is built; each can be downloaded.\n\n"
        + "\n".join(lines)
        + "\n"
    )
    return made


def titles() -> dict[str, str]:
    """Return the pages with the first heading of each notebook."""
    found = {}
    for path in NOTEBOOKS:
        first = nbformat.read(path, as_version=4).cells[0].source
        found[f"notebooks/{path.stem}.md"] = first.splitlines()[0].removeprefix("# ")
    return found


def _page(stem: str, book: Any) -> dict[str, str | bytes]:
    images: dict[str, str | bytes] = {}
    parts = []
    for number, cell in enumerate(book.cells):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            if number == 0:
                parts.append(f"[Download this notebook]({stem}.ipynb){{ download }}")
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                name = f"notebooks/{stem}-{len(images)}.png"
                images[name] = base64.b64decode(data["image/png"])
                parts.append(f"![figure of the cell above]({name.removeprefix('notebooks/')})")
            elif "text/html" in data:
                parts.append(f'<div class="output">\n{re.sub(chr(10) + "+", chr(10), data["text/html"])}\n</div>')
            elif "text/latex" in data:
                formula = data["text/latex"].strip().strip("$").removeprefix("\\displaystyle ")
                parts.append(f"$$\n{formula}\n$$")
            else:
                parts.append(f"```text\n{data.get('text/plain', output.get('text', '')).rstrip()}\n```")
    return {**images, f"notebooks/{stem}.md": "\n\n".join(parts) + "\n"}
