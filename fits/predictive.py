"""Do intervals hold, and are they as narrow as they could be? Every kind of interval, on runs that it has not seen.

A prediction is a distribution of the logarithm: Student's, about the predicted value. Four things are asked of it: how
often its 90 % interval holds the run (coverage), how wide that is (sharpness), where the run lies in it (PIT, even from
0 to 1 if all is right), and the continuous ranked probability score (CRPS), in which both coverage and sharpness count:
the less, the better (gneiting2007scoring, jordan2019evaluating).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import beta
from scipy.stats import t as student

from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.estimation.spread.quantiles import LEVEL, student_quantile

from . import operator_law, other_team, parallel, parallel_elsewhere, software, transfer, unseen
from .chips import CHIPS, members
from .runs import H100

ENOUGH = 10**4
"""Degrees of freedom from which Student's distribution is taken for normal."""
TARGETS = ("time", "energy")
KINDS = {
    "one accelerator, model held out": "the model's runs on every accelerator",
    "one accelerator, team held out": "all runs of the second team on the H100",
    "one accelerator, accelerator held out": "the accelerator's runs, and those of others with its chip",
    "one accelerator, never fitted": "nothing is held out: no fit has seen these runs",
    "several accelerators, model held out": "the model, of both laws and of the choice of terms",
    "several accelerators, other teams": "nothing is held out: no fit has seen these runs",
    "other software, source and model held out": "the source, of the constants of the modes, and the model, of the law",
}
"""Each kind of interval that there are runs for, and what it has not seen."""


@dataclass(frozen=True)
class Held:
    """One run and the distribution that was predicted for it: ``log`` is ln(predicted / measured).

    >>> found = Held("one", "time", "a", "m", log=0.1, half=0.2, degrees=12)
    >>> found.inside, round(found.place, 2)
    (True, 0.2)
    """

    kind: str
    target: str
    gpu: str
    model: str
    log: float
    half: float
    degrees: int

    @property
    def deviation(self) -> float:
        """The scale of the distribution."""
        return self.half / student_quantile(LEVEL, self.degrees)

    @property
    def inside(self) -> bool:
        """Whether the 90 % interval holds the run."""
        return abs(self.log) <= self.half

    @property
    def place(self) -> float:
        """Where the run lies in the distribution, from 0 to 1 (PIT)."""
        return float(student.cdf(-self.log / self.deviation, self.degrees))

    @property
    def crps(self) -> float:
        """The continuous ranked probability score of the logarithm."""
        return crps(self.log, self.deviation, self.degrees)

    @property
    def interval_score(self) -> float:
        """The width of the 90 % interval, and twenty times what lies outside."""
        return 2 * self.half + 2 / (1 - LEVEL) * max(abs(self.log) - self.half, 0.0)


def crps(log: float, deviation: float, degrees: int) -> float:
    """The score of Student's distribution of this scale for a run that lies ``log`` from its centre.

    >>> round(crps(0.0, 1.0, 10**6), 4), round((2**0.5 - 1) / 3.141592653589793**0.5, 4)
    (0.2337, 0.2337)
    """
    z = log / deviation
    tail = (degrees + z**2) / (degrees - 1)
    # The last term is the mean distance of two draws; for many degrees of freedom that of a normal one.
    many = degrees >= ENOUGH
    apart = 1 / np.sqrt(np.pi) if many else (
        2 * np.sqrt(degrees) / (degrees - 1) * beta(0.5, degrees - 0.5) / beta(degrees / 2, 0.5) ** 2
    )  # fmt: skip
    return float(deviation * (z * (2 * student.cdf(z, degrees) - 1) + 2 * student.pdf(z, degrees) * tail - apart))


@dataclass(frozen=True)
class Summary:
    """One kind of interval: its coverage by model and by run, its mean half-width and its scores, by model."""

    runs: int
    models: int
    inside: int
    models_inside: float
    half: float
    crps: float
    interval_score: float
    places: tuple[float, ...]


