"""Another team's sweep of Wan2.1-1.3B on one H100, over sizes and frames, and a prediction by a law without it."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ditcarbon_sym.equations.notation import JOULE_PER_KWH, H, S, W, ell, n_frames
from fits import other_team
from fits.operator_law import laws
from fits.runs import H100, Run, data, published_runs

from .looks import plain_ticks

MODEL, STEPS = "wan2.1-t2v-1.3b", 50
UNITS = {"time": (1.0, "time of one video (s)"), "energy": (float(JOULE_PER_KWH) / 3600, "energy of one video (Wh)")}
FRAME, SIZE = "frames at 720 x 1280", "sizes at 81 frames"
LOOKS = {SIZE: ("o", "#0072B2"), FRAME: ("D", "#D55E00")}


def runs() -> tuple[Run, ...]:
    """The other team's runs of this model at one number of steps."""
    mine = (x for x in published_runs(H100) if (x.source, x.model) == (other_team.TEAM, MODEL))
    return tuple(sorted((x for x in mine if x.values[S] == STEPS), key=lambda x: x.values[ell]))


def kind(run: Run) -> str:
    """The series of a run: over frames at one size, or over sizes."""
    return FRAME if (run.values[H], run.values[W]) == (720, 1280) and run.values[n_frames] != 81 else SIZE


def figure() -> Figure:
    """Time and energy against latent tokens: measured points, and the expected line with its 90 % band."""
    drawn, panels = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
    for axes, target in zip(panels, other_team.TARGETS, strict=True):
        rows, (scale, label) = data(runs(), target), UNITS[target]
        tokens, middle = rows.inputs[ell], scale * laws(H100, other_team.WITHOUT)[target].predict(rows)
        wide = np.exp(other_team.half_widths(rows, target))
        axes.fill_between(tokens, middle / wide, middle * wide, color="0.88", lw=0, label="90 % interval")
        axes.plot(tokens, middle, color="0.35", lw=1, label="expected, without these runs")
        _measured(axes, tokens, scale * rows.observed)
        axes.set(xscale="log", yscale="log", xlabel="latent tokens", ylabel=label)
        plain_ticks(axes.xaxis)
        plain_ticks(axes.yaxis)
    panels[0].legend(fontsize=6.5)
    drawn.suptitle(f"{MODEL} on an H100, {STEPS} steps of two passes: runs of Delavande et al. (2025)", fontsize=8)
    return drawn


def _measured(axes: Axes, tokens: np.ndarray, values: np.ndarray) -> None:
    kinds = np.array([kind(run) for run in runs()])
    for name, (marker, colour) in LOOKS.items():
        axes.plot(tokens[kinds == name], values[kinds == name], marker, color=colour, ms=4, mfc="none", label=name)


FIGURES = {"other_team": figure}
