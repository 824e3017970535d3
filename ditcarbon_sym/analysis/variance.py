"""Shares of the variance: Sobol indices over ranges (SALib), the global counterpart of the elasticities, and the
check that the two agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import Symbol

from ..equations import pipeline
from ..equations.notation import NOTATION, C_output
from ..errors import InputError, imported
from ..estimation.point import OperatingPoint
from ..numerics.blocks import FloatArray
from .sensitivity import KNOBS, check_range, documented_ranges, elasticities, setting, spans, turned


@dataclass(frozen=True)
class Sobol:
    """First- and total-order indices with their 95 % bootstrap half-widths, and the share that the elasticity
    predicts.
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
) -> list[Sobol]:
    """Return Sobol indices over uniform, independent ranges (by default the documented ones), the largest total first.

    ``samples`` is SALib's base sample, a power of two; the model runs ``samples * (knobs + 2)`` times, in one
    vectorised call. Raises `InputError` for a reversed or empty range, or if SALib (the extra ``sensitivity``) is
    not installed.
    """
    analyze, sample = (imported(f"SALib.{x}.sobol", "sensitivity", "a Sobol index") for x in ("analyze", "sample"))
    chosen = {knob: ends[:2] for knob, ends in spans(point).items()} if given is None else dict(given)
    for knob, (low, high) in chosen.items():
        check_range(knob, low, high)
    moving = {x.knob for x in elasticities(point, output)}
    chosen = {knob: ends for knob, ends in chosen.items() if knob in moving}
    if not chosen:
        raise InputError(f"no input with a range changes {NOTATION[output].field} here")
    names = list(chosen)
    problem = {"num_vars": len(names), "names": names, "bounds": [list(chosen[knob]) for knob in names]}
    # SALib takes a seed of zero for none.
    drawn = sample.sample(problem, samples, calc_second_order=False, seed=seed + 1)
    values = _evaluate(point, names, drawn, output)
    indices = analyze.analyze(problem, values, calc_second_order=False, seed=seed + 1)
    shares = local_shares(point, chosen, output)
    found = [
        Sobol(
            name,
            float(indices["S1"][k]),
            float(indices["S1_conf"][k]),
            float(indices["ST"][k]),
            float(indices["ST_conf"][k]),
            shares.get(name, 0.0),
        )
        for k, name in enumerate(names)
    ]
    return sorted(found, key=lambda x: -x.total)


def _evaluate(point: OperatingPoint, names: Sequence[str], drawn: FloatArray, output: Symbol) -> FloatArray:
    configuration: dict[Symbol, Any] = dict(point.values)
    for column, knob in enumerate(names):
        configuration |= turned(point, knob, drawn[:, column])
    return np.array(np.broadcast_to(pipeline.evaluate(configuration, (output,), point.route)[output], len(drawn)))


def local_shares(
    point: OperatingPoint, spans: Mapping[str, tuple[float, float]], output: Symbol = C_output
) -> dict[str, float]:
    """Share of the variance that each knob would have if the model were linear around the operating point.

    For a uniform range the variance is (elasticity times relative width)^2 / 12; Sobol's first-order indices tend
    to these shares as the ranges shrink.
    """
    known = {x.knob: x for x in elasticities(point, output)}
    parts = {
        knob: (known[knob].value * (high - low) / known[knob].setting) ** 2
        for knob, (low, high) in spans.items()
        if knob in known
    }
    whole = sum(parts.values())
    return {knob: part / whole if whole else 0.0 for knob, part in parts.items()}


def local_agreement(point: OperatingPoint, output: Symbol = C_output, width: float = 0.01, seed: int = 0) -> float:
    """Largest difference between Sobol's first-order indices and the local shares when every range is ``width`` wide.

    Local and global must agree there: this is the check that neither is wrong.
    """
    narrow = {}
    for knob in documented_ranges(point):
        here, valid = setting(point, knob), NOTATION[KNOBS[knob][0]]
        low, high = max(here * (1 - width / 2), valid.low), min(here * (1 + width / 2), valid.high)
        if low < high:
            narrow[knob] = (low, high)
    return max(abs(x.first - x.local_share) for x in sobol(point, output, narrow, 1024, seed))
