"""The figures of a sensitivity report: bars of elasticities and a tornado, as SVG and as LaTeX."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...analysis.knobs import WORDS
from ...analysis.sensitivity import Elasticity, Swing
from ..formats import setting_words, significant, tex
from .drawing import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Bars:
    """What the figures show: elasticities, swings, the output at the operating point, its name and unit."""

    elasticities: Sequence[Elasticity]
    swings: Sequence[Swing]
    centre: float
    noun: str
    unit: str

    @property
    def shown(self) -> list[Elasticity]:
        """The elasticities that are large enough for a bar."""
        return [x for x in self.elasticities if abs(x.value) >= 0.005]

    def svg(self, name: str) -> str:
        """Draw a figure, "tornado" or "elasticities", as SVG text."""
        draw, bars, height = {
            "tornado": (_tornado, len(self.swings), 0.34), "elasticities": (_elasticities, len(self.shown), 0.27),
        }[name]  # fmt: skip
        text = drawn(lambda figure: draw(self, figure), (6.4, height * bars + 1.0), ".svg").decode()
        return text[text.index("<svg") :]

    def tikz(self, name: str, caption: str) -> str:
        """Draw a figure in LaTeX itself, so that the file needs no picture beside it."""
        return _tikz_bars(self, name, caption)


def _elasticities(bars: Bars, figure: "Figure") -> None:
    shown, axes = bars.shown[::-1], figure.subplots()
    colours = ["#0072B2" if x.value > 0 else "#E69F00" for x in shown]
    axes.barh([WORDS[x.knob] for x in shown], [x.value for x in shown], color=colours, height=0.7)
    for k, x in enumerate(shown):
        offset, side = (0.04, "left") if x.value > 0 else (-0.04, "right")
        axes.text(x.value + offset, k, f"{x.value:+.2f}", va="center", ha=side, fontsize=8)
    axes.axvline(0, color="0.2", lw=0.8)
    axes.margins(x=0.14)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(f"elasticity: per cent of {bars.noun} per per cent")


def _tornado(bars: Bars, figure: "Figure") -> None:
    shown, axes = list(bars.swings)[::-1], figure.subplots()
    centre = bars.centre
    ends = [end for x in shown for end in (x.at_low, x.at_high)]
    width = max(*ends, centre) - min(*ends, centre)
    for k, x in enumerate(shown):
        for end, value, colour in ((x.at_low, x.low_setting, "#56B4E9"), (x.at_high, x.high_setting, "#D55E00")):
            axes.barh(k, end - centre, left=centre, color=colour, height=0.66)
            if abs(end - centre) > 0.015 * width:
                right = end > centre
                axes.annotate(
                    setting_words(x.knob, value), (end, k), (3 if right else -3, 0), textcoords="offset points",
                    va="center", ha="left" if right else "right", fontsize=6.5, color="0.25",
                )  # fmt: skip
    axes.barh(0, 0, color="#56B4E9", label="low end of the range")
    axes.barh(0, 0, color="#D55E00", label="high end")
    axes.axvline(centre, color="0.2", lw=0.8, label="operating point")
    axes.set_yticks(range(len(shown)), [WORDS[x.knob] for x in shown])
    axes.set_xlim(min(*ends, centre) - 0.16 * width, max(*ends, centre) + 0.16 * width)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(f"{bars.noun} ({bars.unit})")
    axes.legend(fontsize=7, loc="lower right", frameon=False)


def _tikz_bars(shown: Bars, name: str, caption: str) -> str:
    if name == "tornado":
        centre = shown.centre
        bars = [(WORDS[x.knob], x.at_low - centre, x.at_high - centre) for x in shown.swings]
    else:
        bars = [(WORDS[x.knob], 0.0, x.value) for x in shown.shown]
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
