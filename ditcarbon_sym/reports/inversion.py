"""The answer to an inverse question, in words."""

from collections.abc import Mapping
from typing import Any

from ..analysis.inversion import Solution
from ..analysis.questions import Answer
from .formats import significant


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


def title(answer: Answer, rival: Mapping[str, Any]) -> str:
    """Return one line that names the request, the accelerator, the place and the question."""
    point = answer.point
    named = [str(value) for value in rival.values() if value is not None]
    other = f" ({', '.join(named)})" if named else ""
    return f"{point.model.id} on {point.device.id}, {point.facility.id}: {answer.solution.question}{other}"
