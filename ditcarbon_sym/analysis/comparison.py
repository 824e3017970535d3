r"""Requests side by side: how much more or less the one costs, and whether that difference is known.

The interval of a ratio is not that of two independent estimates, for they share errors. With y the value and r the
relative derivatives by the fitted parameters, the logarithm of y_B / y_A has the variance

* (r_B - r_A)^T V (r_B - r_A), where both rest on one calibration with covariance V. An efficiency that is 5 % off moves
  both, and cancels as far as both depend on it alike. On two calibrations the two variances add up;
* plus the scatter between models, once for each side, where the models differ. Where both sides are one model on one
  calibration, the model's own error cancels. What remains is the scatter of its runs about their mean, once for each
  side: of the runs that the calibration has seen, which on most accelerators are several batches at one size;
* nothing, where both sides do the same work on the same accelerator and differ in PUE, grid or lifetime alone.

Neither covers PUE, grid intensity, power or embodied carbon, which are taken as given on both sides.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from ..equations import derivatives, pipeline
from ..equations.notation import NOTATION, B, C_emb, C_op, C_output, C_total, E, H, S, W, g, m, n_frames, tau
from ..errors import InputError, nearest
from ..estimation.estimator import Estimate, estimate_at
from ..estimation.intervals import (
    LEVEL,
    log_interval,
    parameter_deviations,
    predictive,
    quantile,
    scatter_met,
    within_model,
)
from ..estimation.point import OperatingPoint, merged, operating_point

OUTPUTS = (tau, E, C_op, C_emb, C_total, C_output)
WHOLE = ("resolution", "height", "width", "frames", "batch", "steps", "text_tokens")
REAL = ("guidance", "pue", "grid", "lifetime_years", "utilisation", "mu")
WORDS = ("gpu", "datacenter", "efficiency", "embodied_boundary", "calibration")
_SIZE = re.compile(r"([0-9]{1,9})(?:x([0-9]{1,9}))?")


@dataclass(frozen=True)
class Ratio:
    """One quantity of a request over that of the first one; the interval is None where none is known."""

    output: Symbol
    value: float | None
    low: float | None
    high: float | None

    @property
    def verdict(self) -> str:
        """Whether the difference is known, in words."""
        if self.value is None:
            return "unknown"
        certain = self.low is not None and self.high is not None and math.isclose(self.low, self.high, rel_tol=1e-12)
        if math.isclose(self.value, 1, rel_tol=1e-12):
            if certain:
                return "the same"
            return "no difference expected" + ("" if self.low is None else ": inside the uncertainty")
        words = f"{abs(self.value - 1):.1%} {'more' if self.value > 1 else 'less'}"
        if self.low is None or self.high is None:
            return f"{words}; no interval is known"
        inside = self.low <= 1 <= self.high
        return f"{words}: inside the uncertainty" if inside else f"{words}: outside the uncertainty"


@dataclass(frozen=True)
class Comparison:
    """Requests, their estimates, and the ratios of all others to the first."""

    requests: tuple[str, ...]
    points: tuple[OperatingPoint, ...]
    estimates: tuple[Estimate, ...]
    ratios: tuple[tuple[Ratio, ...], ...]
    shared: tuple[str, ...]
    level: float = LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        return {
            "schema_version": 1,
            "level": self.level,
            "requests": [
                {"request": text, **found.to_dict()}
                for text, found in zip(self.requests, self.estimates, strict=True)
            ],
            "against": self.requests[0],
            "ratios": [
                {
                    "request": text, "shared_errors": shared,
                    **{NOTATION[x.output].field: {"ratio": x.value, "low": x.low, "high": x.high, "verdict": x.verdict}
                       for x in ratios},
                }
                for text, ratios, shared in zip(self.requests[1:], self.ratios, self.shared, strict=True)
            ],
        }  # fmt: skip


def read_request(text: str) -> tuple[str, dict[str, Any]]:
    """Read a request, MODEL[@SIZE][,NAME=VALUE ...]; a size is a side or HEIGHTxWIDTH in pixels.

    >>> read_request("flux.1-dev@1024,steps=28,gpu=h100-sxm-80gb")
    ('flux.1-dev', {'resolution': 1024, 'steps': 28, 'gpu': 'h100-sxm-80gb'})
    >>> read_request("wan2.1-t2v-14b@480x832,frames=81")
    ('wan2.1-t2v-14b', {'height': 480, 'width': 832, 'frames': 81})
    """
    head, *parts = (part.strip() for part in text.split(","))
    model, at, size = head.partition("@")
    found: dict[str, Any] = {}
    if at:
        match = _SIZE.fullmatch(size)
        if match is None:
            raise InputError(f"request {text[:60]!r}: {size[:20]!r} is not a size; expected a side or HEIGHTxWIDTH")
        found = {"height": int(match[1]), "width": int(match[2])} if match[2] else {"resolution": int(match[1])}
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or name not in (*WHOLE, *REAL, *WORDS):
            known = (*WHOLE, *REAL, *WORDS)
            hint = nearest(name, known) if equals else "; expected NAME=VALUE"
            raise InputError(f"request {text[:60]!r}: {part[:30]!r} is not understood{hint}")
        found[name] = _value(text, name, value.strip())
    return model, found


def _value(text: str, name: str, value: str) -> Any:
    if name in WORDS:
        return value
    if not re.fullmatch(r"[0-9]{1,30}" if name in WHOLE else r"[0-9]{1,30}(\.[0-9]{1,30})?", value):
        raise InputError(f"request {text[:60]!r}: {name} = {value[:30]!r} is not a {'whole ' * (name in WHOLE)}number")
    return int(value) if name in WHOLE else float(value)


def compare(requests: Sequence[str], level: float = LEVEL, **shared: Any) -> Comparison:
    """Estimate requests, as `read_request` reads them, and the ratios to the first; ``shared`` options hold for all.

    Raises `InputError` in one line.

    >>> found = compare(["pixart-alpha@512,steps=20", "pixart-alpha@1024,steps=20"])
    >>> print(found.ratios[0][4].verdict)
    383.4% more: outside the uncertainty
    """
    if not 0 < level < 1:
        raise InputError(f"level = {level:g} is outside 0..1, exclusive")
    if len(requests) < 2:
        raise InputError("give two requests or more, such as: pixart-alpha@512 pixart-alpha@1024,steps=20")
    asked = [(model, merged(shared, own)) for model, own in map(read_request, requests)]
    points = [operating_point(model, **options) for model, options in asked]
    first = points[0]
    return Comparison(
        tuple(requests), tuple(points), tuple(estimate_at(point) for point in points),
        tuple(ratios(first, point, level) for point in points[1:]),
        tuple(shared_errors(first, point) for point in points[1:]), level,
    )  # fmt: skip


def ratios(first: OperatingPoint, other: OperatingPoint, level: float = LEVEL) -> tuple[Ratio, ...]:
    """The ratio of every output of one operating point to that of the first, with its interval."""
    values = [pipeline.evaluate(point.values, OUTPUTS, point.route) for point in (first, other)]
    halves = _half_widths(first, other, level)
    found = []
    for x in OUTPUTS:
        below, above = float(values[0][x]), float(values[1][x])
        if math.isnan(below) or math.isnan(above) or below == 0:
            found.append(Ratio(x, None, None, None))
            continue
        value, half = above / below, halves.get(x)
        low, high = (None, None) if half is None or value == 0 else log_interval(value, half)
        found.append(Ratio(x, value, low, high))
    return tuple(found)


def _half_widths(first: OperatingPoint, other: OperatingPoint, level: float) -> dict[Symbol, float]:
    """Half-width of the interval of each ratio's logarithm; none where a side has no interval."""
    one_calibration = _same_calibration(first, other)
    points = (first, other)
    known = [x for x in OUTPUTS if all(x in predictive(point, OUTPUTS, level) for point in points)]
    if not known:
        return {}
    if one_calibration and first.calibration is not None:
        ours, theirs = (_relative(point, known) for point in points)
        matrix = first.calibration.covariance
        variance = {x: _quadratic([b - a for a, b in zip(ours[x], theirs[x], strict=True)], matrix) for x in known}
    else:
        own = [parameter_deviations(point, known) for point in points]
        variance = {x: sum(deviations[x] ** 2 for deviations in own) for x in known}
    if one_calibration and first.model.id == other.model.id:
        return _within(first, other, known, variance, level)
    found = {}
    for x in known:
        scatters = [scatter_met(x, point) for point in points]
        between = math.hypot(*(scatter.deviation for scatter in scatters))
        wide = max(scatter.quantile(level) for scatter in scatters)
        found[x] = wide * math.hypot(math.sqrt(max(0.0, variance[x])), between)
    return found


