"""Accelerators before compute capability 8.0 (no bfloat16, no fused attention): they borrow the V100's law, and one
factor is fitted to their runs.

We drew this line after we had seen that the V100's corpus obeys other constants. The V100's own corpus takes no part in
the factor, but its error counts: it widens the interval, which shows that the factor is not the same for all.
"""

from functools import lru_cache

import numpy as np
from sympy import Symbol

from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation

from . import v100_law
from .chips import CHIPS, earlier, members
from .runs import V100, v100_runs
from .transfer import Law, Pool, off

factor = Symbol("factor", positive=True)
"""By how much everything takes longer than the borrowed law says."""


def slowed() -> Law:
    """The V100's law, times the factor by which another accelerator is slower."""
    printed = [run for run in v100_runs() if run.measured["printed"]]
    values = {**v100_law.FIXED, **v100_law.fitted(printed).values, factor: 1.0}
    return Law(Equation("time", operator_law.runtime.lhs, factor * operator_law.runtime.rhs), values)


def scaled(law: Law, gpus: tuple[str, ...]) -> Law:
    """The law with the factor that fits best: the geometric mean over accelerators, each model counted once."""
    means = [np.mean([logs.mean() for logs in off(law, members(gpu), "time").values()]) for gpu in gpus]
    return Law(law.equation, {**law.values, factor: float(np.exp(-np.mean(means)))})


def others(out: str = "") -> tuple[str, ...]:
    """The accelerators that the factor is fitted to, without those of one chip."""
    return tuple(gpu for gpu in earlier() if gpu != V100 and CHIPS[gpu] != out)


@lru_cache(maxsize=8)
def law(out: str = "") -> Law:
    """The law before Ampere, which has not seen one chip."""
    return scaled(slowed(), others(out))


@lru_cache(maxsize=1)
def earlier_times() -> Pool:
    """Time before Ampere."""
    return Pool(
        {gpu: off(law(CHIPS[gpu]), members(gpu), "time") for gpu in earlier()},
        {gpu: off(law(), members(gpu), "time") for gpu in earlier()},
    )
