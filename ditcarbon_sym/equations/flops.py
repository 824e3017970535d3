r"""FLOP of one request: token counts, paper Table 2 by operator, the one-shot stages and Eq. (2).

One fused multiply-add is two FLOP. Products, convolutions and attention scores count; bias, norm, activation and
softmax do not. Flags multiply, they never branch: joint attention (s or j) sends the text tokens through
self-attention and MLP, and a dual-stream block has no separate cross-attention.

Two points where the paper's own usage differs from its text are kept visible as symbols: ``k_VAE`` (1 as printed, 3
as used in Table 7) and ``n_frames`` in the VAE's latent pixels (output frames, as Table 7 uses them, not latent
frames).
"""

from .equation import Equation
from .notation import (
    F_VAE,
    P_VAE,
    B,
    F_block,
    F_denoiser,
    F_text,
    F_total,
    H,
    N,
    P_enc,
    S,
    W,
    a,
    c,
    d,
    ell,
    ell_latent,
    f,
    g,
    j,
    k_VAE,
    m,
    n_frames,
    n_latent,
    p,
    s,
    v_s,
    v_t,
)

# Sizes. Latent frames are rounded down at the boundary; here the exact relation, for (n_frames - 1) % v_t = 0.
latent_frames = Equation("Section 3.2", n_latent, 1 + (n_frames - 1) / v_t)
latent_tokens = Equation("Section 3.2", ell, H / (v_s * p) * W / (v_s * p) * n_latent)
latent_pixels = Equation("Section 3.2", ell_latent, H / v_s * W / v_s * n_frames)

# Table 2, one row each.
rows = ell + (s + j - s * j) * m
SELF_ATTENTION = 8 * rows * d**2 + 4 * rows**2 * d
CROSS_ATTENTION = c * (1 - s) * (4 * ell * d**2 + 4 * m * d**2 + 4 * ell * m * d)
MLP = 4 * f * rows * d**2
ADALN = a * (1 + s) * 12 * d**2
block = Equation("Table 2", F_block, SELF_ATTENTION + CROSS_ATTENTION + MLP + ADALN)

# One-shot stages (2 x parameters x tokens) and the whole request.
text_encoder = Equation("Section 3.2", F_text, 2 * P_enc * m)
vae_decoder = Equation("Section 3.2", F_VAE, 2 * P_VAE * ell_latent * k_VAE)
denoiser = Equation("Section 3.2", F_denoiser, B * g * S * N * F_block)
total = Equation("2", F_total, B * (F_text + F_VAE) + denoiser.rhs)
