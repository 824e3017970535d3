r"""The law of several accelerators: time and energy of one request that they share (beyond the paper).

The tokens are split over ``n_U n_R`` accelerators, the passes of guidance over ``n_C`` groups of them. Three things
happen. The work of a pass *divides*. Splitting *moves* data: heads are exchanged before and after attention (Ulysses),
keys and values go round while attention is at work (ring), and the code that splits adds elementwise passes. The rest
does *not divide*: text encoder, VAE decoder, what the host does for each kernel, which takes longer in that code, and
what it does for each pixel of the output.

    time   = larger(launches, (busy of one + padding) / n + moved) + text + decoding + pictures
    energy = one accelerator's + what is moved and padded + waiting of all

With one accelerator, it is the operator law exactly: ``several`` is 0 and every degree 1. Energy is never below that
of one accelerator, and n accelerators are never more than n times as fast; `tests/equations/test_parallel.py` proves
both. Degrees are numbers like any other, so that the law can be differentiated by them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Integer, Symbol

from ..carbon import embodied as of_one
from ..equation import Equation
from ..notation import (
    JOULE_PER_KWH,
    TDP,
    B,
    C_emb,
    E,
    F_attn,
    F_dense,
    F_total,
    H,
    S,
    Theta_peak,
    W,
    bandwidth,
    e_dense,
    e_mem,
    mu,
    n_exp,
    n_frames,
    n_launch,
    r_attn,
    t_exp,
    tau,
)
from ..operator_law.law import PARTS, TRAFFIC, drawn, larger, passes
from ..operator_law.symbols import tau_floor, tau_held, tau_text, tau_VAE
from .symbols import (
    E_alone,
    Q_attn,
    c_copy,
    c_ring,
    c_VAE,
    crossed,
    e_link,
    e_ring,
    everywhere,
    gathered,
    link,
    n_attn,
    n_C,
    n_dec,
    n_gpu,
    n_R,
    n_U,
    n_vae,
    pad_attn,
    pad_dense,
    pad_elem,
    phi_move,
    phi_wait,
    several,
    t_host,
    t_ring,
    t_swap,
    t_wrap,
    tau_attn,
    tau_busy,
    tau_dec,
    tau_launch,
    tau_move,
    tau_pad,
    tau_pixel,
    tau_round,
    tau_steps,
)

LABEL = "several accelerators"
number = Equation(f"{LABEL}, number", n_gpu, n_U * n_R * n_C)

DENSE = passes * F_dense / (e_dense * Theta_peak)
ATTENTION = passes * (F_attn / (r_attn * Theta_peak) + n_exp * t_exp) / e_dense
busy = Equation(f"{LABEL}, busy", tau_busy, tau_held / n_gpu)
attention = Equation(f"{LABEL}, attention", tau_attn, ATTENTION / n_gpu)
padding = Equation(
    f"{LABEL}, padding", tau_pad,
    (pad_dense - 1) * DENSE + (pad_attn - 1) * ATTENTION + (pad_elem - 1) * TRAFFIC,
)  # fmt: skip

SHARE = passes * Q_attn / n_gpu
"""Bytes of queries, keys, values and outputs that each accelerator holds, over a whole request."""
SENT, MERGED, CALLS = SHARE * (1 + crossed / 2), SHARE / 4 * (1 + crossed), n_attn * (1 + crossed)
"""Where attention to the text is sent along: as many queries and outputs again, half of those bytes; as many outputs to
merge, and as many layers."""
ADDED = several * c_copy * TRAFFIC / n_gpu
EXCHANGE = (1 - 1 / n_U) * SENT / (e_link * link)
MERGES = (n_R - 1) * c_ring * MERGED / (e_mem * bandwidth)
REACHED = e_ring + gathered * (e_link - e_ring)
"""Part of the link that keys and values reach: all send to all at once, or each to the next."""
around = Equation(f"{LABEL}, round", tau_round, (n_R - 1) * SHARE / 2 / (REACHED * link))
"""Keys and values, half of these bytes, go round n_R - 1 times, and the outputs, a quarter, are merged as often."""
LATE = larger(tau_attn, tau_round) - tau_attn
"""What of the round does not fit behind attention."""
moving = Equation(f"{LABEL}, moving", tau_move, ADDED + EXCHANGE + MERGES + LATE)

launching = Equation(
    f"{LABEL}, launching", tau_launch,
    tau_floor + S * (several * n_launch * t_wrap + CALLS * ((1 - 1 / n_U) * t_swap + (n_R - 1) * t_ring)),
)  # fmt: skip
AT_WORK = tau_busy + tau_pad / n_gpu + tau_move
steps = Equation(f"{LABEL}, steps", tau_steps, larger(tau_launch, AT_WORK))

decoders = Equation(f"{LABEL}, decoders", n_dec, n_vae + everywhere * (n_gpu - n_vae))
decoding = Equation(f"{LABEL}, decoding", tau_dec, (1 + c_VAE * (1 - 1 / n_gpu)) * tau_VAE / n_vae)
pictures = Equation(f"{LABEL}, pictures", tau_pixel, (1 - 1 / n_gpu) * t_host * B * H * W * n_frames)
"""The law of one accelerator has the host's pixels among its steps, of which 1 / n is left here."""
runtime = Equation(f"{LABEL}, time", tau, tau_steps + tau_text + tau_dec + tau_pixel)
runtime_at_full_clock = Equation(f"{LABEL}, time at full clock", tau, runtime.rhs)
"""Where no law of energy is known, and so no power limit either."""
efficiency = Equation(f"{LABEL}, efficiency", mu, F_total / (n_gpu * tau * Theta_peak))

