r"""Requests side by side: how much more or less the one costs, and whether that difference is known.

The interval of a ratio is that of `estimation.ratios`: errors that both sides share cancel. A difference is *known*
if the interval does not hold 1.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from ..catalog.loading import Catalog, load
from ..display import Shown
from ..equations import pipeline
from ..equations.notation import NOTATION, C_emb, C_op, C_output, C_total, E, tau
from ..equations.parallel.symbols import n_gpu
from ..errors import InputError, nearest, short
from ..estimation.estimator import Estimate, estimate_at
from ..estimation.point import OperatingPoint, counted_alike, merged, operating_point
from ..estimation.ratios import errors_of
from ..estimation.spread.quantiles import LEVEL, log_interval

OUTPUTS = (tau, E, C_op, C_emb, C_total, C_output)
WHOLE = ("resolution", "height", "width", "frames", "batch", "steps", "text_tokens", "gpus")
REAL = ("guidance", "cache", "guidance_steps", "pue", "grid", "lifetime_years", "utilisation", "mu")
MODES = ("software", "attention", "precision", "offload", "preset")
WORDS = ("gpu", "datacenter", "method", "boundary", *MODES, "efficiency", "embodied_boundary", "calibration")
DEGREES = ("ulysses", "ring", "cfg", "vae")
"""Degrees of a split over several accelerators."""
_SIZE = re.compile(r"([0-9]{1,9})(?:x([0-9]{1,9}))?")


@dataclass(frozen=True)
class Ratio:
    """One quantity of a request over that of the first one; the interval is None where none is known.

    >>> Ratio(tau, 0.5, 0.4, 0.6).verdict
    '50.0% less: outside the uncertainty'
    """

    output: Symbol
    value: float | None
    low: float | None
    high: float | None

    @property
    def known(self) -> bool:
        """Whether the difference is known: the interval does not hold 1."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high

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
        return f"{words}: {'outside' if self.known else 'inside'} the uncertainty"


@dataclass(frozen=True)
class Comparison(Shown):
    """Requests, their estimates, and the ratios of all others to the first.

    >>> found = compare(["pixart-alpha", "pixart-sigma"], efficiency="bgr")
    >>> [x.model for x in found.estimates], len(found.ratios)
    (['pixart-alpha', 'pixart-sigma'], 1)
    """

    requests: tuple[str, ...]
    points: tuple[OperatingPoint, ...]
    estimates: tuple[Estimate, ...]
    ratios: tuple[tuple[Ratio, ...], ...]
    shared: tuple[str, ...]
    level: float = LEVEL
    notes: tuple[str, ...] = ()

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
            "notes": list(self.notes),
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
    >>> read_request("hunyuanvideo,gpus=8,ulysses=4,ring=2")
    ('hunyuanvideo', {'gpus': 8, 'split': 'ulysses=4,ring=2'})
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
    degrees: list[str] = []
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip().replace("-", "_")
        name = "datacenter" if name == "place" else name
        if name in DEGREES or (name == "split" and value.partition("=")[0].strip() in DEGREES):
            degrees.append(part.removeprefix("split="))
            continue
        if not equals or name not in (*WHOLE, *REAL, *WORDS):
            known = (*WHOLE, *REAL, *WORDS, *DEGREES)
            hint = nearest(name, known) if equals else "; expected NAME=VALUE"
            raise InputError(f"request {text[:60]!r}: {part[:30]!r} is not understood{hint}")
        if name in found:
            raise InputError(f"request {text[:60]!r}: {name} stands twice")
        found[name] = _value(text, name, value.strip())
    return model, found | ({"split": ",".join(degrees)} if degrees else {})


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
        raise InputError(f"level = {short(level)} is outside 0..1, exclusive")
    if len(requests) < 2:
        raise InputError("give two requests or more, such as: pixart-alpha@512 pixart-alpha@1024,steps=20")
    asked = [(model, merged(shared, own)) for model, own in map(read_request, requests)]
    catalog = shared.get("catalog")
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    alike, notes = counted_alike(entries, [options for _, options in asked])
    points = [operating_point(model, **options) for (model, _), options in zip(asked, alike, strict=True)]
    first = points[0]
    return Comparison(
        tuple(requests), tuple(points), tuple(estimate_at(point) for point in points),
        tuple(ratios(first, point, level) for point in points[1:]),
        tuple(shared_errors(first, point) for point in points[1:]), level, notes,
    )  # fmt: skip


def ratios(first: OperatingPoint, other: OperatingPoint, level: float = LEVEL) -> tuple[Ratio, ...]:
    """The ratio of every output of one operating point to that of the first, with its interval."""
    values = [pipeline.evaluate(point.values, OUTPUTS, point.route) for point in (first, other)]
    errors = errors_of((first, other), OUTPUTS, level)
    found = []
    for x in OUTPUTS:
        below, above = float(values[0][x]), float(values[1][x])
        if math.isnan(below) or math.isnan(above) or below == 0:
            found.append(Ratio(x, None, None, None))
            continue
        value, half = above / below, float(errors[x].half_widths(0)[1])
        low, high = (None, None) if math.isnan(half) or value == 0 else log_interval(value, half)
        found.append(Ratio(x, value, low, high))
    return tuple(found)


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
    if first.model.id == other.model.id and first.values.get(n_gpu) == other.values.get(n_gpu):
        return (
            "one calibration and one model: what the model is off by cancels, parameter errors as far as both depend "
            "on them alike; scatter of the model's runs is each side's own"
        )
    return (
        "one calibration: parameter errors cancel as far as both depend on them alike; scatter of each model is its own"
    )
