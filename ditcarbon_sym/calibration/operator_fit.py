r"""Fitting the operator law to runs of one accelerator, from what is known of accelerators before any is measured.

Residuals are of logarithms. Rows of one model share an error of its own: ``ln measured = ln law + model + row``, both
errors normal, so that a model's mean counts little and the differences within it much. How large they are is drawn from
the residuals, and from what planning expects (`planning.MODEL_SCATTER`, `planning.ROW_SCATTER`) where those are few.
Taken as independent, a few models' own errors would pass for what the rows show.

Each parameter has an expected value and a spread about it (`planning.SPREAD`), which count as one row more. So the fit
is the mode of the posterior, and nothing needs to be held: what the rows do not show stays as expected, and as
uncertain as it was before. Choosing from the rows which parameters to free would promise more than they know.
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
from ..numerics.evaluate import FloatArray
from . import planning
from .confidence import LEVEL, Knowledge
from .data import Data, whitening
from .fitting import Fit, Free, Identified, fit


def _about(symbol: Symbol, expected: float, low: float, high: float) -> Free:
    return Free(expected, low, high, spread=planning.SPREAD[symbol])


_EXPECTED = planning.time_law().expected
TIME: Mapping[Symbol, Free] = MappingProxyType({
    t_launch: _about(t_launch, _EXPECTED[t_launch], 1e-9, 1e-2),
    e_dense: _about(e_dense, _EXPECTED[e_dense], 1e-3, 1.5),
    r_attn: _about(r_attn, _EXPECTED[r_attn], 0.05, 5.0),
    e_mem: _about(e_mem, _EXPECTED[e_mem], 1e-3, 1.5),
})  # fmt: skip
"""The law of time: what is expected of an accelerator, and bounds no wider than a calibration file may hold."""
DECODER: Mapping[Symbol, Free] = MappingProxyType({e_VAE: _about(e_VAE, ASSUMED[e_VAE], 1e-3, 1.5)})
ENERGY: Mapping[Symbol, Free] = MappingProxyType({
    eps_flop: _about(eps_flop, 1e-12, 1e-15, 1e-8), eps_byte: _about(eps_byte, 1e-9, 1e-12, 1e-5),
})  # fmt: skip

STARTS: Mapping[Symbol, tuple[float, ...]] = MappingProxyType({t_launch: (1e-5, 1e-3), e_mem: (0.2, 0.9)})
"""Where the search begins: short passes and long ones, slow bytes and fast ones, have minima of their own."""
FREEDOM_MODEL, FREEDOM_ROW = 4.0, 1.0
"""How many models, and how many rows, the scatter that planning expects counts for beside those measured."""
SETTLED = 0.02
"""The scatter is known when another fit changes it by less."""
WIDE = 10.0
"""An interval whose ends have a larger ratio identifies a parameter weakly."""
BARELY = 0.7
"""Rows that leave more than this part of the spread that was expected, about half of its square, tell little."""
BEYOND = 1.0
"""Rows that scatter by a factor of e about the law are none that it describes."""


def expecting(parameters: Mapping[Symbol, Free], expected: Mapping[Symbol, float]) -> dict[Symbol, Free]:
    """The parameters about other expected values, with the same spread."""
    return {x: replace(free, start=expected.get(x, free.start)) for x, free in parameters.items()}


def fit_known(equation: Equation, data: Data, parameters: Mapping[Symbol, Free]) -> Identified:
    """The most probable values of the parameters, and of the scatter of models and rows.

    A parameter that ends on a bound is held there and said to be. Raises `InputError` where the decoder's efficiency or
    the joules of products do, or no values come near the rows: these are not of the accelerator then.
    """
    data = replace(data, scatter=planning.ROW_SCATTER, shared=planning.MODEL_SCATTER / planning.ROW_SCATTER)
    for _ in range(10):
        found, before = _best(equation, data, parameters), data
        row, model = scatter(_logs(found), data.groups)
        data = replace(data, scatter=row, shared=model / row)
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


def known(fitted: Identified, x: Symbol, expected: Mapping[Symbol, Free]) -> Knowledge:
    """What is known of a parameter: its standard error and its profile, or why it is held."""
    if x in fitted.held:
        said = f"not identified: {fitted.reasons[x]}"
        return Knowledge(x, fitted.held[x], None, None, (None, None), None, said)
    shipped = fitted.shipped
    value, error = shipped.values[x], shipped.standard_errors[x]
    quantile = float(t_distribution.ppf((1 + LEVEL) / 2, FREEDOM_MODEL + len(set(shipped.data.groups))))
    low, high = interval(shipped, x, expected, quantile)
    said = "identified"
    if error / value > BARELY * expected[x].spread:
        said = (
            f"barely shown by these rows: mostly what is expected, within a factor of {np.exp(expected[x].spread):.2g}"
        )
    elif high / low > WIDE:
        said = f"weakly identified: the 90 % interval spans a factor of {high / low:.2g}"
    return Knowledge(x, value, error, None, (low, high), None, said)


def interval(fitted: Fit, x: Symbol, parameters: Mapping[Symbol, Free], quantile: float) -> tuple[float, float]:
    """Where the profile of the posterior is ``quantile`` standard errors from its mode, were it normal; at most the
    bounds.

    What rows bound from above only, as launches too short to be seen, has a mode at the edge of what is possible, and
    no standard error tells how far down it may lie.
    """

    def excess(log_value: float) -> float:
        return distance(fitted, x, float(np.exp(log_value)), parameters) - quantile**2

    mode, bounds = np.log(fitted.values[x]), np.log([parameters[x].low, parameters[x].high])
    low, high = (bound if excess(bound) <= 0 else brentq(excess, bound, mode, xtol=1e-3) for bound in bounds)
    return float(np.exp(low)), float(np.exp(high))


def distance(fitted: Fit, x: Symbol, value: float, parameters: Mapping[Symbol, Free]) -> float:
    """How much the least sum of squares rises with x held at ``value``: its squared distance, in standard errors."""
    data, others = fitted.data, {y: parameters[y] for y in fitted.free if y != x}
    data = replace(data, inputs={**data.inputs, x: np.full(len(data), value)})
    if others:
        squares = fit(fitted.equation, data, others, "log", fitted.values).sum_of_squares
    else:
        logs = np.log(fitted.equation(data.inputs) / data.observed)
        squares = float(np.sum(whitening(data)(logs) ** 2))
    off = np.log(value / parameters[x].start) / parameters[x].spread
    return float(squares + off**2 - fitted.sum_of_squares)


def scatter(logs: FloatArray, groups: tuple[str, ...]) -> tuple[float, float]:
    """The most probable scatter of a row about its model, and of models, given residuals in logarithms.

    Of a group of n rows, the n - 1 differences within it have the variance ``row^2``, and its mean ``model^2 + row^2 /
    n``. What planning expects counts as `FREEDOM_ROW` rows and `FREEDOM_MODEL` models more.

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


