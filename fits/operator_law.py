"""The law of time and energy on the work of the operators: its rivals, the choice among them, and the calibrations.

Run as ``python -m fits.operator_law``. On the V100 the law is fitted to the paper's corpus (efficiency of the denoiser,
all sizes, no regime), on H100 and B200 to published runs (whole requests). Losses are of logarithms; errors are mean
absolute percentages, each model counted once where models are held out.
"""

import csv
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from sympy import Symbol

from ditcarbon_sym.calibration.confidence import Knowledge
from ditcarbon_sym.calibration.efficiency import interval_table
from ditcarbon_sym.calibration.fitting import Data, Fit, Free, Identified, fit
from ditcarbon_sym.calibration.held_out import leave_one_group_out, log_scatter, residual_logs, within_scatter
from ditcarbon_sym.calibration.operator_fit import fit_known, fitted_without_each, known
from ditcarbon_sym.calibration.runs import values_of_run
from ditcarbon_sym.catalog.entries import Gpu
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import operator_law, pipeline
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import (
    F_VAE,
    NOTATION,
    B,
    F_denoiser,
    F_text,
    F_total,
    H,
    W,
    e_dense,
    e_mem,
    e_VAE,
    ell,
    eps_byte,
    eps_flop,
    mu,
    r_attn,
    t_exp,
    t_launch,
)
from ditcarbon_sym.reports.formats import toml_text, write_atomically

from .corpus import CORPUS, is_printed, is_production
from .corpus import rows as corpus_rows

PUBLISHED = Path(__file__).parent / "measurements" / "published.csv"
V100, H100, B200 = "v100-pcie-16gb", "h100-sxm-80gb", "b200-sxm"
FAMILIES = {"dit-xl-2-256": "DiT", "dit-xl-2-512": "DiT", "pixart-alpha": "PixArt", "pixart-sigma": "PixArt"}
"""Models that are one network, or nearly: held out together."""
HEADS = {V100: 32, H100: 1, B200: 1}
"""Multiple that the width of a head is padded to: V100's tensor-core kernels take 72 as 96."""
JOULE_PER_KWH = 3.6e6

Free_ = Mapping[Symbol, Free]
TIME_V100: Free_ = {t_launch: Free(1e-4, 0.0, 1e-2), e_dense: Free(0.5, 1e-3, 1.5), r_attn: Free(0.6, 0.05, 5.0)}
TIME: Free_ = {
    t_launch: Free(operator_law.LAUNCH, 1e-9, 1e-2, spread=0.2), e_dense: Free(0.7, 1e-3, 1.5, spread=0.7),
    r_attn: Free(0.6, 0.05, 5.0, spread=0.7), e_mem: Free(0.2, 1e-3, 1.5, spread=1.0),
}  # fmt: skip
"""What is expected of an accelerator with fused attention, and how surely (standard deviations of logarithms): a launch
of eager PyTorch, which is the host's, to within a fifth; the rest to within a factor of two or more, attention about
where the V100's corpus has it. Only what the runs do not show stays there. Launches are held so closely because only
SANA's batch of one waits for them: looser, what the law misses of other models passes for launches of sixty
microseconds as soon as SANA is held out."""
ENERGY: Free_ = {eps_flop: Free(1e-12, 1e-14, 1e-10, spread=0.7), eps_byte: Free(1e-9, 1e-12, 1e-7, spread=1.0)}


@dataclass(frozen=True)
class Run:
    """One measured run, with its work."""

    model: str
    values: Mapping[Symbol, float]
    measured: Mapping[str, float]
    source: str = ""


def _values(model: str, request: Mapping[str, float], device: Gpu, heads: int) -> dict[Symbol, float]:
    return values_of_run(load().model(model), request, device.values, heads)


@lru_cache(maxsize=1)
def v100_runs() -> tuple[Run, ...]:
    """The corpus: the denoiser alone, its efficiency on leading-order FLOP as the paper has it."""
    device, found = load().gpu(V100), []
    for row in corpus_rows():
        values = _values(row.model, row.request, device, HEADS[V100])
        order = pipeline.evaluate(values, (F_denoiser,))[F_denoiser]
        alone = {F_text: 0.0, F_VAE: 0.0, t_exp: 0.0, F_total: float(order)}
        flags = {"printed": float(is_printed(row)), "production": float(is_production(row))}
        found.append(Run(row.model, {**values, **alone}, {"mu": row.measured["mu"], **flags}))
    return tuple(found)


