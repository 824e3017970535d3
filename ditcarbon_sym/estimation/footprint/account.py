"""An account: what has been used, in; grams and litres, out. It takes the same boundaries and methods as an estimate.

The energy is measured (kWh), or the rated power of an accelerator for so many hours, as in the ML CO2 calculator.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sympy import Symbol

from ...catalog.entries import Gpu
from ...catalog.loading import Catalog, defaults, load
from ...catalog.places import PROVIDERS
from ...equations import pipeline
from ...equations.around import water
from ...equations.equation import Equation
from ...equations.notation import (
    NOTATION,
    PUE,
    SECONDS_PER_YEAR,
    TDP,
    WUE,
    B,
    C_chip,
    C_emb,
    C_host,
    C_idle,
    C_op,
    C_output,
    C_total,
    E,
    E_host,
    I_grid,
    L,
    P_idle,
    h_host,
    tau,
    u,
    w_mix,
)
from ...equations.quantities import Notation
from ...errors import InputError
from ...numerics.functions import compiled
from ...version import __version__
from ..point import LIFETIME_YEARS, chosen_facility
from ..request import checked
from .accelerator import usual_boundary
from .boundaries import CHIP, boundary_of

HOURS = Notation(tau, "t", "hours of the accelerators", "h", "hours", 0, 1e12, False, "accelerators times hours")
KWH = Notation(E, "E", "energy of the accelerators", "kWh", "kwh", 0, 1e12, False, "kWh at the accelerators")
OUTPUTS = Notation(B, "R", "outputs", "1", "outputs", 1, 1e15, False, "outputs made with it")


@dataclass(frozen=True)
class Account:
    """Grams and litres of what has been used; None is unknown. Energies in kWh, carbon in gCO2eq, water in litres.

    >>> found = account("h100", kwh=10.0, hours=20.0, datacenter="gcp:us-central1")
    >>> found.gpu, round(found.operational_g), round(found.host_g)
    ('h100-sxm-80gb', 4540, 2659)
    """

    gpu: str | None
    place: str
    hours: float | None
    energy_kwh: float
    host_energy_kwh: float | None
    facility_energy_kwh: float | None
    operational_g: float
    host_g: float | None
    idle_g: float | None
    embodied_g: float | None
    total_g: float | None
    per_output_g: float | None
    water_on_site_l: float | None
    water_off_site_l: float | None
    basis: Mapping[str, Any]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        return {"schema_version": 1, **vars(self), "basis": dict(self.basis), "warnings": list(self.warnings)}


def cloud(provider: str | None, region: str | None) -> str | None:
    """Return the place of a provider and a region, as the ML CO2 calculator asks for them; None for neither.

    >>> cloud("Google Cloud Platform", "us-central1"), cloud("AWS", "eu-west-3")
    ('gcp:us-central1', 'aws:eu-west-3')
    """
    if provider is None and region is None:
        return None
    if provider is None or region is None:
        raise InputError("provider and region go together (or give --place)")
    words = provider.casefold()
    found = [x for x, name in PROVIDERS.items() if words == x or words.split()[0] == name.casefold().split()[0]]
    if words.split()[:1] == ["microsoft"] or words == "azure":
        found = ["azure"]
    if not found:
        raise InputError(f"provider = {provider[:40]!r} is unknown; expected one of {', '.join(PROVIDERS)}")
    return f"{found[0]}:{region}"


def account(
    gpu: str | None = None,
    *,
    hours: float | None = None,
    kwh: float | None = None,
    outputs: float | None = None,
    datacenter: str | None = None,
    pue: float | None = None,
    grid: float | None = None,
    method: str | None = None,
    boundary: str | None = None,
    embodied_boundary: str | None = None,
    lifetime_years: float | None = None,
    utilisation: float | None = None,
    catalog: str | Path | Catalog | None = None,
) -> Account:
    """Account for what has been used: energy, or hours on an accelerator, or both.

    Parameters
    ----------
    gpu
        The accelerator. It is needed for hours without energy, and for embodied carbon.
    hours
        Hours of all accelerators together. Without them embodied carbon is unknown.
    kwh
        Measured energy of the accelerators. Without it, it is their rated power for these hours.
    outputs
        How many outputs were made, for the carbon of one.
    datacenter, pue, grid, method, boundary, embodied_boundary, lifetime_years, utilisation, catalog
        As for `estimate`.

    Raises
    ------
    InputError
        In one line, for anything that has no valid answer.

    Examples
    --------
    >>> found = account("v100-pcie-16gb", hours=1000, datacenter="us-average")
    >>> found.energy_kwh, round(found.operational_g), round(found.embodied_g)
    (250.0, 117000, 223)
    """
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    time = None if hours is None else checked("hours", hours, HOURS)
    measured = None if kwh is None else checked("kwh", kwh, KWH)
    if time is None and measured is None:
        raise InputError("nothing to account for: give --hours, --kwh, or a file of CodeCarbon or Zeus")
    device = None if gpu is None else entries.gpu(gpu)
    if measured is None and device is None:
        raise InputError(f"hours = {hours:g} without an accelerator: give --gpu, or the energy with --kwh")
    facility = chosen_facility(entries, datacenter, pue, grid, method)
    years, used = (
        notation.check(defaults()[notation.field] if given is None else given)
        for notation, given in ((LIFETIME_YEARS, lifetime_years), (NOTATION[u], utilisation))
    )
    energy, notes = measured if measured is not None else 0.0, list(facility.notes)
    if measured is None:
        assert device is not None and time is not None
        energy = _rated(device, time)
        notes.append(f"the energy is not measured: rated power of {device.id} for {time:g} hours, the upper end")
    if device is None and boundary not in (None, CHIP):
        raise InputError(f"boundary = {boundary!r}: which accelerator? give --gpu")
    if device is not None and boundary is None and time is not None:
        boundary = usual_boundary(entries, device, {"embodied_boundary": embodied_boundary, "utilisation": used})
    around = boundary_of(device, boundary, embodied_boundary, used) if device else None
    values: dict[Symbol, float] = {
        E: energy, tau: math.nan if time is None else 3600 * time, L: years * used * float(SECONDS_PER_YEAR), u: used,
        B: 1.0 if outputs is None else checked("outputs", outputs, OUTPUTS), **facility.values,
        C_chip: _embodied(device, embodied_boundary), P_idle: device.values.get(P_idle, math.nan) if device else 0.0,
        **(around.values if around else {}),
    }  # fmt: skip
    equations = pipeline.ACCOUNTING if around is None else around.accounting
    found = _evaluated(values, tuple((x.lhs, x.rhs) for x in equations))
    notes += _unknown(device, time, values) + list(around.notes if around else ())
    equipment = energy + (found[E_host] or 0.0)
    host_unknown = h_host in values and found[E_host] is None
    litres = {
        x.lhs: None if y not in facility.values or host_unknown else float(x({**values, E: equipment}))
        for x, y in ((water.on_site, WUE), (water.off_site, w_mix))
    }
    name, parts = (CHIP, {}) if around is None else (around.name, around.parts)
    return Account(
        gpu=None if device is None else device.id,
        place=facility.id,
        hours=time,
        energy_kwh=energy,
        host_energy_kwh=found[E_host],
        facility_energy_kwh=None if host_unknown else equipment * values[PUE],
        operational_g=found[C_op] or 0.0,
        host_g=found[C_host],
        idle_g=found[C_idle],
        embodied_g=found[C_emb],
        total_g=found[C_total],
        per_output_g=None if outputs is None else found[C_output],
        water_on_site_l=litres[water.on_site.lhs],
        water_off_site_l=litres[water.off_site.lhs],
        basis={
            "energy": "measured" if measured is not None else "rated power x hours",
            "outputs": outputs, "boundary": name, "method": facility.method, "pue": values[PUE],
            "grid_gco2eq_per_kwh": values[I_grid], "lifetime_years": years,
            "embodied_gco2eq": sum(parts.values()) if parts else _none(values[C_chip]), "utilisation": used,
            "equations": _labels(equations),
            "sources": {
                "place": dict(facility.sources), "boundary": dict(around.sources if around else {}),
                "gpu": {} if device is None else {x: device.sources[x] for x in _TOLD if x in device.sources},
            },
            "ranges": {**facility.ranges, **(around.ranges if around else {})}, "package_version": __version__,
        },
        warnings=tuple(dict.fromkeys(notes)),
    )  # fmt: skip


_TOLD = ("tdp_watt", "embodied_gco2eq", "idle_watt")


def _rated(device: Gpu, hours: float) -> float:
    if TDP not in device.values:
        raise InputError(f"the power of {device.id} is unknown: give the energy with --kwh")
    return hours * device.values[TDP] / 1000


def _embodied(device: Gpu | None, wanted: str | None) -> float:
    if device is None:
        return math.nan
    if wanted is not None and wanted not in device.embodied:
        known = ", ".join(map(repr, device.embodied)) or "none"
        raise InputError(f"embodied_boundary = {wanted!r} is not known for {device.id}; known: {known}")
    return device.embodied.get(str(defaults()["embodied_boundary"]) if wanted is None else wanted, math.nan)


def _evaluated(values: Mapping[Symbol, float], equations: tuple[tuple[Symbol, Any], ...]) -> dict[Symbol, float | None]:
    """Every result of the account; None for what is unknown, or not in it."""
    symbols = tuple(x for x, _ in equations)
    numbers = dict(zip(symbols, compiled(symbols, equations)(values), strict=True))
    every = (C_op, E_host, C_host, C_idle, C_emb, C_total, C_output)
    return {x: _none(float(numbers[x])) if x in numbers else None for x in every}


def _labels(equations: tuple[Equation, ...]) -> list[str]:
    """The paper's equations by number, the others by name."""
    return list(dict.fromkeys(f"Eq. ({x.number})" if x in pipeline.EQUATIONS else x.number for x in equations))


def _none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _unknown(device: Gpu | None, time: float | None, values: Mapping[Symbol, float]) -> list[str]:
    """Say what is left out for want of an accelerator, of hours or of its embodied carbon."""
    if time is None:
        return ["the hours are unknown: embodied carbon, and all that goes with time, is left out; give --hours"]
    if device is None:
        return ["the accelerator is unknown: embodied and total carbon are left out; give --gpu"]
    if math.isnan(values[C_chip]):
        return [f"the embodied carbon of {device.id} is unknown: embodied and total carbon are left out"]
    return []
