"""From the options of a request to its mode: which facts and which fitted constants take part, and what is refused.

Eager PyTorch in 16 bits with the attention of PyTorch is what the calibrations speak for: it is no mode.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import Symbol

from ...catalog.entries import Gpu, Model
from ...catalog.stages import DENOISER
from ...equations.notation import (
    Q_host,
    Q_step,
    R_peak,
    alpha_attn,
    b_weight,
    beta_host,
    c_skip,
    chi_time,
    delta_attn,
    eta_peak,
    gamma_g,
    k_check,
    kappa_elem,
    lambda_launch,
    w_quant,
)
from ...errors import InputError, short
from ..counting import weights_of
from .asked import EAGER, OPTIONS, PLAIN, WIDE, attention_asked, number_asked, precision_asked, software_asked, table

OFFLOADS = ("model", "sequential")


@dataclass(frozen=True)
class Mode:
    """One way of running: its names, the symbols that facts set, and the fitted constant that each other symbol takes.

    ``kinds`` are the kinds of modes in it, as in ``constants.toml``: each has an error of its own on sources that the
    fit has not seen. ``changes``: what of it changes the output, so that its quality is another.
    """

    software: str = EAGER
    attention: str = PLAIN
    precision: str = WIDE
    cache: float = 0.0
    guidance_steps: float = 1.0
    offload: str = ""
    preset: str = ""
    facts: Mapping[Symbol, float] = field(default_factory=dict)
    constants: Mapping[Symbol, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells this mode from others."""
        return repr((sorted(self.constants.values()), sorted((x.name, value) for x, value in self.facts.items())))


NO_MODE = Mode()


def chosen_mode(options: Mapping[str, Any], model: Model, device: Gpu, guidance: float) -> Mode:
    """Return the mode that the options ask for, `NO_MODE` where they ask for none; raises `InputError` in one line.

    >>> from ...catalog.loading import load
    >>> entries = load()
    >>> found = chosen_mode({"software": "compile"}, entries.model("flux.1-dev"), entries.gpu("h100-sxm-80gb"), 1)
    >>> sorted(found.constants.values())
    ['elementwise_left.hopper', 'launches_left.compile']
    """
    if all(options.get(name) is None for name in OPTIONS):
        return NO_MODE
    software, engine = software_asked(options.get("software"))
    attention, density = attention_asked(options.get("attention"), engine, device)
    precision = precision_asked(options.get("precision"), device)
    parts = [
        _of_software(software, engine, device), _of_attention(attention, density),
        _of_precision(precision, software, device), _of_steps(options, guidance),
        _of_offload(options.get("offload"), model, precision),
    ]  # fmt: skip
    facts: dict[Symbol, float] = {}
    constants: dict[Symbol, str] = {}
    for part in parts:
        for x, value in part.facts.items():
            product = x in (R_peak, alpha_attn)  # sums in 16 bits and a format's own peak are both faster
            facts[x] = facts[x] * value if product and x in facts else value
        constants |= part.constants
    for x in facts.keys() & constants.keys():
        del facts[x]
    if {R_peak, alpha_attn} & {*facts, *constants}:
        constants[chi_time] = "energy_follows_time.assumed"
    return Mode(
        software if not engine else f"{software}:{engine}", attention if density == 1 else f"sparse:{density:g}",
        precision, facts.get(c_skip, 0.0), facts.get(gamma_g, 1.0), options.get("offload") or "",
        options.get("preset") or "", facts, constants,
        _kinds(parts),
        (*(x for part in parts for x in part.changes), *_of_preset(options)),
        tuple(note for part in parts for note in part.notes),
    )  # fmt: skip


def _kinds(parts: list[Mode]) -> tuple[str, ...]:
    """The kinds of modes; the error of quantised runs was measured compiled, and holds that of compilation."""
    found = dict.fromkeys(kind for part in parts for kind in part.kinds)
    return tuple(x for x in found if x not in ("compile", "engine") or "quantised" not in found)


def generation(device: Gpu) -> str:
    """The generation of an accelerator that the constants of the software go by; of an unknown one the latest."""
    starts = {name: start for name, start in table("facts")["generations"].items() if name != "sources"}
    capability = math.inf if device.compute_capability is None else device.compute_capability
    return max((name for name, start in starts.items() if start <= capability), key=lambda name: starts[name])


def _of_software(software: str, engine: str, device: Gpu) -> Mode:
    if software == EAGER:
        return NO_MODE
    era = generation(device)
    constants = {kappa_elem: f"elementwise_left.{era}", lambda_launch: "launches_left.compile"}
    facts: dict[Symbol, float] = {}
    half = table("facts")["half_accumulation"]
    if engine and table("facts")["engines"][engine].get("half_accumulation") and device.id in half["gpus"]:
        facts = {R_peak: float(half["peak_ratio"]), alpha_attn: float(half["attention_time"])}
    known = table("constants")["parameters"][constants[kappa_elem]]
    notes = () if known["rows"] else (f"no published run shows {software} on accelerators of {device.id}'s generation",)
    return Mode(facts=facts, constants=constants, kinds=(software,), notes=notes)