@lru_cache(maxsize=1)
def published() -> tuple[dict[str, str], ...]:
    """The rows of the published runs."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(line for line in file if not line.startswith("#")))


@lru_cache(maxsize=8)
def published_runs(gpu: str) -> tuple[Run, ...]:
    """Published runs on one accelerator: seconds of the batch, kWh of the batch."""
    device, found = load().gpu(gpu), []
    for row in published():
        if row["gpu"] != gpu:
            continue
        request = {key: int(row[key]) for key in ("height", "width", "frames", "batch", "steps")}
        measured = {"time": float(row["time_s"])}
        if row["energy_j_per_output"]:
            measured["energy"] = float(row["energy_j_per_output"]) * request["batch"] / JOULE_PER_KWH
        values = _values(row["model"], request, device, HEADS.get(gpu, 1))
        found.append(Run(row["model"], values, measured, row["source"]))
    return tuple(found)


def data(runs: Sequence[Run], target: str, families: bool = False) -> Data:
    """Runs that have this measurement, as columns; groups are models, or families."""
    kept = [run for run in runs if target in run.measured]
    symbols = set.intersection(*(set(run.values) for run in kept))
    inputs = {x: np.array([run.values[x] for run in kept]) for x in symbols}
    groups = tuple(FAMILIES.get(run.model, run.model) if families else run.model for run in kept)
    return Data(inputs, np.array([run.measured[target] for run in kept]), groups)


# The law in the forms that are fitted: what stands fixed is put in.
FIXED_V100: Mapping[Symbol, float] = {e_mem: 1.0, **operator_law.ASSUMED}
FIXED: Mapping[Symbol, float] = {t_launch: operator_law.LAUNCH, r_attn: 1.0, **operator_law.ASSUMED}
"""What stands fixed where accelerators are pooled: their runs tell neither apart."""
EFFICIENCY = Equation("operator law, mu of the denoiser", mu, operator_law.efficiency.inline(operator_law.runtime).rhs)


def fixed(equation: Equation, values: Mapping[Symbol, float]) -> Equation:
    """The equation with these parameters put in."""
    return equation.at(values)


def v100_fit(runs: Sequence[Run]) -> Fit:
    """Launches, dense efficiency and attention, on runs of the corpus."""
    return fit(fixed(EFFICIENCY, FIXED_V100), data(runs, "mu", families=True), TIME_V100, "log")


@lru_cache(maxsize=8)
def fits_of(gpu: str, without: str = "") -> tuple[Fit, Fit]:
    """Time and energy on one accelerator, whole requests; ``without`` the runs of one source."""
    runs = [run for run in published_runs(gpu) if run.source != without]
    time = fit_known(fixed(operator_law.runtime, operator_law.ASSUMED), data(runs, "time"), TIME).shipped
    return time, fit_known(_energy_at(time), data(runs, "energy"), ENERGY).shipped


def _energy_at(time: Fit) -> Equation:
    """The law of energy with a law of time, which says how long is waited for launches."""
    return fixed(operator_law.energy, {**operator_law.ASSUMED, **time.values})


def by_group(held_out: Mapping[str, tuple[Fit, Data]]) -> dict[str, float]:
    """Error of each group held out, per cent."""
    return {name: trained.mape(rows) for name, (trained, rows) in held_out.items()}


def each_once(fitted: Fit) -> float:
    """Error of a fit on its own rows, each model counted once, per cent."""
    groups = np.array(fitted.data.groups)
    return float(np.mean([fitted.mape(fitted.data.where(groups == name)) for name in dict.fromkeys(groups)]))


def known_of(fitted: Fit, parameters: Free_) -> list[Knowledge]:
    """What the runs tell of each parameter."""
    return [known(Identified(fitted, fitted, {}, {}, {}), x, parameters) for x in fitted.free]


def held_out_v100(runs: Sequence[Run]) -> dict[str, tuple[Fit, Data]]:
    """Each family held out of the V100's fit."""
    return leave_one_group_out(fixed(EFFICIENCY, FIXED_V100), data(runs, "mu", families=True), TIME_V100, "log")


@lru_cache(maxsize=8)
def held_out(gpu: str, without: str = "") -> tuple[dict[str, tuple[Fit, Data]], dict[str, tuple[Fit, Data]]]:
    """Each model held out of the fits of time and energy; ``without`` the runs of one source."""
    time, energy = fits_of(gpu, without)
    times = fitted_without_each(time.equation, time.data, TIME)
    energies = {}
    for name in dict.fromkeys(energy.data.groups):
        mine = np.array(energy.data.groups) == name
        without_it = fit_known(_energy_at(times[name][0]), energy.data.where(~mine), ENERGY)
        energies[name] = without_it.shipped, energy.data.where(mine)
    return times, energies


def provenance(path: Path, rows: str, source: str) -> dict[str, str]:
    return {
        "file": f"fits/measurements/{path.name}", "rows": rows, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "source": source,
    }  # fmt: skip


