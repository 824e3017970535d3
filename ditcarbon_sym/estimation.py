"""From a request to an `Estimate`: every number with its unit, what it rests on, and what to beware of.

The paper's three routes to the efficiency mu are offered: the pooled production fit shipped for the accelerator, a
calibration file, and a measured value. The fit is never used silently outside its production regime or on another
accelerator.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from sympy import Symbol

from . import __version__, pipeline
from .catalog import Calibration, Catalog, Datacenter, Gpu, Model, defaults, load, load_calibration, shipped_calibration
from .notation import (
    F_VAE,
    NOTATION,
    PUE,
    REQUEST_FIELDS,
    SECONDS_PER_YEAR,
    TDP,
    B,
    C_chip,
    C_emb,
    C_op,
    C_total,
    E,
    F_denoiser,
    F_text,
    F_total,
    H,
    I_grid,
    InputError,
    L,
    Notation,
    P,
    Theta_peak,
    W,
    ell,
    m,
    mu,
    tau,
)  # fmt: skip
from .request import Request, checked, resolve_request

SCHEMA_VERSION = 1
LIFETIME_YEARS = Notation(L, "L", "hardware lifetime", "years", "lifetime_years", 0.1, 50, False, "years")
PER_DAY = Notation(B, "n", "outputs per day", "1/day", "per_day", 1e-3, 1e12, False, "outputs per day")
_COMPUTED = (P, ell, F_denoiser, F_text, F_VAE, F_total, mu, tau, E, C_op, C_emb, C_total)


@dataclass(frozen=True)
class Quantity:
    """A value with its interval; None is unknown, never zero."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Estimate:
    """The answer to one request. Everything is for the whole batch, except ``per_output_g`` and ``per_day``."""

    model: str
    gpu: str
    datacenter: str
    request: Mapping[str, int]
    tokens: Mapping[str, int]
    parameters: float
    flops: Mapping[str, Any]
    efficiency: Mapping[str, Any]
    time_s: Quantity
    energy_wh: Quantity
    operational_g: Quantity
    embodied_g: Quantity
    total_g: Quantity
    per_output_g: Quantity
    per_day: Mapping[str, float | None] | None
    basis: Mapping[str, Any]
    warnings: tuple[str, ...]
    interval_level: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON: numbers unrounded, unknown ones None."""
        plain = {key: vars(value) if isinstance(value, Quantity) else value for key, value in vars(self).items()}
        return {"schema_version": SCHEMA_VERSION, **plain, "warnings": list(self.warnings)}


@dataclass(frozen=True)
class _Efficiency:
    """The route chosen for mu: the numbers it needs and what there is to say of it."""

    route: str
    values: Mapping[Symbol, float]
    calibration: Calibration | None
    warnings: tuple[str, ...] = ()


def estimate(
    model: str,
    *,
    gpu: str | None = None,
    datacenter: str | None = None,
    pue: float | None = None,
    grid: float | None = None,
    lifetime_years: float | None = None,
    mu: float | None = None,
    calibration: str | Path | None = None,
    efficiency: str | None = None,
    per_day: float | None = None,
    catalog: str | Path | Catalog | None = None,
    **request: Unpack[Request],
) -> Estimate:
    """Estimate parameters, FLOP, time, energy and carbon of one generation request, without running the model.

    Parameters
    ----------
    model, gpu, datacenter
        Catalogue ids; accelerator and data centre default to the paper's (Tesla V100-PCIE-16GB, US average).
    pue, grid
        Instead of a data centre: power usage effectiveness and gCO2eq/kWh.
    lifetime_years
        Over which embodied carbon is amortised, linearly.
    mu, calibration, efficiency
        A measured efficiency (fraction of peak), a calibration file, or ``"bgr"`` to use the shipped fit even
        where it extrapolates.
    per_day
        Outputs per day, to scale the result to a service.
    catalog
        A TOML file with entries of your own, or a loaded `Catalog`.
    **request
        ``resolution`` (or ``height`` and ``width``, pixels), ``frames`` (output frames), ``batch``, ``steps``,
        ``guidance`` (denoiser passes per step), ``text_tokens``.

    Raises
    ------
    InputError
        In one line, for anything that has no valid answer.

    Examples
    --------
    >>> result = estimate("pixart-alpha", resolution=1024, batch=1, steps=50)
    >>> print(f"{result.total_g.value:.3f} g, {result.time_s.value:.1f} s, {result.energy_wh.value:.2f} Wh")
    0.559 g, 17.2 s, 1.19 Wh
    """
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    chosen = entries.model(model)
    numbers, notes = resolve_request(chosen, request)
    own = load_calibration(calibration) if calibration is not None else None
    device = _device(entries, gpu, own)
    facility = _facility(entries, datacenter, pue, grid)
    route = _choose_efficiency(chosen, numbers, device, mu, own, efficiency)
    years = LIFETIME_YEARS.check(defaults()["lifetime_years"] if lifetime_years is None else lifetime_years)
    boundary = str(defaults()["embodied_boundary"])
    configuration = {
        **dict.fromkeys((Theta_peak, TDP), math.nan),  # unknown unless the device says otherwise
        **chosen.values, **numbers, **device.values, **facility.values, **route.values,
        L: years * float(SECONDS_PER_YEAR), C_chip: device.embodied.get(boundary, math.nan),
    }  # fmt: skip
    results = {x: _known(v) for x, v in pipeline.evaluate(configuration, _COMPUTED, route.route).items()}
    return _assemble(chosen, device, facility, numbers, results, route, years, boundary, per_day, notes)


def _device(entries: Catalog, gpu: str | None, calibration: Calibration | None) -> Gpu:
    """The accelerator asked for, else the one the calibration was measured on, else the default."""
    if calibration is None:
        return entries.gpu(gpu or str(defaults()["gpu"]))
    if gpu is not None and gpu != calibration.gpu:
        raise InputError(
            f"gpu = {gpu!r}, but {calibration.origin} was measured on {calibration.gpu!r}; leave --gpu out"
        )
    known = entries.gpus.get(calibration.gpu)
    return Gpu(
        id=calibration.gpu, name=known.name if known else calibration.gpu, values=calibration.device, sources={},
        origin=calibration.origin, precision=known.precision if known else "", embodied=known.embodied if known else {},
    )  # fmt: skip


def _facility(entries: Catalog, datacenter: str | None, pue: float | None, grid: float | None) -> Datacenter:
    if pue is None and grid is None:
        return entries.datacenter(datacenter or str(defaults()["datacenter"]))
    if datacenter is not None:
        raise InputError(f"datacenter = {datacenter!r} together with pue or grid; give one or the other")
    if pue is None or grid is None:
        raise InputError("pue and grid go together (or name a datacenter)")
    values = {PUE: checked("pue", pue, NOTATION[PUE]), I_grid: checked("grid", grid, NOTATION[I_grid])}
    return Datacenter("custom", "as given", values, {}, "as given")


def _choose_efficiency(
    model: Model,
    numbers: Mapping[Symbol, float],
    device: Gpu,
    measured: float | None,
    own: Calibration | None,
    law: str | None,
) -> _Efficiency:
    """Choose the one route to mu that the whole call uses, or refuse and name the options that would answer."""
    if sum(choice is not None for choice in (measured, own, law)) > 1:
        raise InputError("give one of mu, calibration and efficiency, not several")
    if measured is not None:
        return _Efficiency("measured", {mu: checked("mu", measured, NOTATION[mu])}, None)
    if law is not None and law != "bgr":
        raise InputError(f"efficiency = {law!r} is unknown; expected 'bgr'")
    if own is not None:
        return _Efficiency(own.law, own.values, own, outside_validity(own, model, numbers))
    calibration = shipped_calibration(device.id)
    explicit = law is not None
    if calibration is None and explicit:
        calibration = shipped_calibration(str(defaults()["gpu"]))
    remedy = "give a measured --mu, a --calibration file, or --efficiency bgr to extrapolate"
    if calibration is None:
        raise InputError(f"gpu {device.id!r} has no calibration; {remedy}")
    transferred = (
        ()
        if calibration.gpu == device.id
        else (f"extrapolates: the fit was made on {calibration.gpu}, not on {device.id}",)
    )
    outside = outside_validity(calibration, model, numbers)
    if not is_production(calibration, numbers) and not explicit:
        pixels = f"{numbers[H]:g} x {numbers[W]:g}"
        raise InputError(
            f"{pixels} lies below the production regime ({_regime(calibration)}) of the fit for {device.id}; {remedy}"
        )
    return _Efficiency(calibration.law, calibration.values, calibration, transferred + outside)


def is_production(calibration: Calibration, numbers: Mapping[Symbol, float]) -> bool:
    """Whether the output is at least as large, in pixels, as the smallest the calibration was fitted on."""
    return numbers[H] * numbers[W] >= float(calibration.validity["pixels_min"])


def outside_validity(calibration: Calibration, model: Model, numbers: Mapping[Symbol, float]) -> tuple[str, ...]:
    """Say, a line each, in which ways a request lies outside the range the calibration was measured in."""
    notes = []
    if not is_production(calibration, numbers):
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


def _known(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number


def _assemble(
    model: Model, device: Gpu, facility: Datacenter, numbers: Mapping[Symbol, float],
    results: Mapping[Symbol, float | None], route: _Efficiency, years: float, boundary: str,
    per_day: float | None, notes: tuple[str, ...],
) -> Estimate:  # fmt: skip
    batch = numbers[B]
    total = results[C_total]
    per_output = None if total is None else total / batch
    energy = results[E]
    return Estimate(
        model=model.id,
        gpu=device.id,
        datacenter=facility.id,
        request={NOTATION[x].field: int(numbers[x]) for x in REQUEST_FIELDS} | {"outputs": int(batch)},
        tokens={"latent": int(results[ell] or 0), "text": int(numbers[m])},
        parameters=results[P] or 0.0,
        flops={
            "denoiser": results[F_denoiser],
            "text_encoder": _times(results[F_text], batch),
            "vae_decoder": _times(results[F_VAE], batch),
            "total": results[F_total],
            "convention": "1 fused multiply-add = 2 FLOP; leading order, paper Eq. (2)",
        },
        efficiency={"value": results[mu], "low": None, "high": None, **_efficiency_names(route)},
        time_s=Quantity(results[tau]),
        energy_wh=Quantity(_times(energy, 1000.0)),
        operational_g=Quantity(results[C_op]),
        embodied_g=Quantity(results[C_emb]),
        total_g=Quantity(total),
        per_output_g=Quantity(per_output),
        per_day=None if per_day is None else _daily(per_day, batch, results),
        basis=_basis(model, device, facility, route, years, boundary),
        warnings=notes + route.warnings + _unknowns(device, boundary),
    )


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _efficiency_names(route: _Efficiency) -> dict[str, str | None]:
    law = {"bgr": "BGR saturation, paper Eq. (3)", "measured": "measured value, as given"}[route.route]
    return {"model": law, "calibration": route.calibration.origin if route.calibration else None}


def _daily(per_day: float, batch: float, results: Mapping[Symbol, float | None]) -> dict[str, float | None]:
    """Scale one batch to a day's outputs."""
    batches = PER_DAY.check(per_day) / batch
    return {
        "outputs": per_day,
        "total_g": _times(results[C_total], batches),
        "energy_wh": _times(results[E], 1000.0 * batches),
        "gpu_hours": _times(results[tau], batches / 3600.0),
    }


