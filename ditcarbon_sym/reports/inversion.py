"""A question of the command line, its answer, and how that looks: budgets and rivals resolved, units given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from ..analysis.inversion import Solution, answered, break_even, within
from ..equations.notation import C_output, C_total, E, H, W, tau
from ..errors import InputError
from ..estimation.point import OperatingPoint, operating_point
from ..estimation.routes import order_notes, outside_validity
from .formats import significant


@dataclass(frozen=True)
class Question:
    """What was asked: a budget in one unit, or a rival to break even with."""

    model: str | None
    options: Mapping[str, Any]
    unknown: str
    budgets: Mapping[str, float | None]
    per: str | None
    rival: Mapping[str, Any]
    both: bool


def answer(question: Question) -> tuple[Solution, tuple[str, ...]]:
    """Solve, and return the solution with its warnings; raises `InputError` in one line."""
    given = {unit: value for unit, value in question.budgets.items() if value is not None}
    rival = {key: value for key, value in question.rival.items() if value is not None}
    if len(given) + bool(rival) != 1:
        raise InputError(
            "give one budget (--budget-g, --budget-wh or --budget-s) or a rival (--against-...), not several or none"
        )
    if question.per not in (None, "output", "batch"):
        raise InputError(f"per = {question.per!r} is neither 'output' nor 'batch'")
    if question.per is not None and "g" not in given and not rival:
        raise InputError("--per is about carbon: time and energy are of the batch")
    if question.both and not rival:
        raise InputError("--both needs a rival (--against-...)")
    carbon = C_total if question.per == "batch" else C_output
    point = operating_point(question.model, **question.options)
    if rival:
        other = _other(question, rival)
        solution = break_even(point, other, question.unknown, carbon, both=question.both)
        against = other if not question.both else answered(other, question.unknown, solution.value)
        notes = tuple(f"of the rival: {note}" for note in (*_lasting(other), *_notes(against)))
    else:
        ((unit, budget),) = given.items()
        output: Symbol = {"g": carbon, "wh": E, "s": tau}[unit]
        solution = within(point, question.unknown, output, budget)
        notes = ()
    there = answered(point, question.unknown, solution.value)
    square = question.unknown == "resolution" and point.values[H] != point.values[W]
    shape = ("the request is not square; the answer is the side of a square output",) if square else ()
    at_answer = tuple(f"at the answer: {note}" for note in _notes(there))
    return solution, (*shape, *_lasting(point), *at_answer, *notes)


def _other(question: Question, rival: Mapping[str, Any]) -> OperatingPoint:
    """The rival's operating point: the same request, another model, accelerator, efficiency or data centre."""
    options = dict(question.options)
    if "gpu" in rival:
        options |= {"gpu": rival["gpu"], "calibration": None}
    if "mu" in rival:
        options |= {"mu": rival["mu"], "calibration": None, "efficiency": None}
    elif "gpu" in rival and options.get("mu") is not None:
        raise InputError("--mu is a measurement on one accelerator; give the rival's own with --against-mu")
    if "datacenter" in rival:
        options |= {"datacenter": rival["datacenter"], "pue": None, "grid": None}
    return operating_point(rival.get("model", question.model), **options)


def _lasting(point: OperatingPoint) -> tuple[str, ...]:
    """Return the notes that hold wherever the unknown stands, such as those about missing facts."""
    passing = set(_notes(point))
    return tuple(note for note in point.notes if note not in passing)


def _notes(point: OperatingPoint) -> tuple[str, ...]:
    """Say how a point lies outside the range of its calibration, and how far its FLOP are off."""
    outside = () if point.calibration is None else outside_validity(point.calibration, point.model, point.values)
    return (*outside, *order_notes(point.route, point.calibration, point.model, point.values))


def rows(solution: Solution) -> list[tuple[str, str]]:
    """Return the answer for people."""
    return [
        (solution.unknown, significant(solution.value, 6)),
        ("exact root", f"{solution.exact:.6g} ({solution.method})"),
        ("reached", f"{significant(solution.reached)} {solution.unit}{_interval(solution)}"),
        ("budget", f"{significant(solution.budget)} {solution.unit}"),
        ("slack", f"{significant(solution.slack)} {solution.unit}"),
        ("direction", f"{solution.output} {solution.direction} with {solution.unknown}"),
    ]


def _interval(solution: Solution) -> str:
    if solution.reached_low is None or solution.reached_high is None:
        return ""
    return f" (90 %: {significant(solution.reached_low)} to {significant(solution.reached_high)})"


def title(question: Question, solution: Solution) -> str:
    """Return one line that names the request, the accelerator, the place and the question."""
    point = operating_point(question.model, **question.options)
    where = f"{point.model.id} on {point.device.id}, {point.facility.id}"
    rival = {name: value for name, value in question.rival.items() if value is not None}
    other = f" ({', '.join(str(x) for x in rival.values())})" if rival else ""
    return f"{where}: {solution.question}{other}"


def as_dict(model: str, solution: Solution, warnings: tuple[str, ...]) -> dict[str, Any]:
    """Return the answer as a plain dictionary."""
    return {"model": model, **vars(solution), "warnings": list(warnings)}
