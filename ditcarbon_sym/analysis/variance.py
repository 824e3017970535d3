"""Shares of the variance: Sobol indices over ranges (SALib), the global counterpart of the elasticities, and the check
that the two agree.

The law is not exact, and stands among the inputs: its fitted constants, drawn together from their covariance, and its
error on a model that it has not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Symbol

from ..equations import pipeline
from ..equations.notation import NOTATION, C_output, n_frames, v_t
from ..equations.software import CONSTANTS as OF_MODES
from ..errors import InputError, imported
from ..estimation.intervals import parameter_deviations
from ..estimation.point import OperatingPoint
from ..numerics.blocks import FloatArray
from .knobs import CONSTANTS, KNOBS, WHOLE, loosened, setting, turned
from .sampling import constants
from .sensitivity import check_range, documented_ranges, elasticities, error_of_the_law, spans

FITTED, ERROR = "constants", "law"
"""The two inputs that are the law's own."""


@dataclass(frozen=True)
class Sobol:
    """First- and total-order indices with their 95 % bootstrap half-widths, and the share that the elasticity
    predicts.

    >>> Sobol("pue", 0.2, 0.01, 0.25, 0.01, 0.22).total
    0.25
    """

    knob: str
    first: float
    first_half_width: float
    total: float
    total_half_width: float
    local_share: float


def sobol(
    point: OperatingPoint,
    output: Symbol = C_output,
    given: Mapping[str, tuple[float, float]] | None = None,
    samples: int = 1024,
    seed: int = 0,
    *,
    law: bool = True,
    whole: bool = True,
) -> list[Sobol]:
    """Return Sobol indices over uniform, independent ranges (by default the documented ones), the largest total first.

    ``law`` puts the law's constants and its error among the inputs; ``whole`` draws steps, batch, guidance, frames and
    text tokens as whole numbers. ``samples`` is SALib's base sample, a power of two; the model runs
    ``samples * (inputs + 2)`` times, in one vectorised call. Raises `InputError` for a reversed or empty range, or if
    SALib (the extra ``sensitivity``) is not installed.

    >>> from ditcarbon_sym import operating_point
    >>> found = sobol(operating_point("pixart-alpha", efficiency="bgr"), given={"pue": (1.0, 1.5)}, samples=64)
    >>> 0 < sum(x.first for x in found) < 1.5
    True
    """
    analyze, sample = (imported(f"SALib.{x}.sobol", "sensitivity", "a Sobol index") for x in ("analyze", "sample"))
    point = loosened(point)
    chosen = {knob: ends[:2] for knob, ends in spans(point).items()} if given is None else dict(given)
    for knob, (low, high) in chosen.items():
        check_range(knob, low, high)
    moving = {x.knob for x in elasticities(point, output)}
    fitted = _fitted(point) if law else {}
    together = {knob for knob in fitted if knob in moving}
    chosen = {knob: ends for knob, ends in chosen.items() if knob in moving and knob not in together}
    spread = error_of_the_law(point, output) if law else 0.0
    if not chosen and not together and not spread:
        raise InputError(f"no input with a range changes {NOTATION[output].field} here")
    inputs = [(knob, knob, _bounds(point, knob, ends, whole=whole), "unif") for knob, ends in chosen.items()]
    inputs += [(knob, FITTED, (0.0, 1.0), "norm") for knob in fitted if together]
    inputs += [(ERROR, ERROR, (0.0, spread), "norm")] if spread else []
    names, groups, bounds, kinds = (list(column) for column in zip(*inputs, strict=True))
    problem = {"num_vars": len(names), "names": names, "groups": groups, "bounds": bounds, "dists": kinds}
    # SALib takes a seed of zero for none.
    drawn = sample.sample(problem, samples, calc_second_order=False, seed=seed + 1)
    configuration: dict[Symbol, Any] = dict(point.values)
    if together:
        configuration |= _constants(point, drawn[:, len(chosen) :])
    for k, knob in enumerate(chosen):
        configuration |= turned(point, knob, _whole(point, knob, drawn[:, k]) if whole else drawn[:, k])
    values = np.array(np.broadcast_to(pipeline.evaluate(configuration, (output,), point.route)[output], len(drawn)))
    if spread:
        values *= np.exp(drawn[:, -1])
    indices = analyze.analyze(problem, values, calc_second_order=False, seed=seed + 1)
    shares = local_shares(point, chosen, output, law=law)
    found = [
        Sobol(
            name,
            float(indices["S1"][k]),
            float(indices["S1_conf"][k]),
            float(indices["ST"][k]),
            float(indices["ST_conf"][k]),
            shares.get(name, 0.0),
        )
        for k, name in enumerate(dict.fromkeys(groups))
    ]
    return sorted(found, key=lambda x: -x.total)


