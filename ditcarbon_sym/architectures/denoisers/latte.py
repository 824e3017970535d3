"""Latte: attention within a frame and attention along time take turns, with text in the former (Ma et al., 2024).

Released as diffusers' ``LatteTransformer3DModel`` (src/diffusers/models/transformers/latte_transformer_3d.py). Both
kinds of block are PixArt's; ``num_layers`` counts each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Symbol

from ...equations.notation import c, ell, m, n_latent
from ..adaln import shared_vectors, shifts_and_scales, single_block, single_output
from ..attentions import attend
from ..layers import FeedForwardActivation, feed_forward, mlp, placed_patches
from ..operators import Operator, Size, buffer, repeated, residual
from .dit import BasicBlocks

PLACES = ell / n_latent
"""Latent tokens of one frame."""


@dataclass(frozen=True, kw_only=True)
class LatteTransformer3DModel(BasicBlocks):
    """adaLN-single; every frame cross-attends to a copy of the text, whose keys and values are made anew for each."""

    caption_channels: int
    norm_type: Literal["ada_norm_single"]
    out_channels: int | None = None
    cross_attention_dim: int | None = None
    attention_bias: bool = False
    sample_size: int = 64
    activation_fn: FeedForwardActivation = "geglu"
    norm_elementwise_affine: bool = True
    video_length: int = 16

    passed_over = BasicBlocks.passed_over | {"num_embeds_ada_norm"}

    @property
    def blocks(self) -> Any:
        return 2 * self.num_layers

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        return [
            *placed_patches(self.in_channels, width, side, (self.sample_size // side) ** 2),
            *shared_vectors("adaln_single", width),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            residual("temp_pos_embed.add", ell, width),
            buffer("temp_pos_embed", self.video_length * width),
            *repeated("transformer_blocks", self.num_layers, self.block(n_latent, self.cross_attention(n_latent))),
            *repeated("temporal_transformer_blocks", self.num_layers, self.block(PLACES, [])),
            *single_output(shifts_and_scales(2, width, n_latent), width, side**2 * self.outputs),
        ]

    def block(self, sequences: Size, cross: list[Operator]) -> list[Operator]:
        """One block on so many sequences: modulated self-attention, plain cross-attention (in a frame), modulated MLP.
        The table of the modulation is added to the condition for each sequence.
        """
        width, affine = self.width, 2 * self.norm_elementwise_affine
        own = attend("attn1", ell, width, self.heads, sequences=sequences, bias=self.attention_bias)
        feed = feed_forward("ff", ell, width, 4 * width, self.activation_fn)
        return single_block(width, own, cross, feed, vectors=affine, conditions=sequences)

    def cross_attention(self, sequences: Size) -> list[Operator]:
        """Attention of each sequence to the whole text, where there is one."""
        if self.cross_attention_dim is None:
            return []
        return attend(
            "attn2", ell, self.width, self.heads, keys=sequences * m, keys_width=self.cross_attention_dim,
            sequences=sequences, bias=self.attention_bias,
        )  # fmt: skip

    def leading_order(self) -> Mapping[Symbol, Size]:
        """Blocks of both kinds, all taken to cross-attend and to see every token."""
        return {**super().leading_order(), c: 1}
