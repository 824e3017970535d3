"""The operating point: everything a request, an accelerator and a facility put into the equations, chosen and
checked once.

One call uses one route to time and energy (`routes`). No fit is used silently outside its regime or on another
accelerator.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from sympy import Symbol

from ..catalog.entries import Calibration, Datacenter, Gpu, Model
from ..catalog.loading import Catalog, defaults, load, load_calibration
from ..catalog.names import plain
from ..equations import pipeline
from ..equations.notation import NOTATION, SECONDS_PER_YEAR, TDP, C_chip, L, Notation, Theta_peak, g, u
from ..equations.parallel.symbols import n_C, n_R, n_U, n_vae
from ..errors import InputError
from .footprint.accelerator import chosen_accelerator, counted_alike as counted_alike, usual_boundary
from .footprint.boundaries import CHIP, Boundary, accounted, boundary_of
from .footprint.facility import chosen_facility as chosen_facility, dim, idle_notes
from .memory import weight_notes
from .modes.asked import with_preset
from .modes.choice import NO_MODE, Mode, chosen_mode
from .modes.stack import in_mode
from .request import Request, resolve_request
from .routes import choose_route, order_notes

LIFETIME_YEARS = Notation(L, "L", "hardware lifetime", "years", "lifetime_years", 0.1, 50, False, "years")


class Options(Request, total=False):
    """A request, and on what it runs; whatever is left out is the model's release or the paper's setting.

    ``gpu``: a catalogue id. ``datacenter``: a catalogue id, a country ("france", "FR", "FRA") or a cloud region
    ("aws:eu-west-3"). ``pue`` with ``grid`` (gCO2eq/kWh): instead of a data centre. ``method``: which figure of its
    grid, "location" (the default), "market" or "marginal". ``boundary``: "chip" (the paper's), "board", "server" or
    "facility" (`equations.around.boundaries`); without it, the widest that has sources, and the paper's on its V100.
    ``lifetime_years``: over which embodied carbon is amortised; ``utilisation``: the part of it in which the
    accelerator works, 1 as the paper has it: below, embodied carbon rises and energy while idle is told.
    ``embodied_boundary``: which figure of it, "die" (the paper's) or another that the accelerator has; boundaries are
    never mixed. ``mu``, ``calibration``, ``efficiency``: a measured efficiency, a calibration file, or a law by name:
    "roofline" (the operator law, the default) or "bgr" (the paper's fit). ``gpus``: accelerators that share the
    request; ``split``: their degrees, such as "ulysses=4,ring=2", else those that take least time.
    ``software`` ("eager", "compile", "engine", "engine:NAME"), ``attention`` ("sdpa", "fa2", "fa3", "sage2",
    "sparse:DENSITY"), ``precision`` ("bf16", "fp8", "int8", "int4", "nvfp4" ...), ``cache`` (part of the steps
    skipped), ``guidance_steps`` (part of the steps with guidance), ``offload`` ("model", "sequential"), ``preset``
    (a published setting by name): how it runs, else eager PyTorch in 16 bits.
    ``config``: a diffusers folder or configuration instead of a model. ``catalog``: a TOML file with entries of one's
    own, or a loaded `Catalog`.

    >>> wish: Options = {"gpu": "h100-sxm-80gb", "batch": 4}
    >>> operating_point("pixart-alpha", **wish).device.id
    'h100-sxm-80gb'
    """

    gpu: str | None
    datacenter: str | None
    pue: float | None
    grid: float | None
    method: str | None
    boundary: str | None
    lifetime_years: float | None
    utilisation: float | None
    mu: float | None
    calibration: str | Path | None
    efficiency: str | None
    embodied_boundary: str | None
    software: str | None
    attention: str | None
    precision: str | None
    cache: float | None
    guidance_steps: float | None
    offload: str | None
    preset: str | None
    gpus: float | None
    split: str | None
    config: str | Path | None
    catalog: str | Path | Catalog | None


@dataclass(frozen=True)
class OperatingPoint:
    """A configuration ready for the equations: ``values`` maps every input symbol of ``route`` to a number, NaN if
    unknown.

    >>> from ..equations.notation import B
    >>> operating_point("pixart-alpha", batch=4).values[B]
    4.0
    """

    model: Model
    device: Gpu
    facility: Datacenter
    route: pipeline.AnyRoute
    calibration: Calibration | None
    values: Mapping[Symbol, float]
    lifetime_years: float
    utilisation: float
    embodied_boundary: str
    boundary: Boundary
    notes: tuple[str, ...]
    asked: Mapping[str, Any]
    """The model and the options that it was made from."""
    mode: Mode = NO_MODE

    @property
    def ranges(self) -> dict[str, tuple[float, float, str]]:
        """By data field, low, high and source of what the place and the boundary are not sure of."""
        return {**self.facility.ranges, **self.boundary.ranges}


def operating_point(model: str | None = None, **options: Unpack[Options]) -> OperatingPoint:
    """Choose and check everything that an estimate rests on; raises `InputError` in one line.

    >>> from ditcarbon_sym.equations.notation import B
    >>> point = operating_point("pixart-alpha", batch=4)
    >>> point.values[B], point.device.id, point.calibration.law
    (4.0, 'v100-pcie-16gb', 'roofline')
    """
    if sum(options.get(key) is not None for key in ("mu", "calibration", "efficiency")) > 1:
        raise InputError("give one of mu, calibration and efficiency, not several")
    catalog = options.get("catalog")
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    chosen, borrowed = chosen_model(model, options.get("config"), entries)
    filled = with_preset(chosen, options)
    numbers, notes = resolve_request(chosen, {key: value for key, value in filled.items() if key not in _SETTING})
    calibration = options.get("calibration")
    own = load_calibration(calibration) if calibration is not None else None
    device = chosen_accelerator(entries, options.get("gpu"), own)
    where = (options.get("datacenter"), options.get("pue"), options.get("grid"), options.get("method"))
    facility = chosen_facility(entries, *where)
    route = choose_route(chosen, numbers, device, options.get("mu"), own, options.get("efficiency"))
    mode = chosen_mode(filled, chosen, device, numbers[g])
    if options.get("gpus") is None and options.get("split") is None:
        route = in_mode(route, mode)
    else:
        from .several.route import shared

        route = shared(route, mode, chosen, numbers, device, options.get("gpus"), options.get("split"))
    years, used = (
        notation.check(defaults()[notation.field] if (given := options.get(notation.field)) is None else given)
        for notation in (LIFETIME_YEARS, NOTATION[u])
    )
    boundary = _boundary(device, options.get("embodied_boundary"))
    counted = options.get("boundary") or usual_boundary(entries, device, options)
    around = boundary_of(device, counted, options.get("embodied_boundary"), used)
    boundary = boundary if around.name == CHIP else around.name
    values = {
        **dict.fromkeys((Theta_peak, TDP), math.nan),  # unknown unless the device says otherwise
        **chosen.values, **numbers, **device.values, **facility.values, **route.values,
        L: years * used * float(SECONDS_PER_YEAR), u: used, C_chip: device.embodied.get(boundary, math.nan),
        **around.values,
    }  # fmt: skip
    beware = order_notes(route.route, route.calibration, chosen, numbers)
    unknown = _unknowns(device, None if around.values else boundary)
    facts = dim(facility) + idle_notes(device, used) + unknown + around.notes + weight_notes(chosen, device, values)
    read = _read_as("gpu", options.get("gpu"), device.id) + _read_as(
        "datacenter", options.get("datacenter"), facility.id
    )
    said = notes + borrowed + read + facility.notes + route.warnings + beware + facts
    asked = {"model": model, **options, "catalog": entries}
    return OperatingPoint(
        chosen,
        device,
        facility,
        accounted(route.route, around, values),
        route.calibration,
        values,
        years,
        used,
        boundary,
        around,
        said,
        asked,
        mode,
    )


def asked_again(point: OperatingPoint, **changes: Any) -> OperatingPoint:
    """Return the operating point of the same question with other options; raises `InputError` as a new question does.

    >>> asked_again(operating_point("pixart-alpha", resolution=512), resolution=1024, steps=10).notes
    ()
    """
    return operating_point(**merged(point.asked, changes))


GROUPS = (
    ("resolution", "height", "width"), ("datacenter", "pue", "grid"), ("mu", "efficiency", "calibration"),
    ("gpus", "split"),
)  # fmt: skip
"""Options that say one thing together: a size, a facility, a law, a split."""


def merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Options of one's own before those of all: a size, a facility and a law replace each other as a whole.

    >>> merged({"pue": 1.2, "grid": 50.0, "batch": 2}, {"datacenter": "germany"})
    {'batch': 2, 'datacenter': 'germany'}
    """
    replaced = {name for group in GROUPS if not own.keys().isdisjoint(group) for name in group}
    return {**{name: value for name, value in shared.items() if name not in replaced}, **own}


def split_of(values: Mapping[Symbol, float]) -> str:
    """How the accelerators of an operating point split its request, as `--split` reads it; "none" where it is one.

    >>> split_of(operating_point("flux.1-dev", gpu="h100-sxm-80gb", split="ulysses=4,ring=2").values)
    'ulysses=4,ring=2'
    """
    degrees = {NOTATION[x].field: values.get(x, 1.0) for x in (n_U, n_R, n_C, n_vae)}
    return ",".join(f"{name}={degree:g}" for name, degree in degrees.items() if degree > 1) or "none"


def chosen_model(
    model: str | None, config: str | Path | None, catalog: str | Path | Catalog | None = None
) -> tuple[Model, tuple[str, ...]]:
    """Return the catalogue's model of this id, or the one in a diffusers folder, with what was borrowed for it."""
    if (model is None) == (config is None):
        raise InputError(
            "give a model ('ditcarbon models' lists them) or --config"
            + (f", not both: model = {model!r}, config = {str(config)!r}" if model is not None else "")
        )
    if config is None:
        entries = catalog if isinstance(catalog, Catalog) else load(catalog)
        chosen = entries.model(str(model))
        return chosen, _read_as("model", str(model), chosen.id)
    from ..catalog.lending import model_from

    found = model_from(config)
    if found.networks is None or found.lender is None or not found.networks().absent:
        return found, ()
    missing = " and ".join(name.replace("_", " ") for name in found.networks().absent)
    return found, (f"the {missing} of {config} are not known; at leading order those of {found.lender.id} stand in",)


def _read_as(kind: str, name: str | None, chosen: str) -> tuple[str, ...]:
    """Say how a name was read that has other letters or digits than the id."""
    return () if name is None or plain(name) == plain(chosen) else (f"{kind} {name!r} is read as {chosen}",)


_SETTING = set(Options.__annotations__) - set(Request.__annotations__)
"""What is not part of the request itself."""


def _boundary(device: Gpu, wanted: str | None) -> str:
    """The system boundary of the embodied carbon: the one asked for, or the paper's."""
    if wanted is not None and wanted not in device.embodied:
        known = ", ".join(repr(name) for name in device.embodied) or "none"
        raise InputError(f"embodied_boundary = {wanted!r} is not known for {device.id}; known: {known}")
    return str(defaults()["embodied_boundary"]) if wanted is None else wanted


def _unknowns(device: Gpu, boundary: str | None) -> tuple[str, ...]:
    """Name each missing fact and what stays unknown for want of it."""
    notes = []
    if TDP not in device.values:
        notes.append(f"the power of {device.id} is unknown: energy and carbon are left out")
    if boundary is not None and boundary not in device.embodied:
        known = " or ".join(f"--embodied-boundary {name!r}" for name in device.embodied)
        remedy = f"; known by {known}" if known else ""
        missing = f"the embodied carbon of {device.id} ({boundary}) is unknown"
        notes.append(f"{missing}: embodied and total carbon are left out{remedy}")
    return tuple(notes)
