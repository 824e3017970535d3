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

from ..equations import pipeline
from ..equations.equation import exact
from ..equations.notation import (
    NOTATION,
    PUE,
    TDP,
    B,
    C_chip,
    C_output,
    C_total,
    E,
    H,
    I_grid,
    N,
    S,
    Theta_peak,
    W,
    g,
    m,
    n_frames,
    n_latent,
    p,
    tau,
    v_s,
    v_t,
)
from ..errors import InputError, nearest
from ..estimation.point import OperatingPoint
from .sensitivity import NOUNS, refuse_if_calibrated

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


TOLD: Mapping[Symbol, tuple[float, str]] = MappingProxyType({
    C_output: (1.0, "gCO2eq per output"), C_total: (1.0, "gCO2eq per batch"), E: (1000.0, "Wh per batch"),
    tau: (1.0, "s per batch"),
})  # fmt: skip
"""How outputs are told: a factor on the equations' unit, and the unit. Others are told as they are."""


@dataclass(frozen=True)
class Solution:
    """An answer: the exact value, the valid one nearest inside the budget, and how much of the budget it leaves.

    ``budget``, ``reached`` and ``slack`` are in ``unit``. For a break-even the budget is what the other request
    costs at ``value``.
    """

    unknown: str
    output: str
    unit: str
    budget: float
    exact: float
    value: float
    reached: float
    slack: float
    direction: str
    method: str
    question: str
    reached_low: float | None = None
    reached_high: float | None = None


def unknown_symbol(name: str) -> Symbol:
    """Return the symbol of an unknown by name; raises `InputError` with those there are."""
    if name not in UNKNOWNS:
        raise InputError(f"cannot solve for {name!r}{nearest(name, UNKNOWNS)}")
    return UNKNOWNS[name]


def as_function(point: OperatingPoint, unknown: str, output: Symbol) -> tuple[Symbol, Expr]:
    """Return the output as an exact expression in the unknown alone."""
    x = unknown_symbol(unknown)
    refuse_if_calibrated(point, unknown, x)
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
    """Return the extreme value of the unknown at which ``output`` still meets the budget, given in the unit of `TOLD`.

    That is the largest value where the output rises with the unknown, the smallest where it falls. Raises
    `InputError`, with the reason, where no valid value meets the budget or every one does.
    """
    if not math.isfinite(budget) or budget <= 0:
        raise InputError(f"budget = {budget:g} is not a positive number")
    scale, unit = TOLD.get(output, (1.0, NOTATION[output].unit))
    x, expression = as_function(point, unknown, output)
    expression = exact(scale) * expression
    function = lambdify(x, expression, "math")
    low, high = _bounds(unknown, _unit(point))
    at_low, at_high = float(function(low)), float(function(high))
    rising = at_high > at_low
    noun, name = _noun(output), _name(unknown)
    if min(at_low, at_high) > budget * (1 + ROUNDING):
        cheapest = low if rising else high
        raise InputError(
            f"no solution: even {name} = {cheapest:g} takes {min(at_low, at_high):.4g} {unit}, "
            f"above the budget of {budget:.4g}"
        )
    if max(at_low, at_high) <= budget:
        dearest = high if rising else low
        raise InputError(
            f"no limit: any {name} from {low:g} to {high:g} meets the budget of {budget:.4g} {unit} "
            f"(the dearest, {dearest:g}, takes {max(at_low, at_high):.4g})"
        )
    root, method = _root(x, expression - exact(budget), low, high)
    value = _valid(unknown, root, rising=rising, low=low, high=high, steps=_steps(point))
    reached = float(function(value))
    end = "largest" if rising else "smallest"
    question = f"{end} {name} at which {noun} is at most {budget:.4g} {unit}"
    return Solution(
        unknown, NOTATION[output].field, unit, budget, root, value, reached, _clamped(budget - reached, budget),
        INCREASING if rising else DECREASING, method, question,
    )  # fmt: skip


