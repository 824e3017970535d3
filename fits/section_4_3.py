"""Section 4.3 of the paper: pooled fits, residuals, held-out architectures, transfers, rival forms, losses, pairs.

Every statistic of the whole corpus is given twice: on all 83 rows, four of which are reconstructed repeats, and on the
79 printed ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from sympy import Symbol

from ditcarbon_sym.calibration.confidence import LEVEL, Knowledge, Track, comparison, knowledge, residual_bootstrap
from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.efficiency import sweep_data
from ditcarbon_sym.calibration.fitting import BGR, LOSSES, Fit, Free, Identified, fit, fit_identified
from ditcarbon_sym.calibration.held_out import leave_one_group_out, log_scatter
from ditcarbon_sym.calibration.measurements import Row
from ditcarbon_sym.equations.efficiency import batch_discrete, batch_saturation, constant, saturation
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import B_0, B, ell_star, mu_1, mu_4, mu_8, mu_sat
from ditcarbon_sym.numerics.blocks import FloatArray

from . import corpus

FAMILIES = {"dit": ("dit-xl-2-256", "dit-xl-2-512"), "pixart": ("pixart-alpha", "pixart-sigma")}
DISCRETE: Mapping[Symbol, Free] = MappingProxyType(
    {x: Free(0.4, 0.0, 1.0) for x in (mu_1, mu_4, mu_8)} | {ell_star: BGR[ell_star]}
)
SEED = 2026
REPLICATES = 500


@lru_cache(maxsize=1)
def datasets() -> Mapping[str, Data]:
    """The corpus as the paper cuts it, by name."""
    return {"production": corpus.production(), "full": corpus.full(), "printed": corpus.printed()}


POOLED: Mapping[str, tuple[Equation, Mapping[Symbol, Free], str]] = MappingProxyType({
    "production": (saturation, BGR, "production"),
    "full": (saturation, BGR, "full"),
    "printed": (saturation, BGR, "printed"),
    "batch-discrete": (batch_discrete, DISCRETE, "production"),
    "constant": (constant, BGR, "production"),
})  # fmt: skip
"""The pooled fits: law, start and bounds, and which of the `datasets`."""


@lru_cache(maxsize=8)
def pooled(name: str) -> Identified:
    """One of the `POOLED` fits; parameters that its rows do not identify are held."""
    equation, parameters, rows = POOLED[name]
    return fit_identified(equation, datasets()[rows], parameters)


def residuals_per_architecture() -> dict[str, float]:
    """MAPE of the pooled production fit on each architecture's own rows, per cent."""
    fitted, data = pooled("production").full, datasets()["production"]
    groups = np.array(data.groups)
    return {name: fitted.mape(data.where(groups == name)) for name in dict.fromkeys(data.groups)}


@lru_cache(maxsize=1)
def held_out() -> dict[str, tuple[Fit, Data]]:
    """Table 4: for each architecture, the production fit on the five others, and its own rows."""
    return leave_one_group_out(saturation, datasets()["production"])


def family(data: Data, name: str) -> Data:
    return data.where(group in FAMILIES[name] for group in data.groups)


def transfer(source: str, target: str, name: str = "full", equation: Equation = saturation) -> float:
    """MAPE, per cent, of a law fitted on one family and used on the other, over all resolutions."""
    data = datasets()[name]
    return fit(equation, family(data, source)).mape(family(data, target))


def transfer_errors_by_side() -> dict[int, float]:
    """Mean error of both transfers, per cent, by output side."""
    errors: dict[int, list[float]] = {}
    for source, target in (("dit", "pixart"), ("pixart", "dit")):
        rows = [row for row in corpus.rows() if row.model in FAMILIES[target]]
        trained = fit(saturation, family(datasets()["full"], source))
        predicted, data = trained.predict(sweep_data(rows)), sweep_data(rows)
        for row, error in zip(rows, np.abs(predicted / data.observed - 1), strict=True):
            errors.setdefault(int(row.request["height"]), []).append(100 * float(error))
    return {side: float(np.mean(found)) for side, found in errors.items()}


def rivals() -> list[tuple[str, Fit]]:
    """The laws compared on the production rows, all with the paper's loss."""
    data = datasets()["production"]
    return [
        ("BGR, Eq. (3)", pooled("production").full),
        ("batch saturation (ell* = 0)", fit(batch_saturation, data)),
        ("batch-discrete", pooled("batch-discrete").full),
        ("one constant", pooled("constant").full),
    ]


def rival_table() -> list[dict[str, Any]]:
    return comparison(rivals())


def losses() -> list[dict[str, Any]]:
    """How much the loss matters: the BGR law on each dataset by each loss."""
    found = []
    for name, data in datasets().items():
        for loss in LOSSES:
            fitted = fit(saturation, data, BGR, loss)
            found.append(
                {"rows": name, "n": len(data), "loss": loss, "mape_percent": fitted.mape()}
                | {x.name: fitted.values[x] for x in (mu_sat, B_0, ell_star)}
            )
    return found


@lru_cache(maxsize=8)
def _bootstrap(name: str, replicates: int, workers: int, track: Track) -> Any:
    return residual_bootstrap(pooled(name).shipped, POOLED[name][1], replicates, SEED, workers, track)


