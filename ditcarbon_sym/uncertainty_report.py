"""How intervals look: each output with its sources of doubt side by side, and scenarios apart from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from . import pipeline
from .formats import significant
from .notation import NOTATION, C_emb, C_op, C_output, C_total, E, InputError, mu, tau
from .operating import OperatingPoint
from .sensitivity import WORDS, Swing, tornado
from .sensitivity_report import swing_words
from .uncertainty import interval_words, log_interval, monte_carlo, parameter_deviations, predictive, scatter

OUTPUTS = (mu, tau, E, C_op, C_emb, C_total, C_output)
SCENARIOS = ("grid_gco2eq_per_kwh", "pue", "tdp_watt", "embodied_gco2eq", "lifetime_s", "vae_reuse_factor")
"""Assumptions rather than fitted quantities: shown beside the intervals, never inside them."""
Ends = tuple[float, float] | None


@dataclass(frozen=True)
class Line:
    """One output: its value and its intervals, None where there is none."""

    output: Symbol
    value: float
    parameters: Ends
    predictive: Ends
    monte_carlo: Ends


@dataclass(frozen=True)
class Spread:
    """All lines, the scenarios, and what the intervals rest on."""

    level: float
    draws: int
    seed: int
    lines: Sequence[Line]
    scenarios: Sequence[Swing]
    scatter: float | None
    words: str
    worst_disagreement: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        return {
            "level": self.level,
            "monte_carlo": {"draws": self.draws, "seed": self.seed, "worst_disagreement": self.worst_disagreement},
            "held_out_log_scatter": self.scatter,
            "basis": self.words,
            "outputs": {
                NOTATION[x.output].field: {
                    "value": x.value, "parameters": x.parameters, "predictive": x.predictive,
                    "monte_carlo": x.monte_carlo,
                }
                for x in self.lines
            },
            "scenarios": [vars(x) for x in self.scenarios],
        }  # fmt: skip


def spread(point: OperatingPoint, *, level: float, draws: int, seed: int) -> Spread:
    """Compute every interval of every output that is known."""
    if not 0 < level < 1:
        raise InputError(f"level = {level:g} is not between 0 and 1")
    if not 1000 <= draws <= 10_000_000:
        raise InputError(f"draws = {draws} is outside 1000..10000000")
    values = pipeline.evaluate(point.values, OUTPUTS, point.route)
    known = tuple(x for x in OUTPUTS if values[x] == values[x])
    deviations = parameter_deviations(point, known)
    predicted = predictive(point, known, level)
    lines = [
        Line(
            x,
            float(values[x]),
            log_interval(float(values[x]), deviations[x], level) if x in deviations else None,
            predicted.get(x),
            monte_carlo(point, x, level, draws, seed).get("predictive"),
        )
        for x in known
    ]
    apart = [_apart(line) for line in lines if line.predictive and line.monte_carlo]
    scenarios = [x for x in tornado(point, C_total) if x.knob in SCENARIOS] if C_total in known else []
    between = scatter(point.calibration) if point.calibration else None
    return Spread(level, draws, seed, lines, scenarios, between, interval_words(point), max(apart, default=None))


def _apart(line: Line) -> float:
    """How far the ends of the two predictive intervals lie apart, relative to the interval's own half-width."""
    assert line.predictive is not None and line.monte_carlo is not None
    half = (line.predictive[1] - line.predictive[0]) / 2
    return max(abs(a - b) for a, b in zip(line.predictive, line.monte_carlo, strict=True)) / half


def _ends(ends: Ends) -> str:
    return "none" if ends is None else f"{significant(ends[0])} to {significant(ends[1])}"


def interval_rows(found: Spread) -> list[tuple[str, ...]]:
    """Return the intervals for people; energy in Wh."""
    rows = []
    for line in found.lines:
        scale, unit = (1000.0, "Wh") if line.output == E else (1.0, NOTATION[line.output].unit)
        ends = [
            None if x is None else (scale * x[0], scale * x[1])
            for x in (line.parameters, line.predictive, line.monte_carlo)
        ]
        rows.append((NOTATION[line.output].meaning, significant(scale * line.value), unit, *(_ends(x) for x in ends)))
    return rows


def basis_rows(found: Spread) -> list[tuple[str, str]]:
    """Say what the intervals rest on and how well the two methods agree."""
    rows = [("interval", found.words)]
    if found.scatter is not None:
        rows.append(("scatter", f"{found.scatter:.4f} in the logarithm, of architectures held out of the fit"))
    if found.worst_disagreement is not None:
        agree = (
            "linearisation holds"
            if found.worst_disagreement < 0.05
            else "linearisation is rough here: trust the Monte Carlo"
        )
        rows.append(
            (
                "methods",
                f"delta method and Monte Carlo differ by {found.worst_disagreement:.1%} of the half-width: {agree}",
            )
        )
        rows.append(("Monte Carlo", f"{found.draws:,} draws, seed {found.seed}"))
    return rows


def scenario_rows(found: Spread) -> list[tuple[str, ...]]:
    """Return the scenarios for people."""
    return [
        (WORDS[x.knob], swing_words(x), significant(x.at_low), significant(x.at_high), x.source)
        for x in found.scenarios
    ]
