"""How a route looks: totals, hours by place, and what one more request or accelerator-hour is worth."""

from ...estimation.footprint.boundaries import WITH_HOST
from ...sweeps.routed import Routed
from ..formats import carbon_unit, significant

PLACE_HEADER = ("place", "accelerator hours", "full hours", "worth of one more, g/h")
CLASS_HEADER = ("class", "places", "hours", "one more request, g")
MOST = 20
"""Classes that are shown."""


def totals(found: Routed) -> list[tuple[str, str, str]]:
    """Return the totals, and what they would be if nobody looked at the grid."""
    scale, mass = carbon_unit(found.operational_g, found.at_once_g)
    host = ", with the hosts'" if found.boundary in WITH_HOST else ""
    rows = [("operational carbon", significant(found.operational_g * scale), f"{mass}{host}")]
    if found.at_once_g is not None:
        saved = 1 - found.operational_g / found.at_once_g if found.at_once_g else 0.0
        rows.append(("spread by capacity", significant(found.at_once_g * scale), f"{mass}, {saved:.1%} saved"))
    rows.append(("embodied carbon", significant(found.embodied_g * scale), f"{mass}, the same anywhere"))
    return rows


def place_rows(found: Routed) -> list[tuple[str, ...]]:
    """Return hours and the largest dual of each place."""
    worth, used = found.per_accelerator_hour_g, found.by_place()
    return [
        (x, significant(used[x]), str(int((worth[k] > 0).sum())), significant(float(worth[k].max())))
        for k, x in enumerate(found.places)
    ]


def class_rows(found: Routed) -> list[tuple[str, ...]]:
    """Return where and when the first classes run, and the dual of each."""
    where: dict[int, set[int]] = {}
    when: dict[int, set[int]] = {}
    for c, p, t, _ in found.shares:
        where.setdefault(c, set()).add(p)
        when.setdefault(c, set()).add(t)
    rows: list[tuple[str, ...]] = []
    for c, name in enumerate(found.classes[:MOST]):
        hours = sorted(when.get(c, ()))
        span = f"{hours[0]}" if len(hours) == 1 else f"{hours[0]} to {hours[-1]}" if hours else ""
        rows.append((name, ", ".join(found.places[p] for p in sorted(where.get(c, ()))[:4]), span,
                     significant(found.per_request_g[c])))  # fmt: skip
    return rows
