"""The law of several accelerators, fitted to published runs on two, four and eight.

Run as ``python -m fits.parallel``. The law of one accelerator is that of the shipped calibrations; what is fitted here
is what splitting adds. Losses are of logarithms. The rows of a model on an accelerator share an error, which is mostly
that of the law of one accelerator; the rows of one accelerator stand among the rows fitted, to tell that error apart.
Where a model is held out, the law of one accelerator is refitted without it, too, and so is the choice of terms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from ditcarbon_sym.calibration.data import Data, columns
from ditcarbon_sym.calibration.fitting import Fit, Free, fit
from ditcarbon_sym.calibration.held_out import within_scatter
from ditcarbon_sym.catalog.loading import shipped_calibration
from ditcarbon_sym.equations import operator_law, parallel
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import NOTATION, B, ell
from ditcarbon_sym.equations.parallel import symbols as of
from ditcarbon_sym.equations.parallel.symbols import c_copy, c_ring, c_VAE, n_gpu, phi_move, phi_wait, t_host, t_swap
from ditcarbon_sym.estimation.several.route import FILE
from ditcarbon_sym.estimation.spread.quantiles import LEVEL, student_quantile
from ditcarbon_sym.reports.formats import toml_text, write_atomically

from .parallel_runs import GPUS, RUNS, Run, models, of_one, runs, split_over
from .runs import provenance

Floats = NDArray[np.float64]
TARGETS = ("time", "energy")
Free_ = Mapping[Symbol, Free]
TIME: Free_ = {
    of.t_wrap: Free(2e-5, 1e-9, 1e-2, spread=1.5), t_swap: Free(2e-4, 1e-9, 1e-1, spread=1.5),
    of.t_ring: Free(1e-4, 1e-9, 1e-1, spread=1.5), of.e_link: Free(0.5, 1e-3, 2.0, spread=1.0),
    of.e_ring: Free(0.3, 1e-3, 2.0, spread=1.0), c_copy: Free(0.1, 1e-4, 10.0, spread=1.5),
    c_ring: Free(3.0, 1e-3, 100.0, spread=1.5), c_VAE: Free(1.0, 1e-3, 50.0, spread=1.5),
    t_host: Free(3e-8, 1e-11, 1e-5, spread=1.5),
}  # fmt: skip
"""What is expected, and how surely (standard deviations of logarithms): to within a factor of three to five."""
ENERGY: Free_ = {phi_wait: Free(0.3, 1e-3, 1.0, spread=0.7), phi_move: Free(0.6, 1e-3, 1.5, spread=0.7)}
RUNTIME, ENERGIES = parallel.closed(parallel.runtime), parallel.closed(parallel.energy)
ROW, MODEL = 0.06, 0.10
"""Scatter of a row about its model's mean, and of models, in logarithms: as the residuals have it."""
LEFT_OUT: Mapping[str, Mapping[Symbol, float]] = {
    "all": {}, "decoding as on one": {c_VAE: 0.0}, "no passes added": {c_copy: 0.0}, "no merges": {c_ring: 0.0},
    "no time to launch exchanges": {t_swap: 0.0}, "no host": {t_host: 0.0},
}  # fmt: skip
"""The candidates: all terms, or one of them left out. The choice is made anew without each model."""


def data(target: str, chosen: Sequence[Run], without: str = "", fitted: Mapping[Symbol, float] | None = None) -> Data:
    """Runs as columns, with the constants of the law of one accelerator and those ``fitted`` so far; each model counts
    as much as another.
    """
    constants = {x: np.full(len(chosen), value) for x, value in (fitted or {}).items()}
    many = {name: sum(x.model == name for x in chosen) for name in {x.model for x in chosen}}
    weights = np.array([len(chosen) / len(many) / many[x.model] for x in chosen])
    observed = np.array([getattr(x, target) for x in chosen])
    groups = tuple(f"{x.model} {x.gpu}" for x in chosen)
    return Data({**_inputs(tuple(chosen), without), **constants}, observed, groups, weights, MODEL / ROW, ROW)


@lru_cache(maxsize=64)
def _inputs(chosen: tuple[Run, ...], without: str) -> Mapping[Symbol, Floats]:
    return columns([{**x.values, **of_one(x.gpu, without)} for x in chosen])


@dataclass(frozen=True)
class Law:
    """The fitted law: what is fitted of time and of energy, and which terms are left out."""

    time: Fit
    energy: Fit
    left_out: Mapping[Symbol, float]

    @property
    def values(self) -> dict[Symbol, float]:
        """All constants."""
        return {**self.left_out, **self.time.values, **self.energy.values}

    def predict(self, target: str, chosen: Sequence[Run], without: str = "") -> Floats:
        """Seconds or kWh of runs."""
        equation = RUNTIME if target == "time" else ENERGIES
        rows = data(target, chosen, without, self.values)
        return np.broadcast_to(equation(rows.inputs), rows.observed.shape)


