"""Fitted constants drawn from the covariance of a calibration, and the check of the delta method by sampling."""

from collections.abc import Mapping

import numpy as np
from sympy import Symbol

from ..catalog.entries import Calibration
from ..equations import operator_law, pipeline
from ..equations.notation import NOTATION, E, mu
from ..estimation.intervals import is_borrowed, scatter, scatter_met
from ..estimation.point import OperatingPoint
from ..estimation.ratios import Array
from ..estimation.spread.quantiles import LEVEL


def constants(calibration: Calibration, normals: Array) -> dict[Symbol, Array]:
    """Fitted constants with the covariance of the fit, from independent standard normals: (draws, constants).

    Those of the operator law are drawn in logarithms.
    """
    centre = np.array([calibration.values[x] for x in calibration.free])
    logarithmic = calibration.law == operator_law.LAW
    covariance = np.array(calibration.covariance) / (np.outer(centre, centre) if logarithmic else 1.0)
    sizes, axes = np.linalg.eigh(covariance)
    moved = normals @ (axes * np.sqrt(np.maximum(sizes, 0.0))).T
    drawn = centre * np.exp(moved) if logarithmic else centre + moved
    return {x: drawn[:, k] for k, x in enumerate(calibration.free)}


def monte_carlo(
    point: OperatingPoint, output: Symbol = E, level: float = LEVEL, draws: int = 100_000, seed: int = 0
) -> Mapping[str, tuple[float, float]]:
    """Check the delta method by sampling: parameter and predictive intervals of one output from draws of the fit.

    Parameters are drawn from their normal distribution, those of the operator law in logarithms, and kept inside their
    valid ranges (which is where linearisation fails, if it does); the scatter is normal in the logarithm, or Student's
    where groups are few.
    """
    calibration = point.calibration
    if calibration is None or scatter(calibration) is None or is_borrowed(point):
        return {}
    between = scatter_met(output, point)
    rng = np.random.default_rng(seed)
    sample = constants(calibration, rng.standard_normal((draws, len(calibration.free))))
    kept = np.all([(v >= NOTATION[x].low) & (v <= NOTATION[x].high) for x, v in sample.items()], axis=0)
    drawn = {x: v[kept] for x, v in sample.items()}
    values = np.asarray(pipeline.evaluate({**point.values, **drawn}, (output,), point.route)[output])
    ends = [(1 - level) / 2, (1 + level) / 2]
    few = between.groups
    noise = rng.standard_normal(len(values)) if few is None else rng.standard_t(few, len(values))
    scattered = values * np.exp(between.deviation * noise)
    if output == mu:  # no efficiency lies above peak
        scattered = np.minimum(scattered, 1.0)
    return {
        "parameter": (float(np.quantile(values, ends[0])), float(np.quantile(values, ends[1]))),
        "predictive": (float(np.quantile(scattered, ends[0])), float(np.quantile(scattered, ends[1]))),
    }