def break_even(one: OperatingPoint, other: OperatingPoint, unknown: str, output: Symbol, *, both: bool) -> Solution:
    """Return the value of the unknown at which two requests cost the same.

    With ``both`` the unknown is the same in the two; otherwise it is moved in the first alone, and the other stays
    as it is. The valid value returned is the last at which the first costs no more. Raises `InputError` where the
    two never cross, and, naming the crossings, where they do so more than once.
    """
    scale, unit = TOLD.get(output, (1.0, NOTATION[output].unit))
    x, expression = as_function(one, unknown, output)
    steps = _steps(one)
    if both:
        _, rival = as_function(other, unknown, output)
        steps = {name: math.lcm(step, _steps(other)[name]) for name, step in steps.items()}
    else:
        rival = exact(float(pipeline.evaluate(other.values, (output,), other.route)[output]))
    low, high = _bounds(unknown, steps["resolution"])
    difference = exact(scale) * (expression - rival)
    noun, name = _noun(output), _name(unknown)
    crossings = _crossings(x, difference, low, high)
    if len(crossings) > 1:
        places = " and ".join(f"{root:.6g}" for root in crossings)
        raise InputError(f"no single break-even: the two have the same {noun} at {name} = {places}")
    function = lambdify(x, difference, "math")
    if not crossings:
        cheaper = "first" if function(low) < 0 else "second"
        raise InputError(f"no break-even: the {cheaper} has less {noun} at every {name} from {low:g} to {high:g}")
    root, method = _root(x, difference, low, high)
    rising = float(function(high)) > float(function(low))
    value = _valid(unknown, root, rising=rising, low=low, high=high, steps=steps)
    reached, costs = (scale * float(cost.xreplace({x: exact(value)})) for cost in (expression, rival))
    end = "largest" if rising else "smallest"
    question = f"{end} {name} at which it has no more {noun} than the other"
    return Solution(
        unknown, NOTATION[output].field, unit, costs, root, value, reached, _clamped(costs - reached, costs),
        INCREASING if rising else DECREASING, method, question,
    )  # fmt: skip


def _clamped(slack: float, budget: float) -> float:
    """A slack that is rounding error is none."""
    return 0.0 if abs(slack) <= 1e-12 * abs(budget) else slack


SAMPLES = 2000
"""Places over the range of the unknown, by its logarithm, between which a change of sign shows a root."""


def _crossings(x: Symbol, difference: Expr, low: float, high: float) -> list[float]:
    """Every root inside the bounds. A quotient of polynomials has all its roots among those of one polynomial; where
    the smooth floor of the launches stands in it, changes of sign are bracketed.
    """
    numerator = together(difference).as_numer_denom()[0]
    if not numerator.is_polynomial(x):
        return _sign_changes(x, difference, low, high)
    polynomial = Poly(numerator, x)
    if polynomial.is_zero:
        raise InputError("no break-even: the two cost the same everywhere")
    if polynomial.degree() == 0:
        return []
    real = [root.as_real_imag() for root in polynomial.nroots(n=30, maxsteps=200)]
    return sorted({float(re) for re, im in real if abs(im) < 1e-12 * max(1, abs(re)) and low <= re <= high})


def _sign_changes(x: Symbol, difference: Expr, low: float, high: float) -> list[float]:
    from scipy.optimize import brentq

    function = lambdify(x, difference, "math")
    start = low if low > 0 else min(1.0, high) / SAMPLES
    places = [start * (high / start) ** (k / SAMPLES) for k in range(SAMPLES + 1)]
    values = [function(place) for place in places]
    if not any(values):
        raise InputError("no break-even: the two cost the same everywhere")
    ends = zip(places, places[1:], values, values[1:], strict=False)
    return [float(brentq(function, a, b, xtol=1e-12 * b)) for a, b, f_a, f_b in ends if f_a == 0 or f_a * f_b < 0]


def _name(unknown: str) -> str:
    return "side of a square output" if unknown == "resolution" else unknown


def _noun(output: Symbol) -> str:
    name = next(key for key, symbol in pipeline.NAMES.items() if symbol == output)
    return NOUNS[name]


def _bounds(unknown: str, unit: int) -> tuple[float, float]:
    """The valid range of the unknown, its lower end the smallest request that can be made."""
    entry = NOTATION[UNKNOWNS[unknown]]
    if unknown == "resolution":
        return float(unit), float(entry.high // unit * unit)
    return max(entry.low, 0.0), entry.high


def _unit(point: OperatingPoint) -> int:
    return int(point.values[v_s] * point.values[p])


def _steps(point: OperatingPoint) -> dict[str, int]:
    """What valid values are multiples of: the side, of patch times VAE factor; frames less one, of the VAE's time
    factor.
    """
    return {"resolution": _unit(point), "frames": int(point.values.get(v_t, 1))}


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


def _valid(unknown: str, root: float, *, rising: bool, low: float, high: float, steps: Mapping[str, int]) -> float:
    """Round to the nearest valid value on the affordable side of the root."""
    if not NOTATION[UNKNOWNS[unknown]].integer:
        return root
    step, offset = steps.get(unknown, 1), 1 if unknown == "frames" else 0
    # A root that is a valid value up to rounding error is that value.
    count = round((root - offset) / step, 9)
    value = offset + step * float(math.floor(count) if rising else math.ceil(count))
    return min(max(value, low), high)
