"""One request on every accelerator of the catalogue: how long it takes and how much energy it needs, with intervals."""

import textwrap
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sympy import Symbol

from ditcarbon_sym.catalog.entries import NVIDIA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import TDP, E, tau
from ditcarbon_sym.estimation.estimator import Estimate, estimate_at
from ditcarbon_sym.estimation.point import OperatingPoint, operating_point
from ditcarbon_sym.estimation.ratios import errors_of, ranks
from ditcarbon_sym.estimation.service import Quantity

from .looks import label_apart, mark_cuts, plain_ticks
from .tables import Table

MODEL, RESOLUTION, STEPS = "flux.1-dev", 1024, 28
CALIBRATED, TRANSFERRED = "calibrated", "transferred, not calibrated"
BEYOND = "transferred, rated power outside that of those measured"
COLOURS = {CALIBRATED: "#0072B2", TRANSFERRED: "#D55E00", BEYOND: "#D55E00"}
MARKERS = {CALIBRATED: "o", TRANSFERRED: "D", BEYOND: "D"}
ROOM = 10.0
"""The figure leaves out accelerators that take more times the least time than this; the table has them."""


@lru_cache(maxsize=1)
def points() -> tuple[OperatingPoint, ...]:
    """The request on every accelerator whose rated power is known, the fastest first."""
    found = [
        operating_point(MODEL, gpu=gpu.id, resolution=RESOLUTION, steps=STEPS, efficiency="roofline")
        for gpu in load().gpus.values() if TDP in gpu.values
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda x: float(pipeline.evaluate(x.values, (tau,), x.route)[tau])))


@lru_cache(maxsize=1)
def estimates() -> tuple[Estimate, ...]:
    """The request on every accelerator, the fastest first."""
    return tuple(estimate_at(x) for x in points())


def known_ranks(output: Symbol) -> dict[str, int]:
    """For each accelerator, one more than the accelerators with less time (or energy) beyond doubt."""
    values = np.array([float(pipeline.evaluate(x.values, (output,), x.route)[output]) for x in points()])
    found = ranks(values, errors_of(points(), (output,))[output])
    return {x.device.id: int(rank) for x, rank in zip(points(), found, strict=True)}


def known(found: Estimate) -> str:
    """What an estimate is based on."""
    if not found.basis["calibration"]["transferred"]:
        return CALIBRATED
    return BEYOND if any("extrapolates: rated power" in note for note in found.warnings) else TRANSFERRED


def _short(gpu: str) -> str:
    name = load().gpu(gpu).name
    for part in ("GeForce ", "Tesla ", " SXM", "-PCIE", "-SXM2", " 80GB", " 40GB", " 141GB", " 96GB", "-16GB", "-32GB"):
        name = name.replace(part, "")
    return name


def _without_power() -> list[str]:
    return [x.name for x in load().gpus.values() if TDP not in x.values]


def table() -> Table:
    """Time and energy on every accelerator, with their ranks, and what they are based on."""
    placed = known_ranks(tau), known_ranks(E)
    rows = [
        (load().gpu(x.gpu).name, known(x), *(
            text for y, digits, rank in ((x.time_s, 1, placed[0]), (x.energy_wh, 2, placed[1]))
            for text in (f"{y.value:.{digits}f}", f"{y.low:.{digits}f} to {y.high:.{digits}f}", str(rank[x.gpu]))
        ))
        for x in estimates()
    ]  # fmt: skip
    return Table(
        f"{MODEL} on every accelerator",
        ("accelerator", "law", "time (s)", "90 %", "rank", "energy (Wh)", "90 %", "rank"),
        rows,
        f"One output of {RESOLUTION} x {RESOLUTION} pixels, {STEPS} steps, by the operator law; whether it fits the "
        "memory is not asked. Energy is the accelerator's; before Ampere it is rated power for the time. "
        f"Left out, since their rated power is not known: {', '.join(_without_power())}. "
        "A rank is one more than the accelerators that are better beyond doubt, by the 90 % interval of the ratio.",
    )


def figure() -> Figure:
    """Energy against time, both with their 90 % intervals. Fast and frugal is lower left.

    An arrow at the frame says that an interval goes on. Accelerators that take over ten times the least time, and those
    of other makers than NVIDIA, whose intervals cover the others, are named below and only in the table.
    """
    drawn, axes = plt.subplots(figsize=(7.0, 5.0))
    ours = [x for x in estimates() if load().gpu(x.gpu).maker == NVIDIA]
    inside = [x for x in ours if _ends(x.time_s)[0] <= ROOM * _ends(ours[0].time_s)[0]]
    named: dict[tuple[float, float], list[str]] = {}
    for x in inside:
        time, energy = (_ends(y) for y in (x.time_s, x.energy_wh))
        kind = known(x)
        axes.errorbar(
            time[0], energy[0], xerr=[[time[1]], [time[2]]], yerr=[[energy[1]], [energy[2]]], fmt=MARKERS[kind],
            color=COLOURS[kind], mfc="white" if kind == BEYOND else COLOURS[kind], ms=5, elinewidth=0.6,
            zorder=3 if kind == CALIBRATED else 2,
        )  # fmt: skip
        near = next((at for at in named if abs(at[0] / time[0] - 1) + abs(at[1] / energy[0] - 1) < 0.02), None)
        named.setdefault(near or (time[0], energy[0]), []).append(_short(x.gpu))
    times, energies = zip(*named, strict=True)
    axes.set(
        xscale="log", yscale="log", xlabel="time of one output (s)", ylabel="energy of one output, accelerator (Wh)",
        xlim=(min(times) / 1.5, max(times) * 2), ylim=(min(energies) / 2, max(energies) * 2),
        title=f"{MODEL}, {RESOLUTION} x {RESOLUTION}, {STEPS} steps",
    )  # fmt: skip
    for axis in (axes.xaxis, axes.yaxis):
        plain_ticks(axis)
    handles = [
        Line2D([], [], color=COLOURS[kind], marker=MARKERS[kind], mfc="white" if kind == BEYOND else COLOURS[kind],
               ls="", label=kind) for kind in COLOURS
    ]  # fmt: skip
    drawn.legend(handles=handles, loc="outside lower center", ncols=3, title=_left_out(inside), title_fontsize=7)
    for x in inside:
        ends = [(y.low or 0.0, y.high or 0.0) for y in (x.time_s, x.energy_wh)]
        mark_cuts(axes, (_ends(x.time_s)[0], _ends(x.energy_wh)[0]), ends, COLOURS[known(x)])
    label_apart(axes, [(at, ", ".join(dict.fromkeys(names))) for at, names in named.items()])
    return drawn


def _left_out(inside: Sequence[Estimate]) -> str:
    """Name the accelerators that are not drawn."""
    beyond = [f"{load().gpu(x.gpu).name} ({_ends(x.time_s)[0]:.0f} s)" for x in estimates() if x not in inside]
    words = f"not drawn, of other makers or over {ROOM:g} times the least time: {', '.join(beyond)}"
    return textwrap.fill(words, 110) if beyond else ""


def _ends(found: Quantity) -> tuple[float, float, float]:
    """A value, and how far the interval reaches below and above it."""
    assert found.value is not None and found.low is not None and found.high is not None
    return found.value, found.value - found.low, found.high - found.value


TABLES = {"fleet": table}
FIGURES = {"fleet_plot": figure}
