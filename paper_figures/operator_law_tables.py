"""Tables of the operator law: its rivals, the choice among them, the V100's corpus, the coverage of its intervals, and
its transfer to other accelerators.
"""

from typing import Any

import numpy as np

from ditcarbon_sym.calibration.fitting import fit_identified
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.efficiency import saturation
from ditcarbon_sym.equations.notation import NOTATION, e_dense, e_VAE, r_attn, rho, t_launch
from fits import chips, law_choice, operator_law, other_team, transfer, transfer_few, v100_law
from fits.runs import data, v100_runs

from .tables import Table

TARGETS = ("time", "energy")


def laws() -> Table:
    """The candidates, the choice among them, and the nested error of choosing."""
    keys = [(gpu, target) for gpu in law_choice.GPUS for target in law_choice.TARGETS]
    by_label = {x.label: law_choice.information(x) for x in law_choice.candidates()}
    rows = [
        (name, *(f"{np.mean(list(errors[key].values())):.1f} / {max(errors[key].values()):.0f}" for key in keys),
         str(by_label[name][0]), f"{by_label[name][1]:.0f}", f"{by_label[name][2]:.0f}")
        for name, errors in law_choice.comparison().items()
    ]  # fmt: skip
    chosen = [[errors[key] for _, errors in law_choice.nested().values() if key in errors] for key in keys]
    rows.append(
        ("chosen anew without each model (nested)", *(f"{np.mean(x):.1f} / {max(x):.0f}" for x in chosen), "", "", "")
    )
    return Table(
        "Candidates for the law of time and energy",
        ("law", *(f"{load().gpu(gpu).name}, {target}" for gpu, target in keys), "k", "AIC", "BIC"),
        rows,
        "Mean and worst error (%) of models held out, each counted once; coefficients, and Akaike's and the Bayesian "
        "criterion of the fits to everything, summed over the four. The last row chooses inside each hold-out.",
    )


def v100() -> Table:
    """The operator law and the paper's on the V100."""
    rows = []
    for name, flag in (("83 rows", None), ("79 printed rows", "printed"), ("48 production rows", "production")):
        runs = [run for run in v100_runs() if flag is None or run.measured[flag]]
        held = v100_law.by_group(v100_law.held_out(runs))
        rows.append((
            name, f"{v100_law.fitted(runs).mape():.2f}", f"{np.mean(list(held.values())):.2f}",
            ", ".join(f"{family} {error:.1f}" for family, error in held.items()), f"{_bgr(runs):.1f}",
        ))  # fmt: skip
    return Table(
        "The operator law on the paper's corpus",
        ("rows", "operator law (%)", "held out, mean (%)", "families held out (%)", "BGR, Eq. (3) (%)"),
        rows,
        "MAPE of mu, in the fit and with each family of models held out; three parameters, as Eq. (3) has; loss of "
        "logarithms for the operator law, absolute for Eq. (3), as the paper fits it.",
    )


def _bgr(runs: Any) -> float:
    return fit_identified(saturation, data(runs, "mu")).shipped.mape()


def _name(gpu: str) -> str:
    return "A100, both" if gpu == chips.A100 else load().gpu(gpu).name


def unseen_team() -> Table:
    """The runs of another team on the H100, predicted by a law without them."""
    rows = []
    for x in other_team.unseen():
        rows.append((x.target, x.model, str(x.rows), f"{x.error:.1f}", f"{x.bias:+.1f}", f"{x.inside} of {x.rows}"))
    for target in other_team.TARGETS:
        mine = [x for x in other_team.unseen() if x.target == target]
        error, bias = (float(np.mean([getattr(x, name) for x in mine])) for name in ("error", "bias"))
        inside, number = sum(x.inside for x in mine), sum(x.rows for x in mine)
        rows.append((target, "mean of models", str(number), f"{error:.1f}", f"{bias:+.1f}", f"{inside} of {number}"))
    return Table(
        "Another team's H100",
        ("target", "model", "runs", "error (%)", "bias (%)", "inside"),
        rows,
        "As a test, the operator law, fitted to the other teams' runs, predicts the runs of Wan2.1 by "
        "Delavande et al. (2025), with 90 % intervals. "
        "The smaller model runs over 14 sizes, ten numbers of frames and ten of steps: its rows are no independent "
        "tests. Joules are missed as seconds are, and because the card drew up to 693 of its 700 W. The calibration "
        "that ships is fitted to both teams' runs.",
    )


