"""Allegro: video latents that cross-attend to T5, one modulation shared by all blocks (Zhou et al., 2024).

Released as diffusers' ``AllegroTransformer3DModel`` (src/diffusers/models/transformers/transformer_allegro.py). Its
blocks are PixArt's with rotary positions in time, height and width.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Symbol

from ...equations.notation import c, ell, m
from ..adaln import shared_vectors, shifts_and_scales, single_block, single_output
from ..attentions import attend, rotations
from ..layers import feed_forward, mlp, patches
from ..operators import NORM, Operator, Size, repeated
from .dit import BasicBlocks


@dataclass(frozen=True, kw_only=True)
class AllegroTransformer3DModel(BasicBlocks):
    """adaLN-single: shift, scale and gate come from one projection, plus a table in each block."""

    cross_attention_dim: int
    caption_channels: int
    patch_size_t: Literal[1] = 1
    out_channels: int = 4
    attention_bias: bool = True
    # These say what output it is for; they do not change the count.
    sample_height: int = 90
    sample_width: int = 160
    sample_frames: int = 22

    passed_over = BasicBlocks.passed_over | {
        "norm_type", "sample_size", "sample_size_t", "interpolation_scale_h", "interpolation_scale_w",
        "interpolation_scale_t",
    }  # fmt: skip
    vae_factors: ClassVar[tuple[int, int]] = (8, 4)

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        return [
            *shared_vectors("adaln_single", width),
            patches("pos_embed.proj", self.in_channels, width, (side, side)),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *single_output(shifts_and_scales(2, width), width, side**2 * self.outputs),
        ]

    def block(self) -> list[Operator]:
        """One block, positions in the queries and keys of its self-attention; its third norm is never used."""
        width, heads, bias, affine = self.width, self.heads, self.attention_bias, self.affine
        own = attend("attn1", ell, width, heads, rotations(ell, width), bias=bias)
        cross = attend("attn2", ell, width, heads, keys=m, keys_width=self.cross_attention_dim, bias=bias)
        feed = feed_forward("ff", ell, width, 4 * width, self.activation_fn)
        idle = [Operator("norm3", NORM, 0, parameters=affine * width)] if affine else []
        return [*single_block(width, own, cross, feed, vectors=affine), *idle]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), c: 1}
