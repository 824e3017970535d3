"""The transfers and the A100's calibrations that the package ships: ``python -m fits.transfer_tables`` (make fits)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sympy import Symbol

from ditcarbon_sym import roofline
from ditcarbon_sym.catalog import load
from ditcarbon_sym.equation import Equation
from ditcarbon_sym.files import DATA
from ditcarbon_sym.fitting import Data, Fit
from ditcarbon_sym.formats import toml_text, write_atomically
from ditcarbon_sym.notation import (
    NOTATION,
    B,
    H,
    W,
    e_dense,
    e_mem,
    ell,
    eps_byte,
    eps_flop,
    phi_elem,
    r_attn,
    rho,
    t_exp,
    t_launch,
)  # fmt: skip

from . import transfer
from .operator_law import FIXED, HEADS, PUBLISHED, SAID, V100, provenance, target
from .transfer import A100, FIRST_MODERN, SAME_CHIP, Pool, slowness

MODERN, EARLIER = "ampere-and-later", "before-ampere"


def _validity(data: Data) -> dict[str, Any]:
    inputs = data.inputs
    return {
        "pixels_min": int((inputs[H] * inputs[W]).min()), "batch": [float(inputs[B].min()), float(inputs[B].max())],
        "latent_tokens": [float(inputs[ell].min()), float(inputs[ell].max())],
    }  # fmt: skip


def _covariance(fits: Sequence[tuple[Sequence[Symbol], Any]]) -> dict[str, Any]:
    """Blocks along the diagonal: fits of different targets are independent."""
    names = [NOTATION[x].field for free, _ in fits for x in free]
    matrix, start = np.zeros((len(names), len(names))), 0
    for free, block in fits:
        matrix[start : start + len(free), start : start + len(free)] = block
        start += len(free)
    return {"parameters": names, "matrix": matrix.tolist()}


def _rank_one(values: Mapping[Symbol, float], free: Sequence[Symbol], fitted: Fit) -> tuple[Sequence[Symbol], Any]:
    """Covariance of parameters that one fitted factor scales."""
    relative = fitted.standard_errors[slowness] / fitted.values[slowness]
    scaled = np.array([values[x] * relative for x in free])
    return free, np.outer(scaled, scaled)


CONVENTION = {"flop": "1 fused multiply-add = 2 FLOP", "count": "exact, operator lists", "stages": "whole request"}
SOURCE = "mlenergy2025: benchmark v3.0 and leaderboard v2; xdit2024notes; wan2025readme"
POOLED = "pooled over accelerators"


def _data(rows: str, source: str, accelerators: Sequence[str]) -> dict[str, Any]:
    return {**provenance(PUBLISHED, rows, source), "accelerators": list(accelerators)}


def modern_table() -> dict[str, Any]:
    """What carries over from Ampere on."""
    time, energy = transfer.times(), transfer.energies()
    known = {**FIXED, **time.fitted.values, **energy.fitted.values}
    order = [*roofline.TIME, rho, phi_elem]
    return {
        "schema_version": 1, "law": roofline.LAW,
        "kind": {"name": "Ampere and later", "compute_capability_min": FIRST_MODERN, "head_multiple": 1},
        "parameters": {NOTATION[x].field: known[x] for x in order if x in known},
        "covariance": _covariance([(x.fitted.free, x.fitted.covariance) for x in (time, energy)]),
        "verdicts": {
            NOTATION[x].field: POOLED if x in (*time.fitted.free, *energy.fitted.free) else SAID[x]
            for x in order if x in known
        },
        "quality": {
            "n": len(time.fitted.data), "loss": "log", "mape_percent": time.fitted.mape(),
            "held_out_log_scatter": time.scatter, "mape_percent_energy": energy.fitted.mape(),
            "held_out_log_scatter_energy": energy.scatter, "held_out_mape_percent": time.mape,
            "held_out_mape_percent_energy": energy.mape,
        },
        "validity": _validity(time.fitted.data), "convention": CONVENTION,
        "data": _data("accelerators from Ampere on", SOURCE, transfer.modern()),
    }  # fmt: skip


def earlier_table() -> dict[str, Any]:
    """What carries over before Ampere: the V100's law, slowed."""
    pool, values = transfer.earlier_times(), transfer.v100_values()
    slow = pool.fitted.values[slowness]
    known = {**values, e_dense: values[e_dense] / slow, e_mem: values[e_mem] / slow}
    said = f"the V100's, over the factor {slow:.3f} by which these accelerators are slower on average"
    verdicts = {**SAID, e_dense: said, e_mem: said, t_launch: "the V100's", r_attn: "the V100's"}
    return {
        "schema_version": 1, "law": roofline.LAW,
        "kind": {"name": "before Ampere", "compute_capability_below": FIRST_MODERN, "head_multiple": HEADS[V100],
                 NOTATION[t_exp].field: 0.0},
        "parameters": {NOTATION[x].field: known[x] for x in roofline.TIME},
        "covariance": _covariance([_rank_one(known, (e_dense, e_mem), pool.fitted)]),
        "verdicts": {NOTATION[x].field: verdicts[x] for x in roofline.TIME},
        "quality": {
            "n": len(pool.fitted.data), "loss": "log", "mape_percent": pool.fitted.mape(),
            "held_out_log_scatter": pool.scatter, "held_out_mape_percent": pool.mape,
        },
        "validity": _validity(pool.fitted.data), "convention": CONVENTION,
        "data": _data("accelerators before Ampere", f"{SOURCE}; ditcarbon2026: Table 5", transfer.earlier()),
    }  # fmt: skip


