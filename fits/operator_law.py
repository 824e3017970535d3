"""The operator law of time and energy, fitted to each accelerator with many runs, and the calibrations that ship.

Run as ``python -m fits.operator_law``. The V100's law is fitted to the paper's corpus, those of H100 and B200 to
published runs (`runs`). Losses are of logarithms. Errors are mean absolute percentages; where models are held out, each
model counts once. `law_choice` has the rivals of the law.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from sympy import Symbol

from ditcarbon_sym.calibration.confidence import Knowledge
from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.efficiency import interval_table
from ditcarbon_sym.calibration.fitting import Fit, Free, Identified, fit
from ditcarbon_sym.calibration.held_out import leave_one_group_out, log_scatter, residual_logs, within_scatter
from ditcarbon_sym.calibration.operator_fit import fit_known, fitted_without_each, known
from ditcarbon_sym.calibration.operator_law import law_table
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import e_dense, e_mem, e_VAE, eps_byte, eps_flop, mu, r_attn, t_exp, t_launch
from ditcarbon_sym.reports.formats import toml_text, write_atomically

from .corpus import CORPUS
from .runs import B200, H100, HEADS, PUBLISHED, V100, Run, data, published_runs, v100_runs

Free_ = Mapping[Symbol, Free]
TIME_V100: Free_ = {t_launch: Free(1e-4, 0.0, 1e-2), e_dense: Free(0.5, 1e-3, 1.5), r_attn: Free(0.6, 0.05, 5.0)}
TIME: Free_ = {
    t_launch: Free(operator_law.LAUNCH, 1e-9, 1e-2, spread=0.2), e_dense: Free(0.7, 1e-3, 1.5, spread=0.7),
    r_attn: Free(0.6, 0.05, 5.0, spread=0.7), e_mem: Free(0.2, 1e-3, 1.5, spread=1.0),
}  # fmt: skip
"""What is expected of an accelerator with fused attention, and how surely (standard deviations of logarithms). A launch
of eager PyTorch, which depends on the host, is expected to within a fifth, the rest to within a factor of two or more;
attention is expected about where the V100's corpus has it. A parameter stays there only if the runs do not show it.
Launches are held closely because only SANA's batch of one waits for them. With a wider spread, the fit without SANA
takes the law's errors on other models for launches of sixty microseconds."""
ENERGY: Free_ = {eps_flop: Free(1e-12, 1e-14, 1e-10, spread=0.7), eps_byte: Free(1e-9, 1e-12, 1e-7, spread=1.0)}

FIXED_V100: Mapping[Symbol, float] = {e_mem: 1.0, **operator_law.ASSUMED}
FIXED: Mapping[Symbol, float] = {t_launch: operator_law.LAUNCH, r_attn: 1.0, **operator_law.ASSUMED}
"""What is fixed where accelerators are pooled, because their runs do not show these parameters apart from others."""
EFFICIENCY = Equation("operator law, mu of the denoiser", mu, operator_law.efficiency.inline(operator_law.runtime).rhs)


def v100_fit(runs: Sequence[Run]) -> Fit:
    """Fit launches, dense efficiency and attention to runs of the corpus."""
    return fit(EFFICIENCY.at(FIXED_V100), data(runs, "mu", families=True), TIME_V100, "log")


@lru_cache(maxsize=8)
def fits_of(gpu: str, without: str = "") -> tuple[Fit, Fit]:
    """Fit time and energy of whole requests on one accelerator; ``without`` leaves the runs of one source out."""
    runs = [run for run in published_runs(gpu) if run.source != without]
    time = fit_known(operator_law.runtime.at(operator_law.ASSUMED), data(runs, "time"), TIME).shipped
    return time, fit_known(_energy_at(time), data(runs, "energy"), ENERGY).shipped


def _energy_at(time: Fit) -> Equation:
    """The law of energy, with the fitted law of time in it, which says how long the launches take."""
    return operator_law.energy.at({**operator_law.ASSUMED, **time.values})


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
    """The V100's fit without each family, and that family's runs."""
    return leave_one_group_out(EFFICIENCY.at(FIXED_V100), data(runs, "mu", families=True), TIME_V100, "log")


@lru_cache(maxsize=8)
def held_out(gpu: str, without: str = "") -> tuple[dict[str, tuple[Fit, Data]], dict[str, tuple[Fit, Data]]]:
    """The fits of time and energy without each model, and its runs; ``without`` leaves the runs of one source out."""
    time, energy = fits_of(gpu, without)
    times = fitted_without_each(time.equation, time.data, TIME)
    energies = {}
    for name in dict.fromkeys(energy.data.groups):
        mine = np.array(energy.data.groups) == name
        without_it = fit_known(_energy_at(times[name][0]), energy.data.where(~mine), ENERGY)
        energies[name] = without_it.shipped, energy.data.where(mine)
    return times, energies


def provenance(path: Path, rows: str, source: str) -> dict[str, str]:
    """Where the measurements come from, as a calibration file says it."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"file": f"fits/measurements/{path.name}", "rows": rows, "sha256": digest, "source": source}


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
    verdicts = {x: "identified" if x in fitted.free else SAID[x] for x in operator_law.TIME}
    device, found = load().gpu(V100), provenance(CORPUS, "as printed, all sizes", "ditcarbon2026: Table 5")
    return law_table(
        device, {**device.values, t_exp: 0.0}, HEADS[V100], [fitted], {**FIXED_V100, **fitted.values}, verdicts,
        quality, "denoiser", found,
    )  # fmt: skip


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
    verdicts = {e_VAE: SAID[e_VAE], **{x.symbol: x.verdict for x in known}}
    values = {**operator_law.ASSUMED, **time.values, **energy.values}
    device, found = load().gpu(gpu), provenance(PUBLISHED, f"gpu = {gpu}", SOURCES)
    table = law_table(
        device, device.values, HEADS[gpu], [time, energy], values, verdicts, quality, "whole request", found
    )
    return {**table, "intervals": interval_table(known)}


TABLES: Mapping[str, Callable[[], dict[str, Any]]] = {
    V100: v100_table, H100: partial(modern_table, H100), B200: partial(modern_table, B200),
}  # fmt: skip


def target(gpu: str) -> Path:
    """Where the calibration of an accelerator is shipped."""
    return DATA / "calibrations" / f"{gpu}-{operator_law.LAW}.toml"


def main() -> None:
    """Fit again and write all three."""
    for gpu, table in TABLES.items():
        text = toml_text(table(), "Made by fits/operator_law.py (make fits); a test refits and compares.")
        write_atomically(target(gpu), text)
        print(f"wrote {target(gpu).name}")


if __name__ == "__main__":
    main()
