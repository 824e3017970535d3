"""The gallery: each script is run when the site is built; its page shows its figure, its text and its code."""

import ast
import io
import warnings
from contextlib import redirect_stdout
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib import pyplot as plt

from docs.examples import ROOT
from paper_figures.figures import STYLE

SCRIPTS = tuple(sorted((ROOT / "docs" / "gallery").glob("*.py")))


def pages() -> dict[str, str | bytes]:
    """Run every script; return its page and figure, and the overview."""
    made: dict[str, str | bytes] = {}
    for path in SCRIPTS:
        drawn, printed = run(path)
        title, words = told(path)
        made[f"gallery/{name(path)}.png"] = drawn
        shown = f"It prints\n\n```text\n{printed}```\n\n" if printed else ""
        made[f"gallery/{name(path)}.md"] = (
            f"# {title}\n\n![{title}]({name(path)}.png)\n\n{words}\n\n{shown}"
            f"## The script\n\n```python\n{code(path)}```\n"
        )
    cards = "\n".join(
        f'<a class="card" href="{name(path)}.html"><img src="{name(path)}.png" alt="" loading="lazy">'
        f"<span>{escape(told(path)[0])}</span></a>"
        for path in SCRIPTS
    )
    made["gallery/index.md"] = (
        f"# Gallery\n\n{len(SCRIPTS)} short scripts. Each is run when this site is built; its page shows what it "
        "drew.\n\n"
        f'<div class="gallery">\n{cards}\n</div>\n'
    )
    return made


def titles() -> dict[str, str]:
    """Return the pages in the order of their files."""
    return {f"gallery/{name(path)}.md": told(path)[0] for path in SCRIPTS}


def name(path: Path) -> str:
    """Return a script's name in the site: without the number that orders it."""
    return path.stem.partition("_")[2].replace("_", "-")


@lru_cache
def told(path: Path) -> tuple[str, str]:
    """Return the first line of a script's docstring, which is its title, and the rest."""
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    title, _, rest = words.partition("\n")
    return title.rstrip("."), rest.strip()


def code(path: Path) -> str:
    """Return a script without its docstring."""
    text = path.read_text(encoding="utf-8")
    first = ast.parse(text).body[0]
    return "\n".join(text.splitlines()[first.end_lineno :]).strip() + "\n"


def run(path: Path) -> tuple[bytes, str]:
    """Run a script, whose variable ``figure`` is what it draws; return the PNG and what it prints."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    out, drawn = io.StringIO(), io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings(), redirect_stdout(out):
        matplotlib.use("agg")
        plt.style.use(STYLE)
        warnings.simplefilter("error")
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
        namespace["figure"].savefig(drawn, format="png", dpi=160, metadata={"Software": None})
        plt.close("all")
    return drawn.getvalue(), out.getvalue()
