"""``index.html``: every figure and table that was built, on one page, with one caption each."""

import csv
import html
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ditcarbon_sym.reports.formats import write_atomically

_CSS = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem; }
figure, section { margin: 1.2rem 0 2.2rem; } figure img { max-width: 100%; background: white; }
figcaption, p { font-size: 0.9rem; } h2 { font-size: 1.1rem; margin: 2.5rem 0 0.5rem; border-bottom: 1px solid #8884; }
h3 { font-size: 0.95rem; margin: 0 0 0.3rem; } div.wide { overflow: auto; max-height: 26rem; }
table { border-collapse: collapse; font-size: 0.75rem; } thead { position: sticky; top: 0; background: Canvas; }
th, td { text-align: left; padding: 0.15rem 0.7rem 0.15rem 0; border-bottom: 1px solid #8883; vertical-align: top; }
nav { columns: 16rem; font-size: 0.85rem; } nav a { display: block; break-inside: avoid; }
"""
CAPTIONS = {
    "figure1": "Figure 1. From a request to grams of CO2eq, as the code composes it.",
    "figure2": "Figure 2. Efficiency of the V100 against size, with the band that the paper prints for the 1080 Ti.",
    "figure3": "Figure 3. Efficiency of the V100: all runs, and those of production size with the fit of Eq. (3).",
    "figure4": "Figure 4. Carbon per output against latent tokens, image and video.",
    "residuals": "Residuals of the production fit, by model and size.",
    "leading_order_error": "FLOP of a pass by kind of operator, and the error of the leading order, for every model.",
    "scorecard_models": "Every published run, predicted by a fit that has not seen its model.",
    "scorecard_accelerators": "Every published run, predicted by a fit that has not seen its accelerator.",
    "pit": "Where runs that were held out lie in their predicted distributions (PIT): flat if intervals are right. "
    "Nine of ten bars then end in the grey band.",
    "fleet_plot": "One request on every accelerator: energy against time, with 90 % intervals.",
    "several": "Several accelerators to one request: speed-up and joules, measured and predicted, model held out.",
    "anywhere": "One image in the paper's seven places, in 208 countries and in 97 cloud regions.",
    "modes_by_stack": "Predicted over measured seconds by software: the eager law, and the mode, each source held out.",
    "drivers": "The drivers that Carbon in Motion names, as elasticities of energy beside trends that are reported.",
    "other_team": "A second team's runs, over what is expected from the first team's.",
}
"""One caption for each figure; the site shows the same."""


def write(
    folder: Path, tables: Iterable[str], figures: Mapping[str, Callable[[], Any]], reports: Iterable[str]
) -> None:
    """Write the page of what is in the folder."""
    shown = [name for name in figures if (folder / f"{name}.png").exists()]
    listed = [name for name in (*tables, "claims") if (folder / f"{name}.csv").exists()]
    told = [name for name in reports if (folder / f"{name}.html").exists()]
    links = "\n".join(f'<a href="#{name}">{_caption(name, folder)}</a>' for name in (*shown, *listed))
    parts = [
        "<h1>Tables and figures</h1>",
        f"<p>{len(shown)} figures, {len(listed)} tables and {len(told)} reports, as <code>make figures</code> built "
        "them. Each figure is there as PDF, each table as CSV, Markdown and LaTeX.</p>",
        f"<nav>{links}</nav>",
        "<h2>Figures</h2>", *(_figure(name, folder) for name in shown),
        "<h2>Tables</h2>", *(_table(name, folder) for name in listed),
        "<h2>Reports</h2>", *(f'<p><a href="{name}.html">{name}</a></p>' for name in told),
    ]  # fmt: skip
    body = "\n".join(parts)
    write_atomically(
        folder / "index.html",
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Tables and figures</title><style>{_CSS}</style></head>\n<body>\n{body}\n</body></html>\n",
    )


def _caption(name: str, folder: Path) -> str:
    """The caption of a figure, or the title of a table, which its Markdown begins with."""
    if name in CAPTIONS or not (folder / f"{name}.md").exists():
        return html.escape(CAPTIONS.get(name, name))
    return html.escape((folder / f"{name}.md").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# "))


def _figure(name: str, folder: Path) -> str:
    return (
        f'<figure id="{name}"><img src="{name}.png" alt="" loading="lazy"><figcaption>{_caption(name, folder)} '
        f'<a href="{name}.pdf">PDF</a></figcaption></figure>'
    )


def _table(name: str, folder: Path) -> str:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    head = "".join(f"<th>{html.escape(x)}</th>" for x in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(x)}</td>" for x in row) + "</tr>" for row in rows)
    files = " ".join(f'<a href="{name}.{x}">{x}</a>' for x in ("csv", "md", "tex") if (folder / f"{name}.{x}").exists())
    return (
        f'<section id="{name}"><h3>{_caption(name, folder)}</h3><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div><p>{files}</p></section>"
    )