def fitted(chosen: Sequence[Run], left_out: Mapping[Symbol, float], without: str = "") -> Law:
    """Fit the law to runs, the law of one accelerator given."""
    time = fit(_at(RUNTIME, left_out), data("time", chosen, without), TIME, "log")
    rows = data("energy", chosen, without, {**left_out, **time.values})
    return Law(time, fit(ENERGIES, rows, ENERGY, "log"), left_out)


def _at(equation: Equation, numbers: Mapping[Symbol, float]) -> Equation:
    return equation.at(numbers) if numbers else equation


@dataclass(frozen=True)
class Held:
    """Predictions of one model's runs on several accelerators, by a law that has not seen the model in any part."""

    model: str
    runs: tuple[Run, ...]
    left_out: str
    logs: Mapping[str, Floats]
    """ln(measured / predicted), by target."""
    inner: Mapping[str, float]
    """Scatter of the other models, each held out in turn of fits without it: what an interval is made of."""
    of_one: Mapping[str, Floats]
    """ln(measured / predicted) of its runs on one accelerator, which no term of a split concerns."""

    def mape(self, target: str, one: bool = False) -> float:
        """Mean absolute error, per cent; with ``one``, of the law of one on one: what exact speed-ups would leave."""
        return float(100 * np.mean(np.abs(np.expm1(-(self.of_one if one else self.logs)[target]))))


def logs_of(law: Law, chosen: Sequence[Run], without: str = "") -> dict[str, Floats]:
    """ln(measured / predicted) of runs, by target."""
    return {
        target: np.log([getattr(x, target) for x in chosen] / law.predict(target, chosen, without))
        for target in TARGETS
    }  # fmt: skip


@lru_cache(maxsize=8)
def inner(without: str = "") -> Mapping[str, Mapping[str, Mapping[str, Floats]]]:
    """Each candidate's errors on models held out, by candidate, model and target; ``without`` takes no part at all."""
    names = [x for x in models() if x != without]
    found: dict[str, dict[str, dict[str, Floats]]] = {}
    for label, left_out in LEFT_OUT.items():
        found[label] = {}
        for name in names:
            seen = [x for x in runs() if x.model not in (name, without)]
            law = fitted(seen, left_out, without)
            unseen = split_over([x for x in runs() if x.model == name])
            found[label][name] = logs_of(law, unseen, without)
    return found


def scatter(logs: Mapping[str, Mapping[str, Floats]], target: str) -> float:
    """Root mean square over models, each counted once."""
    return float(np.sqrt(np.mean([np.mean(x[target] ** 2) for x in logs.values()])))


def choice(without: str = "") -> str:
    """The candidate with the least error on models held out, of time and energy together."""
    errors = {label: sum(scatter(logs, target) for target in TARGETS) for label, logs in inner(without).items()}
    return min(errors, key=lambda label: errors[label])


@lru_cache(maxsize=1)
def held_out() -> tuple[Held, ...]:
    """Each model held out of everything: the law of one accelerator, the choice of terms, their constants."""
    found = []
    for name in models():
        label = choice(name)
        law = fitted([x for x in runs() if x.model != name], LEFT_OUT[label], name)
        own = [x for x in runs() if x.model == name]
        mine, alone = split_over(own), [x for x in own if x.gpus == 1]
        spread = {target: scatter(inner(name)[label], target) for target in TARGETS}
        found.append(Held(name, mine, label, logs_of(law, mine, name), spread, logs_of(law, alone, name)))
    return tuple(found)


@lru_cache(maxsize=1)
def shipped() -> tuple[str, Law]:
    """The law that ships: the chosen terms, fitted to all runs."""
    label = choice()
    return label, fitted(runs(), LEFT_OUT[label])


def ideal(chosen: Sequence[Run]) -> dict[str, Floats]:
    """ln(measured / predicted) where work divides without loss: a part of the time, and the same energy."""
    found = {}
    for target, equation in (("time", operator_law.limited), ("energy", operator_law.energy)):
        rows = data(target, chosen)
        parts = rows.inputs[n_gpu] if target == "time" else 1.0
        found[target] = np.log(rows.observed * parts / equation(rows.inputs))
    return found


def coverage(target: str, level: float = LEVEL) -> tuple[float, float]:
    """The part of runs, and of models' means, that the 90 % interval of a model held out holds."""
    inside, means = [], []
    for x in held_out():
        half = student_quantile(level, len(held_out()) - 1) * x.inner[target]
        inside.append(np.abs(x.logs[target]) <= half)
        means.append(abs(float(np.mean(x.logs[target]))) <= half)
    return float(np.mean(np.concatenate(inside))), float(np.mean(means))


def law_without(held: Held) -> Law:
    """The law that has not seen a model held out."""
    seen = [x for x in runs() if x.model != held.model]
    return fitted(seen, LEFT_OUT[held.left_out], held.model)


