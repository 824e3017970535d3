"""Scenarios: what the total becomes at the ends of each documented range, all else as it is.

They stand apart from the intervals, which are statistical: nobody knows how likely a scenario is. What a grid's yearly
average changes by from year to year has been observed, so that the total also has an interval with that spread in it.
"""

import math
from collections.abc import Mapping
from typing import Any

from sympy import Symbol

from ...catalog.places import ONE_YEAR
from ...equations import pipeline
from ...equations.notation import BY_FIELD, NOTATION, C_total, E, I_grid, tau
from ...numerics.functions import compiled
from ..point import OperatingPoint
from ..service import Quantity
from ..spread.quantiles import LEVEL, quantile

NAMES = {
    "pue": "PUE", "grid_gco2eq_per_kwh": "grid of another year", "embodied_gco2eq": "embodied, accelerator",
    "server_gco2eq": "embodied, server", "host_watt_per_watt": "host power, W per W of the accelerator",
}  # fmt: skip
"""What each range is called."""


def scenarios(point: OperatingPoint, known: Mapping[Symbol, Any] | None = None) -> list[dict[str, Any]]:
    """Return a row for each range of the place and the boundary: from, to, and gCO2eq of the total there.

    No range acts on the seconds and kWh of the accelerator, which ``known`` may hold.
    """
    found = []
    if point.ranges and known is None:
        known = pipeline.evaluate(point.values, (tau, E), point.route)
    function = compiled((C_total,), tuple((x.lhs, x.rhs) for x in pipeline.accounting(point.route)))
    for field, (low, high, source) in point.ranges.items():
        symbol = BY_FIELD[field].symbol
        if symbol not in point.values:
            continue
        ends = [function({**point.values, **(known or {}), symbol: x})[0] for x in (low, high)]
        grams = [None if math.isnan(x) else x for x in ends]
        found.append({
            "what": NAMES[field], "field": field, "low": low, "high": high, "total_g_low": grams[0],
            "total_g_high": grams[1], "source": source,
        })  # fmt: skip
    return found


def share_of_grid(point: OperatingPoint, output: Symbol) -> Any:
    """Return by how many per cent an output rises for one per cent of the grid's intensity: what of it the grid makes.

    >>> from ..point import operating_point
    >>> round(float(share_of_grid(operating_point("pixart-alpha"), C_total)), 2)
    1.0
    """
    here, without = (
        pipeline.evaluate(values, (output,), point.route)[output]
        for values in (point.values, {**point.values, I_grid: 0.0 * point.values[I_grid]})
    )
    return 1 - without / here


def grid_spread(point: OperatingPoint, output: Symbol, level: float = LEVEL) -> Any:
    """Return the half-width of an output's logarithm that the grid's change from year to year gives it: `ONE_YEAR`
    times the grid's share.
    """
    return quantile(level) * ONE_YEAR * share_of_grid(point, output)


def any_year(point: OperatingPoint, total: Quantity, level: float = LEVEL) -> Quantity:
    """Return a total with the interval that it has where the year is open: its own, and the grid's spread over years.

    The two are independent, so that their variances in the logarithm add up. Unknown for a grid without a spread: one
    that is given, assumed, or not the average.

    >>> from ..point import operating_point
    >>> found = any_year(operating_point("pixart-alpha", datacenter="france", mu=0.3), Quantity(1.0))
    >>> round(found.low, 2), round(found.high, 2)
    (0.55, 1.82)
    """
    if total.value is None or NOTATION[I_grid].field not in point.facility.ranges:
        return Quantity(None)
    spread = float(grid_spread(point, C_total, level))
    below, above = (
        math.hypot(spread, 0.0 if end is None else math.log(end / total.value)) for end in (total.low, total.high)
    )
    return Quantity(total.value, total.value * math.exp(-below), total.value * math.exp(above))
