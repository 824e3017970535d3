"""Quantiles of the normal and of Student's distribution, and intervals of positive values."""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Any

from mpmath import betainc, findroot, sqrt

from ...errors import InputError

LEVEL = 0.9
WIDEST = 100.0
"""Standard deviation of a logarithm from which no interval is given: e^100 is no answer. An interval is at most three
times as wide: its ends are numbers.
"""


def quantile(level: float = LEVEL) -> float:
    """Half-width, in standard deviations, of the central interval of a normal distribution.

    >>> round(quantile(0.9), 4)
    1.6449
    """
    return NormalDist().inv_cdf((1 + level) / 2)


@lru_cache(maxsize=64)
def student_quantile(level: float, degrees: int) -> float:
    """Half-width of the central interval of Student's distribution with so many degrees of freedom.

    With u = degrees / (degrees + t^2), the probability beyond t on both sides is the regularised incomplete beta
    function I_u(degrees / 2, 1 / 2). It is mpmath's, which sympy has loaded; scipy.special would double the start.

    >>> round(student_quantile(0.9, 6), 4)
    1.9432
    """

    def miss(u: Any) -> Any:
        return betainc(degrees / 2, 0.5, 0, u, regularized=True) - (1 - level)

    u = findroot(miss, (0, 1), solver="pegasus", tol=1e-20, maxsteps=200, verify=False)
    return float(sqrt(degrees / u - degrees))


def log_interval(value: float, half_width: float) -> tuple[float, float]:
    """Return the interval of a positive value, so far on either side in its logarithm.

    >>> low, high = log_interval(2.0, 0.1)
    >>> round(low * high, 9)
    4.0
    """
    factor = math.exp(narrow(half_width))
    return value / factor, value * factor


def narrow(half_width: Any) -> Any:
    """The half-width of an interval; raises `InputError` where its ends would be no numbers."""
    widest = half_width if isinstance(half_width, float) else half_width.max()
    if widest > 3 * WIDEST:
        raise InputError(f"an interval within a factor of e^{widest:.3g} is none; ask for a lower level")
    return half_width