@lru_cache(maxsize=1)
def best_splits() -> tuple[tuple[str, str, int, float], ...]:
    """For each model, accelerator and batch: how much longer the run with the predicted best number of accelerators and
    split took than the best one measured. Predictions are by a law without the model.
    """
    found = []
    for x in held_out():
        alone = [run for run in runs() if run.model == x.model and run.gpus == 1]
        law = law_without(x)
        everything = [*alone, *x.runs]
        times = law.predict("time", everything, x.model)
        for key in dict.fromkeys((run.gpu, int(run.values[B])) for run in everything):
            mine = [k for k, run in enumerate(everything) if (run.gpu, int(run.values[B])) == key]
            chosen = min(mine, key=lambda k: times[k])
            least = min(everything[k].time for k in mine)
            found.append((x.model, *key, everything[chosen].time / least))
    return tuple(found)


def table() -> dict[str, Any]:
    """The law as it ships."""
    label, law = shipped()
    held = held_out()
    free = (*law.time.free, *law.energy.free)
    covariance = np.zeros((len(free), len(free)))
    many = len(law.time.free)
    covariance[:many, :many], covariance[many:, many:] = law.time.covariance, law.energy.covariance
    chosen = split_over(runs())
    quality: dict[str, Any] = {"n": len(chosen), "loss": "log"}
    logs = logs_of(law, chosen)
    for target, suffix in (("time", ""), ("energy", "_energy")):
        all_logs = {x.model: x.logs for x in held}
        spread, alone = scatter(all_logs, target), _scatter_of_one(target)
        by_model = {name: logs[target][[x.model == name for x in chosen]] for name in models()}
        quality |= {
            f"mape_percent{suffix}": float(np.mean([100 * np.mean(np.abs(np.expm1(-x))) for x in by_model.values()])),
            f"held_out_log_scatter{suffix}": spread,
            f"besides_log_scatter{suffix}": float(np.sqrt(max(spread**2 - alone**2, 0.0))),
            f"within_log_scatter{suffix}": within_scatter(by_model),
        }
    quality |= {
        "held_out_mape_percent": {x.model: x.mape("time") for x in held},
        "held_out_mape_percent_energy": {x.model: x.mape("energy") for x in held},
        "of_one_held_out_mape_percent": {x.model: x.mape("time", one=True) for x in held},
        "of_one_held_out_mape_percent_energy": {x.model: x.mape("energy", one=True) for x in held},
    }
    batches, tokens = ([float(f(x.values[y] for x in chosen)) for f in (min, max)] for y in (B, ell))
    return {
        "schema_version": 1, "law": parallel.LABEL,
        "parameters": {NOTATION[x].field: float(v) for x, v in law.values.items()},
        "covariance": {"parameters": [NOTATION[x].field for x in free], "matrix": covariance.tolist()},
        "verdicts": {NOTATION[x].field: "left out: runs of other models are predicted better without it"
                     for x in law.left_out}
                    | {NOTATION[x].field: "identified" for x in free},
        "quality": quality,
        "validity": {"gpus": [2.0, 8.0], "batch": batches, "latent_tokens": tokens},
        "convention": {"terms": label, "stages": "whole request"},
        "data": {**provenance(RUNS, "all", "mlenergy2025: benchmark v3.0"), "accelerators": list(GPUS)},
    }  # fmt: skip


def _scatter_of_one(target: str) -> float:
    """Scatter of models held out of the law of one accelerator, in the mean of both accelerators."""
    suffix = "" if target == "time" else "_energy"
    found = []
    for gpu in GPUS:
        calibration = shipped_calibration(gpu, operator_law.LAW)
        assert calibration is not None
        found.append(float(calibration.quality[f"held_out_log_scatter{suffix}"]))
    return float(np.sqrt(np.mean(np.square(found))))


def main() -> None:
    """Fit again, write the law, and say how it does."""
    FILE.parent.mkdir(exist_ok=True)
    write_atomically(FILE, toml_text(table(), "Made by fits/parallel.py (make fits); a test refits and compares."))
    print(f"wrote {FILE.name}: {shipped()[0]}")
    chosen = split_over(runs())
    for target in TARGETS:
        errors = {x.model: x.mape(target) for x in held_out()}
        naive = ideal(chosen)[target]
        each = [np.mean(np.abs(np.expm1(-naive[[x.model == name for x in chosen]]))) for name in models()]
        shares, one_off = coverage(target), np.mean([x.mape(target, one=True) for x in held_out()])
        print(
            f"{target}: held out {np.mean(list(errors.values())):.1f} %, worst {max(errors, key=errors.__getitem__)} "
            f"{max(errors.values()):.1f} %; the law of one on one {one_off:.1f} %; "
            f"ideal scaling {100 * np.mean(each):.1f} %; 90 % intervals hold "
            f"{shares[0]:.0%} of runs, {shares[1]:.0%} of models; "
            + ", ".join(f"{name} {error:.1f}" for name, error in errors.items())
        )
    longer = np.array([x[-1] for x in best_splits()])
    print(f"the best split predicted is within 10 % of the best measured in {np.sum(longer <= 1.1)} of {len(longer)}")


if __name__ == "__main__":
    main()
