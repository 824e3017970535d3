"""The scorecard of the operator law: every published run, predicted with its model in the fit and held out of it."""

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from ditcarbon_sym.catalog import load
from ditcarbon_sym.efficiency import saturation
from ditcarbon_sym.fitting import Fit, fit_identified
from ditcarbon_sym.notation import B
from fits import law_choice, operator_law
from fits.operator_law import B200, H100

from .tables import Table

NOISE = {"time": 0.18, "energy": 0.07}
"""By how much two teams differ at most on the same configuration, in latency and in energy (fits/measurements)."""
LEVEL = 0.9
QUANTILE, BEYOND = NormalDist().inv_cdf((1 + LEVEL) / 2), 2 / (1 - LEVEL)
"""Of the predictive intervals: the normal quantile on either side, and what the interval score asks for a miss."""
COLOURS = {"time": "#0072B2", "energy": "#D55E00"}
MARKERS = dict(zip(
    ("cogvideox-2b", "flux.1-dev", "hunyuandit-1.2", "pixart-sigma", "sana-1.5-1.6b", "sd3-medium", "sd3.5-medium",
     "wan2.1-t2v-1.3b", "wan2.1-t2v-14b"), "PDXvs^<oh", strict=True,
))  # fmt: skip


@dataclass(frozen=True)
class Score:
    """One published run: ratios of predicted to measured."""

    gpu: str
    model: str
    target: str
    batch: int
    measured: float
    fitted: float
    held_out: float


@lru_cache(maxsize=1)
def scores() -> tuple[Score, ...]:
    """Every run of time and energy on H100 and B200, worst model first."""
    found = []
    for gpu in (H100, B200):
        for target, fit, held in zip(
            ("time", "energy"), operator_law.fits_of(gpu), operator_law.held_out(gpu), strict=True
        ):
            found += _scores(gpu, target, fit, held)
    return tuple(found)


def _scores(gpu: str, target: str, fit: Fit, held: Any) -> list[Score]:
    runs = [run for run in operator_law.published_runs(gpu) if target in run.measured]
    inside = fit.predict() / fit.data.observed
    outside = {model: list(trained.predict(rows) / rows.observed) for model, (trained, rows) in held.items()}
    return [
        Score(gpu, run.model, target, int(run.values[B]), run.measured[target], float(ratio),
              float(outside[run.model].pop(0)))
        for run, ratio in zip(runs, inside, strict=True)
    ]  # fmt: skip


def by_model() -> list[tuple[str, str, str, float, float]]:
    """Accelerator, target, model, mean absolute error in the fit and held out, per cent; worst held out first."""
    groups: dict[tuple[str, str, str], list[Score]] = {}
    for score in scores():
        groups.setdefault((score.gpu, score.target, score.model), []).append(score)
    rows = [
        (*key, 100 * float(np.mean([abs(x.fitted - 1) for x in group])),
         100 * float(np.mean([abs(x.held_out - 1) for x in group])))
        for key, group in groups.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row[0], row[1], -row[4]))


def table() -> Table:
    """Errors per model, worst first."""
    names = {gpu: load().gpu(gpu).name for gpu in (H100, B200)}
    rows = [(names[gpu], target, model, f"{fit:.1f}", f"{held:.1f}") for gpu, target, model, fit, held in by_model()]
    means = []
    for gpu in (H100, B200):
        for target in ("time", "energy"):
            mine = [row for row in by_model() if row[:2] == (gpu, target)]
            errors = (f"{np.mean([row[column] for row in mine]):.1f}" for column in (3, 4))
            means.append((names[gpu], target, "mean of models", *errors))
    return Table(
        "Scorecard of the operator law",
        ("accelerator", "target", "model", "error in the fit (%)", "error held out (%)"),
        [*means, *rows],
        "Mean absolute error of time and of energy over the published runs of each model; held out: predicted by a fit "
        "that never saw the model. Two teams differ by 5 to 18 % in time and 4 to 7 % in energy on one configuration.",
    )


def laws() -> Table:
    """The candidates, the choice among them, and the nested error of choosing."""
    keys = [(gpu, target) for gpu in law_choice.GPUS for target in law_choice.TARGETS]
    rows = [
        (name, *(f"{np.mean(list(errors[key].values())):.1f} / {max(errors[key].values()):.0f}" for key in keys))
        for name, errors in law_choice.comparison().items()
    ]
    chosen = [[errors[key] for _, errors in law_choice.nested().values() if key in errors] for key in keys]
    rows.append(("chosen anew without each model (nested)", *(f"{np.mean(x):.1f} / {max(x):.0f}" for x in chosen)))
    return Table(
        "Candidates for the law of time and energy",
        ("law", *(f"{load().gpu(gpu).name}, {target}" for gpu, target in keys)),
        rows,
        "Mean and worst error (%) of models held out, each counted once. The last row chooses inside each hold-out.",
    )


