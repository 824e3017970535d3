"""Predictions over measurements."""

from itertools import cycle
from typing import TYPE_CHECKING, Any

from ...calibration.validation import TARGETS, Scored, Validation
from .drawing import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNITS = {"time": "s", "energy": "J"}
SHADES = ("#0072B2", "#D55E00")


def ratios(found: Validation, suffix: str) -> bytes:
    """Draw predicted over measured values, with intervals, against what was measured: a panel for each target."""
    targets = [target for target in TARGETS if any(x.target == target for x in found.scored)]
    return drawn(lambda figure: _ratios(found, targets, figure), (1.2 + 4 * len(targets), 4), suffix)


def _ratios(found: Validation, targets: list[str], figure: "Figure") -> None:
    from matplotlib.lines import Line2D

    markers = dict(zip(dict.fromkeys(x.model for x in found.scored), cycle("osv^DPX*<>"), strict=False))
    panels = figure.subplots(1, len(targets), squeeze=False)
    for target, axes, shade in zip(targets, panels[0], SHADES, strict=False):
        for x in (x for x in found.scored if x.target == target):
            axes.errorbar(
                x.measured, x.ratio, yerr=_bars(x), fmt=markers[x.model], color=shade, ms=5, lw=0.7, capsize=2
            )
        axes.axhline(1, color="0.4", lw=0.8)
        axes.set(xscale="log", xlabel=f"measured {target} ({UNITS[target]})", ylabel=f"predicted / measured {target}")
    handles = [Line2D([], [], color="0.3", marker=mark, ls="", label=model) for model, mark in markers.items()]
    figure.legend(handles=handles, fontsize=7, loc="outside lower center", ncols=4)


def _bars(x: Scored) -> Any:
    if x.low is None or x.high is None:
        return None
    return [[(x.predicted - x.low) / x.measured], [(x.high - x.predicted) / x.measured]]
