"""What matters here: exact elasticities at an operating point, ranges around it, and Sobol indices as the global
counterpart.

An *elasticity* is the percentage by which an output changes when an input changes by one per cent: local and exact,
from the gradient of the chain. A *knob* is what a user turns: the side of the output moves height and width
together, frames move latent and output frames.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from sympy import Expr, Symbol, exp, log

from ..catalog.loading import ranges
from ..equations import derivatives, pipeline
from ..equations.equation import exact
from ..equations.notation import (
    B_0,
    NOTATION,
    P_VAE,
    PUE,
    TDP,
    B,
    C_chip,
    C_output,
    H,
    I_grid,
    L,
    N,
    P_enc,
    S,
    Theta_peak,
    W,
    d,
    ell_star,
    eps_flop,
    f,
    g,
    k_VAE,
    m,
    mu,
    mu_sat,
    n_frames,
    n_latent,
    t,
    v_t,
)
from ..errors import InputError, nearest
from ..estimation.point import OperatingPoint
from ..estimation.routes import outside_validity

KNOBS: Mapping[str, tuple[Symbol, ...]] = MappingProxyType({
    "side": (H, W), "frames": (n_frames,), "steps": (S,), "batch": (B,), "guidance": (g,), "text_tokens": (m,),
    "blocks": (N,), "hidden_size": (d,), "mlp_ratio": (f,), "text_encoder_parameters": (P_enc,),
    "vae_decoder_parameters": (P_VAE,), "vae_reuse_factor": (k_VAE,), "peak_flop_per_second": (Theta_peak,),
    "tdp_watt": (TDP,), "embodied_gco2eq": (C_chip,), "lifetime_s": (L,), "pue": (PUE,),
    "grid_gco2eq_per_kwh": (I_grid,), "mu_sat": (mu_sat,), "B_0": (B_0,), "ell_star": (ell_star,), "mu": (mu,),
})  # fmt: skip
"""What a user can turn, and the symbols that turn with it."""

WORDS: Mapping[str, str] = MappingProxyType({
    "side": "side length", "frames": "frames", "steps": "steps", "batch": "batch size", "guidance": "guidance passes",
    "text_tokens": "text tokens", "blocks": "blocks", "hidden_size": "hidden size", "mlp_ratio": "MLP ratio",
    "text_encoder_parameters": "text-encoder parameters", "vae_decoder_parameters": "VAE decoder parameters",
    "vae_reuse_factor": "VAE reuse factor", "peak_flop_per_second": "peak throughput", "tdp_watt": "power",
    "embodied_gco2eq": "embodied carbon of the accelerator", "lifetime_s": "hardware lifetime in use", "pue": "PUE",
    "grid_gco2eq_per_kwh": "grid intensity", "mu_sat": "saturated efficiency", "B_0": "batch half-saturation",
    "ell_star": "sequence half-saturation", "mu": "efficiency",
})  # fmt: skip

NOUNS: Mapping[str, str] = MappingProxyType({
    "per_output_g": "carbon per output", "total_g": "carbon", "operational_g": "operational carbon",
    "embodied_g": "embodied carbon", "energy_kwh": "energy", "time_s": "time", "mu": "efficiency", "flops": "FLOP",
    "parameters": "parameters",
})  # fmt: skip


@dataclass(frozen=True)
class Elasticity:
    """How one output answers to one knob, in per cent per per cent, with a sentence that says so."""

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
    """One bar of the tornado: the output at both ends of a documented range, all else as it is."""

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


def belongs_to_calibration(point: OperatingPoint, symbol: Symbol) -> bool:
    """Whether a fact of the accelerator cannot be turned: its joules were measured at this peak and this power, and
    would be others on an accelerator that has others.
    """
    known = {} if point.calibration is None else point.calibration.values
    return symbol in (Theta_peak, TDP) and eps_flop in known


def refuse_if_calibrated(point: OperatingPoint, name: str, symbol: Symbol) -> None:
    """Raise `InputError` for a fact of the accelerator that its calibration was measured at."""
    if belongs_to_calibration(point, symbol):
        raise InputError(
            f"{name} of {point.device.id} is what its energy was measured at and cannot be turned; give another "
            "accelerator (--gpu, or an entry of your own in --catalog)"
        )


def setting(point: OperatingPoint, knob: str) -> float:
    """Where a knob stands: for the side, the geometric mean of height and width."""
    values = [point.values[x] for x in KNOBS[knob]]
    return math.prod(values) ** (1 / len(values))


def elasticities(point: OperatingPoint, output: Symbol = C_output) -> list[Elasticity]:
    """Return the exact elasticity of ``output`` to every knob it depends on, the strongest first.

    Knobs at zero (no text, ell* = 0) and unknown ones are left out. Raises `InputError` if the output itself is
    unknown.
    """
    slopes = derivatives.gradient(point.values, output, point.route)
    value = float(slopes.pop(output))
    if value == 0:
        raise InputError(f"{NOTATION[output].field} is zero here: nothing changes it by a percentage")
    if math.isnan(value):
        raise InputError(f"{NOTATION[output].field} is unknown here: {'; '.join(point.notes)}")
    found = []
    for knob, moved in KNOBS.items():
        pulls = [float(slopes[x]) * point.values[x] for x in moved if x in slopes]
        if knob == "frames":
            pulls = _pull_of_frames(point, slopes)
        if knob == "hidden_size" and point.values[t] == point.values[d] and t in slopes:
            pulls.append(float(slopes[t]) * point.values[t])
        if pulls and all(point.values[x] for x in moved) and not belongs_to_calibration(point, moved[0]):
            found.append(Elasticity(knob, sum(pulls) / value, setting(point, knob)))
    return sorted(found, key=lambda x: -round(abs(x.value), 9))  # of equals, the first in the table


def _pull_of_frames(point: OperatingPoint, slopes: Mapping[Symbol, Any]) -> list[float]:
    """Output frames act on the VAE, and through n_latent = 1 + (n_frames - 1) / v_t on the denoiser."""
    if not point.model.is_video:
        return []
    direct = float(slopes.get(n_frames, 0.0))
    through = float(slopes.get(n_latent, 0.0)) / point.values[v_t]
    return [(direct + through) * point.values[n_frames]]


def turned(point: OperatingPoint, knob: str, value: Any) -> dict[Symbol, Any]:
    """Return the symbols that change when a knob is turned to ``value`` (a number or an array)."""
    if knob == "frames":
        # From the latent frames counted at the operating point, which a request that the VAE rounds has fewer of.
        latent = point.values[n_latent] + (np.asarray(value) - point.values[n_frames]) / point.values[v_t]
        return {n_frames: value, n_latent: latent}
    if knob == "hidden_size" and point.values[t] == point.values[d]:
        return {d: value, t: value}
    if knob == "side":
        factor = np.asarray(value) / setting(point, knob)
        return {H: point.values[H] * factor, W: point.values[W] * factor}
    return dict.fromkeys(KNOBS[knob], value)


def documented_ranges(point: OperatingPoint) -> dict[str, tuple[float, float, str]]:
    """Return the documented range of each knob that has one at this operating point: low, high, source."""
    found = {}
    for knob, entry in ranges().items():
        if knob == "frames" and not point.model.is_video:
            continue
        if any(math.isnan(point.values.get(x, math.nan)) for x in KNOBS[knob]):
            continue
        if belongs_to_calibration(point, KNOBS[knob][0]):
            continue
        scale = setting(point, knob) if entry.get("relative") else 1.0
        valid = NOTATION[KNOBS[knob][0]]
        low, high = max(entry["low"] * scale, valid.low), min(entry["high"] * scale, valid.high)
        if low < high:
            used = (
                f", times the utilisation of {point.utilisation:g}"
                if knob == "lifetime_s" and point.utilisation < 1
                else ""
            )
            found[knob] = (low, high, entry["source"] + used)
    return found


def tornado(
    point: OperatingPoint, output: Symbol = C_output, given: Mapping[str, tuple[float, float]] | None = None
) -> list[Swing]:
    """Turn each knob through its range, all else as it is; the widest swing first.

    The ranges are the documented ones, with those ``given`` in their place. A note tells an end outside what the
    efficiency was calibrated in, and an operating point outside the range.
    """
    swings = []
    for knob, (low, high, source) in spans(point, given).items():
        ends = pipeline.evaluate({**point.values, **turned(point, knob, np.array([low, high]))}, (output,), point.route)
        at_low, at_high = (float(x) for x in np.broadcast_to(ends[output], (2,)))
        swings.append(Swing(knob, low, high, at_low, at_high, source, _range_note(point, knob, low, high)))
    return sorted(swings, key=lambda x: -abs(x.at_high - x.at_low))


def spans(
    point: OperatingPoint, given: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, tuple[float, float, str]]:
    """Return the range of each knob: the documented ones, with those ``given`` in their place or beside them."""
    found = documented_ranges(point)
    for knob, (low, high) in (given or {}).items():
        check_range(knob, low, high)
        if knob == "frames" and not point.model.is_video:
            raise InputError(f"range of frames: {point.model.id} is an image model")
        refuse_if_calibrated(point, knob, KNOBS[knob][0])
        found[knob] = (low, high, "as given")
    return found


def check_range(knob: str, low: float, high: float) -> None:
    """Refuse a range of an unknown knob, a reversed one, or one that leaves what the knob may be."""
    if knob not in KNOBS:
        raise InputError(f"unknown input {knob!r}{nearest(knob, KNOBS)}")
    if not low < high:
        raise InputError(f"range of {knob} = {low:g}..{high:g} is reversed or empty; expected low < high")
    entry = NOTATION[KNOBS[knob][0]]
    if low <= 0 or low < entry.low or high > entry.high:
        raise InputError(f"range of {knob} = {low:g}..{high:g} leaves {max(entry.low, 0):g}..{entry.high:g}")


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
    turns = {knob: Symbol(f"u_{knob}", real=True) for knob in knobs}
    moved: dict[Symbol, Expr] = {x: exact(value) for x, value in point.values.items() if not math.isnan(value)}
    for knob, u in turns.items():
        for x in KNOBS[knob]:
            moved[x] = moved[x] * exp(u)
        if knob == "frames":
            moved[n_latent] = (
                exact(point.values[n_latent]) + (moved[n_frames] - exact(point.values[n_frames])) / moved[v_t]
            )
        if knob == "hidden_size" and point.values[t] == point.values[d]:
            moved[t] = moved[d]
    logarithm = log(pipeline.closed_form(output, point.route).rhs.xreplace(moved))
    here = dict.fromkeys(turns.values(), 0)
    names = list(turns)
    return {
        (one, other): float(logarithm.diff(turns[one], turns[other]).subs(here))
        for i, one in enumerate(names)
        for other in names[i + 1 :]
    }
