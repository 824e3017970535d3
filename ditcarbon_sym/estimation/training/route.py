"""The route of training in place of that of a request: its equations, its numbers, and how sure they are."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sympy import Expr, Symbol

from ...architectures.operators import total
from ...catalog.entries import Calibration
from ...catalog.files import DATA, read_toml
from ...equations import carbon, operator_law, pipeline, training
from ...equations.equation import Equation, exact
from ...equations.notation import BY_FIELD, F_VAE, NOTATION, B, H, S, W, g, n_frames, n_latent
from ...equations.parallel.symbols import Q_attn, e_link, phi_move
from ...equations.training.symbols import F_enc, cached
from ...errors import InputError
from ..counting import latent_size
from ..memory import weight_notes
from ..point import OperatingPoint
from ..several import route as several_route, work as several_work

FILE = DATA / "training.toml"


@lru_cache(maxsize=1)
def law() -> Mapping[str, Any]:
    """What training changes: the fitted constant, its variance, and how far other trainings lay from it."""
    return read_toml(FILE)


def trained(point: OperatingPoint, schedule: Mapping[Symbol, float]) -> tuple[OperatingPoint, tuple[str, ...]]:
    """Return the operating point of a training, made from that of one step of one sample, and what to beware of."""
    if point.calibration is None or pipeline.route_name(point.route) != operator_law.LAW:
        raise InputError("training needs the operator law; leave out mu, and efficiency = 'bgr'")
    alone = point.route
    assert isinstance(alone, pipeline.Route)
    encoder, notes = _encoder(point, bool(schedule[cached]))
    moved = [x for x in several_work.equations(point.model, point.values, 1) if x.lhs == Q_attn]
    rated = carbon.energy in alone.equations
    own = training.in_mode(training.AT_FULL_CLOCK if rated else training.EQUATIONS[:-1], point.values.keys())
    defined = {x.lhs for x in own}
    first = [x for x in alone.equations if x.lhs not in defined]
    route = pipeline.Route(alone.name, (*first, *encoder, *moved, *own), training.accounted(point.boundary.accounting))
    shared = several_route.law().values
    fitted = {BY_FIELD[name].symbol: float(value) for name, value in law()["parameters"].items()}
    values = {**point.values, **schedule, **fitted, e_link: shared[e_link], phi_move: shared[phi_move]}
    calibration = _with_training(point.calibration, fitted)
    of_inference = weight_notes(point.model, point.device, point.values)
    said = tuple(x for x in point.notes if x not in of_inference)
    return replace(point, route=route, values=values, calibration=calibration, notes=said), notes


def _encoder(point: OperatingPoint, from_cache: bool) -> tuple[list[Equation], tuple[str, ...]]:
    """FLOP of the VAE's encoder for one sample; the decoder's stand in where the encoder is not known."""
    networks = point.model.networks() if point.model.networks is not None else None
    if networks is not None and networks.encoder is not None:
        sizes = {x: int(point.values[x]) for x in (H, W, n_frames)}
        latent, _ = latent_size(networks, sizes[H], sizes[W], sizes[n_frames])
        found: Expr = total(networks.encoder).flop.subs({**sizes, n_latent: int(latent)})
        return [Equation("operator list", F_enc, exact(float(found)))], ()
    note = f"the VAE's encoder of {point.model.id} is not known: the decoder's FLOP stand in"
    return [Equation("stand-in", F_enc, 1 * F_VAE)], () if from_cache else (note,)


def _with_training(alone: Calibration, fitted: Mapping[Symbol, float]) -> Calibration:
    """The calibration of inference and what training adds, as one."""
    table = law()
    symbols = tuple(fitted)
    old, new = len(alone.free), len(symbols)
    own = table["covariance"]["matrix"]
    covariance = (*((*row, *[0.0] * new) for row in alone.covariance), *((*[0.0] * old, *row) for row in own))
    quality = dict(alone.quality)
    for suffix in ("", "_energy"):
        key = f"besides_log_scatter{suffix}"
        quality[key] = math.hypot(quality.get(key, 0.0), float(table["quality"]["held_out_log_scatter"]))
    return replace(
        alone, values={**alone.values, **fitted}, free=(*alone.free, *symbols), covariance=covariance, quality=quality,
    )  # fmt: skip


ONE_SAMPLE: Mapping[str, int] = {NOTATION[B].field: 1, NOTATION[S].field: 1, NOTATION[g].field: 1}
"""The request of which a training is made: one pass of one sample."""
