"""A sensitivity report: what was asked, what matters and by how much, on which assumptions. HTML, Markdown or
LaTeX, with the figures inside.
"""

import base64
import hashlib
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from . import __version__
from .catalog import DATA
from .estimation import Estimate, estimate_at
from .notation import NOTATION, InputError
from .operating import OperatingPoint
from .report import (
    basis_rows,
    estimate_header,
    estimate_rows,
    estimate_title,
    latex_table,
    markdown_table,
    significant,
    tex,
)  # fmt: skip
from .sensitivity import (
    NOUNS,
    WORDS,
    Elasticity,
    Sobol,
    Swing,
    elasticities,
    interactions,
    local_agreement,
    output_symbol,
    sobol,
    tornado,
)  # fmt: skip

STRONGEST = 6
"""How many knobs the table of interactions covers."""


@dataclass(frozen=True)
class Analysis:
    """Everything a sensitivity analysis found at one operating point; ``sobol`` is empty where it was not asked for."""

    output: str
    estimate: Estimate
    elasticities: Sequence[Elasticity]
    swings: Sequence[Swing]
    interactions: dict[tuple[str, str], float]
    sobol: Sequence[Sobol]
    agreement: float | None
    samples: int
    seed: int

    @property
    def noun(self) -> str:
        """What the output is called in a sentence."""
        return NOUNS[self.output]

    @property
    def unit(self) -> str:
        """The unit of the output, for people."""
        return NOTATION[output_symbol(self.output)].unit.replace("gCO2eq", "g CO2eq")

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        return {
            "output": self.output,
            "estimate": self.estimate.to_dict(),
            "elasticities": [{**vars(x), "sentence": x.sentence(self.noun)} for x in self.elasticities],
            "tornado": [vars(x) for x in self.swings],
            "interactions": [{"one": a, "other": b, "value": x} for (a, b), x in self.interactions.items()],
            "sobol": [vars(x) for x in self.sobol],
            "local_agreement": self.agreement,
            "samples": self.samples,
            "seed": self.seed,
        }


def analyse(point: OperatingPoint, output: str, *, with_sobol: bool, samples: int, seed: int) -> Analysis:
    """Run the whole analysis of one output at one operating point."""
    if samples < 64 or samples > 2**18 or samples & (samples - 1):
        raise InputError(f"samples = {samples} is not a power of two in 64..262144")
    symbol = output_symbol(output)
    found = elasticities(point, symbol)
    strongest = [x.knob for x in found if x.knob not in ("peak_flop_per_second", "mu_sat", "mu")][:STRONGEST]
    return Analysis(
        output=output,
        estimate=estimate_at(point),
        elasticities=found,
        swings=tornado(point, symbol),
        interactions=interactions(point, strongest, symbol),
        sobol=sobol(point, symbol, samples=samples, seed=seed) if with_sobol else (),
        agreement=local_agreement(point, symbol, seed=seed) if with_sobol else None,
        samples=samples,
        seed=seed,
    )


Block = tuple[str, Any]
"""A piece of a report: ('heading', text), ('text', text), ('list', lines), ('table', (header, rows)), ('figure',
(caption, name)).
"""


def _setting(knob: str, value: float) -> str:
    if knob == "lifetime_s":
        return f"{significant(value / 31_557_600, 3)} years"
    unit = {"side": "px", "tdp_watt": "W", "grid_gco2eq_per_kwh": "g/kWh", "embodied_gco2eq": "g"}.get(knob, "")
    return f"{significant(value, 3)} {unit}".strip()


def elasticity_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return knob, where it stands, elasticity and sentence."""
    return [
        (WORDS[x.knob], _setting(x.knob, x.setting), f"{x.value:+.4f}", x.sentence(analysis.noun))
        for x in analysis.elasticities
    ]


def swing_words(swing: Swing) -> str:
    """Write the range of a bar."""
    return f"{_setting(swing.knob, swing.low_setting)} to {_setting(swing.knob, swing.high_setting)}"


def swing_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return knob, range, output at both ends and source."""
    return [
        (
            WORDS[x.knob],
            swing_words(x),
            significant(x.at_low),
            significant(x.at_high),
            x.source,
        )
        for x in analysis.swings
    ]


