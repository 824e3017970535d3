"""The scorecard of the operator law as two figures: models held out, and accelerators held out; a line for each model
on each accelerator.
"""

from functools import partial

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from ditcarbon_sym.catalog.loading import load
from fits import chips
from fits.runs import V100

from .coverage import NOISE
from .scorecard import ACCELERATOR, FITTED, MODEL, TARGETS, Score, corpus_ratios, scores

COLOURS = {FITTED: "0.6", MODEL: "#0072B2", ACCELERATOR: "#D55E00"}
CORPUS = "79 rows of Table 5"
SHORT = {"GeForce ": "", "Tesla ": "", "NVIDIA ": "", " SXM ": " ", "-PCIE": "", " SXM": "", "-SXM2": " SXM2"}


def figure(way: str) -> Figure:
    """Predicted over measured time and energy, with the model or the accelerator held out; grey is what the fit that
    ships says.
    """
    lines = _lines(way)
    drawn, panels = plt.subplots(1, 2, figsize=(7.2, 1.3 + 0.2 * len(lines)), sharex=True, sharey=True)
    for target, axes in zip(TARGETS, panels, strict=True):
        axes.axvspan(1 / (1 + NOISE[target]), 1 + NOISE[target], color="0.92", lw=0, zorder=0)
        axes.axvline(1, color="0.4", lw=0.8)
        for place, (gpu, model) in enumerate(lines):
            _draw(axes, place, way, [x for x in scores() if (x.gpu, x.model, x.target) == (gpu, model, target)])
            if model == CORPUS and target == "time":
                axes.plot(corpus_ratios(), np.full(len(corpus_ratios()), place), "|", color=COLOURS[way], ms=6, mew=0.6)
        axes.set(xscale="log", xlim=(0.55, 1.75), xlabel=f"predicted / measured {target}")
        axes.xaxis.set_major_locator(FixedLocator([0.6, 0.8, 1, 1.25, 1.6]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    panels[0].set_yticks(range(len(lines)), _labels(lines))
    panels[0].set_ylim(len(lines) - 0.4, -0.6)
    for place in (k for k in range(1, len(lines)) if lines[k][0] != lines[k - 1][0]):
        for axes in panels:
            axes.axhline(place - 0.5, color="0.8", lw=0.6)
    handles = [
        Line2D([], [], color=COLOURS[way], marker="o", mfc="none", ms=4, ls="", label=way),
        Line2D([], [], color=COLOURS[FITTED], marker=".", ms=4, ls="", label=f"{FITTED} that ships"),
        Line2D([], [], color="0.92", lw=6, label="two teams differ by so much"),
    ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=3)
    return drawn


def _draw(axes: Axes, place: int, way: str, runs: list[Score]) -> None:
    """Draw the runs of one model on one accelerator on a line."""
    for x in runs:
        if way in x.ratios:
            axes.plot(x.ratios[FITTED], place + 0.22, ".", color=COLOURS[FITTED], ms=2.5, zorder=1.5)
            axes.plot(x.ratios[way], place - 0.1, "o", color=COLOURS[way], ms=3.5, mfc="none", mew=0.8)


def _lines(way: str) -> list[tuple[str, str]]:
    """The lines of a figure: accelerator and model."""
    there = {(x.gpu, x.model) for x in scores() if way in x.ratios}
    there |= {(V100, CORPUS)} if way == MODEL else set()
    order = list(chips.accelerators())
    return sorted(there, key=lambda x: (order.index(x[0]), x[1]))


def _labels(lines: list[tuple[str, str]]) -> list[str]:
    """The model on each line, and on the first of an accelerator its name."""
    told = []
    for k, (gpu, model) in enumerate(lines):
        first = k == 0 or lines[k - 1][0] != gpu
        told.append(f"{_short(gpu)}   {model}" if first else model)
    return told


def _short(gpu: str) -> str:
    name = load().gpu(gpu).name
    for long, short in SHORT.items():
        name = name.replace(long, short)
    return name


FIGURES = {"scorecard_models": partial(figure, MODEL), "scorecard_accelerators": partial(figure, ACCELERATOR)}
