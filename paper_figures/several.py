"""Several accelerators to one request: speed-up and joules, measured and predicted; errors on models held out."""

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import B
from fits import parallel, parallel_elsewhere, parallel_runs
from fits.runs import B200, H100

from .tables import Table

SHOWN = {"sana-1.5-1.6b": 1, "sd3.5-medium": 4, "flux.1-dev": 8, "wan2.1-t2v-14b": 8}
"""Models of the figure, and the batch of each."""
COLOURS = {H100: "#0072B2", B200: "#D55E00"}
NUMBERS = (1, 2, 4, 8)
WORDS = {"time": "speed-up over one", "energy": "joules over those of one"}


@lru_cache(maxsize=1)
def curves() -> dict[tuple[str, str, str], list[tuple[int, float, float]]]:
    """Number, measured and predicted, of the fastest split measured; by model, accelerator and target.

    Predictions are by a law that has not seen the model in any part.
    """
    found: dict[tuple[str, str, str], list[tuple[int, float, float]]] = {}
    for held in parallel.held_out():
        if held.model not in SHOWN:
            continue
        law = parallel.law_without(held)
        mine = [x for x in parallel_runs.runs() if x.model == held.model and x.values[B] == SHOWN[held.model]]
        predicted = {target: law.predict(target, mine, held.model) for target in parallel.TARGETS}
        for gpu in parallel_runs.GPUS:
            best = []
            for many in NUMBERS:
                there = [k for k, x in enumerate(mine) if x.gpu == gpu and x.gpus == many]
                best += [min(there, key=lambda k: mine[k].time)] if there else []
            for target in parallel.TARGETS:
                measured = [getattr(mine[k], target) for k in best]
                found[held.model, gpu, target] = [
                    (mine[k].gpus, measured[0] / value if target == "time" else value / measured[0],
                     predicted[target][best[0]] / predicted[target][k] if target == "time"
                     else predicted[target][k] / predicted[target][best[0]])
                    for k, value in zip(best, measured, strict=True)
                ]  # fmt: skip
    return found


def figure() -> Any:
    """Speed-up and joules over the number of accelerators, for four models: measured as marks, predicted as lines."""
    drawn, grid = plt.subplots(2, len(SHOWN), figsize=(7.2, 4.0), sharex=True, sharey="row", layout="constrained")
    for column, model in enumerate(SHOWN):
        for row, target in enumerate(parallel.TARGETS):
            axes = grid[row][column]
            ideal = NUMBERS if target == "time" else (1, 1, 1, 1)
            axes.plot(NUMBERS, ideal, ":", color="0.6", lw=0.8)
            for gpu, colour in COLOURS.items():
                many, measured, predicted = zip(*curves()[model, gpu, target], strict=True)
                axes.plot(many, predicted, "-", color=colour, lw=1)
                axes.plot(many, measured, "o" if gpu == H100 else "s", color=colour, ms=4, mfc="none")
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.xaxis.set_major_locator(FixedLocator(list(NUMBERS)))
            axes.yaxis.set_major_locator(FixedLocator([0.5, 1, 2, 4, 8]))
            axes.yaxis.set_minor_locator(NullLocator())
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(lambda x, _: f"{x:g}")
            if column == 0:
                axes.set_ylabel(WORDS[target])
        grid[0][column].set_title(f"{model}, batch {SHOWN[model]}", fontsize=7)
        grid[1][column].set_xlabel("accelerators")
    handles = [
        *(Line2D([], [], color=colour, marker="o" if gpu == H100 else "s", mfc="none", label=load().gpu(gpu).name)
          for gpu, colour in COLOURS.items()),
        Line2D([], [], color="0.3", marker="o", mfc="none", ls="", label="measured, fastest split"),
        Line2D([], [], color="0.3", label="predicted, model held out"),
        Line2D([], [], color="0.6", ls=":", label="ideal"),
    ]  # fmt: skip
    drawn.legend(handles=handles, loc="outside lower center", ncols=5)
    return drawn


