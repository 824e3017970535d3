"""Do the predictive intervals hold? Each architecture is held out, and we count how many of its rows lie inside.

The other architectures give the fit and its covariance. Each of them is held out in turn, which gives the scatter.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ditcarbon_sym.calibration.fitting import BGR, fit_identified
from ditcarbon_sym.calibration.held_out import leave_one_group_out, log_scatter
from ditcarbon_sym.equations.efficiency import saturation
from ditcarbon_sym.estimation.spread.quantiles import LEVEL, quantile

from . import corpus


@dataclass(frozen=True)
class Coverage:
    """How often the interval holds the measured efficiency of an architecture that the fit has not seen."""

    architecture: str
    inside: int
    rows: int
    half_width_percent: float


@lru_cache(maxsize=1)
def coverage() -> tuple[Coverage, ...]:
    """Leave each architecture out of the production corpus; its interval uses none of its rows."""
    data, found = corpus.production(), []
    groups = np.array(data.groups)
    for name in dict.fromkeys(data.groups):
        seen, unseen = data.where(groups != name), data.where(groups == name)
        shipped = fit_identified(saturation, seen).shipped
        between = log_scatter(leave_one_group_out(saturation, seen, BGR))
        predicted = shipped.predict(unseen)
        deviations = np.hypot(shipped.log_deviations(unseen), between)
        inside = np.abs(np.log(unseen.observed / predicted)) <= quantile(LEVEL) * deviations
        width = 100 * math.expm1(quantile(LEVEL) * float(np.mean(deviations)))
        found.append(Coverage(name, int(inside.sum()), len(unseen), width))
    return tuple(found)
