"""How the list of places looks."""

from typing import Any

from ...catalog.places import METHODS, Place, places
from ...errors import InputError

HEADER = ("id", "name", "location", "market", "marginal", "PUE", "WUE", "year")


def rows(where: str | None) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the places that have the text in id, name or country.

    Intensities are in gCO2eq/kWh, WUE in litres per kWh. Raises `InputError` if no place has the text.

    >>> [row["id"] for row in rows("paris")[1]]
    ['aws:eu-west-3', 'gcp:europe-west9']
    """
    wanted = (where or "").casefold().strip()
    found = [x for x in places().values() if _has(x, wanted)]
    if not found:
        raise InputError(f"where = {where!r}: no place has this in its id, name or country")
    return HEADER, [_row(x) for x in found]


def _has(place: Place, text: str) -> bool:
    return any(text in x.casefold() for x in (place.id, place.name, place.country, *place.names))


def _row(place: Place) -> dict[str, Any]:
    figures = {name: place.figures.get(name) for name in (*METHODS, "pue", "wue")}
    years = sorted({x.year for x in place.figures.values()})
    shown = {"location": "location", "market": "market", "marginal": "marginal", "pue": "PUE", "wue": "WUE"}
    return {
        "id": place.id, "name": place.name, **{shown[x]: y.value if y else None for x, y in figures.items()},
        "year": "-".join(str(x) for x in (years if len(years) == 1 else (years[0], years[-1]))),
        "sources": {shown[x]: f"{y.source} ({y.year})" for x, y in figures.items() if y},
    }  # fmt: skip


def remark(found: list[dict[str, Any]]) -> str:
    """Say what the columns are, and whose the numbers are."""
    return (
        f"{len(found)} of {len(places())} places. location, market and marginal are gCO2eq/kWh by --method, WUE is "
        "litres per kWh. Countries: Ember (CC BY 4.0); cloud regions: Green Software Foundation, Real Time Cloud. "
        "--json gives the source and the year of each number"
    )
