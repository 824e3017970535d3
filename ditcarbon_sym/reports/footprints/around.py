"""Rows of an estimate about what lies around the accelerator: host, embodied parts, years, idle hours, water."""

from collections.abc import Mapping
from typing import Any

from ...estimation.estimator import Estimate
from ...estimation.service import Quantity
from ..formats import carbon_unit, energy_unit, setting_words, significant


def idle_rows(estimate: Estimate) -> list[tuple[str, Quantity, str]]:
    """Return what the accelerator draws between requests; nothing where it is always in use."""
    if estimate.basis["utilisation"] == 1:
        return []
    scale, unit = energy_unit(estimate.idle_energy_wh.value)
    if estimate.basis["boundary"]["name"] == "facility":
        return [
            ("idle energy", estimate.idle_energy_wh.times(scale), f"{unit} between requests, with the host"),
            ("idle carbon", estimate.idle_g, "gCO2eq, in the total"),
        ]
    return [
        ("idle energy, apart", estimate.idle_energy_wh.times(scale), f"{unit} between requests, no program loaded"),
        ("idle carbon, apart", estimate.idle_g, "gCO2eq, in no total"),
    ]


def host_rows(estimate: Estimate) -> list[tuple[str, Quantity, str]]:
    """Return what the host adds; nothing where the boundary leaves it out."""
    if estimate.host_energy_wh.value is None:
        return []
    scale, unit = energy_unit(estimate.host_energy_wh.value)
    many = "one accelerator" if estimate.gpus == 1 else f"{estimate.gpus} accelerators"
    return [
        ("energy, host", estimate.host_energy_wh.times(scale), f"{unit}, the share of {many}"),
        ("carbon of the host", estimate.host_g, "gCO2eq"),
    ]


def part_rows(estimate: Estimate) -> list[tuple[str, Quantity, str]]:
    """Return the parts of the embodied carbon, where the boundary has more than one."""
    parts = estimate.basis["boundary"]["embodied_parts_gco2eq"]
    whole = sum(parts.values())
    return [(f"  {x}", estimate.embodied_g.times(y / whole), "gCO2eq") for x, y in parts.items()] if parts else []


def year_rows(estimate: Estimate) -> list[tuple[str, Quantity, str]]:
    """Return the total with the interval of a grid whose year is open; nothing where its spread is not known."""
    known = estimate.any_year_g.value is not None and estimate.interval_level is not None
    return [("  any year's grid", estimate.any_year_g, "gCO2eq")] if known else []


def hour_rows(estimate: Estimate) -> list[tuple[str, Quantity, str]]:
    """Return the total by the hour of a profile, and what a job emits at its best start; nothing without a profile."""
    if estimate.hours is None:
        return []
    found, start = estimate.hours, estimate.hours["start"]
    rows = [
        (f"  {name}", found[key]["total_g"],
         f"gCO2eq, {where}{significant(found[key]['grid_gco2eq_per_kwh'])} gCO2eq/kWh")
        for key, name, where in (
            ("mean", "mean of the hours", ""), ("best", "best hour", f"hour {found['best']['hour']}, "),
            ("worst", "worst hour", f"hour {found['worst']['hour']}, "),
        )
    ]  # fmt: skip
    job = (
        f"{start['outputs']:,.0f} output{'s' if start['outputs'] != 1 else ''} in {significant(start['duration_h'])} h"
    )
    scale, mass = carbon_unit(start["job_g"].value, start["at_once_g"].value)
    return [
        *rows,
        ("job at its best start", start["job_g"].times(scale), f"{mass}, {job} from hour {start['hour']:g}"),
        ("job at once", start["at_once_g"].times(scale), f"{mass}, from hour {start['earliest']:g}"),
    ]


def water_rows(estimate: Estimate) -> list[tuple[str, Quantity, str]]:
    """Return the litres that a request consumes; nothing for a place that says nothing of water."""
    site, mix = estimate.water_on_site_l, estimate.water_off_site_l
    if site.value is None and mix.value is None:
        return []
    return [("water, on site", site, "litres"), ("water, power plants", mix, "litres")]


def scenario_words(basis: Mapping[str, Any]) -> list[str]:
    """Say what the total becomes at the ends of each documented range."""
    return [
        f"{x['what']} {setting_words(x['field'], x['low'])} to {setting_words(x['field'], x['high'])}: "
        f"total {significant(x['total_g_low'])} to {significant(x['total_g_high'])} gCO2eq ({x['source']})"
        for x in basis["boundary"]["scenarios"]
    ]


def method_words(basis: Mapping[str, Any]) -> str:
    """Name the method and the source of the grid's figure, for a place of the tables."""
    place = basis["place"]
    if place["grid_source"] is None:
        source = basis["sources"]["datacenter"].get("grid_gco2eq_per_kwh")
        return f": {source}" if source else ""
    based = "" if place["method"] == "marginal" else "-based"
    return f", {place['method']}{based}: {place['grid_source']}"