def _unknowns(device: Gpu, boundary: str) -> tuple[str, ...]:
    """Name each missing fact and what stays unknown for want of it."""
    notes = []
    if TDP not in device.values:
        notes.append(f"the power of {device.id} is unknown: energy and carbon are left out")
    if boundary not in device.embodied:
        notes.append(
            f"the embodied carbon of {device.id} ({boundary}) is unknown: embodied and total carbon are left out"
        )
    return tuple(notes)


def _basis(
    model: Model, device: Gpu, facility: Datacenter, route: _Efficiency, years: float, boundary: str
) -> dict[str, Any]:
    used = {equation.lhs for equation in pipeline.chain(route.route)}
    calibration = route.calibration
    return {
        "equations": [f"Eq. ({equation.number})" for equation in pipeline.EQUATIONS if equation.lhs in used],
        "efficiency": route.route,
        "calibration": None if calibration is None else {
            "gpu": calibration.gpu, "law": calibration.law,
            "parameters": {NOTATION[x].field: v for x, v in calibration.values.items()},
            **calibration.quality, "validity": calibration.validity, "verdicts": calibration.verdicts,
            "data": calibration.data,
        },
        "peak_flop_per_second": device.values.get(Theta_peak),
        "precision": device.precision,
        "tdp_watt": device.values.get(TDP),
        "power": "rated TDP for the whole runtime, paper Eq. (5)",
        "pue": facility.values[PUE],
        "grid_gco2eq_per_kwh": facility.values[I_grid],
        "lifetime_years": years,
        "embodied_boundary": boundary,
        "embodied_gco2eq": device.embodied.get(boundary),
        "sources": {"model": dict(model.sources), "gpu": dict(device.sources), "datacenter": dict(facility.sources)},
        "model_origin": model.origin,
        "package_version": __version__,
    }  # fmt: skip
