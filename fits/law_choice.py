"""Which law of time and energy? The candidates, and a choice that never sees the model on which it is judged.

A candidate is a sum of physical times, each with a coefficient of its own; energy is the same sum in units of rated
power x time. As in the calibrations, the coefficients minimise the squares of logarithms, and each model counts once.
The choice is nested. For each model held out, we choose the candidate with the least error on the other models, each of
which is held out in turn, over both accelerators and both targets. So the choice does not make the error look smaller.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from ditcarbon_sym.equations.notation import (
    F_VAE,
    JOULE_PER_KWH,
    TDP,
    B,
    F_attn,
    F_dense,
    F_text,
    Q_elem,
    S,
    Theta_peak,
    bandwidth,
    g,
    n_exp,
    n_launch,
    t_exp,
)

from .runs import B200, H100, published_runs

Floats = NDArray[np.float64]
DECODER_EFFICIENCIES = (0.1, 0.2, 0.3)
ITERATIONS = 12
GPUS, TARGETS = (H100, B200), ("time", "energy")
CORES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "FLOP alone": (("dense", "attention", "text", "decoder"),),
    "products + bytes": (("dense", "attention", "text"), ("bytes",)),
    "products and exponentials + bytes": (("dense", "attention", "exponentials", "text"), ("bytes",)),
    "products, attention apart + bytes": (("dense", "text"), ("attention",), ("bytes",)),
    "products and exponentials + bytes + launches": (
        ("dense", "attention", "exponentials", "text"), ("bytes",), ("launches",),
    ),
}  # fmt: skip
"""The groups of terms of each law; each group has one coefficient."""


@dataclass(frozen=True)
class Candidate:
    """A law: groups of terms with one coefficient each, and the decoder at a fixed part of peak."""

    name: str
    groups: tuple[tuple[str, ...], ...]
    decoder: float | None

    @property
    def label(self) -> str:
        return self.name if self.decoder is None else f"{self.name}, decoder at {self.decoder:g} of peak"


def candidates() -> tuple[Candidate, ...]:
    """Every core with every efficiency of the decoder, and FLOP alone, which includes the decoder."""
    return tuple(
        Candidate(name, groups, decoder)
        for name, groups in CORES.items()
        for decoder in ((None,) if "decoder" in groups[0] else DECODER_EFFICIENCIES)
    )


@dataclass(frozen=True)
class Table:
    """The terms of each run in seconds, the measured value in the same unit, and the run's model."""

    terms: Mapping[str, Floats]
    observed: Floats
    models: tuple[str, ...]

    def design(self, candidate: Candidate) -> tuple[Floats, Floats]:
        """The columns that have a coefficient, and the sum of those that have none."""
        columns = [np.sum([self.terms[x] for x in group], axis=0) for group in candidate.groups]
        rest = np.zeros(len(self.observed)) if candidate.decoder is None else self.terms["decoder"] / candidate.decoder
        return np.column_stack(columns), rest


@lru_cache(maxsize=8)
def table(gpu: str, target: str) -> Table:
    """The published runs of one accelerator: seconds, or kWh over rated power."""
    runs = [run for run in published_runs(gpu) if target in run.measured]
    v = [run.values for run in runs]

    def column(function: object) -> Floats:
        return np.array([function(x) for x in v])  # type: ignore[operator]

    passes = column(lambda x: x[B] * x[g] * x[S])
    terms = {
        "dense": passes * column(lambda x: x[F_dense] / x[Theta_peak]),
        "attention": passes * column(lambda x: x[F_attn] / x[Theta_peak]),
        "exponentials": passes * column(lambda x: x[n_exp] * x[t_exp]),
        "bytes": passes * column(lambda x: x[Q_elem] / x[bandwidth]),
        "launches": column(lambda x: x[S] * x[n_launch]),
        "text": column(lambda x: x[B] * x[F_text] / x[Theta_peak]),
        "decoder": column(lambda x: x[B] * x[F_VAE] / x[Theta_peak]),
    }
    observed = np.array([run.measured[target] for run in runs])
    if target == "energy":
        observed = observed * float(JOULE_PER_KWH) / column(lambda x: x[TDP])
    return Table(terms, observed, tuple(run.model for run in runs))


