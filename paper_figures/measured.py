"""Figures of the sweeps of `ditcarbon measure`: an accelerator beside the V100, and both laws on models held out.

There is one figure for each sweep in ``fits/measurements``, and none as long as there is no sweep.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ditcarbon_sym.calibration import efficiency, operator_law
from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.efficiency import Calibrated
from ditcarbon_sym.calibration.fitting import Fit
from ditcarbon_sym.calibration.measurements import read_csv, read_header
from ditcarbon_sym.equations.notation import B, ell
from fits.corpus import CORPUS

from .looks import plain_ticks

MARKERS = "os^vDPX*<>"
BATCHES = {1: "#56B4E9", 4: "#D55E00", 8: "#222222"}
COLOURS = {"BGR, Eq. (3)": "#56B4E9", "operator law": "#D55E00"}


def sweeps(folder: Path = CORPUS.parent) -> dict[str, Path]:
    """The sweeps in a folder, by accelerator; where one has several sweeps, the name of the file is added."""
    told = {path: read_header(path) for path in sorted(folder.glob("*.csv"))}
    named = {path: str(header["gpu"]) for path, header in told.items() if "gpu" in header}
    several = {name for name in named.values() if list(named.values()).count(name) > 1}
    return {f"{name}_{path.stem}" if name in several else name: path for path, name in named.items()}


@lru_cache(maxsize=4)
def laws(path: Path) -> Mapping[str, Calibrated]:
    """Both laws on one sweep's denoiser rows."""
    return {
        "BGR, Eq. (3)": efficiency.calibrate(path, bootstrap=0, loss="log"),
        "operator law": operator_law.calibrate(path),
    }


def figure(path: Path) -> Figure:
    """Left: efficiency against tokens, the V100's corpus in grey behind. Right: each law's error on models held out."""
    found, (one, other) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", width_ratios=(3, 2))
    both = laws(path)
    _efficiency(one, both["BGR, Eq. (3)"])
    _held_out(other, both)
    found.suptitle(f"{read_header(path)['device']}, denoiser, random weights", fontsize=9)
    return found


def _efficiency(axes: Axes, measured: Calibrated) -> None:
    v100 = efficiency.sweep_data([row for row in read_csv(CORPUS) if row.extra["origin"] == "measured"])
    axes.plot(v100.inputs[ell], v100.observed, ".", color="0.75", ms=4, label="V100 (Table 5)")
    data = measured.fitted.full.data
    groups = np.array(data.groups)
    for model, marker in zip(dict.fromkeys(data.groups), MARKERS, strict=False):
        for batch, colour in BATCHES.items():
            chosen = (groups == model) & (data.inputs[B] == batch)
            axes.plot(data.inputs[ell][chosen], data.observed[chosen], marker, color=colour, ls="", ms=4)
        axes.plot([], [], marker, color="0.4", ls="", ms=4, label=model)
    for batch, colour in {k: c for k, c in BATCHES.items() if k in data.inputs[B]}.items():
        axes.plot([], [], "o", color=colour, ls="", ms=4, label=f"batch {batch}")
    axes.set(xscale="log", xlabel="latent tokens of one output", ylabel="mu: delivered over peak", ylim=(0, None))
    plain_ticks(axes.xaxis)
    axes.legend(fontsize=6)


def _held_out(axes: Axes, both: Mapping[str, Calibrated]) -> None:
    models = list(both["operator law"].held_out)
    for number, (name, found) in enumerate(both.items()):
        errors = [_error_of_time(name, *found.held_out[model]) for model in models]
        places = np.arange(len(models)) + 0.4 * (number - 0.5)
        label = f"{name}: {np.mean(errors):.1f} % on average" if errors else name
        axes.barh(places, errors, height=0.38, color=COLOURS[name], label=label)
    axes.set_yticks(range(len(models)), models)
    axes.set(xlabel="error of time with the model held out (%)")
    axes.legend(fontsize=6)


def _error_of_time(law: str, trained: Fit, rows: Data) -> float:
    """Mean absolute error of the seconds, per cent. Eq. (3) gives mu; seconds are proportional to its inverse."""
    if law == "operator law":
        return trained.mape(rows)
    return float(100 * np.mean(np.abs(rows.observed / trained.predict(rows) - 1)))


def figures(folder: Path = CORPUS.parent) -> dict[str, Callable[[], Figure]]:
    """The figure of each sweep in a folder."""
    return {f"measured_{gpu}": partial(figure, path) for gpu, path in sweeps(folder).items()}


FIGURES: Mapping[str, Callable[[], Figure]] = figures()
