"""What can be turned at an operating point: every input of its route, by name, and the symbols that turn with it.

On the operator law the work of a model is counted in numbers. `loosened` puts its width and depth back as symbols, as
far as the class of the network allows, so that they can be turned, too.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
from sympy import Expr, Rational, Symbol

from ..architectures.operators import total
from ..equations import pipeline
from ..equations.equation import Equation
from ..equations.notation import (
    B_0,
    NOTATION,
    P_VAE,
    PUE,
    TDP,
    B,
    C_chip,
    C_server,
    F_attn,
    F_denoiser,
    F_dense,
    H,
    I_grid,
    L,
    N,
    N_single,
    P,
    P_enc,
    P_host,
    P_idle,
    Q_elem,
    S,
    Theta_peak,
    W,
    bandwidth,
    c_skip,
    d,
    e_dense,
    e_mem,
    e_VAE,
    ell_star,
    eps_0,
    eps_byte,
    eps_flop,
    f,
    g,
    gamma_g,
    h_host,
    k_VAE,
    m,
    mu,
    mu_sat,
    n_exp,
    n_frames,
    n_latent,
    n_launch,
    n_ref,
    r_attn,
    rho,
    t,
    t_exp,
    t_launch,
    v_t,
)
from ..equations.parallel.symbols import (
    c_copy,
    c_ring,
    c_VAE,
    e_link,
    e_ring,
    link,
    n_R,
    n_U,
    phi_move,
    phi_wait,
    t_host,
    t_ring,
    t_swap,
    t_wrap,
)
from ..equations.software import CONSTANTS as OF_MODES, PARTS
from ..estimation import work
from ..estimation.point import OperatingPoint
from .symbolic import with_symbols

CONSTANTS = (
    mu_sat, B_0, ell_star, t_launch, e_dense, r_attn, e_mem, e_VAE, eps_flop, eps_byte, rho, eps_0,
    t_wrap, t_swap, t_ring, e_link, e_ring, c_copy, c_ring, c_VAE, t_host, phi_wait, phi_move,
)  # fmt: skip
"""What a calibration holds."""

KNOBS: Mapping[str, tuple[Symbol, ...]] = MappingProxyType({
    "side": (H, W), "frames": (n_frames,), "steps": (S,), "batch": (B,), "guidance": (g,), "text_tokens": (m,),
    "blocks": (N, N_single), "hidden_size": (d,), "mlp_ratio": (f,), "text_encoder_parameters": (P_enc,),
    "vae_decoder_parameters": (P_VAE,), "vae_reuse_factor": (k_VAE,), "peak_flop_per_second": (Theta_peak,),
    "bandwidth_byte_per_second": (bandwidth,), "seconds_per_exponential": (t_exp,), "tdp_watt": (TDP,),
    "idle_watt": (P_idle,), "embodied_gco2eq": (C_chip,), "lifetime_s": (L,), "host_watt": (P_host,),
    "host_watt_per_watt": (h_host,), "server_gco2eq": (C_server,), "pue": (PUE,),
    "grid_gco2eq_per_kwh": (I_grid,), "ulysses": (n_U,), "ring": (n_R,), "link_byte_per_second": (link,), "mu": (mu,),
    **{NOTATION[x].field: (x,) for x in (*CONSTANTS, *OF_MODES, *PARTS)},
})  # fmt: skip
"""What can be turned, and the symbols that turn with it."""

UNKNOWNS: Mapping[str, Symbol] = MappingProxyType({
    "resolution": H, "frames": n_frames, "steps": S, "batch": B, "text_tokens": m, "guidance": g, "cache": c_skip,
    "guidance_steps": gamma_g, "blocks": N, "grid": I_grid, "pue": PUE, "tdp_watt": TDP, "embodied_gco2eq": C_chip,
    "peak_flop_per_second": Theta_peak,
})  # fmt: skip
"""What can be solved for. ``resolution`` is the side of a square output."""
REQUESTED = ("resolution", "frames", "steps", "batch", "text_tokens", "guidance")
"""Unknowns of the request: an estimate of the answer confirms it."""
SIZES = ("resolution", "frames", "text_tokens", "guidance")
"""Of these, what the operators of a network are counted at."""
OF_A_MODE = ("cache", "guidance_steps")
"""Unknowns of a mode: parts of the steps."""

WORDS: Mapping[str, str] = MappingProxyType({
    "side": "side length", "frames": "frames", "steps": "steps", "batch": "batch size", "guidance": "guidance passes",
    "text_tokens": "text tokens", "blocks": "blocks", "hidden_size": "hidden size", "mlp_ratio": "MLP ratio",
    "text_encoder_parameters": "text-encoder parameters", "vae_decoder_parameters": "VAE decoder parameters",
    "vae_reuse_factor": "VAE reuse factor", "peak_flop_per_second": "peak throughput",
    "bandwidth_byte_per_second": "memory bandwidth", "seconds_per_exponential": "time of an exponential",
    "tdp_watt": "power", "idle_watt": "idle power", "embodied_gco2eq": "embodied carbon of the accelerator",
    "lifetime_s": "hardware lifetime in use", "host_watt": "power of the host at rest",
    "host_watt_per_watt": "power of the host that follows", "server_gco2eq": "embodied carbon of the server",
    "pue": "PUE", "grid_gco2eq_per_kwh": "grid intensity",
    "elementwise_left": "part of elementwise traffic left", "launches_left": "part of launches left",
    "attention_time": "time of the attention kernel", "format_peak_ratio": "peak of the format",
    "format_peak_reached": "part of the format's peak reached", "byte_per_weight": "bytes to convert a weight",
    "check_cost": "cost of a skipped step", "host_byte_per_second": "rate of the host's link",
    "energy_follows_time": "how joules follow time", "steps_skipped": "part of the steps skipped",
    "guidance_part": "part of the steps with guidance", "attention_density": "density of attention",
    "mu": "efficiency", "mu_sat": "saturated efficiency", "B_0": "batch half-saturation",
    "ell_star": "sequence half-saturation", "t_launch": "time to launch a kernel", "e_dense": "dense efficiency",
    "r_attn": "relative efficiency of attention", "e_mem": "speed of elementwise passes",
    "e_vae": "efficiency of the VAE decoder", "joule_per_flop": "energy per FLOP",
    "joule_per_byte": "energy of elementwise passes",
    "byte_per_exponential": "speed of elementwise passes in common",
    "joule_per_flop_in_common": "energy per FLOP in common",
    "ulysses": "degree of Ulysses attention (accelerators)", "ring": "degree of ring attention (accelerators)",
    "link_byte_per_second": "speed of the link", "t_wrap": "wait of a kernel in the code that splits",
    "t_swap": "host's time for the exchanges of a layer", "e_ring": "part of the link that a ring reaches",
    "t_host": "host's time for a pixel", "t_ring": "host's time for a pass around the ring",
    "e_link": "part of the link reached",
    "c_copy": "elementwise passes that splitting adds", "c_ring": "elementwise passes that a ring adds",
    "c_vae": "delay of decoding on one of many", "waiting_power_fraction": "power while waiting",
    "moving_power_fraction": "power while moving data",
    "constants": "fitted constants of the law, together", "law": "error of the law on a model it has not seen",
})  # fmt: skip
"""What a knob is called; the last two are the law's own, and no inputs of the equations."""

