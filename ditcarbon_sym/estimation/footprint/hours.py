"""Intensity of a grid by the hour, from a file of the user's, and the best hour to start in."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...catalog.csv_table import number, read_table
from ...errors import InputError, nearest, short

Array = NDArray[np.float64]
VALUES = (
    "gco2eq_per_kwh", "carbon intensity gco₂eq/kwh (life cycle)", "carbon intensity gco₂eq/kwh (lca)",
    "carbon intensity gco2eq/kwh (life cycle)", "carbonintensity", "carbon_intensity", "carbon_intensity_avg",
    "carbon_intensity_gco2eq_per_kwh", "value",
)  # fmt: skip
"""Columns of the intensity: this project's, Electricity Maps', ENTSO-E's derived files', WattTime's (in lb/MWh)."""
TIMES = ("hour", "hour_utc", "datetime (utc)", "datetime", "point_time", "timestamp", "mtu (utc)", "time")
ZONES = ("zone", "zone_id", "zone id", "zone key", "region", "area")
GRAMS_PER_POUND_MWH = 0.45359237
"""gCO2eq/kWh for each lb/MWh."""
CLEAN, DIRTY = 2.0, 3000.0
"""Below the one, a whole profile is no grid in g/kWh (kg?), above the other neither."""


def read_profile(path: Path, month: int | None = None) -> Mapping[str, Array]:
    """Return the gCO2eq/kWh of each hour, by zone ("" for a file of one zone), hours in order without a gap.

    A file has hours of a day (0 to 23), of each month of a year (``month`` chooses), or dates and times. Raises
    `InputError` naming file, row and what is wrong: a gap, an hour that stands twice, a value that is negative or in
    another unit.
    """
    rows = read_table(path).rows()
    if not rows:
        raise InputError(f"{path}: no rows below the header")
    value, time = _column(path, rows[0], VALUES, "an intensity"), _column(path, rows[0], TIMES, "hours")
    zone = next((x for x in ZONES if x in rows[0]), None)
    months = sorted({row["month"] for row in rows}) if "month" in rows[0] else []
    if len(months) > 1 and month is None:
        raise InputError(f"{path} has {len(months)} months: give --month")
    if month is not None and not months:
        raise InputError(f"{path} has no column 'month': leave --month out")
    factor = GRAMS_PER_POUND_MWH if value == "value" else 1.0
    found: dict[str, dict[int, float]] = {}
    for k, row in enumerate(rows, start=1):
        where, name = f"{path}: row {k}", row[zone] if zone else ""
        if month is not None and _month(where, row["month"]) != month:
            continue
        hours = found.setdefault(name, {})
        hour, grams = _hour(where, row[time]), factor * _intensity(where, value, row[value])
        if hour in hours:
            raise InputError(
                f"{where}: {time} = {row[time]!r} stands twice for zone {name!r} (summer time ends? give UTC)"
            )
        hours[hour] = grams
    if not found:
        raise InputError(f"{path}: no rows of month {month}")
    return {name: _whole(path, name, hours) for name, hours in found.items()}


def _column(path: Path, row: Mapping[str, str], known: tuple[str, ...], what: str) -> str:
    found = [x for x in known if x in row]
    if not found:
        raise InputError(f"{path}: no column of {what}; expected one of {', '.join(known[:4])}")
    return found[0]


def _month(where: str, text: str) -> int:
    if not re.fullmatch(r"(0?[1-9]|1[0-2])([.]0)?", text):
        raise InputError(f"{where}: month = {text[:30]!r} is none of 1..12")
    return int(float(text))


def _hour(where: str, text: str) -> int:
    """An hour of a day, or the hours since 1970 of a date and time."""
    if re.fullmatch(r"\d{1,4}(\.0)?", text):
        return int(float(text))
    plain = re.sub(r"(Z|[+]00:?00)$", "", text.strip())
    if entsoe := re.match(r"(\d{2})[./](\d{2})[./](\d{4}) (\d{2}:\d{2})(:\d{2})? - ", plain):
        plain = "{2}-{1}-{0} {3}".format(*entsoe.groups())
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}([ T]\d{2}(:\d{2}){0,2}([.]0+)?)?", plain):
            raise ValueError
        stamp = np.datetime64(plain.replace(" ", "T"), "s")
    except ValueError:
        raise InputError(f"{where}: {text[:30]!r} is neither an hour nor a date and time in UTC") from None
    seconds = int(stamp.astype("int64"))
    if seconds % 3600:
        raise InputError(f"{where}: {text[:30]!r} is no full hour; expected a row for each hour")
    return seconds // 3600


def _intensity(where: str, column: str, text: str) -> float:
    try:
        grams = number(text)
    except ValueError as error:
        raise InputError(f"{where}: {column} = {error}") from None
    if not 0 <= grams <= DIRTY:
        raise InputError(f"{where}: {column} = {text} is outside 0..{DIRTY:g} gCO2eq/kWh")
    return grams


def _whole(path: Path, zone: str, hours: Mapping[int, float]) -> Array:
    first, last = min(hours), max(hours)
    missing = next((x for x in range(first, last + 1) if x not in hours), None)
    if missing is not None or (first == 0 and last < 23 and len(hours) < 24):
        gap = len(hours) if missing is None else missing - first
        raise InputError(f"{path}: zone {zone!r}: hour {gap} is missing: a profile has every hour")
    grams = np.array([hours[x] for x in range(first, last + 1)])
    if 0 < grams.max() < CLEAN:
        raise InputError(f"{path}: zone {zone!r}: at most {grams.max():g} gCO2eq/kWh: is it in kg/kWh?")
    return grams


def of_zone(profile: Mapping[str, Array], names: tuple[str, ...], place: str) -> Array:
    """Return the hours of the first of these zones that a profile has; a file of one zone needs no name.

    >>> float(of_zone({"": np.ones(24)}, ("FR",), "FRA").sum())
    24.0
    """
    if set(profile) == {""}:
        return profile[""]
    for name in names:
        if name in profile:
            return profile[name]
    raise InputError(f"the profile has no zone for {place}{nearest(names[0] if names else place, profile)}")


def best_start(grams: Array, duration: float, deadline: float, now: float = 0.0) -> tuple[float, float, float]:
    """Return the start that a job of ``duration`` hours should have, its mean gCO2eq/kWh, and that of starting now.

    The job runs without a break and ends by ``deadline``; hours count from the beginning of the profile, which repeats.
    Starts are whole hours and ``now``. Raises `InputError` for a deadline that cannot be met.

    >>> best_start(np.array([300.0, 100.0, 100.0, 400.0]), 2, 4)
    (1.0, 100.0, 200.0)
    """
    if deadline <= now:
        raise InputError(f"deadline = {short(deadline)} h is in the past: it is hour {now:g} already")
    if now + duration > deadline:
        raise InputError(f"deadline = {short(deadline)} h: a job of {duration:.4g} h that starts at {now:g} ends later")
    total = np.concatenate([[0.0], np.cumsum(np.tile(grams, int(np.ceil(deadline / len(grams))) + 1))])
    hours = np.arange(len(total))
    starts = np.concatenate([[now], np.arange(np.ceil(now), np.floor(deadline - duration) + 1)])
    means = (np.interp(starts + duration, hours, total) - np.interp(starts, hours, total)) / duration
    best = int(np.argmin(means))
    return float(starts[best]), float(means[best]), float(means[0])