alone = Equation(f"{LABEL}, energy of one", E_alone, drawn.rhs)
MOVING = phi_move * (n_gpu * tau_move + tau_pad)
OTHERS = (n_gpu - 1) * (tau_text + tau_pixel) + (n_gpu - n_dec) * tau_dec
WAITING = phi_wait * (several * n_gpu * (tau_steps - AT_WORK) + OTHERS)
AGAIN = (n_dec - n_vae) * tau_dec
energy = Equation(f"{LABEL}, energy", E, E_alone + TDP * (MOVING + WAITING + AGAIN) / JOULE_PER_KWH)
"""Joules of all accelerators. What the VAE decodes once is among the joules of one accelerator, however its seconds are
told apart from those of the steps; where the pipeline decodes everywhere, each other accelerator draws full power for
the same outputs. Where it does not, the others wait, and all but one for the host."""
embodied = Equation(f"{LABEL}, embodied", C_emb, n_gpu * of_one.rhs)

TIMES = (
    number, busy, attention, padding, around, moving, launching, steps, decoders, decoding, pictures, runtime,
    efficiency,
)  # fmt: skip
AT_FULL_CLOCK = tuple({runtime: runtime_at_full_clock}.get(x, x) for x in TIMES)
EQUATIONS = (*TIMES, alone, energy, embodied)
"""In order of computation, after the parts of one accelerator (`operator_law.PARTS`)."""

TIME: tuple[Symbol, ...] = (t_wrap, t_swap, t_ring, e_link, e_ring, c_copy, c_ring, c_VAE, t_host)
ENERGY: tuple[Symbol, ...] = (phi_wait, phi_move)
DEGREES: tuple[Symbol, ...] = (n_U, n_R, n_C)
ALONE: Mapping[Symbol, Integer] = MappingProxyType({
    **dict.fromkeys((*DEGREES, n_gpu, n_vae, pad_dense, pad_attn, pad_elem), Integer(1)), several: Integer(0),
})  # fmt: skip
"""One accelerator: what the symbols of a split then are."""


def closed(equation: Equation) -> Equation:
    """An equation of this law in its inputs alone."""
    return equation.inline(*(x for x in (*PARTS, *EQUATIONS) if x.lhs not in (equation.lhs, tau, E, mu, C_emb)))
