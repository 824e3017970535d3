"""What simpler ways say of the published runs: one efficiency for all, the paper's fit, ideal scaling, EcoLogits.

None of them has seen the model that it predicts: the one efficiency is that of the other models, the paper's fit is the
V100's, and the others know nothing of these runs. Time is work over efficiency, energy rated power times that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.calibration.scorecard import CONSTANT, IDEAL, LAW, PAPER, Published, scorecard
from ditcarbon_sym.equations.notation import JOULE_PER_KWH, TDP, F_total, Theta_peak
from ditcarbon_sym.equations.parallel.symbols import n_gpu

from . import parallel
from .parallel_elsewhere import ELSEWHERE
from .parallel_runs import Run, runs, split_over
from .runs import PUBLISHED, UNSEEN

ECOLOGITS = "EcoLogits"
ESTIMATES = Path(__file__).parent / "measurements" / "ecologits.csv"
WAYS = (LAW, CONSTANT, PAPER, IDEAL, ECOLOGITS)


@dataclass(frozen=True)
class Compared:
    """One measured quantity of a published run, and predicted over measured in each way that answers."""

    gpu: str
    model: str
    target: str
    measured: float
    ratios: Mapping[str, float]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells the run: accelerator, model, target, and seconds or joules."""
        return self.gpu, self.model, self.target, f"{self.measured:.6g}"


def _compared(x: Published, **more: float) -> Compared:
    return Compared(x.scored.gpu, x.scored.model, x.scored.target, x.scored.measured, {**x.ratios, **more})


@lru_cache(maxsize=1)
def fitted() -> tuple[Compared, ...]:
    """The runs that fits have taken in; the law is the one that ships."""
    return tuple(_compared(x) for x in scorecard(PUBLISHED).runs)


def held_out(ratios: Mapping[tuple[str, str, str, str], float]) -> tuple[Compared, ...]:
    """The fitted runs again, with what the law says of them without their models; ``ratios`` are that, by `key`."""
    return tuple(replace(x, ratios={**x.ratios, LAW: ratios[x.key]}) for x in fitted() if x.key in ratios)


@lru_cache(maxsize=1)
def never_fitted() -> tuple[Compared, ...]:
    """The runs that are scored and never fitted."""
    return tuple(_compared(x) for x in scorecard(UNSEEN).runs)


@lru_cache(maxsize=1)
def elsewhere() -> tuple[Compared, ...]:
    """Other teams' eager runs on several accelerators, which no fit has seen."""
    records = read_records(ELSEWHERE)
    estimates = {tuple(x[y] for y in ("model", "height", "width", "accelerators")): x for x in read_records(ESTIMATES)}
    found = []
    for x in scorecard(ELSEWHERE).runs:
        record = records[x.scored.row - 1]
        if record["compiled"] == "yes" or not record["steps"]:  # another software, or a request that is not told
            continue
        known = estimates.get(tuple(record[y] for y in ("model", "height", "width", "gpus")))
        more = {} if known is None else {ECOLOGITS: float(known["latency_s"]) / x.scored.measured}
        found.append(_compared(x, **more))
    return tuple(found)


def _at_peak(run: Run) -> float:
    """Seconds of the work at the peak of all accelerators."""
    return run.values[F_total] / (run.values[Theta_peak] * run.values[n_gpu])


@lru_cache(maxsize=2)
def benchmark(without_model: bool) -> tuple[Compared, ...]:
    """The benchmark's runs on several accelerators, with their models in the fit or held out of everything."""
    chosen = split_over(runs())
    naive = parallel.ideal(chosen)
    efficiencies = {
        x.model: np.mean([np.log(_at_peak(y) / y.time) for y in chosen if y.model == x.model]) for x in chosen
    }
    by_run: dict[str, dict[int, float]] = {target: {} for target in parallel.TARGETS}
    whole = parallel.logs_of(parallel.shipped()[1], chosen)
    parts = [(x.runs, x.logs) for x in parallel.held_out()] if without_model else [(chosen, whole)]
    for several, logs in parts:
        for target in parallel.TARGETS:
            by_run[target] |= {id(x): float(y) for x, y in zip(several, logs[target], strict=True)}
    found = []
    for k, run in enumerate(chosen):
        others = float(np.exp(np.mean([value for model, value in efficiencies.items() if model != run.model])))
        seconds = _at_peak(run) / others
        kwh = seconds * run.values[TDP] * run.values[n_gpu] / float(JOULE_PER_KWH)
        for target, constant in (("time", seconds), ("energy", kwh)):
            measured = getattr(run, target)
            found.append(Compared(run.gpu, run.model, target, measured, {
                LAW: float(np.exp(-by_run[target][id(run)])), CONSTANT: constant / measured,
                IDEAL: float(np.exp(-naive[target][k])),
            }))  # fmt: skip
    return tuple(found)


def mean_error(found: tuple[Compared, ...], way: str) -> tuple[float, int] | None:
    """Mean absolute error, per cent, each model on an accelerator counted once, and of how many runs; None of none."""
    groups: dict[tuple[str, str], list[float]] = {}
    for x in found:
        if way in x.ratios:
            groups.setdefault((x.gpu, x.model), []).append(100 * abs(x.ratios[way] - 1))
    if not groups:
        return None
    return float(np.mean([np.mean(x) for x in groups.values()])), sum(map(len, groups.values()))
