"""The transfers and the A100's calibrations that the package ships: ``python -m fits.transfer_tables`` (make fits)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sympy import Symbol

from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import (
    NOTATION,
    e_dense,
    e_mem,
    e_VAE,
    eps_byte,
    eps_flop,
    phi_elem,
    r_attn,
    rho,
    t_exp,
    t_launch,
)
from ditcarbon_sym.reports.formats import toml_text, write_atomically

from . import chips, transfer, transfer_few
from .chips import FIRST_MODERN, ONE
from .operator_law import FIXED, SAID, provenance, target
from .runs import HEADS, PUBLISHED, V100
from .transfer import Pool, factor

MODERN, EARLIER = "ampere-and-later", "before-ampere"


def _covariance(free: Sequence[Symbol], matrix: Any) -> dict[str, Any]:
    return {"parameters": [NOTATION[x].field for x in free], "matrix": matrix.tolist()}


def _by_factor(values: Mapping[Symbol, float], scaled: Mapping[Symbol, int], relative: float) -> dict[str, Any]:
    """Covariance of parameters that one factor divides (-1) or multiplies (1). ``relative`` is the factor's error."""
    column = np.array([sign * values[x] * relative for x, sign in scaled.items()])
    return _covariance(tuple(scaled), np.outer(column, column))


CONVENTION = {"flop": "1 fused multiply-add = 2 FLOP", "count": "exact, operator lists", "stages": "whole request"}
SOURCE = "mlenergy2025: benchmark v3.0 and leaderboard v2; delavande2025video; xdit2024notes; wan2025readme"
POOLED = "pooled over accelerators"


def _data(rows: str, source: str, accelerators: Sequence[str]) -> dict[str, Any]:
    return {**provenance(PUBLISHED, rows, source), "accelerators": list(accelerators)}


def _held_out(pool: Pool, suffix: str = "", gpus: Sequence[str] | None = None) -> dict[str, Any]:
    """The errors of accelerators held out, and their scatter; each chip is one group."""
    number = len({chips.CHIPS[name] for name in pool.rows})
    target = "energy" if suffix else "time"
    return {
        f"mape_percent{suffix}": pool.in_fit, f"held_out_mape_percent{suffix}": pool.mape,
        f"held_out_log_scatter{suffix}": pool.scatter, f"held_out_groups{suffix}": number,
        f"within_log_scatter{suffix}": transfer.within(pool.law, gpus or _members(pool), target),
    }  # fmt: skip


def _members(pool: Pool) -> list[str]:
    """The ids of a pool's accelerators."""
    return [gpu for gpu in chips.accelerators() if ONE.get(gpu, gpu) in pool.rows]


def modern_table() -> dict[str, Any]:
    """The transfer from Ampere on."""
    time, energy = transfer.times(), transfer.energies()
    known = {**FIXED, **time.law.values, **energy.law.values}
    order = [*operator_law.TIME, rho, phi_elem]
    free, covariance = transfer.jackknife()
    rows = chips.pooled(chips.modern(), "time")
    return {
        "schema_version": 1, "law": operator_law.LAW,
        "kind": {"name": "Ampere and later", "compute_capability_min": FIRST_MODERN, "head_multiple": 1},
        "parameters": {NOTATION[x].field: known[x] for x in order if x in known},
        "covariance": _covariance(free, covariance),
        "verdicts": {NOTATION[x].field: POOLED if x in free else SAID[x] for x in order if x in known},
        "quality": {"n": len(rows), "loss": "log", **_held_out(time), **_held_out(energy, "_energy")},
        "validity": rows.validity(), "convention": CONVENTION,
        "data": _data("accelerators from Ampere on", SOURCE, chips.modern()),
    }  # fmt: skip


def earlier_table() -> dict[str, Any]:
    """The transfer before Ampere: the V100's law over a factor."""
    pool = transfer_few.earlier_times()
    slow, values = pool.law.values[factor], pool.law.values
    known = {
        **{x: values[x] / slow for x in (e_dense, e_mem, e_VAE)}, t_launch: values[t_launch] * slow,
        r_attn: values[r_attn],
    }  # fmt: skip
    others = [gpu for gpu in chips.earlier() if gpu != V100]
    said = f"the V100's over {slow:.2f}, by which {' and '.join(others)} are slower on average"
    apart = [law.values[factor] / slow for law in pool.without.values()]
    rows = chips.pooled(others, "time")
    scaled = {t_launch: 1, e_dense: -1, e_mem: -1, e_VAE: -1}
    return {
        "schema_version": 1, "law": operator_law.LAW,
        "kind": {"name": "before Ampere", "compute_capability_below": FIRST_MODERN, "head_multiple": HEADS[V100],
                 NOTATION[t_exp].field: 0.0},
        "parameters": {NOTATION[x].field: known[x] for x in operator_law.TIME},
        "covariance": _by_factor(known, scaled, (max(apart) - min(apart)) / 2),
        "verdicts": {NOTATION[x].field: said if x in scaled else "the V100's" for x in operator_law.TIME},
        "quality": {"n": len(rows), "loss": "log", **_held_out(pool)},
        "validity": rows.validity(), "convention": CONVENTION,
        "data": _data("accelerators before Ampere; the V100's corpus sets the width alone",
                      f"{SOURCE}; ditcarbon2026: Table 5", chips.earlier()),
    }  # fmt: skip


