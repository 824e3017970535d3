"""How an estimate looks: title, rows, and what it rests on."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sympy import Symbol

from ..equations import operator_law
from ..equations.notation import NOTATION, E
from ..estimation.estimator import Estimate
from ..estimation.footprint.basis import EXACT
from ..estimation.footprint.boundaries import CHIP, EXCLUDED
from ..estimation.service import Quantity
from .footprints.around import (
    host_rows,
    hour_rows,
    idle_rows,
    method_words,
    part_rows,
    scenario_words,
    water_rows,
    year_rows,
)
from .formats import carbon_unit, count, energy_unit, labelled, significant


def interval(quantity: Quantity) -> str:
    """Write the interval of a quantity; nothing if it has none."""
    return "" if quantity.low is None else f"{significant(quantity.low)} to {significant(quantity.high)}"


def header(estimate: Estimate) -> tuple[str, ...]:
    """Return the column heads; there is a column of intervals only if the estimate has intervals."""
    if estimate.interval_level is None:
        return "", "value", "unit"
    return "", "value", f"{estimate.interval_level:.0%} interval", "unit"


def rows(estimate: Estimate) -> list[tuple[str, ...]]:
    """Return the rows under `header`."""
    flops = estimate.flops
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
        *energies(estimate.energy_wh, estimate.facility_energy_wh, estimate.host_g.value is not None),
        ("operational carbon", estimate.operational_g, "gCO2eq"),
        *host_rows(estimate),
        ("embodied carbon", estimate.embodied_g, "gCO2eq"),
        *part_rows(estimate),
        ("total carbon", estimate.total_g, "gCO2eq"),
        *year_rows(estimate),
        *hour_rows(estimate),
        ("per output", estimate.per_output_g, f"gCO2eq ({outputs} output{'s' if outputs != 1 else ''})"),
        *idle_rows(estimate),
        *water_rows(estimate),
        ("peak memory", estimate.memory_gib, f"GiB{' each' * (estimate.gpus > 1)}, {_loaded(estimate)}"),
    ):
        rows.append(_row(name, quantity, unit))
    rows += [*_service_rows("day", estimate.per_day), *_service_rows("year", estimate.per_year)]
    columns = (0, 1, 3) if estimate.interval_level is None else (0, 1, 2, 3)
    return [tuple(row[column] for column in columns) for row in rows]


def _loaded(estimate: Estimate) -> str:
    offload = estimate.basis["stack"].get("offload", "")
    return {"model": "stages loaded in turn", "sequential": "layers loaded in turn"}.get(offload, "all stages loaded")


def _row(name: str, quantity: Quantity, unit: str) -> tuple[str, ...]:
    return name, significant(quantity.value), interval(quantity), unit


def energies(accelerator: Quantity, facility: Quantity, host: bool) -> list[tuple[str, Quantity, str]]:
    """Return the energy at the accelerator's meter, and the facility's with PUE and, where the boundary has it, the
    ``host``, in one unit: name, value, unit.
    """
    scale, unit = energy_unit(accelerator.value, facility.value)
    return [
        ("energy, accelerator", accelerator.times(scale), unit),
        ("energy, facility", facility.times(scale), f"{unit} {facility_words(host)}"),
    ]


def facility_words(host: bool) -> str:
    """Say what the energy of a facility holds beside the accelerator's; carbon of the host stands in a line of its own.

    >>> facility_words(True), facility_words(False)
    ('(with host and PUE)', '(with PUE)')
    """
    return "(with host and PUE)" if host else "(with PUE)"


def output_words(output: Symbol) -> str:
    """Name a quantity, and the boundary of energy, which is without PUE while carbon is with it."""
    meaning = NOTATION[output].meaning
    return f"{meaning}, accelerator" if output == E else meaning


def _service_rows(period: str, service: Mapping[str, Any] | None) -> list[tuple[str, ...]]:
    """Return what a service takes in a day or a year, each with the boundary and the interval of one request."""
    if service is None:
        return []
    energy = energies(service["energy_wh"], service["facility_energy_wh"], service["host_g"].value is not None)
    scale, mass = carbon_unit(*(service[x].value for x in ("operational_g", "embodied_g", "total_g")))
    return [
        (f"per {period}", significant(service["outputs"]), "", "outputs"),
        _row("  time", service["gpu_hours"], "accelerator hours"),
        *(_row(f"  {name}", x, unit) for name, x, unit in energy),
        _row("  operational carbon", service["operational_g"].times(scale), mass),
        *(
            []
            if service["host_g"].value is None
            else [_row("  carbon of the host", service["host_g"].times(scale), mass)]
        ),
        _row("  embodied carbon", service["embodied_g"].times(scale), mass),
        _row("  total carbon", service["total_g"].times(scale), mass),
    ]


def _exact_rows(exact: Mapping[str, Any] | None) -> list[tuple[str, ...]]:
    """Return the exact count, which stands beside the leading order that the efficiency was calibrated with."""
    if exact is None:
        return []
    error = f"leading order {exact['leading_order_error']:+.2%}"
    return [
        ("exact: FLOP, denoiser", significant(exact["denoiser"]), "", f"FLOP ({error} on a pass)"),
        ("exact: FLOP, text encoder", significant(exact["text_encoder"]), "", "FLOP"),
        ("exact: FLOP, VAE decoder", significant(exact["vae_decoder"]), "", "FLOP"),
        ("exact: parameters", count(exact["parameters"]), "", "denoiser"),
    ]


def title(estimate: Estimate) -> str:
    """Return one line that names the request, the accelerator and the place."""
    where = f"{device_words(estimate)}, {estimate.datacenter}{boundary_words(estimate)}"
    return f"{request_words(estimate.model, estimate.request)}, on {where}"


def boundary_words(estimate: Estimate) -> str:
    """Name the boundary, unless it is the paper's."""
    boundary = estimate.basis["boundary"]["name"]
    return "" if boundary == CHIP else f", boundary: {boundary}"