def _of_attention(attention: str, density: float) -> Mode:
    if attention in (PLAIN, "fa2"):
        return NO_MODE
    quality = table("facts")["attention"][attention].get("quality", False)
    return Mode(
        facts={delta_attn: density} if density < 1 else {}, constants={alpha_attn: f"attention_time.{attention}"},
        kinds=("attention",), changes=(f"attention {attention}",) if quality else (),
    )  # fmt: skip


def _of_precision(precision: str, software: str, device: Gpu) -> Mode:
    """A format: at its own peak where it is dynamic; without compilation, with the traffic or kernel that rows show."""
    if precision == WIDE:
        return NO_MODE
    entry, eager = table("facts")["formats"][precision], software == EAGER
    facts, constants = {b_weight: float(entry["weight_byte"])}, {}
    own = f"{precision}-eager"
    slow = f"format_peak_ratio.{own}"
    if eager and slow in table("constants")["parameters"]:
        constants = {R_peak: slow}
    elif entry["dynamic"]:
        twice = precision == "nvfp4" and (device.compute_capability or 0) >= 12  # its 16 bits run at half rate
        facts[R_peak] = float(entry["peak_ratio"]) * (2 if twice else 1)
        constants = {eta_peak: "format_peak_reached.dynamic"}
        if eager:
            constants[kappa_elem] = "elementwise_left.dynamic-eager"
    elif eager and precision != "nf4":
        constants = {w_quant: "byte_per_weight.eager"}
    notes = (f"{precision} without compilation is slower than {WIDE} in most published runs",) if eager else ()
    kind = "quantised eager" if eager else "quantised"
    return Mode(facts=facts, constants=constants, kinds=(kind,), changes=(f"precision {precision}",), notes=notes)


def _of_steps(options: Mapping[str, Any], guidance: float) -> Mode:
    """Steps that a cache skips, and steps without guidance."""
    facts: dict[Symbol, float] = {}
    constants: dict[Symbol, str] = {}
    kinds: tuple[str, ...] = ()
    share, part = options.get("cache"), options.get("guidance_steps")
    if share is not None:
        if not 0 <= number_asked("cache", share) < 1:
            raise InputError(
                f"cache = {short(share)}: a cache skips a part of the steps; expected 0 or more and below 1"
            )
        if share:
            facts[c_skip], kinds = float(share), ("cache",)
            check = table("presets").get(str(options.get("preset")), {}).get("check")
            if check is None:
                constants[k_check] = "check_cost.cache"
            else:
                facts[k_check] = float(check)
    if part is not None:
        if not 0 <= number_asked("guidance_steps", part) <= 1:
            raise InputError(f"guidance_steps = {short(part)}: guidance on a part of the steps; expected 0 to 1")
        facts[gamma_g] = float(part)
    useless = facts.get(gamma_g, 1.0) < 1 and guidance == 1
    notes = ("guidance_steps changes nothing: the request takes one pass a step",) if useless else ()
    changes = (
        *([f"a cache that skips {share:.0%} of the steps"] if share else ()),
        *([f"guidance on {part:.0%} of the steps"] if facts.get(gamma_g, 1.0) < 1 and not useless else ()),
    )
    return Mode(facts=facts, constants=constants, kinds=kinds, changes=changes, notes=notes)


def _of_offload(offload: str | None, model: Model, precision: str) -> Mode:
    """Bytes of weights that cross the host's link: each stage's once, or the denoiser's in every step."""
    if offload is None:
        return NO_MODE
    if offload not in OFFLOADS:
        raise InputError(f"offload = {offload!r} is unknown; expected {' or '.join(OFFLOADS)}")
    if model.networks is None:
        raise InputError(f"offload = {offload!r}: the weights of {model.id} are not known, it is known by its flags")
    weights = weights_of(model.networks())
    width = 2.0 if precision == WIDE else float(table("facts")["formats"][precision]["weight_byte"])
    denoiser = width * (weights[DENOISER] or 0)
    others = 2.0 * sum(x or 0 for stage, x in weights.items() if stage != DENOISER)
    once, step = (denoiser + others, 0.0) if offload == "model" else (others, denoiser)
    facts = {Q_host: once} | ({Q_step: step} if step else {})
    return Mode(facts=facts, constants={beta_host: "host_byte_per_second.offload"}, kinds=("offload",))


def _of_preset(options: Mapping[str, Any]) -> tuple[str, ...]:
    """A distilled preset changes the output by its steps alone."""
    preset = table("presets").get(str(options.get("preset")), {})
    return (f"preset {options['preset']}",) if "steps" in preset else ()