def a100_table(gpu: str) -> dict[str, Any]:
    """The A100's calibration. It has few runs: one factor of time from three models, power from a single one."""
    thin = transfer_few.a100()
    device = load().gpu(gpu)
    slow = thin.time.values[factor]
    own = {e_dense: thin.time.values[e_dense] / slow, rho: thin.time.values[rho], **thin.energy.values}
    memory = float(Equation("", e_mem, operator_law.TRANSFER[e_mem])({**device.values, **own})) / slow
    known = {
        **FIXED, t_launch: FIXED[t_launch] * slow, e_dense: own[e_dense], e_mem: memory, e_VAE: FIXED[e_VAE] / slow,
    }  # fmt: skip
    joules = {**device.values, **own, **known}
    known |= {x: float(Equation("", x, operator_law.TRANSFER[x])(joules)) for x in operator_law.ENERGY}
    order = [*operator_law.TIME, *operator_law.ENERGY]
    spread = [law.values[factor] / slow for law in thin.without.values()]
    number = len(thin.rows)
    deviation = float(np.sqrt((number - 1) / number * np.sum((np.array(spread) - np.mean(spread)) ** 2)))
    errors = {model: float(100 * np.mean(np.abs(np.expm1(logs)))) for model, logs in thin.logs.items()}
    energy, drawn = transfer.energies(), thin.energy.values[phi_elem]
    said = {
        **SAID,
        e_dense: f"thin: the other chips' law over one factor, {slow:.3f}, from {number} models",
        t_launch: f"{SAID[t_launch]}; over the same factor",
        e_mem: "as e_dense",
        e_VAE: "as e_dense; the others' is assumed: a fifth of peak",
        eps_flop: "fixed: products draw rated power; the interval of energy is that of chips held out",
        eps_byte: f"thin, one model: elementwise passes draw {drawn:.0%} of rated power"
        + (", which is the bound" if phi_elem in thin.energy.at_bound else ""),
    }
    rows = chips.pooled(list(ONE), "time")
    return {
        "schema_version": 1, "law": operator_law.LAW,
        "device": {"gpu": gpu, "name": device.name, "head_multiple": 1,
                   **{NOTATION[x].field: value for x, value in device.values.items()}},
        "parameters": {NOTATION[x].field: known[x] for x in order},
        # One factor scales them all: what takes longer also takes more joules.
        "covariance": _by_factor(
            known, {t_launch: 1, e_dense: -1, e_mem: -1, e_VAE: -1, eps_flop: 1, eps_byte: 1}, deviation
        ),
        "verdicts": {NOTATION[x].field: said[x] for x in order},
        "quality": {
            "n": len(rows), "loss": "log", "mape_percent": float(np.mean([
                100 * np.mean(np.abs(np.expm1(thin.time.logs(data)))) for data in thin.rows.values()
            ])), "held_out_mape_percent": errors,
            "held_out_log_scatter": float(np.sqrt(np.mean([np.mean(logs**2) for logs in thin.logs.values()]))),
            "within_log_scatter": transfer.within(thin.time, list(ONE), "time"),
            **{**_held_out(energy, "_energy", list(ONE)), "mape_percent_energy": thin.energy.mape()},
        },
        "validity": rows.validity(), "convention": CONVENTION,
        "data": provenance(PUBLISHED, "gpu = a100-sxm-40gb or a100-sxm-80gb", SOURCE),
    }  # fmt: skip


TRANSFERS = {MODERN: modern_table, EARLIER: earlier_table}


def main() -> None:
    """Fit again and write the transfers, and the calibrations of the A100."""
    heading = "Made by fits/transfer_tables.py (make fits); a test refits and compares."
    for name, table in TRANSFERS.items():
        write_atomically(DATA / "transfers" / f"{name}.toml", toml_text(table(), heading))
    for gpu in ONE:
        write_atomically(target(gpu), toml_text(a100_table(gpu), heading))
    print(f"wrote {', '.join([*TRANSFERS, *ONE])}")


if __name__ == "__main__":
    main()
