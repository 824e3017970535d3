"""The route to time and energy: the operator law, the paper's fit, a calibration file or a measured efficiency.

One call uses one route. The operator law answers unless the user asks for another: it holds at every size, so that a
request and its neighbour never get different laws. The paper's fit, made of sides of 512 pixels and more, answers by
name; outside of what it was made of it extrapolates, and says so.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sympy import Symbol

from ..catalog.entries import Calibration, Gpu, Model
from ..catalog.loading import defaults, shipped_calibration
from ..equations import carbon, operator_law, pipeline
from ..equations.notation import NOTATION, TDP, B, H, P_idle, Theta_peak, W, bandwidth, ell, mu
from ..errors import InputError
from . import work, work_of_flags
from .request import checked
from .transfer import transfer_words, transferred


@dataclass(frozen=True)
class ChosenRoute:
    """The route chosen to time and energy: the numbers it needs and what there is to say of it."""

    route: pipeline.AnyRoute
    values: Mapping[Symbol, float]
    calibration: Calibration | None
    warnings: tuple[str, ...] = ()


def choose_route(
    model: Model,
    numbers: Mapping[Symbol, float],
    device: Gpu,
    measured: float | None,
    own: Calibration | None,
    law: str | None,
) -> ChosenRoute:
    """Choose the route that the whole call uses; raises `InputError`, naming the options that would answer.

    Without ``measured``, ``own`` or ``law`` that is the operator law, with the calibration of the accelerator or, where
    there is none, with what carries over from other accelerators.
    """
    if measured is not None:
        return _by_measurement(model, numbers, checked("mu", measured, NOTATION[mu]))
    if law not in (None, "bgr", operator_law.LAW):
        raise InputError(f"efficiency = {law!r} is unknown; expected 'bgr' or {operator_law.LAW!r}")
    if own is not None:
        if own.law == operator_law.LAW:
            return _by_operators(model, numbers, own, device)
        return ChosenRoute(own.law, own.values, own, outside_validity(own, model, numbers))
    if law == "bgr":
        return _by_bgr(numbers, model, device)
    return _by_operators(model, numbers, _operator_calibration(device), device)


def _by_measurement(model: Model, numbers: Mapping[Symbol, float], value: float) -> ChosenRoute:
    """A measured efficiency: FLOP delivered over peak, and FLOP counted exactly where the operators are known.

    That is the mu which an estimate by the operator law shows, so that it can be given back.
    """
    route: pipeline.AnyRoute = "measured"
    if model.networks is not None:
        route = pipeline.Route("measured", (*work.equations(model, numbers, 1), *pipeline.ROUTES["measured"]))
    return ChosenRoute(route, {mu: value}, None)


def _operator_calibration(device: Gpu) -> Calibration:
    """The calibration of the operator law shipped for a device, or what carries over to it."""
    shipped = calibration_for(device, operator_law.LAW)
    if shipped is not None:
        return shipped
    try:
        return transferred(device)
    except InputError as why_not:
        raise InputError(
            f"gpu {device.id!r} has no calibration and none can be transferred to it: {why_not}; give a measured --mu, "
            "a --calibration file, or --efficiency bgr to extrapolate the paper's fit"
        ) from None


def _by_bgr(numbers: Mapping[Symbol, float], model: Model, device: Gpu) -> ChosenRoute:
    """The paper's fit, and a warning for each way in which it extrapolates."""
    calibration = calibration_for(device)
    notes: tuple[str, ...] = ()
    if calibration is None:
        calibration = shipped_calibration(str(defaults()["gpu"]))
        assert calibration is not None
        notes = (f"extrapolates: the fit was made on {_device_words(calibration)}, not on {device.id}",)
    return ChosenRoute(
        calibration.law, calibration.values, calibration, (*notes, *outside_validity(calibration, model, numbers))
    )


