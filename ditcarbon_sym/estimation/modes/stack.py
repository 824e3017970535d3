"""A mode put into the law of a request: its substitutions, its constants with their errors, and what it is called."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sympy import Symbol

from ...catalog.entries import Calibration
from ...equations import operator_law
from ...equations.notation import NOTATION, F_denoiser, F_total, c_skip, gamma_g
from ...errors import InputError
from ..routes import ChosenRoute
from ..software import software_of
from .asked import EAGER, OPTIONS, PLAIN, WIDE, table
from .choice import Mode

QUALITY = "the output is another one with {}: its quality is not predicted"
MODE_SCATTER = "mode_log_scatter"
"""Under this name the quality of a calibration holds the error of the mode alone; of joules with ``_energy``."""
JOULES = 0.1
"""Standard deviation of the logarithm by which joules of a mode may differ from those of the work that is left
(assumed: no published joules of compiled, quantised or cached diffusion transformers were found. Of FLUX.1-dev compiled
on an H100, they would be 0.05 lower if they followed the time)."""


def in_mode(route: ChosenRoute, mode: Mode) -> ChosenRoute:
    """Put a mode into a route: the substitutions of `equations.software`, with constants that have a covariance.

    Raises `InputError` where the route is not the operator law, on whose symbols modes act.
    """
    changed = [QUALITY.format(" and ".join(mode.changes))] if mode.changes else []
    if not (mode.facts or mode.constants):
        return replace(route, warnings=(*route.warnings, *mode.notes, *changed))
    from ...equations.software import in_mode as law_in_mode

    calibration = route.calibration
    if isinstance(route.route, str) or route.route.name != operator_law.LAW or calibration is None:
        raise InputError(
            f"{_asked(mode)}: a mode acts on the operator law alone; leave --mu, --efficiency and files of Eq. (3) out"
        )
    if calibration.data.get("compiled") and mode.software != EAGER:
        raise InputError(
            f"software = {mode.software!r}: {calibration.origin} was measured compiled; leave --software out"
        )
    values = {**mode.facts, **{x: _constant(name)["value"] for x, name in mode.constants.items()}}
    equations = law_in_mode(route.route.equations, values.keys())
    return ChosenRoute(
        replace(route.route, equations=equations), {**route.values, **values}, _with_constants(calibration, mode),
        (*route.warnings, *mode.notes, *changed),
    )  # fmt: skip


def _asked(mode: Mode) -> str:
    """Name the first option of a mode."""
    told = {name: getattr(mode, name) for name in OPTIONS}
    usual = {"software": EAGER, "attention": PLAIN, "precision": WIDE, "cache": 0.0, "guidance_steps": 1.0}
    set_apart = (f"{name} = {value!r}" for name, value in told.items() if value != usual.get(name, ""))
    return next(set_apart, f"guidance_steps = {mode.guidance_steps!r}")  # given, as an axis of a sweep is


def _constant(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = table("constants")["parameters"][name]
    return found


def _with_constants(calibration: Calibration, mode: Mode) -> Calibration:
    """The calibration with the constants of a mode beside its own, and the mode's error on sources not seen."""
    symbols = sorted(mode.constants, key=lambda x: x.name)
    values = {x: float(_constant(mode.constants[x])["value"]) for x in symbols}
    own = [
        [values[x] * values[y] * _covariance(mode.constants[x], mode.constants[y]) for y in symbols] for x in symbols
    ]
    many, more = len(calibration.free), len(symbols)
    covariance = (
        *((*row, *[0.0] * more) for row in calibration.covariance),
        *((*[0.0] * many, *row) for row in own),
    )
    quality = dict(calibration.quality)
    error, beyond = (
        math.hypot(*(float(table("constants")[x][kind]) for kind in mode.kinds))
        for x in ("scatter", "scatter_beyond_law")
    )
    drawn = math.hypot(error, JOULES)
    quality |= {MODE_SCATTER: error, f"{MODE_SCATTER}_energy": drawn}
    for key, besides in (("besides_log_scatter", beyond), ("besides_log_scatter_energy", drawn)):
        quality[key] = math.hypot(quality.get(key, 0.0), besides)
    verdicts = {NOTATION[x].field: _constant(mode.constants[x])["verdict"] for x in symbols}
    return replace(
        calibration, values={**calibration.values, **values}, free=(*calibration.free, *symbols),
        covariance=covariance, quality=quality, verdicts={**calibration.verdicts, **verdicts},
        constants={x: mode.constants[x] for x in symbols},
    )  # fmt: skip