def transfers() -> Table:
    """Time and energy of chips that the law has not seen, by the rules for joules and for elementwise passes."""
    pools = {
        f"{target}: {joules}; {passes}": transfer.pool(target, joules, passes)
        for target in TARGETS for joules, passes in transfer.CHOICES
    }  # fmt: skip
    pools["time, before Ampere"] = transfer_few.earlier_times()
    rows = [
        (name, f"{pool.in_fit:.1f}", f"{np.mean(list(pool.mape.values())):.1f}", f"{pool.scatter:.3f}",
         ", ".join(f"{gpu} {100 * np.expm1(pool.errors[gpu]):+.0f} ({error:.0f})" for gpu, error in pool.mape.items()))
        for name, pool in pools.items()
    ]  # fmt: skip
    for target in TARGETS:
        chosen = transfer.nested(target)
        said = ", ".join(f"{gpu} {error:.0f} by {'; '.join(rule)}" for gpu, (rule, error) in chosen.items())
        rows.append((
            f"{target}: rules chosen anew without each chip (nested)", "",
            f"{np.mean([error for _, error in chosen.values()]):.1f}", "", said,
        ))  # fmt: skip
    rival = transfer.rated_power_for_the_time()
    rows.append(("energy: one part of rated power", "", f"{np.mean(list(rival.values())):.1f}", "", ""))
    return Table(
        "The operator law on accelerators never seen",
        ("target and rules", "in the fit (%)", "held out (%)", "scatter (log)", "held out: mean deviation (error), %"),
        rows,
        "One law for all accelerators of a generation, in units of each one's peak, clock and rated power; those of "
        "one chip held out together. A product takes one energy per FLOP, what rated power gives at peak, or the "
        "geometric mean of both. Elementwise passes keep pace with the clock of the multiprocessors up to what the "
        "memory can move, with the bandwidth, or with the geometric mean of both. The nested rows choose both rules "
        "without the chip that they are judged on, by the error in time. "
        "Before Ampere: the V100's law over one factor.",
    )


def constants() -> Table:
    """The common constants, beside those of single accelerators."""
    symbols, covariance = transfer.jackknife()
    shared = transfer.common().values
    errors = dict(zip(symbols, np.sqrt(np.diag(covariance)), strict=True))
    shown = (e_dense, r_attn, rho, e_VAE, t_launch)
    rows = [("all, from Ampere on", *(
        f"{shared[x]:.3g}" + (f" +- {errors[x]:.2g}" if x in errors else "") for x in shown
    ))]  # fmt: skip
    rows += [
        (_name(name) if name == chips.A100 else name, *(f"{operator_law.fits_of(name).values[x]:.3g}" for x in shown))
        for name in operator_law.CALIBRATED
    ]
    return Table(
        "Constants of the operator law",
        ("accelerators", *(NOTATION[x].field for x in shown)),
        rows,
        "Part of peak that products reach at full clock, attention's over it, bytes an elementwise pass moves in the "
        "time of one exponential, part of peak of the VAE decoder, seconds to launch an operator; errors by leaving "
        "each chip out. Below, single accelerators, which are expected to be near what all have in common. They "
        "are effective "
        "constants of eager PyTorch.",
    )


TABLES = {
    "operator_laws": laws, "operator_law_v100": v100, 
    "operator_law_other_team": unseen_team,
    "operator_law_transfer": transfers, "operator_law_constants": constants,
}  # fmt: skip