def held_out() -> Table:
    """The error on each model, held out of both laws and of the choice of terms."""
    chosen = parallel_runs.split_over(parallel_runs.runs())
    naive = parallel.ideal(chosen)
    rows: list[tuple[str, ...]] = []
    for x in parallel.held_out():
        mine = [run.model == x.model for run in chosen]
        ideal = [100 * float(np.mean(np.abs(np.expm1(-naive[target][mine])))) for target in parallel.TARGETS]
        rows.append((x.model, str(len(x.runs)), f"{x.mape('time'):.1f}", f"{x.mape('energy'):.1f}",
                     *(f"{x.mape(target, one=True):.1f}" for target in parallel.TARGETS),
                     *(f"{value:.0f}" for value in ideal), x.left_out))  # fmt: skip
    means = [np.mean([float(row[k]) for row in rows]) for k in range(2, 8)]
    shares = [parallel.coverage(target) for target in parallel.TARGETS]
    inside = "; ".join(
        f"of {target} {share:.0%} of runs and {models:.0%} of models' means"
        for target, (share, models) in zip(parallel.TARGETS, shares, strict=True)
    )
    rows.append(
        ("mean of models", str(len(chosen)), *(f"{x:.1f}" for x in means[:4]), *(f"{x:.0f}" for x in means[4:]), "")
    )
    return Table(
        "Several accelerators, models never seen",
        (
            "model",
            "runs",
            *(f"{of}{target} (%)" for of in ("", "one: ", "ideal: ") for target in parallel.TARGETS),
            "terms chosen",
        ),
        rows,
        "Mean absolute error on two, four and eight accelerators, H100 and B200, all splits and batches. Each model is "
        "held out of the law of one accelerator, of what splitting adds and of the choice of its terms. One: the "
        "error of the law of one on one accelerator, which would be left if each speed-up were known "
        f"exactly. Ideal: work divides without loss, joules stay. 90 % intervals made without the model hold {inside}.",
    )


def degrees() -> Table:
    """The same errors by accelerator, number and split."""
    found: dict[tuple[str, int, str], dict[str, list[Any]]] = {}
    for x in parallel.held_out():
        for target in parallel.TARGETS:
            for run, log in zip(x.runs, x.logs[target], strict=True):
                ulysses, ring = run.split
                kind = "ulysses" if ring == 1 else "ring" if ulysses == 1 else "both"
                for key in ((run.gpu, run.gpus, kind), (run.gpu, run.gpus, "all")):
                    found.setdefault(key, {}).setdefault(target, []).append(log)
    rows = [
        (load().gpu(gpu).name, str(many), kind, str(len(logs["time"])),
         *(_error_and_bias(np.array(logs[target])) for target in parallel.TARGETS))
        for (gpu, many, kind), logs in sorted(found.items())
    ]  # fmt: skip
    return Table(
        "Several accelerators, by number and split",
        ("accelerator", "number", "split", "runs", "time: error (bias), %", "energy: error (bias), %"),
        rows,
        "Each run counts once; each model is predicted by laws that have not seen it.",
    )


def _error_and_bias(logs: parallel.Floats) -> str:
    return f"{100 * np.mean(np.abs(np.expm1(-logs))):.1f} ({100 * np.expm1(-np.mean(logs)):+.0f})"


def splits() -> Table:
    """Whether the number and split predicted to be best are nearly the best measured."""
    rows: list[tuple[str, ...]] = []
    for model in parallel_runs.models():
        mine = [x for x in parallel.best_splits() if x[0] == model]
        longer = np.array([x[-1] for x in mine])
        rows.append((model, str(len(mine)), str(int(np.sum(longer <= 1.1))), f"{100 * (longer.max() - 1):.0f}"))
    total = [sum(int(row[k]) for row in rows) for k in (1, 2)]
    rows.append(("all", *map(str, total), f"{max(int(row[3]) for row in rows)}"))
    return Table(
        "The best split, predicted and measured",
        ("model", "accelerators and batches", "within 10 % of the best", "worst (% longer)"),
        rows,
        "For each accelerator and batch, the time measured of the number and split that is predicted to take least, "
        "over the least time measured; the model is held out.",
    )


def elsewhere() -> Table:
    """Other teams' runs, which took no part in any fit."""
    rows = []
    for name, of in parallel_elsewhere.GROUPS.items():
        chosen = [x for x in parallel_elsewhere.rows() if of(x)]
        time, speed, bias = parallel_elsewhere.errors(chosen)
        full = [x for x in chosen if x.in_full]
        inside = f"{sum(x.inside for x in full)} of {len(full)}"
        rows.append((name, str(len(chosen)), f"{time:.0f}", f"{speed:.0f}", f"{bias:+.0f}", inside))
    return Table(
        "Several accelerators, other teams' runs",
        ("runs", "number", "time (%)", "speed-up (%)", "bias of it (%)", "inside"),
        rows,
        "xDiT's notes, the READMEs of Wan2.1 and ParaAttention, cache-dit's benchmark: H100, A100, H20 with NVLink, "
        "L20 and RTX 4090 without. The speed-up is over one accelerator by the same source; it alone counts of Mochi, "
        "whose request is not told. Compiled runs are predicted as such; no fit saw the two together.",
    )


TABLES = {
    "several_held_out": held_out, "several_degrees": degrees, "several_splits": splits, "several_elsewhere": elsewhere,
}  # fmt: skip
FIGURES = {"several": figure}
