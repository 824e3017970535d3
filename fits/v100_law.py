"""The operator law of the V100, fitted to the paper's corpus: the efficiency of the denoiser, all sizes.

Losses are of logarithms, and models that are one network are held out together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Symbol

from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.fitting import Fit, Free, fit
from ditcarbon_sym.calibration.held_out import leave_one_group_out, log_scatter, residual_logs, within_scatter
from ditcarbon_sym.calibration.operator_law import law_table
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import e_dense, e_mem, e_VAE, mu, r_attn, t_exp, t_launch

from .corpus import CORPUS
from .runs import HEADS, V100, Run, data, provenance, v100_runs

TIME: Mapping[Symbol, Free] = {
    t_launch: Free(1e-4, 0.0, 1e-2),
    e_dense: Free(0.5, 1e-3, 1.5),
    r_attn: Free(0.6, 0.05, 5.0),
}
FIXED: Mapping[Symbol, float] = {e_mem: 1.0, **operator_law.ASSUMED}
EFFICIENCY = Equation("operator law, mu of the denoiser", mu, operator_law.efficiency.inline(operator_law.runtime).rhs)
CORPUS_SAYS = {
    e_mem: "fixed: bytes move at full bandwidth; the corpus does not tell it apart",
    e_VAE: "assumed: a fifth of peak",
}


def fitted(runs: Sequence[Run]) -> Fit:
    """Fit launches, dense efficiency and attention to runs of the corpus."""
    return fit(EFFICIENCY.at(FIXED), data(runs, "mu", families=True), TIME, "log")


def held_out(runs: Sequence[Run]) -> dict[str, tuple[Fit, Data]]:
    """The V100's fit without each family, and that family's runs."""
    return leave_one_group_out(EFFICIENCY.at(FIXED), data(runs, "mu", families=True), TIME, "log")


def by_group(groups: Mapping[str, tuple[Fit, Data]]) -> dict[str, float]:
    """Error of each group held out, per cent."""
    return {name: trained.mape(rows) for name, (trained, rows) in groups.items()}


def table() -> dict[str, Any]:
    """The calibration of the V100: the corpus as printed, all sizes."""
    runs = [run for run in v100_runs() if run.measured["printed"]]
    found, held = fitted(runs), held_out(runs)
    quality = {
        "mape_percent": found.mape(), "held_out_mape_percent": by_group(held),
        "held_out_log_scatter": log_scatter(held), "within_log_scatter": within_scatter(residual_logs(found)),
    }  # fmt: skip
    verdicts = {x: "identified" if x in found.free else CORPUS_SAYS[x] for x in operator_law.TIME}
    device, source = load().gpu(V100), provenance(CORPUS, "as printed, all sizes", "ditcarbon2026: Table 5")
    return law_table(
        device, {**device.values, t_exp: 0.0}, HEADS, [found], found.covariance, {**FIXED, **found.values},
        verdicts, quality, "denoiser", source,
    )  # fmt: skip
