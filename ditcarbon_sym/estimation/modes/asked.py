"""What the options of a mode say: names are looked up, accelerators are asked whether they have it.

Every refusal is one line that names the option, the value, what was expected and the fix.
"""

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from ...catalog.entries import Gpu, Model
from ...catalog.files import DATA, read_toml
from ...equations.notation import S
from ...errors import InputError, nearest

EAGER, PLAIN, WIDE = "eager", "sdpa", "bf16"
OPTIONS = ("software", "attention", "precision", "cache", "guidance_steps", "offload", "preset")
"""Options that make a mode."""
_SPARSE = re.compile(r"sparse:(0?\.[0-9]{1,9}|1|1\.0*)")


@lru_cache(maxsize=4)
def table(name: str) -> Mapping[str, Any]:
    """Return a shipped table of modes: "facts", "presets" or "constants"."""
    return MappingProxyType(read_toml(DATA / "modes" / f"{name}.toml"))


def with_preset(model: Model, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options, with those of the preset where the user gives none; raises `InputError` for another model's.

    >>> from ...catalog.loading import load
    >>> found = with_preset(load().model("wan2.1-t2v-14b"), {"preset": "wan-lightning-4step"})
    >>> found["steps"], found["guidance"]
    (4, 1)
    """
    found, name = dict(options), options.get("preset")
    if name is None:
        return found
    presets = table("presets")
    if name not in presets:
        raise InputError(f"unknown preset {name!r}{nearest(str(name), presets)}")
    preset = presets[name]
    if model.id not in preset["models"]:
        mine = [key for key, entry in presets.items() if model.id in entry["models"]]
        own = f"its own are {', '.join(mine)}" if mine else "it has none"
        raise InputError(f"preset = {name!r} is for {' or '.join(preset['models'])}, not for {model.id}; {own}")
    for key, value in preset.items():
        if key not in ("models", "sources", "check") and found.get(key) is None:
            found[key] = value
    return found


def usual_steps(model: Model, preset: str | None) -> float:
    """The steps of a request that does not say them: its preset's, or the release's."""
    return float(with_preset(model, {"preset": preset}).get("steps", model.request[S]))


def demand(what: str, entry: Mapping[str, Any], device: Gpu) -> None:
    """Refuse a format or a kernel that the accelerator does not have."""
    low, high = float(entry["capability_min"]), float(entry.get("capability_max", math.inf))
    capability, maker = device.compute_capability, entry.get("maker", device.maker)
    if device.maker != maker:
        raise InputError(f"{what}: {device.id} does not have it (it is made for {maker}'s accelerators alone)")
    if capability is not None and not low <= capability <= high:
        wanted = f"{low:g} or later" if math.isinf(high) else f"{low:g} to {high:g}"
        raise InputError(f"{what}: {device.id} does not have it (compute capability {capability:g}; expected {wanted})")


def software_asked(asked: str | None) -> tuple[str, str]:
    """The stack, and the engine if it is named."""
    name, colon, engine = (EAGER if asked is None else asked).partition(":")
    engines = [*table("facts")["engines"]]
    if name not in (EAGER, "compile", "engine") or (colon and name != "engine"):
        known = ("eager", "compile", "engine", *(f"engine:{x}" for x in engines))
        raise InputError(f"software = {asked!r} is unknown; expected one of {', '.join(known)}")
    if colon and engine not in engines:
        raise InputError(f"software = {asked!r}: unknown engine{nearest(engine, engines)}, or engine alone")
    return name, engine


def attention_asked(asked: str | None, engine: str, device: Gpu) -> tuple[str, float]:
    """The kernel, and the part of the scores that it computes; an engine chooses by itself where nothing is said."""
    kernels = table("facts")["attention"]
    if asked is None:
        own = str(table("facts")["engines"][engine]["attention"]) if engine else PLAIN
        try:
            demand("", kernels[own], device)
        except InputError:
            own = PLAIN
        return own, 1.0
    density = 1.0
    name = asked
    if asked.startswith("sparse"):
        match = _SPARSE.fullmatch(asked)
        if match is None or not float(match[1]):
            raise InputError(f"attention = {asked!r}: expected sparse:DENSITY, the part of the scores computed, 0 to 1")
        name, density = "sparse", float(match[1])
    if name not in kernels:
        raise InputError(f"attention = {asked!r} is unknown; expected sdpa, fa2, fa3, sage2 or sparse:DENSITY")
    demand(f"attention = {asked!r}", kernels[name], device)
    return name, density


def precision_asked(asked: str | None, device: Gpu) -> str:
    if asked in (None, WIDE):
        return WIDE
    formats = table("facts")["formats"]
    if asked not in formats:
        raise InputError(f"precision = {asked!r} is unknown; expected one of bf16, {', '.join(formats)}")
    demand(f"precision = {asked!r}", formats[asked], device)
    return str(asked)


def number_asked(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{name} = {value!r} is not a number; expected 0 to 1")
    return float(value)
