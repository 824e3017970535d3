r"""Which differences between requests are known: the interval of a ratio, whose two sides share errors.

The interval of a ratio is not that of two independent estimates. With y the value and r the relative derivatives by the
fitted parameters, the logarithm of y_B / y_A has the variance

* (r_B - r_A)^T V (r_B - r_A), where both rest on one calibration with covariance V. An efficiency that is 5 % off moves
  both, and cancels as far as both depend on it alike. On two calibrations the two variances add up;
* plus the scatter between models, once for each side, where the models differ. Where both sides are one model on one
  calibration, the model's own error cancels. What remains is the scatter of its runs about their mean, once for each
  side: of the runs that the calibration has seen, which on most accelerators are several batches at one size;
* plus the error of each side's mode of running on sources that no fit has seen, where the modes differ;
* nothing, where both sides do the same work on the same accelerator and differ in PUE, grid or lifetime alone.

Neither covers PUE, grid intensity, power or embodied carbon, which are taken as given on both sides. A difference is
*known* if the interval of the ratio does not hold 1. Comparisons, rankings and fronts all ask here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from ..equations import derivatives
from ..equations.notation import B, C_emb, H, S, W, g, m, mu, n_frames, tau
from ..equations.parallel.symbols import n_gpu
from .intervals import covered, scatter_met, within_model
from .modes.stack import MODE_SCATTER
from .point import OperatingPoint
from .spread.quantiles import LEVEL, quantile

Array = NDArray[np.float64]

WORK = (H, W, n_frames, B, S, g, m)
"""Requests of one model that agree in these do the same work."""
OF_TIME = (tau, mu, C_emb)
"""Outputs that do not follow joules."""


@dataclass(frozen=True)
class Errors:
    """By how much one output of several requests may be off, in logarithms, and which errors they share.

    Each field but the last two is an array over the requests; NaN is unknown. ``calibration``, ``model`` and ``work``
    are numbers, equal where requests share one. ``slopes`` has a column for each fitted parameter, ``own`` is the
    variance by the fitted parameters. ``covariances`` holds a matrix for each calibration.
    """

    calibration: NDArray[np.intp]
    model: NDArray[np.intp]
    work: NDArray[np.intp]
    slopes: Array
    own: Array
    scatter: Array
    quantile: Array
    runs: Array
    mode: NDArray[np.intp]
    of_mode: Array
    covariances: Array
    level: float

    def half_widths(self, k: int) -> Array:
        """Half-width of the interval of the logarithm of each request's ratio to request k; NaN where it is unknown."""
        normal = quantile(self.level)
        one_calibration = self.calibration == self.calibration[k]
        one_model = one_calibration & (self.model == self.model[k])
        one_work = one_model & (self.work == self.work[k])
        modes = np.where(self.mode != self.mode[k], self.of_mode**2 + self.of_mode[k] ** 2, 0.0)
        shared = _quadratic(self.slopes - self.slopes[k], self.covariances[self.calibration[k]])
        variance = np.where(one_calibration, shared, self.own + self.own[k])
        runs = normal * np.sqrt(variance + modes + self.runs**2 + self.runs[k] ** 2)
        larger = np.maximum(self.quantile, self.quantile[k])
        models = larger * np.sqrt(variance + self.scatter**2 + self.scatter[k] ** 2)
        unknown = np.isnan(models) & ~one_work
        found = np.where(one_work, normal * np.sqrt(variance + modes), np.where(one_model, runs, models))
        return np.where(unknown, np.nan, found)

    def taken(self, rows: NDArray[np.intp]) -> "Errors":
        """The errors of some of the requests, in this order."""
        each = {x: getattr(self, x)[rows] for x in ("calibration", "model", "work", "slopes", "own", "scatter",
                                                    "quantile", "runs", "mode", "of_mode")}  # fmt: skip
        return replace(self, **each)


