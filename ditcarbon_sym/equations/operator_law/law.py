r"""The operator law: time and energy from the work of the operators, in every regime (beyond the paper).

Time has four parts: products at a part of peak; the exponentials of the softmax, on units of their own; norms and
elementwise passes, by the bytes that they move; and, where a pass is too short to fill the accelerator, the launches of
its kernels. The traffic of the products overlaps with them and is not counted again. Where the work would draw more
than rated power, the clock falls and the time is what rated power needs for its joules. All these meet smoothly, so
that the law can be differentiated.

Not every calibration identifies all parameters. On the V100 attention has an efficiency of its own, which includes the
exponentials (``t_exp`` = 0), and bytes move at full bandwidth. On newer accelerators one model alone shows the
launches, and hardly any shows an efficiency of attention apart from that of products. A parameter that the rows do not
show keeps its expected value and uncertainty; each calibration says which are fixed.

Each part is a quantity with a symbol of its own, so that an equation reads in one line; `closed` has the law in its
inputs alone.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Expr, Integer, Rational, Symbol, sqrt

from ..efficiency import LAWS as efficiency_laws
from ..equation import Equation
from ..notation import (
    F_VAE,
    JOULE_PER_KWH,
    TDP,
    B,
    E,
    F_attn,
    F_dense,
    F_text,
    F_total,
    P_idle,
    Q_elem,
    S,
    Theta_peak,
    bandwidth,
    e_dense,
    e_mem,
    e_VAE,
    eps_0,
    eps_byte,
    eps_flop,
    g,
    mu,
    n_exp,
    n_launch,
    q_VAE,
    r_attn,
    rho,
    t_exp,
    t_launch,
    tau,
)
from .symbols import F_work, J_work, tau_floor, tau_full, tau_held, tau_loop, tau_text, tau_VAE

SHARPNESS = 4
"""How sharply the larger of floor and busy time prevails: the sum of fourth powers, and its fourth root."""
LIMITER = 16
"""How sharply the power limit sets in. A limiter holds the mean power a few per cent below rated power: the highest
that is published is 693 of 700 W."""


def larger(one: Expr, other: Expr, sharpness: int = SHARPNESS) -> Expr:
    """The larger of two times, smoothly: never below either, never above their sum."""
    return (one**sharpness + other**sharpness) ** Rational(1, sharpness)


LABEL = "operator law"
passes = B * g * S
TRAFFIC = passes * Q_elem / (e_mem * bandwidth)

work = Equation(
    f"{LABEL}, work", F_work, passes * (F_dense + F_attn / r_attn + n_exp * t_exp * Theta_peak)
)  # fmt: skip
busy = Equation(f"{LABEL}, at full clock", tau_full, F_work / (e_dense * Theta_peak) + TRAFFIC)
joules = Equation(f"{LABEL}, joules", J_work, eps_flop * F_work + eps_byte * passes * Q_elem)
"""Attention is slower than dense products at the same power."""
within_power = Equation(f"{LABEL}, within rated power", tau_held, larger(tau_full, J_work / TDP, LIMITER))
"""Where the work would draw more than rated power, the clock falls."""
unlimited = Equation(f"{LABEL}, no limit of power", tau_held, tau_full)
"""Where no law of energy is known."""
launching = Equation(f"{LABEL}, launching", tau_floor, S * n_launch * t_launch)
looping = Equation(f"{LABEL}, denoising loop", tau_loop, larger(tau_floor, tau_held))
encoding = Equation(
    f"{LABEL}, text encoder", tau_text, B * F_text * larger(1 / (e_dense * Theta_peak), eps_flop / TDP, LIMITER)
)
encoding_unlimited = Equation(f"{LABEL}, text encoder at full clock", tau_text, B * F_text / (e_dense * Theta_peak))
decoding = Equation(f"{LABEL}, VAE decoder", tau_VAE, B * F_VAE * q_VAE / (e_VAE * Theta_peak))

seconds = Equation(f"{LABEL}, time within rated power", tau, tau_loop + tau_text + tau_VAE)
seconds_unlimited = Equation(f"{LABEL}, time", tau, seconds.rhs)
efficiency = Equation(f"{LABEL}, efficiency", mu, F_total / (tau * Theta_peak))
drawn = Equation(
    f"{LABEL}, energy", E,
    (J_work + P_idle * (tau_loop - tau_held) + eps_flop * B * F_text + TDP * tau_VAE) / JOULE_PER_KWH,
)  # fmt: skip
"""Joules follow the work, not the clock; while kernels are launched, the accelerator draws idle power. The VAE decoder
draws full power: the slope and the intercept of a sweep over steps draw the same. So no request draws more than rated
power on the mean, as long as idle power is less."""

PARTS = (work, busy, joules, within_power, launching, looping, encoding, decoding)
EQUATIONS = (*PARTS, seconds, efficiency, drawn)
"""In order of computation."""
AT_FULL_CLOCK = (work, busy, unlimited, launching, looping, encoding_unlimited, decoding, seconds_unlimited, efficiency)
"""Where no law of energy is known, and so no power limit either."""

TIME: tuple[Symbol, ...] = (t_launch, e_dense, r_attn, e_mem, e_VAE)
ENERGY: tuple[Symbol, ...] = (eps_flop, eps_byte)

LAW = "roofline"
LAWS: Mapping[str, tuple[Symbol, ...]] = MappingProxyType({**efficiency_laws, LAW: TIME + ENERGY})
"""Parameters of every law that a calibration may hold; those of energy may be missing."""

TRANSFER: Mapping[Symbol, Expr] = MappingProxyType({
    e_mem: 1 / larger(Integer(1), bandwidth * t_exp / rho),
    eps_flop: sqrt(eps_0 * TDP / Theta_peak),
})  # fmt: skip
"""Parameters of one accelerator in terms of what accelerators have in common. Elementwise passes keep pace with the
clock of the multiprocessors, as the special-function units do, up to what the memory can move. A product takes about as
many joules on all of them, somewhat more where rated power is high for the peak; so those with a high peak for their
power are the ones that `LIMITED` slows down. `fits/transfer.py` compares this with its rivals."""

LAUNCH = 3e-5
"""Seconds to launch an operator of eager PyTorch from Python, expected within a factor of seven. It does not rest on
the single model whose runs show it best. On four and eight accelerators, PixArt-Sigma, HunyuanDiT and SD3.5-medium with
a batch of one stop at 65 to 78 microseconds an operator (`fits/launches.py`), which include the calls that communicate;
the dispatch of one kernel takes some ten."""

ASSUMED: Mapping[Symbol, float] = MappingProxyType({e_VAE: 0.2})
"""The part of peak that a VAE decoder is expected to reach, in the precision that it runs in. Decoders are convolutions
with little work per byte. Only a sweep over steps shows it."""
