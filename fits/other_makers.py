"""How far the law carries over to accelerators of other makers: published runs, none of which is fitted."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.estimation.estimator import estimate

OTHERS = Path(__file__).parent / "measurements" / "other_makers.csv"


@dataclass(frozen=True)
class Row:
    """A published run and what is transferred to its accelerator."""

    model: str
    gpu: str
    steps: int
    seconds: float
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


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """Return every published run, predicted."""
    found = []
    for x in read_records(OTHERS):
        height, width, steps = (float(x[key]) for key in ("height", "width", "steps"))
        time = estimate(x["model"], gpu=x["gpu"], height=height, width=width, steps=steps).time_s
        ends = [float(y) for y in (time.value, time.low, time.high) if y is not None]
        found.append(Row(x["model"], x["gpu"], int(x["steps"]), float(x["time_s"]), x["source"], *ends))
    return tuple(found)
