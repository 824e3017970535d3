"""The law of several accelerators in place of that of one: its equations, its numbers, and how sure they are.

The law of one accelerator comes from its own calibration, or from what carries over to it. What splitting adds was
fitted to runs of H100 and B200 (`fits/parallel.py`) and is taken to hold for other accelerators, with the link that
they have. How far whole models, held out of both fits, lay from their predictions widens the interval.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sympy import Symbol

from ...catalog.entries import Calibration, Gpu, Model
from ...catalog.files import DATA, read_toml
from ...equations import carbon, operator_law, parallel, pipeline
from ...equations.equation import Equation
from ...equations.notation import BY_FIELD, JOULE_PER_KWH, NOTATION, TDP, C_emb, E, g, tau
from ...equations.parallel.symbols import everywhere, link, n_gpu, several
from ...errors import InputError
from ..modes.choice import Mode
from ..modes.stack import in_mode
from ..routes import ChosenRoute
from . import work
from .split import Split, checked_split, read_split, valid_splits

FILE = DATA / "parallel" / "xdit.toml"
NODE = 8
"""Accelerators to a node where that is not known (assumed)."""
PCIE = 16e9
"""B/s each way of a link that is not known (assumed: PCIe 3.0 with sixteen lanes, the slowest of the catalogue)."""
UNKNOWN_LINK = 0.3
"""Standard deviation of the logarithm that an assumed link adds: from sixteen to 900 GB/s, eight accelerators differ by
a factor of two to three on the catalogue's models (assumed)."""
OTHER_LINK = 0.15
"""The same on a link of another kind than those that the law was fitted with (assumed; published runs on PCIe cards,
`fits/parallel_elsewhere.py`, lie within it)."""
GUIDANCE = 0.37
"""The same where guidance passes are split, which no run that the law was fitted to shows: the root mean square of the
logarithms of 14 published speed-ups, predicted over measured. Mochi's lie within 11 %; SANA's, at 4096 x 4096, are
missed where one accelerator decodes; ConsisID's grow less than predicted beyond two, in splits of the rows as well."""
TILED = 0.15
"""The same where the decoding is shared (assumed). With it, the published runs of SANA at 4096 x 4096, whose notes do
not say how they decode, are missed by a tenth, without it by more than half (`tests/fits/test_parallel.py`)."""
TOGETHER = 0.1
"""The same for a mode on several accelerators, beside the errors of both: eleven published speed-ups of compiled runs
lie within 11 % (`fits/parallel_elsewhere.py`); of other modes none is known (assumed)."""
SHOWN = "extrapolates: of modes on several accelerators, published runs show compilation alone"
RATED = Equation("5", E, n_gpu * tau * TDP / JOULE_PER_KWH)
"""Energy where a calibration has no law of it."""


@lru_cache(maxsize=1)
def law() -> Calibration:
    """What splitting adds: the fitted constants, their covariance and quality."""
    table = read_toml(FILE)
    return Calibration(
        law=parallel.LABEL, gpu="", device={}, origin=f"shipped: parallel/{FILE.name}",
        values={BY_FIELD[name].symbol: float(value) for name, value in table["parameters"].items()},
        free=tuple(BY_FIELD[name].symbol for name in table["covariance"]["parameters"]),
        covariance=tuple(tuple(row) for row in table["covariance"]["matrix"]), verdicts=table["verdicts"],
        quality=table["quality"], validity=table["validity"], convention=table["convention"], data=table["data"],
    )  # fmt: skip


def shared(
    alone: ChosenRoute,
    mode: Mode,
    model: Model,
    numbers: Mapping[Symbol, float],
    device: Gpu,
    gpus: float | None,
    split: str | None,
) -> ChosenRoute:
    """Return the route of a request that several accelerators share in a mode; ``alone`` is that of one in none.

    Without ``split``, it is the valid one that takes least time. Raises `InputError` for a split that the request
    cannot have, and for a law that is not of operators.
    """
    asked = None if split is None else read_split(split)
    number = (
        asked.gpus if gpus is None and asked is not None else int(NOTATION[n_gpu].check(1 if gpus is None else gpus))
    )
    passes = int(numbers[g])
    if asked is not None:
        checked_split(asked, model, number, passes)
        if asked.cfg > 1 and mode.guidance_steps < 1:
            raise InputError(
                f"split: cfg = {asked.cfg} with guidance_steps = {mode.guidance_steps:g}: steps without guidance have "
                "one pass, which only a part of the accelerators could take; leave one of them out"
            )
    if number == 1:
        return in_mode(alone, mode)
    if alone.calibration is None or pipeline.route_name(alone.route) != operator_law.LAW:
        raise InputError(
            f"gpus = {number}: several accelerators need the operator law; leave out --mu, and --efficiency bgr or a "
            "--calibration of that law"
        )
    values = {**alone.values, **law().values, link: device.link_byte_per_second or PCIE, several: 1.0}
    route = in_mode(replace(alone, route=_route(alone.route, model, numbers), values=values), mode)
    assert isinstance(route.route, pipeline.Route) and route.calibration is not None
    candidates = valid_splits(model, number, 1) if asked is None else [asked]
    each = [{**route.values, **x.values, **_paddings(model, numbers, x)} for x in candidates]
    best = 0 if len(each) == 1 else _fastest(route.route, {**model.values, **numbers, **device.values}, each)
    notes, besides = _reservations(device, candidates[best], numbers, model)
    if mode.constants or mode.facts:
        besides = math.hypot(besides, TOGETHER)
        notes += () if set(mode.kinds) <= {"compile"} else (SHOWN,)
    return replace(
        route, values=each[best], calibration=_with_both(route.calibration, besides), warnings=(*route.warnings, *notes)
    )


