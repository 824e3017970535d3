"""Requests with deadlines to places and hours: from a file to the linear programme (`routing`) and back.

A row of the file is a class of requests: a model and what `ditcarbon sweep --requests` reads, and ``count`` (how many),
``arrival`` (the hour from which they may run), ``deadline`` (the hour by which they have run), ``latency``
(``interactive`` runs in the hour of its arrival, ``batch`` until its deadline), and ``residency``: countries or places,
joined by semicolons, that it may not leave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog.csv_table import number, read_table
from ..catalog.entries import Datacenter
from ..catalog.loading import Catalog, load
from ..catalog.places import places as known_places
from ..equations.notation import PUE, I_grid
from ..errors import InputError, short
from ..estimation.footprint.boundaries import CHIP
from ..estimation.footprint.facility import COUNTRIES
from ..estimation.footprint.hours import read_profile
from ..estimation.footprint.profile import hours_of
from ..estimation.point import chosen_facility
from .requests import KNOWN, PLACE, RANGES, RequestList
from .routing import Infeasible, Optimum, Programme, optimum
from .table import GPUS

OWN = ("count", "arrival", "deadline", "latency", "residency")
LONGEST = 24 * 31


@dataclass(frozen=True)
class Routed:
    """Where and when the requests run, what that costs, and what one more request or accelerator-hour is worth.

    ``shares`` holds rows of class, place, hour, accelerator-hours. Grams are operational, with the
    host's where the boundary counts it: embodied carbon is the same anywhere and stands apart in ``embodied_g``.
    """

    classes: tuple[str, ...]
    places: tuple[str, ...]
    hours: int
    shares: tuple[tuple[int, int, int, float], ...]
    operational_g: float
    embodied_g: float
    at_once_g: float | None
    lower_g: float
    per_request_g: tuple[float, ...]
    per_accelerator_hour_g: NDArray[np.float64]
    boundary: str
    warnings: tuple[str, ...]

    def by_place(self) -> dict[str, float]:
        """Accelerator-hours by place."""
        found = dict.fromkeys(self.places, 0.0)
        for _, place, _, hours in self.shares:
            found[self.places[place]] += hours
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        worth = self.per_accelerator_hour_g
        return {
            "schema_version": 1, "boundary": self.boundary,
            "operational_g": self.operational_g, "embodied_g": self.embodied_g,
            "lower_bound_g": self.lower_g, "at_once_g": self.at_once_g,
            "shares": [
                {"class": c + 1, "place": self.places[p], "hour": t, "accelerator_hours": x}
                for c, p, t, x in self.shares
            ],
            "per_request_g": list(self.per_request_g),
            "per_accelerator_hour_g": [
                {"place": self.places[p], "hour": int(t), "g": float(worth[p, t])} for p, t in np.argwhere(worth > 0)
            ],
            "warnings": list(self.warnings),
        }  # fmt: skip


def route(
    requests: Path,
    places: Sequence[str],
    capacity: str,
    deadline: float = 24,
    *,
    profile: Path | None = None,
    month: int | None = None,
    method: str | None = None,
    boundary: str | None = None,
    gpu: str | None = None,
    catalog: str | Path | Catalog | None = None,
) -> Routed:
    """Give requests to places and hours at the least carbon, within capacity, deadlines and residency.

    ``capacity``: accelerators of every place, or PLACE=NUMBER joined by commas. ``deadline``: the hour by which a class
    without its own has run; hours count from 0. ``profile``: intensities by the hour; without it, every place has its
    yearly average at all hours. Raises `InputError`, with the constraint that cannot be met.
    """
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    facilities = [chosen_facility(entries, x, None, None, method) for x in places]
    if not facilities:
        raise InputError("places: give at least one place")
    ids = [x.id for x in facilities]
    if len(set(ids)) < len(ids):
        raise InputError(f"places: {next(x for x in ids if ids.count(x) > 1)} stands twice")
    if not 0 < deadline <= LONGEST:
        raise InputError(f"deadline = {short(deadline)} is not above 0 and at most {LONGEST} (hours)")
    rows, own = _read(requests, deadline)
    options: dict[str, Any] = {x: y for x, y in (("boundary", boundary), ("gpu", gpu)) if y is not None}
    # A PUE of 1: the energy is that of the equipment, and the place that is chosen brings its own.
    table = RequestList(rows, None, requests, catalog=entries, pue=1.0, grid=100.0, **options)
    numbers = {x: np.asarray(table.table[x], float) for x in ("time_s", "facility_energy_kwh", "embodied_g", "batch")}
    kwh = numbers["facility_energy_kwh"]
    if np.isnan(kwh).any():
        raise InputError(f"{requests}: row {int(np.isnan(kwh).argmax()) + 1}: the energy is unknown")
    batches = np.array([x["count"] for x in own]) / numbers["batch"]
    length = int(max(x["deadline"] for x in own))
    told = None if profile is None else read_profile(profile, month)
    grams = np.stack([_grams(x, told, length) for x in facilities])
    shared = (f"{profile} names no zones: all places have its hours",) if set(told or ()) == {""} and ids[1:] else ()
    hours = numbers["time_s"] / 3600 * batches * np.asarray(table.table.get(GPUS, 1.0), float)
    accelerators = np.repeat(_capacity(capacity, ids)[:, None], length, axis=1)
    allowed, kind = _allowed(requests, own, facilities, length)
    programme = Programme(hours, kwh * batches / hours, grams.ravel(), accelerators.ravel(), allowed, kind)
    try:
        found = optimum(programme)
    except Infeasible as refused:
        raise InputError(_why(requests, refused, ids, length)) from None
    return _routed(found, programme, own, ids, length, batches, numbers, table, facilities, shared)


def _read(path: Path, deadline: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The requests, and what the file says of count, hours and residency of each."""
    table = read_table(path)
    rows, own = [], []
    for k, row in enumerate(table.rows(), start=1):
        where = f"{path}: row {k}"
        unknown = next((x for x in row if x not in (*KNOWN, *OWN)), None)
        if unknown is not None:
            raise InputError(f"{path}: unknown column {unknown!r}; expected {', '.join((*KNOWN, *OWN))}")
        said: dict[str, Any] = {
            "count": _number(where, row, "count", 1.0, 1e12), "arrival": _number(where, row, "arrival", 0.0, LONGEST),
            "deadline": _number(where, row, "deadline", deadline, LONGEST), "latency": row.get("latency") or "batch",
            "residency": tuple(x.strip() for x in row.get("residency", "").split(";") if x.strip()),
        }  # fmt: skip
        if said["latency"] not in ("interactive", "batch"):
            raise InputError(f"{where}: latency = {said['latency']!r} is neither 'interactive' nor 'batch'")
        late, early = float(said["deadline"]), float(said["arrival"])
        if late <= early:
            raise InputError(f"{where}: deadline = {late:g} h is in the past: requests arrive at hour {early:g}")
        own.append(said)
        rows.append({x: _cell(where, x, y) for x, y in row.items() if x in KNOWN and x not in PLACE and y})
        if "model" not in rows[-1]:
            raise InputError(f"{where}: model is empty")
    if not rows:
        raise InputError(f"{path}: no rows below the header")
    return rows, own


