"""What accelerators have in common: one law of time and of energy for all from Ampere on, in units of each one's facts.

The law is fitted to all published runs at once. A model's runs by one team on one accelerator share an error
(`operator_fit`). The constants are effective ones, of eager PyTorch on these requests; the law of a single accelerator
scatters about them (`operator_law`), and takes them as what is expected. Accelerators with the same chip are held out
together (`chips`), and the error on them is the error of a transfer.

Time needs joules, as a power limit turns them into seconds, and joules need time where kernels are waited for. So one
fit has the rows of both.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from sympy import Expr, Symbol, sqrt

from ditcarbon_sym.calibration.data import Data, either, together
from ditcarbon_sym.calibration.fitting import Free, Identified
from ditcarbon_sym.calibration.held_out import within_scatter
from ditcarbon_sym.calibration.operator_fit import fit_known
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import (
    JOULE_PER_KWH,
    TDP,
    Theta_peak,
    bandwidth,
    e_dense,
    e_mem,
    e_VAE,
    eps_0,
    eps_byte,
    eps_flop,
    r_attn,
    rho,
    t_exp,
    t_launch,
)

from .chips import CHIPS, ONE, Out, members, modern, rows, runs_on, stays

TEAMS = 0.10
"""How far two teams are apart that measure the same thing, in logarithms: 22 published configurations. No fit takes the
error that a team's runs of a model share for less."""
TIME: Mapping[Symbol, Free] = MappingProxyType({
    t_launch: Free(operator_law.LAUNCH, 1e-7, 8e-5, spread=2.0), e_dense: Free(0.75, 1e-3, 1.0, spread=0.3),
    r_attn: Free(0.7, 0.05, 5.0, spread=0.7), rho: Free(0.15, 1e-3, 1e2, spread=1.0),
    e_VAE: Free(operator_law.ASSUMED[e_VAE], 1e-3, 1.0, spread=1.0),
})  # fmt: skip
"""What is expected before any run, and how surely (standard deviations of logarithms). Large products reach 0.6 to 0.9
of peak at full clock, and none is faster than peak. Launches have the spread that users' own fits get."""
ENERGY: Mapping[Symbol, Free] = MappingProxyType({
    eps_0: Free(1e-12, 1e-15, 1e-9, spread=0.7), eps_byte: Free(1e-9, 1e-12, 1e-6, spread=1.0),
})  # fmt: skip

JOULES: Mapping[str, Expr] = MappingProxyType({
    "geometric mean": operator_law.TRANSFER[eps_flop], "one energy per FLOP": eps_0,
    "rated power": TDP / Theta_peak * eps_0 * 10**12,
})  # fmt: skip
"""What a product takes: as much on all accelerators, as much as rated power gives at peak, or between the two."""
BYTES: Mapping[str, Expr] = MappingProxyType({
    "clock": operator_law.TRANSFER[e_mem], "bandwidth": rho, "their geometric mean": rho / sqrt(bandwidth * t_exp),
})  # fmt: skip
"""What an elementwise pass keeps pace with: the clock of the multiprocessors up to the memory, the memory, or both."""


def in_common(equation: Equation, joules: str = "geometric mean", passes: str = "clock") -> Equation:
    """An equation of the operator law in the constants that accelerators have in common."""
    rules = {eps_flop: JOULES[joules], e_mem: BYTES[passes]}
    return Equation(f"{equation.number}, in common", equation.lhs, equation.rhs.xreplace(rules))


@dataclass(frozen=True)
class Law:
    """An equation and the values of its parameters."""

    equation: Equation
    values: Mapping[Symbol, float]

    def predict(self, data: Data) -> Any:
        """Predict the rows."""
        return np.broadcast_to(self.equation({**data.inputs, **self.values}), data.observed.shape)

    def logs(self, data: Data) -> Any:
        """ln(predicted / measured) of each row."""
        return np.log(self.predict(data) / data.observed)


def fitted(
    time: Equation, energy: Equation, times: Data, joules: Data | None, expected: Mapping[Symbol, Free],
    drawn: Mapping[Symbol, Free],
) -> Identified:  # fmt: skip
    """Fit the laws of time and of energy at once; without joules that of time, with the joules expected of the work."""
    if joules is None:
        return fit_known(time, times.knowing({x: free.start for x, free in drawn.items()}), expected, TEAMS)
    return fit_known(either(time, energy), together(times, joules), {**expected, **drawn}, TEAMS)


@lru_cache(maxsize=256)
def common(out: Out = (), joules: str = "geometric mean", passes: str = "clock") -> Identified:
    """The law of all accelerators from Ampere on, without the runs that are held out."""
    times, energies = rows(modern(), "time", out), rows(modern(), "energy", out)
    assert times is not None
    return fitted(
        in_common(operator_law.limited, joules, passes), in_common(operator_law.energy, joules, passes), times,
        energies,
        TIME, ENERGY,
    )  # fmt: skip


def laws(out: Out = (), joules: str = "geometric mean", passes: str = "clock") -> dict[str, Law]:
    """The laws of time and energy in common, by target."""
    values = {**{x: free.start for x, free in ENERGY.items()}, **common(out, joules, passes).values}
    return {
        "time": Law(in_common(operator_law.limited, joules, passes), values),
        "energy": Law(in_common(operator_law.energy, joules, passes), values),
    }


