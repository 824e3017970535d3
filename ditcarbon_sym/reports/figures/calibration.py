"""The residuals of a fit."""

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from ...calibration.efficiency import Calibrated
from ...equations.notation import B, ell
from ...errors import visible
from .drawing import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def residuals(result: Calibrated, suffix: str) -> bytes:
    """Draw predicted over measured values against latent tokens: a marker for each model, a shade for each batch."""
    return drawn(lambda figure: _residuals(result, figure), (6.4, 4), suffix)


def _residuals(result: Calibrated, figure: "Figure") -> None:
    from matplotlib import colormaps

    fitted = result.fitted.shipped
    data, error = fitted.data, 100 * (fitted.predict() / fitted.data.observed - 1)
    groups, batches = np.array(data.groups), np.unique(data.inputs[B])
    shades = dict(zip(batches, colormaps["viridis"](np.linspace(0, 0.9, len(batches))), strict=True))
    markers = dict(zip(dict.fromkeys(data.groups), cycle("osv^DPX*<>"), strict=False))
    axes = figure.subplots()
    for model, marker in markers.items():
        for batch, shade in shades.items():
            chosen = (groups == model) & (data.inputs[B] == batch)
            axes.plot(data.inputs[ell][chosen], error[chosen], marker, color=shade, ls="", ms=5)
        axes.plot([], [], marker, color="0.4", ls="", label=model)
    for batch, shade in shades.items():
        axes.plot([], [], "o", color=shade, ls="", label=f"batch {batch:g}")
    axes.axhline(0, color="0.4", lw=0.8)
    axes.set(
        xscale="log", xlabel="latent tokens per output", ylabel=f"predicted over measured {result.of}, less one (%)"
    )
    axes.set_title(visible(result.title.partition(";")[0]), fontsize=9, parse_math=False)
    figure.legend(fontsize=7, loc="outside right upper")
