"""What matters here: exact elasticities at an operating point, and ranges around it.

An *elasticity* is the percentage by which an output changes when an input changes by one per cent: local and exact,
from the gradient of the chain. Exact is the derivative of the law, not the law: its constants have a covariance, and on
a model that it has not seen it has an error. Both stand among the bars of the tornado, and in the Sobol indices
(`variance`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Any

import numpy as np
from sympy import Expr, Symbol, exp, log

from ..catalog.loading import ranges
from ..equations import derivatives, operator_law, pipeline
from ..equations.equation import Equation, exact
from ..equations.notation import NOTATION, TDP, C_output, H, Theta_peak, W, n_frames, n_latent, v_t
from ..errors import InputError, nearest, short
from ..estimation.intervals import predictive, scatter_met
from ..estimation.point import OperatingPoint
from ..estimation.request import resolve_request
from ..estimation.routes import outside_validity
from ..estimation.spread.quantiles import LEVEL, quantile
from .knobs import KNOBS, WORDS, absent, belongs_to_calibration, exponents, loosened, setting, turned

NOUNS: Mapping[str, str] = MappingProxyType({
    "per_output_g": "carbon per output", "total_g": "carbon", "operational_g": "operational carbon",
    "embodied_g": "embodied carbon", "energy_kwh": "energy", "time_s": "time", "mu": "efficiency", "flops": "FLOP",
    "parameters": "parameters",
})  # fmt: skip


@dataclass(frozen=True)
class Elasticity:
    """How one output answers to one knob, in per cent per per cent, with a sentence that says so.

    >>> Elasticity("steps", 0.5, 20.0).value
    0.5
    """

    knob: str
    value: float
    setting: float

    def sentence(self, noun: str) -> str:
        """Say it in words.

        >>> Elasticity("side", 2.7, 1024).sentence("carbon")
        '1 % more side length costs 2.7 % more carbon here'
        """
        if abs(self.value) < 5e-7:
            return f"{WORDS[self.knob]} makes no difference to {noun} here"
        amount = f"{abs(self.value):.2g} %"
        if self.value > 0:
            return f"1 % more {WORDS[self.knob]} costs {amount} more {noun} here"
        return f"1 % more {WORDS[self.knob]} saves {amount} of {noun} here"


@dataclass(frozen=True)
class Swing:
    """One bar of the tornado: the output at both ends of a documented range, all else as it is.

    >>> Swing("pue", 1.0, 1.5, 0.2, 0.3, "a source").at_high
    0.3
    """

    knob: str
    low_setting: float
    high_setting: float
    at_low: float
    at_high: float
    source: str
    note: str = ""


def output_symbol(name: str) -> Symbol:
    """Return the symbol of an output by name; raises `InputError` with the names there are."""
    if name not in pipeline.NAMES:
        raise InputError(f"unknown output {name!r}{nearest(name, pipeline.NAMES)}")
    return pipeline.NAMES[name]


def refuse_if_calibrated(point: OperatingPoint, name: str, symbol: Symbol) -> None:
    """Raise `InputError` for the peak or the power that the energy of a calibration was measured at."""
    if symbol in (Theta_peak, TDP) and belongs_to_calibration(point, symbol):
        raise InputError(
            f"{name} of {point.device.id} is what its energy was measured at and cannot be turned; give another "
            "accelerator (--gpu, or an entry of your own in --catalog)"
        )


def elasticities(point: OperatingPoint, output: Symbol = C_output) -> list[Elasticity]:
    """Return the exact elasticity of ``output`` to every knob it depends on, the strongest first.

    Knobs at zero (no text, ell* = 0) and unknown ones are left out. On a calibrated accelerator measured joules go with
    its facts (`knobs.TIED`). Raises `InputError` if the output itself is unknown.

    >>> from ditcarbon_sym import operating_point
    >>> elasticities(operating_point("pixart-alpha", efficiency="bgr"), C_output)[0].knob
    'side'
    """
    point = loosened(point)
    slopes = derivatives.gradient(point.values, output, point.route)
    value = float(slopes.pop(output))
    if value == 0:
        raise InputError(f"{NOTATION[output].field} is zero here: nothing changes it by a percentage")
    if math.isnan(value):
        why = "; ".join(x for x in point.notes if " unknown" in x)
        raise InputError(
            f"{NOTATION[output].field} is unknown here: {why}; another output, such as time_s, may be known"
        )
    found = []
    for knob in KNOBS:
        if absent(point, knob):
            continue
        moved = exponents(point, knob)
        pulls = [power * float(slopes[x]) * point.values[x] for x, power in moved.items() if x in slopes]
        if knob == "frames":
            pulls = _pull_of_frames(point, slopes)
        if pulls and all(point.values[x] for x in moved):
            found.append(Elasticity(knob, sum(pulls) / value, setting(point, knob)))
    return sorted(found, key=lambda x: -round(abs(x.value), 9))  # of equals, the first in the table


def _pull_of_frames(point: OperatingPoint, slopes: Mapping[Symbol, Any]) -> list[float]:
    """Output frames act on the VAE, and through n_latent = 1 + (n_frames - 1) / v_t on the denoiser."""
    direct = float(slopes.get(n_frames, 0.0))
    through = float(slopes.get(n_latent, 0.0)) / point.values[v_t]
    return [(direct + through) * point.values[n_frames]]


def documented_ranges(point: OperatingPoint) -> dict[str, tuple[float, float, str]]:
    """Return the documented range of each knob that has one at this operating point: low, high, source.

    Sizes of a request go from and to parts of what the model was released for, not of what a calibration has seen.
    """
    released = resolve_request(point.model, {})[0]
    found = {}
    for knob, entry in ranges().items():
        symbol = KNOBS[knob][0]
        if absent(point, knob):
            continue
        if math.isnan(point.values.get(symbol, math.nan)):
            continue
        if symbol in (Theta_peak, TDP) and belongs_to_calibration(point, symbol):
            continue
        release = math.sqrt(released[H] * released[W]) if knob == "side" else released.get(symbol, math.inf)
        scale = setting(point, knob) if entry.get("relative") else release if entry.get("of_release") else 1.0
        valid = NOTATION[symbol]
        low, high = max(entry["low"] * scale, valid.low), min(entry["high"] * scale, valid.high)
        if entry.get("up_to_release"):
            high = min(high, release)
        if low < high:
            used = (
                f", times the utilisation of {point.utilisation:g}"
                if knob == "lifetime_s" and point.utilisation < 1
                else ""
            )
            found[knob] = (low, high, entry["source"] + used)
    own = {knob: ends for knob, ends in point.ranges.items() if KNOBS[knob][0] in point.values}
    return found | own | _ranges_of_constants(point)


def _ranges_of_constants(point: OperatingPoint) -> dict[str, tuple[float, float, str]]:
    """The interval of each fitted constant alone, from the covariance of the calibration."""
    if point.calibration is None:
        return {}
    found = {}
    for k, x in enumerate(point.calibration.free):
        value, deviation = point.calibration.values[x], math.sqrt(point.calibration.covariance[k][k])
        half = quantile(LEVEL) * deviation
        valid, ends = NOTATION[x], (value - half, value + half)
        if point.calibration.law == operator_law.LAW:  # whose covariance holds in logarithms
            ends = value * math.exp(-half / value), value * math.exp(half / value)
        low, high = max(ends[0], valid.low), min(ends[1], valid.high)
        if low < high:
            found[valid.field] = (low, high, f"{100 * LEVEL:g} % interval of the fit, {point.calibration.origin}")
    return found


def error_of_the_law(point: OperatingPoint, output: Symbol) -> float:
    """Standard deviation of the output's logarithm that the law's error on an unseen model gives; 0 if it has none.

    Where few groups were held out it is that of the normal distribution with the same central interval.
    """
    if output not in predictive(point, (output,)):
        return 0.0
    met = scatter_met(output, point)
    return met.quantile(LEVEL) / quantile(LEVEL) * met.deviation


def tornado(
    point: OperatingPoint, output: Symbol = C_output, given: Mapping[str, tuple[float, float]] | None = None
) -> list[Swing]:
    """Turn each knob through its range, all else as it is; the widest swing first.

    The ranges are the documented ones, with those ``given`` in their place. The law's own error is a bar, too, as a
    factor. A note tells an end outside what the efficiency was calibrated in, and an operating point outside the range.

    >>> from ditcarbon_sym import operating_point
    >>> [x.knob for x in tornado(operating_point("pixart-alpha", efficiency="bgr"))[:2]]
    ['side', 'grid_gco2eq_per_kwh']
    """
    point, swings = loosened(point), []
    for knob, (low, high, source) in spans(point, given).items():
        ends = pipeline.evaluate({**point.values, **turned(point, knob, np.array([low, high]))}, (output,), point.route)
        at_low, at_high = (float(x) for x in np.broadcast_to(ends[output], (2,)))
        swings.append(Swing(knob, low, high, at_low, at_high, source, _range_note(point, knob, low, high)))
    if spread := error_of_the_law(point, output):
        here = float(pipeline.evaluate(point.values, (output,), point.route)[output])
        factor = math.exp(quantile(LEVEL) * spread)
        source = f"{100 * LEVEL:g} % of models held out of the fit"
        swings.append(Swing("law", 1 / factor, factor, here / factor, here * factor, source))
    return sorted(swings, key=lambda x: -abs(x.at_high - x.at_low))


def spans(
    point: OperatingPoint, given: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, tuple[float, float, str]]:
    """Return the range of each knob: the documented ones, with those ``given`` in their place or beside them."""
    found = documented_ranges(point)
    for knob, (low, high) in (given or {}).items():
        check_range(knob, low, high)
        if why := absent(point, knob):
            raise InputError(f"range of {knob}: {why}")
        refuse_if_calibrated(point, knob, KNOBS[knob][0])
        found[knob] = (low, high, "as given")
    return found


def check_range(knob: str, low: float, high: float) -> None:
    """Refuse a range of an unknown knob, a reversed one, or one that leaves what the knob may be."""
    if knob not in KNOBS:
        raise InputError(f"unknown input {knob!r}{nearest(knob, KNOBS)}")
    if not low < high:
        raise InputError(f"range of {knob} = {short(low)}..{short(high)} is reversed or empty; expected low < high")
    symbol = KNOBS[knob][0]
    entry = NOTATION[symbol]
    if (low <= 0 and symbol.is_positive) or low < entry.low or high > entry.high:
        raise InputError(f"range of {knob} = {short(low)}..{short(high)} leaves {max(entry.low, 0):g}..{entry.high:g}")


def _range_note(point: OperatingPoint, knob: str, low: float, high: float) -> str:
    """What a reader of the bar must know: it extrapolates at an end, or does not contain the operating point."""
    notes = []
    if not low <= setting(point, knob) <= high:
        notes.append("operating point outside the range")
    if point.calibration is not None:
        for end, value in (("low", low), ("high", high)):
            moved = {**point.values, **{x: float(v) for x, v in turned(point, knob, value).items()}}
            if set(outside_validity(point.calibration, point.model, moved)) - set(point.notes):
                notes.append(f"{end} end extrapolates")
    return ", ".join(notes)


def interactions(
    point: OperatingPoint, knobs: Sequence[str], output: Symbol = C_output
) -> dict[tuple[str, str], float]:
    """Return, for each pair of knobs, the exact second derivative of ln(output) by their logarithms.

    It is by how much the elasticity to one knob changes per unit change in the logarithm of the other; zero where
    they only multiply.
    """
    point = loosened(point)
    turns = {knob: Symbol(f"u_{knob}", real=True) for knob in knobs}
    moved: dict[Symbol, Expr] = {}
    for knob, u in turns.items():
        for x, power in exponents(point, knob).items():
            moved[x] = moved.get(x, exact(point.values[x])) * exp(power * u)
        if knob == "frames":
            more = moved[n_frames] - exact(point.values[n_frames])
            moved[n_latent] = exact(point.values[n_latent]) + more / moved.get(v_t, exact(point.values[v_t]))
    logarithm = Symbol("logarithm", real=True)
    equations = (
        *(Equation("", x, rhs) for x, rhs in moved.items()), *pipeline.chain(point.route),
        Equation("", logarithm, log(output)),
    )  # fmt: skip
    here = {**point.values, **dict.fromkeys(turns.values(), 0.0)}
    second = derivatives.second_derivatives(here, logarithm, tuple(turns.values()), equations)
    return {(one, other): second[turns[one], turns[other]] for one, other in combinations(turns, 2)}
