"""The operator law of time and energy, fitted to each accelerator with several models, and the calibrations that ship.

Run as ``python -m fits.operator_law``. That of the V100 is `v100_law`; those of newer accelerators are fitted to
published runs (`runs`). A newer accelerator is expected to have the constants that all have in common
(`transfer.common`), within a spread; its runs then say where it differs. Losses are of logarithms. Errors are mean
absolute percentages; where models are held out, each model counts once. `law_choice` has the rivals of the law.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from sympy import Symbol

from ditcarbon_sym.calibration.confidence import Knowledge
from ditcarbon_sym.calibration.efficiency import interval_table
from ditcarbon_sym.calibration.fitting import Fit, Free, Identified
from ditcarbon_sym.calibration.operator_fit import known
from ditcarbon_sym.calibration.operator_law import law_table
from ditcarbon_sym.catalog.entries import Gpu
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import (
    NOTATION,
    e_dense,
    e_mem,
    e_VAE,
    eps_0,
    eps_byte,
    eps_flop,
    r_attn,
    rho,
    t_launch,
)
from ditcarbon_sym.reports.formats import toml_text, write_atomically

from . import chips, transfer, v100_law
from .chips import ONE, Out, members
from .runs import B200, H100, HEADS, PUBLISHED, V100, Run, provenance
from .transfer import Law, common, fitted, off, percent

Free_ = Mapping[Symbol, Free]

SPREAD: Mapping[Symbol, float] = {
    t_launch: 0.35, e_dense: 0.12, r_attn: 0.15, rho: 0.15, e_VAE: 0.15, eps_flop: 0.12, eps_byte: 0.15,
}  # fmt: skip
"""How far an accelerator is expected to differ from what all have in common: standard deviations of logarithms. They
are assumed; with twice as much, models held out are missed by more."""
CALIBRATED = (H100, B200, chips.A100, "l20", "h20", "rtx-4090")
"""Accelerators from Ampere on with runs of three models."""
INSIDE = 0.95
"""A search that begins on a bound stays there: it begins within this part of the upper one."""
TIME = (t_launch, e_dense, r_attn, rho, e_VAE)


def in_clock(equation: Equation) -> Equation:
    """An equation of the operator law with elementwise passes that keep pace with the clock, up to the memory."""
    rules = {e_mem: operator_law.TRANSFER[e_mem]}
    return Equation(f"{equation.number}, by the clock", equation.lhs, equation.rhs.xreplace(rules))


TIMED, DRAWN = in_clock(operator_law.limited), in_clock(operator_law.energy)


def joules_in_common(gpu: str, shared: Mapping[Symbol, float]) -> dict[Symbol, float]:
    """What the law in common expects an accelerator's work to take."""
    facts = {**load().gpu(gpu).values, **shared}
    return {eps_flop: float(Equation("", eps_flop, operator_law.TRANSFER[eps_flop])(facts)), eps_byte: shared[eps_byte]}


@lru_cache(maxsize=256)
def expected(name: str, out: Out = ()) -> tuple[Free_, Free_]:
    """What is expected of an accelerator: the constants in common, without the runs that are held out."""
    shared = {**{x: free.start for x, free in transfer.ENERGY.items()}, **common(out).values}
    joules = joules_in_common(members(name)[0], shared)
    starts = {x: min(shared[x], INSIDE * transfer.TIME[x].high) for x in TIME}
    time = {x: replace(transfer.TIME[x], start=starts[x], spread=SPREAD[x]) for x in TIME}
    return time, {x: Free(joules[x], 1e-3 * joules[x], 1e3 * joules[x], spread=SPREAD[x]) for x in joules}


@lru_cache(maxsize=256)
def fits_of(name: str, out: Out = ()) -> Identified:
    """The law of time and energy of one accelerator, without the runs that are held out."""
    gpus = members(name)
    times, joules = chips.rows(gpus, "time", out), chips.rows(gpus, "energy", out)
    assert times is not None
    return fitted(TIMED, DRAWN, times, joules, *expected(name, out))


@lru_cache(maxsize=256)
def laws(name: str, out: Out = ()) -> dict[str, Law]:
    """The laws of one accelerator by target; without a run that is left, what is expected of it."""
    time, drawn = expected(name, out)
    values = {x: free.start for x, free in {**time, **drawn}.items()}
    if chips.rows(members(name), "time", out) is not None:
        values |= fits_of(name, out).values
    return {"time": Law(TIMED, values), "energy": Law(DRAWN, values)}


