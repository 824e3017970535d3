"""How far results reach when constants are uncertain and the function is not linear in them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def reach(
    results: Callable[[Sequence[float]], Sequence[Any]],
    values: Sequence[float],
    covariance: Sequence[Sequence[float]],
    far: float,
) -> list[tuple[Any, Any]]:
    """How far each result falls and rises, in the logarithm, where positive constants move ``far`` standard deviations
    along each principal axis of the errors of their logarithms; over the axes the squares add up
    (barlow2003asymmetric).

    ``results`` takes the constants; a result may be an array. For a power law this is the delta method.

    >>> ((below, above),) = reach(lambda x: [x[0] ** 2], [3.0], [[0.09]], 2.0)
    >>> round(float(below), 12), round(float(above), 12)
    (0.4, 0.4)
    """
    centre = np.array(values)
    sizes, directions = np.linalg.eigh(np.array(covariance) / np.outer(centre, centre))
    axes = (directions * np.sqrt(np.maximum(sizes, 0.0))).T
    before = [np.asarray(x, dtype=np.float64) for x in results(values)]
    found: list[tuple[Any, Any]] = [(0.0, 0.0)] * len(before)
    for axis in axes:
        sides = [results((centre * np.exp(side * axis)).tolist()) for side in (-far, far)]
        for k, x in enumerate(before):
            still = np.ones_like(x)
            logs = [still * 0.0, *(np.log(np.divide(y[k], x, out=still.copy(), where=x != 0)) for y in sides)]
            below, above = np.minimum.reduce(logs), np.maximum.reduce(logs)
            found[k] = (np.hypot(found[k][0], below), np.hypot(found[k][1], above))
    return found
