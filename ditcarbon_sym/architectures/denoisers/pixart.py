"""PixArt-alpha and -Sigma: cross-attention to T5, one modulation shared by all blocks (Chen et al., 2023, 2024).

Released as diffusers' ``PixArtTransformer2DModel`` (src/diffusers/models/transformers/pixart_transformer_2d.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Rational, Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import FREQUENCIES, cross_attention, feed_forward, mlp, modulation, self_attention, single_modulation
from ..network import Denoiser, FeedForwardActivation, is_gated
from ..operators import Operator, Size, buffer, convolution, dense, modulate, norm, repeated, residual, table

THIRD = Rational(1, 3)


@dataclass(frozen=True)
class PixArtTransformer2DModel(Denoiser):
    """adaLN-single: shift, scale and gate come from one projection, plus a table in each block."""

    num_attention_heads: int
    attention_head_dim: int
    in_channels: int
    num_layers: int
    cross_attention_dim: int
    sample_size: int
    patch_size: int
    caption_channels: int
    out_channels: int | None = 8
    use_additional_conditions: bool | None = None
    attention_bias: bool = True
    activation_fn: FeedForwardActivation = "gelu-approximate"
    norm_elementwise_affine: bool = False
    norm_type: Literal["ada_norm_single"] = "ada_norm_single"
    attention_type: Literal["default"] = "default"
    # These do not change the count.
    dropout: float = 0.0
    norm_num_groups: int = 32
    num_embeds_ada_norm: int | None = 1000
    upcast_attention: bool = False
    norm_eps: float = 1e-6
    interpolation_scale: float | None = None

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def conditions_on_size(self) -> bool:
        """Whether output size and aspect ratio are embedded beside the timestep; by default at 1024 pixels only."""
        given = self.use_additional_conditions
        return self.sample_size == 128 if given is None else given

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        outputs = self.in_channels if self.out_channels is None else self.out_channels
        return [
            convolution("pos_embed.proj", ell, self.in_channels, width, (side, side), inputs_read=ell * side**2),
            residual("pos_embed.add", ell, width),
            buffer("pos_embed", (self.sample_size // side) ** 2 * width),
            *self.conditioning(),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            norm("norm_out", ell, width),
            table("scale_shift_table", 2 * width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, side**2 * outputs),
        ]

    def conditioning(self) -> list[Operator]:
        """Timestep, with output size (two numbers) and aspect ratio (one) where the model has them."""
        width = self.width
        sizes: list[Operator] = []
        if self.conditions_on_size:
            sizes = [
                *mlp("adaln_single.emb.resolution_embedder", FREQUENCIES, width * THIRD, rows=2),
                *mlp("adaln_single.emb.aspect_ratio_embedder", FREQUENCIES, width * THIRD),
            ]
        return [
            *mlp("adaln_single.emb.timestep_embedder", FREQUENCIES, width),
            *sizes,
            *modulation("adaln_single", width, width, 6),
        ]

    def block(self) -> list[Operator]:
        """One block: modulated self-attention, plain cross-attention, modulated MLP."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        own = self_attention("attn1", ell, width, heads, head, bias=self.attention_bias)
        cross = cross_attention("attn2", ell, m, width, self.cross_attention_dim, heads, head, bias=self.attention_bias)
        feed = feed_forward("ff", ell, width, 4 * width, gated=is_gated(self.activation_fn))
        return single_modulation(width, own, cross, feed, vectors=2 * self.norm_elementwise_affine)

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {
            s: 0, c: 1, a: 0, j: 0, n_ada: 1, t: self.width, N: self.num_layers, d: self.width, f: 4,
            p: self.patch_size,
        }  # fmt: skip
