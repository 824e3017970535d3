"""The runs that are scored and never fitted, and what ``ditcarbon estimate`` says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ditcarbon_sym.equations.notation import E, tau
from ditcarbon_sym.estimation.estimator import estimate_at
from ditcarbon_sym.estimation.intervals import scatter_met
from ditcarbon_sym.estimation.point import OperatingPoint, operating_point
from ditcarbon_sym.estimation.service import Quantity

from .runs import REQUEST, UNSEEN, published

NORMAL = 10**4
"""Degrees of freedom of a scatter that many groups tell: Student's distribution is then normal."""


@dataclass(frozen=True)
class Unseen:
    """A published run that no fit has seen: predicted over measured seconds or joules; does the interval hold it?"""

    row: Mapping[str, str]
    target: str
    ratio: float
    half: float
    degrees: int
    inside: bool


@lru_cache(maxsize=1)
def never_fitted() -> tuple[Unseen, ...]:
    """Every run of `UNSEEN`, its seconds and, where they are told, its joules."""
    found = []
    for row in published(UNSEEN):
        request: Any = {key: int(row[key]) for key in REQUEST if row.get(key)}
        point = operating_point(row["model"], gpu=row["gpu"], **request)
        said = estimate_at(point)
        found.append(_unseen(row, "time", said.time_s, float(row["time_s"]), point))
        if row["energy_j_per_output"]:
            joules = float(row["energy_j_per_output"]) * request["batch"]
            found.append(_unseen(row, "energy", said.energy_wh, joules / 3600, point))
    return tuple(found)


def _unseen(
    row: Mapping[str, str], target: str, said: Quantity, measured: float, point: OperatingPoint
) -> Unseen:  # fmt: skip
    assert said.value is not None and said.low is not None and said.high is not None
    half = float(np.log(said.high / said.low)) / 2
    return Unseen(
        row, target, said.value / measured, half, degrees_of(point, target), said.low <= measured <= said.high
    )


def degrees_of(point: OperatingPoint, target: str = "time") -> int:
    """Degrees of freedom of the distribution that an interval is of."""
    groups = scatter_met(tau if target == "time" else E, point).groups
    return NORMAL if groups is None else int(groups)


def times() -> tuple[Unseen, ...]:
    """Those of seconds."""
    return tuple(x for x in never_fitted() if x.target == "time")
