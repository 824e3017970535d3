"""Timing passes: warm-up, then repeats until a window is full that the energy counter can tell; median and spread."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from .energy import Counter, used, window_seconds

WARM_UP = 2
REPEATS = 5
"""Passes timed at least; fewer only where they are long."""
WARM_SECONDS = {"cuda": 0.5, "cpu": 0.0}
"""Seconds of warm-up at least, by kind of device: an accelerator's idle clocks rise late."""
LONG_PASS = 2.5
"""Seconds from which one pass warms up and ``LONG_REPEATS`` suffice: each averages over its own length."""
LONG_REPEATS = 2
SHORTEST = 1e-6
"""Seconds that every pass takes at least."""
Lap = Callable[[Callable[[], Any], int, Callable[[], None] | None], list[float]]
"""Runs a pass a number of times, and returns the seconds of each. The last argument is called while the device still
works."""


@dataclass(frozen=True)
class Timed:
    """Seconds of a pass: the median of ``repeats``, their interquartile range over it; joules of a pass, if counted;
    the device's state while it worked.
    """

    seconds: float
    spread: float
    repeats: int
    joules: float | None
    window: float
    state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def watts(self) -> float | None:
        """Mean power over the window."""
        return None if self.joules is None else self.joules * self.repeats / self.window


def repeats_needed(seconds: float, counter: Counter | None, least: int = REPEATS, kind: str = "cpu") -> int:
    """How many passes make a window that the clock and the energy counter can tell.

    >>> repeats_needed(0.01, None), repeats_needed(0.01, Counter("", float, 0.1)), repeats_needed(60.0, None)
    (50, 500, 2)
    """
    fewest = min(least, LONG_REPEATS) if seconds >= LONG_PASS else least
    return max(fewest, math.ceil(window_seconds(counter, kind) / seconds))


def expected_seconds(
    seconds: float, counter: Counter | None, warm_up: int = WARM_UP, least: int = REPEATS, kind: str = "cuda"
) -> float:
    """How long it takes to time passes of so many seconds each, warm-up included."""
    warm = seconds if seconds >= LONG_PASS else max(warm_up * seconds, WARM_SECONDS[kind])
    return warm + seconds * repeats_needed(seconds, counter, least, kind)


def timed(
    work: Callable[[], Any], lap: Lap, counter: Counter | None = None, warm_up: int = WARM_UP, least: int = REPEATS,
    kind: str = "cpu", state: Callable[[], Mapping[str, Any]] | None = None,
) -> Timed:  # fmt: skip
    """Time ``work``, and add repeats until the window is full: the first passes may have been slow."""
    pace = _warmed(work, lap, warm_up, kind)
    asked: list[Mapping[str, Any]] = []

    def under_load() -> None:
        if state is not None:
            asked.append(state())

    before, start = None if counter is None else counter.read(), perf_counter()
    laps: list[float] = []
    while (missing := _missing(laps, pace, counter, least, kind)) > 0:
        laps += lap(work, missing, under_load)
    window, joules = perf_counter() - start, used(counter, before)
    low, _, high = quantiles(laps, n=4) if len(laps) > 1 else (laps[0],) * 3
    middle, repeats = median(laps), len(laps)
    joules = None if joules is None else joules / repeats
    return Timed(middle, (high - low) / middle, repeats, joules, window, asked[-1] if asked else {})


def _warmed(work: Callable[[], Any], lap: Lap, warm_up: int, kind: str) -> float:
    """Warm up, and return the seconds of the last pass."""
    laps = lap(work, 1, None)
    while laps[-1] < LONG_PASS and (len(laps) < warm_up or sum(laps) < WARM_SECONDS[kind]):
        more = math.ceil((WARM_SECONDS[kind] - sum(laps)) / max(laps[-1], SHORTEST))
        laps += lap(work, max(warm_up - len(laps), more), None)
    return laps[-1]


def _missing(laps: list[float], pace: float, counter: Counter | None, least: int, kind: str) -> int:
    """Return how many passes are still to do, by the pace of those done, or by ``pace`` before the first."""
    middle = max(median(laps) if laps else pace, SHORTEST)
    few = min(least, LONG_REPEATS) if middle >= LONG_PASS else least
    return max(few - len(laps), math.ceil((window_seconds(counter, kind) - sum(laps)) / middle))


def by_clock(work: Callable[[], Any], times: int, under_load: Callable[[], None] | None = None) -> list[float]:
    """Laps on a processor: by its clock."""
    found = []
    for _ in range(times):
        start = perf_counter()
        work()
        found.append(perf_counter() - start)
    if under_load is not None:
        under_load()
    return found


def by_events(work: Callable[[], Any], times: int, under_load: Callable[[], None] | None = None) -> list[float]:
    """Laps on an accelerator: by events in its queue, so that launches run ahead as they do in a pipeline.

    ``under_load`` is called after the last launch and before waiting for it: a moment after that the device is idle.
    """
    import torch

    torch.cuda.synchronize()
    marks = [torch.cuda.Event(enable_timing=True) for _ in range(times + 1)]
    marks[0].record()
    for mark in marks[1:]:
        work()
        mark.record()
    if under_load is not None:
        under_load()
    torch.cuda.synchronize()
    return [before.elapsed_time(after) / 1e3 for before, after in pairwise(marks)]
