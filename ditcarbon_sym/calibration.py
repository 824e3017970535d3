"""From a user's sweep to a calibration: the fit, what it identifies, how it predicts a model held out, and what to
measure next.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sympy import Symbol

from .catalog import Catalog, load
from .confidence import Knowledge, Track, knowledge, next_measurement, residual_bootstrap
from .efficiency import saturation
from .fitting import (
    BGR,
    LOSSES,
    Data,
    Fit,
    Identified,
    calibration_table,
    fit_identified,
    leave_one_group_out,
    sweep_data,
)  # fmt: skip
from .flops import latent_tokens
from .measurements import Row, read_csv
from .notation import B, InputError, ell
from .request import resolve_request

CANDIDATE_SIDES = (256, 512, 768, 1024)
CANDIDATE_BATCHES = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Advice:
    """A configuration that would narrow a parameter that the data hardly know, and by how much."""

    parameter: Symbol
    model: str
    side: int
    batch: int
    narrowing: float


@dataclass(frozen=True)
class Calibrated:
    """A sweep's fit and everything to say of it; ``table`` is what the calibration file holds."""

    title: str
    fitted: Identified
    known: tuple[Knowledge, ...]
    held_out: Mapping[str, tuple[Fit, Data]]
    advice: tuple[Advice, ...]
    losses: Mapping[str, float]
    table: dict[str, Any]
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]


def calibrate(
    sweep: str | Path,
    gpu: str,
    *,
    loss: str = "absolute",
    bootstrap: int = 200,
    seed: int = 0,
    workers: int = 1,
    catalog: str | Path | Catalog | None = None,
    track: Track = iter,
) -> Calibrated:
    """Fit Eq. (3) to a CSV of measurements.

    Raises `InputError`, in one line, for a table that cannot be read or fitted, an unknown model or gpu, or an
    unknown loss.
    """
    if loss not in LOSSES:
        raise InputError(f"loss = {loss!r} is unknown; expected one of {', '.join(LOSSES)}")
    for name, value, low in (("bootstrap", bootstrap, 0), ("seed", seed, 0), ("workers", workers, 1)):
        if value < low:
            raise InputError(f"{name} = {value} is below {low}")
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    device, path = entries.gpu(gpu), Path(sweep)
    rows = read_csv(path)
    try:
        data = sweep_data(rows, device, entries)
        fitted = fit_identified(saturation, data, BGR, loss)
        held_out = leave_one_group_out(saturation, data, BGR, loss)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    drawn = residual_bootstrap(fitted.full, BGR, bootstrap, seed, workers, track) if bootstrap else None
    known = tuple(knowledge(fitted, BGR, bootstrap=drawn))
    source = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bootstrap": {"draws": bootstrap, "seed": seed},
    }
    pixels = int(min(row.request["height"] * row.request["width"] for row in rows))
    verdicts = {x.symbol: x.verdict for x in known}
    return Calibrated(
        title=f"{path.name}: {len(data)} rows, {_models(data)}, on {device.id}; law: BGR, Eq. (3), {loss} residuals",
        fitted=fitted,
        known=known,
        held_out=held_out,
        advice=_advice(fitted, known, rows, entries),
        losses={name: fit_identified(saturation, data, BGR, name).shipped.mape() for name in LOSSES},
        table=calibration_table(fitted, verdicts, held_out, device, pixels, source),
        rows=tuple(rows),
        warnings=_warnings(data, held_out),
    )


def _models(data: Data) -> str:
    number = len(set(data.groups))
    return f"{number} model{'s' * (number != 1)}"


def _warnings(data: Data, held_out: Mapping[str, tuple[Fit, Data]]) -> tuple[str, ...]:
    notes = []
    if not held_out:
        notes.append(
            f"only one model, {data.groups[0]}: nothing can be held out, so how well the fit predicts others is unknown"
        )
    if len(data) < 10:
        notes.append(f"{len(data)} rows are few: intervals rest on the law being right")
    return tuple(notes)


def _advice(fitted: Identified, known: tuple[Knowledge, ...], rows: list[Row], catalog: Catalog) -> tuple[Advice, ...]:
    """For each parameter not identified, the best next configuration of the sweep's own models."""
    configurations = []
    for name in dict.fromkeys(row.model for row in rows):
        model = catalog.model(name)
        for side in CANDIDATE_SIDES:
            numbers, _ = resolve_request(model, {"resolution": side})
            tokens = float(latent_tokens({**model.values, **numbers}))
            configurations += [(name, side, batch, tokens) for batch in CANDIDATE_BATCHES]
    inputs = {
        B: np.array([float(batch) for _, _, batch, _ in configurations]),
        ell: np.array([tokens for *_, tokens in configurations]),
    }
    found = []
    for x in (known_.symbol for known_ in known if known_.verdict != "identified"):
        index, ratio = next_measurement(fitted.full, x, inputs)[0]
        name, side, batch, _ = configurations[index]
        found.append(Advice(x, name, side, batch, ratio))
    return tuple(found)
