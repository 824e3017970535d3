"""How an account looks."""

from ...estimation.footprint.account import Account
from ..estimate import facility_words
from ..formats import carbon_unit, significant

ROWS = (
    ("energy, accelerators", "energy_kwh", "kWh"), ("energy, host", "host_energy_kwh", "kWh"),
    ("energy, facility", "facility_energy_kwh", "kWh"), ("operational carbon", "operational_g", "gCO2eq"),
    ("carbon of the host", "host_g", "gCO2eq"), ("idle carbon", "idle_g", "gCO2eq, between uses"),
    ("embodied carbon", "embodied_g", "gCO2eq"), ("total carbon", "total_g", "gCO2eq"),
    ("per output", "per_output_g", "gCO2eq"), ("water, on site", "water_on_site_l", "litres"),
    ("water, power plants", "water_off_site_l", "litres"),
)  # fmt: skip
ALWAYS = ("energy_kwh", "facility_energy_kwh", "operational_g", "embodied_g", "total_g")
"""Rows that stand there even if they are unknown."""


def title(found: Account) -> str:
    """Name what was used, where, and the boundary."""
    device = found.gpu or "accelerator not named"
    hours = "" if found.hours is None else f", {found.hours:,.6g} accelerator hours"
    return f"account: {device}{hours}, {found.place}, boundary: {found.basis['boundary']}"


def rows(found: Account) -> list[tuple[str, str, str]]:
    """Return the rows: name, value, unit."""
    table = vars(found)
    scale, mass = carbon_unit(found.operational_g, found.embodied_g, found.total_g)
    shown = []
    for name, field, unit in ROWS:
        value = table[field]
        if value is None and field not in ALWAYS:
            continue
        if unit.startswith("gCO2eq") and field != "per_output_g":
            value, unit = None if value is None else value * scale, unit.replace("gCO2eq", mass)
        elif field == "facility_energy_kwh":
            unit += f" {facility_words(found.host_energy_kwh is not None)}"
        shown.append((name, significant(value), unit))
    return shown


def basis_rows(found: Account) -> list[tuple[str, str]]:
    """Say what the numbers rest on."""
    basis, place = found.basis, found.basis["sources"]["place"].get("grid_gco2eq_per_kwh", "as given")
    mass = basis["embodied_gco2eq"]
    shown = "unknown" if mass is None else f"{mass / 1000:g} kgCO2eq"
    return [
        ("energy", basis["energy"]),
        (
            "facility",
            f"PUE {basis['pue']:g}, grid {basis['grid_gco2eq_per_kwh']:g} gCO2eq/kWh, {basis['method']}: {place}",
        ),
        ("embodied", f"{shown}, boundary: {basis['boundary']}"),
        ("lifetime", f"{basis['lifetime_years']:g} years, in use {100 * basis['utilisation']:g} % of the time"),
        ("equations", "; ".join(basis["equations"])),
    ]
