"""Coverage and sharpness of every kind of interval, on runs that it has not seen: one table, and PIT as a figure."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ditcarbon_sym.catalog.loading import load
from fits import chips, predictive, scatter_choice
from fits.predictive import KINDS, TARGETS, Held, Summary
from fits.runs import H100

from .tables import Table

NOISE = {"time": 0.18, "energy": 0.07}
"""By how much two teams differ at most on the same configuration, in latency and in energy (fits/measurements)."""
BINS = 10
HEADER = ("runs", "models, of each accelerator", "models inside (%)", "runs inside", "half width (%)", "CRPS",
          "interval score")  # fmt: skip


@lru_cache(maxsize=1)
def _found() -> dict[tuple[str, str], list[Held]]:
    found: dict[tuple[str, str], list[Held]] = {}
    for x in predictive.everything():
        found.setdefault((x.kind, x.target), []).append(x)
    return found


def table() -> Table:
    """Every kind of interval that there are runs for."""
    rows = [(kind, target, *_cells(predictive.summary(runs)), KINDS[kind]) for (kind, target), runs in _found().items()]
    return Table(
        "Coverage and sharpness of the 90 % intervals",
        ("interval", "target", *HEADER, "what it has not seen"),
        rows,
        "Of models on accelerators each counts once, in all columns but those of runs. Half width: by how much the "
        "upper end exceeds the value. CRPS and interval score are of logarithms, the less the better: 0.025 of CRPS "
        "is a scatter of a tenth, known exactly. The intervals of places (PUE, grid) and of plans hold no error of "
        "their own, and nobody has published runs to test them with.",
    )


def _cells(x: Summary) -> tuple[str, ...]:
    return (
        str(x.runs), str(x.models), f"{100 * x.models_inside:.0f}", f"{x.inside} ({100 * x.inside / x.runs:.0f} %)",
        f"{100 * np.expm1(x.half):.0f}", f"{x.crps:.3f}", f"{x.interval_score:.2f}",
    )  # fmt: skip


def by_accelerator() -> Table:
    """The intervals of calibrated accelerators, each model held out, one by one."""
    rows = []
    for target in TARGETS:
        runs = _found()["one accelerator, model held out", target]
        for gpu in dict.fromkeys(x.gpu for x in runs):
            mine = [x for x in runs if x.gpu == gpu]
            found = predictive.summary(mine)
            rows.append((
                _name(gpu), target, *_cells(found), f"{100 * NOISE[target]:.0f}",
                f"{np.mean(found.places):.2f}, {np.std(found.places):.2f}", ", ".join(_not_inside(mine)),
            ))  # fmt: skip
    return Table(
        "Coverage of the operator law's 90 % intervals",
        ("accelerator", "target", *HEADER, "two teams differ (%)", "PIT, mean and spread", "models not wholly inside"),
        rows,
        "Each model is predicted by a fit that has not seen it on any accelerator. The interval is made of the errors "
        "of the other models on all accelerators, each held out in the same way. PIT is where a model's runs lie in "
        "their predicted distribution: 0.50 and 0.29 if intervals are right.",
    )


def _not_inside(runs: Sequence[Held]) -> list[str]:
    shares = {m: np.mean([x.inside for x in runs if x.model == m]) for m in dict.fromkeys(x.model for x in runs)}
    return [f"{model} {100 * share:.0f} %" for model, share in shares.items() if share < 1]


def _name(gpu: str) -> str:
    return "A100, both" if gpu == chips.A100 else load().gpu(gpu).name


def widths() -> Table:
    """How wide: the candidates for the scatter, and the choice among them without the model that is judged."""
    rows = []
    for target in TARGETS:
        candidates = {name: [x for x in runs if x.target == target] for name, runs in scatter_choice.held().items()}
        candidates["chosen anew without each model (nested)"] = scatter_choice.chosen(target)
        for name, runs in candidates.items():
            ours, found = predictive.summary([x for x in runs if x.gpu == H100]), predictive.summary(runs)
            rows.append((
                target, name, *_cells(found), f"{100 * np.expm1(ours.half):.0f}",
                f"{100 * ours.models_inside:.0f}, {ours.inside} of {ours.runs}",
            ))  # fmt: skip
    return Table(
        "How wide: candidates for the scatter of models",
        ("target", "scatter of models held out", *HEADER, "half width, H100 (%)", "models (%) and runs inside, H100"),
        rows,
        "One accelerator, each model held out. The scatter is that of the other models: of the same accelerator, or of "
        "all. The interval score decides, without the model that is judged. Intervals a fifth narrower hold fewer "
        "models than nine of ten.",
    )


def figure() -> Figure:
    """Histograms of PIT: where runs lie in their predicted distributions, each model on an accelerator counted once."""
    kinds = [key for key in _found() if predictive.summary(_found()[key]).models >= BINS]
    many = 4
    drawn, panels = plt.subplots(-(-len(kinds) // many), many, figsize=(7.2, 1.9 * -(-len(kinds) // many)),
                                 sharex=True, layout="constrained")  # fmt: skip
    for axes, (kind, target) in zip(panels.flat, kinds, strict=False):
        runs = _found()[kind, target]
        count = {key: sum((x.gpu, x.model) == key for x in runs) for key in {(x.gpu, x.model) for x in runs}}
        weights = np.array([1 / count[x.gpu, x.model] for x in runs])
        expected = weights.sum() / BINS
        noise = 1.645 * np.sqrt(expected * (1 - 1 / BINS))
        axes.axhspan(max(expected - noise, 0), expected + noise, color="0.92", lw=0)
        axes.axhline(expected, color="0.5", lw=0.8)
        axes.hist([x.place for x in runs], bins=BINS, range=(0, 1), weights=weights, color="#0072B2", alpha=0.75)
        words = kind.replace(", ", ",\n", 1)
        axes.set_title(f"{words}: {target}", fontsize=6.5)
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    for axes in panels.flat[len(kinds) :]:
        axes.axis("off")
    drawn.supxlabel("where the run lies in its predicted distribution", fontsize=8)
    drawn.supylabel("models", fontsize=8)
    return drawn


TABLES = {"coverage": table, "operator_law_coverage": by_accelerator, "interval_widths": widths}
FIGURES = {"pit": figure}