def _route(alone: pipeline.AnyRoute, model: Model, numbers: Mapping[Symbol, float]) -> pipeline.Route:
    """The equations of several accelerators: those of one, but for time, efficiency, energy and embodied carbon."""
    assert isinstance(alone, pipeline.Route)
    split = [x for x in work.equations(model, numbers, 1) if x.lhs not in work.PADDED]
    first = next(k for k, x in enumerate(alone.equations) if x.lhs == tau)
    rated = carbon.energy in alone.equations
    law = (*parallel.AT_FULL_CLOCK, RATED) if rated else (*parallel.TIMES, parallel.alone, parallel.energy)
    accounting = tuple(parallel.embodied if x.lhs == C_emb else x for x in alone.accounting)
    return pipeline.Route(alone.name, (*alone.equations[:first], *split, *law), accounting)


def _paddings(model: Model, numbers: Mapping[Symbol, float], split: Split) -> dict[Symbol, float]:
    """What a split pads, and where the VAE decodes, as numbers."""
    found = {x.lhs: x.rhs for x in work.equations(model, numbers, split.sharing)}
    return {x: float(found[x]) for x in work.PADDED} | ({everywhere: 0.0} if split.vae > 1 else {})


def _fastest(route: pipeline.Route, known: Mapping[Symbol, float], each: list[dict[Symbol, float]]) -> int:
    """The index of the split that takes least time."""
    times = [float(pipeline.evaluate({**known, **values}, (tau,), route)[tau]) for values in each]
    return times.index(min(times))


def _reservations(
    device: Gpu, split: Split, numbers: Mapping[Symbol, float], model: Model
) -> tuple[tuple[str, ...], float]:
    """What to beware of in a split on these accelerators, and by how much that widens the interval."""
    notes, besides = [], 0.0
    fitted = law()
    known = device.link_byte_per_second
    node = device.node_gpus or NODE
    if split.gpus > node:
        size = f"{node} accelerators to a node" + ("" if device.node_gpus else " (assumed)")
        notes.append(
            f"extrapolates: {split.gpus} x {device.id} are more than {size}; the link within a node is assumed between "
            f"nodes, too ({(known or PCIE) / 1e9:g} GB/s)"
        )
        besides = math.hypot(besides, UNKNOWN_LINK)
    if known is None:
        notes.append(
            f"the link of {device.id} is unknown: {PCIE / 1e9:g} GB/s each way is assumed (PCIe 3.0), which widens the "
            "interval; give link_byte_per_second in --catalog"
        )
        besides = math.hypot(besides, UNKNOWN_LINK)
    elif device.id not in fitted.data["accelerators"]:
        notes.append(f"extrapolates: what splitting adds was fitted on {' and '.join(fitted.data['accelerators'])}")
        besides = math.hypot(besides, OTHER_LINK)
    if split.cfg > 1:
        notes.append("extrapolates: no run that the law of several accelerators was fitted to splits guidance passes")
        besides = math.hypot(besides, GUIDANCE)
    if split.vae > 1:
        notes.append(
            "extrapolates: no run that the law was fitted to shares the decoding; its tiles divide evenly (assumed)"
        )
        besides = math.hypot(besides, TILED)
    low, high = fitted.validity["gpus"]
    if not low <= split.gpus <= high or split.gpus & (split.gpus - 1):
        notes.append(f"extrapolates: {split.gpus} accelerators; the law was fitted to runs on 2, 4 and 8")
    if model.networks is None:
        notes.append(
            f"heads of {model.id} are not known: whether a degree of Ulysses attention divides them is not checked"
        )
    return tuple(notes), besides


def _with_both(alone: Calibration, besides: float) -> Calibration:
    """The calibration of one accelerator and the law of several, as one: values, covariance and error."""
    fitted = law()
    first, second = len(alone.free), len(fitted.free)
    covariance = (
        *((*row, *[0.0] * second) for row in alone.covariance), *((*[0.0] * first, *row) for row in fitted.covariance),
    )  # fmt: skip
    return replace(
        alone, values={**alone.values, **fitted.values}, free=(*alone.free, *fitted.free), covariance=covariance,
        verdicts={**alone.verdicts, **fitted.verdicts}, quality=_quality(alone.quality, fitted.quality, besides),
    )  # fmt: skip


def _quality(alone: Mapping[str, Any], fitted: Mapping[str, Any], besides: float) -> dict[str, Any]:
    """The quality of the law of one accelerator, with what several add to the error."""
    found = dict(alone)
    for suffix in ("", "_energy"):
        key = f"besides_log_scatter{suffix}"
        found[key] = math.hypot(found.get(key, 0.0), fitted[f"besides_log_scatter{suffix}"], besides)
        within = f"within_log_scatter{suffix}"
        if within in found:
            found[within] = max(found[within], fitted[within])
    return {**found, "several_held_out_mape_percent": fitted["held_out_mape_percent"],
            "several_held_out_mape_percent_energy": fitted["held_out_mape_percent_energy"]}  # fmt: skip
