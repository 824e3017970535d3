"""The facility that a request runs at: a data centre or place by name, or a PUE and a grid as given."""

from dataclasses import replace

from ...catalog.entries import Datacenter, Gpu
from ...catalog.loading import Catalog, defaults
from ...catalog.places import by_method
from ...equations.notation import NOTATION, PUE, I_grid, P_idle
from ...errors import InputError
from ..request import checked

CUSTOM = "custom"
"""The id of a facility that is given by its PUE and its grid."""
CLEANEST = 5.0
"""gCO2eq/kWh: below the life cycle of hydro and wind power (IPCC 2014: medians of 24 and 11 g), of which grids are
made.
"""


COUNTRIES, PAPER = {"germany": "DEU"}, "ditcarbon2026: Table 6"
"""Data centres of the paper that are named as a country is, and the country; the source of their grids."""


def chosen_facility(
    entries: Catalog, datacenter: str | None, pue: float | None, grid: float | None, method: str | None = None
) -> Datacenter:
    if pue is None and grid is None:
        found = by_method(
            entries.datacenter(str(defaults()["datacenter"]) if datacenter is None else datacenter), method
        )
        country = COUNTRIES.get(found.id) if found.sources.get("grid_gco2eq_per_kwh") == PAPER else None
        if country is None:
            return found
        told = f"PUE {found.values[PUE]:g} and {found.values[I_grid]:g} gCO2eq/kWh"
        note = f"datacenter {found.id} is as the paper has it, {told}; the country is {country}"
        return replace(found, notes=(*found.notes, note))
    if method is not None:
        raise InputError(f"method = {method!r} together with pue and grid: a grid given as a number has one figure")
    if datacenter is not None:
        raise InputError(f"datacenter = {datacenter!r} together with pue or grid; give one or the other")
    if pue is None or grid is None:
        raise InputError("pue and grid go together (or name a datacenter)")
    values = {PUE: checked("pue", pue, NOTATION[PUE]), I_grid: checked("grid", grid, NOTATION[I_grid])}
    return Datacenter(CUSTOM, "as given", values, {}, "as given")


def dim(facility: Datacenter) -> tuple[str, ...]:
    """Ask of a grid that is cleaner than any."""
    grid = facility.values[I_grid]
    if not 0 < grid < CLEANEST:
        return ()
    return (f"grid = {grid:g} gCO2eq/kWh is cleaner than any grid there is: was it given in kg/kWh?",)


def idle_notes(device: Gpu, utilisation: float) -> tuple[str, ...]:
    """Say that energy while idle cannot be told."""
    if utilisation == 1 or P_idle in device.values:
        return ()
    return (f"the idle power of {device.id} is unknown: energy while idle is left out",)
