"""Roots of an expression in one unknown: in closed form where it is a polynomial of low degree, else bracketed."""

from collections.abc import Callable

from sympy import Expr, Poly, Pow, Symbol, lambdify, sqrt, together

from ..errors import InputError

SAMPLES = 2000
"""Places over the range of the unknown, by its logarithm, between which a change of sign shows a root."""


def all_roots(x: Symbol, difference: Expr, low: float, high: float) -> list[float]:
    """Every root inside the bounds. A quotient of polynomials has all its roots among those of one polynomial; where
    the smooth floor of the launches stands in it, changes of sign are bracketed.
    """
    polynomial = _polynomial(x, difference)
    if polynomial is None:
        return _sign_changes(x, difference, low, high)
    if polynomial.is_zero:
        raise InputError("no break-even: the two cost the same everywhere")
    if polynomial.degree() == 0:
        return []
    real = [root.as_real_imag() for root in polynomial.nroots(n=30, maxsteps=200)]
    return sorted({float(re) for re, im in real if abs(im) < 1e-12 * max(1, abs(re)) and low <= re <= high})


def _sign_changes(x: Symbol, difference: Expr, low: float, high: float) -> list[float]:
    from scipy.optimize import brentq

    function = on_floats(x, difference)
    start = low if low > 0 else min(1.0, high) / SAMPLES
    places = [start * (high / start) ** (k / SAMPLES) for k in range(SAMPLES + 1)]
    values = [function(place) for place in places]
    if not any(values):
        raise InputError("no break-even: the two cost the same everywhere")
    ends = zip(places, places[1:], values, values[1:], strict=False)
    return [float(brentq(function, a, b, xtol=1e-12 * b)) for a, b, f_a, f_b in ends if f_a == 0 or f_a * f_b < 0]


def root_inside(x: Symbol, expression: Expr, low: float, high: float) -> tuple[float, str]:
    """The root inside the bounds: in closed form up to second degree, else bracketed."""
    polynomial = _polynomial(x, expression)
    if polynomial is not None and polynomial.degree() <= 2:
        for candidate in _closed(polynomial):
            value = float(candidate)
            if low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
                return min(max(value, low), high), "closed form"
    from scipy.optimize import brentq

    function = on_floats(x, expression)
    if function(low) * function(high) > 0:  # a root at an end, lost to rounding
        return min((low, high), key=lambda end: abs(function(end))), "at the end of the range"
    return float(brentq(function, low, high, xtol=1e-12, rtol=1e-14, maxiter=500)), "bracketed root"


def _polynomial(x: Symbol, expression: Expr) -> Poly | None:
    """The numerator of a quotient of polynomials; None if the unknown stands under a root."""
    if any(x in power.free_symbols and not power.exp.is_Integer for power in expression.atoms(Pow)):
        return None
    numerator = together(expression).as_numer_denom()[0]
    return Poly(numerator, x) if numerator.is_polynomial(x) else None


def on_floats(x: Symbol, expression: Expr) -> Callable[[float], float]:
    """The expression on floats; its exact whole numbers may be longer than a float."""
    found: Callable[[float], float] = lambdify(x, expression.evalf(17), "math")
    return found


def _closed(polynomial: Poly) -> list[Expr]:
    """Real roots of a polynomial of first or second degree."""
    if polynomial.degree() == 1:
        a1, a0 = polynomial.all_coeffs()
        return [-a0 / a1]
    a2, a1, a0 = polynomial.all_coeffs()
    inside = a1**2 - 4 * a2 * a0
    return [] if inside < 0 else [(-a1 + sign * sqrt(inside)) / (2 * a2) for sign in (1, -1)]


def last_within(start: float, step: float, bounds: tuple[float, float], meets: Callable[[float], bool]) -> float:
    """The last value in the direction of ``step`` that meets a condition, searched from ``start``, which is near.

    A value for which ``meets`` raises `InputError` does not meet it; ``start`` raises. If none meets it, this raises.

    >>> last_within(2, 1, (1, 100), lambda k: k * k < 50), last_within(9, 1, (1, 100), lambda k: k * k < 50)
    (7, 7)
    """
    low, high = bounds

    def holds(value: float) -> bool:
        try:
            return low <= value <= high and meets(value)
        except InputError:
            return False

    def inside(value: float) -> bool:
        return low <= value <= high

    if meets(start):
        return start + step * _last(lambda k: holds(start + k * step))
    found = start - step * (1 + _last(lambda k: inside(start - k * step) and not holds(start - k * step)))
    if not holds(found):
        raise InputError("no solution: no value near the root is a request that can be made and meets the budget")
    return found


def _last(true: Callable[[int], bool]) -> int:
    """The last number of those from 0 on for which a condition is ``true``; it is for 0, and fails from some number on.

    >>> [_last(lambda k: k <= last) for last in (0, 1, 2, 1000)]
    [0, 1, 2, 1000]
    """
    beyond = 1
    while true(beyond):
        beyond *= 2
    last = beyond // 2
    while beyond - last > 1:
        middle = (last + beyond) // 2
        last, beyond = (middle, beyond) if true(middle) else (last, middle)
    return last