def _cell(where: str, name: str, text: str) -> Any:
    if name not in RANGES:
        return text
    try:
        value = number(text)
    except ValueError as error:
        raise InputError(f"{where}: {name} = {error}") from None
    return int(value) if value.is_integer() else value


def _number(where: str, row: Mapping[str, str], name: str, missing: float, most: float) -> float:
    if not row.get(name):
        return missing
    try:
        value = number(row[name])
    except ValueError as error:
        raise InputError(f"{where}: {name} = {error}") from None
    if name == "count" and value == 0:
        raise InputError(f"{where}: count = {row[name]}; expected a request at least")
    if not 0 <= value <= most:
        raise InputError(f"{where}: {name} = {row[name]} is outside 0..{most:g}")
    return value


def _grams(facility: Datacenter, profile: Mapping[str, NDArray[np.float64]] | None, length: int) -> NDArray[np.float64]:
    """gCO2eq for each kWh of the equipment, by the hour."""
    average = facility.values[I_grid]
    hours = np.full(length, average)
    if profile is not None:
        one = hours_of(profile, facility)
        hours = np.resize(one, length)
    return hours * facility.values[PUE]


def _codes(country: str) -> tuple[str, ...]:
    place = known_places().get(country)
    return place.names if place else ()


def _capacity(text: str, ids: Sequence[str]) -> NDArray[np.float64]:
    parts = [x.strip() for x in text.split(",") if x.strip()]
    pairs = [(key, value) for key, _, value in (x.rpartition("=") for x in parts if "=" in x)]
    named = dict(pairs)
    if len(named) < len(pairs):
        raise InputError(f"capacity = {text[:60]!r}: a place stands twice")
    unknown = next((x for x in named if x not in ids), None)
    if unknown is not None:
        raise InputError(f"capacity: {unknown!r} is not one of the places {', '.join(ids)}")
    rest = [x for x in parts if "=" not in x]
    if len(rest) > 1 or (not rest and len(named) < len(ids)):
        raise InputError(f"capacity = {text[:60]!r}: expected accelerators, or PLACE=NUMBER for each place")
    found = []
    for key in ids:
        try:
            value = number(named.get(key, rest[0] if rest else ""))
        except ValueError as error:
            raise InputError(f"capacity of {key} = {error}") from None
        if not 0 <= value < 1e9:
            raise InputError(f"capacity of {key} = {short(value)} is outside 0..1e9 accelerators")
        found.append(value)
    return np.array(found)


