"""The three drivers of Carbon in Motion as elasticities of energy: denoising steps, resolution and duration.

Li, Jiang and Tiwari (2024) measure Open-Sora and name steps, resolution and duration as what dictates its carbon; their
numbers are not public, the trend is. Delavande et al. (2025) print exponents for Wan2.1: one for steps, up to two for
pixels and for frames. An elasticity is the per cent by which energy grows for one per cent more, here exact, from the
derivative of the operator law.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from matplotlib import pyplot as plt
from sympy import Symbol

from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.derivatives import gradient
from ditcarbon_sym.equations.notation import E, H, S, W, n_frames, n_latent
from ditcarbon_sym.estimation.point import operating_point

from .tables import Table

GPU = "h100-sxm-80gb"
MODELS: Mapping[str, str] = {
    "open-sora-1.2": "attention in frames and over time apart",
    "open-sora-2.0": "attention over all tokens",
}
"""Open-Sora, as released first and last."""
COLOURS = dict(zip(MODELS, ("#0072B2", "#D55E00"), strict=True))
STEPS, SIDES, FRAMES = (5, 10, 20, 30, 50, 100), (256, 384, 512, 768, 1024), (17, 33, 65, 97, 129)
SIDE, LENGTH = 512, 33
DRIVERS: Mapping[str, tuple[Symbol, ...]] = {"steps": (S,), "resolution": (H, W), "duration": (n_latent, n_frames)}
"""What grows with each driver: both sides of a frame together, and frames in the latent and in the output."""
REPORTED: Mapping[str, tuple[float, str]] = {
    "steps": (1.0, "linear"), "resolution": (4.0, "quadratic in pixels"), "duration": (2.0, "quadratic in frames"),
}  # fmt: skip
"""The exponents that Delavande et al. print, of a side, of a frame and of a step; large sizes approach them."""


@lru_cache(maxsize=1)
def curves() -> dict[tuple[str, str], list[tuple[float, float]]]:
    """By model and driver: where it stands, and the elasticity of energy there."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for model in MODELS:
        for steps in STEPS:
            _add(found, model, "steps", steps, steps=steps, side=SIDE, frames=LENGTH)
        for side in SIDES:
            _add(found, model, "resolution", side, steps=50, side=side, frames=LENGTH)
        for frames in FRAMES:
            _add(found, model, "duration", frames, steps=50, side=SIDE, frames=frames)
    return found


def _add(found: dict[Any, Any], model: str, driver: str, at: float, *, steps: int, side: int, frames: int) -> None:
    point = operating_point(model, gpu=GPU, height=side, width=side, frames=frames, steps=steps)
    energy = float(pipeline.evaluate(point.values, (E,), point.route)[E])
    slopes = gradient(point.values, E, point.route)
    each = (float(slopes[x]) * point.values[x] for x in DRIVERS[driver] if x in slopes)
    found.setdefault((model, driver), []).append((at, sum(each) / energy))


def figure() -> Any:
    """Elasticity of energy by steps, side and frames; dashed: the exponents that are reported."""
    drawn, grid = plt.subplots(1, 3, figsize=(7.2, 2.7), layout="constrained")
    words = {"steps": "denoising steps", "resolution": "side of a frame (pixels)", "duration": "frames"}
    for axes, (driver, (exponent, law)) in zip(grid, REPORTED.items(), strict=True):
        for model in MODELS:
            x, y = zip(*curves()[model, driver], strict=True)
            axes.plot(x, y, "o-", color=COLOURS[model], ms=3.5, lw=1, label=f"{model}: {MODELS[model]}")
        axes.axhline(exponent, ls="--", color="0.5", lw=0.8)
        axes.annotate(law, (0.98, exponent), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=6)
        axes.set(xlabel=words[driver], ylim=(0, exponent * 1.2))
    grid[0].set_ylabel("elasticity of energy")
    handles, labels = grid[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=1)
    return drawn


def table() -> Table:
    """The elasticities as numbers, beside the exponents that are reported."""
    rows = [
        (model, driver, f"{at:g}", f"{value:.2f}", f"{REPORTED[driver][0]:g}")
        for (model, driver), curve in curves().items() for at, value in curve
    ]  # fmt: skip
    return Table(
        "The drivers that Carbon in Motion names, as elasticities of energy",
        ("model", "driver", "at", "elasticity", "reported at large sizes"), rows,
        f"On {GPU}, {SIDE} x {SIDE}, {LENGTH} frames and 50 steps where nothing else is said.",
    )  # fmt: skip


TABLES, FIGURES = {"drivers_table": table}, {"drivers": figure}