def device_words(estimate: Estimate) -> str:
    """Name the accelerator; of several, their number and how they split the request."""
    return estimate.gpu if estimate.split is None else f"{estimate.gpus} x {estimate.gpu} ({split_words(estimate)})"


def split_words(estimate: Estimate) -> str:
    """Return the degrees of a split that are above one."""
    return ",".join(f"{name}={degree}" for name, degree in (estimate.split or {}).items() if degree > 1)


def stack_line(estimate: Estimate) -> str:
    """Return the title, and for which software the constants speak, and of which years they are."""
    return f"{title(estimate)}; {estimate.basis['stack']['words']}"


def request_words(model: str, request: Mapping[str, int]) -> str:
    """Name a request: the model, the size, batch, steps and passes."""
    return (
        f"{model}, {size_words(request)}, batch {request['batch']}, "
        f"{request['steps']} steps x {request['guidance']} passes"
    )


def size_words(request: Mapping[str, int]) -> str:
    """Name the size of an output: height, width, and the frames of a video; of sound, which has no sides, its frames.

    >>> size_words({"height": 480, "width": 832, "frames": 81}), size_words({"height": 1, "width": 1, "frames": 1024})
    ('480 x 832 x 81 frames', '1,024 frames of sound')
    """
    if not has_sides(request):
        return f"{request['frames']:,} frames of sound"
    frames = f" x {request['frames']} frames" if request["frames"] != 1 else ""
    return f"{request['height']} x {request['width']}{frames}"


def has_sides(request: Mapping[str, int]) -> bool:
    """Whether an output has height and width: sound has neither, and a picture more than one pixel."""
    return (request["height"], request["width"]) != (1, 1)


