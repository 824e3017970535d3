"""A calibration of Eq. (3) from a user's measurements: the fit, what it identifies, its error on each model held out,
and what to measure next.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sympy import Symbol

from ..catalog.entries import Gpu
from ..catalog.loading import Catalog, load
from ..display import Shown
from ..equations import carbon, pipeline
from ..equations.efficiency import saturation
from ..equations.flops import latent_tokens
from ..equations.notation import NOTATION, B, F_denoiser, F_total, Theta_peak, ell, mu, p, tau, v_s
from ..errors import InputError
from ..estimation.request import resolve_request
from .confidence import LEVEL, Knowledge, Track, knowledge, next_measurement, residual_bootstrap
from .data import Data
from .device import device_of, peak_note, rows_on, told_facts
from .fitting import BGR, LOSSES, Fit, Identified, fit_identified
from .held_out import EXACT, leave_one_group_out, log_scatter, residual_logs, within_scatter
from .measurements import DENOISER, Row, read_csv

CANDIDATE_SIDES = (256, 512, 768, 1024)
CANDIDATE_BATCHES = (1, 2, 4, 8, 16)


def sweep_data(rows: Sequence[Row], gpu: Gpu | None = None, catalog: Catalog | None = None) -> Data:
    """Turn rows of measurements into batch, latent tokens and mu, grouped by model.

    If a row gives seconds, mu is leading-order FLOP over seconds and the peak of ``gpu``. The FLOP are those of the
    whole request, or of the denoiser if the row is of that stage. Raises `InputError` naming the row.
    """
    entries = catalog or load()
    columns: list[tuple[float, float, float]] = []
    for row in rows:
        try:
            columns.append(_measured(row, gpu, entries))
        except InputError as error:
            raise InputError(f"row {row.number}: {error}") from None
    batch, tokens, observed = np.array(columns).T
    return Data({B: batch, ell: tokens}, observed, tuple(row.model for row in rows))


def _measured(row: Row, gpu: Gpu | None, catalog: Catalog) -> tuple[float, float, float]:
    model = catalog.model(row.model)
    numbers, _ = resolve_request(model, row.request)
    work = F_denoiser if row.extra.get("stage") == DENOISER else F_total
    results = pipeline.evaluate({**model.values, **numbers}, (ell, work))
    efficiency = row.measured.get("mu")
    if efficiency is None:
        if "time_s" not in row.measured:
            raise InputError("neither mu nor time_s is given, one of which is fitted")
        if gpu is None:
            raise InputError("time_s can become mu only on a known accelerator; name its gpu")
        timed = {F_total: results[work], tau: row.measured["time_s"], Theta_peak: gpu.values[Theta_peak]}
        efficiency = float(carbon.efficiency_of_run(timed))
        if not NOTATION[mu].low <= efficiency <= NOTATION[mu].high:
            seconds = f"time_s = {row.measured['time_s']:g}"
            raise InputError(
                f"{seconds} means mu = {efficiency:.3g} of the peak of {gpu.id}; expected a fraction of it"
            )
    return numbers[B], float(results[ell]), efficiency


def calibration_table(
    fitted: Identified,
    verdicts: Mapping[Symbol, str],
    held_out: Mapping[str, tuple[Fit, Data]],
    device: Gpu,
    pixels_min: int,
    source: Mapping[str, Any],
    stages: str = "denoiser",
    intervals: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    r"""Everything that a calibration file of Eq. (3) holds: values, covariance, quality, validity, conventions.

    >>> import tempfile
    >>> at = [(x, b, 0.4 * b / (b + 0.2) + x / 1e5) for x in (512, 1024) for b in (1, 4, 8)]
    >>> lines = [f"pixart-alpha,{x},{x},{b},{mu:.3f}" for x, b, mu in at]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "runs.csv"
    ...     _ = path.write_text("\n".join(["model,height,width,batch,mu", *lines]))
    ...     found: Calibrated = calibrate(path, "v100-pcie-16gb", bootstrap=0)
    >>> table = calibration_table(found.fitted, {}, {}, load().gpu("v100-pcie-16gb"), 512**2, {})
    >>> table["law"], table["quality"]["n"]
    ('bgr', 6)
    """
    full, shipped = fitted.full, fitted.shipped
    return {
        "schema_version": 1,
        "law": "bgr",
        "device": {"gpu": device.id, "name": device.name, **{NOTATION[x].field: v for x, v in device.values.items()}},
        "parameters": {NOTATION[x].field: value for x, value in fitted.values.items()},
        "standard_errors": {NOTATION[x].field: error for x, error in shipped.standard_errors.items()},
        "covariance": {"parameters": [NOTATION[x].field for x in shipped.free], "matrix": shipped.covariance.tolist()},
        **({"intervals": dict(intervals)} if intervals else {}),
        "verdicts": {NOTATION[x].field: said for x, said in verdicts.items()},
        "quality": {
            "n": len(full.data),
            "loss": full.loss,
            "mape_percent": shipped.mape(),
            "held_out_mape_percent": {group: trained.mape(rows) for group, (trained, rows) in held_out.items()},
            **({"held_out_log_scatter": found} if held_out and (found := log_scatter(held_out)) > EXACT else {}),
            **({"within_log_scatter": found} if (found := within_scatter(residual_logs(shipped)) or 0) > EXACT else {}),
        },
        "validity": full.data.validity(pixels_min),
        "convention": {
            "flop": "1 fused multiply-add = 2 FLOP",
            "count": "leading order, paper Eq. (2)",
            "stages": stages,
        },
        "data": dict(source),
    }


@dataclass(frozen=True)
class Advice:
    """A configuration that would narrow a parameter which the data hardly show, and by how much."""

    parameter: Symbol
    model: str
    side: int
    batch: int
    narrowing: float


@dataclass(frozen=True)
class Calibrated(Shown):
    """The fit of a table of measurements, and all that is said of it; ``table`` goes into the calibration file."""

    title: str
    fitted: Identified
    known: tuple[Knowledge, ...]
    held_out: Mapping[str, tuple[Fit, Data]]
    advice: tuple[Advice, ...]
    losses: Mapping[str, float]
    table: dict[str, Any]
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    of: str = "mu"


def calibrate(
    sweep: str | Path,
    gpu: str | None = None,
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
    for name, value, low, high in (
        ("bootstrap", bootstrap, 0, 100_000), ("seed", seed, 0, 2**32 - 1), ("workers", workers, 1, 64),
    ):  # fmt: skip
        if not low <= value <= high:
            raise InputError(f"{name} = {str(value)[:20]} is outside {low}..{high}")
    entries = catalog if isinstance(catalog, Catalog) else load(catalog)
    path = Path(sweep)
    device = device_of(path, gpu, entries)
    rows, others = rows_on(path, read_csv(path), device, entries)
    try:
        data = sweep_data(rows, device, entries)
        fitted = fit_identified(saturation, data, BGR, loss)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    held_out = _held_out(data, loss)
    drawn = residual_bootstrap(fitted.shipped, BGR, bootstrap, seed, workers, track) if bootstrap else None
    known = tuple(knowledge(fitted, BGR, bootstrap=drawn))
    source = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bootstrap": {"draws": bootstrap, "seed": seed},
        **told_facts(path, device),
    }
    pixels = int(min(row.request["height"] * row.request["width"] for row in rows))
    verdicts = {x.symbol: x.verdict for x in known}
    return Calibrated(
        title=f"{path.name}: {len(data)} rows, {models_words(data)}, on {device.id}; "
        f"law: BGR, Eq. (3), {loss} residuals",
        fitted=fitted,
        known=known,
        held_out=held_out,
        advice=_advice(fitted, known, rows, entries),
        losses={name: fit_identified(saturation, data, BGR, name).shipped.mape() for name in LOSSES},
        table=calibration_table(
            fitted, verdicts, held_out, device, pixels, source, _stages(rows), interval_table(known)
        ),
        rows=tuple(rows),
        warnings=(*others, *peak_note(path, device), *fit_warnings(data, held_out)),
    )


def _held_out(data: Data, loss: str) -> dict[str, tuple[Fit, Data]]:
    """Each model held out; empty if too few rows are left without one."""
    try:
        return leave_one_group_out(saturation, data, BGR, loss)
    except InputError:
        return {}


def _stages(rows: Sequence[Row]) -> str:
    """What was measured. A given mu is the denoiser's, as in the paper. Seconds are of the whole request, unless the
    rows say that they are of the denoiser.
    """
    timed = {"mu" not in row.measured for row in rows}
    if len(timed) > 1:
        raise InputError(
            "some rows give mu and some time_s only: the one is of the denoiser, the other of the whole request"
        )
    alone = {row.extra.get("stage") == DENOISER for row in rows} == {True}
    return "whole request" if timed.pop() and not alone else "denoiser"


def interval_table(known: Sequence[Knowledge]) -> dict[str, Any]:
    """Profile and bootstrap intervals of each parameter for a calibration file; an open end is left out."""
    found: dict[str, Any] = {"level": LEVEL}
    for x in known:
        entry = {
            **{
                f"profile_{end}": value
                for end, value in zip(("low", "high"), x.profile, strict=True)
                if value is not None
            },
            **(dict(zip(("bootstrap_low", "bootstrap_high"), x.bootstrap, strict=True)) if x.bootstrap else {}),
        }
        found[NOTATION[x.symbol].field] = entry
    return found


def models_words(data: Data) -> str:
    number = len(set(data.groups))
    return f"{number} model{'s' * (number != 1)}"


def fit_warnings(data: Data, held_out: Mapping[str, tuple[Fit, Data]]) -> tuple[str, ...]:
    notes = []
    if not held_out:
        why = f"only one model, {data.groups[0]}" if len(set(data.groups)) == 1 else "too few rows of each model"
        notes.append(f"{why}: nothing can be held out, so how well the fit predicts others is unknown")
    elif log_scatter(held_out) <= EXACT:
        notes.append("the rows agree with the law to the last digit, as no measurement does: no interval can be given")
    if len(data) < 10:
        notes.append(f"{len(data)} rows are few: intervals rest on the law being right")
    return tuple(notes)


def _advice(fitted: Identified, known: tuple[Knowledge, ...], rows: list[Row], catalog: Catalog) -> tuple[Advice, ...]:
    """For each parameter that is not identified, the best next configuration of the measured models."""
    unsure = [x.symbol for x in known if x.verdict != "identified"]
    configurations = []
    for name in dict.fromkeys(row.model for row in rows) if unsure else ():
        model = catalog.model(name)
        unit = int(model.values[v_s] * model.values[p])
        for side in sorted({max(unit, unit * round(wanted / unit)) for wanted in CANDIDATE_SIDES}):
            numbers, _ = resolve_request(model, {"resolution": side})
            tokens = float(latent_tokens({**model.values, **numbers}))
            configurations += [(name, side, batch, tokens) for batch in CANDIDATE_BATCHES]
    inputs = {
        B: np.array([float(batch) for _, _, batch, _ in configurations]),
        ell: np.array([tokens for *_, tokens in configurations]),
    }
    found = []
    for x in unsure:
        index, ratio = next_measurement(fitted.full, x, inputs)[0]
        name, side, batch, _ = configurations[index]
        found.append(Advice(x, name, side, batch, ratio))
    return tuple(found)
