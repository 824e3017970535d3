"""From an operating point to an `Estimate`: every number with its unit and interval, what it rests on, and what to
beware of.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from sympy import Symbol

from ..catalog.stages import DECODER, DENOISER
from ..display import Shown
from ..equations import carbon, pipeline
from ..equations.around import boundaries
from ..equations.notation import (
    F_VAE,
    NOTATION,
    PUE,
    REQUEST_FIELDS,
    B,
    C_emb,
    C_op,
    C_total,
    E,
    E_idle,
    F_denoiser,
    F_text,
    F_total,
    P,
    P_idle,
    S,
    ell,
    m,
    mu,
    n_launch,
    t_launch,
    tau,
)
from ..equations.parallel.symbols import n_C, n_gpu, n_R, n_U, n_vae
from . import counting
from .footprint.around import around_chip, with_host
from .footprint.basis import EXACT as EXACT, LAWS as LAWS, basis, by_operators, convention, efficiency_names
from .footprint.profile import Hours, by_the_hour
from .footprint.scenarios import any_year
from .intervals import evaluated
from .memory import memory_of, peak_notes
from .modes.stack import passes_left
from .point import OperatingPoint, Options, operating_point
from .service import DAYS_PER_YEAR, Quantity, plain, service
from .spread.quantiles import LEVEL

SCHEMA_VERSION = 2
_COMPUTED = (P, ell, F_denoiser, F_text, F_VAE, F_total, mu, tau, E, C_op, C_emb, C_total)


@dataclass(frozen=True)
class Estimate(Shown):
    """The answer to one request. Everything is for the whole batch, except ``per_output_g``, ``per_day`` and
    ``per_year``. Energy is the accelerator's; the facility's is that times PUE, what is billed. What the accelerator
    draws idle, if its utilisation is below one, is in no other quantity. ``memory_gib``: the peak, all stages loaded.
    ``any_year_g``: the total, its interval widened by what the grid changes from year to year. ``hours``: the total by
    the hour of a profile.
    Of several accelerators (``gpus``, ``split``), energy and carbon are of all, memory of each.
    """

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
    facility_energy_wh: Quantity
    operational_g: Quantity
    embodied_g: Quantity
    total_g: Quantity
    per_output_g: Quantity
    idle_energy_wh: Quantity
    idle_g: Quantity
    host_energy_wh: Quantity
    host_g: Quantity
    water_on_site_l: Quantity
    water_off_site_l: Quantity
    memory_gib: Quantity
    any_year_g: Quantity
    hours: Mapping[str, Any] | None
    per_day: Mapping[str, Any] | None
    per_year: Mapping[str, Any] | None
    basis: Mapping[str, Any]
    warnings: tuple[str, ...]
    interval_level: float | None = None
    gpus: int = 1
    split: Mapping[str, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON: numbers unrounded, unknown ones None."""
        first = {"schema_version": SCHEMA_VERSION, "stack": self.basis["stack"]}
        return {**first, **plain(vars(self)), "warnings": list(self.warnings)}


def estimate(
    model: str | None = None,
    *,
    per_day: float | None = None,
    hours: Hours | None = None,
    **options: Unpack[Options],
) -> Estimate:
    """Estimate parameters, FLOP, time, energy and carbon of one generation request, without running the model.

    Parameters
    ----------
    model
        Catalogue id; or give ``config``.
    per_day
        Outputs per day, to scale the result to a service.
    hours
        ``profile``, a file with the grid's intensity of each hour, with ``month``, ``outputs``, ``earliest`` and
        ``deadline`` as `by_the_hour` takes them.
    **options
        The request (``resolution``, or ``height`` and ``width`` in pixels; ``frames``, ``batch``, ``steps``,
        ``guidance``, ``text_tokens``), on what it runs (``gpu``, ``gpus``, ``datacenter``, or ``pue`` with ``grid``;
        ``lifetime_years``; ``mu``, ``calibration`` or ``efficiency``; ``catalog``) and how (``software``,
        ``attention``, ``precision``, ``cache`` ...): see `Options`.

    Raises `InputError` in one line for anything that has no valid answer.

    >>> result = estimate("pixart-alpha", resolution=1024, batch=1, steps=50)
    >>> print(f"{result.total_g.value:.3f} g, {result.time_s.value:.1f} s, {result.energy_wh.value:.2f} Wh")
    0.584 g, 17.9 s, 1.25 Wh
    >>> isinstance(estimate_at(operating_point("pixart-alpha")), Estimate)
    True
    """
    return estimate_at(operating_point(model, **options), per_day, hours)


