"""What accelerators have in common: one law for all of a kind, with each chip held out in turn.

The law is fitted to all published runs at once, in units of each accelerator's own peak, clock and rated power.
Accelerators with the same chip are held out together (`chips`), and the error on them is the error of a transfer. The
constants are effective ones, of eager PyTorch on these requests: fits of single accelerators scatter about them
(`own_constants`), and the elementwise traffic of a fit includes whatever grows with it. Launches are fixed at their
assumed time, which runs of H100 and B200 confirm.

`transfer_few` has the accelerators with few runs: those before compute capability 8.0, and the A100. `transfer_tables`
writes the files that ship.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from sympy import Expr, Pow, Rational, Symbol

from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.fitting import Fit, Free, fit
from ditcarbon_sym.calibration.held_out import within_scatter
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation, exact
from ditcarbon_sym.equations.notation import (
    JOULE_PER_KWH,
    TDP,
    bandwidth,
    e_dense,
    e_mem,
    eps_byte,
    eps_flop,
    phi_elem,
    rho,
    t_exp,
)

from .chips import CHIPS, each, modern, pooled, runs_on
from .operator_law import FIXED

exponent = Symbol("exponent", positive=True)
"""How far elementwise passes follow the clock: 0 the memory alone, 1 the clock alone."""
RULES: Mapping[str, Expr] = MappingProxyType({
    "clock": operator_law.TRANSFER[e_mem],
    "bandwidth": rho,
    "their geometric mean": rho * Pow(bandwidth * t_exp, -Rational(1, 2)),
    "any power of both": rho * Pow(bandwidth * t_exp, -exponent),
})  # fmt: skip
"""What an elementwise pass keeps pace with: the clock of the multiprocessors up to the memory, the memory, or both."""
STARTS = {"clock": 0.1, "bandwidth": 0.1, "their geometric mean": 0.02, "any power of both": 0.1}

factor = Symbol("factor", positive=True)
"""By how much everything takes longer, or draws more, than the borrowed law says."""


@dataclass(frozen=True)
class Law:
    """An equation and the values of its parameters."""

    equation: Equation
    values: Mapping[Symbol, float]

    def predict(self, rows: Data) -> Any:
        """Predict the rows."""
        return np.broadcast_to(self.equation({**rows.inputs, **self.values}), rows.observed.shape)

    def logs(self, rows: Data) -> Any:
        """ln(predicted / measured) of each row."""
        return np.log(self.predict(rows) / rows.observed)


def law_of(fitted: Fit) -> Law:
    """The law that a fit gives."""
    return Law(fitted.equation, fitted.values)


@dataclass(frozen=True)
class Pool:
    """A law fitted to many accelerators, and the same law without each chip; ``rows`` has each accelerator's."""

    law: Law
    without: Mapping[str, Law]
    rows: Mapping[str, Data]

    def held_out(self, accelerator: str) -> Law:
        """The law that has not seen this accelerator's chip."""
        return self.without[CHIPS[accelerator]]

    def average(self, of: Callable[[Any], Any], law: Law | None = None) -> dict[str, float]:
        """The mean of a function of ln(predicted / measured) on each accelerator, each model counted once.

        Each accelerator is held out, or else predicted by ``law``.
        """
        return {
            name: float(np.average(of((law or self.held_out(name)).logs(rows)), weights=rows.weights))
            for name, rows in self.rows.items()
        }

    @property
    def errors(self) -> dict[str, float]:
        """Mean of ln(predicted / measured) on each accelerator held out."""
        return self.average(lambda logs: logs)

    @property
    def mape(self) -> dict[str, float]:
        """Mean absolute error on each accelerator held out, per cent."""
        return self.average(_percent)

    @property
    def in_fit(self) -> float:
        """Mean absolute error of the law itself, per cent, each accelerator counted once."""
        return float(np.mean(list(self.average(_percent, self.law).values())))

    @property
    def scatter(self) -> float:
        """Root mean square of ln(predicted / measured), accelerators held out, each counted once."""
        return float(np.sqrt(np.mean(list(self.average(np.square).values()))))


def within(law: Law, gpus: Sequence[str], target: str) -> float | None:
    """The scatter of runs of one model on one accelerator about their own mean: the error that they do not share."""
    logs: dict[str, list[float]] = {}
    for gpu in gpus:
        for run in runs_on(gpu):
            if target in run.measured:
                predicted = float(law.equation({**run.values, **law.values}))
                logs.setdefault(f"{gpu} {run.model}", []).append(math.log(run.measured[target] / predicted))
    return within_scatter({name: np.array(values) for name, values in logs.items()})


def _percent(logs: Any) -> Any:
    return 100 * np.abs(np.expm1(logs))


