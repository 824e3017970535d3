"""The answer to an inverse question, in words."""

from collections.abc import Mapping
from typing import Any

from ..analysis.inversion import Solution
from ..analysis.knobs import UNKNOWNS
from ..analysis.questions import Answer
from ..equations.notation import NOTATION, E
from ..estimation.footprint.boundaries import CHIP
from .formats import energy_unit, significant


def rows(solution: Solution) -> list[tuple[str, str]]:
    """Return the answer for people."""
    scale, unit = 1.0, solution.unit
    if solution.output == NOTATION[E].field:
        scale, unit = energy_unit(solution.budget, solution.reached)
        unit = f"{unit} per batch, accelerator"
    rows = [
        (solution.unknown, solution.answer or f"{significant(solution.value, 6)} {_unit(solution.unknown)}".strip()),
        ("searched", solution.method)
        if solution.beside
        else ("exact root", f"{solution.exact:.6g} ({solution.method})"),
        ("reached", f"{significant(scale * solution.reached)} {unit}{_interval(solution, scale)}"),
        ("budget", f"{significant(scale * solution.budget)} {unit}"),
        ("slack", f"{significant(scale * solution.slack)} {unit}{' to the upper end' * solution.sure}"),
        ("direction", f"{solution.output} {solution.direction} with {solution.unknown}"),
    ]
    dropped = {"direction"} if solution.beside else set()
    dropped |= {"budget", "slack"} if solution.answer else set()
    return [*(x for x in rows if x[0] not in dropped), *solution.beside]


PLACE_HEADER = ("place", "name", "gCO2eq", "90 %, any year", "within the budget", "PUE")
MANY = 20
"""Places that a table shows."""


def place_rows(answer: Answer) -> list[tuple[str, ...]]:
    """Return the places within a budget, the least first, for people: the first `MANY`."""
    return [
        (x.id, x.name, significant(x.grams), "" if x.low is None else f"{significant(x.low)} to {significant(x.high)}",
         "surely" if x.surely else "expected", "assumed" if x.pue_assumed else "given")
        for x in answer.places[:MANY]
    ]  # fmt: skip


def _unit(unknown: str) -> str:
    unit = "px" if unknown == "resolution" else NOTATION[UNKNOWNS[unknown]].unit if unknown in UNKNOWNS else "1"
    return "" if unit == "1" else unit


def _interval(solution: Solution, scale: float) -> str:
    if solution.reached_low is None or solution.reached_high is None:
        return ""
    return f" (90 %: {significant(scale * solution.reached_low)} to {significant(scale * solution.reached_high)})"


def title(answer: Answer, rival: Mapping[str, Any]) -> str:
    """Return one line that names the request, the accelerator, the place and the question."""
    point = answer.point
    place = "" if answer.places else f", {point.facility.id}"
    named = [str(value) for value in rival.values() if value is not None]
    other = f" ({', '.join(named)})" if named else ""
    counted = "" if point.boundary.name == CHIP else f", boundary: {point.boundary.name}"
    return f"{point.model.id} on {point.device.id}{place}{counted}: {answer.solution.question}{other}"
