"""The paper's figures, from the corpus and the package's own predictions."""

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D

from ditcarbon_sym.calibration.measurements import Row
from ditcarbon_sym.catalog.loading import load, shipped_calibration
from ditcarbon_sym.equations.efficiency import saturation
from ditcarbon_sym.equations.notation import B, ell
from fits import section_4_3
from fits.corpus import is_production, rows

from .figure_4 import figure_4_points
from .looks import mark_break, plain_ticks
from .pipeline_figure import figure_1
from .printed import by_quantity

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


def _places(shown: list[Row], spread: float) -> list[float]:
    """Where each row stands on the side axis: models that share a side are moved apart, so that none covers another."""
    sharing: dict[float, list[str]] = {}
    for row in shown:
        models = sharing.setdefault(row.request["height"], [])
        if row.model not in models:
            models.append(row.model)
    places = []
    for row in shown:
        models = sharing[row.request["height"]]
        places.append(row.request["height"] * (1 + spread * (models.index(row.model) - (len(models) - 1) / 2)))
    return places


def _scatter_mu(axes: Any, shown: list[Row], spread: float) -> None:
    """Efficiency against side length; a repeat is a ring around its place."""
    for row, x in zip(shown, _places(shown, spread), strict=True):
        colour, marker = BATCHES[int(row.request["batch"])], MARKERS[row.model]
        if row.extra["origin"] == "measured":
            axes.plot(x, row.measured["mu"], marker, color=colour, markeredgewidth=0.6)
        else:
            axes.plot(x, row.measured["mu"], "o", color="none", markeredgecolor="#CC79A7", markersize=8, zorder=4)
    axes.set_xscale("log")
    axes.set_xlabel("output side (pixels)")
    axes.set_ylabel(r"hardware efficiency $\mu$")
    _side_ticks(axes, shown)
    axes.set_ylim(bottom=0)


def _side_ticks(axes: Any, shown: list[Row]) -> None:
    sides = sorted({int(row.request["height"]) for row in shown})
    axes.set_xticks(sides, [SIDES[side] for side in sides])
    axes.minorticks_off()


def _shape(model: str) -> Line2D:
    return Line2D([], [], color="0.4", marker=MARKERS[model], ls="", label=load().model(model).name)


def _colours() -> list[Line2D]:
    return [Line2D([], [], color=colour, marker="o", ls="", label=f"B = {batch}") for batch, colour in BATCHES.items()]


def _legends(figure: Any, extra: list[Line2D], columns: int = 6) -> None:
    # Legends fill column by column: interleave, so that shapes stand in the first lines and the rest in the last.
    handles = [*(_shape(model) for model in MARKERS), *_colours(), *extra]
    lines = [handles[start : start + columns] for start in range(0, len(handles), columns)]
    ordered = [handle for column in zip_longest(*lines) for handle in column if handle]
    figure.legend(handles=ordered, loc="outside lower center", ncols=columns, columnspacing=1.2)