def assumed_rows(estimate: Estimate, given: Collection[str]) -> list[tuple[str, str]]:
    """Say what was assumed of the request, the accelerator and the place, where the options ``given`` do not say it."""
    r = estimate.request
    assumed = [
        words
        for names, words in (
            ({"gpu", "calibration"}, f"accelerator {estimate.gpu}"),
            ({"datacenter", "pue"}, f"place {estimate.datacenter}"),
            *([({"resolution", "height"}, f"{r['height']} x {r['width']}")] if has_sides(r) else []),
            *([({"frames"}, f"{r['frames']:,} frames")] if r["frames"] != 1 else []),
            *([({"split"}, f"split {split_words(estimate)}")] if estimate.split else []),
            ({"batch"}, f"batch {r['batch']}"),
            ({"steps"}, f"{r['steps']} steps"),
        )
        if names.isdisjoint(given)
    ]
    return [("assumed", f"{', '.join(assumed)}: not given")] if assumed else []


def basis_rows(estimate: Estimate) -> list[tuple[str, str]]:
    """Return labelled lines that say what the numbers rest on."""
    basis, calibration = estimate.basis, estimate.basis["calibration"]
    rows = [
        ("equations", "; ".join(basis["equations"])),
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
            *(("several", words) for words in _several(estimate.gpus, calibration)),
        ]
    embodied = basis["embodied_gco2eq"]
    used = f"{100 * basis['utilisation']:.4g} %"
    mass = "unknown" if embodied is None else f"{embodied / 1000:g} kgCO2eq"
    return [
        *rows,
        *labelled("software", software_words(basis["software"])),
        ("peak", f"{significant(basis['peak_flop_per_second'] / 1e12)} TFLOP/s {basis['precision']}".rstrip()),
        ("power", f"{basis['power']}: {significant(basis['tdp_watt'])} W, accelerator only"),
        ("facility", f"PUE {basis['pue']:g}, grid {basis['grid_gco2eq_per_kwh']:g} gCO2eq/kWh{method_words(basis)}"),
        ("embodied", f"{mass}, boundary: {basis['embodied_boundary']}"),
        ("not counted", EXCLUDED[basis["boundary"]["name"]]),
        ("lifetime", f"{basis['lifetime_years']:g} years, linear, in use {used} of the time (assumed)"),
        ("interval", basis["interval"]),
        *labelled("scenarios", scenario_words(basis)),
        *labelled("remarks", basis["remarks"]),
    ]


def software_words(rows: Sequence[Mapping[str, str | None]]) -> list[str]:
    """Say what each source of a calibration ran, and what of that is unknown."""
    lines = []
    for row in rows:
        told = [x for x in (row["framework"], row["precision"]) if x is not None]
        told += [f"{name} {row[name]}" for name in ("attention", "torch", "diffusers") if row[name] is not None]
        unknown = ", ".join(name for name, value in row.items() if value is None)
        told += [f"unknown: {unknown}"] if unknown else []
        lines.append(f"{row['source']}: {'; '.join(told)}")
    return lines or ["unknown: a measured efficiency does not say with what it was measured"]


def _several(gpus: int, calibration: Mapping[str, Any]) -> list[str]:
    """Say how far models held out of the law of several accelerators lay from it."""
    held = [calibration.get(f"several_held_out_mape_percent{suffix}", {}).values() for suffix in ("", "_energy")]
    if gpus == 1 or not all(held):
        return []
    time, energy = (sum(x) / len(x) for x in held)
    return [f"on 2 to 8, models held out of both laws are missed by {time:.1f} % in time, {energy:.1f} % in energy"]


def _errors(calibration: Mapping[str, Any]) -> str:
    """Say the error of the fit on its own rows, and on held-out groups where there are any."""
    if calibration["law"] != operator_law.LAW:
        return f"MAPE of mu {calibration['mape_percent']:.1f} %"
    told = []
    for target, suffix in (("time", ""), ("energy", "_energy")):
        error, held = (calibration.get(f"{x}mape_percent{suffix}") for x in ("", "held_out_"))
        words = [] if error is None else [f"{error:.1f} %"]
        words += [f"held out {sum(held.values()) / len(held):.1f} %"] if held else []
        told += [f"{target} {', '.join(words)}"] if words else []
    return f"MAPE of {'; of '.join(told)}"
