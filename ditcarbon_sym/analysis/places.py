"""Where a request stays within a budget of carbon: every place that is known, ranked by its grams there."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sympy import Symbol

from ..catalog.entries import Datacenter
from ..catalog.loading import Catalog
from ..catalog.places import by_method, places
from ..equations import pipeline
from ..equations.notation import NOTATION, PUE, I_grid
from ..errors import InputError
from ..estimation.footprint.scenarios import grid_spread
from ..estimation.intervals import reaches
from ..estimation.point import OperatingPoint
from .inversion import INCREASING, TOLD, Solution

SEARCHED = "every place of the catalogue and its tables"


@dataclass(frozen=True)
class Placed:
    """A place, the grams of the request there with their interval, and whether they are surely within the budget.

    ``pue_assumed``: the place publishes no PUE.

    >>> Placed("FRA", "France", 0.16, 0.13, 0.2, True, True).surely
    True
    """

    id: str
    name: str
    grams: float
    low: float | None
    high: float | None
    surely: bool
    pue_assumed: bool


def facilities(entries: Catalog, method: str | None) -> list[Datacenter]:
    """Return every data centre of the catalogue and every place that has a figure of this method, each once.

    >>> from ..catalog.loading import load
    >>> len(facilities(load(), "market")) < len(facilities(load(), None))
    True
    """
    found = []
    for key in dict.fromkeys((*entries.datacenters, *places())):
        facility = entries.datacenter(key)
        try:
            found.append(by_method(facility, method))
        except InputError:
            continue
    return found


def grams_anywhere(point: OperatingPoint, output: Symbol, budget: float) -> list[Placed]:
    """Return the output at every place, the least first, with its interval in any year of the grid.

    >>> from ..estimation.point import operating_point
    >>> from ..equations.notation import C_output
    >>> found = grams_anywhere(operating_point("pixart-alpha"), C_output, 0.1)
    >>> found[0].grams <= found[-1].grams, found[1].surely
    (True, True)
    """
    known = facilities(point.asked["catalog"], point.asked.get("method"))
    values: dict[Symbol, Any] = {**point.values}
    values |= {x: np.array([y.values[x] for y in known]) for x in (PUE, I_grid)}
    there = replace(point, values=values)
    grams = np.broadcast_to(pipeline.evaluate(there.values, (output,), there.route)[output], len(known))
    if np.isnan(grams).any():
        raise InputError(f"{NOTATION[output].field} is unknown here: see the warnings of 'ditcarbon estimate'")
    spread = np.array([_spread_known(x) for x in known]) * grid_spread(there, output)
    below, above = (np.hypot(x, spread) for x in reaches(there, (output,)).get(output, (np.nan, np.nan)))
    rows = zip(known, grams.tolist(), below.tolist(), above.tolist(), strict=True)
    found = [_placed(*row, budget) for row in rows]
    return sorted(found, key=lambda x: (x.grams, x.id))


def _placed(place: Datacenter, grams: float, below: float, above: float, budget: float) -> Placed:
    low, high = (None, None) if math.isnan(above) else (grams * math.exp(-below), grams * math.exp(above))
    return Placed(place.id, place.name, grams, low, high, high is not None and high <= budget, "pue" in place.ranges)


def _spread_known(place: Datacenter) -> float:
    """One for a grid with a spread from year to year, zero for one that is exact as given or assumed.

    NaN for a published average of nothing: a logarithm says nothing of it.
    """
    if NOTATION[I_grid].field in place.ranges:
        return 1.0
    return np.nan if place.figures and place.method == "location" else 0.0


def places_within(
    point: OperatingPoint, output: Symbol, budget: float, *, sure: bool = False
) -> tuple[Solution, tuple[Placed, ...]]:
    """Return the places where the output is at most the budget, and of these the one with the least.

    With ``sure`` the upper end of the interval, in any year of the grid, is within the budget. Raises `InputError`
    where no place has so little.
    """
    if not 0 < budget < float("inf"):
        raise InputError(f"budget = {budget:g} is not a positive number")
    unit = TOLD[output][1]
    every = grams_anywhere(point, output, budget)
    inside = tuple(x for x in every if (x.surely if sure else x.grams <= budget))
    best = inside[0] if inside else every[0]
    if not inside:
        if best.grams <= budget:
            raise InputError(f"no solution: no place is surely within the budget of {budget:.4g} {unit}")
        raise InputError(
            f"no solution: even at {best.id} it takes {best.grams:.4g} {unit}, above the budget of {budget:.4g}"
        )
    solution = Solution(
        "place", NOTATION[output].field, unit, budget, float(len(inside)), float(len(inside)), best.grams,
        budget - best.grams, INCREASING, SEARCHED,
        f"places where carbon is {'surely ' if sure else ''}at most {budget:.4g} {unit}: {len(inside)} of {len(every)}"
        + ("" if sure else f", {sum(x.surely for x in inside)} surely"),
        best.low, best.high, answer=best.id, sure=sure,
    )  # fmt: skip
    return solution, inside


def asked_without_place(options: Mapping[str, Any]) -> None:
    """Refuse a place that is given, since it is what is asked for."""
    given = next((x for x in ("datacenter", "pue", "grid") if options.get(x) is not None), None)
    if given is not None:
        raise InputError(f"{given} = {options[given]!r} together with --for place, which asks for it; leave it out")