def runs_of(name: str, target: str) -> list[tuple[str, Run]]:
    """The runs of an accelerator that have this measurement."""
    return [(gpu, run) for gpu in members(name) for run in chips.runs_on(gpu) if target in run.measured]


@lru_cache(maxsize=64)
def held_out(name: str, target: str, kind: str = "model") -> dict[str, Mapping[str, Any]]:
    """ln(predicted / measured) of each model's runs, by the model or the team that is held out, here and elsewhere."""
    gpus = members(name)
    names = dict.fromkeys(run.model if kind == "model" else run.source for _, run in runs_of(name, target))
    found: dict[str, Mapping[str, Any]] = {}
    for one in names:
        law = laws(name, ((kind, one),))[target]
        others = tuple((kind, other) for other in names if other != one)
        found[one] = off(law, gpus, target, others)
    return found


def logs_of(held: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """The logarithms of the groups that are held out, one array each."""
    return [logs for groups in held.values() for logs in groups.values()]


def scatter(held: Mapping[str, Mapping[str, Any]]) -> float:
    """Root mean square of the logarithms of what was held out, each group once; at least what two teams differ by."""
    found = float(np.sqrt(np.mean([np.mean(logs**2) for logs in logs_of(held)])))
    return max(found, transfer.TEAMS)


@dataclass(frozen=True)
class Common:
    """The scatter of models that were held out, in logarithms, and of how many models it is."""

    deviation: float
    models: int


@lru_cache(maxsize=64)
def common_scatter(target: str, without: str = "") -> Common:
    """How far models held out lie off, over all calibrated accelerators; a model's errors on several count as one.

    One model is missed on all accelerators in the same direction, so more accelerators are not more models. Each
    accelerator's own scatter, from three to ten models, is known worse than that of all (`scatter_choice`).
    """
    squares: dict[str, list[float]] = {}
    for name in CALIBRATED:
        for held, logs in held_out(name, target).items() if runs_of(name, target) else ():
            if held != without:
                squares.setdefault(held, []).append(float(np.mean(logs[held] ** 2)))
    found = float(np.sqrt(np.mean([np.mean(x) for x in squares.values()])))
    return Common(max(found, transfer.TEAMS), len(squares))


SOURCES = (
    "mlenergy2025: benchmark v3.0 and leaderboard v2; delavande2025video; xdit2024notes; wan2025readme; "
    "torchao2024diffusers; paraattention2024readme; fluxfaster2025readme; onediff2024examples"
)


def _quality(name: str, target: str) -> dict[str, Any]:
    """The errors of a calibration in time or energy: on models held out or, where it has few joules, on chips."""
    gpus, suffix = members(name), "_energy" if target == "energy" else ""
    logs = off(laws(name)[target], gpus, target)
    runs = transfer.within(laws(name)[target], gpus, target) if logs else None
    if runs is None:  # no model has two runs here
        runs = transfer.within(transfer.laws()[target], chips.modern(), target)
    found: dict[str, Any] = {f"within_log_scatter{suffix}": runs}
    if logs:
        found[f"mape_percent{suffix}"] = percent(logs)
    if len(logs) > 2:
        held, met = held_out(name, target), common_scatter(target)
        return {
            **found, f"held_out_mape_percent{suffix}": {model: percent(each) for model, each in held.items()},
            f"held_out_log_scatter{suffix}": met.deviation, f"held_out_groups{suffix}": met.models,
        }  # fmt: skip
    elsewhere = transfer.pool(target)
    return {
        f"mape_percent{suffix}": elsewhere.in_fit, **found, f"held_out_mape_percent{suffix}": elsewhere.mape,
        f"held_out_log_scatter{suffix}": max(elsewhere.scatter, transfer.TEAMS),
        f"held_out_groups{suffix}": len(transfer.chips(target)),
    }  # fmt: skip


def _to_bytes(fitted: Fit, gpu: Gpu) -> Fit:
    """The same fit, with the part of the bandwidth that elementwise passes reach in place of bytes by the clock."""
    if rho not in fitted.free:
        return fitted
    rule = Equation("", e_mem, operator_law.TRANSFER[e_mem])
    facts = {**gpu.values, rho: fitted.values[rho]}
    slope = float(Equation("", e_mem, rule.rhs.diff(rho))(facts))
    free = tuple(e_mem if x == rho else x for x in fitted.free)
    scale = np.ones(len(free))
    scale[free.index(e_mem)] = slope
    values = {x: float(rule(facts)) if x == e_mem else fitted.values[y] for x, y in zip(free, fitted.free, strict=True)}
    return replace(fitted, free=free, values=values, covariance=fitted.covariance * np.outer(scale, scale))


def _known(name: str, gpu: Gpu) -> list[Knowledge]:
    """What the runs tell of each parameter, in those of a calibration file."""
    law, (time, drawn) = fits_of(name), expected(name)
    found = [known(law, x, {**time, **drawn}) for x in law.full.free]
    rule = Equation("", e_mem, operator_law.TRANSFER[e_mem])

    def there(value: float | None) -> float | None:
        return None if value is None else float(rule({**gpu.values, rho: value}))

    return [
        replace(x, symbol=e_mem, value=there(x.value) or 0.0, profile=(there(x.profile[0]), there(x.profile[1])))
        if x.symbol == rho else x for x in found
    ]  # fmt: skip


def modern_table(gpu: str) -> dict[str, Any]:
    """The calibration of an accelerator from Ampere on."""
    name, device = ONE.get(gpu, gpu), load().gpu(gpu)
    law, facts = fits_of(name), _known(name, device)
    shipped = _to_bytes(law.shipped, device)
    timed = replace(shipped, data=shipped.data.of(energy=False))
    held = {x: value for x, value in law.held.items() if x != rho}
    drawn = joules_in_common(gpu, {**{x: f.start for x, f in transfer.ENERGY.items()}, **common().values})
    verdicts = {x.symbol: x.verdict for x in facts}
    measured = drawn.keys() <= law.values.keys()
    if not measured:
        verdicts |= dict.fromkeys(drawn, "no joules are published: what accelerators have in common")
    gpus = members(name)
    table = law_table(
        device, device.values, HEADS, [timed], timed.covariance, {**drawn, **held, **timed.values}, verdicts,
        {**_quality(name, "time"), **_quality(name, "energy")}, "whole request",
        provenance(PUBLISHED, f"gpu = {' or '.join(gpus)}", SOURCES),
    )  # fmt: skip
    if not measured:
        _with_common_joules(table, gpu, drawn)
    return {**table, "intervals": interval_table(facts)}


def _with_common_joules(table: dict[str, Any], gpu: str, drawn: Mapping[Symbol, float]) -> None:
    """Put the uncertainty of joules that are only expected into the covariance: that of the chips that have them."""
    symbols, covariance = transfer.jackknife()
    places = [symbols.index(x) for x in (eps_0, eps_byte)]
    shared = common().values
    scale = np.array([drawn[eps_flop] / (2 * shared[eps_0]), 1.0])
    ours = covariance[np.ix_(places, places)] * np.outer(scale, scale)
    before = np.array(table["covariance"]["matrix"])
    n = len(before)
    whole = np.zeros((n + 2, n + 2))
    whole[:n, :n], whole[n:, n:] = before, ours
    names = [*table["covariance"]["parameters"], *(NOTATION[x].field for x in (eps_flop, eps_byte))]
    table["covariance"] = {"parameters": names, "matrix": whole.tolist()}


TABLES: Mapping[str, Callable[[], dict[str, Any]]] = {
    V100: v100_law.table,
    **{gpu: partial(modern_table, gpu) for name in CALIBRATED for gpu in members(name)},
}  # fmt: skip


def target(gpu: str) -> Path:
    """Where the calibration of an accelerator is shipped."""
    return DATA / "calibrations" / f"{gpu}-{operator_law.LAW}.toml"


def main() -> None:
    """Fit again and write all."""
    for gpu, table in TABLES.items():
        text = toml_text(table(), "Made by fits/operator_law.py (make fits); a test refits and compares.")
        write_atomically(target(gpu), text)
        print(f"wrote {target(gpu).name}", flush=True)


if __name__ == "__main__":
    main()
