"""Intervals of every output, from what a calibration knows: the delta method with exact gradients, in log space.

The covariance of the fitted parameters gives the *parameter interval*. The scatter of models that were held out of the
fit comes on top: both together give the *predictive interval*, ``estimate``'s low and high. Neither covers PUE, grid
intensity, power or embodied carbon; their documented ranges are scenarios (`analysis.sensitivity`).

What the interval is not. The scatter is of leave-one-out predictions and so holds some parameter error already: this is
counted twice, on the safe side. The paper's fit takes the rows of a model for independent, and a normal quantile for
six models: both are on the unsafe side. The operator law's intervals take Student's quantile, with as many degrees of
freedom as groups were held out. `fits/coverage.py` shows how it comes out.
An operating point may hold arrays: deviations, scatter and half-widths are then arrays, too.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sympy import Piecewise, Symbol, symbols

from ..catalog.entries import Calibration
from ..equations import derivatives, operator_law, pipeline
from ..equations.notation import NOTATION, C_op, C_total, E, mu, tau
from ..errors import InputError
from ..numerics.functions import compiled
from .point import OperatingPoint
from .spread.quantiles import LEVEL, WIDEST, narrow, quantile, student_quantile

ROUGH = 0.5
"""Standard deviation of the logarithm of a fitted constant from which the law is not taken to be linear in it."""
_SHARE = Piecewise((C_op / C_total, C_total > 0), (1, True))
_ENERGY, _TIME, _OF_ENERGY, _OF_TIME = symbols("of_energy of_time groups_of_energy groups_of_time", real=True)
_OF_THE_LARGER = Piecewise((_OF_ENERGY, _ENERGY >= _TIME), (_OF_TIME, True))


@dataclass(frozen=True)
class Scatter:
    """How far held-out groups lay from their predictions, in logarithms.

    ``groups`` is their number where it is small enough to matter (Student's quantile), else None.
    """

    deviation: Any
    groups: Any = None

    def quantile(self, level: float) -> Any:
        """Half-width of the central interval, in standard deviations."""
        if self.groups is None:
            return quantile(level)
        if isinstance(self.groups, int | float):
            return student_quantile(level, int(self.groups))
        import numpy as np

        few, place = np.unique(self.groups, return_inverse=True)
        return np.array([student_quantile(level, int(x)) for x in few])[place].reshape(self.groups.shape)

    def half_width(self, own: Any, level: float) -> Any:
        """Half-width in the logarithm, with the deviation ``own`` that the fitted parameters give besides."""
        return self.quantile(level) * (own**2 + self.deviation**2) ** 0.5


def parameter_deviations(point: OperatingPoint, outputs: Sequence[Symbol]) -> dict[Symbol, Any]:
    """Standard deviation of the logarithm of each output that the covariance of the fitted parameters alone gives."""
    return _with_values(point, outputs, ())[0]


def _with_values(
    point: OperatingPoint, outputs: Sequence[Symbol], values: Sequence[Symbol]
) -> tuple[dict[Symbol, Any], dict[Symbol, Any]]:
    """The deviations of some outputs and the values of others, from one function."""
    fit = point.calibration
    if fit is None or not outputs:
        return {}, pipeline.evaluate(point.values, values, point.route)
    found, known = derivatives.deviations(point.values, outputs, fit.free, fit.covariance, point.route, values)
    for x, deviation in found.items():
        widest = deviation if isinstance(deviation, float) else deviation.max()
        if widest > WIDEST:
            raise InputError(
                f"calibration {fit.origin}: the covariance leaves {NOTATION[x].field} unknown within a "
                f"factor of e^{widest:.3g}; is it in the units of the parameters?"
            )
    return found, known


def scatter(calibration: Calibration, energy: bool = False) -> Scatter | None:
    """The scatter of held-out groups, of time or of energy, with every further error that the calibration knows of.

    None where the sweep had one group only, or no energy.
    """
    suffix = "_energy" if energy else ""
    value = calibration.quality.get(f"held_out_log_scatter{suffix}")
    if value is None:
        return None
    held = len(calibration.quality.get(f"held_out_mape_percent{suffix}", {}))
    groups = calibration.quality.get(f"held_out_groups{suffix}", held)
    besides = float(calibration.quality.get(f"besides_log_scatter{suffix}", 0.0))
    return Scatter(
        math.hypot(float(value), besides), int(groups) if calibration.law == operator_law.LAW and groups else None
    )


def predictive(
    point: OperatingPoint, outputs: Sequence[Symbol], level: float = LEVEL
) -> dict[Symbol, tuple[float, float]]:
    """Return the predictive interval of each output that depends on the fit, at a model that the fit has not seen.

    Empty for a measured efficiency, and where the calibration knows no scatter between models. Outputs that are
    unknown, or that do not depend on the fit, have no entry.

    >>> from .point import operating_point
    >>> low, high = predictive(operating_point("pixart-alpha", efficiency="bgr"), (tau,))[tau]
    >>> low < high
    True
    """
    return evaluated(point, outputs, level)[1]


def evaluated(
    point: OperatingPoint, outputs: Sequence[Symbol], level: float = LEVEL
) -> tuple[dict[Symbol, float], dict[Symbol, tuple[float, float]]]:
    """Evaluate outputs together with their predictive intervals, which `predictive` returns."""
    deviations, values = _with_values(point, covered(point, outputs), outputs)
    found = {
        x: (float(values[x]) / math.exp(below), float(values[x]) * math.exp(above))
        for x, (below, above) in _reaches(point, level, deviations, values).items()
        if math.isfinite(values[x])
    }
    if mu in found:  # no efficiency lies above peak
        found[mu] = (found[mu][0], min(1.0, found[mu][1]))
    return values, found


def reaches(point: OperatingPoint, outputs: Sequence[Symbol], level: float = LEVEL) -> dict[Symbol, tuple[Any, Any]]:
    """How far the predictive interval of each output reaches below and above its value, in the logarithm; no entry
    where no interval is known. Where a constant is only known roughly, the delta method is not used (`_shifted`).
    """
    return _reaches(point, level, *_with_values(point, covered(point, outputs), ()))


def _reaches(
    point: OperatingPoint, level: float, deviations: Mapping[Symbol, Any], values: Mapping[Symbol, Any]
) -> dict[Symbol, tuple[Any, Any]]:
    met = {x: scatter_met(x, point, values) for x in deviations}
    if met and is_rough(point.calibration):
        between = {x: met[x].half_width(0.0, level) for x in met}
        found = {
            x: tuple((side**2 + between[x] ** 2) ** 0.5 for side in sides)
            for x, sides in _shifted(point, tuple(met), quantile(level)).items()
        }
    else:
        found = {x: (met[x].half_width(own, level),) * 2 for x, own in deviations.items()}
    return {x: (narrow(below), narrow(above)) for x, (below, above) in found.items()}


def is_rough(fit: Calibration | None) -> bool:
    """Whether a constant of the operator law is known so roughly that the law is not linear in its error."""
    if fit is None or fit.law != operator_law.LAW:
        return False
    return any(fit.covariance[k][k] > (ROUGH * fit.values.get(x, 1.0)) ** 2 for k, x in enumerate(fit.free))


def _shifted(point: OperatingPoint, outputs: Sequence[Symbol], far: float) -> dict[Symbol, tuple[Any, Any]]:
    """How far the fitted constants alone let each output reach below and above its value, in the logarithm.

    The delta method takes the slope at the fitted values. A launch that is known within a factor of seven may hardly
    show there, and may be most of the time at the far end.
    """
    from .spread.shifts import reach

    fit = point.calibration
    assert fit is not None
    values = [fit.values.get(x, 1.0) for x in fit.free]  # without rated power there are no joules

    def results(moved: Sequence[float]) -> list[Any]:
        kept = {x: min(max(y, NOTATION[x].low), NOTATION[x].high) for x, y in zip(fit.free, moved, strict=True)}
        found = pipeline.evaluate({**point.values, **kept}, outputs, point.route)
        return [found[x] for x in outputs]

    return dict(zip(outputs, reach(results, values, fit.covariance, far), strict=True))


def covered(point: OperatingPoint, outputs: Sequence[Symbol]) -> tuple[Symbol, ...]:
    """The outputs that have a predictive interval: those that depend on a fit whose error on other models is known."""
    if point.calibration is None or scatter(point.calibration) is None or is_borrowed(point):
        return ()
    fitted = set(point.calibration.values)
    return tuple(x for x in outputs if fitted & _ancestors(x, point.route))


def scatter_met(output: Symbol, point: OperatingPoint, values: Mapping[Symbol, Any] = MappingProxyType({})) -> Scatter:
    """The scatter of one output: that of time and that of energy, each as far as the output follows it.

    The two are taken to move together and so add up, which is the safe side. ``values`` may hold known outputs.
    """
    assert point.calibration is not None
    time, energy = scatter(point.calibration), scatter(point.calibration, energy=True)
    assert time is not None
    if energy is None:
        return time
    share = _share_of_energy(output, point, values)
    of_energy, of_time = share * energy.deviation, (1 - share) * time.deviation
    groups = time.groups
    if energy.groups != groups:
        of = {_ENERGY: of_energy, _TIME: of_time, _OF_ENERGY: energy.groups, _OF_TIME: groups}
        (groups,) = compiled((_OF_THE_LARGER,))(of)
    return Scatter(of_energy + of_time, groups)


def within_model(output: Symbol, point: OperatingPoint) -> Any:
    """How far runs of one model scatter about their own mean, for one output; None where it is not known."""
    assert point.calibration is not None
    quality = point.calibration.quality
    time, energy = quality.get("within_log_scatter"), quality.get("within_log_scatter_energy")
    if time is None or energy is None:
        return None if time is None else float(time)
    share = _share_of_energy(output, point, {})
    return share * float(energy) + (1 - share) * float(time)


def _share_of_energy(output: Symbol, point: OperatingPoint, values: Mapping[Symbol, Any]) -> Any:
    """The part of an output that follows energy rather than time.

    It is 1 for operational carbon, 0 for time and, for the total, its operational part.
    """
    if not {E, tau} <= (ancestors := _ancestors(output, point.route)):
        return float(E in ancestors)
    if not {C_op, C_total} <= values.keys():
        values = pipeline.evaluate(point.values, (C_op, C_total), point.route)
    return compiled((_SHARE,))(values)[0]


def is_borrowed(point: OperatingPoint) -> bool:
    """Whether a fit made on another accelerator is used as it stands: how far it is off there is not known."""
    return point.calibration is not None and point.calibration.gpu != point.device.id


@lru_cache(maxsize=1024)
def _ancestors(output: Symbol, route: pipeline.AnyRoute) -> frozenset[Symbol]:
    """Everything that ``output`` is computed from."""
    found, inputs = {output}, {equation.lhs: set(equation.inputs) for equation in pipeline.chain(route)}
    pending = [output]
    while pending:
        new = inputs.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return frozenset(found)