def _allowed(
    path: Path, own: Sequence[Mapping[str, Any]], facilities: Sequence[Datacenter], length: int
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The sets of slots that classes may run in, and the set of each class."""
    sets: dict[tuple[Any, ...], int] = {}
    kind = []
    for k, x in enumerate(own, start=1):
        first = int(np.ceil(x["arrival"]))
        last = first + 1 if x["latency"] == "interactive" else int(np.floor(x["deadline"]))
        if last <= first:
            raise InputError(f"{path}: row {k}: no whole hour lies between arrival {x['arrival']:g} and its deadline")
        inside = tuple(_resides(facility, x["residency"]) for facility in facilities)
        if not any(inside):
            raise InputError(f"{path}: row {k}: residency {'; '.join(x['residency'])}: none of the places lies in it")
        kind.append(sets.setdefault((inside, first, min(last, length)), len(sets)))
    hours = np.arange(length)
    rows = [np.outer(inside, (hours >= first) & (hours < last)).ravel() for inside, first, last in sets]
    return np.array(rows, dtype=bool), np.array(kind, dtype=np.intp)


def _resides(facility: Datacenter, residency: Sequence[str]) -> bool:
    """Whether a place is one of these, or lies in one of these countries."""
    if not residency:
        return True
    place = known_places().get(facility.id)
    country = place.country if place else COUNTRIES.get(facility.id, "")
    names = {facility.id, country, *(_codes(country) if country else ())}
    return bool({x.casefold() for x in residency} & {x.casefold() for x in names if x})


def _why(path: Path, refused: Infeasible, ids: Sequence[str], length: int) -> str:
    """Say which classes have nowhere to go, and which places and hours are full."""
    where = sorted({ids[x // length] for x in refused.slots})
    hours = sorted({int(x % length) for x in refused.slots})
    span = "no hour" if not hours else f"hours {hours[0]} to {hours[-1]}"
    rows = ", ".join(str(x + 1) for x in refused.classes[:5]) + (" and others" if len(refused.classes) > 5 else "")
    return (
        f"{path}: infeasible: rows {rows} need {refused.demand:.4g} accelerator-hours, and may run only in "
        f"{', '.join(where[:5]) or 'no place'}, {span}, with a capacity of {refused.supply:.4g}; "
        "raise --capacity, put off deadlines, or loosen residency"
    )


def _routed(
    found: Optimum, p: Programme, own: Sequence[Mapping[str, Any]], ids: list[str], length: int,
    batches: NDArray[np.float64], numbers: Mapping[str, NDArray[np.float64]], table: RequestList,
    facilities: Sequence[Datacenter], shared: tuple[str, ...],
) -> Routed:  # fmt: skip
    shares = tuple(
        (int(c), int(s) // length, int(s) % length, float(x))
        for c, s, x in zip(found.classes, found.slots, found.hours, strict=True)
        if x > 0
    )
    each = p.hours / np.array([x["count"] for x in own])
    said = [x for x in table.notes if not x.startswith("datacenter")]
    if found.gap > 1e-6:
        said.append(f"classes that are alike share their choice: at most {found.gap:.2%} above the least possible")
    return Routed(
        tuple(f"row {k + 1}" for k in range(len(own))), tuple(ids), length, shares, found.grams,
        float(np.nansum(numbers["embodied_g"] * batches)), _at_once(p), found.lower,
        tuple(float(x) for x in found.per_hour * each), found.per_accelerator.reshape(len(ids), length),
        table.boundary or CHIP, (*said, *shared, *(y for x in facilities for y in x.notes)),
    )  # fmt: skip


def _at_once(p: Programme) -> float | None:
    """Grams of the same requests spread over all that they may use, by capacity: nobody looks at the grid."""
    room = p.allowed * p.capacity
    if not (room.sum(axis=1) > 0).all():
        return None
    mean = (room @ p.grams) / room.sum(axis=1)
    return float((p.hours * p.power) @ mean[p.kind])
