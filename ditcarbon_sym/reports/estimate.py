"""How an estimate and the catalogue look: titles, rows, and what an estimate rests on."""

from collections.abc import Mapping
from typing import Any

from ..catalog.entries import Gpu
from ..catalog.loading import Catalog
from ..equations import operator_law
from ..equations.equation import Equation
from ..equations.notation import (
    NOTATION,
    PUE,
    TDP,
    H,
    I_grid,
    N,
    P_idle,
    S,
    Theta_peak,
    W,
    a,
    bandwidth,
    c,
    d,
    g,
    j,
    m,
    n_frames,
    s,
)
from ..errors import InputError
from ..estimation.estimator import EXACT, Estimate, Quantity
from ..estimation.routes import calibration_for
from ..estimation.transfer import transferred
from .formats import count, significant


def interval(quantity: Quantity) -> str:
    """Write the interval of a quantity, nothing where there is none."""
    return "" if quantity.low is None else f"{significant(quantity.low)} to {significant(quantity.high)}"


def estimate_header(estimate: Estimate) -> tuple[str, ...]:
    """Column heads of an estimate; the interval has one only where there are intervals."""
    if estimate.interval_level is None:
        return "", "value", "unit"
    return "", "value", f"{estimate.interval_level:.0%} interval", "unit"


def estimate_rows(estimate: Estimate) -> list[tuple[str, ...]]:
    """Return the table of an estimate for people, under `estimate_header`."""
    flops, daily = estimate.flops, estimate.per_day
    exactly = estimate.flops["convention"].endswith(EXACT)
    outputs = estimate.request["outputs"]
    efficiency = Quantity(*(estimate.efficiency[end] for end in ("value", "low", "high")))
    rows = [
        ("parameters", count(estimate.parameters), "", "denoiser, exact" if exactly else "denoiser, Eq. (1)"),
        ("latent tokens", f"{estimate.tokens['latent']:,}", "", f"+ {estimate.tokens['text']} text tokens"),
        ("FLOP, denoiser", significant(flops["denoiser"]), "", "FLOP"),
        ("FLOP, text encoder", significant(flops["text_encoder"]), "", "FLOP"),
        ("FLOP, VAE decoder", significant(flops["vae_decoder"]), "", "FLOP"),
        ("FLOP, total", significant(flops["total"]), "", "FLOP"),
        *([] if exactly else _exact_rows(flops["exact"])),
    ]
    for name, quantity, unit in (
        ("efficiency mu", efficiency, "of peak"),
        ("time", estimate.time_s, "s"),
        ("energy", estimate.energy_wh, "Wh"),
        ("energy, facility", estimate.facility_energy_wh, "Wh"),
        ("operational carbon", estimate.operational_g, "gCO2eq"),
        ("embodied carbon", estimate.embodied_g, "gCO2eq"),
        ("total carbon", estimate.total_g, "gCO2eq"),
        ("per output", estimate.per_output_g, f"gCO2eq ({outputs} output{'s' if outputs != 1 else ''})"),
    ):
        rows.append((name, significant(quantity.value), interval(quantity), unit))
    if daily is not None:
        kilograms = None if daily["total_g"] is None else daily["total_g"] / 1000
        kilowatthours = None if daily["energy_wh"] is None else daily["energy_wh"] / 1000
        rows += [
            (f"per day, {significant(daily['outputs'])} outputs", significant(kilograms), "", "kgCO2eq"),
            ("", significant(kilowatthours), "", "kWh"),
            ("", significant(daily["gpu_hours"]), "", "accelerator hours"),
        ]
    columns = (0, 1, 3) if estimate.interval_level is None else (0, 1, 2, 3)
    return [tuple(row[column] for column in columns) for row in rows]


def _exact_rows(exact: Mapping[str, Any] | None) -> list[tuple[str, ...]]:
    """The exact count beside the leading order that the efficiency was calibrated with."""
    if exact is None:
        return []
    error = f"leading order {exact['leading_order_error']:+.2%}"
    return [
        ("exact: FLOP, denoiser", significant(exact["denoiser"]), "", f"FLOP ({error} on a pass)"),
        ("exact: FLOP, text encoder", significant(exact["text_encoder"]), "", "FLOP"),
        ("exact: FLOP, VAE decoder", significant(exact["vae_decoder"]), "", "FLOP"),
        ("exact: parameters", count(exact["parameters"]), "", "denoiser"),
    ]


def estimate_title(estimate: Estimate) -> str:
    """One line naming what was asked."""
    r = estimate.request
    frames = f" x {r['frames']} frames" if r["frames"] != 1 else ""
    return (
        f"{estimate.model}, {r['height']} x {r['width']}{frames}, batch {r['batch']}, "
        f"{r['steps']} steps x {r['guidance']} passes, on {estimate.gpu}, {estimate.datacenter}"
    )


