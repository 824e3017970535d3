"""How far the law carries over to accelerators of which no fit has a run: other makers', and NVIDIA's newest."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.catalog.entries import NVIDIA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.estimation.estimator import estimate

OTHERS = Path(__file__).parent / "measurements" / "other_makers.csv"
FIELDS = ("height", "width", "frames", "batch", "steps", "gpus")
"""Columns that are numbers of the request, or of the accelerators that share it."""


@dataclass(frozen=True)
class Row:
    """A published run and what is transferred to its accelerator."""

    model: str
    gpu: str
    gpus: int
    request: str
    seconds: float
    how: str
    source: str
    predicted: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Relative error of the prediction."""
        return self.predicted / self.seconds - 1.0

    @property
    def inside(self) -> bool:
        """Whether what is published lies within the interval."""
        return self.low <= self.seconds <= self.high

    @property
    def is_of_another_maker(self) -> bool:
        """Whether NVIDIA does not make the accelerator."""
        return load().gpu(self.gpu).maker != NVIDIA


def _request(x: dict[str, str]) -> str:
    """Return a request as the table shows it: pixels, frames, outputs, steps."""
    size = f"{x['height']} x {x['width']}" + (f" x {x['frames']}" if x["frames"] != "1" else "")
    return size + (f", {x['batch']} at once" if x["batch"] != "1" else "") + f", {x['steps']} steps"


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """Return every published run, predicted."""
    found = []
    for x in read_records(OTHERS):
        asked = {name: int(x[name]) for name in FIELDS}
        modes = {name: x[name] for name in ("split", "software") if x[name]}
        time = estimate(x["model"], gpu=x["gpu"], **asked, **modes).time_s  # type: ignore[arg-type]
        ends = [float(y) for y in (time.value, time.low, time.high) if y is not None]
        seconds = float(x["time_s"])
        found.append(Row(x["model"], x["gpu"], asked["gpus"], _request(x), seconds, x["how"], x["source"], *ends))
    return tuple(found)


def errors(some: Sequence[Row]) -> tuple[float, float]:
    """Return the mean absolute error and the median one with its sign, in per cent."""
    found = 100 * np.array([x.error for x in some])
    return float(np.abs(found).mean()), float(np.median(found))
