"""Accelerators with few runs: they borrow a law, and one factor is fitted to their runs.

Before compute capability 8.0 (no bfloat16, no fused attention) they borrow the V100's law. We drew this line after we
had seen that the V100's corpus obeys other constants. The A100 borrows the law that the other chips have in common; its
factor comes from three models, and its energy from a single one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.fitting import Fit, fit
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation, exact
from ditcarbon_sym.equations.notation import e_dense, rho

from .chips import CHIPS, FIRST_MODERN, ONE, capability, each, earlier, modern, pooled, runs_on
from .operator_law import FIXED_V100, v100_fit
from .runs import V100, v100_runs
from .transfer import DRAWN, Law, Pool, energies, energy_law, factor, law_of, scaled, time_fit, times


def v100_law() -> Law:
    """The V100's law, times the factor by which another accelerator is slower."""
    printed = [run for run in v100_runs() if run.measured["printed"]]
    values = {**FIXED_V100, **v100_fit(printed).values}
    return Law(Equation("time", operator_law.runtime.lhs, factor * operator_law.runtime.rhs), values)


@lru_cache(maxsize=1)
def earlier_times() -> Pool:
    """Time before Ampere. The V100's own corpus takes no part in the factor, but its error counts: it widens the
    interval, which shows that the factor is not the same for all.
    """
    rows = each(earlier(), "time")
    others = {name: data for name, data in rows.items() if name != V100}
    chips = dict.fromkeys(CHIPS[name] for name in rows)
    without = {
        chip: scaled(v100_law(), [data for name, data in others.items() if CHIPS[name] != chip]) for chip in chips
    }  # fmt: skip
    return Pool(scaled(v100_law(), list(others.values())), without, rows)


def pool_of(gpu: str, target: str) -> Pool:
    """The pool that an accelerator's time or energy belongs to."""
    if target == "energy":
        return energies()
    return times() if capability(gpu) >= FIRST_MODERN else earlier_times()


@dataclass(frozen=True)
class Thin:
    """The A100, both sizes: its law of time, that law with each model held out, and its law of energy."""

    time: Law
    without: Mapping[str, Law]
    energy: Fit
    rows: Mapping[str, Data]

    @property
    def logs(self) -> dict[str, Any]:
        """ln(predicted / measured) of each model held out."""
        return {model: self.without[model].logs(data) for model, data in self.rows.items()}


@lru_cache(maxsize=1)
def a100() -> Thin:
    """The A100's calibration. A model that is held out is held out of the pool, too."""
    gpus = [gpu for gpu in modern() if gpu in ONE]
    rest = [gpu for gpu in modern() if gpu not in ONE]
    by_model = {
        name: Data(rows.inputs, rows.observed, rows.groups)
        for name in dict.fromkeys(run.model for gpu in gpus for run in runs_on(gpu))
        for rows in [_only(pooled(gpus, "time"), gpus, name)]
    }

    def law(model: str = "") -> Law:
        pool = law_of(time_fit("clock", pooled(rest, "time", model)))
        slower = Law(Equation("time", operator_law.runtime.lhs, factor * pool.equation.rhs), pool.values)
        return scaled(slower, [rows for name, rows in by_model.items() if name != model])

    time = law()
    own = {x: exact(time.values[x] / time.values[factor]) for x in (e_dense, rho)}
    return Thin(
        time, {name: law(name) for name in by_model},
        fit(energy_law(own[e_dense], own[rho]), pooled(gpus, "energy"), DRAWN, "log"), by_model,
    )  # fmt: skip


def _only(data: Data, gpus: Sequence[str], model: str) -> Data:
    """The rows of one model. ``gpus`` says the order in which ``data`` has the accelerators."""
    return data.where(run.model == model for gpu in gpus for run in runs_on(gpu) if "time" in run.measured)
