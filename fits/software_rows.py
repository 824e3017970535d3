"""The rows that the constants of the modes are fitted to, with the law's seconds of both sides of each pair.

Each row of ``measurements/modes.csv`` is a pair on one accelerator. What the mode leaves of the work depends on
constants, each with a prior, wide where nothing is known.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sympy import Expr, Symbol, lambdify

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import chi_time, k_check, tau
from ditcarbon_sym.equations.operator_law.symbols import TABLE
from ditcarbon_sym.estimation.intervals import scatter
from ditcarbon_sym.estimation.point import OperatingPoint, operating_point

MODES = Path(__file__).parent / "measurements" / "modes.csv"
NOISE = 0.08
"""Two teams' ratios of one mode on one model and accelerator differ by about as much, in logarithms."""
OTHER_CODE = 0.25
"""Where a row has no baseline, another code than diffusers has its own error, beside the law's; assumed."""
KINDS = ("compile", "engine", "attention", "quantised", "quantised eager", "cache", "offload")


@dataclass(frozen=True)
class Prior:
    """What is expected of a constant beforehand: its value, the standard deviation of its logarithm, and why."""

    value: float
    spread: float
    why: str


ERAS = ("older", "ampere", "ada", "hopper", "blackwell")
PRIORS: Mapping[str, Prior] = {
    **{
        f"elementwise_left.{x}": Prior(0.3, 0.7, "between two products a fused pass reads and writes once")
        for x in ERAS
    },
    "elementwise_left.dynamic-eager": Prior(1.5, 0.4, "activations are scaled and cast in passes of their own"),
    "launches_left.compile": Prior(0.3, 0.7, "fused kernels and graphs"),
    "attention_time.fa3": Prior(0.6, 0.25, "published speeds of the kernels: 1.5 to 2 times FlashAttention 2"),
    "attention_time.sage2": Prior(0.5, 0.3, "published speeds of the kernels: 2 to 3 times FlashAttention 2"),
    "attention_time.sparse": Prior(1.2, 0.25, "a block of a sparse pattern takes somewhat longer"),
    "format_peak_reached.dynamic": Prior(0.8, 0.3, "products scale with their format's peak"),
    "format_peak_ratio.int8-eager": Prior(0.05, 1.0, "a kernel that is not made for large products"),
    "format_peak_ratio.int4-eager": Prior(0.05, 1.0, "a kernel that is not made for large products"),
    "byte_per_weight.eager": Prior(8.0, 0.7, "a weight is read, cast, scaled and written again"),
    "check_cost.cache": Prior(0.03, 0.7, "one block of some tens, or an embedding"),
    "host_byte_per_second.offload": Prior(2e9, 1.0, "pageable memory over PCIe, both ways"),
    "energy_follows_time.assumed": Prior(1.0, 0.25, "assumed: accelerators at their power limit"),
}


@dataclass(frozen=True)
class Row:
    """A measured pair, with the law's seconds of both sides: of the mode as a function of its constants."""

    kind: str
    source: str
    model: str
    gpu: str
    names: tuple[str, ...]
    seconds: Callable[..., float]
    baseline_names: tuple[str, ...]
    baseline_seconds: Callable[..., float]
    measured: float
    baseline: float | None
    point: OperatingPoint
    base: OperatingPoint
    in_full: bool
    weight: float = 1.0

    def log_ratio(self, constants: Mapping[str, float]) -> float:
        """Predicted over measured: of the ratio to the baseline if there is one, else of the seconds; in logarithms."""
        if self.baseline is None:
            return self.log_seconds(constants)
        first = self.baseline_seconds(*(constants[name] for name in self.baseline_names))
        return self.log_seconds(constants) - math.log(first / self.baseline)

    def log_seconds(self, constants: Mapping[str, float]) -> float:
        """Predicted over measured seconds of the mode, in logarithms."""
        return math.log(self.seconds(*(constants[name] for name in self.names)) / self.measured)

    def log_eager(self) -> float:
        """The eager law over measured seconds of the mode, in logarithms: the error without any of this."""
        return math.log(float(pipeline.evaluate(self.base.values, (tau,), self.base.route)[tau]) / self.measured)

    @property
    def law(self) -> float:
        """Standard deviation of the law's error on a model that it has not seen, in logarithms."""
        known = None if self.base.calibration is None else scatter(self.base.calibration)
        return math.hypot(NOISE, known.deviation if known else 0.15)

    @property
    def noise(self) -> float:
        """Standard deviation of the row's own error."""
        return NOISE if self.baseline is not None else math.hypot(OTHER_CODE, self.law)


def _row(record: Mapping[str, str]) -> Row:
    request: dict[str, Any] = {x: int(record[x]) for x in ("height", "width", "batch", "steps") if record[x]}
    if int(record["frames"]) > 1:
        request["frames"] = int(record["frames"])
    options: dict[str, Any] = {x: record[x] for x in ("software", "attention", "precision", "offload") if record[x]}
    if record["cache"]:
        options["cache"] = float(record["cache"])
    base = operating_point(record["model"], gpu=record["gpu"], **request)
    point = operating_point(record["model"], gpu=record["gpu"], **request, **options)
    if record["check"]:
        point = replace(point, values={**point.values, k_check: float(record["check"])})
    names, seconds = _seconds(point, (k_check,) if record["check"] else ())
    first = base
    if record["baseline"] not in ("", "eager"):
        first = operating_point(record["model"], gpu=record["gpu"], **request, software=record["baseline"])
    return Row(
        record["class"], record["source"], record["model"], record["gpu"], names, seconds, *_seconds(first),
        float(record["mode_s"]), float(record["baseline_s"]) if record["baseline_s"] else None, point, base,
        record["level"] == "both",
    )  # fmt: skip


def _seconds(point: OperatingPoint, given: Sequence[Symbol] = ()) -> tuple[tuple[str, ...], Callable[..., float]]:
    """The law's seconds as a function of the constants of a mode, and their names; those ``given`` stay as they are."""
    constants = {x: y for x, y in point.mode.constants.items() if x != chi_time and x not in given}
    symbols = tuple(sorted(constants, key=lambda x: x.name))
    (time,) = (x for x in point.route.equations if x.lhs == tau)  # type: ignore[union-attr]
    expression = time.inline(*(x for x in point.route.equations if x.lhs in TABLE)).rhs  # type: ignore[union-attr]
    rest = tuple(sorted(expression.free_symbols - {*symbols}, key=lambda x: x.name))
    asked = tuple(x for x in rest if x not in point.values)
    known = {**point.values, **pipeline.evaluate(point.values, asked, point.route)}
    numbers = [float(known[x]) for x in rest]
    function = _function(expression, (*symbols, *rest))
    return tuple(constants[x] for x in symbols), lambda *values: float(function(*values, *numbers))


@lru_cache(maxsize=128)
def _function(expression: Expr, arguments: tuple[Symbol, ...]) -> Callable[..., float]:
    found: Callable[..., float] = lambdify(arguments, expression, "math", cse=True)
    return found


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """The rows that tell in full what they ran; those of one mode of one source on one model count as one."""
    found = [_row(x) for x in read_records(MODES) if x["class"] in KINDS]
    keys = [(x.source, x.model, x.gpu, x.kind, x.names) for x in found]
    return tuple(replace(x, weight=1 / math.sqrt(keys.count(key))) for x, key in zip(found, keys, strict=True))
