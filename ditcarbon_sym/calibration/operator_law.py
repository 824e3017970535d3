"""A calibration of the operator law from a user's measurements: time, and energy if it was measured."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import block_diag
from sympy import Symbol

from ..catalog.csv_table import number
from ..catalog.entries import Gpu
from ..catalog.loading import Catalog, load
from ..equations import operator_law
from ..equations.equation import Equation
from ..equations.notation import (
    F_VAE,
    JOULE_PER_KWH,
    NOTATION,
    TDP,
    B,
    F_text,
    P_idle,
    Theta_peak,
    bandwidth,
    e_mem,
    e_VAE,
    t_exp,
    tau,
)
from ..errors import InputError
from ..estimation.transfer import as_counted, typical_memory
from ..numerics.blocks import FloatArray
from .data import Data, columns, either, together, values_of_run
from .device import device_of, peak_note, rows_on, told_facts
from .efficiency import Calibrated, fit_warnings, interval_table, models_words
from .fitting import Fit, Free, Identified
from .held_out import EXACT, log_scatter, residual_logs, within_scatter
from .measurements import Row, read_csv, read_header
from .operator_fit import (
    DECODER,
    ENERGY,
    TIME,
    expecting,
    fit_known,
    held_out_by_model,
    known as known_of,
)

ALONE: Mapping[Symbol, float] = {F_text: 0.0, F_VAE: 0.0}
"""A row of the denoiser contains no other work."""
POOR = 25.0
"""Per cent: a warning says so if a fit misses its own rows by more."""
DECODING = Equation("operator law, VAE decoder", tau, B * F_VAE / (e_VAE * Theta_peak))
UNLIMITED = 1e9
"""Watts, where rated power is not known."""
Runs = list[tuple[Row, Mapping[Symbol, float]]]


def chosen_law(sweep: str | Path, law: str | None) -> str:
    """The law that was asked for; by default, the operator law for a sweep of ``ditcarbon measure``, else Eq. (3)."""
    if law not in (None, "bgr", operator_law.LAW):
        raise InputError(f"law = {law!r} is unknown; expected 'bgr' or {operator_law.LAW!r}")
    return law or (operator_law.LAW if read_header(sweep) else "bgr")


def calibrate(sweep: str | Path, gpu: str | None = None, catalog: str | Path | Catalog | None = None) -> Calibrated:
    """Fit the operator law to a table's seconds, and to its joules if it has any.

    Without ``gpu``, the table must say on which accelerator it was measured, as the sweeps of ``ditcarbon measure`` do.
    Raises `InputError`, in one line, for a table that cannot be read or fitted.
    """
    entries, path = catalog if isinstance(catalog, Catalog) else load(catalog), Path(sweep)
    device = device_of(path, gpu, entries)
    if bandwidth not in device.values:
        raise InputError(f"gpu {device.id!r} has no bandwidth_byte_per_second, which the operator law needs")
    swept = bool(read_header(path))
    rows, others = rows_on(path, read_csv(path), device, entries)
    runs = _runs(path, rows, device, entries)
    assumed = {e_VAE: operator_law.ASSUMED[e_VAE]}
    whole = {**({} if not swept else ALONE), **assumed}
    memory = typical_memory(device)
    expected = expecting(TIME, {} if memory is None else {e_mem: memory})
    device = _with_idle_power(path, device, [row for row, _ in runs])
    so_far = {**whole, P_idle: device.values.get(P_idle, 0.0), TDP: device.values.get(TDP, UNLIMITED)}
    law, no_energy = _if_fitted("the energy", lambda: _with_joules(runs, so_far, expected))
    measured = law is not None
    try:
        law = law or fit_known(operator_law.runtime.at(whole), _data(runs, "time_s"), expected)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    decoder, no_decoder = _if_fitted("the VAE decoder", lambda: _decoder(path, device, entries) if swept else None)
    about = {**expected, **ENERGY, **DECODER}
    held_out = held_out_by_model(law, about)
    fits = [x for x in (law, decoder) if x is not None]
    covariance = block_diag(*(x.shipped.covariance for x in fits))
    known = tuple(known_of(one, x, about) for one in fits for x in (*one.shipped.free, *one.held))
    values = {**assumed, **_values(fits)}
    verdicts = {**dict.fromkeys(values, "assumed: a fifth of peak"), **{x.symbol: x.verdict for x in known}}
    time, missed = _view(law, energy=False), _rows_of(held_out, energy=False)
    quality = {"mape_percent": time.shipped.mape(), **_scatter(time, missed)}
    if measured:
        energy = _view(law, energy=True)
        scatter = _scatter(energy, _rows_of(held_out, energy=True), "_energy")
        quality |= {**scatter, "mape_percent_energy": energy.shipped.mape()}
    facts, heads = as_counted(device)
    source = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **told_facts(path, device)}
    shipped = [time.shipped, *(x.shipped for x in fits[1:])]
    table = law_table(
        device, {t_exp: 0.0, **facts}, heads, shipped, covariance, values, verdicts, quality,
        "denoiser" if swept else "whole request", source,
    )  # fmt: skip
    table["intervals"] = interval_table(known)
    return Calibrated(
        title=f"{path.name}: {len(runs)} rows, {models_words(time.full.data)}, on {device.name}; law: operators, "
        "log residuals",
        fitted=time, known=known, held_out=missed, advice=(), losses={}, table=table,
        rows=tuple(row for row, _ in runs), of="time",
        warnings=(
            *others, *peak_note(path, device), *fit_warnings(time.full.data, missed), *_poor(time), *no_decoder,
            *(no_energy or _unknowns(measured)),
        ),
    )  # fmt: skip


def _runs(path: Path, rows: Sequence[Row], device: Gpu, catalog: Catalog) -> Runs:
    found: Runs = []
    for row in rows:
        if "time_s" not in row.measured:
            raise InputError(f"{path}: row {row.number}: no time_s, which the operator law is fitted to")
        try:
            facts, heads = as_counted(device)
            values = values_of_run(catalog.model(row.model), row.request, {t_exp: 0.0, **facts}, heads)
        except InputError as error:
            raise InputError(f"{path}: row {row.number}: {error}") from None
        found.append((row, values))
    return found


def _data(runs: Runs, measured: str) -> Data:
    observed = np.array([row.measured[measured] for row, _ in runs])
    groups = tuple(row.model for row, _ in runs)
    return Data(columns([values for _, values in runs]), observed, groups)


def _if_fitted(what: str, fitted: Callable[[], Identified | None]) -> tuple[Identified | None, tuple[str, ...]]:
    """A part of the calibration, or why there is none: the other parts do not need it."""
    try:
        return fitted(), ()
    except InputError as error:
        return None, (f"{what} is left out of the calibration: {error}",)


def _decoder(path: Path, device: Gpu, catalog: Catalog) -> Identified | None:
    """The decoder's efficiency, from the largest row of each model; None if no row measured one."""
    rows = read_csv(path, "vae_decoder")
    largest = {row.model: row for row in sorted(rows, key=_outputs)}  # small ones mostly wait for launches
    decoded = _runs(path, list(largest.values()), device, catalog)
    return fit_known(DECODING, _data(decoded, "time_s"), DECODER) if decoded else None