def _bounds(point: OperatingPoint, knob: str, ends: tuple[float, float], *, whole: bool) -> tuple[float, float]:
    """What is drawn from uniformly; whole numbers are rounded from half a step beyond the ends."""
    if not whole or knob not in WHOLE:
        return ends
    half = _step(point, knob) / 2
    low, high = _whole(point, knob, np.array(ends))
    return float(low) - half * (1 - 1e-9), float(high) + half * (1 - 1e-9)


def _step(point: OperatingPoint, knob: str) -> float:
    return point.values[v_t] if knob == "frames" else 1.0


def _whole(point: OperatingPoint, knob: str, values: FloatArray) -> FloatArray:
    """The nearest whole numbers; of frames, the nearest that the VAE maps exactly."""
    if knob not in WHOLE:
        return values
    step = _step(point, knob)
    offset = point.values[n_frames] % step if knob == "frames" else 0.0
    rounded: FloatArray = offset + step * np.round((values - offset) / step)
    return rounded


def _fitted(point: OperatingPoint) -> dict[str, Symbol]:
    """The constants that the covariance of the calibration holds, by knob."""
    free = () if point.calibration is None else point.calibration.free
    return {NOTATION[x].field: x for x in free if x in (*CONSTANTS, *OF_MODES)}


def _constants(point: OperatingPoint, normals: FloatArray) -> dict[Symbol, FloatArray]:
    """Constants of the law from independent standard normals, kept inside their valid ranges."""
    assert point.calibration is not None
    drawn = constants(point.calibration, normals[:, : len(point.calibration.free)])
    return {x: np.clip(values, NOTATION[x].low, NOTATION[x].high) for x, values in drawn.items()}


def local_shares(
    point: OperatingPoint,
    spans: Mapping[str, tuple[float, float]],
    output: Symbol = C_output,
    *,
    law: bool = False,
) -> dict[str, float]:
    """Share of the variance that each input would have if the model were linear around the operating point.

    For a uniform range the relative variance is (elasticity times relative width)^2 / 12; Sobol's first-order indices
    tend to these shares as the ranges shrink. Of the law it is that of its constants and of its error.
    """
    known = {x.knob: x for x in elasticities(point, output)}
    parts = {
        knob: (known[knob].value * (high - low) / known[knob].setting) ** 2 / 12
        for knob, (low, high) in spans.items()
        if knob in known
    }
    if law and point.calibration is not None:
        parts |= {FITTED: parameter_deviations(point, (output,))[output] ** 2}
        parts |= {ERROR: error_of_the_law(point, output) ** 2}
    whole = sum(parts.values())
    return {knob: part / whole if whole else 0.0 for knob, part in parts.items()}


def local_agreement(point: OperatingPoint, output: Symbol = C_output, width: float = 0.01, seed: int = 0) -> float:
    """Largest difference between Sobol's first-order indices and the local shares when every range is ``width`` wide.

    Local and global must agree there: this is the check that neither is wrong. The law's own error, which has a width
    of its own, is left out.
    """
    point, narrow = loosened(point), {}
    for knob in documented_ranges(point):
        here, valid = setting(point, knob), NOTATION[KNOBS[knob][0]]
        low, high = max(here * (1 - width / 2), valid.low), min(here * (1 + width / 2), valid.high)
        if low < high:
            narrow[knob] = (low, high)
    return max(abs(x.first - x.local_share) for x in sobol(point, output, narrow, 1024, seed, law=False, whole=False))
