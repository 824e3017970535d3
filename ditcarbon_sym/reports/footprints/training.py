"""How a training looks."""

from ...estimation.footprint.boundaries import EXCLUDED
from ...estimation.service import Quantity
from ...estimation.training import Training
from ..estimate import facility_words, interval, size_words
from ..formats import carbon_unit, count, energy_unit, significant


def title(found: Training) -> str:
    """Name the network, what it is trained on and where."""
    size, setting = found.request, found.setting
    return (
        f"training of {found.model}: {setting['steps']:,.0f} steps of {setting['batch']:,.0f} samples of "
        f"{size_words(size)}, on {setting['gpus']:,.0f} x {found.gpu}"
        f", boundary: {found.basis['boundary']['name']}"
    )


def header(found: Training) -> tuple[str, ...]:
    """Return the column heads."""
    return ("", "value", *([] if found.interval_level is None else [f"{found.interval_level:.0%} interval"]), "unit")


def rows(found: Training) -> list[tuple[str, ...]]:
    """Return the rows under `header`."""
    flops = found.flops
    scale, unit = energy_unit((found.energy_kwh.value or 0.0) * 1000.0)
    grams, mass = carbon_unit(found.operational_g.value, found.embodied_g.value, found.total_g.value)
    plain = [
        ("parameters", count(found.parameters), "", "denoiser, trained"),
        ("FLOP, forward", significant(flops["forward"]), "", "FLOP, one sample"),
        ("FLOP, backward", significant(flops["backward"]), "", "FLOP, one sample"),
        ("FLOP, computed again", significant(flops["recomputed"]), "", "FLOP, one sample"),
        ("FLOP, frozen encoders", significant(flops["frozen"]), "", "FLOP, one sample"),
        ("FLOP, total", significant(flops["total"]), "", "FLOP"),
    ]
    measured = [
        ("efficiency mu", found.efficiency, "of peak"),
        ("a step", found.step_s, "s"),
        ("time", found.time_s.times(1 / 3600), "h"),
        ("accelerator hours", found.gpu_hours, "h"),
        ("energy, accelerators", found.energy_kwh.times(1000.0 * scale), unit),
        (
            "energy, facility",
            found.facility_energy_kwh.times(1000.0 * scale),
            f"{unit} {facility_words(found.host_energy_kwh.value is not None)}",
        ),
        ("operational carbon", found.operational_g.times(grams), mass),
        *_host(found, scale, unit, grams, mass),
        ("embodied carbon", found.embodied_g.times(grams), mass),
        ("total carbon", found.total_g.times(grams), mass),
    ]
    last = [("states", significant(found.states_gib), "", "GiB each: weights, gradients, optimiser")]
    shown = [*plain, *(_row(*x) for x in measured), *last, *_outputs(found)]
    columns = (0, 1, 3) if found.interval_level is None else (0, 1, 2, 3)
    return [tuple(row[column] for column in columns) for row in shown]


def _host(found: Training, scale: float, unit: str, grams: float, mass: str) -> list[tuple[str, Quantity, str]]:
    """What the hosts of the accelerators add; nothing where the boundary leaves them out."""
    if found.host_energy_kwh.value is None:
        return []
    return [
        ("energy, hosts", found.host_energy_kwh.times(1000.0 * scale), unit),
        ("carbon of the hosts", found.host_g.times(grams), mass),
    ]


def _row(name: str, quantity: Quantity, unit: str) -> tuple[str, ...]:
    return name, significant(quantity.value), interval(quantity), unit


def _outputs(found: Training) -> list[tuple[str, ...]]:
    """What of the training falls on an output, and when generating has emitted as much."""
    even = (
        "break-even",
        significant(found.break_even_outputs),
        "",
        f"outputs, at {significant(found.inference_g.value)} gCO2eq each",
    )
    if found.per_output is None:
        return [even]
    shares = found.per_output
    return [
        even,
        _row("training, per output", shares["training_g"], f"gCO2eq, over {shares['outputs']:,.0f} outputs"),
        _row("output with training", shares["total_g"], "gCO2eq"),
    ]


def step_rows(found: Training) -> list[tuple[str, str, str]]:
    """Return the parts of a step: name, seconds, what they are."""
    parts, moved = found.step_parts_s, found.step_bytes
    return [
        ("forward and backward", significant(parts["work"]), "s at work"),
        ("launches", significant(parts["launches"]), "s of the host, beside it"),
        ("frozen encoders", significant(parts["frozen"]), "s"),
        ("optimiser", significant(parts["optimiser"]), f"s, {significant(moved['states'] / 1e9)} GB of states"),
        ("gradients", significant(parts["reduction"]), f"s, {significant(moved['gradients'] / 1e9)} GB each"),
        ("gradients, not hidden", significant(parts["late"]), "s after the backward pass"),
        ("tensor parallelism", significant(parts["tensor"]), f"s, {significant(moved['activations'] / 1e9)} GB each"),
    ]


def basis_rows(found: Training) -> list[tuple[str, str]]:
    """Say what the numbers rest on."""
    basis, fitted = found.basis, found.basis["training"]
    on = [x.replace("_", " ") for x in ("ema", "cached_latents", "cached_text", "sharded") if found.setting[x]]
    setting = [f"computed again: {found.setting['recompute']:g}", f"tensor: {found.setting['tensor']:g}", *on]
    return [
        ("setting", ", ".join(setting)),
        ("software", found.basis["stack"]["words"]),
        ("law", "the operator law, calibrated on inference; backward twice forward, attention two and a half times"),
        ("training", f"a step takes {fitted['c_train']:.3g} times what that law gives, fitted to published speeds"),
        (
            "interval",
            f"widened by {fitted['quality']['held_out_log_scatter']:.2f} (logarithm), the scatter of "
            f"{fitted['quality']['held_out_groups']} published trainings held out; {basis['interval']}",
        ),
        ("facility", f"PUE {basis['pue']:g}, grid {basis['grid_gco2eq_per_kwh']:g} gCO2eq/kWh ({found.datacenter})"),
        (
            "not counted",
            f"data loading, checkpoints, evaluation, failed and repeated runs; {EXCLUDED[basis['boundary']['name']]}",
        ),
    ]