def _by_operators(model: Model, numbers: Mapping[Symbol, float], calibration: Calibration, device: Gpu) -> ChosenRoute:
    """The operator law: the work of this model, and energy by its own law where that has been measured."""
    known = {*calibration.values, *(law.lhs for law in calibration.equations)}
    own_energy = {*operator_law.ENERGY, TDP} <= known | calibration.device.keys()
    equations = (
        *work.equations(model, numbers, calibration.head_multiple), *calibration.equations,
        *(operator_law.EQUATIONS if own_energy else (*operator_law.AT_FULL_CLOCK, carbon.energy)),
    )  # fmt: skip
    values = {P_idle: 0.0, **calibration.device, **calibration.values}
    notes = [transfer_words(calibration, device)] if calibration.transferred else []
    notes += outside_validity(calibration, model, numbers)
    if model.networks is None:
        calibration = replace(calibration, quality=_widened(calibration.quality))
        notes.append(f"{model.id} is known by its flags alone: {work_of_flags.words()}")
    return ChosenRoute(pipeline.Route(operator_law.LAW, equations), values, calibration, tuple(notes))


def _widened(quality: Mapping[str, Any]) -> dict[str, Any]:
    """The quality of a fit, with the further error of a model that is known by its flags alone."""
    found = dict(quality)
    for suffix, name in (("", "time"), ("_energy", "energy")):
        key = f"besides_log_scatter{suffix}"
        found[key] = math.hypot(found.get(key, 0.0), work_of_flags.SCATTER[name])
    return found


def calibration_for(device: Gpu, law: str = "bgr") -> Calibration | None:
    """The calibration of this law shipped for a device; None if a user's entry has its name but other facts."""
    calibration = shipped_calibration(device.id, law)
    facts = (Theta_peak, TDP, bandwidth) if law == operator_law.LAW else (Theta_peak,)
    if calibration is None or any(calibration.device[x] != device.values.get(x) for x in facts):
        return None
    return calibration


def _device_words(calibration: Calibration) -> str:
    return f"{calibration.gpu} at {calibration.device[Theta_peak] / 1e12:g} TFLOP/s"


def is_production(calibration: Calibration, numbers: Mapping[Symbol, float]) -> bool:
    """Whether the output is at least as large, in pixels, as the smallest the calibration was fitted on."""
    return numbers[H] * numbers[W] >= float(calibration.validity["pixels_min"])


def outside_validity(calibration: Calibration, model: Model, numbers: Mapping[Symbol, float]) -> tuple[str, ...]:
    """Say, a line each, in which ways a request lies outside the range the calibration was measured in."""
    notes = []
    if not model.has_sides:
        notes.append("extrapolates: the calibration was fitted on images and videos, and this is sound")
    elif not is_production(calibration, numbers):
        notes.append(
            f"extrapolates: {numbers[H]:g} x {numbers[W]:g} lies below the calibrated regime ({_regime(calibration)})"
        )
    tokens = pipeline.evaluate({**model.values, **numbers}, (ell,))[ell]
    for what, value, (low, high) in (
        ("batch", numbers[B], calibration.validity["batch"]),
        ("latent tokens", tokens, calibration.validity["latent_tokens"]),
    ):
        if not low <= value <= high:
            notes.append(f"extrapolates: {what} = {value:g} is outside the calibrated {low:g}..{high:g}")
    return tuple(notes)


def _regime(calibration: Calibration) -> str:
    side = math.isqrt(int(calibration.validity["pixels_min"]))
    return f"height x width of at least {side} x {side}"


def order_notes(
    route: pipeline.AnyRoute, calibration: Calibration | None, model: Model, numbers: Mapping[Symbol, float]
) -> tuple[str, ...]:
    """How far the leading-order FLOP of a route are from the exact count; a route that brings its own work counts
    exactly.
    """
    if pipeline.own(route) is not None:
        return ()
    return work.leading_order_notes(model, numbers, fitted=calibration is not None)
