"""The transfers that the package ships: ``python -m fits.transfer_tables`` (make fits)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sympy import Symbol

from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.notation import (
    NOTATION,
    e_dense,
    e_mem,
    e_VAE,
    eps_0,
    eps_byte,
    r_attn,
    rho,
    t_exp,
    t_launch,
)
from ditcarbon_sym.reports.formats import toml_text, write_atomically

from . import chips, transfer, transfer_few
from .chips import CHIPS, FIRST_MODERN
from .operator_law import SOURCES
from .runs import HEADS, PUBLISHED, provenance
from .transfer import Law, Pool
from .transfer_few import factor

MODERN, EARLIER = "ampere-and-later", "before-ampere"


def _covariance(free: Sequence[Symbol], matrix: Any) -> dict[str, Any]:
    return {"parameters": [NOTATION[x].field for x in free], "matrix": matrix.tolist()}


def _by_factor(values: Mapping[Symbol, float], scaled: Mapping[Symbol, int], relative: float) -> dict[str, Any]:
    """Covariance of parameters that one factor divides (-1) or multiplies (1). ``relative`` is the factor's error."""
    column = np.array([sign * values[x] * relative for x, sign in scaled.items()])
    return _covariance(tuple(scaled), np.outer(column, column))


CONVENTION = {"flop": "1 fused multiply-add = 2 FLOP", "count": "exact, operator lists", "stages": "whole request"}
POOLED = "pooled over accelerators"


def _data(rows: str, source: str, accelerators: Sequence[str]) -> dict[str, Any]:
    return {**provenance(PUBLISHED, rows, source), "accelerators": list(accelerators)}


def _held_out(pool: Pool, law: Law, gpus: tuple[str, ...], target: str) -> dict[str, Any]:
    """The errors of accelerators held out, and their scatter; each chip is one group."""
    suffix = "_energy" if target == "energy" else ""
    return {
        f"mape_percent{suffix}": pool.in_fit, f"held_out_mape_percent{suffix}": pool.mape,
        f"held_out_log_scatter{suffix}": max(pool.scatter, transfer.TEAMS),
        f"held_out_groups{suffix}": len({CHIPS[name] for name in pool.held_out}),
        f"within_log_scatter{suffix}": transfer.within(law, gpus, target),
    }  # fmt: skip


def _nested() -> dict[str, Any]:
    """The errors of accelerators held out, with the law's rules chosen without them, too."""
    return {
        f"nested_mape_percent{suffix}": {gpu: error for gpu, (_, error) in transfer.nested(target).items()}
        for target, suffix in (("time", ""), ("energy", "_energy"))
    }


def modern_table() -> dict[str, Any]:
    """The transfer from Ampere on."""
    known, gpus = transfer.common().values, chips.modern()
    order = [t_launch, e_dense, r_attn, e_VAE, rho, eps_0, eps_byte]
    free, covariance = transfer.jackknife()
    rows, laws = chips.pooled(gpus, "time"), transfer.laws()
    return {
        "schema_version": 1, "law": operator_law.LAW,
        "kind": {"name": "Ampere and later", "compute_capability_min": FIRST_MODERN, "head_multiple": HEADS},
        "parameters": {NOTATION[x].field: known[x] for x in order},
        "covariance": _covariance(free, covariance),
        "verdicts": {NOTATION[x].field: POOLED for x in order},
        "quality": {
            "n": len(rows), "loss": "log", **_held_out(transfer.pool("time"), laws["time"], gpus, "time"),
            **_held_out(transfer.pool("energy"), laws["energy"], gpus, "energy"), **_nested(),
        },
        "validity": rows.validity(), "convention": CONVENTION,
        "data": _data("accelerators from Ampere on", SOURCES, gpus),
    }  # fmt: skip


def earlier_table() -> dict[str, Any]:
    """The transfer before Ampere: the V100's law over a factor."""
    law = transfer_few.law()
    slow, values = law.values[factor], law.values
    known = {
        **{x: values[x] / slow for x in (e_dense, e_mem, e_VAE)}, t_launch: values[t_launch] * slow,
        r_attn: values[r_attn],
    }  # fmt: skip
    others = transfer_few.others()
    said = f"the V100's over {slow:.2f}, by which {' and '.join(others)} are slower on average"
    apart = [transfer_few.law(chip).values[factor] / slow for chip in dict.fromkeys(CHIPS[x] for x in chips.earlier())]
    rows = chips.pooled(others, "time")
    scaled = {t_launch: 1, e_dense: -1, e_mem: -1, e_VAE: -1}
    return {
        "schema_version": 1, "law": operator_law.LAW,
        "kind": {"name": "before Ampere", "compute_capability_below": FIRST_MODERN, "head_multiple": HEADS,
                 NOTATION[t_exp].field: 0.0},
        "parameters": {NOTATION[x].field: known[x] for x in operator_law.TIME},
        "covariance": _by_factor(known, scaled, (max(apart) - min(apart)) / 2),
        "verdicts": {NOTATION[x].field: said if x in scaled else "the V100's" for x in operator_law.TIME},
        "quality": {
            "n": len(rows), "loss": "log", **_held_out(transfer_few.earlier_times(), law, chips.earlier(), "time"),
        },
        "validity": rows.validity(), "convention": CONVENTION,
        "data": _data("accelerators before Ampere; the V100's corpus sets the width alone",
                      f"{SOURCES}; ditcarbon2026: Table 5", chips.earlier()),
    }  # fmt: skip


TRANSFERS = {MODERN: modern_table, EARLIER: earlier_table}


def main() -> None:
    """Fit again and write the transfers."""
    heading = "Made by fits/transfer_tables.py (make fits); a test refits and compares."
    for name, table in TRANSFERS.items():
        write_atomically(DATA / "transfers" / f"{name}.toml", toml_text(table(), heading))
    print(f"wrote {', '.join(TRANSFERS)}")


if __name__ == "__main__":
    main()
