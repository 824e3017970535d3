"""The error of a fit on rows that it has not seen: each group is held out in turn; and how rows scatter in a group."""

from collections.abc import Mapping

import numpy as np
from sympy import Symbol

from ..equations.equation import Equation
from ..numerics.blocks import FloatArray
from .data import Data
from .fitting import BGR, Fit, Free, fit

EXACT = 1e-9
"""Rows that agree with a law better than this, in logarithms, are computed and not measured."""


def leave_one_group_out(
    equation: Equation, data: Data, parameters: Mapping[Symbol, Free] = BGR, loss: str = "absolute"
) -> dict[str, tuple[Fit, Data]]:
    """For each group: the fit to all other groups, and the group's own rows. Empty if there is only one group."""
    names = list(dict.fromkeys(data.groups))
    if len(names) == 1:
        return {}
    groups = np.array(data.groups)
    return {
        name: (fit(equation, data.where(groups != name), parameters, loss), data.where(groups == name))
        for name in names
    }


def log_scatter(held_out: Mapping[str, tuple[Fit, Data]], *, each_once: bool = False) -> float:
    """Root mean square of ln(measured / predicted) over all rows held out; with ``each_once``, every group counts once.

    This is the scatter to expect of a prediction.
    """
    logs = [np.log(rows.observed / trained.predict(rows)) for trained, rows in held_out.values()]
    squares = [np.array([np.mean(x**2)]) if each_once else x**2 for x in logs]
    return float(np.sqrt(np.mean(np.concatenate(squares))))


def within_scatter(logs: Mapping[str, FloatArray]) -> float | None:
    """Standard deviation of ln(measured / predicted) about the mean of its group, pooled over the groups.

    It is the error that two requests of one group do not share; None if no group has two rows.

    >>> within_scatter({"a": np.array([0.1, -0.1]), "b": np.array([0.3])})
    0.1414...
    """
    groups = [np.asarray(x, dtype=np.float64) for x in logs.values()]
    freedom = sum(len(x) - 1 for x in groups)
    return float(np.sqrt(sum(np.sum((x - x.mean()) ** 2) for x in groups) / freedom)) if freedom else None


def residual_logs(fitted: Fit) -> dict[str, FloatArray]:
    """ln(measured / predicted) of the fitted rows, by group."""
    logs, groups = np.log(fitted.data.observed / fitted.predict()), np.array(fitted.data.groups)
    return {name: logs[groups == name] for name in dict.fromkeys(fitted.data.groups)}
