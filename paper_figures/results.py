"""The quantities the paper prints, computed by the package: name to value, in the unit of the printed number's
symbol (g, s, Wh, FLOP).
"""

from collections.abc import Iterator
from functools import lru_cache

from ditcarbon_sym import Estimate, estimate
from ditcarbon_sym.catalog import load
from ditcarbon_sym.notation import a, c, s
from ditcarbon_sym.parameters import coefficient, parameters
from ditcarbon_sym.request import Request

from .printed import by_quantity

UNITS = {"M": 1e6, "B": 1e9, "TFLOP/s": 1e12}
"""Printed units that are multiples of the computed one."""

PARAMETER_MODELS = ("dit-xl-2-256", "pixart-alpha", "sd3-medium", "sd3.5-large", "cogvideox-2b")

TABLE_7: dict[str, tuple[str, Request]] = {
    "dit-xl-2-256-512-b1": ("dit-xl-2-256", {"resolution": 512, "batch": 1, "steps": 50}),
    "dit-xl-2-256-1024-b1": ("dit-xl-2-256", {"resolution": 1024, "batch": 1, "steps": 50}),
    "pixart-alpha-512-b1": ("pixart-alpha", {"resolution": 512, "batch": 1, "steps": 50}),
    "pixart-alpha-1024-b1": ("pixart-alpha", {"resolution": 1024, "batch": 1, "steps": 50}),
    "pixart-alpha-1024-b4": ("pixart-alpha", {"resolution": 1024, "batch": 4, "steps": 50}),
    "sd3-medium-1024-b1": ("sd3-medium", {"resolution": 1024, "batch": 1, "steps": 50}),
    "sd3-medium-1024-b4": ("sd3-medium", {"resolution": 1024, "batch": 4, "steps": 50}),
    "cogvideox-2b-480-b1-f13": ("cogvideox-2b", {"resolution": 480, "batch": 1, "steps": 20, "frames": 13}),
    "cogvideox-2b-720-b1-f13": ("cogvideox-2b", {"resolution": 720, "batch": 1, "steps": 20, "frames": 13}),
}
"""The rows of Table 7. All use the fitted efficiency; CogVideoX at 480 x 480 lies below the production regime, so
the fit is named there.
"""

DATACENTERS = ("us-average", "france-nuclear", "germany", "norway-hydro", "india-coal", "azure-us-west", "gcp-iowa")


@lru_cache(maxsize=1)
def table_7() -> dict[str, Estimate]:
    """The estimates of Table 7, by row."""
    return {row: estimate(model, efficiency="bgr", **request) for row, (model, request) in TABLE_7.items()}


@lru_cache(maxsize=1)
def table_6() -> dict[str, Estimate]:
    """The estimates of Table 6, by data centre."""
    return {
        place: estimate("pixart-alpha", resolution=1024, batch=1, steps=50, datacenter=place) for place in DATACENTERS
    }


def _parameter_results() -> Iterator[tuple[str, float]]:
    for name in PARAMETER_MODELS:
        values = load().model(name).values
        for flag in (s, c, a):
            yield f"table1.{name}.{flag.name}", values[flag]
        yield f"table1.{name}.coefficient", float(coefficient(values))
        predicted = float(parameters(values))
        yield f"table3.{name}.predicted", predicted
        actual = by_quantity()[f"table3.{name}.actual"]
        yield f"table3.{name}.error", 100 * abs(predicted / (actual.value * UNITS[actual.unit]) - 1)


def _carbon_results() -> Iterator[tuple[str, float | None]]:
    for row, result in table_7().items():
        yield f"table7.{row}.flops", result.flops["total"]
        yield f"table7.{row}.mu", result.efficiency["value"]
        yield f"table7.{row}.time", result.time_s.value
        yield f"table7.{row}.energy", result.energy_wh.value
        yield f"table7.{row}.op", result.operational_g.value
        yield f"table7.{row}.emb", result.embodied_g.value
        yield f"table7.{row}.total", result.total_g.value
        yield f"table7.{row}.per_output", result.per_output_g.value
    for place, result in table_6().items():
        yield f"table6.{place}.pue", result.basis["pue"]
        yield f"table6.{place}.grid", result.basis["grid_gco2eq_per_kwh"]
        yield f"table6.{place}.op", result.operational_g.value
        yield f"table6.{place}.total", result.total_g.value


@lru_cache(maxsize=1)
def computed() -> dict[str, float]:
    """Every quantity of the paper that the project computes."""
    return {
        name: float(value)
        for source in (_parameter_results, _carbon_results)
        for name, value in source()
        if value is not None
    }
