"""What the software stack leaves of the work: constants of compiled, fused, quantised, cached and offloaded runs.

Run as ``python -m fits.software``. Each row of ``measurements/modes.csv`` is a pair on one accelerator. What is fitted
is the logarithm of mode over baseline, in which the law's error on a model cancels, and beside it the seconds of the
mode, as surely as the law knows them: of sources held out, that lowers the errors of both. Every constant has a prior,
wide where nothing is known; it stays there where no row shows it. Sources are held out in turn. How far they then lie
off is the error that an estimate takes for each kind of mode.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from sympy import Expr, Symbol, lambdify

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import chi_time, k_check, tau
from ditcarbon_sym.estimation.intervals import LEVEL, parameter_deviations, scatter, student_quantile
from ditcarbon_sym.estimation.modes.asked import table as shipped
from ditcarbon_sym.estimation.point import OperatingPoint, operating_point
from ditcarbon_sym.reports.formats import toml_text, write_atomically

MODES = Path(__file__).parent / "measurements" / "modes.csv"
TARGET = DATA / "modes" / "constants.toml"
NOISE = 0.08
"""Two teams' ratios of one mode on one model and accelerator differ by about as much, in logarithms."""
OTHER_CODE = 0.25
"""Where a row has no baseline, another code than diffusers has its own error, beside the law's; assumed."""
FLOOR = 0.05
"""No kind of mode is taken to be known better on a source not seen."""
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
    (expression,) = (x.rhs for x in point.route.equations if x.lhs == tau)  # type: ignore[union-attr]
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


@dataclass(frozen=True)
class Fitted:
    """Constants by name, and the covariance of their logarithms, in the order of ``names``."""

    names: tuple[str, ...]
    values: Mapping[str, float]
    covariance: np.ndarray


def fit(data: Sequence[Row]) -> Fitted:
    """Fit the logarithms of all constants to rows and priors together."""
    names = tuple(PRIORS)
    centre = np.log([PRIORS[x].value for x in names])
    spread = np.array([PRIORS[x].spread for x in names])

    def residuals(logs: np.ndarray) -> np.ndarray:
        constants = dict(zip(names, np.exp(logs), strict=True))
        own = [x.weight * x.log_ratio(constants) / x.noise for x in data]
        own += [x.weight * x.log_seconds(constants) / x.law for x in data if x.in_full and x.baseline is not None]
        return np.array([*own, *((logs - centre) / spread)])

    found = least_squares(residuals, centre, loss="soft_l1", f_scale=2.0)
    covariance = np.linalg.inv(found.jac.T @ found.jac)
    return Fitted(names, dict(zip(names, np.exp(found.x), strict=True)), covariance)


@lru_cache(maxsize=1)
def fitted() -> Fitted:
    """The fit to all rows."""
    return fit(rows())


@dataclass(frozen=True)
class HeldOut:
    """A row of a source that the fit has not seen: predicted over measured, in logarithms, and what was expected."""

    row: Row
    ratio: float
    seconds: float
    constants: Fitted


@lru_cache(maxsize=1)
def held_out() -> tuple[HeldOut, ...]:
    """Every row, predicted without its source."""
    found = []
    for source in dict.fromkeys(x.source for x in rows()):
        one = fit([x for x in rows() if x.source != source])
        found += [
            HeldOut(x, x.log_ratio(one.values), x.log_seconds(one.values), one) for x in rows() if x.source == source
        ]
    return tuple(found)


def scatter_of(kind: str, without: str = "") -> tuple[float, int]:
    """How far sources not seen lie off beyond the errors of rows and constants, for one kind of mode, and how many."""
    groups: dict[str, list[float]] = {}
    for x in held_out():
        if x.row.kind == kind and x.row.source != without and x.row.baseline is not None:
            groups.setdefault(x.row.source, []).append(x.ratio**2 - of_constants(x) - NOISE**2)
    if not groups:
        return FLOOR, 0
    found = math.sqrt(max(float(np.mean([np.mean(x) for x in groups.values()])), FLOOR**2))
    if kind == "engine":  # an engine fuses what compilation does; two sources do not show that it is surer
        found = max(found, scatter_of("compile", without)[0])
    return found, len(groups)