def figure_3() -> Any:
    """The dual finding: the full regime spreads, the production regime converges."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.6))
    _scatter_mu(left, list(rows()), 0.008)
    left.axvspan(496, 1100, color="0.93", lw=0, zorder=0)
    left.text(505, 0.015, "production:\nat least 512 × 512", fontsize=7, color="0.35")
    values = [row.measured["mu"] for row in rows()]
    left.set_title(f"all {len(values)} runs (4 reconstructed): μ varies {max(values) / min(values):.1f}×")
    produced = [row for row in rows() if is_production(row)]
    _scatter_mu(right, produced, 0.008)
    calibration = shipped_calibration("v100-pcie-16gb")
    assert calibration is not None
    for batch, colour in BATCHES.items():
        predicted = float(saturation({**calibration.values, B: batch, ell: 4096}))
        right.axhline(predicted, color=colour, ls="--", lw=1, zorder=1)
    right.set_ylim(0.28, 0.46)
    mark_break(right)
    right.set_title(f"production, n = {len(produced)}: BGR fit, MAPE {calibration.quality['mape_percent']:.1f} %")
    fitted = Line2D([], [], color="0.4", ls="--", label="BGR fit, Eq. (3)")
    ring = Line2D([], [], color="#CC79A7", marker="o", ms=8, mfc="none", ls="", label="50-step repeat")
    _legends(figure, [fitted, ring])
    return figure


def figure_2() -> Any:
    """The hardware contrast: the V100 spreads with size and batch, the 1080 Ti stays in a band."""
    low, high = (by_quantity()[f"mu_{end}_1080ti"].value for end in ("min", "max"))
    chosen = [
        row for row in rows() if row.model in ("dit-xl-2-256", "pixart-alpha") and row.extra["origin"] == "measured"
    ]
    figure, axes = plt.subplots(figsize=(4.8, 3.6))
    axes.axhspan(low, high, color="#CC79A7", alpha=0.35, lw=0, zorder=0)
    axes.text(
        258,
        high - 0.008,
        f"GTX 1080 Ti, as printed: {low:.2f} to {high:.2f}\n(its 28 points are not published)",
        va="top",
    )
    _scatter_mu(axes, chosen, 0.012)
    axes.axvspan(496, 1100, color="0.93", lw=0, zorder=-1)
    axes.text(505, 0.015, "production", fontsize=7, color="0.35")
    axes.set_ylim(0, 0.65)
    axes.set_title("V100 points against the printed 1080 Ti band")
    shapes = [_shape(model) for model in ("dit-xl-2-256", "pixart-alpha")]
    figure.legend(handles=[*shapes, *_colours()], loc="outside lower center", ncols=5, title="V100", title_fontsize=7)
    return figure


def residuals() -> Any:
    """The residuals of the production fit, by architecture and size: a figure that the paper lacks."""
    fitted = section_4_3.pooled("production").full
    produced = [row for row in rows() if is_production(row)]
    error = 100 * (fitted.predict() / fitted.data.observed - 1)
    figure, axes = plt.subplots(figsize=(4.8, 3.4))
    for row, x, off in zip(produced, _places(produced, 0.012), error, strict=True):
        axes.plot(x, off, MARKERS[row.model], color=BATCHES[int(row.request["batch"])])
    axes.axhline(0, color="0.3", lw=0.8)
    axes.set_xscale("log")
    _side_ticks(axes, produced)
    axes.set(xlabel="output side (pixels)", ylabel="predicted over measured μ, less one (%)")
    axes.set_title(f"Residuals of the production fit, MAPE {fitted.mape():.1f} %")
    _legends(figure, [], columns=3)
    return figure


def figure_4() -> Any:
    """Carbon per output against latent tokens, image and video."""
    figure, axes = plt.subplots(figsize=(4.6, 3.4))
    for model, marker, colour in (("pixart-alpha", "o", "#0072B2"), ("cogvideox-2b", "^", "#D55E00")):
        points = [point for point in figure_4_points() if point.model == model]
        for production, face, words in ((True, colour, "fitted μ"), (False, "white", "below production, measured μ")):
            shown = [point for point in points if point.production == production]
            label = f"{load().model(model).name}, {points[0].steps} steps, {words}"
            tokens, grams = [point.tokens for point in shown], [point.grams for point in shown]
            axes.plot(tokens, grams, marker, color=colour, mfc=face, label=label)
    per_token = by_quantity()["carbon_per_token_production"].value
    reference = np.geomspace(200, 2e4, 50)
    axes.plot(
        reference,
        per_token / 1000 * reference,
        color="0.4",
        ls=":",
        lw=1,
        label=f"{per_token:g} mg per token, as printed",
    )
    axes.set(xscale="log", yscale="log", xlabel=r"latent tokens per output $\ell$", ylabel="carbon per output (gCO₂eq)")
    axes.set_title("V100, US average, B = 1")
    plain_ticks(axes.xaxis)
    plain_ticks(axes.yaxis)
    axes.legend(loc="upper left")
    return figure


FIGURES: dict[str, Callable[[], Any]] = {
    "figure1": figure_1,
    "figure2": figure_2,
    "figure3": figure_3,
    "figure4": figure_4,
    "residuals": residuals,
}
