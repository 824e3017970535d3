"""The accelerator on which a table was measured: the user names it, or the table does."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sympy import Symbol

from ..catalog.entries import Gpu
from ..catalog.loading import Catalog, load
from ..equations.notation import ID, NOTATION, TDP, Theta_peak, bandwidth
from ..errors import InputError
from .measurements import Row, read_header, read_records

FULL = "fp32"
PLAIN = {"gpus": ("", "1"), "software": ("", "eager"), "cache": ("", "0")}
"""Columns of rows that a calibration is fitted to, and what they may say: eager runs of one accelerator."""


OTHERS = "of several accelerators, or of code that is not eager"


def device_of(path: Path, gpu: str | None, catalog: Catalog) -> Gpu:
    """The accelerator of a table: the one that the user names, or the one that the table names.

    A sweep may name one that the catalogue does not have. Its own header then gives the peak and the bandwidth, as they
    were measured. Raises `InputError` if nothing names an accelerator, or if the user and the sweep name different
    ones.
    """
    told = read_header(path)
    name = named(path, gpu, catalog)
    if not name and not told:
        name = _named_by_rows(path, catalog).id
    if name not in catalog.gpus:
        return _device_of_header(path, name, told)
    return _at_precision(path, catalog.gpus[name], told)


def named(path: Path, gpu: str | None, catalog: Catalog) -> str:
    """The id of the accelerator that the user names, or else the header of a sweep; empty if neither names one.

    Raises `InputError` if they name different ones.
    """
    told = read_header(path)
    name = str(told.get("gpu", ""))
    known = None if name in catalog.gpus else catalog.gpu_of_driver(str(told.get("device", "")))
    of_sweep = name if known is None else known.id
    if gpu is None:
        return of_sweep
    wanted = catalog.gpu(gpu).id
    if of_sweep in catalog.gpus and of_sweep != wanted:
        raise InputError(
            f"{path}: was measured on {of_sweep}, as its header says, and not on {wanted}; leave --gpu out"
        )
    return wanted


def _device_of_header(path: Path, name: str, told: Mapping[str, Any]) -> Gpu:
    if not ID.fullmatch(name):
        raise InputError(f"{path}: gpu = {name!r} in its header is no id; expected letters, digits, '.', '_', '-'")
    fields = [x for x in (Theta_peak, bandwidth, TDP) if x != TDP or NOTATION[x].field in told]
    return Gpu(
        id=name, name=str(told.get("device", name)), values={x: told_number(path, told, x) for x in fields},
        sources={}, origin=str(path), precision=str(told.get("peak_from", "")),
    )  # fmt: skip


def _named_by_rows(path: Path, catalog: Catalog) -> Gpu:
    """The accelerator that a table's column ``gpu`` names, if there is only one."""
    names = {known_as("gpu", record.get("gpu", ""), catalog) for record in read_records(path)} - {""}
    if not names:
        raise InputError(f"{path} does not say on which accelerator it was measured; give --gpu")
    if len(names) > 1:
        raise InputError(
            f"{path} has rows of {len(names)} accelerators ({', '.join(sorted(names))}); choose with --gpu"
        )
    return catalog.gpu(names.pop())


def known_as(kind: str, name: str, catalog: Catalog) -> str:
    """The catalogue's id for a name in a table, as people or the driver write it; the name itself if there is none.

    >>> [known_as("gpu", name, load()) for name in ("NVIDIA H100 80GB HBM3", "H100", "H800")]
    ['h100-sxm-80gb', 'h100-sxm-80gb', 'H800']
    """
    try:
        return catalog.id_of(kind, name)
    except InputError:
        return name


def rows_on(path: Path, rows: Sequence[Row], device: Gpu, catalog: Catalog) -> tuple[list[Row], tuple[str, ...]]:
    """The rows that were measured on an accelerator, those that name none included, and a warning of the others.

    The rows name their models by the catalogue's ids.
    """
    alone = [row for row in rows if all(row.extra.get(x, "") in plain for x, plain in PLAIN.items())]
    if rows and not alone:
        raise InputError(f"{path}: every row is {OTHERS}; a calibration is fitted to eager runs of one")
    shared, rows = len(rows) - len(alone), alone
    several = (f"{shared} rows are {OTHERS}, and are left out",) if shared else ()
    names = [known_as("gpu", row.extra.get("gpu", ""), catalog) for row in rows]
    others = sorted({*names} - {"", device.id})
    kept = [
        replace(row, model=known_as("model", row.model, catalog))
        for row, name in zip(rows, names, strict=True)
        if name in ("", device.id)
    ]
    if not kept:
        raise InputError(f"{path}: no row was measured on {device.id}; its column gpu names {', '.join(others)}")
    left = len(rows) - len(kept)
    note = f"{left} of {len(rows)} rows were measured on other accelerators ({', '.join(others)}) and are left out"
    return kept, (*several, *((note,) if left else ()))


def told_number(path: Path, told: Mapping[str, Any], x: Symbol) -> float:
    """A number of a sweep's header; raises `InputError` naming the file."""
    field = NOTATION[x].field
    if field not in told:
        raise InputError(f"{path}: no {field} in its header; give --gpu, or measure into another --out")
    try:
        return NOTATION[x].check(told[field])
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _at_precision(path: Path, device: Gpu, told: Mapping[str, Any]) -> Gpu:
    """The catalogue's accelerator; a sweep in 32 bits brings its own peak, since the catalogue's is of 16 bits."""
    if told.get("dtype") != FULL:
        return device
    values = {**device.values, Theta_peak: told_number(path, told, Theta_peak)}
    return replace(device, values=values, precision=str(told.get("peak_from", FULL)), origin=str(path))


def peak_note(path: Path, device: Gpu) -> tuple[str, ...]:
    """A warning if the sweep's own peak replaces the catalogue's."""
    if read_header(path).get("dtype") != FULL or device.id not in load().gpus:
        return ()
    return (f"the sweep measured the {FULL} peak, {device.values[Theta_peak] / 1e12:.3g} TFLOP/s: the "
            "catalogue's is of 16 bits",)  # fmt: skip


def told_facts(path: Path, device: Gpu) -> dict[str, Any]:
    """The facts of a sweep's header that go into a calibration: the date, the software, and the origin of the peak."""
    told = read_header(path)
    facts: dict[str, Any] = {
        key: told[key]
        for key in ("device", "date", "dtype", "attention", "compiled", "driver", "torch", "diffusers", "idle_watt")
        if key in told
    }
    return {**facts, "peak_from": device.precision} if told and device.origin == str(path) else facts
