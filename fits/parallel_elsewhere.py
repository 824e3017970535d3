"""How far the law of several accelerators carries over: other teams' runs, other accelerators, other links.

None of these runs took part in the fit. Two things are scored: seconds, which hold the error of the law of one
accelerator too, and the speed-up over one accelerator that the same source tells.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.estimation.estimator import Estimate, estimate

ELSEWHERE = Path(__file__).parent / "measurements" / "parallel_elsewhere.csv"
NVLINK = 100e9
"""B/s each way from which a link is NVLink, and no PCIe."""


@dataclass(frozen=True)
class Row:
    """A published run, what the law says of it, and of one accelerator."""

    model: str
    gpu: str
    gpus: int
    split: str
    compiled: bool
    source: str
    seconds: float
    baseline: float
    shared: Estimate
    alone: Estimate
    in_full: bool = True

    @property
    def time(self) -> float:
        """Predicted over measured seconds; NaN where the source does not tell its request."""
        return float(self.shared.time_s.value or np.nan) / self.seconds if self.in_full else np.nan

    @property
    def speed_up(self) -> float:
        """Predicted over measured speed-up."""
        predicted = (self.alone.time_s.value or np.nan) / (self.shared.time_s.value or np.nan)
        return float(predicted / (self.baseline / self.seconds))

    @property
    def inside(self) -> bool:
        """Whether the interval of the seconds holds those measured."""
        low, high = self.shared.time_s.low, self.shared.time_s.high
        return low is not None and high is not None and low <= self.seconds <= high

    @property
    def is_linked(self) -> bool:
        """Whether the accelerators are linked by NVLink."""
        return (load().gpu(self.gpu).link_byte_per_second or 0.0) > NVLINK


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """Every published run."""
    found = []
    for row in read_records(ELSEWHERE):
        split = ",".join(f"{x}={row[x]}" for x in ("ulysses", "ring", "cfg"))
        request: Any = {key: int(row[key]) for key in ("height", "width", "frames", "batch", "steps") if row[key]}
        request["software"] = "compile" if row["compiled"] == "yes" else "eager"
        shared, alone = (estimate(row["model"], gpu=row["gpu"], split=x, **request) for x in (split, None))
        found.append(Row(
            row["model"], row["gpu"], int(row["gpus"]), split, row["compiled"] == "yes", row["source"],
            float(row["time_s"]), float(row["baseline_s"] or "nan"), shared, alone, bool(row["steps"]),
        ))  # fmt: skip
    return tuple(found)


GROUPS: dict[str, Callable[[Row], bool]] = {
    "H100, eager": lambda x: x.gpu == "h100-sxm-80gb" and not x.compiled,
    "other accelerators with NVLink, eager": lambda x: x.gpu != "h100-sxm-80gb" and x.is_linked and not x.compiled,
    "PCIe, eager": lambda x: not x.is_linked and not x.compiled,
    "guidance passes split": lambda x: "cfg=2" in x.split,
    "compiled": lambda x: x.compiled,
}
"""Rows that say the same of the law; those that split guidance are among the others, too."""


def errors(chosen: Sequence[Row]) -> tuple[float, float, float]:
    """Mean absolute errors of seconds and of the speed-up, and the bias of the latter, per cent."""
    times, speeds = (np.array([getattr(x, name) for x in chosen]) for name in ("time", "speed_up"))
    return (
        float(100 * np.nanmean(np.abs(times - 1))), float(100 * np.nanmean(np.abs(speeds - 1))),
        float(100 * np.expm1(np.nanmean(np.log(speeds)))),
    )  # fmt: skip
