"""Inverse questions: which value of one input makes an output meet a budget, or two requests cost the same?

The output is written as an exact expression in the one unknown, all else put in as numbers. Where that is a
polynomial of first or second degree, the answer is a closed form; elsewhere the root is bracketed and found on the
exact function. Integers and patch multiples are rounded to what is valid and still within the budget.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sympy import Expr, Poly, Symbol, lambdify, sqrt, together

from . import pipeline
from .equation import exact
from .notation import (
    NOTATION,
    PUE,
    TDP,
    B,
    C_chip,
    H,
    I_grid,
    InputError,
    N,
    S,
    Theta_peak,
    W,
    g,
    m,
    n_frames,
    n_latent,
    nearest,
    p,
    v_s,
    v_t,
)  # fmt: skip
from .operating import OperatingPoint
from .sensitivity import NOUNS

UNKNOWNS: Mapping[str, Symbol] = MappingProxyType({
    "resolution": H, "frames": n_frames, "steps": S, "batch": B, "text_tokens": m, "guidance": g, "blocks": N,
    "grid": I_grid, "pue": PUE, "tdp_watt": TDP, "peak_flop_per_second": Theta_peak, "embodied_gco2eq": C_chip,
})  # fmt: skip
"""What can be solved for. ``resolution`` is the side of a square output."""

ROUNDING = 1e-12
"""A budget met up to this is met: an output computed in float64 and given back as a budget may differ in its last
digits.
"""

INCREASING, DECREASING = "rises", "falls"


@dataclass(frozen=True)
class Solution:
    """An answer: the exact value, the valid one nearest inside the budget, and how much of the budget it leaves."""

    unknown: str
    output: str
    budget: float
    exact: float
    value: float
    reached: float
    slack: float
    direction: str
    method: str
    question: str


def unknown_symbol(name: str) -> Symbol:
    """Return the symbol of an unknown by name; raises `InputError` with those there are."""
    if name not in UNKNOWNS:
        raise InputError(f"cannot solve for {name!r}{nearest(name, UNKNOWNS)}")
    return UNKNOWNS[name]


def as_function(point: OperatingPoint, unknown: str, output: Symbol) -> tuple[Symbol, Expr]:
    """Return the output as an exact expression in the unknown alone."""
    x = unknown_symbol(unknown)
    tied: dict[Symbol, Expr] = {}
    if unknown == "resolution":
        tied = {W: H}
    elif unknown == "frames":
        if not point.model.is_video:
            raise InputError(f"cannot solve for frames: {point.model.id} is an image model")
        tied = {n_latent: 1 + (n_frames - 1) / exact(point.values[v_t])}
    numbers = {
        y: exact(value) for y, value in point.values.items() if y != x and y not in tied and not math.isnan(value)
    }
    expression = pipeline.closed_form(output, point.route).rhs.xreplace(tied).xreplace(numbers)
    left = expression.free_symbols - {x}
    if left:
        names = ", ".join(NOTATION[y].meaning for y in sorted(left, key=lambda y: y.name))
        raise InputError(f"{NOTATION[output].field} is unknown here: no value for {names}")
    if x not in expression.free_symbols:
        raise InputError(f"{_noun(output)} does not depend on {unknown}")
    return x, expression


def within(point: OperatingPoint, unknown: str, output: Symbol, budget: float) -> Solution:
    """Return the extreme value of the unknown at which ``output`` still meets the budget.

    That is the largest value where the output rises with the unknown, the smallest where it falls. Raises
    `InputError`, with the reason, where no valid value meets the budget or every one does.
    """
    if not math.isfinite(budget) or budget <= 0:
        raise InputError(f"budget = {budget:g} is not a positive number")
    x, expression = as_function(point, unknown, output)
    function = lambdify(x, expression, "math")
    low, high = _bounds(point, unknown)
    at_low, at_high = float(function(low)), float(function(high))
    rising = at_high > at_low
    cheapest, dearest = (low, high) if rising else (high, low)
    noun = _noun(output)
    if float(function(cheapest)) > budget * (1 + ROUNDING):
        raise InputError(
            f"no solution: even {unknown} = {cheapest:g} takes {float(function(cheapest)):.4g} of {noun}, "
            f"above the budget of {budget:.4g}"
        )
    if float(function(dearest)) <= budget:
        raise InputError(
            f"no limit: up to {unknown} = {dearest:g} {noun} stays within the budget of {budget:.4g} "
            f"(it is {float(function(dearest)):.4g} there)"
        )
    root, method = _root(x, expression - exact(budget), low, high)
    value = _valid(point, unknown, root, rising=rising, low=low, high=high)
    reached = float(function(value))
    direction = INCREASING if rising else DECREASING
    question = f"{'largest' if rising else 'smallest'} {unknown} at which {noun} is at most {budget:.4g}"
    return Solution(
        unknown, NOTATION[output].field, budget, root, value, reached, budget - reached, direction, method, question
    )


def break_even(one: OperatingPoint, other: OperatingPoint, unknown: str, output: Symbol, *, both: bool) -> Solution:
    """Return the value of the unknown at which two requests cost the same.

    With ``both`` the unknown is the same in the two; otherwise it is moved in the first alone, and the other stays
    as it is. The valid value returned is the last at which the first costs no more; ``budget`` is what the other
    costs there.
    """
    x, expression = as_function(one, unknown, output)
    if both:
        _, rival = as_function(other, unknown, output)
    else:
        rival = exact(float(pipeline.evaluate(other.values, (output,), other.route)[output]))
    low, high = _bounds(one, unknown)
    difference = expression - rival
    function = lambdify(x, difference, "math")
    at_low, at_high = float(function(low)), float(function(high))
    if at_low * at_high > 0:
        cheaper = "first" if at_high < 0 else "second"
        raise InputError(
            f"no break-even: the {cheaper} has less {_noun(output)} at {unknown} = {low:g} and at {high:g} alike"
        )
    root, method = _root(x, difference, low, high)
    rising = at_high > at_low
    value = _valid(one, unknown, root, rising=rising, low=low, high=high)
    reached = float(expression.xreplace({x: exact(value)}))
    costs = float(rival.xreplace({x: exact(value)}))
    direction = INCREASING if rising else DECREASING
    end = "largest" if rising else "smallest"
    question = f"{end} {unknown} at which it has no more {_noun(output)} than the other"
    return Solution(
        unknown, NOTATION[output].field, costs, root, value, reached, costs - reached, direction, method, question
    )


def _noun(output: Symbol) -> str:
    name = next(key for key, symbol in pipeline.NAMES.items() if symbol == output)
    return NOUNS[name]


def _bounds(point: OperatingPoint, unknown: str) -> tuple[float, float]:
    """The valid range of the unknown, its lower end the smallest request that can be made."""
    entry = NOTATION[UNKNOWNS[unknown]]
    if unknown == "resolution":
        unit = _unit(point)
        return float(unit), float(entry.high // unit * unit)
    return max(entry.low, 0.0), entry.high


def _unit(point: OperatingPoint) -> int:
    return int(point.values[v_s] * point.values[p])


def _root(x: Symbol, expression: Expr, low: float, high: float) -> tuple[float, str]:
    """The root inside the bounds: in closed form up to second degree, else bracketed."""
    numerator = together(expression).as_numer_denom()[0]
    if numerator.is_polynomial(x):
        polynomial = Poly(numerator, x)
        if polynomial.degree() <= 2:
            for candidate in _closed(polynomial):
                value = float(candidate)
                if low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
                    return min(max(value, low), high), "closed form"
    from scipy.optimize import brentq

    function = lambdify(x, expression, "math")
    if function(low) * function(high) > 0:  # a root at an end, lost to rounding
        return min((low, high), key=lambda end: abs(function(end))), "at the end of the range"
    return float(brentq(function, low, high, xtol=1e-12 * high, rtol=1e-14, maxiter=500)), "bracketed root"


def _closed(polynomial: Poly) -> list[Expr]:
    """Real roots of a polynomial of first or second degree."""
    if polynomial.degree() == 1:
        a1, a0 = polynomial.all_coeffs()
        return [-a0 / a1]
    a2, a1, a0 = polynomial.all_coeffs()
    inside = a1**2 - 4 * a2 * a0
    return [] if inside < 0 else [(-a1 + sign * sqrt(inside)) / (2 * a2) for sign in (1, -1)]


def _valid(point: OperatingPoint, unknown: str, root: float, *, rising: bool, low: float, high: float) -> float:
    """Round to the nearest valid value on the affordable side of the root."""
    if not NOTATION[UNKNOWNS[unknown]].integer:
        return root
    step = _unit(point) if unknown == "resolution" else 1
    # A root that is a whole number up to rounding error is that number.
    steps = round(root / step, 9)
    value = step * float(math.floor(steps) if rising else math.ceil(steps))
    if unknown == "frames":
        # The VAE maps 1, 1 + v_t, 1 + 2 v_t ... frames exactly; what lies between would be rounded to them.
        factor = int(point.values[v_t])
        value = float((int(value) - 1) // factor * factor + 1)
    return min(max(value, low), high)