def estimate_at(point: OperatingPoint, per_day: float | None = None, hours: Hours | None = None) -> Estimate:
    """Evaluate the whole chain at an operating point."""
    computed = (*_COMPUTED, n_launch) if by_operators(point) else _COMPUTED
    values, spread = evaluated(point, computed)
    results = {x: _known(v) for x, v in values.items()}
    results |= passes_left(point.values, results)
    batch, gpus = point.values[B], point.values.get(n_gpu, 1.0)

    def quantity(symbol: Symbol) -> Quantity:
        return Quantity(results[symbol], *spread.get(symbol, (None, None)))

    around = around_chip(point, quantity(tau), quantity(E))
    equipment = with_host(quantity(E).times(1000.0), around["host_energy_wh"])
    one = {
        "time_s": quantity(tau), "energy_wh": quantity(E).times(1000.0),
        "facility_energy_wh": equipment.times(point.values[PUE]), "operational_g": quantity(C_op),
        "embodied_g": quantity(C_emb), "total_g": quantity(C_total), **_idle(point, quantity(tau)),
        **around,
    }  # fmt: skip
    exact, remarks = _exact(point)
    remarks += (*_waiting(point, results), *peak_notes(point.model, point.values, point.device))
    return Estimate(
        model=point.model.id,
        gpu=point.device.id,
        datacenter=point.facility.id,
        request={NOTATION[x].field: int(point.values[x]) for x in REQUEST_FIELDS} | {"outputs": int(batch)},
        tokens={"latent": int(results[ell] or 0), "text": int(point.values[m])},
        parameters=results[P] or 0.0,
        flops={
            "denoiser": results[F_denoiser],
            "text_encoder": Quantity(results[F_text]).times(batch).value,
            "vae_decoder": Quantity(results[F_VAE]).times(batch).value,
            "total": results[F_total],
            "convention": convention(point),
            "exact": exact,
        },
        efficiency={**vars(quantity(mu)), **efficiency_names(point)},
        **one,
        per_output_g=one["total_g"].times(1.0 / batch),
        memory_gib=memory_of(point.model, point.values).peak(batch),
        any_year_g=any_year(point, one["total_g"]),
        hours=None if hours is None else by_the_hour(point, **hours),
        per_day=None if per_day is None else service(one, batch, per_day, 1, gpus),
        per_year=None if per_day is None else service(one, batch, per_day, DAYS_PER_YEAR, gpus),
        basis=basis(point, {tau: values[tau], E: values[E]}),
        warnings=point.notes + remarks,
        interval_level=LEVEL if spread else None,
        gpus=int(gpus),
        split=None if gpus == 1 else _split(point),
    )


def _split(point: OperatingPoint) -> dict[str, int]:
    """The degrees of a split, that of the decoding where it is shared."""
    degrees = (n_U, n_R, n_C, *([n_vae] if point.values[n_vae] > 1 else []))
    return {NOTATION[x].field: int(point.values[x]) for x in degrees}


def _exact(point: OperatingPoint) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The exact count that stands beside the leading order, None for a model known by its flags alone, and what to
    beware of.
    """
    if point.model.networks is None:
        return None, ()
    networks = point.model.networks()
    sizes = {NOTATION[x].field: int(point.values[x]) for x in REQUEST_FIELDS}
    found: dict[str, Any] = dict(counting.known(counting.flops(networks, **sizes)))
    weights = networks.weights()
    order = counting.leading_order(point.model, point.values, weights[DENOISER] or 0, found["denoiser_forward"] or 0.0)
    error = order["denoiser_forward_error"]
    found |= {"parameters": weights[DENOISER], "leading_order_error": error, "convention": counting.CONVENTION}
    remarks = [f"{stage} is not counted exactly: {why}" for stage, why in networks.absent.items()]
    if networks.decoder is not None and found[DECODER] is None:
        remarks.append("vae_decoder is not counted exactly: the output is smaller than the tiles it decodes")
    return found, tuple(remarks)


def _waiting(point: OperatingPoint, results: Mapping[Symbol, float | None]) -> tuple[str, ...]:
    """Say that idle power is missing where launches take half of the time or more, and joules have their own law."""
    used, seconds = {x for equation in pipeline.chain(point.route) for x in equation.inputs}, results[tau]
    if n_launch not in results or P_idle not in used or P_idle in point.device.values or seconds is None:
        return ()
    launching = (results[n_launch] or 0.0) * point.values[S] * point.values[t_launch]
    if launching < seconds / 2:
        return ()
    return (f"the idle power of {point.device.id} is unknown: waiting for launches is counted as drawing nothing",)


def _idle(point: OperatingPoint, time: Quantity) -> dict[str, Quantity]:
    """What the accelerator draws idle for this request; its interval is that of the time."""
    watts = 0.0 if point.utilisation == 1 else point.device.values.get(P_idle)
    if watts is None:
        return {"idle_energy_wh": Quantity(None), "idle_g": Quantity(None)}
    counted = any(x.number == boundaries.idle_of_facility.number for x in pipeline.accounting(point.route))
    equation = boundaries.idle_of_facility if counted else carbon.idle_energy
    one = float(equation({**point.values, P_idle: watts, tau: 1.0}))
    energy = time.times(one * point.values.get(n_gpu, 1.0))
    return {
        "idle_energy_wh": energy.times(1000.0),
        "idle_g": energy.times(float(carbon.idle_carbon({**point.values, E_idle: 1.0}))),
    }


def _known(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number
