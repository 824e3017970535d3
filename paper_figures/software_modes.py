"""The scorecard by software stack: published runs in other modes than eager PyTorch, each source held out."""

import math

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from ditcarbon_sym.catalog.loading import load
from fits import software, software_rows

from .tables import Table

EAGER, MODE = "eager law", "with the mode"
COLOURS = {EAGER: "#D55E00", MODE: "#0072B2"}


def table() -> Table:
    """Errors of seconds by stack, without the mode and with it, and how many rows the interval holds."""
    found = [
        (x.kind, str(x.rows), str(x.sources), f"{x.eager:.0f}", f"{x.seconds:.1f}", f"{x.bias:+.1f}",
         "none" if math.isnan(x.ratio) else f"{x.ratio:.1f}", f"{x.inside} of {x.rows}")
        for x in software.scores()
    ]  # fmt: skip
    return Table(
        "Scorecard by software stack",
        ("stack", "rows", "sources", "error, eager law (%)", "error, with the mode (%)", "bias (%)",
         "error of mode over baseline (%)", "inside the 90 % interval"),
        found,
        "Mean absolute error of the seconds of published runs, each source held out of the constants of the modes; the "
        "law itself is that which ships. Mode over baseline is what the modes alone are off by.",
    )  # fmt: skip


def rows() -> Table:
    """Every published run in a mode: predicted over measured, its source held out."""
    found = [
        (x.row.kind, load().gpu(x.row.gpu).name, x.row.model, _mode(x), x.row.source, f"{x.row.measured:g}",
         f"{math.exp(x.seconds):.3f}" if x.row.in_full else "not told in full",
         "none" if x.row.baseline is None else f"{math.exp(x.ratio):.3f}")
        for x in software.held_out()
    ]  # fmt: skip
    return Table(
        "Every published run in a mode, predicted over measured",
        ("stack", "accelerator", "model", "mode", "source", "measured (s)", "seconds", "mode over baseline"),
        found,
        "Each source held out. Where a source does not tell its request in full, only the ratio counts.",
    )


def _mode(x: software.HeldOut) -> str:
    mode = x.row.point.mode
    told = [
        mode.software,
        mode.precision,
        mode.attention,
        f"cache {mode.cache:.0%}" if mode.cache else "",
        mode.offload,
    ]
    return ", ".join(y for y in told if y)


def constants() -> Table:
    """The constants of the modes, and whether rows or the prior say them."""
    found = [
        (name, f"{x['value']:.3g}", f"{math.exp(1.645 * x['log_deviation']):.2f}", str(x["rows"]), x["verdict"])
        for name, x in software.table()["parameters"].items()
    ]
    return Table(
        "Constants of the modes",
        ("constant", "value", "90 % within a factor of", "rows", "verdict"),
        found,
        "Fitted to the rows and to priors together; a constant that no row shows stays at its prior.",
    )


def figure() -> Figure:
    """Predicted over measured seconds by stack: the eager law, and the mode with each source held out."""
    full = [x for x in software.held_out() if x.row.in_full]
    kinds = [kind for kind in software_rows.KINDS if any(x.row.kind == kind for x in full)]
    drawn, axes = plt.subplots(figsize=(7.2, 3.2), layout="constrained")
    axes.axvline(1, color="0.4", lw=0.8)
    for place, kind in enumerate(kinds):
        mine = [x for x in full if x.row.kind == kind]
        aside = np.linspace(-0.25, 0.25, len(mine)) if len(mine) > 1 else [0.0]
        for shift, x in zip(aside, mine, strict=True):
            half = software.half_width(x)
            ends = [math.exp(x.seconds - half), math.exp(x.seconds + half)]
            axes.plot(ends, [place + shift] * 2, color="0.85", lw=1.5, zorder=1)
            axes.plot(math.exp(x.row.log_eager()), place + shift, "o", color=COLOURS[EAGER], mfc="none", ms=3, mew=0.7)
            axes.plot(math.exp(x.seconds), place + shift, "o", color=COLOURS[MODE], ms=3)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.set_ylim(len(kinds) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([0.1, 0.2, 0.5, 1, 2, 5, 10]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
    axes.set_xlabel("predicted / measured seconds")
    for name, colour in COLOURS.items():
        axes.plot([], [], "o", color=colour, mfc="none" if name == EAGER else colour, ms=4, label=name)
    axes.plot([], [], color="0.85", lw=3, label="90 % interval")
    drawn.legend(loc="outside lower center", ncols=3)
    return drawn


TABLES = {"modes": table, "mode_rows": rows, "mode_constants": constants}
FIGURES = {"modes_by_stack": figure}
