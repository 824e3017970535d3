"""From a question of the command line to an answer in words: budgets and rivals resolved, units given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from .formats import significant
from .notation import NOTATION, C_output, C_total, E, H, InputError, W, n_frames, n_latent, tau, v_t
from .operating import OperatingPoint, operating_point, outside_validity
from .solve import UNKNOWNS, Solution, break_even, within

UNITS = {
    "per_output_g": "gCO2eq per output",
    "total_g": "gCO2eq per batch",
    "energy_kwh": "Wh per batch",
    "time_s": "s per batch",
}
SCALE = {"energy_kwh": 1000.0}
"""From the unit of the equations to the unit that people are told."""


@dataclass(frozen=True)
class Question:
    """What was asked: a budget in one unit, or a rival to break even with."""

    model: str
    options: Mapping[str, Any]
    unknown: str
    budgets: Mapping[str, float | None]
    per: str
    rival: Mapping[str, str | None]
    both: bool


def answer(question: Question) -> tuple[Solution, tuple[str, ...]]:
    """Solve; returns the solution and the warnings that go with it. Raises `InputError` in one line."""
    if question.per not in ("output", "batch"):
        raise InputError(f"per = {question.per!r} is neither 'output' nor 'batch'")
    carbon = C_output if question.per == "output" else C_total
    point = operating_point(question.model, **question.options)
    given = {unit: value for unit, value in question.budgets.items() if value is not None}
    rival = {key: value for key, value in question.rival.items() if value is not None}
    if len(given) + bool(rival) != 1:
        raise InputError(
            "give one budget (--budget-g, --budget-wh or --budget-s) or a rival (--against-...), not several or none"
        )
    if rival:
        other = _other(question, rival)
        solution = break_even(point, other, question.unknown, carbon, both=question.both)
    else:
        ((unit, budget),) = given.items()
        output: Symbol = {"g": carbon, "wh": E, "s": tau}[unit]
        solution = within(point, question.unknown, output, budget / SCALE.get(NOTATION[output].field, 1.0))
    return solution, _notes(point, solution)


def _other(question: Question, rival: Mapping[str, str]) -> OperatingPoint:
    """The rival's operating point: the same request, another model, accelerator or data centre."""
    options = dict(question.options)
    if "gpu" in rival:
        options["gpu"] = rival["gpu"]
    if "datacenter" in rival:
        options = {**options, "datacenter": rival["datacenter"], "pue": None, "grid": None}
    return operating_point(rival.get("model", question.model), **options)


def _notes(point: OperatingPoint, solution: Solution) -> tuple[str, ...]:
    """Warn where the answer lies outside the range that the efficiency was calibrated in."""
    if point.calibration is None:
        return point.notes
    moved: dict[Symbol, float] = {UNKNOWNS[solution.unknown]: solution.value}
    if solution.unknown == "resolution":
        moved = {H: solution.value, W: solution.value}
    elif solution.unknown == "frames":
        moved = {n_frames: solution.value, n_latent: 1 + (solution.value - 1) / point.values[v_t]}
    outside = outside_validity(point.calibration, point.model, {**point.values, **moved})
    return tuple(dict.fromkeys((*point.notes, *(f"at the answer: {note}" for note in outside))))


def rows(solution: Solution) -> list[tuple[str, str]]:
    """Return the answer for people."""
    scale, unit = SCALE.get(solution.output, 1.0), UNITS.get(solution.output, "")
    return [
        (solution.unknown, significant(solution.value, 6)),
        ("exact root", f"{solution.exact:.6g} ({solution.method})"),
        ("reached", f"{significant(scale * solution.reached)} {unit}"),
        ("budget", f"{significant(scale * solution.budget)} {unit}"),
        ("slack", f"{significant(scale * solution.slack)} {unit}"),
        ("direction", f"{solution.output} {solution.direction} with {solution.unknown}"),
    ]


def as_dict(solution: Solution) -> dict[str, Any]:
    """Return the answer as a plain dictionary; energy in kWh, as in the equations."""
    return dict(vars(solution))