def v100() -> Table:
    """The operator law and the paper's on the V100."""
    rows = []
    for name, flag in (("83 rows", None), ("79 printed rows", "printed"), ("48 production rows", "production")):
        runs = [run for run in operator_law.v100_runs() if flag is None or run.measured[flag]]
        held = operator_law.by_group(operator_law.held_out_v100(runs))
        rows.append((
            name, f"{operator_law.v100_fit(runs).mape():.2f}", f"{np.mean(list(held.values())):.2f}",
            ", ".join(f"{family} {error:.1f}" for family, error in held.items()), f"{_bgr(runs):.1f}",
        ))  # fmt: skip
    return Table(
        "The operator law on the paper's corpus",
        ("rows", "operator law (%)", "held out, mean (%)", "families held out (%)", "BGR, Eq. (3) (%)"),
        rows,
        "MAPE of mu, in the fit and with each family of models held out; three parameters, as Eq. (3) has; loss of "
        "logarithms for the operator law, absolute for Eq. (3), as the paper fits it.",
    )


def _bgr(runs: Any) -> float:
    return fit_identified(saturation, operator_law.data(runs, "mu")).shipped.mape()


@dataclass(frozen=True)
class Coverage:
    """How a predictive interval made of the other models' errors fares on each model held out."""

    gpu: str
    target: str
    half_width: float
    runs: int
    inside: int
    by_model: dict[str, float]
    interval_score: float


@lru_cache(maxsize=1)
def coverages() -> tuple[Coverage, ...]:
    """The 90 % interval of each model: exp(-z s) to exp(z s) about its prediction, s the scatter of the others."""
    found = []
    for gpu in (H100, B200):
        for target in ("time", "energy"):
            errors: dict[str, list[float]] = {}
            for x in scores():
                if (x.gpu, x.target) == (gpu, target):
                    errors.setdefault(x.model, []).append(float(np.log(x.held_out)))
            found.append(_coverage(gpu, target, {model: np.array(mine) for model, mine in errors.items()}))
    return tuple(found)


def _coverage(gpu: str, target: str, errors: dict[str, Any]) -> Coverage:
    mean_squares = {model: float(np.mean(mine**2)) for model, mine in errors.items()}
    halves, shares, points, inside = [], {}, [], 0
    for model, mine in errors.items():
        half = QUANTILE * float(np.sqrt(np.mean([x for other, x in mean_squares.items() if other != model])))
        outside = np.maximum(np.abs(mine) - half, 0)
        halves.append(half)
        inside += int(np.sum(outside == 0))
        shares[model] = float(np.mean(outside == 0))
        points.append(float(np.mean(2 * half + BEYOND * outside)))
    runs = sum(len(mine) for mine in errors.values())
    return Coverage(gpu, target, float(np.mean(halves)), runs, inside, shares, float(np.mean(points)))


def coverage() -> Table:
    """Coverage and width of the predictive intervals, by accelerator and target."""
    rows = [
        (
            load().gpu(x.gpu).name, x.target, f"{100 * np.expm1(x.half_width):.0f}", f"{100 * NOISE[x.target]:.0f}",
            f"{x.inside} of {x.runs}", f"{100 * np.mean(list(x.by_model.values())):.0f}", f"{x.interval_score:.2f}",
            ", ".join(f"{model} {100 * share:.0f} %" for model, share in x.by_model.items() if share < 1),
        )
        for x in coverages()
    ]  # fmt: skip
    return Table(
        "Coverage of the operator law's 90 % intervals",
        ("accelerator", "target", "half width (%)", "two teams differ (%)", "runs inside", "models, mean (%)",
         "interval score", "models not wholly inside"),
        rows,
        "Each model is predicted by a fit without it, and its interval is made of the other models' errors; those come "
        f"from fits that have seen the model. The interval score is of logarithms: width, and {BEYOND:.0f} times what "
        "lies outside.",
    )  # fmt: skip


def figure() -> Figure:
    """Predicted over measured, each model held out, time and energy on both accelerators."""
    drawn, panels = plt.subplots(2, 2, figsize=(7.2, 5.2), sharey=True)
    for row, target in enumerate(("time", "energy")):
        for column, gpu in enumerate((H100, B200)):
            axes = panels[row][column]
            mine = [score for score in scores() if (score.gpu, score.target) == (gpu, target)]
            axes.axhspan(1 / (1 + NOISE[target]), 1 + NOISE[target], color="0.9", lw=0, zorder=0)
            axes.axhline(1, color="0.4", lw=0.8)
            for score in mine:
                shade = COLOURS[target]
                axes.plot(score.measured, score.held_out, MARKERS[score.model], color=shade, ms=5)
                axes.plot(score.measured, score.fitted, MARKERS[score.model], color=shade, mfc="none", ms=5, mew=0.7)
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_ylim(0.62, 1.5)
            axes.yaxis.set_major_locator(FixedLocator([0.65, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.4]))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
            unit = "s" if target == "time" else "kWh"
            axes.set_xlabel(f"measured {target} of a batch ({unit})")
            axes.set_title(f"{load().gpu(gpu).name}: {target}")
    for axes in panels[:, 0]:
        axes.set_ylabel("predicted / measured")
    handles = [Line2D([], [], color="0.3", marker=marker, ls="", label=model) for model, marker in MARKERS.items()]
    handles += [
        Line2D([], [], color="0.3", marker="s", ls="", label="model held out"),
        Line2D([], [], color="0.3", marker="s", mfc="none", ls="", label="model in the fit"),
        Line2D([], [], color="0.9", lw=6, label="two teams differ by so much"),
    ]
    drawn.legend(handles=handles, loc="outside lower center", ncols=4)
    return drawn


TABLES = {
    "scorecard": table, "operator_laws": laws, "operator_law_v100": v100, "operator_law_coverage": coverage,
}  # fmt: skip