def _outputs(row: Row) -> float:
    """The pixels of all frames and outputs of a row."""
    return row.request["height"] * row.request["width"] * row.request.get("frames", 1.0) * row.request["batch"]


def _with_idle_power(path: Path, device: Gpu, rows: Sequence[Row]) -> Gpu:
    """The accelerator with the idle power that the sweep measured, if any: a context is then held, as during work."""
    watts = [_watts(path, text) for row in rows if (text := row.extra.get("idle_w", "").strip())]
    return replace(device, values={**device.values, P_idle: float(np.median(watts))}) if watts else device


def _watts(path: Path, text: str) -> float:
    try:
        value: float | str = number(text)
    except ValueError:
        value = text
    try:
        return replace(NOTATION[P_idle], field="idle_w").check(value)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _with_joules(
    runs: Runs, known: Mapping[Symbol, float], expected: Mapping[Symbol, Free]
) -> Identified | None:  # fmt: skip
    """Both laws at once: joules say where power limits time, and time says where kernels are waited for.

    None if no row has joules.
    """
    with_joules = [(row, values) for row, values in runs if "energy_j" in row.measured]
    if not with_joules:
        return None
    joules = _data(with_joules, "energy_j")
    kwh = replace(joules, observed=joules.observed / float(JOULE_PER_KWH))
    both = either(operator_law.limited.at(known), operator_law.energy.at(known))
    return fit_known(both, together(_data(runs, "time_s"), kwh), {**expected, **ENERGY})


