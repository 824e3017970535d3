"""The decoder of Stable Audio 3: transformer blocks that make several steps of one (Stability AI, 2026).

Released as diffusers' ``AutoencoderSAME`` (src/diffusers/models/autoencoders/autoencoder_same.py). Learned rows are put
behind each step, and all rows attend to each other under a mask of a window; as masks do, it counts as fully valid.
The result is cut into patches of samples.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

from sympy import Expr, Integer

from ....equations.notation import n_latent
from ...attentions import Heads, rotations
from ...operators import (
    Operator,
    Size,
    attention,
    dense,
    elementwise,
    gate,
    repeated,
    residual,
    table,
    within,
)
from .blocks import SoundDecoder, over_time


@dataclass(frozen=True, kw_only=True)
class AutoencoderSAME(SoundDecoder):
    """Levels of transformer blocks at one width, each ended by a matrix to the next; norms are scaled tangents."""

    audio_channels: int = 2
    patch_size: int = 256
    encoder_channels: int = 128
    encoder_c_mults: tuple[int, ...] = (6,)
    encoder_strides: tuple[int, ...] = (16,)
    encoder_transformer_depths: tuple[int, ...] = (6,)
    latent_dim: int = 256
    use_differential_attention: bool = True
    dim_heads: int = 64
    ff_mult: int = 3

    passed_over = SoundDecoder.passed_over | {
        "sliding_window", "encoder_sinusoidal_blocks", "decoder_sinusoidal_blocks",
    }  # fmt: skip

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the levels, from the latent on, and of a patch."""
        wide = tuple(x * self.encoder_channels for x in self.encoder_c_mults)
        return (*wide[::-1], self.audio_channels * self.patch_size)

    def samples(self, steps: Any) -> Any:
        return steps * prod(self.encoder_strides) * self.patch_size

    def operators(self) -> list[Operator]:
        found = [
            elementwise("bottleneck", n_latent, self.latent_dim),
            dense("proj", n_latent, self.latent_dim, self.widths[0]),
        ]
        steps: Expr = Integer(1) * n_latent
        depths = self.encoder_transformer_depths[::-1]
        for level, (stride, depth) in enumerate(zip(self.encoder_strides[::-1], depths, strict=True)):
            width, after = self.widths[level : level + 2]
            blocks = [
                table("new_tokens", width),
                *repeated("transformers", depth, self.block(steps * (1 + stride), width)),
                *(over_time("mapping", steps * stride, width, after, 1, normed=True) if width != after else []),
            ]
            found += repeated(f"blocks.{level}", 1, blocks)
            steps = steps * stride
        return found

    def block(self, rows: Size, width: int) -> list[Operator]:
        """Self-attention, twice where it is differential: one map less the other; and a gated MLP."""
        wide, maps, inner = min(self.dim_heads, width), 1 + self.use_differential_attention, width * self.ff_mult
        heads = Heads(width // wide, wide)
        normed = [
            *repeated("", maps, [*tangent("q_norm", rows * heads.number, wide, own=False)]),
            *repeated("", maps, [*tangent("k_norm", rows * heads.number, wide, own=False)]),
            table("qk_norm", 2 * (2 * wide + 1)),
        ]
        scores = attention("scores", rows, rows, heads.number, wide)
        own = [
            dense("to_qkv", rows, width, width * (2 * maps + 1), bias=False),
            *normed,
            *repeated("", maps, rotations(rows, width * 1 // 2)),
            *repeated("", maps, [scores]),
            *([residual("difference", rows, width)] if maps > 1 else []),
            dense("to_out", rows, width, width, bias=False),
        ]
        return [
            *tangent("norm_attn", rows, width),
            *within("attn", own),
            residual("attn.add", rows, width),
            *tangent("norm_ff", rows, width),
            dense("ff.proj_in", rows, width, 2 * inner),
            gate("ff.act", rows, inner),
            dense("ff.proj_out", rows, inner, width),
            residual("ff.add", rows, width),
        ]


def tangent(name: str, rows: Size, width: int, *, own: bool = True) -> list[Operator]:
    """In place of a norm, the hyperbolic tangent of a multiple, scaled and shifted."""
    work = elementwise(name, rows, width, operations=4, reads=4, writes=4)
    return [*([table(name, 2 * width + 1)] if own else []), work]
