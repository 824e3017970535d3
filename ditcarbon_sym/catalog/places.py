"""Places anywhere: the grids of countries and the regions of cloud providers, each with year and source.

The seven data centres of the paper stand in the catalogue under their ids. These tables are read only when a name is
not among them. A place becomes a `Datacenter`; what it lacks is assumed, with a range, and its notes say so.
"""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median

from ..equations.notation import PUE, WUE, I_grid, w_mix
from ..errors import InputError
from .entries import Datacenter, Figure
from .files import DATA
from .names import meant, plain

TABLES = DATA / "places"
METHODS = ("location", "market", "marginal")
"""How a grid's figure counts: its average, the operator's contracts, or the next kWh."""
PROVIDERS = {"aws": "Amazon Web Services", "gcp": "Google Cloud", "azure": "Microsoft Azure"}
COUNTRY_PUE = 1.56
COUNTRY_PUE_SOURCE = "uptime2024: mean of its 2024 survey; low end: the lowest cloud region; high end assumed"
HIGHEST_PUE = 1.8
ONE_YEAR = 0.37
"""Root mean square of the logarithm by which a grid's average changes in a year: 85 changes of the 47 zones of
gsf2026realtimecloud, 2022 to 2024. The median change is 0.15, of grids that are nearly clean it is far more.
"""
ONE_YEAR_FACTOR = math.exp(ONE_YEAR)
ONE_YEAR_SOURCE = "gsf2026realtimecloud: root mean square of 85 changes from year to year in 47 zones, 2022 to 2024"
WORLD = "world"
FEW = 6
"""How many places a message names."""


@dataclass(frozen=True)
class Place:
    """A row of the tables: its id and other names, what it is part of, and each figure that is published."""

    id: str
    name: str
    country: str
    kind: str
    names: tuple[str, ...]
    figures: Mapping[str, Figure]
    provider: str = ""


@lru_cache(maxsize=1)
def places() -> Mapping[str, Place]:
    """Return every place by id: "FRA", "europe", "aws:eu-west-3".

    >>> places()["FRA"].figures["location"].value, places()["FRA"].figures["location"].year
    (44.18, 2024)
    """
    found = {row["id"]: _country(row) for row in _rows("countries")}
    return found | {f"{row['provider']}:{row['region']}": _region(row) for row in _rows("regions")}


