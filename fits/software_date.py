"""Is newer software faster? A trend of the law's errors over the dates of their sources, and whether it helps.

Runs are predicted with their models held out. The trend is fitted to the means of a model's runs by one source on one
accelerator, without the source that is judged.
"""

import math
from dataclasses import dataclass

import numpy as np

from . import operator_law, unseen

YEARS = {
    "onediff": 2024.4, "hf-blog": 2024.4, "mlenergy-v2": 2024.5, "xdit": 2024.5, "torchao": 2024.7, "pruna": 2024.7,
    "paraattention": 2024.9, "svg": 2025.1, "wan2.1": 2025.2, "fastvideo": 2025.3, "flux-faster": 2025.4,
    "magcache": 2025.4, "mlenergy-v3": 2025.5, "delavande2025video": 2025.5, "cache-dit": 2026.0, "sglang": 2026.0,
}  # fmt: skip
"""About when the runs of each source were published, in years: approximate, and read off no document."""
MIDDLE = 2025.0
Mean = tuple[str, float]
"""The source of some runs, and the mean of ln(predicted / measured)."""


@dataclass(frozen=True)
class Trend:
    """The slope by year and its standard error, in logarithms, and mean errors (%) without and with the trend."""

    slope: float
    error: float
    held_out: tuple[float, float]
    unseen: tuple[float, float]


def _means(logs: list[tuple[tuple[str, str, str], float]]) -> list[Mean]:
    groups: dict[tuple[str, str, str], list[float]] = {}
    for key, log in logs:
        groups.setdefault(key, []).append(log)
    return [(key[2], float(np.mean(x))) for key, x in groups.items()]


def fitted() -> list[Mean]:
    """The runs that fits have taken in, their models held out."""
    found = []
    for name in operator_law.CALIBRATED:
        for _, run in operator_law.runs_of(name, "time"):
            law = operator_law.laws(name, (("model", run.model),))["time"]
            log = float(np.log(float(law.equation({**run.values, **law.values})) / run.measured["time"]))
            found.append(((name, run.model, run.source), log))
    return _means(found)


def never_fitted() -> list[Mean]:
    """The runs that no fit has seen."""
    return _means([((x.row["gpu"], x.row["model"], x.row["source"]), float(np.log(x.ratio))) for x in unseen.times()])


def _line(means: list[Mean]) -> np.ndarray:
    years = np.array([YEARS[source] - MIDDLE for source, _ in means])
    return np.polyfit(years, [log for _, log in means], 1)


def _errors(means: list[Mean], line: np.ndarray) -> list[tuple[float, float]]:
    return [
        (abs(math.expm1(log)), abs(math.expm1(log - float(np.polyval(line, YEARS[source] - MIDDLE)))))
        for source, log in means
    ]


def trend() -> Trend:
    """The trend of all fitted runs, and its errors on sources held out and on runs never fitted."""
    means, errors = fitted(), []
    for source in dict.fromkeys(x for x, _ in means):
        line = _line([x for x in means if x[0] != source])
        errors += _errors([x for x in means if x[0] == source], line)
    years = np.array([YEARS[source] - MIDDLE for source, _ in means])
    line, covariance = np.polyfit(years, [log for _, log in means], 1, cov=True)
    without, within = 100 * np.mean(errors, axis=0)
    apart = 100 * np.mean(_errors(never_fitted(), line), axis=0)
    return Trend(
        float(line[0]),
        float(np.sqrt(covariance[0, 0])),
        (float(without), float(within)),
        (float(apart[0]), float(apart[1])),
    )
