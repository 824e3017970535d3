"""Fitting the operator law to runs: its parameters are freed as far as the rows show them, and held where they do not.

Residuals are of logarithms. Rows of one model share an error of its own, as planning has it (`planning.MODEL_SCATTER`
beside `planning.ROW_SCATTER`): the residuals are whitened, so that a model's mean counts little and the differences
within it much. Taken as independent, a few models' own errors would pass for what the rows show, and 90 % intervals
would hold the truth less than half the time. The scatter of a row is that of the residuals where they show more than
planning expects, so that rows which anything else disturbed do not pass for larger errors of the models.

A parameter that ends on a bound, or whose standard error exceeds its value, is held at a typical value if that fits the
rows as well, else at the bound. Both are said of it, and only what stays free has a covariance. The dense efficiency
has no typical value: it is free, or on its bound once all others have been tried.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from scipy.stats import f as f_distribution
from sympy import Symbol

from .equation import Equation
from .fitting import Data, Fit, Free, Identified, fit
from .held_out import leave_one_group_out
from .notation import NOTATION, InputError, e_dense, e_mem, e_VAE, eps_byte, eps_flop, r_attn, t_launch
from .planning import MODEL_SCATTER, ROW_SCATTER
from .roofline import TYPICAL

TIME: Mapping[Symbol, Free] = MappingProxyType({
    t_launch: Free(1e-5, 0.0, 1e-2, scale=True),
    e_dense: Free(0.5, 1e-3, 1.5),
    r_attn: Free(1.0, 0.05, 5.0),
    e_mem: Free(0.2, 1e-3, 1.5),
})  # fmt: skip
"""Start and bounds of the law of time; no more than a calibration file may hold."""
DECODER: Mapping[Symbol, Free] = MappingProxyType({e_VAE: Free(0.2, 1e-3, 1.5)})
ENERGY: Mapping[Symbol, Free] = MappingProxyType({eps_flop: Free(1e-12, 0.0, 1e-8), eps_byte: Free(1e-9, 0.0, 1e-5)})

LEVEL = 0.9
SHARED = MODEL_SCATTER / ROW_SCATTER
"""The error that rows of one model share, over that of a row, as planning has them."""
CLOSE = 0.3
"""A ratio of scatters that changes by less needs no second look: it is known no better."""
STARTS: Mapping[Symbol, tuple[float, ...]] = MappingProxyType({t_launch: (1e-5, 1e-3), e_mem: (0.2, 0.9)})
"""Where the search begins, too: short passes and long ones, slow bytes and fast ones, have minima of their own."""


def fit_shown(
    equation: Equation, data: Data, parameters: Mapping[Symbol, Free], typical: Mapping[Symbol, float] = TYPICAL
) -> Identified:
    """Fit the law, holding what the rows do not show, at a typical value if that fits as well.

    Raises `InputError` where they do not even show the one parameter that has no typical value.
    """
    held: dict[Symbol, float] = {}
    reasons: dict[Symbol, str] = {}
    for x in reversed(list(typical)):
        if x in parameters and len(data) <= len(parameters) - len(held):
            held[x], reasons[x] = typical[x], f"too few rows to show it; held at {typical[x]:g}"
    data = _at_scatter(equation.at(held), data, _others(parameters, held))
    full = shipped = _best(equation.at(held), data, _others(parameters, held))
    while (found := _not_shown(shipped, equation, parameters, held, typical)) is not None:
        x, held[x], reasons[x] = found
        shipped = _best(equation.at(held), data, _others(parameters, held))
    if shipped.at_bound or not np.isfinite(shipped.covariance).all():
        names = " and ".join(NOTATION[x].field for x in shipped.at_bound or shipped.free)
        raise InputError(f"the rows do not determine {names}; are there more of them, and is the peak right?")
    return Identified(full, shipped, held, reasons, {})


def _at_scatter(equation: Equation, data: Data, parameters: Mapping[Symbol, Free]) -> Data:
    """The data with the models' own error over the scatter of a row that the residuals show, or planning's if less."""
    for _ in range(2 if data.shared else 0):
        found, before = _best(equation, data, parameters), data.shared
        row = float(np.sqrt(found.sum_of_squares / found.degrees_of_freedom))
        data = replace(data, shared=MODEL_SCATTER / max(row, ROW_SCATTER))
        if abs(data.shared / before - 1) < CLOSE:
            break
    return data


def _others(parameters: Mapping[Symbol, Free], held: Mapping[Symbol, float]) -> dict[Symbol, Free]:
    return {x: free for x, free in parameters.items() if x not in held}


def _best(equation: Equation, data: Data, parameters: Mapping[Symbol, Free]) -> Fit:
    """The best of the fits from several starts."""
    starts = [dict(parameters)]
    for x, values in STARTS.items():
        if x in parameters:
            starts = [
                {**start, x: Free(value, parameters[x].low, parameters[x].high, parameters[x].scale)}
                for start in starts
                for value in values
            ]
    return min((fit(equation, data, start, "log") for start in starts), key=lambda found: found.sum_of_squares)


def _not_shown(
    fitted: Fit,
    equation: Equation,
    parameters: Mapping[Symbol, Free],
    held: Mapping[Symbol, float],
    expected: Mapping[Symbol, float],
) -> tuple[Symbol, float, str] | None:
    """A parameter to hold, at what and why: the one that the rows show least, as long as there is one.

    Suspect is what stands on a bound, or has a standard error above its value. If its typical value fits as well, by
    the likelihood's ratio, the rows do not show it; else it is held at the bound. A parameter without a typical value
    comes last: where it stands on a bound, what the others take up may have driven it there, and all are suspect.
    """
    errors = {x: np.inf if x in fitted.at_bound else _relative_error(fitted, x) for x in fitted.free}
    driven = any(x not in expected for x in fitted.at_bound)
    suspects = [x for x, error in errors.items() if error > 1 or driven]
    order = sorted(suspects, key=lambda x: (x not in expected, -errors[x]))
    for x in order if len(fitted.free) > 1 else ():
        if x not in expected:
            if x in fitted.at_bound:
                bound = _nearest(parameters[x], fitted.values[x])
                return x, bound, f"it stands on its bound, {bound:g}; is the peak right?"
            continue
        typical = {**held, x: expected[x]}
        without = _best(equation.at(typical), fitted.data, _others(parameters, typical))
        freedom = fitted.degrees_of_freedom
        excess = (without.sum_of_squares / max(fitted.sum_of_squares, 1e-30) - 1) * freedom
        if excess < float(f_distribution.ppf(LEVEL, 1, freedom)):
            return x, expected[x], f"not shown by these rows; held at {expected[x]:g}"
        if x in fitted.at_bound:
            bound = _nearest(parameters[x], fitted.values[x])
            return x, bound, f"it stands on its bound, {bound:g}"
    return None


def _nearest(bounds: Free, value: float) -> float:
    return bounds.low if value - bounds.low < bounds.high - value else bounds.high


def _relative_error(fitted: Fit, x: Symbol) -> float:
    error, value = fitted.standard_errors[x], abs(fitted.values[x])
    return error / value if np.isfinite(error) and value > 0 else np.inf


def held_out_by_model(fitted: Identified, parameters: Mapping[Symbol, Free]) -> dict[str, tuple[Fit, Data]]:
    """Each model held out of the fit that ships; empty with one model, or too few rows of the others."""
    shipped = fitted.shipped
    start = {x: Free(_inside(shipped.values[x], parameters[x]), parameters[x].low, parameters[x].high)
             for x in shipped.free}  # fmt: skip
    try:
        return leave_one_group_out(shipped.equation, shipped.data, start, "log")
    except InputError:
        return {}


def _inside(value: float, bounds: Free) -> float:
    return min(max(value, bounds.low + 1e-3 * bounds.start), bounds.high * 0.999)
