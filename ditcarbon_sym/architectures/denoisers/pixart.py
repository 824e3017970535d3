"""PixArt-alpha and -Sigma: cross-attention to T5, one modulation shared by all blocks (Chen et al., 2023, 2024).

Released as diffusers' ``PixArtTransformer2DModel`` (src/diffusers/models/transformers/pixart_transformer_2d.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sympy import Rational, Symbol

from ...equations.notation import c, ell, m
from ..adaln import shared_vectors, single_block, single_output
from ..attentions import attend
from ..layers import FREQUENCIES, feed_forward, mlp, placed_patches
from ..operators import Operator, Size, repeated, table
from .dit import BasicBlocks

THIRD = Rational(1, 3)


@dataclass(frozen=True, kw_only=True)
class PixArtTransformer2DModel(BasicBlocks):
    """adaLN-single: shift, scale and gate come from one projection, plus a table in each block."""

    cross_attention_dim: int
    sample_size: int
    caption_channels: int
    out_channels: int | None = 8
    use_additional_conditions: bool | None = None
    attention_bias: bool = True
    norm_type: Literal["ada_norm_single"] = "ada_norm_single"
    attention_type: Literal["default"] = "default"

    passed_over = BasicBlocks.passed_over | {
        "norm_num_groups", "num_embeds_ada_norm", "upcast_attention", "interpolation_scale",
    }  # fmt: skip

    @property
    def conditions_on_size(self) -> bool:
        """Whether output size and aspect ratio are embedded beside the timestep; by default at 1024 pixels only."""
        given = self.use_additional_conditions
        return self.sample_size == 128 if given is None else given

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        return [
            *placed_patches(self.in_channels, width, side, (self.sample_size // side) ** 2),
            *shared_vectors("adaln_single", width, self.sizes()),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *single_output([table("scale_shift_table", 2 * width)], width, side**2 * self.outputs),
        ]

    def sizes(self) -> list[Operator]:
        """Output size (two numbers) and aspect ratio (one), embedded where the model has them."""
        width = self.width * THIRD
        if not self.conditions_on_size:
            return []
        return [
            *mlp("adaln_single.emb.resolution_embedder", FREQUENCIES, width, rows=2),
            *mlp("adaln_single.emb.aspect_ratio_embedder", FREQUENCIES, width),
        ]

    def block(self) -> list[Operator]:
        """One block: modulated self-attention, plain cross-attention, modulated MLP."""
        width, heads, bias, affine = self.width, self.heads, self.attention_bias, 2 * self.norm_elementwise_affine
        own = attend("attn1", ell, width, heads, bias=bias)
        cross = attend("attn2", ell, width, heads, keys=m, keys_width=self.cross_attention_dim, bias=bias)
        feed = feed_forward("ff", ell, width, 4 * width, self.activation_fn)
        return single_block(width, own, cross, feed, vectors=affine)

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), c: 1}