def _best(equation: Equation, data: Data, parameters: Mapping[Symbol, Free]) -> Fit:
    """The best of the fits from several starts."""
    begins: list[dict[Symbol, float]] = [{}]
    for x, values in STARTS.items():
        if x in parameters:
            begins = [{**begin, x: value} for begin in begins for value in values]
    return min((fit(equation, data, parameters, "log", begin) for begin in begins), key=lambda x: x.sum_of_squares)


def held_out_by_model(fitted: Identified, parameters: Mapping[Symbol, Free]) -> dict[str, tuple[Fit, Data]]:
    """Each model held out of the fit that ships; empty with one model."""
    shipped = fitted.shipped
    return fitted_without_each(shipped.equation, shipped.data, {x: parameters[x] for x in shipped.free})


def fitted_without_each(
    equation: Equation, data: Data, parameters: Mapping[Symbol, Free]
) -> dict[str, tuple[Fit, Data]]:
    """For each group: the fit to all others, from every start and with the scatter that those show, and the group's own
    rows. A fit that only went on from that to all rows could stay in a mode which the rows held out had chosen.
    """
    groups = np.array(data.groups)
    names = list(dict.fromkeys(data.groups))
    return {
        name: (fit_known(equation, data.where(groups != name), parameters).shipped, data.where(groups == name))
        for name in (names if len(names) > 1 else ())
    }