def _view(law: Identified, *, energy: bool) -> Identified:
    """A fit with its rows of joules, or with those of seconds, alone."""
    full, shipped = (replace(x, data=x.data.of(energy=energy)) for x in (law.full, law.shipped))
    return replace(law, full=full, shipped=shipped)


def _rows_of(held_out: Mapping[str, tuple[Fit, Data]], *, energy: bool) -> dict[str, tuple[Fit, Data]]:
    """What was held out, with its rows of joules, or with those of seconds, alone."""
    kept = {name: (fitted, rows.of(energy=energy)) for name, (fitted, rows) in held_out.items()}
    return {name: (fitted, rows) for name, (fitted, rows) in kept.items() if len(rows)}


def _values(fits: Sequence[Identified]) -> dict[Symbol, float]:
    return {x: value for one in fits for x, value in {**one.shipped.values, **one.held}.items()}


def _scatter(fitted: Identified, held_out: Mapping[str, tuple[Fit, Data]], suffix: str = "") -> dict[str, Any]:
    """The errors on models held out, and the scatter within one model."""
    scatter = {"within_log_scatter": within_scatter(residual_logs(fitted.shipped)) or 0.0}
    found: dict[str, Any] = {}
    if held_out:
        scatter["held_out_log_scatter"] = log_scatter(held_out, each_once=True)
        errors = {name: trained.mape(rows) for name, (trained, rows) in held_out.items()}
        found[f"held_out_mape_percent{suffix}"] = errors
    return found | {f"{name}{suffix}": value for name, value in scatter.items() if value > EXACT}


def law_table(
    device: Gpu, facts: Mapping[Symbol, float], heads: int, fits: Sequence[Fit], covariance: FloatArray,
    values: Mapping[Symbol, float], verdicts: Mapping[Symbol, str], quality: Mapping[str, Any], stages: str,
    source: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Everything that a calibration file of the operator law holds; the first of ``fits`` is that of time.

    ``covariance`` is that of the free constants of all fits, in their order. ``facts`` are the accelerator's as the fit
    has seen them, and ``heads`` the multiple that heads are padded to. ``values`` are all parameters of the law, also
    those that were not fitted.
    """
    free = [x for one in fits for x in one.free]
    parameters = [x for x in (*operator_law.TIME, *operator_law.ENERGY) if x in values]
    return {
        "schema_version": 1,
        "law": operator_law.LAW,
        "device": {
            "gpu": device.id, "name": device.name, "head_multiple": heads,
            **{NOTATION[x].field: value for x, value in facts.items()},
        },
        "parameters": {NOTATION[x].field: values[x] for x in parameters},
        "standard_errors": {
            NOTATION[x].field: float(e) for x, e in zip(free, np.sqrt(np.diag(covariance)), strict=True)
        },
        "covariance": {"parameters": [NOTATION[x].field for x in free], "matrix": covariance.tolist()},
        "verdicts": {NOTATION[x].field: said for x, said in verdicts.items()},
        "quality": {"n": len(fits[0].data), "loss": "log", **quality},
        "validity": fits[0].data.validity(),
        "convention": {"flop": "1 fused multiply-add = 2 FLOP", "count": "exact, operator lists", "stages": stages},
        "data": dict(source),
    }  # fmt: skip


def _poor(time: Identified) -> tuple[str, ...]:
    """A warning if a fit misses its own rows."""
    error = time.shipped.mape()
    if error < POOR:
        return ()
    return (f"the law is off by {error:.0f} % on the rows it was fitted to: did anything else run meanwhile?",)


def _unknowns(measured: bool) -> tuple[str, ...]:
    if measured:
        return ()
    return ("no energy was measured: the calibration has no law of energy of its own",)
