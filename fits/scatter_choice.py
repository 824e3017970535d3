"""How wide? Three ways to take the scatter of models held out, and a choice that never sees the model it is judged on.

Each candidate makes an interval of the errors of the other models. Judged are the interval score, which counts width
and what lies outside, and how often the interval holds the model. The choice is nested: for each model, the candidate
with the least score on the other models is taken.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from ditcarbon_sym.estimation.spread.quantiles import LEVEL, student_quantile

from . import operator_law, transfer
from .predictive import Held, models

FIFTH = 0.8


def _own(x: Held) -> tuple[float, int]:
    """Half the interval by the other models on the same accelerator alone, and its degrees of freedom."""
    held = operator_law.held_out(x.gpu, x.target)
    squares = [np.mean(logs[model] ** 2) for model, logs in held.items() if model != x.model]
    found = max(float(np.sqrt(np.mean(squares))), transfer.TEAMS)
    return student_quantile(LEVEL, len(squares)) * found, len(squares)


CANDIDATES: Mapping[str, Callable[[Held], tuple[float, int]]] = {
    "each accelerator's own": _own,
    "one for all accelerators": lambda x: (x.half, x.degrees),
    "one for all, a fifth narrower": lambda x: (FIFTH * x.half, x.degrees),
}


@lru_cache(maxsize=1)
def held() -> Mapping[str, tuple[Held, ...]]:
    """Every run of a model held out, by candidate."""
    runs = tuple(models())
    return {
        name: tuple(
            Held(x.kind, x.target, x.gpu, x.model, x.log, *half_and_degrees(x)) for x in runs
        )
        for name, half_and_degrees in CANDIDATES.items()
    }  # fmt: skip


def score(runs: Sequence[Held]) -> float:
    """The mean interval score of models on accelerators, each counted once."""
    groups: dict[tuple[str, str], list[float]] = {}
    for x in runs:
        groups.setdefault((x.gpu, x.model), []).append(x.interval_score)
    return float(np.mean([np.mean(x) for x in groups.values()]))


def nested(target: str) -> dict[str, str]:
    """For each model: the candidate chosen by the scores of the others."""
    mine = {name: [x for x in runs if x.target == target] for name, runs in held().items()}
    names = dict.fromkeys(x.model for runs in mine.values() for x in runs)
    return {
        model: min(mine, key=lambda name: score([x for x in mine[name] if x.model != model])) for model in names
    }  # fmt: skip


def chosen(target: str) -> list[Held]:
    """Every run, with the interval that was chosen without its model."""
    picked = nested(target)
    return [x for name, runs in held().items() for x in runs if x.target == target and picked[x.model] == name]