def interaction_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return the pairs whose elasticities depend on each other, the strongest first."""
    pairs = sorted(analysis.interactions.items(), key=lambda item: -abs(item[1]))
    return [(WORDS[a], WORDS[b], f"{x:+.4f}") for (a, b), x in pairs if abs(x) > 1e-9]


def sobol_rows(analysis: Analysis) -> list[tuple[str, ...]]:
    """Return first- and total-order indices beside the local share."""
    return [
        (
            WORDS[x.knob],
            f"{x.first:.3f} ± {x.first_half_width:.3f}",
            f"{x.total:.3f} ± {x.total_half_width:.3f}",
            f"{x.local_share:.3f}",
        )
        for x in analysis.sobol
    ]


def agreement_words(analysis: Analysis) -> str:
    """Say how well local and global agree where they must."""
    return (
        f"Check: over ranges 1 % wide, first-order indices and local shares differ by {analysis.agreement:.4f}; "
        "where they differ above, the ranges are wide, not the method wrong."
    )


def _blocks(analysis: Analysis) -> list[Block]:
    result, noun = analysis.estimate, analysis.noun
    blocks: list[Block] = [
        ("heading", "The request and its answer"),
        ("text", estimate_title(result)),
        ("table", (estimate_header(result), estimate_rows(result))),
    ]
    if result.warnings:
        blocks.append(("list", [f"Warning: {warning}" for warning in result.warnings]))
    strongest = [x.sentence(noun) for x in analysis.elasticities[:5]]
    blocks += [
        ("heading", "What matters here"),
        ("list", [f"{sentence}." for sentence in strongest]),
        ("text", "Elasticities are exact: the gradient of the closed chain of equations at this operating point."),
        ("figure", (f"Exact elasticities of {noun} at the operating point.", "elasticities")),
        ("table", (("input", "stands at", "elasticity", "in words"), elasticity_rows(analysis))),
        ("heading", "Over documented ranges"),
        (
            "text",
            f"Each input alone moves through its documented range, all others stay; {noun} in {analysis.unit}.",
        ),
        ("figure", (f"{noun[:1].upper()}{noun[1:]} over the documented range of each input.", "tornado")),
        ("table", (("input", "range", "at low end", "at high end", "source of the range"), swing_rows(analysis))),
        ("heading", "Where inputs interact"),
        (
            "text",
            "The exact second derivative of the logarithm: by how much the elasticity to one input grows when the "
            "logarithm of the other grows by one. Pairs that only multiply have none and are not listed.",
        ),
        ("table", (("input", "with", "second derivative"), interaction_rows(analysis))),
    ]
    if analysis.sobol:
        blocks += [
            ("heading", "Shares of the variance"),
            (
                "text",
                f"Sobol indices, same ranges, uniform; {analysis.samples} samples, seed {analysis.seed}. "
                f"{agreement_words(analysis)}",
            ),
            ("table", (("input", "first order", "total", "local share"), sobol_rows(analysis))),
        ]
    return [
        *blocks,
        ("heading", "What it rests on"),
        ("table", (("what", "how"), basis_rows(result))),
        ("text", f"ditcarbon_sym {__version__}; data {data_version()}."),
    ]


def data_version() -> str:
    """Return a fingerprint of the shipped data files: the same data, the same letters."""
    digest = hashlib.sha256()
    for path in sorted(DATA.rglob("*.toml")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def figure_svg(analysis: Analysis, name: str) -> str:
    """Draw one figure of the report as SVG text."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with pyplot.rc_context({"svg.hashsalt": "ditcarbon", "font.size": 9, "svg.fonttype": "path"}):
        figure = {"tornado": _tornado_figure, "elasticities": _elasticity_figure}[name](analysis, pyplot)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _elasticity_figure(analysis: Analysis, pyplot: Any) -> Any:
    shown = [x for x in analysis.elasticities if abs(x.value) >= 0.005][::-1]
    figure, axes = pyplot.subplots(figsize=(6.4, 0.27 * len(shown) + 0.9), layout="constrained")
    colours = ["#0072B2" if x.value > 0 else "#E69F00" for x in shown]
    axes.barh([WORDS[x.knob] for x in shown], [x.value for x in shown], color=colours, height=0.7)
    for k, x in enumerate(shown):
        offset, side = (0.04, "left") if x.value > 0 else (-0.04, "right")
        axes.text(x.value + offset, k, f"{x.value:+.2f}", va="center", ha=side, fontsize=8)
    axes.axvline(0, color="0.2", lw=0.8)
    axes.margins(x=0.14)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(f"elasticity: per cent of {analysis.noun} per per cent")
    return figure


def _tornado_figure(analysis: Analysis, pyplot: Any) -> Any:
    shown = list(analysis.swings)[::-1]
    centre = _centre(analysis)
    ends = [end for x in shown for end in (x.at_low, x.at_high)]
    width = max(*ends, centre) - min(*ends, centre)
    figure, axes = pyplot.subplots(figsize=(6.4, 0.34 * len(shown) + 1.1), layout="constrained")
    for k, x in enumerate(shown):
        for end, value, colour in ((x.at_low, x.low_setting, "#56B4E9"), (x.at_high, x.high_setting, "#D55E00")):
            axes.barh(k, end - centre, left=centre, color=colour, height=0.66)
            if abs(end - centre) > 0.015 * width:
                right = end > centre
                axes.annotate(
                    _setting(x.knob, value), (end, k), (3 if right else -3, 0), textcoords="offset points",
                    va="center", ha="left" if right else "right", fontsize=6.5, color="0.25",
                )  # fmt: skip
    axes.barh(0, 0, color="#56B4E9", label="low end of the range")
    axes.barh(0, 0, color="#D55E00", label="high end")
    axes.axvline(centre, color="0.2", lw=0.8, label="operating point")
    axes.set_yticks(range(len(shown)), [WORDS[x.knob] for x in shown])
    axes.set_xlim(min(*ends, centre) - 0.16 * width, max(*ends, centre) + 0.16 * width)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(f"{analysis.noun} ({analysis.unit})")
    axes.legend(fontsize=7, loc="lower right", frameon=False)
    return figure


