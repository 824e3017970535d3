"""On which accelerator a sweep was measured: the one named by the user, or what the sweep says of itself."""

from pathlib import Path
from typing import Any

from .catalog import Catalog, Gpu
from .measurements import read_header
from .notation import ID, NOTATION, TDP, InputError, Theta_peak, bandwidth


def device_of(path: Path, gpu: str | None, catalog: Catalog) -> Gpu:
    """The accelerator of a sweep: the one named, the catalogue's of the name in the sweep's header, or the header's
    own, with the peak and the bandwidth that were measured on it.
    """
    if gpu is not None:
        return catalog.gpu(gpu)
    told = read_header(path)
    if not told:
        raise InputError(f"{path} does not say on which accelerator it was measured; give --gpu")
    name = told.get("gpu")
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise InputError(f"{path}: gpu = {name!r} in its header is no id; expected letters, digits, '.', '_', '-'")
    if name in catalog.gpus:
        return catalog.gpu(name)
    values = {}
    for x in (Theta_peak, bandwidth, TDP):
        field = NOTATION[x].field
        if field in told:
            values[x] = NOTATION[x].check(told[field])
        elif x != TDP:
            raise InputError(f"{path}: no {field} in its header; give --gpu")
    return Gpu(
        id=name, name=str(told.get("device", name)), values=values, sources={}, origin=str(path),
        precision=str(told.get("peak_from", "")),
    )  # fmt: skip


def told_facts(path: Path, device: Gpu) -> dict[str, Any]:
    """What a calibration repeats of a sweep's header: when, with what, and where peak and power are from."""
    told = read_header(path)
    facts: dict[str, Any] = {
        key: told[key]
        for key in ("device", "date", "dtype", "attention", "compiled", "driver", "torch", "diffusers", "idle_watt")
        if key in told
    }
    return {**facts, "peak_from": device.precision} if told and device.origin == str(path) else facts