TIED: Mapping[str, Mapping[Symbol, Rational]] = MappingProxyType({
    "peak_flop_per_second": {eps_flop: -Rational(1, 2)}, "tdp_watt": {eps_flop: Rational(1, 2)},
    "bandwidth_byte_per_second": {},
})  # fmt: skip
"""How measured joules go with the facts of an accelerator, as powers: as in `operator_law.TRANSFER`."""

WHOLE = ("steps", "batch", "guidance", "text_tokens", "frames")
"""Knobs that stand at whole numbers only."""


def exponents(point: OperatingPoint, knob: str) -> dict[Symbol, int | Rational]:
    """The symbols that turn with a knob at this point, each with the power of the knob that it goes with."""
    found: dict[Symbol, int | Rational] = {x: 1 for x in KNOBS[knob] if x in point.values}
    if knob == "hidden_size" and d in found and point.values.get(t) == point.values[d]:
        found[t] = 1
    if belongs_to_calibration(point, KNOBS[knob][0]):
        found |= {x: power for x, power in TIED.get(knob, {}).items() if x in point.values}
    return found


def belongs_to_calibration(point: OperatingPoint, symbol: Symbol) -> bool:
    """Whether the joules of the calibration were measured at this fact of the accelerator, and so go with it."""
    known = {} if point.calibration is None else point.calibration.values
    return symbol in (Theta_peak, TDP, bandwidth) and eps_flop in known


