"""A test on another team's runs: we predict them by a law that was fitted without them.

Delavande et al. (2025) measured two sizes of Wan2.1 on one H100, the smaller one over sizes, frames and steps; other
models they offloaded. The calibration that ships is fitted to both teams' runs. Here the law and its interval come from
the first team's runs alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.fitting import Fit
from ditcarbon_sym.calibration.held_out import log_scatter
from ditcarbon_sym.estimation.intervals import LEVEL, student_quantile

from .operator_law import fits_of, held_out
from .runs import H100, data, published_runs

TEAM = "delavande2025video"
TARGETS = ("time", "energy")


@dataclass(frozen=True)
class Unseen:
    """One model of the other team: mean absolute error and bias (per cent), and how many rows the interval holds."""

    target: str
    model: str
    rows: int
    error: float
    bias: float
    inside: int


@lru_cache(maxsize=1)
def unseen() -> tuple[Unseen, ...]:
    """Every model of the other team, predicted by the law that has seen none of that team's runs."""
    mine = [run for run in published_runs(H100) if run.source == TEAM]
    found = []
    for target, fitted, held in zip(TARGETS, fits_of(H100, TEAM), held_out(H100, TEAM), strict=True):
        rows = data(mine, target)
        logs, halves = np.log(fitted.predict(rows) / rows.observed), half_widths(fitted, rows, held)
        for model in dict.fromkeys(rows.groups):
            own = np.array(rows.groups) == model
            off = np.expm1(logs[own])
            inside = int(np.sum(np.abs(logs[own]) <= halves[own]))
            found.append(
                Unseen(target, model, len(off), 100 * float(np.mean(np.abs(off))), 100 * float(np.mean(off)), inside)
            )
    return tuple(found)


def half_widths(fitted: Fit, rows: Data, held: Mapping[str, tuple[Fit, Data]]) -> np.ndarray:
    """Half the 90 % interval of each row, in logarithms, from the fit's parameters and the scatter of models."""
    between = log_scatter(held, each_once=True)
    found: np.ndarray = student_quantile(LEVEL, len(held)) * np.hypot(fitted.log_deviations(rows), between)
    return found
