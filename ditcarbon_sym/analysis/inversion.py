"""Inverse questions: which value of one input makes an output meet a budget, or two requests cost the same?

The output is written as an expression in the one unknown, all else put in as numbers. Where that is a polynomial of
first or second degree, the answer is a closed form; elsewhere the root is bracketed. Whole steps and patches are then
confirmed by estimates: the answer is the last valid value whose own estimate meets the budget, unlike the next.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sympy import Expr, Symbol

from ..equations import derivatives, pipeline
from ..equations.equation import exact
from ..equations.notation import (
    NOTATION,
    C_output,
    C_total,
    E,
    H,
    W,
    n_frames,
    n_latent,
    p,
    tau,
    v_s,
    v_t,
)
from ..errors import InputError, nearest
from ..estimation.intervals import predictive
from ..estimation.point import OperatingPoint, asked_again
from .knobs import OF_A_MODE, REQUESTED, SIZES, UNKNOWNS, absent
from .roots import all_roots, last_within, on_floats, root_inside
from .sensitivity import NOUNS, refuse_if_calibrated

ROUNDING = 1e-12
"""A budget met up to this is met: an output given back as a budget may differ in its last digits."""
REFINED = 4
"""How often an answer that has to be sure is found anew with the interval that it has: four times give all digits."""
INCREASING, DECREASING = "rises", "falls"

TOLD: Mapping[Symbol, tuple[float, str]] = MappingProxyType({
    C_output: (1.0, "gCO2eq per output"), C_total: (1.0, "gCO2eq per batch"), E: (1000.0, "Wh per batch"),
    tau: (1.0, "s per batch"),
})  # fmt: skip
"""How outputs are told: a factor on the equations' unit, and the unit. Others are told as they are."""


