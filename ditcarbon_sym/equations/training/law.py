r"""Training: FLOP, time and energy of its steps, from the work of one forward pass (beyond the paper).

A step makes a forward and a backward pass of each sample. For a product Y = X W, the backward pass makes two of the
same size, by the input and by the weight; fused attention computes its scores once more besides, so that it takes two
and a half (`derivations/training.py`). A part r of the forward pass may be computed again to save memory. Encoders are
frozen: they run forward only, or not at all where their outputs are cached. The optimiser moves its states, gradients
go round among the accelerators that share the samples, behind the backward pass as far as they fit, and tensor
parallelism exchanges activations.

    step   = c (larger(launches, busy) + frozen + optimiser) + late + exchanged
    energy = joules of the work, as in the law of inference, and of what is moved; idle power while the host launches

The law of time and energy is that of inference (`operator_law`) on this work. One constant is fitted to published
speeds of training: c, the time of a step over what that law gives. With one accelerator nothing goes round.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Expr, Integer, Rational, Symbol

from ..carbon import embodied as of_one
from ..equation import Equation
from ..notation import (
    JOULE_PER_KWH,
    TDP,
    B,
    C_chip,
    C_output,
    C_server,
    E,
    F_attn,
    F_denoiser,
    F_dense,
    F_text,
    F_total,
    P,
    P_host,
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
    q_VAE,
    r_attn,
    t_exp,
    t_launch,
    tau,
)
from ..operator_law.law import LIMITER, larger
from ..parallel.symbols import Q_attn, e_link, link, phi_move
from .symbols import (
    B_step,
    F_again,
    F_bwd,
    F_enc,
    F_frozen,
    F_fwd,
    F_step,
    M_state,
    Q_act,
    Q_grad,
    Q_opt,
    Q_step_elem,
    W_step,
    b_grad,
    c_train,
    cached,
    cached_text,
    ema,
    k_back,
    n_D,
    n_step,
    n_T,
    n_train,
    r_again,
    reduction,
    shards,
    tau_frozen,
    tau_host,
    tau_late,
    tau_opt,
    tau_reduce,
    tau_step,
    tau_tensor,
    tau_work,
)

LABEL = "training"
OF_PRODUCT, OF_ATTENTION = Integer(2), Rational(5, 2)
"""Backward over forward: of a product, and of fused attention, which computes the scores again."""
ADAMW, AVERAGE = 28, 12
"""Bytes that a step moves for each parameter. AdamW in mixed precision reads a 16-bit gradient (2), reads and writes
the 32-bit master weight, first and second moment (8 each) and writes the 16-bit weight (2). A moving average reads the
weight (4) and reads and writes the average (8)."""
STATES, KEPT_AVERAGE = 12, 4
"""Bytes that are kept for each parameter: master weight and two moments, which sharding divides; the average."""
WEIGHTS = 2
"""Bytes of a weight beside its master copy."""
REDUCTIONS = 2
"""All-reductions of a block's activations in a forward pass, and again in a backward pass: after attention and after
the MLP (shoeybi2019megatron)."""

degrees = Equation(f"{LABEL}, data parallelism", n_D, n_train / n_T)
share = B_step / n_train
"""Samples of each accelerator."""

forward = Equation(f"{LABEL}, forward", F_fwd, F_denoiser / (B * g * S))
backward = Equation(f"{LABEL}, backward", F_bwd, OF_PRODUCT * F_dense + OF_ATTENTION * (F_fwd - F_dense))
again = Equation(f"{LABEL}, recomputation", F_again, r_again * F_fwd)
frozen = Equation(f"{LABEL}, frozen encoders", F_frozen, (1 - cached_text) * F_text + (1 - cached) * F_enc)
step = Equation(f"{LABEL}, step", F_step, B_step * (F_fwd + F_bwd + F_again + F_frozen))
total = Equation(f"{LABEL}, FLOP", F_total, n_step * F_step)

work = Equation(
    f"{LABEL}, work", W_step,
    (1 + OF_PRODUCT + r_again) * F_dense + (1 + OF_ATTENTION + r_again) * F_attn / r_attn
    + (2 + r_again) * n_exp * t_exp * Theta_peak,
)  # fmt: skip
"""The exponentials of the softmax are computed forward and once more backward."""
traffic = Equation(f"{LABEL}, traffic", Q_step_elem, (1 + k_back + r_again) * Q_elem)
busy = Equation(
    f"{LABEL}, busy", tau_work, share * (W_step / (e_dense * Theta_peak) + Q_step_elem / (e_mem * bandwidth))
)
JOULES = share * (eps_flop * W_step + eps_byte * Q_step_elem)
LIMITED = larger(busy.rhs, JOULES / TDP, LIMITER)
within_power = Equation(f"{LABEL}, busy within rated power", tau_work, LIMITED)
ENCODED = share * (1 - cached) * F_enc * q_VAE / (e_VAE * Theta_peak)
READ = share * (1 - cached_text) * F_text / (e_dense * Theta_peak)
encoders = Equation(f"{LABEL}, encoders", tau_frozen, ENCODED + READ)
DIVIDED = 1 + shards * (n_D - 1)
moved = Equation(f"{LABEL}, states moved", Q_opt, (ADAMW + AVERAGE * ema) * P / (n_T * DIVIDED))
optimiser = Equation(f"{LABEL}, optimiser", tau_opt, Q_opt / (e_mem * bandwidth))
held = Equation(
    f"{LABEL}, states held", M_state,
    P / n_T * (WEIGHTS + b_grad + (STATES + KEPT_AVERAGE * ema) / DIVIDED),
)  # fmt: skip
gradients = Equation(f"{LABEL}, gradients", Q_grad, 2 * (n_D - 1) / n_D * b_grad * P / n_T)
"""A ring sends each byte twice around, but for one part in n."""
reducing = Equation(f"{LABEL}, reduction", tau_reduce, Q_grad / (e_link * reduction))
BEHIND = tau_work * OF_PRODUCT / (1 + OF_PRODUCT + r_again)
"""Seconds of the backward pass, behind which gradients go round."""
late = Equation(f"{LABEL}, late", tau_late, larger(BEHIND, tau_reduce) - BEHIND)
activations = Equation(
    f"{LABEL}, activations", Q_act,
    (2 + r_again) * REDUCTIONS * 2 * (n_T - 1) / n_T * Q_attn / 4 * B_step / n_D,
)  # fmt: skip
"""Q_attn / 4 are the bytes of the activations of all attention layers."""
exchanging = Equation(f"{LABEL}, tensor parallelism", tau_tensor, Q_act / (e_link * link))
launching = Equation(f"{LABEL}, launching", tau_host, (1 + OF_PRODUCT + r_again) * n_launch * t_launch)
LARGER = larger(tau_host, tau_work)
one_step = Equation(
    f"{LABEL}, time of a step", tau_step, c_train * (LARGER + tau_frozen + tau_opt) + tau_late + tau_tensor
)
runtime = Equation(f"{LABEL}, time", tau, n_step * tau_step)
efficiency = Equation(f"{LABEL}, efficiency", mu, F_total / (n_train * tau * Theta_peak))

READ_JOULES = eps_flop * share * (1 - cached_text) * F_text
DRAWN = JOULES + READ_JOULES + TDP * ENCODED + eps_byte * Q_opt + P_idle * (LARGER - tau_work)
energy = Equation(
    f"{LABEL}, energy", E,
    n_step * n_train * (c_train * DRAWN + phi_move * TDP * (tau_late + tau_tensor)) / JOULE_PER_KWH,
)  # fmt: skip
"""Joules of all accelerators. A step that takes c times as long is taken to draw the same power meanwhile. Exchanges
that the backward pass hides are taken to draw nothing beyond what it draws."""
rated = Equation("5", E, n_train * tau * TDP / JOULE_PER_KWH)
"""Energy where a calibration has no law of it."""
OF_ALL: Mapping[Symbol, Expr] = MappingProxyType({x: n_train * x for x in (P_host, C_chip, C_server)})


def accounted(equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
    """From seconds and kWh of a training to grams: the equations of a request's boundary, on all accelerators.

    >>> print(accounted((of_one,))[0].rhs)
    C_chip*n_train*tau/L
    """
    return tuple(Equation(x.number, x.lhs, x.rhs.xreplace(OF_ALL)) for x in equations if x.lhs != C_output)


(embodied,) = accounted((of_one,))

WORK = (degrees, forward, backward, again, frozen, step, total)
BEFORE = (work, traffic)
AFTER = (
    encoders, moved, optimiser, held, gradients, reducing, late, activations, exchanging, launching, one_step, runtime,
    efficiency,
)  # fmt: skip
EQUATIONS = (*WORK, *BEFORE, within_power, *AFTER, energy, embodied)
"""In order of computation."""
AT_FULL_CLOCK = (*WORK, *BEFORE, busy, *AFTER, rated)
"""Where no law of energy is known, and so no power limit either."""
FITTED: tuple[Symbol, ...] = (c_train,)


def closed(equation: Equation) -> Equation:
    """An equation of training in its inputs alone.

    >>> [x.name for x in closed(gradients).inputs]
    ['P', 'b_grad', 'n_T', 'n_train']
    """
    return equation.inline(*(x for x in EQUATIONS if x.lhs != equation.lhs))