def scaled(law: Law, rows: Sequence[Data]) -> Law:
    """The law with the factor that fits best: the geometric mean over accelerators, each model counted once."""
    ones = Law(law.equation, {**law.values, factor: 1.0})
    means = [float(np.average(ones.logs(data), weights=data.weights)) for data in rows]
    return Law(law.equation, {**law.values, factor: float(np.exp(-np.mean(means)))})


def time_fit(rule: str, data: Data) -> Fit:
    """Fit the two constants of time."""
    law = Equation("time", operator_law.runtime.lhs, operator_law.runtime.at(FIXED).rhs.xreplace({e_mem: RULES[rule]}))
    free = {e_dense: Free(0.7, 1e-3, 1.5), rho: Free(STARTS[rule], 1e-6, 1e3), exponent: Free(0.9, 0.0, 4.0)}
    return fit(law, data, {x: bounds for x, bounds in free.items() if x in law.inputs}, "log")


@lru_cache(maxsize=8)
def times(rule: str = "clock") -> Pool:
    """Time from Ampere on, by one of the `RULES`."""
    return pool_over(modern(), rule)


def pool_over(gpus: Sequence[str], rule: str = "clock") -> Pool:
    """The law of time of these accelerators, and the same without each of their chips."""
    data = pooled(gpus, "time")
    groups = np.array(data.groups)
    without = {chip: law_of(time_fit(rule, data.where(groups != chip))) for chip in dict.fromkeys(data.groups)}
    return Pool(law_of(time_fit(rule, data)), without, each(gpus, "time"))


@lru_cache(maxsize=1)
def own_constants() -> dict[str, Mapping[Symbol, float]]:
    """The two constants of time of single accelerators, where there are runs of several models."""
    rows = {name: data for name, data in times().rows.items() if len(data) > 2}
    return {name: time_fit("clock", data).values for name, data in rows.items()}


DRAWN: Mapping[Symbol, Free] = MappingProxyType({phi_elem: Free(0.8, 0.0, 1.0)})
"""Products are assumed to draw rated power, which is the most there is. In a fit they come out above it
(`free_product_power`), because these runs do not show the two kinds of work wholly apart."""


def energy_law(e: Any, r: Any) -> Equation:
    """Energy in units of rated power, for a law of time with these constants; elementwise passes draw an unknown part
    of it.
    """
    carried = {x: operator_law.TRANSFER[x] for x in (eps_flop, eps_byte)}
    rhs = operator_law.energy.at(FIXED).rhs.xreplace(carried).xreplace({e_mem: operator_law.TRANSFER[e_mem]})
    return Equation("energy", operator_law.energy.lhs, rhs.xreplace({e_dense: e, rho: r}))


def _energy_law_of(time: Law) -> Equation:
    return energy_law(exact(time.values[e_dense]), exact(time.values[rho]))


@lru_cache(maxsize=1)
def energies() -> Pool:
    """Energy from Ampere on. A chip that is held out is held out of the law of time, too."""
    data = pooled(metered(), "energy")
    groups = np.array(data.groups)
    without = {
        chip: law_of(fit(_energy_law_of(law), data.where(groups != chip), DRAWN, "log"))
        for chip, law in times().without.items()
    }
    return Pool(law_of(fit(_energy_law_of(times().law), data, DRAWN, "log")), without, each(metered(), "energy"))


def metered() -> tuple[str, ...]:
    """Accelerators with published energy."""
    return tuple(gpu for gpu in modern() if any("energy" in run.measured for run in runs_on(gpu)))


@lru_cache(maxsize=1)
def rated_power_for_the_time() -> Pool:
    """The rival of `energies`: one part of rated power, during all of the time that the law expects."""
    rows = each(metered(), "energy")

    def law(time: Law, names: Sequence[str]) -> Law:
        equation = Equation("energy", operator_law.energy.lhs, factor * TDP * time.equation.rhs / JOULE_PER_KWH)
        return scaled(Law(equation, time.values), [rows[name] for name in names])

    return Pool(
        law(times().law, list(rows)),
        {CHIPS[name]: law(times().held_out(name), [x for x in rows if x != name]) for name in rows}, rows,
    )  # fmt: skip


def free_product_power() -> float:
    """The power of products, in units of rated power, if it is fitted."""
    time = times().law
    law = energy_law(exact(time.values[e_dense]) / factor, exact(time.values[rho]))
    free = {factor: Free(1.0, 0.1, 10.0), **DRAWN}
    return fit(law, pooled(metered(), "energy"), free, "log").values[factor]


def jackknife() -> tuple[tuple[Symbol, ...], Any]:
    """The constants of time and energy, and their covariance by leaving each chip out.

    The rows of one accelerator are not independent, and phi_elem depends on the other two constants.
    """
    symbols = (e_dense, rho, phi_elem)
    rows = np.array([
        [{**times().without[chip].values, **energies().without[chip].values}[x] for x in symbols]
        for chip in times().without
    ])  # fmt: skip
    number, apart = len(rows), rows - rows.mean(axis=0)
    return symbols, (number - 1) / number * apart.T @ apart
