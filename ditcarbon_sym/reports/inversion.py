"""The answer to an inverse question, in words."""

from collections.abc import Mapping
from typing import Any

from ..analysis.inversion import Solution
from ..analysis.questions import Answer
from ..equations.notation import NOTATION, E
from .formats import energy_unit, significant


def rows(solution: Solution) -> list[tuple[str, str]]:
    """Return the answer for people."""
    scale, unit = 1.0, solution.unit
    if solution.output == NOTATION[E].field:
        scale, unit = energy_unit(solution.budget, solution.reached)
        unit = f"{unit} per batch, accelerator"
    rows = [
        (solution.unknown, solution.answer or significant(solution.value, 6)),
        ("searched", solution.method)
        if solution.beside
        else ("exact root", f"{solution.exact:.6g} ({solution.method})"),
        ("reached", f"{significant(scale * solution.reached)} {unit}{_interval(solution, scale)}"),
        ("budget", f"{significant(scale * solution.budget)} {unit}"),
        ("slack", f"{significant(scale * solution.slack)} {unit}"),
        ("direction", f"{solution.output} {solution.direction} with {solution.unknown}"),
    ]
    dropped = {"direction"} if solution.beside else set()
    dropped |= {"budget", "slack"} if solution.answer else set()
    return [*(x for x in rows if x[0] not in dropped), *solution.beside]


def _interval(solution: Solution, scale: float) -> str:
    if solution.reached_low is None or solution.reached_high is None:
        return ""
    return f" (90 %: {significant(scale * solution.reached_low)} to {significant(scale * solution.reached_high)})"


def title(answer: Answer, rival: Mapping[str, Any]) -> str:
    """Return one line that names the request, the accelerator, the place and the question."""
    point = answer.point
    named = [str(value) for value in rival.values() if value is not None]
    other = f" ({', '.join(named)})" if named else ""
    return f"{point.model.id} on {point.device.id}, {point.facility.id}: {answer.solution.question}{other}"
