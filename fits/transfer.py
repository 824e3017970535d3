"""What carries over between accelerators: one law for all of a kind, each accelerator held out in turn.

The law is fitted to every published run at once, in units of each accelerator's own peak, clock and rated power; every
accelerator counts once, and on it every model. What is missed on an accelerator that the fit has not seen is the error
of a transfer. Before compute capability 8.0 (no bfloat16, no fused attention) runs are few: the V100's law is kept, its
efficiencies slowed by one factor. The A100's calibration comes by the same means; `transfer_tables` writes what ships.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from sympy import Expr, Pow, Rational, Symbol

from ditcarbon_sym import roofline
from ditcarbon_sym.catalog import load
from ditcarbon_sym.equation import Equation, exact
from ditcarbon_sym.fitting import Data, Fit, Free, fit, leave_one_group_out
from ditcarbon_sym.notation import (
    F_total,
    Theta_peak,
    bandwidth,
    e_dense,
    e_mem,
    eps_byte,
    eps_flop,
    phi_elem,
    rho,
    t_exp,
)  # fmt: skip

from .operator_law import FIXED, FIXED_V100, V100, Run, published, published_runs, v100_fit, v100_runs

MODERN, EARLIER = "ampere-and-later", "before-ampere"
FIRST_MODERN = 8.0
"""Compute capability from which accelerators have bfloat16 and fused attention kernels."""
A100 = "a100"
SAME_CHIP = {"a100-sxm-40gb": A100, "a100-sxm-80gb": A100}
"""Accelerators of one chip: held out together."""

RULES: Mapping[str, Expr] = MappingProxyType({
    "clock": roofline.TRANSFER[e_mem],
    "bandwidth": rho,
    "their geometric mean": rho * Pow(bandwidth * t_exp, -Rational(1, 2)),
})  # fmt: skip
"""What an elementwise pass keeps pace with: the clock of the multiprocessors, the memory, or both."""
STARTS = {"clock": 0.1, "bandwidth": 0.1, "their geometric mean": 0.02}

slowness = Symbol("slowness", positive=True)
"""How much slower everything runs than the law that is borrowed says."""


@dataclass(frozen=True)
class Pool:
    """A law fitted to many accelerators at once, and each of them held out."""

    fitted: Fit
    held_out: Mapping[str, tuple[Fit, Data]]

    @property
    def errors(self) -> dict[str, float]:
        """Mean of ln(predicted / measured) on each accelerator held out, each model counted once."""
        return {name: float(np.average(_logs(one, rows), weights=rows.weights))
                for name, (one, rows) in self.held_out.items()}  # fmt: skip

    @property
    def mape(self) -> dict[str, float]:
        """Mean absolute error on each accelerator held out, per cent, each model counted once."""
        return {name: float(100 * np.average(np.abs(np.expm1(_logs(one, rows))), weights=rows.weights))
                for name, (one, rows) in self.held_out.items()}  # fmt: skip

    @property
    def scatter(self) -> float:
        """Root mean square of ln(predicted / measured), accelerators held out, each counted once."""
        squares = [np.average(_logs(one, rows) ** 2, weights=rows.weights) for one, rows in self.held_out.values()]
        return float(np.sqrt(np.mean(squares)))


def _logs(fitted: Fit, rows: Data) -> Any:
    return np.log(fitted.predict(rows) / rows.observed)


def capability(gpu: str) -> float:
    """The compute capability of an accelerator of the catalogue."""
    found = load().gpu(gpu).compute_capability
    assert found is not None, gpu
    return found


@lru_cache(maxsize=1)
def accelerators() -> tuple[str, ...]:
    """Every accelerator of the published runs, and the V100 of the paper's corpus."""
    return tuple(dict.fromkeys([*(row["gpu"] for row in published()), V100]))


def runs_on(gpu: str) -> tuple[Run, ...]:
    """Published runs; the paper's corpus as seconds of its denoiser."""
    if gpu != V100:
        found = published_runs(gpu)
        return found if capability(gpu) >= FIRST_MODERN else tuple(
            Run(run.model, {**run.values, t_exp: 0.0}, run.measured) for run in found
        )  # fmt: skip
    return tuple(
        Run(run.model, run.values,
            {"time": run.values[F_total] / (run.measured["mu"] * run.values[Theta_peak])})
        for run in v100_runs() if run.measured["printed"]
    )  # fmt: skip


def pooled(gpus: Sequence[str], target: str) -> Data:
    """Runs of several accelerators: every accelerator counts once, and on it every model."""
    runs = [(SAME_CHIP.get(gpu, gpu), run) for gpu in gpus for run in runs_on(gpu) if target in run.measured]
    symbols = set.intersection(*(set(run.values) for _, run in runs))
    models: dict[str, list[str]] = {}
    for gpu, run in runs:
        models.setdefault(gpu, []).append(run.model)
    weights = [1 / (len(set(models[gpu])) * models[gpu].count(run.model)) for gpu, run in runs]
    return Data(
        {x: np.array([run.values[x] for _, run in runs]) for x in symbols},
        np.array([run.measured[target] for _, run in runs]), tuple(gpu for gpu, _ in runs), np.array(weights),
    )  # fmt: skip


