"""One request on every accelerator of the catalogue: how long it takes and how much energy it needs, with intervals."""

from functools import lru_cache

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.estimation.estimator import Estimate
from ditcarbon_sym.estimation.service import Quantity

from .tables import Table

MODEL, RESOLUTION, STEPS = "flux.1-dev", 1024, 28
CALIBRATED, TRANSFERRED = "calibrated", "transferred, not calibrated"
BEYOND = "transferred, rated power outside that of those measured"
COLOURS = {CALIBRATED: "#0072B2", TRANSFERRED: "#D55E00", BEYOND: "#D55E00"}
MARKERS = {CALIBRATED: "o", TRANSFERRED: "D", BEYOND: "D"}
ROOM = 10.0
"""The figure leaves out accelerators that take more times the least time than this; the table has them."""


@lru_cache(maxsize=1)
def estimates() -> tuple[Estimate, ...]:
    """The request on every accelerator whose power is known, the fastest first."""
    found = [estimate(MODEL, gpu=gpu, resolution=RESOLUTION, steps=STEPS, efficiency="roofline") for gpu in load().gpus]
    return tuple(sorted(found, key=lambda x: x.time_s.value or 0.0))


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


def table() -> Table:
    """Time and energy on every accelerator, and what they are based on."""
    rows = [
        (load().gpu(x.gpu).name, known(x), *(
            text for y, digits in ((x.time_s, 1), (x.energy_wh, 2))
            for text in (f"{y.value:.{digits}f}", f"{y.low:.{digits}f} to {y.high:.{digits}f}")
        ))
        for x in estimates()
    ]  # fmt: skip
    return Table(
        f"{MODEL} on every accelerator",
        ("accelerator", "law", "time (s)", "90 %", "energy (Wh)", "90 %"),
        rows,
        f"One output of {RESOLUTION} x {RESOLUTION} pixels, {STEPS} steps, by the operator law; whether it fits the "
        "memory is not asked. Energy is the accelerator's; before Ampere it is rated power for the time.",
    )


def figure() -> Figure:
    """Energy against time, both with their 90 % intervals, which the frame may cut. Fast and frugal is lower left.

    Accelerators that take over ten times the least time are only in the table.
    """
    drawn, axes = plt.subplots(figsize=(7.0, 4.8))
    named: dict[tuple[float, float], list[str]] = {}
    for x in estimates():
        time, energy = (_ends(y) for y in (x.time_s, x.energy_wh))
        if time[0] > ROOM * _ends(estimates()[0].time_s)[0]:
            continue
        kind = known(x)
        axes.errorbar(
            time[0], energy[0], xerr=[[time[1]], [time[2]]], yerr=[[energy[1]], [energy[2]]], fmt=MARKERS[kind],
            color=COLOURS[kind], mfc="white" if kind == BEYOND else COLOURS[kind], ms=5, elinewidth=0.6,
            zorder=3 if kind == CALIBRATED else 2,
        )  # fmt: skip
        near = next((at for at in named if abs(at[0] / time[0] - 1) + abs(at[1] / energy[0] - 1) < 0.02), None)
        named.setdefault(near or (time[0], energy[0]), []).append(_short(x.gpu))
    for at, names in named.items():
        words = ", ".join(dict.fromkeys(names))
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.8}
        crowded = any(1 < x / at[0] < 1.5 and abs(y / at[1] - 1) < 0.1 for x, y in named)  # one stands to the right
        side, place = ("right", (-6, 5)) if crowded else ("left", (6, 5))
        axes.annotate(words, at, xytext=place, textcoords="offset points", ha=side, fontsize=7, bbox=box)
    axes.set(xscale="log", yscale="log", xlabel="time of one output (s)", ylabel="energy of one output (Wh)")
    times, energies = zip(*named, strict=True)
    axes.set_xlim(min(times) / 1.5, max(times) * 2)
    axes.set_ylim(min(energies) / 2, max(energies) * 2)
    axes.set_title(f"{MODEL}, {RESOLUTION} x {RESOLUTION}, {STEPS} steps", fontsize=8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())
    axes.set_xticks([5, 10, 20, 50], ["5", "10", "20", "50"])
    axes.set_yticks([0.5, 1, 2, 5], ["0.5", "1", "2", "5"])
    handles = [
        Line2D([], [], color=COLOURS[kind], marker=MARKERS[kind], mfc="white" if kind == BEYOND else COLOURS[kind],
               ls="", label=kind) for kind in COLOURS
    ]  # fmt: skip
    drawn.legend(handles=handles, loc="outside lower center", ncols=3)
    return drawn


def _ends(found: Quantity) -> tuple[float, float, float]:
    """A value, and how far the interval reaches below and above it."""
    assert found.value is not None and found.low is not None and found.high is not None
    return found.value, found.value - found.low, found.high - found.value


TABLES = {"fleet": table}
FIGURES = {"fleet_plot": figure}