def fitted(candidate: Candidate, data: Table, keep: Floats) -> Floats:
    """The coefficients fitted to the rows in ``keep``, each model counted once."""
    columns, rest = data.design(candidate)
    models = np.array(data.models)
    rows = np.flatnonzero(keep)
    weight = np.array([1 / np.sqrt(np.sum(models[rows] == models[row])) for row in rows])
    columns, rest, observed = columns[rows], rest[rows], data.observed[rows]
    relative = weight / observed
    start, _ = nnls(columns * relative[:, None], (observed - rest) * relative)
    return _by_logarithms(columns, rest, observed, weight, start)


def _by_logarithms(columns: Floats, rest: Floats, observed: Floats, weight: Floats, start: Floats) -> Floats:
    """Gauss-Newton on ln(predicted / observed), from ``start``; a coefficient that is zero there stays zero."""
    kept = start > 0
    coefficients = start.copy()
    for _ in range(ITERATIONS):
        predicted = columns @ coefficients + rest
        slopes = weight[:, None] * columns[:, kept] * coefficients[kept] / predicted[:, None]
        step = np.linalg.lstsq(slopes, weight * np.log(observed / predicted), rcond=None)[0]
        coefficients[kept] *= np.exp(np.clip(step, -0.5, 0.5))
    return coefficients


def error(candidate: Candidate, coefficients: Floats, data: Table, model: str) -> float:
    """Mean absolute error on a model's rows, per cent."""
    columns, rest = data.design(candidate)
    mine = np.array(data.models) == model
    predicted = columns @ coefficients + rest
    return float(100 * np.mean(np.abs(predicted[mine] / data.observed[mine] - 1)))


def held_out(candidate: Candidate, data: Table, without: Sequence[str] = ()) -> dict[str, float]:
    """The error of each model, held out; the models in ``without`` never take part."""
    models = np.array(data.models)
    outside = np.isin(models, list(without))
    names = [name for name in dict.fromkeys(data.models) if name not in without]
    return {name: error(candidate, fitted(candidate, data, ~outside & (models != name)), data, name) for name in names}


def score(candidate: Candidate, without: Sequence[str] = ()) -> float:
    """Mean error of models held out, over both accelerators and both targets."""
    return float(np.mean([
        np.mean(list(held_out(candidate, table(gpu, target), without).values())) for gpu in GPUS for target in TARGETS
    ]))  # fmt: skip


def information(candidate: Candidate) -> tuple[int, float, float]:
    """A candidate fitted to all runs: the number of coefficients, Akaike's criterion and the Bayesian one.

    They are n ln(SSR / n) + 2 k and n ln(SSR / n) + k ln n over the logarithms. Here n is the number of models, each of
    which counts once. They are summed over accelerators and targets.
    """
    number, aic, bic = 0, 0.0, 0.0
    for gpu in GPUS:
        for target in TARGETS:
            data = table(gpu, target)
            columns, rest = data.design(candidate)
            logs = np.log((columns @ fitted(candidate, data, np.ones(len(data.observed))) + rest) / data.observed)
            models = np.array(data.models)
            squares = [float(np.mean(logs[models == name] ** 2)) for name in dict.fromkeys(data.models)]
            n, k = len(squares), len(candidate.groups)
            level = n * math.log(sum(squares) / n)
            number, aic, bic = number + k, aic + level + 2 * k, bic + level + k * math.log(n)
    return number, aic, bic


@lru_cache(maxsize=1)
def comparison() -> dict[str, dict[tuple[str, str], dict[str, float]]]:
    """The error of each model held out, by candidate and by (accelerator, target)."""
    return {
        x.label: {(gpu, target): held_out(x, table(gpu, target)) for gpu in GPUS for target in TARGETS}
        for x in candidates()
    }


@lru_cache(maxsize=1)
def nested() -> dict[str, tuple[str, dict[tuple[str, str], float]]]:
    """For each model: the candidate chosen without it, and that candidate's errors on it."""
    names = sorted({name for gpu in GPUS for name in table(gpu, "time").models})
    found = {}
    for name in names:
        best = min(candidates(), key=lambda x: score(x, (name,)))
        found[name] = (best.label, dict(_errors_on(best, name)))
    return found


def _errors_on(candidate: Candidate, model: str) -> Iterator[tuple[tuple[str, str], float]]:
    for gpu in GPUS:
        for target in TARGETS:
            data = table(gpu, target)
            if model in data.models:
                keep = np.array(data.models) != model
                yield (gpu, target), error(candidate, fitted(candidate, data, keep), data, model)
