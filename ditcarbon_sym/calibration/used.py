"""What has been used already, as files tell it: CodeCarbon's ``emissions.csv``, or the log of a Zeus monitor.

Only the energy of the accelerators is taken. CodeCarbon's processor and memory are not the host that a boundary counts,
and a log of Zeus has accelerators alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..catalog.loading import Catalog, load
from ..catalog.places import places
from ..equations.notation import JOULE_PER_KWH
from ..errors import InputError, nearest
from ..estimation.footprint.account import Account, account, cloud
from .codecarbon import TASK, amount, last_of_each_run, named, pue_of
from .device import known_as
from .measurements import read_records

ZEUS = ("window_name", "elapsed_time")
CODECARBON = ("duration", "energy_consumed")
Record = Mapping[str, str]


@dataclass(frozen=True)
class Used:
    """Energy of the accelerators in kWh and their hours, what they are and where, as far as a file says it.

    ``told_g`` is what the file's own tool made of it, in gCO2eq.
    """

    kwh: float
    hours: float
    gpu: str | None = None
    place: str | None = None
    told_g: float | None = None
    notes: tuple[str, ...] = ()


def used_of(path: Path, catalog: Catalog, window: str | None = None) -> Used:
    """Return what a file says was used; ``window`` chooses a window of a Zeus log.

    Raises `InputError` naming file, row and column.
    """
    rows = read_records(path)
    if set(ZEUS) <= rows[0].keys():
        return _zeus(path, rows, window)
    if window is not None:
        raise InputError(f"window = {window!r}: {path} is no log of a Zeus monitor")
    if set(CODECARBON) <= rows[0].keys():
        return _codecarbon(path, rows, catalog)
    raise InputError(
        f"{path}: neither CodeCarbon's emissions.csv (columns {', '.join(CODECARBON)}) nor a log of a Zeus monitor "
        f"({', '.join(ZEUS)})"
    )


def _zeus(path: Path, rows: Sequence[Record], window: str | None) -> Used:
    """Windows of one name, added up; windows of several names may lie inside each other, so one is chosen."""
    names = list(dict.fromkeys(row["window_name"] for row in rows))
    if window is None and len(names) > 1:
        raise InputError(f"{path} has windows {', '.join(names[:6])}, which may hold each other; give --window")
    if window is not None and window not in names:
        raise InputError(f"window = {window!r} is not in {path}{nearest(window, names)}")
    meters = [x for x in rows[0] if re.fullmatch(r"gpu\d+_energy", x)]
    if not meters:
        raise InputError(f"{path}: no column gpu0_energy: no accelerator was measured")
    joules = seconds = 0.0
    for k, row in enumerate(rows, start=1):
        if row["window_name"] == (window or names[0]):
            where = f"{path}: row {k}"
            joules += sum(_demanded(where, row, x) for x in meters)
            seconds += _demanded(where, row, "elapsed_time") * len(meters)
    return Used(joules / float(JOULE_PER_KWH), seconds / 3600)


def _demanded(where: str, row: Record, column: str) -> float:
    value = amount(where, row, column)
    if value is None:
        raise InputError(f"{where}: {column} is empty")
    return value


def _codecarbon(path: Path, rows: Sequence[Record], catalog: Catalog) -> Used:
    """The totals of every run, or of every task of a run; all of one accelerator and place."""
    tasks = dict.fromkeys(row.get(TASK, "") for row in rows)
    notes: dict[str, None] = {}
    last = []
    for task in tasks:
        mine = [(k, row) for k, row in enumerate(rows, start=1) if row.get(TASK, "") == task]
        last += list(last_of_each_run(path, mine, notes))
    kwh = hours = grams = 0.0
    for k, row in last:
        where = f"{path}: row {k}"
        energy = amount(where, row, "gpu_energy")
        if not energy:
            raise InputError(f"{where}: gpu_energy is zero or empty: CodeCarbon could not read the accelerator")
        kwh += energy / pue_of(where, row)
        hours += _demanded(where, row, "duration") / 3600 * _count(row)
        grams += 1000 * (amount(where, row, "emissions") or 0.0)
    notes = {x: None for x in notes if not x.startswith("a request")}
    if len(last) > 1:
        notes[f"{len(last)} runs or tasks of {path.name} are added up"] = None
    gpu = _only(path, "gpu_model", [row.get("gpu_model", "").rpartition(" x ")[2] for _, row in last])
    place = _only(path, "country_iso_code", [_place(row) for _, row in last])
    return Used(kwh, hours, known_as("gpu", gpu, catalog) if gpu else None, place or None, grams or None, tuple(notes))


def _count(row: Record) -> float:
    text = row.get("gpu_model", "").rpartition(" x ")[0] or row.get("gpu_count", "").removesuffix(".0")
    return float(text) if text.isdecimal() and int(text) > 0 else 1.0


def _place(row: Record) -> str:
    """The cloud region where the file names one that is known, else the country."""
    provider = {"aws": "aws", "amazon": "aws", "gcp": "gcp", "google": "gcp", "azure": "azure"}
    region = f"{provider.get(row.get('cloud_provider', '').lower(), '')}:{row.get('cloud_region', '')}"
    if region in places():
        return region
    country = row.get("country_iso_code", "")
    return country if named(country) else ""


def _only(path: Path, column: str, values: Sequence[str]) -> str:
    found = sorted({x for x in values if x})
    if len(found) > 1:
        raise InputError(f"{path}: {column}: runs of {', '.join(found)}; account for them one by one")
    return found[0] if found else ""


def accounted(
    file: Path | None = None, *, window: str | None = None, provider: str | None = None, region: str | None = None,
    **options: Any,
) -> Account:  # fmt: skip
    """Account for what a file says was used, or for the ``options`` of `account` alone.

    Options of one's own come first: an accelerator, a place, or hours that the file does not know. ``provider`` with
    ``region`` is a place. Raises `InputError` in one line.
    """
    where = cloud(provider, region)
    if where is not None and options.get("datacenter") is not None:
        raise InputError("give either --place or --provider with --region, not both")
    given = {x: y for x, y in {**options, "datacenter": options.get("datacenter") or where}.items() if y is not None}
    if file is None:
        if window is not None:
            raise InputError(f"window = {window!r} without the log of a Zeus monitor")
        return account(**given)
    for name in ("kwh", "hours"):
        if name in given:
            raise InputError(f"{name} = {given[name]:g}: {file} says it; give one of them")
    catalog = given.get("catalog")
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    used = used_of(file, entries, window)
    named = {"gpu": used.gpu, "datacenter": used.place if not {"pue", "grid"} & set(given) else None}
    own = {name: value for name, value in named.items() if value is not None}
    found = account(**{**own, **given, "kwh": used.kwh, "hours": used.hours, "catalog": entries})
    said = () if used.told_g is None else (f"CodeCarbon itself counted {used.told_g:.4g} gCO2eq, with its own grid",)
    return replace(found, warnings=(*found.warnings, *used.notes, *said))