def of_constants(x: HeldOut) -> float:
    """Variance of a row's logarithm by the constants that were fitted without it."""
    index = [x.constants.names.index(name) for name in x.row.names]
    slopes = _slopes(x.row, x.constants)
    return float(slopes @ x.constants.covariance[np.ix_(index, index)] @ slopes) if index else 0.0


@dataclass(frozen=True)
class Score:
    """One kind of mode, sources held out: errors in per cent, and how many rows the interval holds."""

    kind: str
    rows: int
    sources: int
    eager: float
    seconds: float
    bias: float
    ratio: float
    inside: int


def half_width(x: HeldOut) -> float:
    """Half of the 90 % interval of a row's seconds: the law's error, the constants' and the mode's on other sources."""
    point = x.row.point
    assert point.calibration is not None and x.row.base.calibration is not None
    law = scatter(x.row.base.calibration)
    own = parameter_deviations(x.row.base, (tau,))[tau]
    kinds = [scatter_of(kind, x.row.source)[0] for kind in point.mode.kinds]
    deviation = law.deviation if law is not None else 0.15
    groups = law.groups if law is not None and law.groups else 30
    return student_quantile(LEVEL, int(groups)) * math.sqrt(
        own**2 + deviation**2 + of_constants(x) + sum(y**2 for y in kinds)
    )


def _slopes(row: Row, constants: Fitted) -> np.ndarray:
    """Derivatives of the logarithm of a row's seconds by the logarithms of its constants."""
    step, found = 1e-4, []
    for name in row.names:
        up = {**constants.values, name: constants.values[name] * math.exp(step)}
        found.append((row.log_seconds(up) - row.log_seconds(constants.values)) / step)
    return np.array(found)


def scores() -> tuple[Score, ...]:
    """Every kind of mode; seconds only of rows that tell their request in full."""
    found = []
    for kind in KINDS:
        mine = [x for x in held_out() if x.row.kind == kind]
        full = [x for x in mine if x.row.in_full]
        if not full:
            continue
        off = np.expm1([x.seconds for x in full])
        eager = np.expm1([x.row.log_eager() for x in full])
        pairs = np.expm1([x.ratio for x in mine if x.row.baseline is not None])
        inside = sum(abs(x.seconds) <= half_width(x) for x in full)
        found.append(Score(
            kind, len(full), len({x.row.source for x in mine}), 100 * float(np.mean(np.abs(eager))),
            100 * float(np.mean(np.abs(off))), 100 * float(np.mean(off)),
            100 * float(np.mean(np.abs(pairs))) if len(pairs) else math.nan, inside,
        ))  # fmt: skip
    return tuple(found)


def table() -> dict[str, Any]:
    """The constants that ship."""
    one, parameters = fitted(), {}
    for k, name in enumerate(one.names):
        prior, deviation = PRIORS[name], math.sqrt(one.covariance[k, k])
        mine = [x for x in rows() if name in x.names]
        verdict = "identified" if deviation < 0.5 * prior.spread else f"prior: {prior.why}"
        parameters[name] = {
            "value": one.values[name], "log_deviation": deviation, "rows": len(mine), "verdict": verdict,
            "sources": sorted({x.source for x in mine}),
        }  # fmt: skip
    digest = hashlib.sha256(MODES.read_bytes()).hexdigest()
    return {
        "parameters": parameters,
        "covariance": {"parameters": list(one.names), "matrix": [[float(x) for x in row] for row in one.covariance]},
        "scatter": {kind: scatter_of(kind)[0] for kind in KINDS},
        "data": {"file": f"fits/measurements/{MODES.name}", "sha256": digest, "rows": len(rows())},
    }


def _priors() -> dict[str, Any]:
    """The table before any fit, from which rows learn the names of their constants."""
    entry = {"rows": 0, "verdict": "prior", "sources": []}
    return {
        "parameters": {x: {"value": y.value, "log_deviation": y.spread, **entry} for x, y in PRIORS.items()},
        "covariance": {"parameters": [], "matrix": []}, "scatter": dict.fromkeys(KINDS, 0.2),
    }  # fmt: skip


def main() -> None:
    """Fit again and write the constants."""
    if not TARGET.exists():
        write_atomically(TARGET, toml_text(_priors(), "Priors alone."))
        shipped.cache_clear()
    write_atomically(TARGET, toml_text(table(), "Made by fits/software.py (make fits); a test refits and compares."))
    print(f"wrote {TARGET.name}")


if __name__ == "__main__":
    main()