def setting(point: OperatingPoint, knob: str) -> float:
    """Where a knob stands: of the side, the geometric mean of height and width; of the blocks, those of all kinds."""
    values = [point.values[x] for x in KNOBS[knob] if x in point.values]
    return sum(values) if knob == "blocks" else math.prod(values) ** (1 / len(values))


def turned(point: OperatingPoint, knob: str, value: Any) -> dict[Symbol, Any]:
    """Return the symbols that change when a knob is turned to ``value`` (a number or an array)."""
    if knob == "frames":
        # From the latent frames counted at the operating point, which a request that the VAE rounds has fewer of.
        latent = point.values[n_latent] + (np.asarray(value) - point.values[n_frames]) / point.values[v_t]
        return {n_frames: value, n_latent: latent}
    moved = exponents(point, knob)
    if len(moved) == 1:
        return dict.fromkeys(moved, value)
    factor = np.asarray(value) / setting(point, knob)
    return {x: point.values[x] * factor**power for x, power in moved.items()}


def absent(point: OperatingPoint, name: str) -> str:
    """Return why a request of this model has no such input; empty if it has.

    >>> from ditcarbon_sym.estimation.point import operating_point
    >>> absent(operating_point("stable-audio-open-1.0"), "side")
    'stable-audio-open-1.0 makes sound, which has no height and width'
    """
    if name == "frames" and not point.model.is_video:
        return f"{point.model.id} is an image model"
    if name in ("side", "resolution") and not point.model.has_sides:
        return f"{point.model.id} makes sound, which has no height and width"
    return ""


def loosened(point: OperatingPoint) -> OperatingPoint:
    """Return the point with width and depth of its network as symbols in the work of its route, where they can be.

    >>> from ditcarbon_sym.estimation.point import operating_point
    >>> found = loosened(operating_point("flux.1-dev", gpu="h100-sxm-80gb"))
    >>> [found.values[x] for x in (d, N, N_single)]
    [3072.0, 19.0, 38.0]
    """
    own = pipeline.own(point.route)
    if own is None or point.model.networks is None:
        return point
    networks = point.model.networks()
    chosen = with_symbols(networks.denoiser, heads=False)
    values = {x: value for x, value in point.values.items() if x not in (d, N, N_single, t, f)}
    numbers = {x: float(value) for x, value in chosen.numbers.items()}
    if not numbers:
        return replace(point, values=values)
    multiple = 1 if point.calibration is None else point.calibration.head_multiple
    text, references = int(point.values[m]), int(point.values.get(n_ref, 0))
    made = work.work_of_a_pass(replace(networks, denoiser=chosen.network), text, references, multiple)
    symbolic: dict[Symbol, Expr] = {
        P: total(chosen.network.operators()).parameters, F_dense: made["dense"], F_attn: made["padded"],
        n_exp: made["exponentials"], Q_elem: work.BYTES_PER_ELEMENT * made["moved"], n_launch: made["launches"],
        F_denoiser: B * g * S * (made["dense"] + made["attention"]),
    }  # fmt: skip
    equations = tuple(Equation(x.number, x.lhs, symbolic.get(x.lhs, x.rhs)) for x in own.equations)
    return replace(point, route=replace(own, equations=equations), values={**values, **numbers})
