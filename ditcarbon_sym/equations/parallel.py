r"""The law of several accelerators: time and energy of one request that they share (beyond the paper).

The tokens are split over ``n_U n_R`` accelerators, the passes of guidance over ``n_C`` groups of them. Three things
happen. The work of a pass *divides*. Splitting *moves* data: heads are exchanged before and after attention (Ulysses),
keys and values go round while attention is at work (ring), and the code that splits adds elementwise passes. The rest
does *not divide*: text encoder, VAE decoder, and what the host does for each kernel, which takes longer in that code.

    time   = larger(launches, (busy of one + padding) / n + moved) + text + decoding
    energy = one accelerator's + what is moved and padded + waiting of all

With one accelerator, it is the operator law exactly: ``several`` is 0 and every degree 1. Energy is never below that
of one accelerator, and n accelerators are never more than n times as fast; `tests/equations/test_parallel.py` proves
both. Degrees are numbers like any other, so that the law can be differentiated by them.
"""

from sympy import Expr, Integer, Symbol

from . import operator_law
from .carbon import embodied as of_one
from .equation import Equation
from .notation import (
    F_VAE,
    JOULE_PER_KWH,
    TDP,
    B,
    C_emb,
    E,
    F_dense,
    F_text,
    F_total,
    S,
    Theta_peak,
    bandwidth,
    e_dense,
    e_mem,
    e_VAE,
    mu,
    n_launch,
    tau,
)
from .operator_law import larger, passes
from .parallel_notation import (
    Q_attn,
    c_copy,
    c_ring,
    c_VAE,
    e_link,
    link,
    n_attn,
    n_C,
    n_dec,
    n_gpu,
    n_R,
    n_U,
    pad_dense,
    pad_elem,
    phi_move,
    phi_wait,
    several,
    t_ring,
    t_wrap,
)

LABEL = "several accelerators"
number = Equation(f"{LABEL}, number", n_gpu, n_U * n_R * n_C)

DENSE = passes * F_dense / (e_dense * Theta_peak)
ATTENTION = operator_law.PRODUCTS - DENSE
PADDING = (pad_dense - 1) * DENSE + (pad_elem - 1) * operator_law.TRAFFIC
WORK = (operator_law.BUSY + PADDING) / n_gpu
"""Seconds of each accelerator's own share."""

SHARE = passes * Q_attn / n_gpu
"""Bytes of queries, keys, values and outputs that each accelerator holds, over a whole request."""
COPIES = several * c_copy * operator_law.TRAFFIC / n_gpu
EXCHANGE = (1 - 1 / n_U) * SHARE / (e_link * link)
MERGES = (n_R - 1) * c_ring * SHARE / 4 / (e_mem * bandwidth)
ROUND = (n_R - 1) * SHARE / 2 / (e_link * link)
"""Keys and values, half of these bytes, go round n_R - 1 times, and the outputs, a quarter, are merged as often."""
LATE = larger(ATTENTION / n_gpu, ROUND) - ATTENTION / n_gpu
"""What of that does not fit behind attention."""
MOVED = COPIES + EXCHANGE + MERGES + LATE

LAUNCHES = operator_law.LAUNCHES + S * (several * n_launch * t_wrap + n_attn * (n_R - 1) * t_ring)
BUSY = WORK + MOVED
DENOISING = larger(LAUNCHES, BUSY)
WAITING = DENOISING - BUSY
DECODING_OF_ONE = B * F_VAE / (e_VAE * Theta_peak)
DECODING = (1 + c_VAE * (1 - 1 / n_gpu)) * DECODING_OF_ONE
TEXT = B * F_text / (e_dense * Theta_peak)

runtime = Equation(f"{LABEL}, time", tau, DENOISING + operator_law.ONE_SHOT + DECODING - DECODING_OF_ONE)
efficiency = Equation(f"{LABEL}, efficiency", mu, F_total / (n_gpu * tau * Theta_peak))

_MOVING: Expr = phi_move * (n_gpu * MOVED + PADDING)
_WAITING: Expr = phi_wait * (several * n_gpu * WAITING + (n_gpu - 1) * TEXT + (n_gpu - n_dec) * DECODING)
energy = Equation(
    f"{LABEL}, energy",
    E,
    operator_law.energy.rhs + TDP * (_MOVING + _WAITING + n_dec * DECODING - DECODING_OF_ONE) / JOULE_PER_KWH,
)
"""Joules of all accelerators. Those on which the VAE decodes draw full power, and so do all of them for the same
outputs where the pipeline decodes everywhere; the others wait."""
embodied = Equation(f"{LABEL}, embodied", C_emb, n_gpu * of_one.rhs)

EQUATIONS = (number, runtime, efficiency, energy, embodied)

TIME: tuple[Symbol, ...] = (t_wrap, t_ring, e_link, c_copy, c_ring, c_VAE)
ENERGY: tuple[Symbol, ...] = (phi_wait, phi_move)
DEGREES: tuple[Symbol, ...] = (n_U, n_R, n_C)
ALONE = {x: Integer(1) for x in (*DEGREES, n_gpu, n_dec, pad_dense, pad_elem)} | {several: Integer(0)}
"""One accelerator: what the symbols of a split then are."""
