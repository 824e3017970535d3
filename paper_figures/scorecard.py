"""The scorecard of the operator law: every published run, predicted in three ways: with its model in the fit, with its
model held out, and with its accelerator held out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import JOULE_PER_KWH, B
from fits import baselines, chips, operator_law, transfer, transfer_few, unseen as not_fitted, v100_law
from fits.runs import V100, Run, v100_runs
from fits.transfer import Law

from .tables import Table

TARGETS = ("time", "energy")
FITTED, MODEL, TEAM, ACCELERATOR = "in the fit", "model held out", "team held out", "accelerator held out"
WAYS = (FITTED, MODEL, TEAM, ACCELERATOR)


@dataclass(frozen=True)
class Score:
    """One published run: predicted over measured, by way of predicting."""

    gpu: str
    model: str
    target: str
    batch: int
    measured: float
    ratios: Mapping[str, float]


@lru_cache(maxsize=1)
def scores() -> tuple[Score, ...]:
    """Every published run of time and energy."""
    return tuple(
        Score(gpu, run.model, target, int(run.values[B]), run.measured[target], {
            way: float(_predicted(fitted, run)) / run.measured[target]
            for way, fitted in _fits(gpu, run, target).items()
        })
        for gpu in chips.accelerators() if gpu != V100
        for target in TARGETS
        for run in chips.runs_on(gpu) if target in run.measured
    )  # fmt: skip


def _predicted(law: Law, run: Run) -> Any:
    return law.equation({**run.values, **law.values})


def _fits(gpu: str, run: Run, target: str) -> dict[str, Law]:
    """The laws that predict a run."""
    name = chips.ONE.get(gpu, gpu)
    chip = chips.CHIPS[name]
    if chips.capability(gpu) < chips.FIRST_MODERN:
        return {FITTED: transfer_few.law(), ACCELERATOR: transfer_few.law(chip)}
    ways = {FITTED: (), MODEL: (("model", run.model),), TEAM: (("team", run.source),)}
    found = {way: operator_law.laws(name, out)[target] for way, out in ways.items()}
    return {**found, ACCELERATOR: transfer.laws((("chip", chip),))[target]}


def by_model() -> list[tuple[str, str, str, dict[str, float]]]:
    """Accelerator, target, model, and the mean absolute error (%) of each way; worst first."""
    groups: dict[tuple[str, str, str], list[Score]] = {}
    for score in scores():
        groups.setdefault((score.gpu, score.target, score.model), []).append(score)
    rows = [
        (*key, {way: 100 * float(np.mean([abs(x.ratios[way] - 1) for x in group]))
                for way in WAYS if way in group[0].ratios})
        for key, group in groups.items()
    ]  # fmt: skip
    order = list(chips.accelerators())
    return sorted(rows, key=lambda row: (order.index(row[0]), row[1], -row[3].get(MODEL, row[3][ACCELERATOR])))


def table() -> Table:
    """Errors per model, worst first, and their means per accelerator and over all."""
    means, rows = [], []
    for gpu, target, model, errors in by_model():
        rows.append((load().gpu(gpu).name, target, model, *(_cell(errors.get(way)) for way in WAYS)))
    for target in TARGETS:
        modern = [e for gpu, what, _, e in by_model() if what == target and gpu in chips.modern()]
        means.append(("all from Ampere on", target, "mean of accelerators and models", *_means(modern)))
    for gpu in chips.accelerators():
        for target in TARGETS:
            mine = [errors for name, what, _, errors in by_model() if (name, what) == (gpu, target)]
            if len(mine) > 1:
                means.append((load().gpu(gpu).name, target, "mean of models", *_means(mine)))
    return Table(
        "Scorecard of the operator law",
        ("accelerator", "target", "model", *(f"error, {way} (%)" for way in WAYS)),
        [*means, *rows],
        "Mean absolute error of time and of energy over the published runs of each model: predicted by the fit that "
        "ships, by one that never saw the model on any accelerator, by one that never saw the team, and by one that "
        "never saw the accelerator or another one of the same chip. Two teams differ by 5 to "
        "18 % in time and 4 to 7 % in energy on one configuration.",
    )


def _means(errors: list[dict[str, float]]) -> list[str]:
    shown = [[each[way] for each in errors if way in each] for way in WAYS]
    return [_cell(float(np.mean(x)) if x else None) for x in shown]


def unseen() -> Table:
    """The runs that are scored and never fitted."""
    found = not_fitted.times()
    error = 100 * float(np.mean([abs(x.ratio - 1) for x in found]))
    bias = 100 * float(np.mean([x.ratio - 1 for x in found]))
    inside = sum(x.inside for x in found)
    mean = (
        f"all {len(found)}",
        "",
        "",
        "",
        "",
        f"mean error {error:.1f} %, bias {bias:+.1f} %",
        f"{inside} inside",
        "",
    )
    return Table(
        "Runs that no fit has seen",
        ("accelerator", "model", "size", "batch", "measured (s)", "predicted / measured", "90 % interval",
         "source, and why"),
        [mean, *(
            (load().gpu(x.row["gpu"]).name, x.row["model"], f"{x.row['height']} x {x.row['width']}", x.row["batch"],
             x.row["time_s"], f"{x.ratio:.2f}", "inside" if x.inside else "outside",
             f"{x.row['source']}: {x.row['why']}")
            for x in found
        )],
        "Seconds of eager runs, from sources that were kept back before any fit, and from sources that do not say "
        "everything of their runs. `ditcarbon estimate` predicts them as it predicts a user's request.",
    )  # fmt: skip


def rivals() -> Table:
    """Runs never fitted, held out and fitted, each apart, by the law and by simpler ways."""
    held = baselines.held_out({_key(x): x.ratios[MODEL] for x in scores() if MODEL in x.ratios})
    groups = {
        "never fitted, one accelerator": baselines.never_fitted(),
        "never fitted, several accelerators": baselines.elsewhere(),
        "model held out, one accelerator": held,
        "model held out, several accelerators": baselines.benchmark(without_model=True),
        "in the fit, one accelerator": baselines.fitted(),
        "in the fit, several accelerators": baselines.benchmark(without_model=False),
    }
    rows = []
    for name, found in groups.items():
        for target in TARGETS:
            mine = tuple(x for x in found if x.target == target)
            if mine:
                rows.append((name, target, str(len(mine)), *(_of(mine, way) for way in baselines.WAYS)))
    return Table(
        "The law and simpler ways",
        ("runs", "target", "number", *(f"{way} (%)" for way in baselines.WAYS)),
        rows,
        "Mean absolute errors, each model on an accelerator counted once. Constant mu: one efficiency, that of the "
        "other models, and rated power. Eq. (3): the paper's fit, made on the V100. Ideal scaling: of several "
        "accelerators each takes its part of the time of one. EcoLogits: what it takes for a video of five seconds "
        "on eight accelerators, where it knows the model. The runs on several accelerators that are held out or "
        "fitted are the 641 of the benchmark's 722; its 81 on one stand among those of one accelerator.",
    )


def _key(x: Score) -> tuple[str, str, str, str]:
    measured = x.measured * (1.0 if x.target == "time" else float(JOULE_PER_KWH))
    return x.gpu, x.model, x.target, f"{measured:.6g}"


def _of(found: tuple[baselines.Compared, ...], way: str) -> str:
    error = baselines.mean_error(found, way)
    if error is None:
        return "none"
    return f"{error[0]:.1f}" + ("" if error[1] == len(found) else f" (of {error[1]})")


def _cell(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"


def corpus_ratios() -> list[float]:
    """Predicted over measured efficiency of the paper's 79 printed rows, each family of models held out."""
    runs = [run for run in v100_runs() if run.measured["printed"]]
    held = v100_law.held_out(runs)
    # Time is proportional to the inverse of the efficiency.
    return [float(x) for fitted, rows in held.values() for x in rows.observed / fitted.predict(rows)]


def rows() -> Table:
    """Every published run: the measured value, and predicted over measured in each way."""
    found = [
        (load().gpu(x.gpu).name, x.model, x.target, str(x.batch), _measured(x),
         *("none" if way not in x.ratios else f"{x.ratios[way]:.3f}" for way in WAYS))
        for x in scores()
    ]  # fmt: skip
    return Table(
        "Every published run, predicted over measured",
        ("accelerator", "model", "target", "batch", "measured", *WAYS),
        found,
        "Seconds of the batch, and joules of the accelerator for the batch.",
    )


def _measured(score: Score) -> str:
    return f"{score.measured:g} s" if score.target == "time" else f"{score.measured * float(JOULE_PER_KWH):.4g} J"


TABLES = {"scorecard": table, "scorecard_rows": rows, "unseen": unseen, "scorecard_rivals": rivals}