def errors_of(
    points: Sequence[OperatingPoint], outputs: Sequence[Symbol], level: float = LEVEL
) -> dict[Symbol, Errors]:
    """The errors of each output at operating points, one after another; a point whose values are arrays has several.

    >>> from ..equations.notation import tau
    >>> from .point import operating_point
    >>> points = [operating_point("pixart-alpha", steps=x) for x in (20, 50)]
    >>> errors_of(points, (tau,))[tau].half_widths(0).round(2)
    array([0.  , 0.15])
    """
    lengths = [math.prod(np.broadcast_shapes(*(np.shape(v) for v in x.values.values()))) for x in points]
    keys, whose = [_calibration(x) for x in points], [_model(x) for x in points]
    calibrations, models = list(dict.fromkeys(keys)), list(dict.fromkeys(whose))
    places = {key: _places([x for x, own in zip(points, keys, strict=True) if own == key]) for key in calibrations}
    most = max((len(x) for x in places.values()), default=0)
    covariances = np.zeros((len(calibrations), most, most))
    for key, point in zip(keys, points, strict=True):
        if point.calibration is not None:
            index = [places[key][x] for x in _fitted(point)]
            covariances[calibrations.index(key)][np.ix_(index, index)] = point.calibration.covariance
    modes = list(dict.fromkeys(x.mode.name for x in points))

    def over(values: Sequence[Any]) -> Any:
        """One value of each point, or one for each of its requests, as one array."""
        return np.concatenate([np.broadcast_to(x, (n,)) for x, n in zip(values, lengths, strict=True)])

    works = np.column_stack([over([point.values[x] for point in points]) for x in WORK])
    work = np.unique(works, axis=0, return_inverse=True)[1].reshape(-1)
    slopes = [_slopes(point, outputs) for point in points]
    found = {}
    for x in outputs:
        met = [scatter_met(x, point) if x in covered(point, outputs) else None for point in points]
        runs = [within_model(x, point) if point.calibration is not None else None for point in points]
        columns = [np.zeros((n, most)) for n in lengths]
        for column, r, key, point in zip(columns, slopes, keys, points, strict=True):
            column[:, [places[key][y] for y in _fitted(point)]] = r[x]
        own = [_quadratic(r, covariances[calibrations.index(k)]) for r, k in zip(columns, keys, strict=True)]
        found[x] = Errors(
            over([calibrations.index(k) for k in keys]), over([models.index(y) for y in whose]), work,
            np.concatenate(columns), np.concatenate(own),
            over([math.nan if y is None else y.deviation for y in met]),
            over([math.nan if y is None else y.quantile(level) for y in met]),
            over([math.nan if y is None else y for y in runs]),
            over([modes.index(y.mode.name) for y in points]), over([_of_mode(y, x) for y in points]),
            covariances, level,
        )  # fmt: skip
    return found


def _fitted(point: OperatingPoint) -> list[tuple[Symbol, str]]:
    """The fitted parameters of a point, each with the name that a constant of a mode was fitted under."""
    fit = point.calibration
    return [] if fit is None else [(x, fit.constants.get(x, "")) for x in fit.free]


def _places(points: Sequence[OperatingPoint]) -> dict[tuple[Symbol, str], int]:
    """A column for each parameter of points that share a calibration, whatever their modes."""
    return {x: k for k, x in enumerate(dict.fromkeys(x for point in points for x in _fitted(point)))}


def _of_mode(point: OperatingPoint, output: Symbol) -> float:
    """How far an output in a point's mode is off on sources that no fit has seen; 0 without a mode."""
    quality = {} if point.calibration is None else point.calibration.quality
    return float(quality.get(MODE_SCATTER if output in OF_TIME else f"{MODE_SCATTER}_energy", 0.0))


def _slopes(point: OperatingPoint, outputs: Sequence[Symbol]) -> dict[Symbol, Array]:
    """Relative derivatives of each output by the fitted parameters, which run along the last axis."""
    free = () if point.calibration is None else point.calibration.free
    found = derivatives.relative_slopes(point.values, outputs, free, point.route)
    return {x: np.stack(np.broadcast_arrays(*each), axis=-1) if each else np.zeros(0) for x, each in found.items()}


def _quadratic(slopes: Array, covariance: Array) -> Array:
    """The variance r^T V r of a logarithm whose slopes r run along the last axis; rounding never makes it negative."""
    return np.maximum(0.0, np.einsum("...i,ik,...k", slopes, covariance, slopes))


def _calibration(point: OperatingPoint) -> tuple[Any, ...]:
    """What tells the calibration of one point from that of another: errors of one calibration are shared."""
    if point.calibration is None:
        return point.device.id, point.values.get(mu)
    return point.device.id, point.calibration.origin, point.calibration.law, point.calibration.gpu


def _model(point: OperatingPoint) -> tuple[str, float]:
    """What tells the error of one model from that of another: on more accelerators it is another error."""
    return point.model.id, point.values.get(n_gpu, 1.0)


def ranks(values: Array, errors: Errors) -> NDArray[np.intp]:
    """One more than the number of requests that are lower than each one beyond doubt.

    Requests of the same rank are in no known order. The order is known where the interval of the ratio does not hold 1.

    >>> from ..equations.notation import tau
    >>> from .point import operating_point
    >>> points = [operating_point("pixart-alpha", steps=x) for x in (20, 21, 50)]
    >>> ranks(np.array([1.0, 1.05, 2.5]), errors_of(points, (tau,))[tau])
    array([1, 1, 3])
    """
    found: NDArray[np.intp] = 1 + lower(values, errors).sum(axis=1)
    return found


def lower(values: Array, errors: Errors) -> NDArray[np.bool_]:
    """A matrix: in row k, which requests are lower than request k beyond doubt; none is where a value is NaN."""
    found = np.zeros((len(values), len(values)), dtype=np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):  # zero emissions, and unknown ones
        logs = np.log(values)
        for k in range(len(values)):
            found[k] = logs - logs[k] < -errors.half_widths(k)
    return found
