"""How well a fit knows its parameters: standard errors, profile likelihood, residual bootstrap, and a verdict in words.

A standard error describes the curvature at the optimum. A fit that ends on a bound has no optimum, so its standard
error has no meaning, however plausible it looks; the profile then gives a one-sided limit. All intervals have the same
level, by default 90 %.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.stats import f as f_distribution, t as t_distribution
from sympy import Symbol

from ..equations.equation import Equation
from ..equations.notation import NOTATION
from ..numerics.blocks import FloatArray
from .data import Data
from .fitting import Fit, Free, Identified, fit, squares_with

LEVEL = 0.9
Track = Callable[[Iterable[Any]], Iterable[Any]]
"""Wraps an iterable to show progress."""


@dataclass(frozen=True)
class Knowledge:
    """What a fit knows of one parameter. Where the data do not bound it, that end of its interval is None."""

    symbol: Symbol
    value: float
    standard_error: float | None
    normal: tuple[float, float] | None
    profile: tuple[float | None, float | None]
    bootstrap: tuple[float, ...] | None
    verdict: str


def knowledge(
    fitted: Identified,
    parameters: Mapping[Symbol, Free],
    level: float = LEVEL,
    bootstrap: FloatArray | None = None,
) -> list[Knowledge]:
    """Return all that is known of each parameter of the law; ``bootstrap`` holds replicates from
    `residual_bootstrap`.

    >>> from ..equations.efficiency import saturation
    >>> from ..equations.notation import B_0, B, ell, ell_star, mu_sat
    >>> at = {B: np.array([1.0, 2.0, 4.0, 8.0] * 2), ell: np.repeat([256.0, 4096.0], 4)}
    >>> seen = saturation({**at, mu_sat: 0.4, B_0: 0.2, ell_star: 100.0}) * (1 + 0.01 * np.cos(np.arange(8)))
    >>> from .data import Data
    >>> from .fitting import BGR, fit_identified
    >>> fitted = fit_identified(saturation, Data(at, seen, ("one", "other") * 4))
    >>> known: list[Knowledge] = knowledge(fitted, BGR)
    >>> known[0].symbol, known[0].verdict
    (mu_sat, 'identified')
    """
    profiles = profile_intervals(fitted, parameters, level)
    errors = fitted.shipped.standard_errors
    quantile = float(t_distribution.ppf((1 + level) / 2, fitted.shipped.degrees_of_freedom))
    tails = [(1 - level) / 2, (1 + level) / 2]
    columns = {} if bootstrap is None else dict(zip(fitted.shipped.free, bootstrap.T, strict=True))
    known = []
    for x in fitted.full.free:
        value, error = fitted.values[x], errors.get(x, np.nan)
        # The rows show a tied parameter only together with a held one, so its own fit is too narrow.
        alone = bool(np.isfinite(error)) and x not in fitted.tied
        ends = [float(end) for end in np.quantile(columns[x], tails)] if x in columns and alone else None
        drawn = None if ends is None else (min(ends[0], value), max(ends[1], value))
        normal = (value - quantile * error, value + quantile * error) if alone else None
        said = verdict(fitted, x, profiles[x])
        known.append(Knowledge(x, value, error if alone else None, normal, profiles[x], drawn, said))
    return known


def verdict(fitted: Identified, x: Symbol, profile: tuple[float | None, float | None]) -> str:
    """Say whether the data identify a parameter: its profile must close on both sides, and be narrow enough."""
    low, high = profile
    if x in fitted.held:
        limit = f" (at most {high:.3g})" if high is not None and high > fitted.held[x] else ""
        limit = f" (at least {low:.3g})" if low is not None and low < fitted.held[x] else limit
        return f"not identified: {fitted.reasons[x]}{limit}"
    if x in fitted.tied:
        others = " and ".join(NOTATION[y].field for y in fitted.tied[x])
        return f"not identified: the rows show it only together with {others}"
    if high is None:
        return "weakly identified: the data do not bound it above"
    if low is None:
        return f"weakly identified: not told apart from its bound (at most {high:.3g})"
    if fitted.shipped.standard_errors[x] > abs(fitted.values[x]) / 2:
        return "weakly identified: the standard error exceeds half the value"
    return "identified"


def profile_intervals(
    fitted: Identified, parameters: Mapping[Symbol, Free], level: float = LEVEL
) -> dict[Symbol, tuple[float | None, float | None]]:
    """Profile-likelihood intervals, and a one-sided limit for held parameters.

    An end is None if the profile does not cross the threshold before it reaches a bound, or within steps that grow to
    many times the value. (lmfit's ``conf_interval`` steps linearly, by finite differences: it may take hours.)
    """
    intervals: dict[Symbol, tuple[float | None, float | None]] = {
        x: one_sided_limit(fitted.full, x, parameters, level, value) for x, value in fitted.held.items()
    }
    for x in fitted.shipped.free:
        base = fitted.full if x in fitted.tied else fitted.shipped
        intervals[x] = (_crossing(base, x, parameters, level, -1), _crossing(base, x, parameters, level, +1))
    return {x: _holding(fitted.values[x], *ends) for x, ends in intervals.items()}


def _holding(value: float, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """The interval, with the value in it: rounding, or few draws of a bootstrap, may leave it outside."""
    return None if low is None else min(low, value), None if high is None else max(high, value)


def one_sided_limit(
    fitted: Fit, x: Symbol, parameters: Mapping[Symbol, Free], level: float, held: float
) -> tuple[float | None, float | None]:
    """Return the interval, at ``level``, of a parameter held at a bound: the bound itself and the limit on the
    other side.

    The limit is None if the data give none. The likelihood ratio on a bound is half a point mass at zero and half
    chi-squared, so the two-sided threshold of ``2 level - 1`` gives the one-sided limit of ``level``.
    """
    side = +1 if held <= parameters[x].low else -1
    limit = _crossing(fitted, x, parameters, 2 * level - 1, side)
    return (held, limit) if side > 0 else (limit, held)


def _crossing(fitted: Fit, x: Symbol, parameters: Mapping[Symbol, Free], level: float, side: int) -> float | None:
    """Where the profile of x, on one side of its estimate, crosses the F threshold that lmfit uses."""
    threshold = float(f_distribution.ppf(level, 1, fitted.degrees_of_freedom))
    best, value, bounds = max(fitted.sum_of_squares, 1e-30), fitted.values[x], parameters[x]

    def excess(candidate: float) -> float:
        return (squares_with(fitted, x, candidate, parameters) / best - 1) * fitted.degrees_of_freedom - threshold

    step = max(abs(value), bounds.start) * 0.02
    inner, outer = value, value
    for _ in range(40):
        outer = float(np.clip(outer + side * step, bounds.low, bounds.high))
        if excess(outer) > 0:
            if excess(inner) >= 0:  # a fit without residuals: any step from it is too far
                return inner
            return float(brentq(excess, inner, outer, xtol=1e-10, rtol=1e-8))
        if outer in (bounds.low, bounds.high):
            return None
        inner, step = outer, 1.6 * step
    return None


def residual_bootstrap(
    fitted: Fit,
    parameters: Mapping[Symbol, Free],
    replicates: int = 500,
    seed: int = 0,
    workers: int = 1,
    track: Track = iter,
) -> FloatArray:
    """Fit again to resampled residuals of the loss; returns (replicates, parameters).

    The residuals are centred for the losses that are least where their mean is zero. Each replicate draws from its own
    stream, spawned from ``seed``, so the result does not depend on the number of workers.
    """
    streams = np.random.SeedSequence(seed).spawn(replicates)
    job = partial(_replicate, fitted.equation, fitted.data, fitted.predict(), dict(parameters), fitted.loss)
    if workers == 1:
        return np.array([job(stream) for stream in track(streams)])
    with ProcessPoolExecutor(workers, initializer=_end_with_parent) as pool:
        return np.array(list(track(pool.map(job, streams, chunksize=16))))


def _end_with_parent() -> None:
    """Let a worker end when its parent has: one that was killed cannot tell its workers."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _replicate(
    equation: Equation,
    data: Data,
    predicted: FloatArray,
    parameters: Mapping[Symbol, Free],
    loss: str,
    stream: np.random.SeedSequence,
) -> list[float]:
    rng = np.random.default_rng(stream)
    if loss == "log":
        drawn = predicted * np.exp(_resampled(np.log(data.observed / predicted), rng))
    elif loss == "relative":
        # Residuals over the measured value, as in the loss. At its minimum their mean is not zero: do not centre them.
        drawn = predicted / (1 + rng.choice(predicted / data.observed - 1, size=len(data)))
    else:
        drawn = predicted + _resampled(data.observed - predicted, rng)
    again = fit(equation, replace(data, observed=np.maximum(drawn, 1e-6)), parameters, loss)
    return [again.values[x] for x in again.free]


