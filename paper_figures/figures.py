"""The paper's figures, from the corpus and the package's own predictions."""

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog import load, shipped_calibration
from ditcarbon_sym.efficiency import saturation
from ditcarbon_sym.measurements import Row
from ditcarbon_sym.notation import B, ell
from fits.corpus import is_production, rows

STYLE = Path(__file__).parent / "ditcarbon.mplstyle"
MARKERS = {
    "dit-xl-2-256": "o",
    "dit-xl-2-512": "s",
    "pixart-alpha": "^",
    "pixart-sigma": "v",
    "sd3-medium": "D",
    "cogvideox-2b": "P",
}
BATCHES = {1: "#56B4E9", 4: "#D55E00", 8: "#222222"}
"""Okabe-Ito colours whose lightness falls with the batch, so that they stay apart in grey."""
SIDES = {256: "256", 384: "384", 480: "\n480", 512: "512", 720: "\n720", 768: "768", 1024: "1024"}
"""Ticks; the video sides stand one line lower, so that they do not run into the image sides."""


def save(figure: Any, folder: Path, name: str) -> None:
    """Write PDF and PNG without dates, so that two runs give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None, "ModDate": None})
    figure.savefig(folder / f"{name}.png", metadata={"Software": None})
    plt.close(figure)


def _scatter_mu(axes: Any, shown: list[Row], spread: float) -> None:
    """Efficiency against side length; architectures are moved apart by a few per cent so that they do not cover
    each other.
    """
    for number, (model, marker) in enumerate(MARKERS.items()):
        for row in (row for row in shown if row.model == model):
            x = row.request["height"] * (1 + spread * (number - 2.5))
            colour = BATCHES[int(row.request["batch"])]
            hollow = row.extra["origin"] != "measured"
            axes.plot(
                x,
                row.measured["mu"],
                marker,
                color="none" if hollow else colour,
                markeredgecolor=colour,
                markeredgewidth=0.6,
            )
    axes.set_xscale("log")
    axes.set_xlabel("output side (pixels)")
    axes.set_ylabel(r"hardware efficiency $\mu$")
    sides = sorted({int(row.request["height"]) for row in shown})
    axes.set_xticks(sides, [SIDES[side] for side in sides])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)


def _legends(figure: Any, extra: list[Line2D]) -> None:
    shapes = [
        Line2D([], [], color="0.4", marker=marker, ls="", label=load().model(model).name)
        for model, marker in MARKERS.items()
    ]
    colours = [
        Line2D([], [], color=colour, marker="o", ls="", label=f"B = {batch}") for batch, colour in BATCHES.items()
    ]
    # Legends fill column by column: interleave, so that shapes stand in the first line and the rest in the second.
    pairs = zip_longest(shapes, [*colours, *extra])
    figure.legend(
        handles=[h for pair in pairs for h in pair if h],
        loc="outside lower center",
        ncols=len(shapes),
        columnspacing=1.2,
    )


def figure_3() -> Any:
    """The dual finding: the full regime spreads, the production regime converges."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.6))
    _scatter_mu(left, list(rows()), 0.008)
    left.axvspan(496, 1100, color="0.93", lw=0, zorder=0)
    left.text(505, 0.015, "production:\nat least 512 × 512", fontsize=7, color="0.35")
    values = [row.measured["mu"] for row in rows()]
    left.set_title(f"all 83 runs: μ varies {max(values) / min(values):.1f}×")
    produced = [row for row in rows() if is_production(row)]
    _scatter_mu(right, produced, 0.008)
    calibration = shipped_calibration("v100-pcie-16gb")
    assert calibration is not None
    for batch, colour in BATCHES.items():
        predicted = float(saturation({**calibration.values, B: batch, ell: 4096}))
        right.axhline(predicted, color=colour, ls="--", lw=1, zorder=1)
    right.set_ylim(0.28, 0.46)
    right.set_title(f"production, n = {len(produced)}: BGR fit, MAPE {calibration.quality['mape_percent']:.1f} %")
    _legends(figure, [Line2D([], [], color="0.4", ls="--", label="BGR fit, Eq. (3)"),
                      Line2D([], [], color="0.4", marker="o", mfc="none", ls="", label="50-step repeat")])  # fmt: skip
    return figure


def _carbon_points(model: str, steps: int) -> list[tuple[float, float, bool]]:
    """Latent tokens, grams per output, and whether mu is fitted, for the model's printed configurations at B = 1."""
    points = []
    for row in rows():
        if row.model == model and row.request["batch"] == 1 and row.extra["origin"] == "measured":
            height, width, frames = (row.request[key] for key in ("height", "width", "frames"))
            measured = None if is_production(row) else row.measured["mu"]
            result = estimate(model, height=height, width=width, frames=frames, batch=1, steps=steps, mu=measured)
            points.append((result.tokens["latent"], result.per_output_g.value or np.nan, measured is None))
    return sorted(points)


def figure_4() -> Any:
    """Carbon per output against latent tokens, image and video."""
    figure, axes = plt.subplots(figsize=(4.6, 3.4))
    for model, steps, marker, colour in (("pixart-alpha", 50, "o", "#0072B2"), ("cogvideox-2b", 20, "^", "#D55E00")):
        points = _carbon_points(model, steps)
        tokens, grams, fitted = (np.array(column) for column in zip(*points, strict=True))
        label = f"{load().model(model).name}, {steps} steps"
        axes.plot(tokens[fitted], grams[fitted], marker, color=colour, label=f"{label}, fitted μ")
        axes.plot(
            tokens[~fitted],
            grams[~fitted],
            marker,
            color=colour,
            mfc="white",
            label=f"{label}, below production, measured μ",
        )
    reference = np.geomspace(200, 2e4, 50)
    axes.plot(reference, 0.15e-3 * reference, color="0.4", ls=":", lw=1, label="0.15 mg per token")
    axes.set(xscale="log", yscale="log", xlabel=r"latent tokens per output $\ell$", ylabel="carbon per output (gCO₂eq)")
    axes.set_title("V100, US average, B = 1")
    axes.legend(loc="upper left")
    return figure


FIGURES: dict[str, Callable[[], Any]] = {"figure3": figure_3, "figure4": figure_4}
