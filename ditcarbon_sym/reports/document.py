"""A report is a list of blocks, written as HTML, Markdown or LaTeX. A file contains its figures, and needs no other."""

import base64
import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..errors import InputError, visible
from .formats import latex_table, markdown, markdown_table, tex

Block = tuple[str, Any]
"""A piece of a report: ('heading', text), ('text', text), ('list', lines), ('table', (header, rows)), ('figure',
(caption, name)).
"""


class Figures(Protocol):
    """What draws the figures of a report."""

    def svg(self, name: str) -> str:
        """Draw a figure as SVG text."""

    def tikz(self, name: str, caption: str) -> str:
        """Draw a figure as LaTeX."""


def render(title: str, blocks: Sequence[Block], suffix: str, figures: Figures) -> str:
    """Write the blocks in the format of a file's ending; raises `InputError` for an unknown one."""
    if suffix not in RENDERERS:
        raise InputError(f"report: cannot write {suffix or 'a file without ending'}; expected .html, .md or .tex")
    return RENDERERS[suffix](title, blocks, figures)


_CSS = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #8884; }
div.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.86rem; }
th, td { text-align: left; padding: 0.2rem 0.7rem 0.2rem 0; border-bottom: 1px solid #8883; vertical-align: top; }
figure { margin: 1rem 0; background: white; padding: 0.5rem; } figure svg { width: 100%; height: auto; }
figcaption { color: #333; font-size: 0.86rem; }
"""


def _shown(text: str) -> str:
    return html.escape(visible(text))


def _html(title: str, blocks: Sequence[Block], figures: Figures) -> str:
    parts = []
    for kind, content in blocks:
        if kind == "heading":
            parts.append(f"<h2>{_shown(content)}</h2>")
        elif kind == "text":
            parts.append(f"<p>{_shown(content)}</p>")
        elif kind == "list":
            parts.append("<ul>" + "".join(f"<li>{_shown(line)}</li>" for line in content) + "</ul>")
        elif kind == "figure":
            caption, name = content
            drawing = figures.svg(name)
            parts.append(f"<figure>{drawing}<figcaption>{_shown(caption)}</figcaption></figure>")
        else:
            header, rows = content
            head = "".join(f"<th>{_shown(cell)}</th>" for cell in header)
            body = "".join("<tr>" + "".join(f"<td>{_shown(cell)}</td>" for cell in row) + "</tr>" for row in rows)
            parts.append(f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_shown(title)}</title><style>{_CSS}</style></head>\n"
        f"<body><h1>{_shown(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _markdown(title: str, blocks: Sequence[Block], figures: Figures) -> str:
    parts = [f"# {markdown(title)}"]
    for kind, content in blocks:
        if kind == "heading":
            parts.append(f"## {markdown(content)}")
        elif kind == "text":
            parts.append(markdown(content))
        elif kind == "list":
            parts.append("\n".join(f"- {markdown(line)}" for line in content))
        elif kind == "figure":
            caption, name = content
            data = base64.b64encode(figures.svg(name).encode()).decode()
            parts.append(f"![{markdown(caption)}](data:image/svg+xml;base64,{data})")
        else:
            header, rows = content
            parts.append(markdown_table([cell or " " for cell in header], rows))
    return "\n\n".join(parts) + "\n"


def _latex(title: str, blocks: Sequence[Block], figures: Figures) -> str:
    parts = [
        r"\documentclass{article}",
        r"\usepackage[margin=2cm]{geometry}\usepackage{booktabs,tikz,amssymb,textcomp}",
        rf"\title{{{tex(title)}}}\date{{}}",
        r"\begin{document}\maketitle",
    ]
    for number, (kind, content) in enumerate(blocks):
        if kind == "heading":
            parts.append(rf"\section*{{{tex(content)}}}")
        elif kind == "text":
            parts.append(tex(content) + "\n")
        elif kind == "list":
            items = "\n".join(rf"  \item {tex(line)}" for line in content)
            parts.append(f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
        elif kind == "figure":
            caption, name = content
            parts.append(figures.tikz(name, caption))
        else:
            header, rows = content
            shrunk = (
                latex_table(header, rows, "", f"tab:{number}")
                .replace(r"\caption{}", "")
                .replace(rf"\label{{tab:{number}}}", "")
            )
            parts.append(
                shrunk.replace(r"\centering", r"\centering\scriptsize").replace(r"\begin{table}", r"\begin{table}[ht]")
            )
    return "\n".join([*parts, r"\end{document}", ""])


Renderer = Callable[[str, Sequence[Block], Figures], str]
RENDERERS: Mapping[str, Renderer] = {".html": _html, ".md": _markdown, ".tex": _latex}
