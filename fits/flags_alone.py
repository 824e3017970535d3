"""How far off are time and energy if only a model's flags are known? Run as ``python -m fits.flags_alone``.

We estimate models of the catalogue twice on the H100: by their operators, and as if only their flags and sizes were
known. A model of images or video counts if the leading order has its FLOP of a pass right within a tenth.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ditcarbon_sym.architectures.network import Sound
from ditcarbon_sym.catalog.entries import Model
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import (
    NOTATION,
    REQUEST_FIELDS,
    E,
    F_attn,
    N,
    Q_elem,
    d,
    ell,
    j,
    m,
    n_exp,
    n_launch,
    s,
    tau,
)
from ditcarbon_sym.estimation import work, work_of_flags
from ditcarbon_sym.estimation.counting import flops, leading_order
from ditcarbon_sym.estimation.point import operating_point

from .runs import H100

RIGHT = 0.1
"""Relative error of the leading order up to which a model counts."""


@dataclass(frozen=True)
class Usual:
    """A model: what its flags do not tell, and the logarithms by which they are off."""

    moved: float
    launched: float
    head: float
    hidden_size: float
    off: Mapping[str, float]


@lru_cache(maxsize=1)
def usual() -> dict[str, Usual]:
    """Every model that counts."""
    return {name: found for name, model in load().models.items() if (found := _of(model)) is not None}


def _of(model: Model) -> Usual | None:
    point = operating_point(model.id, gpu=H100, efficiency="roofline")
    assert model.networks is not None and point.calibration is not None
    if isinstance(model.networks().denoiser, Sound):
        return None
    sizes = {NOTATION[x].field: int(point.values[x]) for x in REQUEST_FIELDS}
    forward = float(flops(model.networks(), **sizes)["denoiser_forward"])
    if abs(leading_order(model, point.values, 1, forward)["denoiser_forward_error"]) > RIGHT:
        return None
    route = point.route
    assert isinstance(route, pipeline.Route)
    law = [x for x in route.equations if x.lhs not in {y.lhs for y in work.equations(model, point.values, 1)}]
    heads = point.calibration.head_multiple
    alone = pipeline.Route(route.name, (*work_of_flags.equations(point.values[d], heads), *law))
    plain = pipeline.Route(route.name, (*work.equations(model, point.values, 1), *law))
    exact = pipeline.evaluate(point.values, (tau, E, Q_elem, n_launch, ell), route)
    head = pipeline.evaluate(point.values, (n_exp, F_attn), plain)
    by_flags = pipeline.evaluate({**point.values, **model.values}, (tau, E), alone)
    v = {**model.values, **point.values}
    rows = float(exact[ell]) + (v[s] + v[j] - v[s] * v[j]) * v[m]
    return Usual(
        float(exact[Q_elem]) / (2 * v[N] * v[d] * rows), float(exact[n_launch]) / v[N],
        float(head[F_attn]) / 4 / float(head[n_exp]), v[d],
        {name: math.log(float(by_flags[x]) / float(exact[x])) for name, x in (("time", tau), ("energy", E))},
    )  # fmt: skip


def scatter() -> dict[str, float]:
    """Root mean square of the logarithm by which time and energy are off."""
    return {
        name: float(np.sqrt(np.mean([x.off[name] ** 2 for x in usual().values()]))) for name in work_of_flags.SCATTER
    }


def medians() -> dict[str, Any]:
    """Medians of what flags do not tell: launches; elements moved and channels of a head, of narrow and wide models."""
    models = list(usual().values())
    halves = [[x for x in models if (x.hidden_size >= work_of_flags.FROM) == wide] for wide in (False, True)]
    return {
        "launched": float(np.median([x.launched for x in models])),
        "moved": [float(np.median([x.moved for x in half])) for half in halves],
        "head": [float(np.median([x.head for x in half])) for half in halves],
    }


if __name__ == "__main__":
    for name, found in usual().items():
        print(f"{name}: {found.moved:.1f} moved, {found.launched:.1f} launched, heads of {found.head:.0f}, "
              f"time {np.expm1(found.off['time']):+.1%}, energy {np.expm1(found.off['energy']):+.1%}")  # fmt: skip
    print(medians(), scatter())
