"""What the software stack leaves of the work: constants of compiled, fused, quantised, cached and offloaded runs.

Run as ``python -m fits.software``. What is fitted to the rows (`software_rows`) is the logarithm of mode over baseline,
in which the law's error on a model cancels, and beside it the seconds of the mode, as surely as the law knows them: of
sources held out, that lowers the errors of both. A constant that no row shows stays at its prior. Sources are held out
in turn. How far they then lie off is the error that an estimate takes for each kind of mode: of ratios between modes,
and of seconds beyond the law's own error.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import tau
from ditcarbon_sym.estimation.intervals import parameter_deviations, scatter
from ditcarbon_sym.estimation.modes.asked import table as shipped
from ditcarbon_sym.estimation.spread.quantiles import LEVEL, student_quantile
from ditcarbon_sym.reports.formats import toml_text, write_atomically

from .operator_law import CALIBRATED
from .parallel_runs import of_one
from .software_rows import KINDS, MODES, NOISE, PRIORS, Row, rows

TARGET = DATA / "modes" / "constants.toml"
FLOOR = 0.05
"""No kind of mode is taken to be known better on a source not seen, in its ratio to another."""
REFITTED = (*CALIBRATED, "a100-sxm-80gb", "a100-sxm-40gb")
"""Accelerators whose law can be refitted without a model."""


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


def scatter_of(kind: str, without: str = "") -> float:
    """How far ratios to the baseline of sources not seen lie off, beyond the errors of rows and constants."""
    found = _beyond(kind, without, lambda x: x.ratio**2 - of_constants(x) - NOISE**2 if x.row.baseline else None)
    if kind == "engine":  # an engine fuses what compilation does; two sources do not show that it is surer
        found = max(found, scatter_of("compile", without))
    return max(found, FLOOR)


def beyond_law(kind: str, without: str = "") -> float:
    """How far seconds of sources not seen lie off, beyond the errors of the law and of the constants."""
    return _beyond(
        kind, without, lambda x: x.seconds**2 - of_constants(x) - _of_law(x.row)[0] if x.row.in_full else None
    )


def _beyond(kind: str, without: str, square: Callable[["HeldOut"], float | None]) -> float:
    """The root of the mean square of a kind's sources, each counted once; 0 where it is none."""
    groups: dict[str, list[float]] = {}
    for x in held_out():
        if x.row.kind == kind and x.row.source != without and (one := square(x)) is not None:
            groups.setdefault(x.row.source, []).append(one)
    return math.sqrt(max(float(np.mean([np.mean(x) for x in groups.values()])), 0.0)) if groups else 0.0


def _of_law(row: Row) -> tuple[float, int]:
    """Variance of the law's logarithm of a row's seconds, and how many groups it rests on."""
    assert row.base.calibration is not None
    known = scatter(row.base.calibration)
    deviation, groups = (0.15, 30) if known is None else (known.deviation, known.groups or 30)
    return parameter_deviations(row.base, (tau,))[tau] ** 2 + deviation**2, int(groups)


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
    variance, groups = _of_law(x.row)
    modes = sum(beyond_law(kind, x.row.source) ** 2 for kind in x.row.point.mode.kinds)
    return student_quantile(LEVEL, groups) * math.sqrt(variance + of_constants(x) + modes)


def nested(x: HeldOut) -> float:
    """Predicted over measured seconds, in logarithms, with the law refitted without the row's model, too."""
    gpu, base = x.row.gpu, x.row.base
    if gpu not in REFITTED:
        return x.seconds
    unseen = {**base.values, **of_one(gpu, x.row.model)}
    times = [float(pipeline.evaluate(values, (tau,), base.route)[tau]) for values in (unseen, base.values)]
    return x.seconds + math.log(times[0] / times[1])


def coverage() -> tuple[int, int]:
    """How many rows lie within intervals made without their source, by a law without their model; and of how many."""
    full = [x for x in held_out() if x.row.in_full]
    return sum(abs(nested(x)) <= half_width(x) for x in full), len(full)


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
        "scatter": {kind: scatter_of(kind) for kind in KINDS},
        "scatter_beyond_law": {kind: beyond_law(kind) for kind in KINDS},
        "data": {"file": f"fits/measurements/{MODES.name}", "sha256": digest, "rows": len(rows())},
    }


def _priors() -> dict[str, Any]:
    """The table before any fit, from which rows learn the names of their constants."""
    entry = {"rows": 0, "verdict": "prior", "sources": []}
    return {
        "parameters": {x: {"value": y.value, "log_deviation": y.spread, **entry} for x, y in PRIORS.items()},
        "covariance": {"parameters": [], "matrix": []}, "scatter": dict.fromkeys(KINDS, 0.2),
        "scatter_beyond_law": dict.fromkeys(KINDS, 0.2),
    }  # fmt: skip


def main() -> None:
    """Fit again and write the constants."""
    if not TARGET.exists():
        write_atomically(TARGET, toml_text(_priors(), "Priors alone."))
        shipped.cache_clear()
    write_atomically(TARGET, toml_text(table(), "Made by fits/software.py (make fits); a test refits and compares."))
    inside, many = coverage()
    print(f"wrote {TARGET.name}; of rows whose source and model are held out, intervals hold {inside} of {many}")


if __name__ == "__main__":
    main()
