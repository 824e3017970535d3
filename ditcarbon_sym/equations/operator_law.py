r"""The operator law: time and energy from the work of the operators, in every regime (beyond the paper).

Time has four parts: products at a part of peak; the exponentials of the softmax, on units of their own; bytes that
norms and elementwise passes move, at a part of the bandwidth; and, where a pass is too short to fill the accelerator,
the launches of its kernels. The traffic of the products overlaps with them and is not counted again. Launches and busy
time meet smoothly, so that the law can be differentiated.

Not every calibration identifies all parameters. On the V100 attention has an efficiency of its own, which includes the
exponentials (``t_exp`` = 0), and bytes move at full bandwidth. On newer accelerators one model alone shows the
launches, and hardly any shows an efficiency of attention apart from that of products. A parameter that the rows do not
show keeps its expected value and uncertainty; each calibration says which are fixed.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Expr, Integer, Rational, Symbol

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
    eps_byte,
    eps_flop,
    g,
    mu,
    n_exp,
    n_launch,
    phi_elem,
    r_attn,
    rho,
    t_exp,
    t_launch,
    tau,
)

SHARPNESS = 4
"""How sharply the larger of floor and busy time prevails: the sum of fourth powers, and its fourth root."""

passes = B * g * S
LAUNCHES = S * n_launch * t_launch
PRODUCTS = passes * (F_dense / Theta_peak + F_attn / (r_attn * Theta_peak) + n_exp * t_exp) / e_dense
TRAFFIC = passes * Q_elem / (e_mem * bandwidth)
BUSY = PRODUCTS + TRAFFIC
ONE_SHOT = B * F_text / (e_dense * Theta_peak) + B * F_VAE / (e_VAE * Theta_peak)


def larger(one: Expr, other: Expr) -> Expr:
    """The larger of two times, smoothly: never below either, never above their sum."""
    return (one**SHARPNESS + other**SHARPNESS) ** Rational(1, SHARPNESS)


DENOISING = larger(LAUNCHES, BUSY)
runtime = Equation("operator law, time", tau, DENOISING + ONE_SHOT)
efficiency = Equation("operator law, efficiency", mu, F_total / (tau * Theta_peak))

WORK_ENERGY = eps_flop * (passes * (F_dense + F_attn + n_exp * t_exp * Theta_peak) + B * F_text)
WAITING = DENOISING - BUSY
energy = Equation(
    "operator law, energy",
    E,
    (WORK_ENERGY + eps_byte * passes * Q_elem + P_idle * WAITING + TDP * B * F_VAE / (e_VAE * Theta_peak))
    / JOULE_PER_KWH,
)
"""Joules follow the work, not the clock; while kernels are launched, the accelerator draws idle power. The VAE decoder,
which no measurement shows alone, draws full power."""

EQUATIONS = (runtime, efficiency, energy)

TIME: tuple[Symbol, ...] = (t_launch, e_dense, r_attn, e_mem, e_VAE)
ENERGY: tuple[Symbol, ...] = (eps_flop, eps_byte)

LAW = "roofline"
LAWS: Mapping[str, tuple[Symbol, ...]] = MappingProxyType({**efficiency_laws, LAW: TIME + ENERGY})
"""Parameters of every law that a calibration may hold; those of energy may be missing."""

TRANSFER: Mapping[Symbol, Expr] = MappingProxyType({
    e_mem: 1 / larger(Integer(1), bandwidth * t_exp / rho),
    eps_flop: TDP / (e_dense * Theta_peak),
    eps_byte: phi_elem * TDP / (e_mem * bandwidth),
})  # fmt: skip
"""Parameters of one accelerator in terms of what accelerators have in common. Elementwise passes keep pace with the
clock of the multiprocessors, as the special-function units do, up to what the memory can move. Products draw rated
power, elementwise passes a part of it. `fits/transfer.py` compares this with its rivals."""

LAUNCH = 1e-5
"""Seconds to launch an operator of eager PyTorch from Python, assumed. Among the published runs only SANA with a batch
of one has passes short enough to wait for launches: 9 microseconds on the H100 and 8 on the B200. The V100's corpus,
with older software, shows ten times that."""

ASSUMED: Mapping[Symbol, float] = MappingProxyType({e_VAE: 0.2})
"""What no published measurement shows. Decoders are convolutions with little work per byte. Of a tenth, a fifth and
three tenths of peak, a fifth fits the whole requests of H100 and B200 best."""