def _table(
    gpu: str, fits: Sequence[Fit], fixed_values: Mapping[Symbol, float], quality: Mapping[str, Any],
    verdicts: Mapping[str, str], source: Mapping[str, str], stages: str, pixels: int,
) -> dict[str, Any]:  # fmt: skip
    device, inputs = load().gpu(gpu), fits[0].data.inputs
    known = {**fixed_values, **{x: value for one in fits for x, value in one.values.items() if x in one.free}}
    free = [x for one in fits for x in one.free]
    covariance = np.zeros((len(free), len(free)))
    start = 0
    for one in fits:
        size = len(one.free)
        covariance[start : start + size, start : start + size] = one.covariance
        start += size
    values = {**device.values, **({t_exp: 0.0} if gpu == V100 else {})}
    return {
        "schema_version": 1,
        "law": operator_law.LAW,
        "device": {
            "gpu": gpu, "name": device.name, "head_multiple": HEADS[gpu],
            **{NOTATION[x].field: value for x, value in values.items()},
        },
        "parameters": {NOTATION[x].field: known[x] for x in (*operator_law.TIME, *operator_law.ENERGY) if x in known},
        "standard_errors": {NOTATION[x].field: y for one in fits for x, y in one.standard_errors.items()},
        "covariance": {"parameters": [NOTATION[x].field for x in free], "matrix": covariance.tolist()},
        "verdicts": dict(verdicts),
        "quality": {"n": len(fits[0].data), "loss": "log", **quality},
        "validity": {
            "pixels_min": pixels, "batch": [float(inputs[B].min()), float(inputs[B].max())],
            "latent_tokens": [float(inputs[ell].min()), float(inputs[ell].max())],
        },
        "convention": {
            "flop": "1 fused multiply-add = 2 FLOP", "count": "exact, operator lists", "stages": stages,
        },
        "data": dict(source),
    }  # fmt: skip


FREE = "identified"
SOURCES = "mlenergy2025: benchmark v3.0 and leaderboard v2; delavande2025video"
SAID = {
    e_mem: "fixed: bytes move at full bandwidth; the corpus does not tell it apart",
    t_launch: "assumed: ten microseconds of eager PyTorch; SANA's batch of one shows it on H100 and B200",
    r_attn: "fixed: attention as efficient as dense products beside its exponentials",
    e_VAE: "assumed: a fifth of peak",
}


def v100_table() -> dict[str, Any]:
    """The calibration of the V100: the corpus as printed, all sizes."""
    runs = [run for run in v100_runs() if run.measured["printed"]]
    fitted, held = v100_fit(runs), held_out_v100(runs)
    quality = {
        "mape_percent": fitted.mape(), "held_out_mape_percent": by_group(held),
        "held_out_log_scatter": log_scatter(held), "within_log_scatter": within_scatter(residual_logs(fitted)),
    }  # fmt: skip
    verdicts = {NOTATION[x].field: SAID.get(x, FREE) if x not in fitted.free else FREE for x in operator_law.TIME}
    found = provenance(CORPUS, "as printed, all sizes", "ditcarbon2026: Table 5")
    pixels = int(min(run.values[H] * run.values[W] for run in runs))
    return _table(V100, [fitted], FIXED_V100, quality, verdicts, found, "denoiser", pixels)


def modern_table(gpu: str) -> dict[str, Any]:
    """The calibration of an accelerator with published runs of time and energy."""
    (time, energy), (held_time, held_energy) = fits_of(gpu), held_out(gpu)
    quality = {
        "mape_percent": each_once(time), "held_out_mape_percent": by_group(held_time),
        "held_out_log_scatter": log_scatter(held_time, each_once=True), "mape_percent_energy": each_once(energy),
        "held_out_mape_percent_energy": by_group(held_energy),
        "held_out_log_scatter_energy": log_scatter(held_energy, each_once=True),
        "within_log_scatter": within_scatter(residual_logs(time)),
        "within_log_scatter_energy": within_scatter(residual_logs(energy)),
    }  # fmt: skip
    known = [*known_of(time, TIME), *known_of(energy, ENERGY)]
    verdicts = {NOTATION[e_VAE].field: SAID[e_VAE], **{NOTATION[x.symbol].field: x.verdict for x in known}}
    found = provenance(PUBLISHED, f"gpu = {gpu}", SOURCES)
    pixels = int(min(run.values[H] * run.values[W] for run in published_runs(gpu)))
    table = _table(gpu, [time, energy], operator_law.ASSUMED, quality, verdicts, found, "whole request", pixels)
    return {**table, "intervals": interval_table(known)}


TABLES: Mapping[str, Callable[[], dict[str, Any]]] = {
    V100: v100_table, H100: partial(modern_table, H100), B200: partial(modern_table, B200),
}  # fmt: skip


def target(gpu: str) -> Path:
    """Where the calibration of an accelerator is shipped."""
    return DATA / "calibrations" / f"{gpu}-{operator_law.LAW}.toml"


def main() -> None:
    """Refit and write all three."""
    for gpu, table in TABLES.items():
        text = toml_text(table(), "Made by fits/operator_law.py (make fits); a test refits and compares.")
        write_atomically(target(gpu), text)
        print(f"wrote {target(gpu).name}")


if __name__ == "__main__":
    main()