def _resampled(residuals: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rng.choice(residuals - residuals.mean(), size=len(residuals))


def next_measurement(fitted: Fit, target: Symbol, candidates: Mapping[Symbol, FloatArray]) -> list[tuple[int, float]]:
    """Rank candidate configurations: how much would one measurement there narrow ``target``?

    Returns (index of the candidate, standard error afterwards over standard error now), best first. This uses the exact
    gradient at the fitted values; a parameter on its bound counts as free there.
    """
    column = fitted.free.index(target)
    information = _information(fitted, fitted.data.inputs)
    slopes = fitted.slopes(candidates)
    before = _variance(information, column)
    after = [_variance(information + np.outer(row, row), column) for row in slopes]
    ratios = np.sqrt(np.array(after) / before)
    return [(int(k), float(ratios[k])) for k in np.argsort(ratios, kind="stable")]


def _information(fitted: Fit, inputs: Mapping[Symbol, FloatArray]) -> FloatArray:
    slopes = fitted.slopes(inputs)
    return np.asarray(slopes.T @ slopes)


def _variance(information: FloatArray, column: int) -> float:
    # A direction that the data do not show gets a tiny information: its variance is then huge, instead of an error.
    scale = np.trace(information) / len(information)
    return float(np.linalg.inv(information + 1e-12 * scale * np.eye(len(information)))[column, column])


def comparison(fits: Sequence[tuple[str, Fit]]) -> list[dict[str, Any]]:
    """Compare fits of the same data: parameters, error, AIC and BIC (differences from the best)."""
    best_aic = min(fitted.aic for _, fitted in fits)
    best_bic = min(fitted.bic for _, fitted in fits)
    return [
        {
            "fit": name,
            "loss": fitted.loss,
            "n": len(fitted.data),
            "k": len(fitted.free),
            "mape_percent": fitted.mape(),
            "delta_aic": fitted.aic - best_aic,
            "delta_bic": fitted.bic - best_bic,
            **{NOTATION[x].field: fitted.values[x] for x in fitted.free},
        }
        for name, fitted in fits
    ]
