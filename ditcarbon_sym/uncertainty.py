"""From what a calibration knows to intervals of every output: the delta method with exact gradients, in log space.

Two sources, kept apart: the covariance of the fitted parameters (*parameter interval*), and the scatter that
architectures held out of the fit showed about its predictions. The *predictive interval* has both; it is what
``estimate`` reports as low and high. Neither covers PUE, grid intensity, power or embodied carbon: their documented
ranges are scenarios (`sensitivity`), never mixed in.

What the interval is not: the scatter is of leave-one-out predictions and so holds some parameter error already
(counted twice, on the safe side); rows of one architecture are not independent, which the covariance takes them to
be, and six architectures are few for a normal quantile (both on the unsafe side). `fits/coverage.py` shows how it
comes out.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist

from sympy import Symbol

from . import derivatives, pipeline
from .catalog import Calibration
from .notation import E, mu, tau
from .operating import OperatingPoint

LEVEL = 0.9


def quantile(level: float = LEVEL) -> float:
    """Half-width, in standard deviations, of the central interval of a normal distribution.

    >>> round(quantile(0.9), 4)
    1.6449
    """
    return NormalDist().inv_cdf((1 + level) / 2)


def log_interval(value: float, deviation: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of a positive value whose logarithm has this standard deviation.

    >>> low, high = log_interval(2.0, 0.1)
    >>> round(low * high, 9)
    4.0
    """
    factor = math.exp(quantile(level) * deviation)
    return value / factor, value * factor


def parameter_deviations(point: OperatingPoint, outputs: Sequence[Symbol]) -> dict[Symbol, float]:
    """Standard deviation of the logarithm of each output that the covariance of the fitted parameters alone gives."""
    calibration = point.calibration
    if calibration is None:
        return {}
    values = pipeline.evaluate(point.values, outputs, point.route)
    slopes = derivatives.jacobian(point.values, outputs, calibration.free, point.route)
    deviations = {}
    for output in outputs:
        if values[output] == 0:
            deviations[output] = (
                0.0  # nothing is certain to be nothing: a carbon-free grid emits none at any efficiency
            )
            continue
        relative = [float(slopes[output, x]) / float(values[output]) for x in calibration.free]
        variance = sum(
            relative[i] * calibration.covariance[i][k] * relative[k]
            for i in range(len(relative))
            for k in range(len(relative))
        )
        deviations[output] = math.sqrt(max(0.0, variance))
    return deviations


def scatter(calibration: Calibration) -> float | None:
    """The log scatter of held-out groups, or None where the sweep had one group only."""
    value = calibration.quality.get("held_out_log_scatter")
    return None if value is None else float(value)


def predictive(
    point: OperatingPoint, outputs: Sequence[Symbol], level: float = LEVEL
) -> dict[Symbol, tuple[float, float]]:
    """Return the predictive interval of each output that depends on the fit, at a model that the fit has not seen.

    Empty for a measured efficiency, and where the calibration knows no scatter between models. Outputs that are
    unknown, or that do not depend on the fit, have no entry.
    """
    if point.calibration is None or (between := scatter(point.calibration)) is None:
        return {}
    values = pipeline.evaluate(point.values, outputs, point.route)
    deviations = parameter_deviations(point, outputs)
    found = {
        x: log_interval(float(values[x]), math.hypot(deviations[x], _between(x, point, between)), level)
        for x in outputs
        if math.isfinite(values[x]) and _depends_on_fit(x, point)
    }
    if mu in found:  # no efficiency lies above peak
        found[mu] = (found[mu][0], min(1.0, found[mu][1]))
    return found


def _between(output: Symbol, point: OperatingPoint, time: float) -> float:
    """The scatter of held-out groups that an output meets: of energy where the calibration measured it apart."""
    quality = point.calibration.quality if point.calibration is not None else {}
    energy = quality.get("held_out_log_scatter_energy")
    if energy is None or E not in _ancestors(output, point.route):
        return time
    return float(energy) if tau not in _ancestors(output, point.route) else max(time, float(energy))


def _depends_on_fit(output: Symbol, point: OperatingPoint) -> bool:
    fitted = set(point.calibration.values) if point.calibration is not None else set()
    return bool(fitted & _ancestors(output, point.route))


def _ancestors(output: Symbol, route: pipeline.AnyRoute) -> set[Symbol]:
    """Everything that ``output`` is computed from."""
    found, by_symbol = {output}, {equation.lhs: equation for equation in pipeline.chain(route)}
    pending = [output]
    while pending:
        symbol = pending.pop()
        for x in by_symbol[symbol].inputs if symbol in by_symbol else ():
            if x not in found:
                found.add(x)
                if x in by_symbol:
                    pending.append(x)
    return found


def interval_words(point: OperatingPoint, level: float = LEVEL) -> str:
    """Say what the interval covers and what it does not."""
    if point.calibration is None:
        return "none: a measured efficiency comes without one"
    if scatter(point.calibration) is None:
        return "none: the calibration saw one model only, so its error on others is unknown"
    groups = len(point.calibration.quality.get("held_out_mape_percent", {}))
    return (
        f"{100 * level:g} %, predictive: covariance of the fit and scatter of {groups} architectures held out of it; "
        "not of PUE, grid, power or embodied carbon"
    )


def monte_carlo(
    point: OperatingPoint, output: Symbol = E, level: float = LEVEL, draws: int = 100_000, seed: int = 0
) -> Mapping[str, tuple[float, float]]:
    """Check the delta method by sampling: parameter and predictive intervals of one output from draws of the fit.

    Parameters are drawn from their normal distribution and kept inside their valid ranges (which is where
    linearisation fails, if it does); the scatter is log-normal.
    """
    import numpy as np

    from .notation import NOTATION

    calibration = point.calibration
    if calibration is None or (between := scatter(calibration)) is None:
        return {}
    rng = np.random.default_rng(seed)
    centre = [calibration.values[x] for x in calibration.free]
    sample = rng.multivariate_normal(centre, np.array(calibration.covariance), draws)
    kept = np.ones(draws, dtype=bool)
    for column, x in enumerate(calibration.free):
        kept &= (sample[:, column] >= NOTATION[x].low) & (sample[:, column] <= NOTATION[x].high)
    drawn = {x: sample[kept, column] for column, x in enumerate(calibration.free)}
    values = np.asarray(pipeline.evaluate({**point.values, **drawn}, (output,), point.route)[output])
    ends = [(1 - level) / 2, (1 + level) / 2]
    scattered = values * np.exp(rng.normal(0.0, between, len(values)))
    return {
        "parameter": (float(np.quantile(values, ends[0])), float(np.quantile(values, ends[1]))),
        "predictive": (float(np.quantile(scattered, ends[0])), float(np.quantile(scattered, ends[1]))),
    }
