"""What the numbers of an estimate rest on, in words and figures: the `basis` of its table and of its JSON."""

from collections.abc import Mapping
from typing import Any

from sympy import Symbol

from ...equations import operator_law, pipeline
from ...equations.around import boundaries
from ...equations.notation import NOTATION, PUE, TDP, C_emb, E, I_grid, Theta_peak, k_VAE, mu, tau
from ...equations.parallel.symbols import n_gpu
from ...version import __version__
from ..intervals import is_borrowed, scatter
from ..modes.stack import stack_of
from ..point import OperatingPoint
from ..software import software_of
from ..spread.quantiles import LEVEL
from .scenarios import scenarios

EXACT = "exact, operator lists"
LAWS = {
    "bgr": "BGR saturation, paper Eq. (3)", "measured": "measured value, as given",
    operator_law.LAW: "operator law: products, exponentials, elementwise passes and launches; mu = F / (tau Theta)",
}  # fmt: skip


def efficiency_names(point: OperatingPoint) -> dict[str, str | None]:
    law = LAWS[pipeline.route_name(point.route)]
    return {"model": law, "calibration": point.calibration.origin if point.calibration else None}


def by_operators(point: OperatingPoint) -> bool:
    return pipeline.route_name(point.route) == operator_law.LAW


def _counts_exactly(point: OperatingPoint) -> bool:
    """Whether the FLOP of the route are those of the model's operators."""
    return pipeline.own(point.route) is not None and point.model.networks is not None


def _equation_names(point: OperatingPoint) -> list[str]:
    """The paper's equations, and the others of the route, by number or label."""
    used, beyond = pipeline.chain(point.route), ("operator law,", "several accelerators,")
    named = (x.number for x in used if x.number.startswith(beyond) and x.lhs in (mu, tau, E, C_emb))
    around = {x.number for x in boundaries.ACCOUNTS["facility"] if x not in pipeline.ACCOUNTING}
    own = (x.number for x in used if x.number in around)
    return [*named, *(f"Eq. ({x.number})" for x in pipeline.EQUATIONS if x in used), *dict.fromkeys(own)]


def convention(point: OperatingPoint) -> str:
    counted = EXACT if _counts_exactly(point) else "leading order, paper Eq. (2)"
    return f"1 fused multiply-add = 2 FLOP; {counted}"


def _vae_words(point: OperatingPoint) -> str:
    if _counts_exactly(point) and point.model.networks is not None and point.model.networks().decoder is not None:
        return "the decoder's operators, in the tiles it works in"
    return (
        f"2 P_VAE x latent pixels x reuse factor {point.values[k_VAE]:g}"
        " (the paper prints a factor of 1; its Table 7 uses 3)"
    )


def _power_words(point: OperatingPoint) -> str:
    if "5" in {x.number for x in pipeline.chain(point.route)}:
        return "rated TDP for the whole runtime, paper Eq. (5)"
    return "energy by its own law on the work, not rated power x time; rated"


def basis(point: OperatingPoint, known: Mapping[Symbol, Any] | None = None) -> dict[str, Any]:
    """The basis of an estimate; ``known`` may hold its seconds and kWh."""
    calibration, device = point.calibration, point.device
    return {
        "equations": _equation_names(point),
        "efficiency": pipeline.route_name(point.route),
        "calibration": None if calibration is None else {
            "gpu": calibration.gpu, "law": calibration.law, "transferred": calibration.transferred,
            "parameters": {NOTATION[x].field: v for x, v in calibration.values.items()},
            **calibration.quality, "validity": calibration.validity, "verdicts": calibration.verdicts,
            "data": calibration.data,
            "convention": calibration.convention,
        },
        "stack": stack_of(point.mode, calibration),
        "software": software_of(calibration),
        "interval": interval_words(point),
        "remarks": [] if point.model.networks is None else list(point.model.networks().remarks),
        "vae": _vae_words(point),
        "peak_flop_per_second": device.values.get(Theta_peak),
        "precision": device.precision,
        "tdp_watt": device.values.get(TDP),
        "power": _power_words(point),
        "pue": point.values[PUE],
        "grid_gco2eq_per_kwh": point.values[I_grid],
        "place": _place(point),
        "lifetime_years": point.lifetime_years,
        "utilisation": point.utilisation,
        "embodied_boundary": point.embodied_boundary,
        "embodied_gco2eq": _embodied(point),
        "boundary": {
            "name": point.boundary.name, "embodied_parts_gco2eq": dict(point.boundary.parts),
            "sources": dict(point.boundary.sources), "scenarios": scenarios(point, known),
        },
        "sources": {
            "model": dict(point.model.sources), "gpu": dict(device.sources), "datacenter": dict(point.facility.sources),
        },
        "model_origin": point.model.origin,
        "package_version": __version__,
    }  # fmt: skip


def _embodied(point: OperatingPoint) -> float | None:
    if point.boundary.parts:
        return sum(point.boundary.parts.values())
    return point.device.embodied.get(point.embodied_boundary)


def _place(point: OperatingPoint) -> dict[str, Any]:
    """The method of the grid's figure, with its source for a place of the tables, and the ranges of what is assumed."""
    facility = point.facility
    return {
        "method": facility.method,
        "methods": sorted(facility.figures),
        "grid_source": facility.sources.get("grid_gco2eq_per_kwh") if facility.figures else None,
        "ranges": {x: {"low": low, "high": high, "source": why} for x, (low, high, why) in facility.ranges.items()},
    }


def interval_words(point: OperatingPoint, level: float = LEVEL) -> str:
    """Say what the interval covers and what it does not."""
    if point.calibration is None:
        return "none: a measured efficiency comes without one"
    if is_borrowed(point):
        return f"none: the fit was made on {point.calibration.gpu}, and its error elsewhere is unknown"
    if scatter(point.calibration) is None:
        return "none: no model could be held out of the calibration, so its error on others is unknown"
    groups = len(point.calibration.quality.get("held_out_mape_percent", {}))
    apart = point.calibration.quality.get("held_out_groups", groups)
    of_chips = f"{groups} accelerators" + (f" ({apart} chips)" if apart != groups else "")
    what = of_chips if point.calibration.transferred else f"{apart} architectures"
    besides = point.calibration.quality.get("besides_log_scatter", 0.0)
    several = "several accelerators and " if point.values.get(n_gpu, 1) > 1 else ""
    more = f", and {besides:.2f} (logarithm) for {several}what is said above" if besides else ""
    return (
        f"{100 * level:g} %, predictive: covariance of the fit and scatter of {what} held out of it{more}; "
        "not of PUE, grid, power or embodied carbon"
    )
