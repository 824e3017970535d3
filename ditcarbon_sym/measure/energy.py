"""Energy from counters of joules: the accelerator's own (NVML), or the processor's (RAPL). Nothing is estimated.

A counter moves in steps, every ``period`` seconds. Read before and after a window, it may be off by one step at most,
so that the window must be at least ``period / SHARE`` long for that to be ``SHARE`` of what is read. Nor is it ever
shorter than ``LEAST_SECONDS``: an accelerator's clocks and its power need a while to settle.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any

SHARE = 0.02
"""The part of a window's energy that the counter's step may be."""
NVML_PERIOD = 0.1
"""Seconds between steps of NVML's total-energy counter, about: what is assumed where no step was seen to measure."""
NVML_RANGE = (0.02, 0.2)
"""Seconds between steps that its boards are known for: a machine that halts while it is watched, or a counter that
interpolates, must not set the length of every window."""
LEAST_SECONDS = {"cuda": 2.0, "cpu": 0.5}
"""Shortest window, by kind of device."""
RAPL_PERIOD = 1e-3
"""Seconds between steps of RAPL's counters (Intel's manual: about a millisecond)."""
POWERCAP = Path("/sys/class/powercap")
IDLE_SECONDS, SETTLING_SECONDS = 5.0, 3.0
"""How long idle power is read at least, and how long before that nothing runs: clocks fall late."""


@dataclass(frozen=True)
class Counter:
    """A counter of joules: what it is, how to read it, and how often it moves."""

    name: str
    read: Callable[[], float]
    period: float


def window_seconds(counter: Counter | None, kind: str) -> float:
    """How long a window must be on a kind of device for its counter's step to be ``SHARE`` of it at most.

    >>> window_seconds(Counter("", float, 0.1), "cuda"), window_seconds(None, "cuda"), window_seconds(None, "cpu")
    (5.0, 2.0, 0.5)
    """
    least = LEAST_SECONDS[kind]
    return least if counter is None else max(least, counter.period / SHARE)


def used(counter: Counter | None, before: float | None) -> float | None:
    """Joules since ``before``; None without a counter, or if it started again from zero meanwhile."""
    if counter is None or before is None:
        return None
    joules = counter.read() - before
    return joules if joules > 0 else None


def measured_period(
    read: Callable[[], float], assumed: float, clock: Callable[[], float] = monotonic, longest: float = 2.0,
    known: tuple[float, float] = NVML_RANGE,
) -> float:  # fmt: skip
    """The median time between steps of a counter, watched for a while, within the range that is ``known`` of such
    counters; ``assumed`` if fewer than three steps were seen.

    An idle accelerator still uses energy, so that its counter moves.
    """
    start = clock()
    seen, steps = read(), [start]
    while clock() - start < longest and len(steps) < 12:
        now = read()
        if now != seen:
            seen = now
            steps.append(clock())
    gaps = [after - before for before, after in pairwise(steps[1:])]
    return min(max(median(gaps), known[0]), known[1]) if len(gaps) >= 2 else assumed


def idle_power(
    counter: Counter | None, clock: Callable[[], float] = monotonic, wait: Callable[[float], Any] = sleep
) -> tuple[float, float] | None:
    """Watts while nothing runs, and over how many seconds; None without a counter."""
    if counter is None:
        return None
    wait(SETTLING_SECONDS)
    start, before = clock(), counter.read()
    wait(idle_seconds(counter) - SETTLING_SECONDS)
    seconds = clock() - start
    joules = used(counter, before)
    return None if joules is None else (joules / seconds, seconds)


def idle_seconds(counter: Counter | None) -> float:
    """How long reading the idle power takes, settling included; nothing without a counter."""
    if counter is None:
        return 0.0
    return SETTLING_SECONDS + max(IDLE_SECONDS, counter.period / SHARE)


def rapl(root: Path = POWERCAP) -> Counter | None:
    """The counter of the processor's packages, if the system lets it be read; memory is not in it."""
    domains = []
    for folder in sorted(root.glob("intel-rapl:[0-9]*")):
        if folder.name.count(":") == 1:
            try:
                wrap = int((folder / "max_energy_range_uj").read_text())
                int((folder / "energy_uj").read_text())
            except (OSError, ValueError):
                return None
            domains.append((folder / "energy_uj", wrap))
    if not domains:
        return None
    last = [0] * len(domains)
    turns = [0] * len(domains)

    def read() -> float:
        for k, (path, wrap) in enumerate(domains):
            now = int(path.read_text())
            turns[k] += wrap if now < last[k] else 0
            last[k] = now
        return sum(a + b for a, b in zip(last, turns, strict=True)) / 1e6

    read()
    return Counter("RAPL, processor packages without memory", read, RAPL_PERIOD)


def nvml(handle: Any) -> Counter | None:
    """The total-energy counter of an NVIDIA accelerator, if it has one."""
    import pynvml

    def read() -> float:
        try:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
        except pynvml.NVMLError:
            return math.nan  # no difference with NaN is positive, so the energy of that window is unknown

    if math.isnan(read()):
        return None
    return Counter("NVML, total energy of the board", read, measured_period(read, NVML_PERIOD))