@dataclass(frozen=True)
class Solution:
    """An answer: the exact value, the valid one nearest inside the budget, and how much of the budget it leaves.

    ``budget``, ``reached`` and ``slack`` are in ``unit``; of a break-even the budget is the rival's cost at ``value``.
    ``answer`` is one that is no number; ``beside`` is what else there is to say, by name. With ``sure`` the upper end
    of the interval meets the budget, and ``slack`` is what that end leaves.
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
    answer: str = ""
    beside: tuple[tuple[str, str], ...] = ()
    sure: bool = False


def unknown_symbol(name: str) -> Symbol:
    """Return the symbol of an unknown by name; raises `InputError` with those there are."""
    if name not in UNKNOWNS:
        raise InputError(f"cannot solve for {name!r}{nearest(name, UNKNOWNS)}")
    return UNKNOWNS[name]


def as_function(point: OperatingPoint, unknown: str, output: Symbol) -> tuple[Symbol, Expr]:
    """Return the output as an exact expression in the unknown alone."""
    x = unknown_symbol(unknown)
    refuse_if_calibrated(point, unknown, x)
    if why := absent(point, unknown):
        raise InputError(f"cannot solve for {unknown}: {why}")
    latent = 1 + (n_frames - 1) / exact(point.values.get(v_t, 1))
    tied: dict[Symbol, Expr] = {"resolution": {W: H}, "frames": {n_latent: latent}}.get(unknown, {})
    free = Symbol(x.name, real=True)  # sympy ponders the sign of every polynomial in a positive symbol
    known: dict[Symbol, Expr] = {y: exact(value) for y, value in point.values.items() if not math.isnan(value)}
    known |= {x: free, **{y: value.xreplace({x: free}) for y, value in tied.items()}}
    for equation in derivatives.stepwise(pipeline.chain(point.route)):
        value = equation.rhs.xreplace(known)
        known[equation.lhs] = exact(float(value)) if value.is_number and value.is_finite else value
    expression = known.get(output, output)
    if left := expression.free_symbols - {free}:
        names = ", ".join(NOTATION[y].meaning for y in sorted(left, key=lambda y: y.name))
        raise InputError(f"{NOTATION[output].field} is unknown here: no value for {names}")
    if free not in expression.free_symbols:
        raise InputError(f"{_noun(output)} does not depend on {unknown}")
    return free, expression


def within(point: OperatingPoint, unknown: str, output: Symbol, budget: float, *, sure: bool = False) -> Solution:
    """Return the extreme value of the unknown at which ``output`` still meets the budget, given in the unit of `TOLD`.

    That is the largest value where the output rises with the unknown, the smallest where it falls. With ``sure`` the
    upper end of the 90 % interval meets it. Raises `InputError`, with the reason, where no valid value meets the budget
    or every one does.

    >>> from ditcarbon_sym import operating_point
    >>> isinstance(within(operating_point("pixart-alpha", efficiency="bgr"), "batch", C_total, 10.0), Solution)
    True
    """
    if not math.isfinite(budget) or budget <= 0:
        raise InputError(f"budget = {budget:g} is not a positive number")
    scale, unit = TOLD.get(output, (1.0, NOTATION[output].unit))
    x, expression = as_function(point, unknown, output)
    expression = exact(scale) * expression
    function = on_floats(x, expression)
    low, high = _bounds(unknown, _unit(point))
    steps = _steps(point)

    def cost(value: float) -> float:
        """By an estimate of its own, where that is another request."""
        return scale * _output(answered(point, unknown, value), output, sure=sure)

    def over(there: OperatingPoint) -> Expr:
        """How far the cost lies above the value."""
        return exact(_output(there, output, sure=sure) / _output(there, output))

    at_low, at_high = (_else(cost, function, end) for end in (low, high))
    rising = at_high > at_low
    noun, name, most = _noun(output), _name(unknown), "up to " if sure else ""
    if min(at_low, at_high) > budget * (1 + ROUNDING):
        cheapest = low if rising else high
        raise InputError(
            f"no solution: even {name} = {cheapest:g} takes {most}{min(at_low, at_high):.4g} {unit}, "
            f"above the budget of {budget:.4g}"
        )
    if max(at_low, at_high) <= budget:
        dearest = high if rising else low
        raise InputError(
            f"no limit: any {name} from {low:g} to {high:g} meets the budget of {budget:.4g} {unit} "
            f"(the dearest, {dearest:g}, takes {most}{max(at_low, at_high):.4g})"
        )
    root, method = root_inside(x, over(point) * expression - exact(budget), low, high)
    value = _valid(unknown, root, rising=rising, low=low, high=high, steps=steps)
    if unknown in REQUESTED:
        step = steps.get(unknown, 1) * (1 if rising else -1)
        value = last_within(value, step, (low, high), lambda k: cost(k) <= budget * (1 + ROUNDING))
    again = REFINED if sure else 1 if unknown in SIZES else 0
    for _ in range(again):  # interval, tiles and padded rows are those of the answer
        there = answered(point, unknown, value)
        expression = exact(scale) * as_function(there, unknown, output)[1]
        root, method = root_inside(x, over(there) * expression - exact(budget), low, high)
        value = value if unknown in REQUESTED else root
    reached, left = scale * _output(answered(point, unknown, value), output), budget - cost(value)
    surely = "surely " if sure else ""
    question = f"{'largest' if rising else 'smallest'} {name} at which {noun} is {surely}at most {budget:.4g} {unit}"
    return Solution(
        unknown, NOTATION[output].field, unit, budget, root, value, reached, _clamped(left, budget),
        INCREASING if rising else DECREASING, method, question, *_ends(answered(point, unknown, value), output, scale),
        sure=sure,
    )  # fmt: skip


def answered(point: OperatingPoint, unknown: str, value: float) -> OperatingPoint:
    """Return the operating point with the unknown at this value; raises `InputError` if there is no such request."""
    if unknown not in (*REQUESTED, *OF_A_MODE):
        return replace(point, values={**point.values, UNKNOWNS[unknown]: value})
    try:
        return asked_again(point, **{unknown: value if unknown in OF_A_MODE else int(value)})
    except InputError as error:
        raise InputError(f"no answer: {unknown} = {value:g} meets the budget, but {error}") from None


def _else(cost: Callable[[float], float], function: Callable[[float], float], value: float) -> float:
    """What an estimate says or, where there is none, the expression."""
    try:
        return float(cost(value))
    except InputError:
        return float(function(value))


def _output(point: OperatingPoint, output: Symbol, *, sure: bool = False) -> float:
    """The value, or the upper end of its interval."""
    if not sure:
        return float(pipeline.evaluate(point.values, (output,), point.route)[output])
    _, high = _ends(point, output, 1.0)
    if high is None:
        raise InputError("sure: no interval is known here, so that nothing is sure")
    return high


def _ends(point: OperatingPoint, output: Symbol, scale: float) -> tuple[float | None, float | None]:
    """The predictive interval of the output, in the unit it is told in."""
    low, high = predictive(point, (output,)).get(output, (None, None))
    return (None, None) if low is None or high is None else (scale * low, scale * high)


def break_even(one: OperatingPoint, other: OperatingPoint, unknown: str, output: Symbol, *, both: bool) -> Solution:
    """Return the value of the unknown at which two requests cost the same.

    With ``both`` the unknown is the same in the two; otherwise it is moved in the first alone. The valid value returned
    is the last at which the first costs no more. Raises `InputError` where they cross never, or more than once.

    >>> from ditcarbon_sym import operating_point as at
    >>> break_even(at("pixart-alpha", resolution=512), at("dit-xl-2-512"), "steps", C_total, both=False).unknown
    'steps'
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
    crossings = all_roots(x, difference, low, high)
    if len(crossings) > 1:
        places = " and ".join(f"{root:.6g}" for root in crossings)
        raise InputError(f"no single break-even: the two have the same {noun} at {name} = {places}")
    function = on_floats(x, difference)
    if not crossings:
        cheaper = "first" if function(low) < 0 else "second"
        raise InputError(f"no break-even: the {cheaper} has less {noun} at every {name} from {low:g} to {high:g}")
    root, method = root_inside(x, difference, low, high)
    rising = float(function(high)) > float(function(low))
    value = _valid(unknown, root, rising=rising, low=low, high=high, steps=steps)
    reached, costs = (scale * float(cost.xreplace({x: exact(value)})) for cost in (expression, rival))
    if unknown in REQUESTED:

        def pair(value: float) -> tuple[float, float]:
            sides = answered(one, unknown, value), answered(other, unknown, value) if both else other
            first, second = (scale * _output(side, output) for side in sides)
            return first, second

        step = steps.get(unknown, 1) * (1 if rising else -1)
        value = last_within(value, step, (low, high), lambda k: pair(k)[0] <= pair(k)[1] * (1 + ROUNDING))
        reached, costs = pair(value)
    question = f"{'largest' if rising else 'smallest'} {name} at which it has no more {noun} than the other"
    return Solution(
        unknown, NOTATION[output].field, unit, costs, root, value, reached, _clamped(costs - reached, costs),
        INCREASING if rising else DECREASING, method, question,
    )  # fmt: skip


