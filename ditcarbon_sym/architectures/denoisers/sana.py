"""SANA and SANA-1.5: linear attention and a convolutional gated MLP on a latent of high compression (Xie et al., 2024).

Released as diffusers' ``SanaTransformer2DModel`` (src/diffusers/models/transformers/sana_transformer.py). One
modulation for all blocks, as in PixArt; self-attention is linear in the tokens, cross-attention is ordinary. The VAE
takes 32 x 32 pixels to one of the latent's, so that each latent pixel is a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sympy import Rational, Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import FREQUENCIES, mlp, modulation, queries_keys_values
from ..network import Denoiser
from ..operators import (
    LINEAR_ATTENTION,
    Operator,
    Size,
    activation,
    attention,
    buffer,
    convolution,
    dense,
    elementwise,
    gate,
    gated_residual,
    modulate,
    norm,
    product,
    repeated,
    residual,
    rms_norm,
    table,
    within,
)


@dataclass(frozen=True)
class SanaTransformer2DModel(Denoiser):
    """Each block: linear self-attention, cross-attention to the text, a gated MLP with a depthwise convolution."""

    in_channels: int
    num_attention_heads: int
    attention_head_dim: int
    num_layers: int
    num_cross_attention_heads: int
    cross_attention_head_dim: int
    cross_attention_dim: int
    caption_channels: int
    sample_size: int
    patch_size: int
    mlp_ratio: float = 2.5
    out_channels: int | None = 32
    attention_bias: bool = False
    norm_elementwise_affine: bool = False
    interpolation_scale: float | None = None
    guidance_embeds: bool = False
    qk_norm: Literal["rms_norm_across_heads"] | None = None
    # These do not change the count.
    dropout: float = 0.0
    norm_eps: float = 1e-6
    guidance_embeds_scale: float = 0.1
    timestep_scale: float = 1.0

    vae_factors: ClassVar[tuple[int, int]] = (32, 1)

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def inner(self) -> Any:
        """Inner width of the gated MLP, rounded down."""
        if isinstance(self.width, int):
            return int(self.mlp_ratio * self.width)
        return Rational(self.mlp_ratio) * self.width

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        return [
            convolution("patch_embed.proj", ell, self.in_channels, width, (side, side), inputs_read=ell * side**2),
            *self.positions(),
            *self.conditioning(),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            rms_norm("caption_norm", m, width),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            norm("norm_out.norm", ell, width),
            table("scale_shift_table", 2 * width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, side**2 * (self.out_channels or self.in_channels)),
        ]

    def positions(self) -> list[Operator]:
        """Computed positions, in models for large images only; the others leave them to the convolutions."""
        if self.interpolation_scale is None:
            return []
        return [
            residual("patch_embed.add", ell, self.width),
            buffer("patch_embed.pos_embed", (self.sample_size // self.patch_size) ** 2 * self.width),
        ]

    def conditioning(self) -> list[Operator]:
        """Timestep, and guidance where it is distilled into the model, to six vectors for all blocks."""
        width = self.width
        if not self.guidance_embeds:
            embedders = mlp("time_embed.emb.timestep_embedder", FREQUENCIES, width)
        else:
            embedders = [
                *mlp("time_embed.timestep_embedder", FREQUENCIES, width),
                *mlp("time_embed.guidance_embedder", FREQUENCIES, width),
            ]
        return [*embedders, *modulation("time_embed", width, width, 6)]

    def block(self) -> list[Operator]:
        """One block; cross-attention has no norm before it."""
        width = self.width
        return [
            table("scale_shift_table", 6 * width),
            elementwise("scale_shift_table.add", 1, 6 * width, reads=2),
            norm("norm1", ell, width),
            modulate("norm1.modulate", ell, width),
            *within("attn1", self.linear_attention()),
            gated_residual("attn1.gate", ell, width),
            *within("attn2", self.cross_attention()),
            residual("attn2.add", ell, width),
            norm("norm2", ell, width, vectors=2 * int(self.norm_elementwise_affine)),
            modulate("norm2.modulate", ell, width),
            *within("ff", self.convolutional_mlp()),
            gated_residual("ff.gate", ell, width),
        ]

    def linear_attention(self) -> list[Operator]:
        """ReLU of queries and keys in place of the softmax: values times keys first, one small matrix for each head.

        A row of ones among the values makes the denominator, so that they are one wider than the head.
        """
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        return [
            *queries_keys_values(ell, width, heads, head, bias=self.attention_bias),
            *self.norms(ell, ell, width),
            activation("relu_q", ell, width),
            activation("relu_k", ell, width),
            elementwise("pad_v", ell, heads * (head + 1), operations=0),
            product("values_keys", ell, head, head + 1, times=heads, kind=LINEAR_ATTENTION),
            product("scores_queries", ell, head, head + 1, times=heads, kind=LINEAR_ATTENTION),
            elementwise("divide", ell, width),
            dense("to_out", ell, width, width),
        ]

    def cross_attention(self) -> list[Operator]:
        """Ordinary attention to the text, in heads of its own."""
        width, heads, head = self.width, self.num_cross_attention_heads, self.cross_attention_head_dim
        return [
            *queries_keys_values(ell, width, heads, head, keys_rows=m, keys_width=self.cross_attention_dim),
            *self.norms(ell, m, heads * head),
            attention("scores", ell, m, heads, head),
            dense("to_out", ell, heads * head, width),
        ]

    def norms(self, rows: Size, keys_rows: Size, width: Size) -> list[Operator]:
        """Norms of queries and keys over all heads together (version 1.5)."""
        if self.qk_norm is None:
            return []
        return [rms_norm("norm_q", rows, width), rms_norm("norm_k", keys_rows, width)]

    def convolutional_mlp(self) -> list[Operator]:
        """Two halves made by one matrix, each channel convolved with its neighbours in space, multiplied, and back."""
        width, inner = self.width, self.inner
        return [
            convolution("conv_inverted", ell, width, 2 * inner, (1, 1)),
            activation("nonlinearity", ell, 2 * inner),
            convolution("conv_depth", ell, 2 * inner, 2 * inner, (3, 3), groups=2 * inner),
            gate("gate", ell, inner),
            convolution("conv_point", ell, inner, width, (1, 1), bias=False),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """Table 2's scores are quadratic in the tokens; these are linear, and so fewer."""
        return {
            s: 0, c: 1, a: 0, j: 0, n_ada: 1, t: self.width, N: self.num_layers, d: self.width,
            f: Rational(3, 2) * self.inner / self.width, p: self.patch_size,
        }  # fmt: skip
