"""A request by the hour: its carbon in the best, worst and mean hour of a profile, and when a job should start.

`hours`, and with it NumPy, loads when a profile is given.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from ...catalog.entries import Datacenter
from ...catalog.places import places
from ...equations import pipeline
from ...equations.notation import B, C_total, I_grid, tau
from ...equations.quantities import Notation
from ...errors import InputError
from ..intervals import evaluated
from ..point import OperatingPoint
from ..request import checked
from ..service import Quantity
from .facility import COUNTRIES, CUSTOM

if TYPE_CHECKING:
    from .hours import Array

HOUR = Notation(tau, "t", "hour of the profile", "h", "deadline", 0, 24 * 366, False, "hours")
OUTPUTS = Notation(B, "n", "outputs of the job", "1", "outputs", 1, 1e12, False, "outputs of one job")


class Hours(TypedDict, total=False):
    """What is asked about the hours of a grid: a file, its month, and a job with the hours it may run in."""

    profile: Path
    month: int | None
    outputs: float | None
    earliest: float | None
    deadline: float | None


def hours_of(profile: "Mapping[str, Array]", facility: Datacenter) -> "Array":
    """Return the hours of the zone that a place lies in, by any of its names or its country's.

    A facility that is given by its PUE takes the one zone of a file.
    """
    from .hours import of_zone

    if facility.id == CUSTOM and len(profile) == 1:
        return next(iter(profile.values()))
    place = places().get(COUNTRIES.get(facility.id, facility.id))
    country = places().get(place.country) if place else None
    names = (facility.id, *(place.names if place else ()), *((country.id, *country.names) if country else ()))
    return of_zone(profile, tuple(x for x in names if x), facility.id)


def by_the_hour(
    point: OperatingPoint,
    profile: Path,
    *,
    month: int | None = None,
    outputs: float | None = None,
    earliest: float | None = None,
    deadline: float | None = None,
) -> dict[str, Any]:
    """Return the total of a request in the mean, the best and the worst hour, and the best start of a job.

    The job makes ``outputs`` outputs (one batch if none are given) on the accelerators of the request without a break,
    starts at ``earliest`` or later and ends by ``deadline``, hours from the first of the profile (the end of the
    profile if none is given). Grams are of one batch, but ``job_g`` and ``at_once_g``, which are of the whole job.
    Raises `InputError` for a profile that cannot be read, and for a deadline that cannot be met.
    """
    from .hours import best_start, read_profile

    if month is not None and not 1 <= month <= 12:
        raise InputError(f"month = {month} is outside 1..12")
    grams = hours_of(read_profile(profile, month), point.facility)
    first, last = int(grams.argmin()), int(grams.argmax())
    found: dict[str, Any] = {
        "hours": len(grams),
        "mean": _at(point, float(grams.mean())),
        "best": {"hour": first, **_at(point, float(grams[first]))},
        "worst": {"hour": last, **_at(point, float(grams[last]))},
    }
    batch = point.values[B]
    many = batch if outputs is None else checked("outputs", outputs, OUTPUTS)
    seconds = float(pipeline.evaluate(point.values, (tau,), point.route)[tau])
    duration = many / batch * seconds / 3600
    begin = 0.0 if earliest is None else checked("earliest", earliest, HOUR)
    end = float(len(grams)) if deadline is None else checked("deadline", deadline, HOUR)
    start, then, now = best_start(grams, duration, end, begin)
    job = (_at(point, x)["total_g"].times(many / batch) for x in (then, now))
    found["start"] = {
        "outputs": many, "duration_h": duration, "earliest": begin, "deadline": end, "hour": start,
        "grid_gco2eq_per_kwh": then, **dict(zip(("job_g", "at_once_g"), job, strict=True)),
    }  # fmt: skip
    return found


def _at(point: OperatingPoint, grid: float) -> dict[str, Any]:
    """The grid's intensity in some hour, and the total of the request with it."""
    there = replace(point, values={**point.values, I_grid: grid})
    values, intervals = evaluated(there, (C_total,))
    total = float(values[C_total])
    known = Quantity(None) if math.isnan(total) else Quantity(total, *intervals.get(C_total, ()))
    return {"grid_gco2eq_per_kwh": grid, "total_g": known}