def off(law: Law, gpus: tuple[str, ...], target: str, out: Out = ()) -> dict[str, Any]:
    """ln(predicted / measured) of each model's runs on some accelerators."""
    found: dict[str, list[float]] = {}
    for gpu in gpus:
        for run in runs_on(gpu):
            if target in run.measured and stays(gpu, run, out):
                predicted = float(law.equation({**run.values, **law.values}))
                found.setdefault(run.model, []).append(math.log(predicted / run.measured[target]))
    return {model: np.array(logs) for model, logs in found.items()}


@dataclass(frozen=True)
class Pool:
    """How far a law is off on accelerators whose chip it has not seen: by accelerator, ln(predicted / measured) of each
    model's runs; and the same of the law itself.
    """

    held_out: Mapping[str, Mapping[str, Any]]
    fitted: Mapping[str, Mapping[str, Any]]

    @property
    def mape(self) -> dict[str, float]:
        """Mean absolute error on each accelerator held out, per cent, each model counted once."""
        return {name: percent(logs) for name, logs in self.held_out.items()}

    @property
    def errors(self) -> dict[str, float]:
        """Mean of ln(predicted / measured) on each accelerator held out, each model counted once."""
        return {name: float(np.mean([x.mean() for x in logs.values()])) for name, logs in self.held_out.items()}

    @property
    def in_fit(self) -> float:
        """Mean absolute error of the law itself, per cent, each accelerator counted once."""
        return float(np.mean([percent(logs) for logs in self.fitted.values()]))

    @property
    def scatter(self) -> float:
        """Root mean square of ln(predicted / measured), accelerators held out, each counted once."""
        squares = [np.mean([np.mean(x**2) for x in logs.values()]) for logs in self.held_out.values()]
        return float(np.sqrt(np.mean(squares)))


def percent(logs: Mapping[str, Any]) -> float:
    """Mean absolute error, per cent, each model counted once."""
    return float(100 * np.mean([np.mean(np.abs(np.expm1(x))) for x in logs.values()]))


def accelerators(target: str, out: Out = ()) -> tuple[str, ...]:
    """The accelerators from Ampere on with such runs; both sizes of the A100 count as one."""
    names = dict.fromkeys(ONE.get(gpu, gpu) for gpu in modern())
    return tuple(name for name in names if rows(members(name), target, out) is not None)


@lru_cache(maxsize=64)
def pool(target: str, joules: str = "geometric mean", passes: str = "clock", out: Out = ()) -> Pool:
    """Time or energy on accelerators never seen, by one of the `JOULES` and one of the `BYTES`; without those held out
    altogether.
    """
    held, fitted = {}, {}
    for name in accelerators(target, out):
        without = laws((*out, ("chip", CHIPS[name])), joules, passes)[target]
        held[name] = off(without, members(name), target, out)
        fitted[name] = off(laws(out, joules, passes)[target], members(name), target, out)
    return Pool(held, fitted)


CHOICES = (
    *((joules, "clock") for joules in JOULES), *(("geometric mean", passes) for passes in BYTES if passes != "clock"),
)  # fmt: skip
"""The rules that are compared: each for joules with the shipped one for passes, and the other way round."""


@lru_cache(maxsize=2)
def nested(target: str = "time") -> dict[str, tuple[tuple[str, str], float]]:
    """For each accelerator: the rules that err least on chips held out among the other chips, and their error on it."""
    found = {}
    for name in accelerators(target):
        out: Out = (("chip", CHIPS[name]),)
        best = min(CHOICES, key=lambda x: np.mean(list(pool("time", *x, out).mape.values())))
        law = laws(out, *best)[target]
        found[name] = best, percent(off(law, members(name), target))
    return found


def within(law: Law, gpus: tuple[str, ...], target: str) -> float | None:
    """The scatter of runs of one model on one accelerator about their own mean: the error that they do not share."""
    return within_scatter({f"{gpu} {x}": logs for gpu in gpus for x, logs in off(law, (gpu,), target).items()})


def chips(target: str = "time") -> tuple[str, ...]:
    """The chips from Ampere on with such runs."""
    return tuple(dict.fromkeys(CHIPS[name] for name in accelerators(target)))


def jackknife() -> tuple[tuple[Symbol, ...], Any]:
    """The constants that are shipped as uncertain, and their covariance by leaving each chip out."""
    symbols = (e_dense, r_attn, rho, eps_0, eps_byte)
    found = np.array([[common((("chip", chip),)).values[x] for x in symbols] for chip in chips()])
    number, apart = len(found), found - found.mean(axis=0)
    return symbols, (number - 1) / number * apart.T @ apart


@lru_cache(maxsize=1)
def rated_power_for_the_time() -> dict[str, float]:
    """The rival of the law of energy: a part of rated power for the time expected. In per cent, chips held out."""
    found = {}
    for name in accelerators("energy"):
        out: Out = (("chip", CHIPS[name]),)
        law = laws(out)["time"]
        drawn = Law(Equation("energy", operator_law.energy.lhs, TDP * law.equation.rhs / JOULE_PER_KWH), law.values)
        seen = [x for other in accelerators("energy", out) for x in off(drawn, members(other), "energy", out).values()]
        part = float(np.exp(-np.mean([x.mean() for x in seen])))
        logs = off(drawn, members(name), "energy")
        found[name] = percent({model: x + math.log(part) for model, x in logs.items()})
    return found
