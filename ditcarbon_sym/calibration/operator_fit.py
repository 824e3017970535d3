r"""Fit the operator law to runs of one accelerator, starting from what is known of accelerators beforehand.

Residuals are of logarithms. The rows of one model share an error: ``ln measured = ln law + model + row``. Both errors
are normal, so the mean of a model counts little, and the differences within it count much. The residuals show how large
the errors are; where there are few, `planning.MODEL_SCATTER` and `planning.ROW_SCATTER` count beside them. If the rows
were taken as independent, the errors of a few models would look like an effect of the parameters.

Each parameter has an expected value and a spread about it (`planning.SPREAD`), which count as one more row. The fit is
then the mode of the posterior, and no parameter needs to be held: where the rows do not show one, it stays as expected,
and as uncertain as before. If the rows chose which parameters to free, the intervals would be too narrow.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.stats import t as t_distribution
from sympy import Symbol

from ..equations.equation import Equation
from ..equations.notation import NOTATION, e_dense, e_mem, e_VAE, eps_byte, eps_flop, r_attn, t_launch
from ..equations.operator_law import ASSUMED
from ..errors import InputError
from ..numerics.blocks import FloatArray
from . import planning
from .confidence import LEVEL, Knowledge
from .data import JOULES_OF, Data
from .fitting import Fit, Free, Identified, fit, squares_with


def _about(symbol: Symbol, expected: float, low: float, high: float) -> Free:
    return Free(expected, low, high, spread=planning.SPREAD[symbol])


_EXPECTED = planning.time_law().expected
TIME: Mapping[Symbol, Free] = MappingProxyType({
    t_launch: _about(t_launch, _EXPECTED[t_launch], 1e-9, 1e-2),
    e_dense: _about(e_dense, _EXPECTED[e_dense], 1e-3, 1.5),
    r_attn: _about(r_attn, _EXPECTED[r_attn], 0.05, 5.0),
    e_mem: _about(e_mem, _EXPECTED[e_mem], 1e-3, 1.5),
})  # fmt: skip
"""The law of time: what is expected of an accelerator, with bounds that also hold for a calibration file."""
DECODER: Mapping[Symbol, Free] = MappingProxyType({e_VAE: _about(e_VAE, ASSUMED[e_VAE], 1e-3, 1.5)})
ENERGY: Mapping[Symbol, Free] = MappingProxyType({
    eps_flop: _about(eps_flop, 1e-12, 1e-15, 1e-8), eps_byte: _about(eps_byte, 1e-9, 1e-12, 1e-5),
})  # fmt: skip

STARTS: Mapping[Symbol, tuple[float, ...]] = MappingProxyType({t_launch: (1e-5, 1e-3), e_mem: (0.2, 0.9)})
"""Where the search begins. Short and long passes, slow and fast bytes can each have a minimum of their own."""
FREEDOM_MODEL, FREEDOM_ROW = 4.0, 1.0
"""The expected scatter counts as much as so many measured models, and so many rows."""
SETTLED = 0.02
"""The scatter is settled when another fit changes it by less than this."""
WIDE = 10.0
"""A parameter is weakly identified if the ends of its interval have a larger ratio."""
BARELY = 0.7
"""Rows tell little if they leave more than this part of the expected spread (about half of its square)."""
TRADED, WIDE_TOGETHER = 3.0, 2.0
"""The rows trade a parameter for another one if its standard error is so many times what it would be with all others
given. It is then weakly identified if the rows tell little of it, or if the ends of its interval have a larger ratio
than the second number."""
BEYOND = 1.0
"""The law does not describe rows that scatter by more than a factor of e about it."""


def expecting(parameters: Mapping[Symbol, Free], expected: Mapping[Symbol, float]) -> dict[Symbol, Free]:
    """The same parameters with other expected values."""
    return {x: replace(free, start=expected.get(x, free.start)) for x, free in parameters.items()}


def fit_known(
    equation: Equation, data: Data, parameters: Mapping[Symbol, Free], least: float = 0.0
) -> Identified:  # fmt: skip
    """The most probable values of the parameters, and of the scatter of models and rows; that of models is at ``least``
    so large.

    A parameter that ends on a bound is held there, and ``reasons`` says so. Raises `InputError` if the rows cannot be
    of this accelerator: no values come near them, or the decoder's efficiency or the joules of products end on a bound.
    """
    data = replace(data, scatter=planning.ROW_SCATTER, shared=planning.MODEL_SCATTER / planning.ROW_SCATTER)
    found = _best(equation, data, parameters)
    for _ in range(10):
        before = data
        row, model = scatter(_logs(found), data.groups)
        model = max(model, least)
        data = replace(data, scatter=row, shared=model / row)
        found = fit(equation, data, parameters, "log", _within(found))
        if abs(np.log(row / (before.scatter or row))) + abs(np.log(data.shared / before.shared)) < SETTLED:
            break
    if np.hypot(row, model) > BEYOND:
        off = float(np.exp(np.abs(_logs(found)).max()))
        raise InputError(
            f"rows are off by a factor of {off:.2g} whatever the parameters; are they of this accelerator?"
        )
    held: dict[Symbol, float] = {}
    full = shipped = _best(equation, data, parameters)
    while shipped.at_bound:
        x = shipped.at_bound[0]
        bound = parameters[x].nearest_bound(shipped.values[x])
        if x in (e_VAE, eps_flop):
            raise InputError(f"{NOTATION[x].field} stands on its bound, {bound:g}; are the rows of this accelerator?")
        held[x] = bound
        shipped = _best(equation.at(held), data, {y: free for y, free in parameters.items() if y not in held})
    asked = {e_dense: "; is the peak right?"}
    reasons = {x: f"it stands on its bound, {bound:g}{asked.get(x, '')}" for x, bound in held.items()}
    return Identified(full, shipped, held, reasons, {})


def traded(fitted: Fit) -> dict[Symbol, Symbol]:
    """For each constant that the rows hardly tell apart from another one: that other one."""
    errors = np.sqrt(np.diag(fitted.covariance))
    correlation = np.abs(fitted.covariance / np.outer(errors, errors)) - 2 * np.eye(len(errors))
    given_others = 1 / np.sqrt(np.diag(np.linalg.inv(fitted.covariance)))
    return {
        x: fitted.free[int(np.argmax(correlation[k]))]
        for k, x in enumerate(fitted.free) if errors[k] > TRADED * given_others[k]
    }  # fmt: skip


def known(fitted: Identified, x: Symbol, expected: Mapping[Symbol, Free]) -> Knowledge:
    """What is known of a parameter: its standard error and its profile, or why it is held and what bounds it."""
    shipped = fitted.shipped
    degrees = FREEDOM_MODEL + len(shipped.data.models)
    if x in fitted.held:
        quantile = float(t_distribution.ppf(LEVEL, degrees))
        low, high = interval(fitted.full, x, expected, quantile)
        end = (low, None) if fitted.held[x] >= expected[x].high else (None, high)
        told = f"at least {low:.3g}" if end[1] is None else f"at most {high:.3g}"
        return Knowledge(x, fitted.held[x], None, None, end, None, f"not identified: {fitted.reasons[x]} ({told})")
    value, error = shipped.values[x], shipped.standard_errors[x]
    low, high = interval(shipped, x, expected, float(t_distribution.ppf((1 + LEVEL) / 2, degrees)))
    said, other = "identified", traded(shipped).get(x)
    barely = error / value > BARELY * expected[x].spread
    if other is not None and (barely or high / low > WIDE_TOGETHER):
        said = f"weakly identified: the rows show it mostly together with {NOTATION[other].field}"
    elif barely:
        said = (
            f"barely shown by these rows: mostly what is expected, within a factor of {np.exp(expected[x].spread):.2g}"
        )
    elif high / low > WIDE:
        said = f"weakly identified: the 90 % interval spans a factor of {high / low:.2g}"
    return Knowledge(x, value, error, None, (low, high), None, said)


def interval(fitted: Fit, x: Symbol, parameters: Mapping[Symbol, Free], quantile: float) -> tuple[float, float]:
    """Where the posterior's profile has fallen as far as a normal one falls ``quantile`` standard errors from its mode.

    The ends lie within the bounds. Rows may bound a parameter only from above, as launches that are too short to be
    seen. No standard error then tells how small it may be.
    """

    def excess(log_value: float) -> float:
        return distance(fitted, x, float(np.exp(log_value)), parameters) - quantile**2

    mode, bounds = np.log(fitted.values[x]), np.log([parameters[x].low, parameters[x].high])
    low, high = (bound if excess(bound) <= 0 else brentq(excess, bound, mode, xtol=1e-3) for bound in bounds)
    return float(np.exp(low)), float(np.exp(high))


def distance(fitted: Fit, x: Symbol, value: float, parameters: Mapping[Symbol, Free]) -> float:
    """How much the least sum of squares rises if x is held at ``value``: its squared distance, in standard errors."""
    off = np.log(value / parameters[x].start) / parameters[x].spread
    return float(squares_with(fitted, x, value, parameters) + off**2 - fitted.sum_of_squares)


def scatter(logs: FloatArray, groups: tuple[str, ...]) -> tuple[float, float]:
    """The most probable scatter of a row about its model, and of models, given residuals in logarithms.

    In a group of n rows, the n - 1 differences have the variance ``row^2``, and the mean has ``model^2 + row^2 / n``.
    The expected scatter counts as `FREEDOM_ROW` more rows and `FREEDOM_MODEL` more models.

    >>> logs = np.array([0.21, 0.19, -0.19, -0.21, 0.01, -0.01])
    >>> [round(x, 3) for x in scatter(logs, ("a", "a", "b", "b", "c", "c"))]
    [0.019, 0.14]
    """
    names = np.array(groups)
    of = [logs[names == name] for name in dict.fromkeys(groups)]
    number, mean = np.array([len(x) for x in of]), np.array([x.mean() for x in of])
    within = float(sum(np.sum((x - x.mean()) ** 2) for x in of))

    def surprise(log_squares: FloatArray) -> float:
        row, model = np.exp(log_squares)
        means = model + row / number
        return float(
            (number.sum() - len(of)) * np.log(row) + within / row + np.sum(np.log(means) + mean**2 / means)
            + FREEDOM_ROW * (np.log(row) + planning.ROW_SCATTER**2 / row)
            + FREEDOM_MODEL * (np.log(model) + planning.MODEL_SCATTER**2 / model)
        )  # fmt: skip

    start = 2 * np.log([planning.ROW_SCATTER, planning.MODEL_SCATTER])
    row, model = np.exp(minimize(surprise, start, method="Nelder-Mead").x / 2)
    return float(row), float(model)


def _logs(fitted: Fit) -> FloatArray:
    found: FloatArray = np.log(fitted.data.observed / fitted.predict())
    return found


def _within(found: Fit) -> dict[Symbol, float]:
    """Where to begin again: a search that begins on a bound stays there."""
    return {x: value for x, value in found.values.items() if x not in found.at_bound}


def _best(equation: Equation, data: Data, parameters: Mapping[Symbol, Free]) -> Fit:
    """The best of the fits from several starts."""
    begins: list[dict[Symbol, float]] = [{}]
    for x, values in STARTS.items():
        if x in parameters:
            free = parameters[x]
            inside = dict.fromkeys(value if free.low < value < free.high else free.start for value in values)
            begins = [{**begin, x: value} for begin in begins for value in inside]
    return min((fit(equation, data, parameters, "log", begin) for begin in begins), key=lambda x: x.sum_of_squares)


def held_out_by_model(fitted: Identified, parameters: Mapping[Symbol, Free]) -> dict[str, tuple[Fit, Data]]:
    """The fit that ships without each model, and that model's rows; empty if there is only one model."""
    shipped = fitted.shipped
    return fitted_without_each(shipped.equation, shipped.data, {x: parameters[x] for x in shipped.free})


def fitted_without_each(
    equation: Equation, data: Data, parameters: Mapping[Symbol, Free]
) -> dict[str, tuple[Fit, Data]]:
    """For each group: the fit to all others, from every start and with their own scatter, and the group's own rows.

    A fit that started at the fit to all rows could stay in a mode that the rows held out have chosen.
    """
    names = data.models
    its = {name: np.isin(data.groups, [name, f"{JOULES_OF}{name}"]) for name in names}
    return {
        name: (fit_known(equation, data.where(~its[name]), parameters).shipped, data.where(its[name]))
        for name in (names if len(names) > 1 else ())
    }
