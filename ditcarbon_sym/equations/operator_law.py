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
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Expr, Integer, Rational, Symbol, sqrt

from .efficiency import LAWS as efficiency_laws
from .equation import Equation
from .notation import (
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

SHARPNESS = 4
"""How sharply the larger of floor and busy time prevails: the sum of fourth powers, and its fourth root."""
LIMITER = 16
"""How sharply the power limit sets in. A limiter holds the mean power a few per cent below rated power: the highest
that is published is 693 of 700 W."""

passes = B * g * S
LAUNCHES = S * n_launch * t_launch
WORK = passes * (F_dense + F_attn / r_attn + n_exp * t_exp * Theta_peak)
"""The work of the products, in FLOP of dense ones that take as long."""
PRODUCTS = WORK / (e_dense * Theta_peak)
TRAFFIC = passes * Q_elem / (e_mem * bandwidth)
BUSY = PRODUCTS + TRAFFIC
"""What the passes take at full clock."""
TEXT = B * F_text / (e_dense * Theta_peak)
DECODER = B * F_VAE * q_VAE / (e_VAE * Theta_peak)
ONE_SHOT = TEXT + DECODER


def larger(one: Expr, other: Expr, sharpness: int = SHARPNESS) -> Expr:
    """The larger of two times, smoothly: never below either, never above their sum."""
    return (one**sharpness + other**sharpness) ** Rational(1, sharpness)


DENOISING = larger(LAUNCHES, BUSY)
runtime = Equation("operator law, time", tau, DENOISING + ONE_SHOT)
"""Time at full clock, where no law of energy is known."""
efficiency = Equation("operator law, efficiency", mu, F_total / (tau * Theta_peak))

JOULES = eps_flop * WORK + eps_byte * passes * Q_elem
"""Joules of the passes' work. Attention is slower than dense products at the same power."""
LIMITED = larger(BUSY, JOULES / TDP, LIMITER)
"""What the passes take within rated power: where their work would draw more, the clock falls."""
TEXT_JOULES = eps_flop * B * F_text
LIMITED_TEXT = B * F_text * larger(1 / (e_dense * Theta_peak), eps_flop / TDP, LIMITER)
WAITING = larger(LAUNCHES, LIMITED) - LIMITED

limited = Equation(
    "operator law, time within rated power", tau, larger(LAUNCHES, LIMITED) + LIMITED_TEXT + DECODER
)  # fmt: skip
energy = Equation("operator law, energy", E, (JOULES + P_idle * WAITING + TEXT_JOULES + TDP * DECODER) / JOULE_PER_KWH)
"""Joules follow the work, not the clock; while kernels are launched, the accelerator draws idle power. The VAE decoder
draws full power: the slope and the intercept of a sweep over steps draw the same. So no request draws more than rated
power on the mean, as long as idle power is less."""

EQUATIONS = (limited, efficiency, energy)

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