def parameter_table(
    name: str, replicates: int = REPLICATES, workers: int = 1, track: Track = iter, level: float = LEVEL
) -> list[Knowledge]:
    """What a pooled fit knows of each parameter, bootstrap included (seed `SEED`)."""
    return knowledge(pooled(name), POOLED[name][1], level, _bootstrap(name, replicates, workers, track))


def pair_differences(one: str, other: str, repeats: bool = False) -> dict[tuple[int, int, int], float]:
    """Difference of mu between two architectures at each configuration both ran: {(side, batch, steps): difference}."""

    def measured(model: str) -> dict[tuple[int, int, int], Row]:
        chosen = [row for row in corpus.rows() if row.model == model and (repeats or row.extra["origin"] == "measured")]
        return {(int(r.request["height"]), int(r.request["batch"]), int(r.request["steps"])): r for r in chosen}

    left, right = measured(one), measured(other)
    return {key: abs(left[key].measured["mu"] - right[key].measured["mu"]) for key in left if key in right}


def rounding_of_table_5(draws: int = 400) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Mean and standard deviation of the fitted mu(1) and mu(4) when each mu is redrawn within its printed rounding."""
    data, rng = datasets()["production"], np.random.default_rng(SEED)
    values = []
    for _ in range(draws):
        redrawn = replace(data, observed=data.observed + rng.uniform(-5e-4, 5e-4, len(data)))
        fitted = fit(batch_saturation, redrawn)
        values.append([float(batch_saturation({**fitted.values, B: batch})) for batch in (1, 4)])
    return np.mean(values, axis=0), np.std(values, axis=0)


@lru_cache(maxsize=1)
def errors_under_rounding(draws: int = 60) -> dict[tuple[str, str], tuple[float, float]]:
    """Smallest and largest residual and held-out MAPE, by architecture, when each mu is redrawn within its printed
    rounding.
    """
    data, rng = datasets()["production"], np.random.default_rng(SEED)
    groups = np.array(data.groups)
    values: dict[tuple[str, str], list[float]] = {}
    for _ in range(draws):
        redrawn = replace(data, observed=data.observed + rng.uniform(-5e-4, 5e-4, len(data)))
        whole = fit(saturation, redrawn)
        for name, (trained, rows) in leave_one_group_out(saturation, redrawn).items():
            values.setdefault(("held out", name), []).append(trained.mape(rows))
            values.setdefault(("residual", name), []).append(whole.mape(redrawn.where(groups == name)))
    return {key: (min(found), max(found)) for key, found in values.items()}


@dataclass(frozen=True)
class CarbonError:
    """Error of predicted against measured operational carbon, per cent, under assumptions on the unpublished power."""

    power: float
    error: float
    low: float
    high: float


PRINTED_POWER = (206.0, 243.0)
"""Range of mean inference power on the V100 corpus, W (paper, Section 3.4)."""
TDP_V100 = 250.0
MEAN_RATIO = 1.08
"""Mean of predicted over measured operational carbon (paper, Section 4.4)."""


def _efficiency_ratio(name: str) -> FloatArray:
    """Measured over fitted mu. Below production the paper names no fit; we take the pooled one of the full corpus."""
    data = datasets()[name]
    return np.asarray(data.observed / pooled("production" if name == "production" else "full").full.predict(data))


def mean_ratio(name: str, power: float) -> float:
    """Mean of predicted over measured operational carbon if every run had drawn ``power`` watts."""
    return float(np.mean(_efficiency_ratio(name))) * TDP_V100 / power


def carbon_error(name: str) -> CarbonError:
    """The error of operational carbon, as far as it can be known: the power of each run is not published.

    With the same F on both sides, predicted / measured = (mu_measured / mu_fitted) (TDP / power). The printed mean
    ratio gives one power for all runs, and that power gives ``error``. ``low`` and ``high`` are the least and the
    greatest mean error for powers of the runs within the printed range that also give the printed mean ratio.
    """
    ratio = _efficiency_ratio(name)
    power = mean_ratio(name, 1.0) / MEAN_RATIO
    most, least = (ratio * TDP_V100 / watt for watt in PRINTED_POWER)
    nearest = np.clip(1.0, least, most)  # to move the mean from there costs as much as it moves
    low = np.mean(np.abs(nearest - 1)) + abs(MEAN_RATIO - np.mean(nearest))
    return CarbonError(
        power=power,
        error=float(100 * np.mean(np.abs(ratio * TDP_V100 / power - 1))),
        low=float(100 * low),
        high=float(100 * _greatest(least, most)),
    )


def _greatest(least: FloatArray, most: FloatArray) -> float:
    """The greatest mean of abs(x - 1) for x between ``least`` and ``most`` with the printed mean ratio.

    The error is convex, so it is greatest where each x but one is at an end: the runs whose error gains most for what
    they add to the mean take the upper one.
    """
    gain, adds = np.abs(most - 1) - np.abs(least - 1), most - least
    left, total = MEAN_RATIO * len(least) - float(least.sum()), float(np.abs(least - 1).sum())
    for k in np.argsort(-gain / adds):
        part = min(1.0, max(0.0, left / adds[k]))
        left, total = left - part * adds[k], total + part * gain[k]
    return total / len(least)


def held_out_scatter() -> float:
    return log_scatter(held_out())
