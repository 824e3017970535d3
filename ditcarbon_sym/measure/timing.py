"""Timing passes: warm-up, then repeats over a window that is long enough for the energy counter; median and spread."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from .energy import Counter, used, window_seconds

WARM_UP = 2
REPEATS = 5
"""Passes timed at least; fewer only where one of them is as long as the window."""
LEAST_SECONDS = 0.5
"""The window's least length without an energy counter."""
LONG_PASS = 20.0
"""Seconds from which a pass is repeated ``LONG_REPEATS`` times only: it averages over its own length."""
LONG_REPEATS = 2


@dataclass(frozen=True)
class Timed:
    """Seconds of a pass: the median of ``repeats``, their interquartile range over it; joules of a pass, if counted."""

    seconds: float
    spread: float
    repeats: int
    joules: float | None
    window: float

    @property
    def watts(self) -> float | None:
        """Mean power over the window."""
        return None if self.joules is None else self.joules * self.repeats / self.window


def repeats_needed(seconds: float, counter: Counter | None, least: int = REPEATS) -> int:
    """How many passes make a window that the clock and the energy counter can tell.

    >>> repeats_needed(0.01, None), repeats_needed(0.01, Counter("", float, 0.1)), repeats_needed(60.0, None)
    (50, 500, 2)
    """
    if seconds >= LONG_PASS:
        return min(least, LONG_REPEATS)
    window = LEAST_SECONDS if counter is None else window_seconds(counter.period)
    return max(least, math.ceil(window / seconds))


def timed(
    work: Callable[[], Any], lap: Callable[[Callable[[], Any], int], list[float]], counter: Counter | None = None,
    warm_up: int = WARM_UP, least: int = REPEATS,
) -> Timed:  # fmt: skip
    """Time ``work``. ``lap`` runs it so many times and returns the seconds of each, when all have ended."""
    first = lap(work, warm_up)[-1]
    repeats = repeats_needed(max(first, 1e-9), counter, least)
    before, start = None if counter is None else counter.read(), perf_counter()
    laps = lap(work, repeats)
    window, joules = perf_counter() - start, used(counter, before)
    low, _, high = quantiles(laps, n=4) if len(laps) > 1 else (laps[0],) * 3
    middle = median(laps)
    return Timed(middle, (high - low) / middle, repeats, None if joules is None else joules / repeats, window)


def by_clock(work: Callable[[], Any], times: int) -> list[float]:
    """Laps on a processor: by its clock."""
    found = []
    for _ in range(times):
        start = perf_counter()
        work()
        found.append(perf_counter() - start)
    return found


def by_events(work: Callable[[], Any], times: int) -> list[float]:
    """Laps on an accelerator: by events in its queue, so that launches run ahead as they do in a pipeline."""
    import torch

    torch.cuda.synchronize()
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(times + 1)]
    marks[0].record()
    for mark in marks[1:]:
        work()
        mark.record()
    torch.cuda.synchronize()
    return [before.elapsed_time(after) / 1e3 for before, after in pairwise(marks)]