def _pool(equation: Equation, data: Data, free: Mapping[Symbol, Free]) -> Pool:
    return Pool(fit(equation, data, free, "log"), leave_one_group_out(equation, data, free, "log"))


def modern() -> tuple[str, ...]:
    """Accelerators from Ampere on."""
    return tuple(gpu for gpu in accelerators() if capability(gpu) >= FIRST_MODERN)


def earlier() -> tuple[str, ...]:
    """Accelerators before Ampere."""
    return tuple(gpu for gpu in accelerators() if capability(gpu) < FIRST_MODERN)


@lru_cache(maxsize=8)
def times(rule: str = "clock") -> Pool:
    """Time from Ampere on, by one rule of what elementwise passes keep pace with."""
    law = Equation("time", roofline.runtime.lhs, roofline.runtime.at(FIXED).rhs.xreplace({e_mem: RULES[rule]}))
    free = {e_dense: Free(0.7, 1e-3, 1.5), rho: Free(STARTS[rule], 1e-6, 1e3)}
    return _pool(law, pooled(modern(), "time"), free)


DRAWN: Mapping[Symbol, Free] = MappingProxyType({phi_elem: Free(0.8, 0.0, 1.0)})
"""Products are taken to draw rated power: left free, their part stands on that bound."""


def energy_law(e: Any, r: Any) -> Equation:
    """Energy in units of rated power, for a law of time with these efficiencies: its only unknown is what elementwise
    passes draw.
    """
    carried = {x: roofline.TRANSFER[x].xreplace({e_dense: e, rho: r}) for x in (eps_flop, eps_byte)}
    return Equation("energy", roofline.energy.lhs, roofline.energy.at(FIXED).rhs.xreplace(carried))


@lru_cache(maxsize=1)
def energies() -> Pool:
    """Energy from Ampere on; an accelerator that is held out is held out of the law of time, too."""
    data = pooled([gpu for gpu in modern() if any("energy" in run.measured for run in runs_on(gpu))], "energy")
    groups = np.array(data.groups)

    def fitted(time: Fit, rows: Data) -> Fit:
        law = energy_law(exact(time.values[e_dense]), exact(time.values[rho]))
        return fit(law, rows, DRAWN, "log")

    return Pool(fitted(times().fitted, data), {
        name: (fitted(times().held_out[name][0], data.where(groups != name)), data.where(groups == name))
        for name in dict.fromkeys(data.groups)
    })  # fmt: skip


def v100_values() -> dict[Symbol, float]:
    """The V100's calibration, as its corpus gives it."""
    printed = [run for run in v100_runs() if run.measured["printed"]]
    return {**FIXED_V100, **v100_fit(printed).values}


@lru_cache(maxsize=1)
def earlier_times() -> Pool:
    """Time before Ampere: the V100's law, every efficiency slowed by one factor."""
    return _pool(_slowed(v100_values()), pooled(earlier(), "time"), {slowness: Free(1.2, 0.1, 10.0)})


def _slowed(values: Mapping[Symbol, Any], law: Equation = roofline.runtime) -> Equation:
    """The law of time with the efficiencies of products and of elementwise passes divided by one factor."""
    slow = {x: values[x] / slowness for x in (e_dense, e_mem)}
    rest = {x: value for x, value in values.items() if x not in slow}
    return Equation("slowed", law.lhs, law.at(rest).rhs.xreplace(slow))


def pool_of(gpu: str, target: str) -> Pool:
    """The pool that an accelerator's time or energy belongs to."""
    if target == "energy":
        return energies()
    return times() if capability(gpu) >= FIRST_MODERN else earlier_times()


# An accelerator with few runs: the pool without it, and one factor of its own.


@lru_cache(maxsize=1)
def a100() -> tuple[Fit, dict[str, tuple[Fit, Data]], Fit]:
    """Of the A100: its factor of time, each model held out, and what elementwise passes draw (one model)."""
    pool, _ = times().held_out[A100]
    common = {rho: pool.values[rho]}
    law = _slowed({**FIXED, e_dense: pool.values[e_dense], e_mem: roofline.TRANSFER[e_mem].xreplace(common)})
    free = {slowness: Free(1.0, 0.1, 10.0)}
    time = fit(law, _by_model("time"), free, "log")
    own = energy_law(*(exact(pool.values[x] / time.values[slowness]) for x in (e_dense, rho)))
    return (
        time, leave_one_group_out(law, _by_model("time"), free, "log"), fit(own, _by_model("energy"), DRAWN, "log"),
    )  # fmt: skip


def _by_model(target: str) -> Data:
    runs = [run for gpu in SAME_CHIP for run in runs_on(gpu) if target in run.measured]
    models = [run.model for run in runs]
    symbols = set.intersection(*(set(run.values) for run in runs))
    return Data(
        {x: np.array([run.values[x] for run in runs]) for x in symbols},
        np.array([run.measured[target] for run in runs]), tuple(models),
        np.array([1 / models.count(model) for model in models]),
    )  # fmt: skip
