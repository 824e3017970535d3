"""What training changes: the time of a step over what the law of inference gives, fitted to published speeds.

Run as ``python -m fits.training``. One constant, `c_train`, is fitted to seconds of a step. Each run counts once,
because the rows of one team share its code. Runs held out give the width that training adds to an interval. Published
totals, in accelerator days, take no part: they are a test, and none is left out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.estimation.training import Training, train
from ditcarbon_sym.reports.formats import toml_text, write_atomically

TRAININGS = Path(__file__).parent / "measurements" / "trainings.csv"
FILE = DATA / "training.toml"
DAY = 86_400.0


@dataclass(frozen=True)
class Row:
    """A published training and what the law says of it."""

    kind: str
    run: str
    model: str
    gpu: str
    gpus: int
    size: str
    fitted: bool
    value: float
    assumed: str
    source: str
    found: Training

    @property
    def predicted(self) -> float:
        """Seconds of a step, or accelerator days."""
        return self._of(self.found.step_s.value, self.found.gpu_hours.value)

    @property
    def interval(self) -> tuple[float, float]:
        """Its 90 % interval."""
        step, hours = self.found.step_s, self.found.gpu_hours
        return self._of(step.low, hours.low), self._of(step.high, hours.high)

    @property
    def inside(self) -> bool:
        """Whether what is published lies within the interval."""
        low, high = self.interval
        return low <= self.value <= high

    @property
    def error(self) -> float:
        """Relative error of the prediction."""
        return self.predicted / self.value - 1.0

    @property
    def needed(self) -> float:
        """The constant with which the law gives what is published."""
        seconds = self.value if self.kind == "speed" else self.value * DAY / self.gpus / self.found.setting["steps"]
        parts = self.found.step_parts_s
        beside = parts["late"] + parts["tensor"]
        alone = (float(self.found.step_s.value or 0.0) - beside) / float(self.found.basis["training"]["c_train"])
        return (seconds - beside) / alone

    def _of(self, seconds: float | None, hours: float | None) -> float:
        assert seconds is not None and hours is not None
        return seconds if self.kind == "speed" else hours / 24.0


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """Return every published training, predicted."""
    return tuple(_row(record) for record in read_records(TRAININGS))


def _row(record: Mapping[str, Any]) -> Row:
    number = {
        x: float(record[x]) for x in ("height", "width", "frames", "batch", "steps", "gpus", "tensor", "recompute")
    }
    flags = {x: record[x] == "1" for x in ("ema", "cached_latents", "cached_text", "sharded")}
    given = {x: float(record[x]) for x in ("text_tokens", "network_gbit", "gradient_bytes") if float(record[x] or 0)}
    how = {x: record[x] for x in ("software", "precision") if record[x]}
    found = train(record["model"], gpu=record["gpu"], **number, **flags, **given, **how)
    frames = f" x {number['frames']:g}" if number["frames"] > 1 else ""
    return Row(
        record["kind"], record["run"], record["model"], record["gpu"], int(number["gpus"]),
        f"{number['height']:g} x {number['width']:g}{frames}", record["fitted"] == "1", float(record["value"]),
        record["assumed"], record["source"], found,
    )  # fmt: skip


def by_run(some: Sequence[Row]) -> dict[str, list[float]]:
    """Logarithms of the constants that the rows of each run need."""
    found: dict[str, list[float]] = {}
    for row in some:
        found.setdefault(row.run, []).append(math.log(row.needed))
    return found


def fitted_constant(logs: Mapping[str, Sequence[float]]) -> float:
    """The logarithm of the constant: the mean over runs of each run's own mean."""
    means = [sum(x) / len(x) for x in logs.values()]
    return sum(means) / len(means)


def table() -> dict[str, Any]:
    """Return what the package ships: the constant, its variance and the scatter of runs held out."""
    logs = by_run([row for row in rows() if row.fitted])
    constant = fitted_constant(logs)
    means = [sum(x) / len(x) for x in logs.values()]
    variance = sum((x - constant) ** 2 for x in means) / (len(means) - 1) / len(means)
    errors = {}
    for name, own in logs.items():
        others = fitted_constant({run: x for run, x in logs.items() if run != name})
        errors[name] = sum((x - others) ** 2 for x in own) / len(own)
    return {
        "schema_version": 1,
        "parameters": {"c_train": math.exp(constant)},
        "covariance": {"parameters": ["c_train"], "matrix": [[math.exp(2 * constant) * variance]]},
        "quality": {
            "n": sum(len(x) for x in logs.values()),
            "held_out_log_scatter": math.sqrt(sum(errors.values()) / len(errors)),
            "held_out_groups": len(errors),
        },
        "data": {"file": "fits/measurements/trainings.csv", "rows": "speeds in 16 bits on calibrated accelerators"},
    }


def mape(some: Sequence[Row]) -> float:
    """Mean absolute error, per cent."""
    return 100.0 * sum(abs(row.error) for row in some) / len(some)


def main() -> None:
    """Write the constant and print every training beside what is published."""
    write_atomically(
        FILE, "# Made by fits/training.py (make fits); a test refits and compares.\n\n" + toml_text(table())
    )
    for row in rows():
        low, high = row.interval
        print(
            f"{row.kind:5} {row.run:22} {row.model:15} {row.size:16} {row.gpu:15} {row.gpus:4} {row.value:9.4g} "
            f"{row.predicted:9.4g} {low:8.3g} {high:8.3g} {100 * row.error:+6.0f} % {'in' if row.inside else 'OUT'} "
            f"{row.needed:5.2f} {'fit' if row.fitted else 'test'}"
        )


if __name__ == "__main__":
    main()