def summary(held: Sequence[Held]) -> Summary:
    """Summarise runs; of models on accelerators each counts once, and of its runs all alike."""
    groups: dict[tuple[str, str], list[Held]] = {}
    for x in held:
        groups.setdefault((x.gpu, x.model), []).append(x)

    def mean(of: str) -> float:
        return float(np.mean([np.mean([getattr(x, of) for x in group]) for group in groups.values()]))

    places = tuple(float(np.mean([x.place for x in group])) for group in groups.values())
    return Summary(
        len(held), len(groups), sum(x.inside for x in held), mean("inside"), mean("half"), mean("crps"),
        mean("interval_score"), places,
    )  # fmt: skip


@lru_cache(maxsize=1)
def everything() -> tuple[Held, ...]:
    """Every run that an interval was made for without it."""
    return (*models(), *team(), *accelerators(), *never_fitted(), *several(), *elsewhere(), *modes())


def models() -> Iterable[Held]:
    """One accelerator with a calibration, each model held out; the scatter is that of the other models."""
    for target in TARGETS:
        for name in operator_law.CALIBRATED:
            held = operator_law.held_out(name, target) if operator_law.runs_of(name, target) else {}
            for model, logs in held.items() if len(held) > 2 else ():
                met = operator_law.common_scatter(target, model)
                half = student_quantile(LEVEL, met.models) * met.deviation
                yield from _rows("one accelerator, model held out", target, name, model, logs[model], half, met.models)


def _rows(kind: str, target: str, gpu: str, model: str, logs: Any, half: float, degrees: int) -> Iterable[Held]:
    return (Held(kind, target, gpu, model, float(x), half, degrees) for x in logs)


def team() -> Iterable[Held]:
    """The second team's runs on the H100, by the other teams' law and scatter."""
    for target in TARGETS:
        for x in other_team.predicted(target):
            yield Held("one accelerator, team held out", target, H100, x.model, x.log, x.half, x.degrees)


def accelerators() -> Iterable[Held]:
    """Each accelerator by what the others have in common; the scatter is that of the other chips, held out in turn."""
    for target in TARGETS:
        for name in transfer.accelerators(target):
            out = (("chip", CHIPS[name]),)
            inner = transfer.pool(target, out=out)
            degrees = len({CHIPS[x] for x in inner.held_out})
            half = student_quantile(LEVEL, degrees) * max(inner.scatter, transfer.TEAMS)
            for model, logs in transfer.off(transfer.laws(out)[target], members(name), target).items():
                yield from _rows("one accelerator, accelerator held out", target, name, model, logs, half, degrees)


def never_fitted() -> Iterable[Held]:
    """The runs of `unseen`, by what `estimate` says."""
    for x in unseen.never_fitted():
        yield Held(
            "one accelerator, never fitted", x.target, x.row["gpu"], x.row["model"], float(np.log(x.ratio)), x.half,
            x.degrees,
        )  # fmt: skip


def several() -> Iterable[Held]:
    """Several accelerators, each model held out of everything."""
    found = parallel.held_out()
    for x in found:
        for target in TARGETS:
            half = student_quantile(LEVEL, len(found) - 1) * x.inner[target]
            for run, log in zip(x.runs, x.logs[target], strict=True):
                yield Held("several accelerators, model held out", target, run.gpu, x.model, -float(log), half,
                           len(found) - 1)  # fmt: skip


def elsewhere() -> Iterable[Held]:
    """Other teams' eager runs on several accelerators, by what `estimate` says."""
    for x in parallel_elsewhere.rows():
        if x.in_full and not x.compiled:
            time = x.shared.time_s
            assert time.value is not None and time.high is not None
            yield Held(
                "several accelerators, other teams",
                "time",
                x.gpu,
                x.model,
                float(np.log(x.time)),
                float(np.log(time.high / time.value)),
                unseen.degrees_of(operating_point(x.model, gpu=x.gpu)),
            )


def modes() -> Iterable[Held]:
    """Other software, each source held out of the constants of the modes, and the model of the law."""
    for x in software.held_out():
        if x.row.in_full:
            yield Held("other software, source and model held out", "time", x.row.gpu, x.row.model, software.nested(x),
                       software.half_width(x), unseen.degrees_of(x.row.base))  # fmt: skip
