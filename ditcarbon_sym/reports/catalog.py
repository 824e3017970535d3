"""How the catalogue looks: lists of models, accelerators, data centres, and of what the paper claims."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog.entries import Gpu
from ..catalog.loading import Catalog
from ..equations import operator_law
from ..equations.notation import (
    PUE,
    TDP,
    H,
    I_grid,
    N,
    P_idle,
    S,
    Theta_peak,
    W,
    a,
    bandwidth,
    c,
    d,
    g,
    j,
    m,
    n_frames,
    s,
)
from ..errors import InputError, nearest
from ..estimation.routes import calibration_for
from ..estimation.transfer import transferred


def models(catalog: Catalog) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the list of models."""
    rows = [
        {
            "id": model.id,
            "name": model.name,
            **{x.name: model.values[x] for x in (s, c, a, j, N, d)},
            "size": f"{model.request[H]:g} x {model.request[W]:g}",
            "frames": model.request[n_frames],
            "steps": model.request[S],
            "passes": model.request[g],
            "text tokens": model.request[m],
            "origin": model.origin,
        }
        for model in catalog.models.values()
    ]
    return ("id", "name", "s", "c", "a", "j", "N", "d", "size", "frames", "steps", "passes", "text tokens"), rows


def gpus(catalog: Catalog) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the list of accelerators."""
    rows = [
        {
            "id": gpu.id,
            "name": gpu.name,
            "peak (TFLOP/s)": gpu.values[Theta_peak] / 1e12,
            "precision": gpu.precision,
            "power (W)": gpu.values.get(TDP),
            "idle (W)": gpu.values.get(P_idle),
            "memory (GB)": gpu.memory_gb,
            "bandwidth (GB/s)": _giga(gpu.values.get(bandwidth)),
            "embodied (kgCO2eq)": {boundary: grams / 1000 for boundary, grams in gpu.embodied.items()} or None,
            "calibrated": _calibrations(gpu),
            "origin": gpu.origin,
        }
        for gpu in catalog.gpus.values()
    ]
    return (
        "id",
        "name",
        "peak (TFLOP/s)",
        "precision",
        "power (W)",
        "idle (W)",
        "memory (GB)",
        "bandwidth (GB/s)",
        "embodied (kgCO2eq)",
        "calibrated",
    ), rows


def _giga(value: float | None) -> float | None:
    return None if value is None else value / 1e9


def _calibrations(gpu: Gpu) -> str:
    """Name the laws that a GPU is calibrated for; else say whether the operator law can be transferred to it."""
    found = ", ".join(law for law in ("bgr", operator_law.LAW) if calibration_for(gpu, law))
    if found:
        return found
    try:
        transferred(gpu)
    except InputError:
        return "no"
    return "transferred"


def datacenters(catalog: Catalog) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return header and rows of the list of data centres."""
    rows = [
        {
            "id": place.id,
            "name": place.name,
            "PUE": place.values[PUE],
            "grid (gCO2eq/kWh)": place.values[I_grid],
            "origin": place.origin,
        }
        for place in catalog.datacenters.values()
    ]
    return ("id", "name", "PUE", "grid (gCO2eq/kWh)"), rows


def cell(value: Any) -> str:
    """Write one cell of a catalogue table."""
    if value is None:
        return "unknown"
    if isinstance(value, dict):
        return ", ".join(f"{number:g} ({boundary})" for boundary, number in value.items())
    return f"{value:g}" if isinstance(value, float | int) else str(value)


Claim = Mapping[str, str]
CLAIM_HEADER = ("where", "quantity", "printed", "unit", "computed", "status", "note")
SOUGHT = ("id", "where", "quantity", "printed")
"""Columns of a claim in which a text is looked for."""


def claims_about(claims: Sequence[Claim], status: str | None, text: str | None) -> list[Claim]:
    """Return the claims that have a status and contain a text; raises `InputError` for an unknown status."""
    statuses = dict.fromkeys(claim["status"] for claim in claims)
    if status is not None and status not in statuses:
        raise InputError(f"unknown status {status!r}{nearest(status, statuses)}")
    wanted = (text or "").lower()
    return [
        claim
        for claim in claims
        if status in (None, claim["status"]) and wanted in " ".join(claim[x] for x in SOUGHT).lower()
    ]


def claim_rows(claims: Sequence[Claim]) -> list[tuple[str, ...]]:
    """Return the claims for people, under `CLAIM_HEADER`."""
    return [tuple(claim[column] for column in CLAIM_HEADER) for claim in claims]


def claim_totals(claims: Sequence[Claim], chosen: Sequence[Claim]) -> list[tuple[str, str]]:
    """Return each status with the number of chosen claims that have it."""
    statuses = dict.fromkeys(claim["status"] for claim in claims)
    return [(name, str(sum(claim["status"] == name for claim in chosen))) for name in statuses]
