"""Allegro: video latents that cross-attend to T5, one modulation shared by all blocks (Zhou et al., 2024).

Released as diffusers' ``AllegroTransformer3DModel`` (src/diffusers/models/transformers/transformer_allegro.py). Its
blocks are PixArt's with rotary positions in time, height and width.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sympy import Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import (
    FREQUENCIES,
    cross_attention,
    feed_forward,
    mlp,
    modulation,
    queries_keys_values,
    rotations,
    single_modulation,
)
from ..network import Denoiser, FeedForwardActivation, is_gated
from ..operators import (
    NORM,
    Operator,
    Size,
    attention,
    convolution,
    dense,
    elementwise,
    modulate,
    norm,
    repeated,
    table,
    within,
)


@dataclass(frozen=True)
class AllegroTransformer3DModel(Denoiser):
    """adaLN-single: shift, scale and gate come from one projection, plus a table in each block."""

    patch_size: int
    num_attention_heads: int
    attention_head_dim: int
    in_channels: int
    num_layers: int
    cross_attention_dim: int
    caption_channels: int
    patch_size_t: Literal[1] = 1
    out_channels: int = 4
    attention_bias: bool = True
    activation_fn: FeedForwardActivation = "gelu-approximate"
    norm_elementwise_affine: bool = False
    # These do not change the count.
    dropout: float = 0.0
    sample_height: int = 90
    sample_width: int = 160
    sample_frames: int = 22
    norm_eps: float = 1e-6
    interpolation_scale_h: float | None = 2.0
    interpolation_scale_w: float | None = 2.0
    interpolation_scale_t: float | None = 2.2

    vae_factors: ClassVar[tuple[int, int]] = (8, 4)
    passed_over: ClassVar[frozenset[str]] = frozenset({"norm_type", "sample_size", "sample_size_t"})

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        return [
            *mlp("adaln_single.emb.timestep_embedder", FREQUENCIES, width),
            *modulation("adaln_single", width, width, 6),
            convolution("pos_embed.proj", ell, self.in_channels, width, (side, side), inputs_read=ell * side**2),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            table("scale_shift_table", 2 * width),
            elementwise("scale_shift_table.add", 1, 2 * width, reads=2),
            norm("norm_out", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, side**2 * self.out_channels),
        ]

    def block(self) -> list[Operator]:
        """One block: modulated self-attention, plain cross-attention, modulated MLP; its third norm is never used."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        affine = 2 * int(self.norm_elementwise_affine)
        cross = cross_attention("attn2", ell, m, width, self.cross_attention_dim, heads, head, bias=self.attention_bias)
        feed = feed_forward("ff", ell, width, 4 * width, gated=is_gated(self.activation_fn))
        return [
            *single_modulation(width, self.attention(), cross, feed, vectors=affine),
            *([Operator("norm3", NORM, 0, parameters=affine * width)] if affine else []),
        ]

    def attention(self) -> list[Operator]:
        """Attention over all frames, positions in queries and keys."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        return within(
            "attn1",
            [
                *queries_keys_values(ell, width, heads, head, bias=self.attention_bias),
                *rotations(ell, width),
                attention("scores", ell, ell, heads, head),
                dense("to_out", ell, width, width),
            ],
        )

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {
            s: 0, c: 1, a: 0, j: 0, n_ada: 1, t: self.width, N: self.num_layers, d: self.width, f: 4,
            p: self.patch_size,
        }  # fmt: skip