def _rows(table: str) -> Iterable[dict[str, str]]:
    with (TABLES / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _country(row: Mapping[str, str]) -> Place:
    grid = Figure(float(row["average"]), int(row["year"]), row["source"])
    country = row["id"] if row["iso2"] else ""
    names = (row["iso2"], row["name"], *row["aliases"].split(";"))
    kind = "country" if country else "countries together"
    return Place(row["id"], row["name"], country, kind, tuple(x for x in names if x), {"location": grid})


def _region(row: Mapping[str, str]) -> Place:
    columns = {"location": "average", "market": "market", "marginal": "marginal", "pue": "pue", "wue": "wue"}
    figures = {
        name: Figure(float(row[column]), int(row[f"{column}_year"]), row["source"])
        for name, column in columns.items()
        if row[column]
    }
    provider = row["provider"]
    return Place(
        f"{provider}:{row['region']}", f"{PROVIDERS[provider]}, {row['location']}", row["country"], "cloud region",
        (row["region"],), figures, provider,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _water() -> Mapping[str, Figure]:
    """Litres that power plants consume for each kWh, by country."""
    return {row["id"]: Figure(float(row["litre_per_kwh"]), int(row["year"]), row["source"]) for row in _rows("water")}


def id_of_place(name: str, shipped: Mapping[str, Iterable[str]]) -> str:
    """Return the id of the place, or of the data centre in ``shipped`` (other names by id), that a person means.

    A name, a code or an alias in full comes first; then parts of names, as for other entries. Raises `InputError` with
    what it may mean, or with similar names.

    >>> id_of_place("France", {}), id_of_place("GB", {}), id_of_place("eu-west-3", {})
    ('FRA', 'GBR', 'aws:eu-west-3')
    """
    name = str(name)
    given = name.casefold().strip()
    full = [key for key, names in shipped.items() if plain(given) in map(plain, (key, *names))]
    full = full or [x.id for x in places().values() if given in {y.casefold() for y in (x.id, *x.names)}]
    full = full or [x.id for x in places().values() if plain(given) and plain(given) in map(plain, (x.id, x.name))]
    if len(full) == 1:
        return full[0]
    if full:
        raise InputError(f"datacenter {name[:60]!r} may mean {', '.join(sorted(full))}; give one of them")
    spoken = {x.id: tuple(y for y in (x.name, *x.names) if len(y) > 2) for x in places().values()}
    every = {**spoken, **shipped}
    try:
        return meant("datacenter", name, every)
    except InputError as error:
        several = "may mean" in str(error) and str(error).count(",") < FEW
        raise (error if several else InputError(f"unknown datacenter {name[:60]!r}{_near(given, every)}")) from None


def _near(given: str, every: Mapping[str, Iterable[str]]) -> str:
    """Say which places are spelled alike, and how all of them are listed."""
    from difflib import get_close_matches

    spelled = {x.casefold(): key for key, names in every.items() for x in (key, *names)}
    close = dict.fromkeys(spelled[x] for x in get_close_matches(given, spelled, n=3, cutoff=0.7))
    known = places()
    words = " or ".join(f"{known[x].name} ({x})" if x in known and not known[x].provider else x for x in close)
    return (f"; did you mean {words}?" if words else ";") + " 'ditcarbon places --where TEXT' lists places"


def datacenter_of(key: str) -> Datacenter:
    """Return the data centre of a place by its id: a facility with its PUE on a grid with its average.

    >>> datacenter_of("aws:eu-west-3").notes[0]
    'pue = 1.185 is assumed for aws:eu-west-3: the median of the 22 regions of Amazon Web Services that publish it'
    """
    place = places()[key]
    values, sources, ranges, notes = {}, {}, {}, []
    pue = place.figures.get("pue")
    if pue is None:
        values[PUE], ranges["pue"], note = _assumed_pue(place)
        sources["pue"] = f"assumed: {ranges['pue'][2]}"
        notes.append(f"pue = {values[PUE]:g} is assumed for {key}: {note}")
    else:
        values[PUE], sources["pue"] = pue.value, _source(pue)
    if wue := place.figures.get("wue"):
        values[WUE], sources["wue_litre_per_kwh"] = wue.value, _source(wue)
    water = _water().get(place.country)
    if water is None:
        water = _water()[WORLD]
        if place.country:
            notes.append(f"no water of power plants is known for {place.country}: {water.value:g} l/kWh, the world's")
    values[w_mix], sources["water_litre_per_kwh"] = water.value, _source(water)
    figures = {x: place.figures[x] for x in METHODS if x in place.figures}
    grid = figures.get("location")
    if grid is not None:
        values[I_grid], sources["grid_gco2eq_per_kwh"] = grid.value, _source(grid)
        if grid.value:
            ranges["grid_gco2eq_per_kwh"] = (
                grid.value / ONE_YEAR_FACTOR,
                grid.value * ONE_YEAR_FACTOR,
                ONE_YEAR_SOURCE,
            )
    return Datacenter(
        id=key, name=place.name, values=values, sources=sources, origin="shipped with the package (places)",
        figures=figures, ranges=ranges, notes=tuple(notes),
    )  # fmt: skip


def _source(figure: Figure) -> str:
    return f"{figure.source} ({figure.year})"


def _assumed_pue(place: Place) -> tuple[float, tuple[float, float, str], str]:
    """The PUE of a place that publishes none: the median of its provider's regions, or of a country the survey's."""
    known = [x.figures["pue"].value for x in places().values() if "pue" in x.figures]
    if not place.provider:
        words = f"mean of a survey, {min(known):g} to {HIGHEST_PUE:g} in range; give --pue with --grid for a facility"
        return COUNTRY_PUE, (min(known), HIGHEST_PUE, COUNTRY_PUE_SOURCE), words
    own = [x.figures["pue"].value for x in places().values() if x.provider == place.provider and "pue" in x.figures]
    words = f"the median of the {len(own)} regions of {PROVIDERS[place.provider]} that publish it"
    return median(own), (min(own), max(own), f"gsf2026realtimecloud: {words}"), words


def by_method(facility: Datacenter, method: str | None) -> Datacenter:
    """Return the facility with the grid figure of this method; methods are never mixed.

    Raises `InputError` for a method of which the place has no figure, with those that it has.
    """
    if method is not None and method not in METHODS:
        raise InputError(f"method = {method!r} is unknown; expected one of {', '.join(METHODS)}")
    wanted = method or "location"
    if wanted == facility.method and I_grid in facility.values:
        return facility
    if wanted not in facility.figures:
        known = ", ".join(facility.figures) or ("location" if I_grid in facility.values else "none")
        raise InputError(
            f"method = {wanted!r}: {facility.id} has no {_WORDS[wanted]} figure of its grid; it has: {known}"
        )
    figure = facility.figures[wanted]
    notes = facility.notes
    if wanted == "market":
        notes += ("the market-based figure counts the operator's contracts, not what the grid around it burns",)
    rest = {x: y for x, y in facility.ranges.items() if x != "grid_gco2eq_per_kwh"}
    return replace(
        facility, method=wanted, values={**facility.values, I_grid: figure.value}, notes=notes, ranges=rest,
        sources={**facility.sources, "grid_gco2eq_per_kwh": _source(figure)},
    )  # fmt: skip


_WORDS = {"location": "location-based", "market": "market-based", "marginal": "marginal"}
