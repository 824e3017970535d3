"""How intervals look: each output with its kinds of interval side by side, and scenarios apart from them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from sympy import Symbol

from ..analysis.knobs import WORDS
from ..analysis.sampling import monte_carlo
from ..analysis.sensitivity import Swing, tornado
from ..equations import pipeline
from ..equations.notation import NOTATION, C_emb, C_op, C_output, C_total, E, mu, tau
from ..errors import InputError, short
from ..estimation.estimator import estimate_at
from ..estimation.footprint.basis import interval_words
from ..estimation.intervals import is_rough, parameter_deviations, predictive, scatter
from ..estimation.point import OperatingPoint
from ..estimation.spread.quantiles import log_interval, quantile
from . import estimate as request_report
from .estimate import output_words
from .formats import energy_unit, significant
from .sensitivity import swing_words

OUTPUTS = (mu, tau, E, C_op, C_emb, C_total, C_output)
SCENARIOS = ("grid_gco2eq_per_kwh", "pue", "tdp_watt", "embodied_gco2eq", "server_gco2eq", "host_watt_per_watt",
             "lifetime_s", "vae_reuse_factor")  # fmt: skip
"""Assumptions rather than fitted quantities: shown beside the intervals, never inside them."""
ROUGHLY = "a constant is known too roughly for the delta method, so each axis of the errors was followed to its end"
Ends = tuple[float, float] | None


@dataclass(frozen=True)
class Line:
    """One output: its value and its intervals, None where there is none."""

    output: Symbol
    value: float
    parameters: Ends
    predictive: Ends
    monte_carlo: Ends
    monte_carlo_parameters: Ends


@dataclass(frozen=True)
class Spread:
    """All lines, the scenarios, and what the intervals rest on."""

    title: str
    level: float
    draws: int
    seed: int
    lines: Sequence[Line]
    scenarios: Sequence[Swing]
    scenario_of: str
    scatter: Mapping[str, float]
    words: str
    worst_disagreement: float | None
    warnings: tuple[str, ...]
    rough: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        return {
            "schema_version": 1,
            "request": self.title,
            "level": self.level,
            "monte_carlo": {"draws": self.draws, "seed": self.seed, "worst_disagreement": self.worst_disagreement},
            "held_out_log_scatter": dict(self.scatter),
            "basis": self.words,
            "outputs": {
                NOTATION[x.output].field: {
                    "value": x.value, "parameters": x.parameters, "predictive": x.predictive,
                    "monte_carlo": x.monte_carlo, "monte_carlo_parameters": x.monte_carlo_parameters,
                }
                for x in self.lines
            },
            "scenario_of": self.scenario_of,
            "scenarios": [vars(x) for x in self.scenarios],
            "warnings": list(self.warnings),
        }  # fmt: skip


def spread(point: OperatingPoint, *, level: float, draws: int, seed: int) -> Spread:
    """Compute every interval of every output that is known."""
    if not 0.01 <= level <= 0.9999:
        raise InputError(f"level = {short(level)} is outside 0.01..0.9999")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed = {str(seed)[:20]} is outside 0..{2**32 - 1}")
    if not 1000 <= draws <= 10_000_000:
        raise InputError(f"draws = {draws} is outside 1000..10000000")
    values = pipeline.evaluate(point.values, OUTPUTS, point.route)
    known = tuple(x for x in OUTPUTS if values[x] == values[x])
    deviations = parameter_deviations(point, known)
    predicted = predictive(point, known, level)
    lines = []
    for x in known:
        drawn = monte_carlo(point, x, level, draws, seed)
        own = log_interval(float(values[x]), quantile(level) * deviations[x]) if x in deviations else None
        sampled = drawn.get("predictive"), drawn.get("parameter")
        lines.append(Line(x, float(values[x]), own, predicted.get(x), *sampled))
    apart = [_apart(line) for line in lines if line.predictive and line.monte_carlo]
    scenario_of = next((x for x in (C_total, C_op) if x in known), None)
    scenarios = (
        []
        if scenario_of is None
        else [x for x in tornado(point, scenario_of) if x.knob in SCENARIOS and x.at_low != x.at_high]
    )
    between, joules = ((scatter(point.calibration, energy=x) if point.calibration else None) for x in (False, True))
    estimate = estimate_at(point)
    return Spread(
        request_report.title(estimate),
        level,
        draws,
        seed,
        lines,
        scenarios,
        scenario_of.name if scenario_of else "",
        {} if between is None else {name: x.deviation for name, x in (("time", between), ("energy", joules)) if x},
        interval_words(point, level),
        max(apart, default=None),
        estimate.warnings,
        is_rough(point.calibration),
    )


def _apart(line: Line) -> float:
    """Return how far the delta method and the Monte Carlo lie apart, over the half-width of the interval."""
    assert line.predictive is not None and line.monte_carlo is not None
    half = (line.predictive[1] - line.predictive[0]) / 2
    ends = zip(line.predictive, line.monte_carlo, strict=True)
    return max(abs(a - b) for a, b in ends) / half if half else 0.0


def sampling_noise(level: float, draws: int) -> float:
    """Return two standard errors of the sampled quantiles, over the half-width: what sampling alone would do."""
    normal = NormalDist()
    z = normal.inv_cdf((1 + level) / 2)
    return 2 * math.sqrt((1 - level) / 2 * (1 + level) / 2 / draws) / normal.pdf(z) / z


def _ends(ends: Ends) -> str:
    return "none" if ends is None else f"{significant(ends[0])} to {significant(ends[1])}"


def rows(found: Spread) -> list[tuple[str, ...]]:
    """Return the intervals for people; energy is the accelerator's, without PUE."""
    lines = []
    for line in found.lines:
        scale, unit = 1.0, NOTATION[line.output].unit
        if line.output == E:
            scale, unit = energy_unit(1000.0 * line.value)
            scale *= 1000.0
        ends = [
            None if x is None else (scale * x[0], scale * x[1])
            for x in (line.parameters, line.predictive, line.monte_carlo)
        ]
        lines.append((output_words(line.output), significant(scale * line.value), unit, *(_ends(x) for x in ends)))
    return lines


def basis_rows(found: Spread) -> list[tuple[str, str]]:
    """Say what the intervals rest on and how well the two methods agree."""
    rows = [("interval", found.words)]
    if found.scatter:
        each = ", ".join(f"{x:.4f} of {name}" for name, x in found.scatter.items())
        rows.append(("scatter", f"{each}, in the logarithm, of what was held out of the fit and is met besides"))
    if found.worst_disagreement is not None:
        noise = sampling_noise(found.level, found.draws)
        method, apart = ("shifts", ROUGHLY) if found.rough else ("delta method", "linearisation is rough here")
        if noise > 0.05:
            agree = f"too few draws to tell ({noise:.0%} by sampling alone)"
        elif found.worst_disagreement < 0.05 + noise:
            agree = "both serve" if found.rough else "linearisation holds"
        else:
            agree = apart
        told = f"{method} and Monte Carlo differ by {found.worst_disagreement:.1%} of the half-width: {agree}"
        rows.append(("methods", told))
        rows.append(("Monte Carlo", f"{found.draws:,} draws, seed {found.seed}"))
    return rows


def scenario_rows(found: Spread) -> list[tuple[str, ...]]:
    """Return the scenarios for people."""
    return [
        (WORDS[x.knob], swing_words(x), significant(x.at_low), significant(x.at_high), x.source)
        for x in found.scenarios
    ]
