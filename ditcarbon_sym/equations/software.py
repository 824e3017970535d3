r"""The software stack: what compilation, attention kernels, formats, caches and offloading leave of the work.

A mode is a substitution in the law of time and energy, on the chain's own symbols. It never multiplies the answer.

- Compilation leaves a part of the elementwise traffic and of the launches: ``Q_elem -> kappa_elem Q_elem``,
  ``n_launch -> lambda_launch n_launch``.
- Another attention kernel takes ``alpha_attn`` of the time. A sparse pattern computes ``delta_attn`` of the scores.
- A narrow format raises the peak of products by ``R_peak``, of which the part ``eta_peak`` is reached. Where nothing is
  fused, it moves ``w_quant`` more bytes for each weight of the denoiser in each pass.
- A step cache skips the part ``c_skip`` of the steps, each at the part ``k_check`` of a step.
- Guidance on the part ``gamma_g`` of the steps: ``g -> 1 + (g - 1) gamma_g``.
- Offloading moves ``Q_host`` bytes once and ``Q_step`` bytes in each step over the host's link. Nothing overlaps.

Several accelerators divide what a mode leaves. Three things they do not divide: each accelerator casts all weights that
nothing is fused with, and moves all weights from the host; and the copies that splitting adds are no part of the
network, so that no compiler fuses them.

At 1 (and 0 for ``c_skip`` and the bytes) each of them gives the law back: `NEUTRAL`.

Joules follow the work that is left. Of a faster kernel that does the same work, it is not known whether joules follow
its time or its work; they go with the power ``chi_time`` of the first and ``1 - chi_time`` of the second.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from sympy import Expr, Integer, Symbol

from .equation import Equation
from .notation import (
    JOULE_PER_KWH,
    B,
    E,
    F_attn,
    F_denoiser,
    F_dense,
    F_total,
    P,
    P_idle,
    Q_elem,
    Q_host,
    Q_step,
    R_peak,
    S,
    alpha_attn,
    beta_host,
    c_skip,
    chi_time,
    delta_attn,
    eta_peak,
    g,
    gamma_g,
    k_check,
    kappa_elem,
    lambda_launch,
    mu,
    n_exp,
    n_launch,
    tau,
    w_quant,
)
from .operator_law import symbols as of_one
from .parallel.symbols import E_alone, n_gpu, n_R, n_U, tau_attn, tau_busy, tau_launch, tau_move, tau_pad, tau_round

NEUTRAL: Mapping[Symbol, Expr] = MappingProxyType({
    kappa_elem: Integer(1), lambda_launch: Integer(1), alpha_attn: Integer(1), delta_attn: Integer(1),
    R_peak: Integer(1), eta_peak: Integer(1), w_quant: Integer(0), c_skip: Integer(0), k_check: Integer(0),
    gamma_g: Integer(1), Q_host: Integer(0), Q_step: Integer(0), beta_host: Integer(1), chi_time: Integer(1),
})  # fmt: skip
"""The value of each symbol at which it changes nothing."""

CONSTANTS: tuple[Symbol, ...] = (
    kappa_elem, lambda_launch, alpha_attn, R_peak, eta_peak, w_quant, k_check, beta_host, chi_time,
)  # fmt: skip
"""What is fitted to runs in modes."""
PARTS: tuple[Symbol, ...] = (c_skip, gamma_g, delta_attn)
"""What a mode sets: parts of the steps and of the scores."""
FASTER: Mapping[Symbol, Expr] = MappingProxyType({alpha_attn: Integer(1), R_peak: Integer(1)})
"""The same work in less time: what ``chi_time`` is about."""

STEPS = S * (1 - c_skip * (1 - k_check))
PASSES = 1 + (g - 1) * gamma_g
KEPT = (1 - c_skip * (1 - k_check)) * PASSES / g
"""Part of the denoiser's passes that are computed."""
LEFT: Mapping[Symbol, Expr] = MappingProxyType({
    Q_elem: kappa_elem * Q_elem + w_quant * P / (B * PASSES),
    n_launch: lambda_launch * n_launch,
    F_attn: alpha_attn * delta_attn * F_attn,
    n_exp: alpha_attn * delta_attn * n_exp,
    F_dense: F_dense / (1 + (R_peak - 1) * eta_peak),
    S: STEPS,
    g: PASSES,
})  # fmt: skip
"""What stands in the law for each kind of work."""
EACH: Mapping[Symbol, Expr] = MappingProxyType({w_quant: n_U * n_R * w_quant})
"""Several accelerators to a pass: each casts all weights."""
OTHERS: Mapping[Symbol, Mapping[Symbol, Expr]] = MappingProxyType({
    tau_busy: {}, tau_attn: {}, tau_round: {}, tau_launch: {},
    tau_pad: {w_quant: Integer(0)}, tau_move: {w_quant: Integer(0), kappa_elem: Integer(1)},
})  # fmt: skip
"""Seconds of several accelerators, by part, and what stands there in place of a mode's symbols."""
TRANSPORT = (Q_host + STEPS * Q_step) / beta_host
"""Seconds in which weights cross the host's link."""


def in_mode(equations: tuple[Equation, ...], symbols: Collection[Symbol]) -> tuple[Equation, ...]:
    """Put a mode into the law's equations of time, efficiency and energy; ``symbols`` are those that the mode sets.

    Symbols that it does not set stand at `NEUTRAL`. The equations of the work stay as they are.

    >>> from ditcarbon_sym.equations import operator_law
    >>> (time,) = in_mode((operator_law.runtime,), (kappa_elem,))
    >>> time.rhs == operator_law.runtime.rhs.xreplace({Q_elem: kappa_elem * Q_elem})
    True
    """
    rest = {x: value for x, value in NEUTRAL.items() if x not in symbols}
    if len(rest) == len(NEUTRAL):
        return equations
    transport, kept = TRANSPORT.subs(rest), KEPT.subs(rest)
    found = []
    parts = [x for x in equations if x.lhs in of_one.TABLE]
    each = EACH if any(x.lhs == tau_busy for x in equations) else {}
    for equation in equations:
        rhs, lhs = equation.rhs, equation.lhs
        if lhs in of_one.TABLE:
            rhs = rhs.xreplace(_left(rest, each))
        elif lhs == tau:
            rhs = rhs.xreplace(_left(rest)) + transport
        elif lhs in OTHERS:
            rhs = rhs.xreplace(_left(rest, OTHERS[lhs]))
        elif lhs == mu:
            rhs = rhs.xreplace({F_total: F_total - F_denoiser * (1 - kept)}) if kept != 1 else rhs
        elif lhs == E and E_alone in rhs.free_symbols:
            rhs += (n_gpu - 1) * P_idle * transport / JOULE_PER_KWH
        elif lhs in (E, E_alone) and tau not in rhs.free_symbols:
            whole = equation.inline(*parts).rhs
            by_time, by_work = (whole.xreplace(_left(x, each)) for x in (rest, {**rest, **FASTER}))
            chi = chi_time.subs(rest)
            own = rhs.xreplace(_left(rest, each)) if by_time == by_work else by_time**chi * by_work ** (1 - chi)
            rhs = own + P_idle * transport / JOULE_PER_KWH
        found.append(Equation(equation.number, lhs, rhs))
    return tuple(found)


def _left(rest: Mapping[Symbol, Expr], instead: Mapping[Symbol, Expr] = MappingProxyType({})) -> dict[Symbol, Expr]:
    """What stands in the law for each kind of work, with what else stands for a mode's symbols."""
    return {x: value.xreplace({**instead, **rest}) for x, value in LEFT.items()}