def a100_table(gpu: str) -> dict[str, Any]:
    """The A100's calibration: thin, one factor of time on three models, power on a single one."""
    time, held, energy = transfer.a100()
    pool, _ = transfer.times().held_out[A100]
    device = load().gpu(gpu)
    slow = time.values[slowness]
    own = {e_dense: pool.values[e_dense] / slow, rho: pool.values[rho] / slow, **energy.values}
    carried = {x: float(Equation("", x, law)({**device.values, **own})) for x, law in roofline.TRANSFER.items()}
    known = {**FIXED, e_dense: own[e_dense], **carried}
    order = [*roofline.TIME, eps_flop, eps_byte]
    said = {
        **SAID,
        e_dense: f"thin: the other accelerators' law over one factor, {slow:.3f}, from {len(held)} models",
        e_mem: "as e_dense",
        eps_flop: "fixed: products draw rated power; the interval of energy is that of accelerators held out",
        eps_byte: f"thin, one model: elementwise passes draw {energy.values[phi_elem]:.0%} of rated power"
        + (", which is the bound" if phi_elem in energy.at_bound else ""),
    }
    return {
        "schema_version": 1, "law": roofline.LAW,
        "device": {"gpu": gpu, "name": device.name, "head_multiple": 1,
                   **{NOTATION[x].field: value for x, value in device.values.items()}},
        "parameters": {NOTATION[x].field: known[x] for x in order},
        # One factor scales them all: what takes longer also takes more joules.
        "covariance": _covariance([_rank_one(
            {**known, eps_flop: -known[eps_flop], eps_byte: -known[eps_byte]},
            (e_dense, e_mem, eps_flop, eps_byte), time,
        )]),
        "verdicts": {NOTATION[x].field: said[x] for x in order},
        "quality": {
            "n": len(time.data), "loss": "log", "mape_percent": time.mape(),
            "held_out_log_scatter": Pool(time, held).scatter, "mape_percent_energy": energy.mape(),
            "held_out_log_scatter_energy": transfer.energies().scatter,
            "held_out_mape_percent": {model: trained.mape(rows) for model, (trained, rows) in held.items()},
            "held_out_mape_percent_energy": transfer.energies().mape,
        },
        "validity": _validity(time.data), "convention": CONVENTION,
        "data": provenance(PUBLISHED, "gpu = a100-sxm-40gb or a100-sxm-80gb", SOURCE),
    }  # fmt: skip


TRANSFERS = {MODERN: modern_table, EARLIER: earlier_table}


def main() -> None:
    """Refit and write the transfers, and the calibrations of the A100."""
    heading = "Made by fits/transfer_tables.py (make fits); a test refits and compares."
    for name, table in TRANSFERS.items():
        write_atomically(DATA / "transfers" / f"{name}.toml", toml_text(table(), heading))
    for gpu in SAME_CHIP:
        write_atomically(target(gpu), toml_text(a100_table(gpu), heading))
    print(f"wrote {', '.join([*TRANSFERS, *SAME_CHIP])}")


if __name__ == "__main__":
    main()
