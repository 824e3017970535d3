"""On which accelerator a sweep was measured: the one named by the user, or what the sweep says of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sympy import Symbol

from ..catalog.entries import Gpu
from ..catalog.loading import Catalog, load
from ..catalog.names import stands_for
from ..equations.notation import ID, NOTATION, TDP, Theta_peak, bandwidth
from ..errors import InputError
from .measurements import Row, read_header, read_records

FULL = "fp32"
KNOWN_AS: Mapping[str, str] = {
    "Tesla V100-PCIE-16GB": "v100-pcie-16gb", "Tesla V100-SXM2-32GB": "v100-sxm2-32gb", "Tesla T4": "t4",
    "NVIDIA A100-SXM4-40GB": "a100-sxm-40gb", "NVIDIA A100-SXM4-80GB": "a100-sxm-80gb", "NVIDIA A10G": "a10g",
    "NVIDIA L4": "l4", "NVIDIA L20": "l20", "NVIDIA L40S": "l40s", "NVIDIA GeForce RTX 4090": "rtx-4090",
    "NVIDIA GeForce RTX 5090": "rtx-5090", "NVIDIA H20": "h20", "NVIDIA H100 80GB HBM3": "h100-sxm-80gb",
    "NVIDIA H200": "h200-sxm-141gb", "NVIDIA B200": "b200-sxm",
}  # fmt: skip
"""Names that the driver gives to accelerators of the catalogue."""


def device_of(path: Path, gpu: str | None, catalog: Catalog) -> Gpu:
    """The accelerator of a sweep: the one named, the catalogue's of the name in the sweep's header, or the header's
    own, with the peak and the bandwidth that were measured on it.
    """
    told = read_header(path)
    if gpu is not None:
        return _at_precision(path, catalog.gpu(gpu), told)
    if not told:
        return catalog.gpu(_named_by_rows(path, catalog))
    name = told.get("gpu")
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise InputError(f"{path}: gpu = {name!r} in its header is no id; expected letters, digits, '.', '_', '-'")
    if name in catalog.gpus:
        return _at_precision(path, catalog.gpu(name), told)
    values = {
        x: told_number(path, told, x) for x in (Theta_peak, bandwidth, TDP) if x != TDP or NOTATION[x].field in told
    }
    return Gpu(
        id=name, name=str(told.get("device", name)), values=values, sources={}, origin=str(path),
        precision=str(told.get("peak_from", "")),
    )  # fmt: skip


def _named_by_rows(path: Path, catalog: Catalog) -> str:
    """The accelerator that a table's column ``gpu`` names, if it is one."""
    told = {record.get("gpu") or "" for record in read_records(path)} - {""}
    names = {_known_as("gpu", name, catalog) for name in told}
    if not names:
        raise InputError(f"{path} does not say on which accelerator it was measured; give --gpu")
    if len(names) > 1:
        raise InputError(
            f"{path} has rows of {len(names)} accelerators ({', '.join(sorted(names))}); choose with --gpu"
        )
    return names.pop()


def rows_on(path: Path, rows: Sequence[Row], device: Gpu, catalog: Catalog) -> tuple[list[Row], tuple[str, ...]]:
    """The rows that were measured on an accelerator, with the catalogue's ids of their models, and what to say of other
    rows. A row that names no accelerator is taken for its own.
    """
    named = [row.extra.get("gpu", "").strip() for row in rows]
    kept = [
        replace(row, model=_known_as("model", row.model, catalog))
        for row, name in zip(rows, named, strict=True)
        if not name or stands_for("gpu", name, device.id)
    ]
    if not kept:
        raise InputError(f"{path}: no row was measured on {device.id}; its column gpu names others")
    left = len(rows) - len(kept)
    note = f"{left} of {len(rows)} rows were measured on other accelerators than {device.id} and take no part"
    return kept, (note,) if left else ()


def _known_as(kind: str, name: str, catalog: Catalog) -> str:
    """The id that a name stands for; the name itself where it is not known, which is refused where it is used."""
    try:
        return catalog.id_of(kind, name)
    except InputError:
        return name


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
    """The catalogue's accelerator, whose peak is one of 16 bits: of a sweep in 32, the peak that it measured itself."""
    if told.get("dtype") != FULL:
        return device
    values = {**device.values, Theta_peak: told_number(path, told, Theta_peak)}
    return replace(device, values=values, precision=str(told.get("peak_from", FULL)), origin=str(path))


def peak_note(path: Path, device: Gpu) -> tuple[str, ...]:
    """What to say where a sweep's own peak stands for the catalogue's."""
    if read_header(path).get("dtype") != FULL or device.id not in load().gpus:
        return ()
    return (f"the peak is the {FULL} one that the sweep measured, {device.values[Theta_peak] / 1e12:.3g} TFLOP/s: the "
            "catalogue's is of 16 bits",)  # fmt: skip


def told_facts(path: Path, device: Gpu) -> dict[str, Any]:
    """What a calibration repeats of a sweep's header: when, with what, and where peak and power are from."""
    told = read_header(path)
    facts: dict[str, Any] = {
        key: told[key]
        for key in ("device", "date", "dtype", "attention", "compiled", "driver", "torch", "diffusers", "idle_watt")
        if key in told
    }
    return {**facts, "peak_from": device.precision} if told and device.origin == str(path) else facts