def _covariance(one: str, other: str) -> float:
    """Covariance of the logarithms of two constants."""
    known = table("constants")["covariance"]
    names: Sequence[str] = known["parameters"]
    return float(known["matrix"][names.index(one)][names.index(other)])


def passes_left(values: Mapping[Symbol, float], flops: Mapping[Symbol, float | None]) -> dict[Symbol, float | None]:
    """FLOP of the denoiser and of the request that are computed, where a mode leaves passes out."""
    if not {c_skip, gamma_g} & values.keys():
        return {}
    from ...equations import software

    part = software.KEPT.subs({x: value for x, value in software.NEUTRAL.items() if x not in values})
    whole, total = flops[F_denoiser], flops[F_total]
    if whole is None or total is None or part == 1:
        return {}
    kept = float(part.subs({x: values[x] for x in part.free_symbols}))
    return {F_denoiser: whole * kept, F_total: total - whole * (1 - kept)}


def stack_of(mode: Mode, calibration: Calibration | None) -> dict[str, Any]:
    """Say which stack the constants of an estimate stand for, and of which years their sources are.

    What no source tells of the stack that is assumed is None.

    >>> from ..point import operating_point
    >>> point = operating_point("flux.1-dev", gpu="h100-sxm-80gb")
    >>> stack_of(point.mode, point.calibration)["words"]
    'eager PyTorch, 16 bits, attention sdpa; constants of 2024 to 2025'
    """
    if calibration is None:
        return {"software": None, "words": "the software that the given efficiency was measured with"}
    sources = [row["source"] or "" for row in software_of(calibration)]
    sources += [x for name in mode.constants.values() for x in _constant(name)["sources"]]
    years = sorted({year for x in sources for year in re.findall(r"(?<!\d)20\d\d", x)})
    when = f"{years[0]} to {years[-1]}" if len(years) > 1 else (years[0] if years else "an unknown year")
    told = {
        "software": mode.software, "attention": _attention(mode, calibration),
        "precision": _precision(mode, calibration), "cache": mode.cache, "guidance_steps": mode.guidance_steps,
        "offload": mode.offload or None, "preset": mode.preset or None, "years": years,
    }  # fmt: skip
    return {**told, "words": f"{', '.join(_words(told))}; constants of {when}"}


def _attention(mode: Mode, calibration: Calibration) -> str | None:
    """The kernel asked for, else that of PyTorch, if a source of the calibration tells of its kernel."""
    told = mode.attention != PLAIN or any(row["attention"] for row in software_of(calibration))
    return mode.attention if told else None


def _precision(mode: Mode, calibration: Calibration) -> str | None:
    """The format asked for, else that of the calibration's sources."""
    if mode.precision != WIDE:
        return mode.precision
    told = {row["precision"].partition(",")[0] for row in software_of(calibration) if row["precision"]}
    return told.pop() if len(told) == 1 else "16 bits" if told else None


def _words(told: Mapping[str, Any]) -> list[str]:
    stack = {"eager": "eager PyTorch", "compile": "compiled PyTorch"}.get(told["software"], told["software"])
    found = [stack, told["precision"] or "precision unknown", f"attention {told['attention'] or 'unknown'}"]
    found += [f"a cache that skips {told['cache']:.0%} of the steps"] if told["cache"] else []
    found += [f"guidance on {told['guidance_steps']:.0%} of the steps"] if told["guidance_steps"] < 1 else []
    found += [f"{told['offload']} offload"] if told["offload"] else []
    return found + ([f"preset {told['preset']}"] if told["preset"] else [])
