"""Scenarios: what the total becomes at the ends of each documented range, all else as it is.

They stand apart from the intervals, which are statistical: nobody knows how likely a scenario is.
"""

import math
from typing import Any

from ...equations import pipeline
from ...equations.notation import BY_FIELD, C_total
from ..point import OperatingPoint

NAMES = {
    "pue": "PUE", "grid_gco2eq_per_kwh": "grid of another year", "embodied_gco2eq": "embodied, accelerator",
    "server_gco2eq": "embodied, server", "host_watt_per_watt": "host power",
}  # fmt: skip
"""What each range is called."""


def scenarios(point: OperatingPoint) -> list[dict[str, Any]]:
    """Return a row for each range of the place and the boundary: from, to, and gCO2eq of the total there."""
    found = []
    for field, (low, high, source) in point.ranges.items():
        symbol = BY_FIELD[field].symbol
        if symbol not in point.values:
            continue
        ends = [pipeline.evaluate({**point.values, symbol: x}, (C_total,), point.route)[C_total] for x in (low, high)]
        grams = [None if math.isnan(x) else x for x in ends]
        found.append({
            "what": NAMES[field], "field": field, "low": low, "high": high, "total_g_low": grams[0],
            "total_g_high": grams[1], "source": source,
        })  # fmt: skip
    return found