TIMED = (H, W, n_frames, B, S, g, m)


def _within(
    first: OperatingPoint,
    other: OperatingPoint,
    known: Sequence[Symbol],
    variance: Mapping[Symbol, float],
    level: float,
) -> dict[Symbol, float]:
    """Half-widths where both sides are one model on one calibration; none if the scatter of its runs is unknown."""
    if all(first.values[x] == other.values[x] for x in TIMED):
        return {x: quantile(level) * math.sqrt(max(0.0, variance[x])) for x in known}
    found = {}
    for x in known:
        runs = within_model(x, first)
        if runs is not None:
            found[x] = quantile(level) * math.sqrt(max(0.0, variance[x]) + 2 * runs**2)
    return found


def _relative(point: OperatingPoint, outputs: Sequence[Symbol]) -> dict[Symbol, list[float]]:
    """Relative derivatives of outputs by the fitted parameters."""
    free = point.calibration.free if point.calibration is not None else ()
    values = pipeline.evaluate(point.values, outputs, point.route)
    slopes = derivatives.jacobian(point.values, outputs, free, point.route)
    return {x: [float(slopes[x, y]) / float(values[x] or 1.0) for y in free] for x in outputs}


def _quadratic(vector: Sequence[float], matrix: Sequence[Sequence[float]]) -> float:
    many = range(len(vector))
    return sum(vector[i] * matrix[i][k] * vector[k] for i in many for k in many)


def _same_calibration(first: OperatingPoint, other: OperatingPoint) -> bool:
    ours, theirs = first.calibration, other.calibration
    return ours is not None and theirs is not None and (ours.origin, ours.law, ours.gpu) == (
        theirs.origin, theirs.law, theirs.gpu,
    )  # fmt: skip


def shared_errors(first: OperatingPoint, other: OperatingPoint) -> str:
    """Which errors two requests share, in words."""
    if first.calibration is None or other.calibration is None:
        return "none is known: a measured efficiency comes without an interval"
    if not _same_calibration(first, other):
        return "none: two calibrations, parameters and scatter independent"
    if first.model.id == other.model.id:
        return (
            "one calibration and one model: what the model is off by cancels, parameter errors as far as both depend "
            "on them alike; scatter of the model's runs is each side's own"
        )
    return (
        "one calibration: parameter errors cancel as far as both depend on them alike; scatter of each model is its own"
    )
