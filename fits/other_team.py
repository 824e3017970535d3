"""A test on another team's runs: we predict them by a law that was fitted without them.

Delavande et al. (2025) measured two sizes of Wan2.1 on one H100, the smaller one over sizes, frames and steps; other
models they offloaded. The calibration that ships is fitted to all teams' runs. Here the law and its interval come from
the other teams' runs alone.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ditcarbon_sym.calibration.data import OF_ENERGY, Data
from ditcarbon_sym.estimation.spread.quantiles import LEVEL, student_quantile

from .chips import Out, members
from .operator_law import fits_of, laws, runs_of, scatter
from .runs import H100, data, published_runs
from .transfer import off

TEAM = "delavande2025video"
TARGETS = ("time", "energy")
WITHOUT: Out = (("team", TEAM),)


@dataclass(frozen=True)
class Unseen:
    """One model of the other team: mean absolute error and bias (per cent), and how many rows the interval holds."""

    target: str
    model: str
    rows: int
    error: float
    bias: float
    inside: int


@dataclass(frozen=True)
class Predicted:
    """One run of the other team: ln(predicted / measured), half the 90 % interval, and its degrees of freedom."""

    model: str
    log: float
    half: float
    degrees: int


@lru_cache(maxsize=2)
def predicted(target: str) -> tuple[Predicted, ...]:
    """Every run of the other team, predicted by the law that has seen none of that team's runs."""
    rows = data([run for run in published_runs(H100) if run.source == TEAM], target)
    logs, halves = laws(H100, WITHOUT)[target].logs(rows), half_widths(rows, target)
    degrees = len(_each_model(target))
    return tuple(Predicted(x, float(y), float(z), degrees) for x, y, z in zip(rows.groups, logs, halves, strict=True))


@lru_cache(maxsize=1)
def unseen() -> tuple[Unseen, ...]:
    """Every model of the other team."""
    found = []
    for target in TARGETS:
        for model in dict.fromkeys(x.model for x in predicted(target)):
            mine = [x for x in predicted(target) if x.model == model]
            relative = np.expm1([x.log for x in mine])
            inside = sum(abs(x.log) <= x.half for x in mine)
            error, bias = 100 * float(np.mean(np.abs(relative))), 100 * float(np.mean(relative))
            found.append(Unseen(target, model, len(mine), error, bias, inside))
    return tuple(found)


def half_widths(rows: Data, target: str) -> np.ndarray:
    """Half the 90 % interval of each row, in logarithms, from the fit's parameters and the scatter of models, all
    without the team.
    """
    held = {
        model: off(laws(H100, (*WITHOUT, ("model", model)))[target], members(H100), target, (*WITHOUT, *others))
        for model, others in _each_model(target)
    }
    law = fits_of(H100, WITHOUT)
    own = law.shipped.log_deviations(rows.knowing({OF_ENERGY: float(target == "energy"), **law.held}))
    found: np.ndarray = student_quantile(LEVEL, len(held)) * np.hypot(own, scatter(held))
    return found


def _each_model(target: str) -> list[tuple[str, Out]]:
    """Each model of the other teams, and all the other models."""
    names = list(dict.fromkeys(run.model for _, run in runs_of(H100, target) if run.source != TEAM))
    return [(name, tuple(("model", other) for other in names if other != name)) for name in names]