def _clamped(slack: float, budget: float) -> float:
    """A slack that is rounding error is none."""
    return 0.0 if abs(slack) <= 1e-12 * abs(budget) else slack


def _name(unknown: str) -> str:
    return "side of a square output" if unknown == "resolution" else unknown


def _noun(output: Symbol) -> str:
    return NOUNS[next(key for key, symbol in pipeline.NAMES.items() if symbol == output)]


def _bounds(unknown: str, unit: int) -> tuple[float, float]:
    """The valid range of the unknown, its lower end the smallest request that can be made."""
    entry = NOTATION[UNKNOWNS[unknown]]
    if unknown == "resolution":
        return float(unit), float(entry.high // unit * unit)
    return max(entry.low, 0.0), entry.high


def _unit(point: OperatingPoint) -> int:
    return int(point.values[v_s] * point.values[p])


def _steps(point: OperatingPoint) -> dict[str, int]:
    """What valid values are multiples of: a side, of patch times VAE factor; frames less one, of the VAE's factor."""
    return {"resolution": _unit(point), "frames": int(point.values.get(v_t, 1))}


def _valid(unknown: str, root: float, *, rising: bool, low: float, high: float, steps: Mapping[str, int]) -> float:
    """Round to the nearest valid value on the affordable side of the root."""
    if not NOTATION[UNKNOWNS[unknown]].integer:
        return root
    step, offset = steps.get(unknown, 1), 1 if unknown == "frames" else 0
    # A root that is a valid value up to rounding error is that value.
    count = round((root - offset) / step, 9)
    value = offset + step * float(math.floor(count) if rising else math.ceil(count))
    return min(max(value, low), high)