def basis_rows(estimate: Estimate) -> list[tuple[str, str]]:
    """Say what the numbers rest on: what, and in which words."""
    basis, calibration = estimate.basis, estimate.basis["calibration"]
    rows = [
        ("equations", ", ".join(basis["equations"])),
        ("FLOP", estimate.flops["convention"]),
        ("VAE", basis["vae"]),
        ("efficiency", estimate.efficiency["model"]),
    ]
    if calibration is not None:
        values = ", ".join(f"{name} = {significant(value)}" for name, value in calibration["parameters"].items())
        unsure = [f"{name} {verdict}" for name, verdict in calibration["verdicts"].items() if verdict != "identified"]
        rows += [
            ("calibration", f"{estimate.efficiency['calibration']}: {values}"),
            ("", f"n = {calibration['n']}, {_errors(calibration)}"),
            ("", f"fitted on the {calibration['convention']['stages']}, applied to the whole request"),
            *(("", line) for line in unsure),
        ]
    embodied = basis["embodied_gco2eq"]
    used = f"{100 * basis['utilisation']:.4g} %"
    mass = "unknown" if embodied is None else f"{embodied / 1000:g} kgCO2eq"
    return [
        *rows,
        ("peak", f"{significant(basis['peak_flop_per_second'] / 1e12)} TFLOP/s {basis['precision']}".rstrip()),
        ("power", f"{basis['power']}: {significant(basis['tdp_watt'])} W, accelerator only"),
        ("facility", f"PUE {basis['pue']:g}, grid {basis['grid_gco2eq_per_kwh']:g} gCO2eq/kWh"),
        ("embodied", f"{mass}, boundary: {basis['embodied_boundary']}"),
        ("lifetime", f"{basis['lifetime_years']:g} years, linear, in use {used} of the time (assumed)"),
        ("interval", basis["interval"]),
    ]


def _errors(calibration: Mapping[str, Any]) -> str:
    """The error of the fit on its own rows, and on groups held out where they were."""
    held = calibration.get("held_out_mape_percent", {})
    if calibration["law"] != operator_law.LAW:
        return f"MAPE of mu {calibration['mape_percent']:.1f} %"
    words = f"MAPE of time {calibration['mape_percent']:.1f} %"
    words += f", held out {sum(held.values()) / len(held):.1f} %" if held else ""
    energy = calibration.get("held_out_mape_percent_energy", {})
    if energy:
        mean = sum(energy.values()) / len(energy)
        words += f"; of energy {calibration['mape_percent_energy']:.1f} %, held out {mean:.1f} %"
    return words


def model_rows(catalog: Catalog) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the list of models."""
    rows = [
        {
            "id": model.id,
            "name": model.name,
            **{x.name: model.values[x] for x in (s, c, a, j, N, d)},
            "size": f"{model.request[H]:g} x {model.request[W]:g}",
            "frames": model.request[n_frames],
            "steps": model.request[S],
            "passes": model.request[g],
            "text tokens": model.request[m],
            "origin": model.origin,
        }
        for model in catalog.models.values()
    ]
    return ("id", "name", "s", "c", "a", "j", "N", "d", "size", "frames", "steps", "passes", "text tokens"), rows


def gpu_rows(catalog: Catalog) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the list of accelerators."""
    rows = [
        {
            "id": gpu.id,
            "name": gpu.name,
            "peak (TFLOP/s)": gpu.values[Theta_peak] / 1e12,
            "precision": gpu.precision,
            "power (W)": gpu.values.get(TDP),
            "idle (W)": gpu.values.get(P_idle),
            "memory (GB)": gpu.memory_gb,
            "bandwidth (GB/s)": _giga(gpu.values.get(bandwidth)),
            "embodied (kgCO2eq)": {boundary: grams / 1000 for boundary, grams in gpu.embodied.items()} or None,
            "calibrated": _calibrations(gpu),
            "origin": gpu.origin,
        }
        for gpu in catalog.gpus.values()
    ]
    return (
        "id",
        "name",
        "peak (TFLOP/s)",
        "precision",
        "power (W)",
        "idle (W)",
        "memory (GB)",
        "bandwidth (GB/s)",
        "embodied (kgCO2eq)",
        "calibrated",
    ), rows


def _giga(value: float | None) -> float | None:
    return None if value is None else value / 1e9


def _calibrations(gpu: Gpu) -> str:
    """The laws that an accelerator is calibrated for, or whether the operator law can be transferred to it."""
    found = ", ".join(law for law in ("bgr", operator_law.LAW) if calibration_for(gpu, law))
    if found:
        return found
    try:
        transferred(gpu)
    except InputError:
        return "no"
    return "transferred"


def datacenter_rows(catalog: Catalog) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the list of data centres."""
    rows = [
        {
            "id": place.id,
            "name": place.name,
            "PUE": place.values[PUE],
            "grid (gCO2eq/kWh)": place.values[I_grid],
            "origin": place.origin,
        }
        for place in catalog.datacenters.values()
    ]
    return ("id", "name", "PUE", "grid (gCO2eq/kWh)"), rows


def symbol_rows(equation: Equation) -> list[tuple[str, ...]]:
    """Return symbol, meaning and unit of everything in an equation."""
    entries = [NOTATION[x] for x in (equation.lhs, *equation.inputs)]
    return [(entry.symbol.name, entry.meaning, entry.unit) for entry in entries]


def cell(value: Any) -> str:
    """Write one cell of a catalogue table."""
    if value is None:
        return "unknown"
    if isinstance(value, dict):
        return ", ".join(f"{number:g} ({boundary})" for boundary, number in value.items())
    return f"{value:g}" if isinstance(value, float | int) else str(value)