def _centre(analysis: Analysis) -> float:
    """The output at the operating point itself."""
    result, name = analysis.estimate, analysis.output
    values = {
        "per_output_g": result.per_output_g.value,
        "total_g": result.total_g.value,
        "operational_g": result.operational_g.value,
        "embodied_g": result.embodied_g.value,
        "energy_kwh": None if result.energy_wh.value is None else result.energy_wh.value / 1000,
        "time_s": result.time_s.value,
        "mu": result.efficiency["value"],
        "flops": result.flops["total"],
        "parameters": result.parameters,
    }
    return float(values[name] or 0.0)


def render(analysis: Analysis, suffix: str) -> str:
    """Write the report as .html, .md or .tex; each stands alone, figures inside."""
    if suffix not in RENDERERS:
        raise InputError(f"report: cannot write {suffix or 'a file without ending'}; expected .html, .md or .tex")
    title = f"Sensitivity of {analysis.noun}: {analysis.estimate.model}"
    return RENDERERS[suffix](title, _blocks(analysis), analysis)


_CSS = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #8884; }
div.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.86rem; }
th, td { text-align: left; padding: 0.2rem 0.7rem 0.2rem 0; border-bottom: 1px solid #8883; vertical-align: top; }
figure { margin: 1rem 0; background: white; padding: 0.5rem; } figure svg { width: 100%; height: auto; }
figcaption { color: #333; font-size: 0.86rem; }
"""


def _html(title: str, blocks: Sequence[Block], analysis: Analysis) -> str:
    parts = []
    for kind, content in blocks:
        if kind == "heading":
            parts.append(f"<h2>{html.escape(content)}</h2>")
        elif kind == "text":
            parts.append(f"<p>{html.escape(content)}</p>")
        elif kind == "list":
            parts.append("<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in content) + "</ul>")
        elif kind == "figure":
            caption, name = content
            drawing = figure_svg(analysis, name)
            parts.append(f"<figure>{drawing}<figcaption>{html.escape(caption)}</figcaption></figure>")
        else:
            header, rows = content
            head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
            body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
            parts.append(f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_CSS}</style></head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _markdown(title: str, blocks: Sequence[Block], analysis: Analysis) -> str:
    parts = [f"# {title}"]
    for kind, content in blocks:
        if kind == "heading":
            parts.append(f"## {content}")
        elif kind == "text":
            parts.append(content)
        elif kind == "list":
            parts.append("\n".join(f"- {line}" for line in content))
        elif kind == "figure":
            caption, name = content
            data = base64.b64encode(figure_svg(analysis, name).encode()).decode()
            parts.append(f"![{caption}](data:image/svg+xml;base64,{data})")
        else:
            header, rows = content
            parts.append(markdown_table([cell or " " for cell in header], rows))
    return "\n\n".join(parts) + "\n"


def _latex(title: str, blocks: Sequence[Block], analysis: Analysis) -> str:
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
            parts.append(_tikz_bars(analysis, name, caption))
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


def _tikz_bars(analysis: Analysis, name: str, caption: str) -> str:
    """Bars drawn by LaTeX itself, so that the file needs no picture beside it."""
    if name == "tornado":
        centre = _centre(analysis)
        bars = [(WORDS[x.knob], x.at_low - centre, x.at_high - centre) for x in analysis.swings]
    else:
        bars = [(WORDS[x.knob], 0.0, x.value) for x in analysis.elasticities if abs(x.value) >= 0.005]
    widest = max(max(abs(low), abs(high)) for _, low, high in bars) or 1.0
    lines = [r"\begin{figure}[ht]\centering\begin{tikzpicture}[x=4.5cm,y=-0.45cm,font=\scriptsize]"]
    for k, (words, low, high) in enumerate(bars):
        for end, shade in ((low, "black!35"), (high, "black!65")):
            lines.append(rf"  \fill[{shade}] (0,{k - 0.32:.2f}) rectangle ({end / widest:.4f},{k + 0.32:.2f});")
        lines.append(rf"  \node[anchor=east] at (-1.05,{k}) {{{tex(words)}}};")
    lines += [
        rf"  \draw (0,-0.6) -- (0,{len(bars) - 0.4:.1f});",
        rf"  \node at (1,{len(bars)}) {{{tex(significant(widest, 3))}}};",
        rf"\end{{tikzpicture}}\caption{{{tex(caption)} Light: low end, dark: high end.}}\end{{figure}}",
    ]
    return "\n".join(lines)


RENDERERS = {".html": _html, ".md": _markdown, ".tex": _latex}
