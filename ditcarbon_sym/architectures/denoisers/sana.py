"""SANA and SANA-1.5: linear attention and a convolutional gated MLP on a latent of high compression (Xie et al., 2024).

Released as diffusers' ``SanaTransformer2DModel`` (src/diffusers/models/transformers/sana_transformer.py). One
modulation for all blocks, as in PixArt; self-attention is linear in the tokens, cross-attention is ordinary. The VAE
takes 32 x 32 pixels to one of the latent's, so that each latent pixel is a token.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Rational, Symbol

from ...equations.notation import c, ell, f, m
from ..adaln import modulated, modulation, shifts_and_scales, single_output
from ..attentions import Heads, attend, norms_across_heads, queries_keys_values
from ..layers import FREQUENCIES, convolutional_mlp, mlp, patches
from ..network import Transformer
from ..operators import (
    LINEAR_ATTENTION,
    Operator,
    Size,
    activation,
    buffer,
    dense,
    elementwise,
    product,
    repeated,
    residual,
    rms_norm,
    table,
    within,
)


@dataclass(frozen=True, kw_only=True)
class SanaOptions:
    """Fields that SANA, SANA-Video and the ControlNet share."""

    num_layers: int
    mlp_ratio: float = 2.5
    attention_bias: bool = False
    norm_elementwise_affine: bool = False

    passed_over: ClassVar[frozenset[str]] = frozenset({"dropout", "norm_eps"})


@dataclass(frozen=True, kw_only=True)
class Sana(SanaOptions, Transformer):
    """What SANA and SANA-Video have in common: linear self-attention, cross-attention to the text, a gated MLP of
    convolutions.
    """

    num_cross_attention_heads: int
    cross_attention_head_dim: int
    cross_attention_dim: int
    caption_channels: int
    guidance_embeds: bool = False
    qk_norm: Literal["rms_norm_across_heads"] | None = None

    passed_over = SanaOptions.passed_over | {"guidance_embeds_scale"}

    def block(self, feed: list[Operator]) -> list[Operator]:
        """One block; cross-attention has no norm before it."""
        width = self.width
        return [
            *shifts_and_scales(6, width),
            *modulated("norm1", "attn1", ell, width, within("attn1", self.linear_attention())),
            *self.cross_attention(),
            residual("attn2.add", ell, width),
            *modulated("norm2", "ff", ell, width, within("ff", feed), vectors=2 * self.norm_elementwise_affine),
        ]

    def linear_attention(self) -> list[Operator]:
        """ReLU of queries and keys in place of the softmax, so that values times keys come first."""
        width, heads = self.width, self.heads
        return [
            *queries_keys_values(ell, width, heads, bias=self.attention_bias),
            *self.norms(ell, heads),
            activation("relu_q", ell, width),
            activation("relu_k", ell, width),
            *self.products(),
            elementwise("divide", ell, width),
            dense("to_out", ell, width, width),
        ]

    @abstractmethod
    def products(self) -> list[Operator]:
        """Products of the linear attention, and what comes before them."""

    def cross_attention(self) -> list[Operator]:
        """Ordinary attention to the text, in heads of its own."""
        heads = Heads(self.num_cross_attention_heads, self.cross_attention_head_dim)
        text = self.cross_attention_dim
        return attend("attn2", ell, self.width, heads, self.norms(m, heads), keys=m, keys_width=text)

    def norms(self, keys: Size, heads: Heads) -> list[Operator]:
        """Norms of queries and keys over all heads together (from version 1.5 on)."""
        return [] if self.qk_norm is None else norms_across_heads(ell, heads, keys=keys)

    def conditioning(self, inside: str = "") -> list[Operator]:
        """Timestep, and guidance where it is distilled into the model, to six vectors for all blocks.

        The embedders may stand ``inside`` another module.
        """
        width, names = self.width, ["timestep_embedder"]
        if self.guidance_embeds:
            names.append("guidance_embedder")
        embedders = [x for name in names for x in mlp(f"time_embed.{inside}{name}", FREQUENCIES, width)]
        return [*embedders, *modulation("time_embed", width, width, 6)]

    def caption(self) -> list[Operator]:
        """The text to the width of the blocks."""
        return [
            *mlp("caption_projection", self.caption_channels, self.width, rows=m),
            rms_norm("caption_norm", m, self.width),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """Table 2's scores are quadratic in the tokens; these are linear, and so fewer."""
        return {**super().leading_order(), c: 1, f: Rational(3, 2) * self.inner / self.width}


@dataclass(frozen=True, kw_only=True)
class SanaTransformer2DModel(Sana):
    """An MLP with a depthwise convolution."""

    sample_size: int
    patch_size: int
    out_channels: int | None = 32
    interpolation_scale: float | None = None

    passed_over = Sana.passed_over | {"timestep_scale"}
    vae_factors: ClassVar[tuple[int, int]] = (32, 1)

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        return [
            patches("patch_embed.proj", self.in_channels, width, (side, side)),
            *self.positions(),
            *self.conditioning(),
            *self.caption(),
            *repeated("transformer_blocks", self.num_layers, self.block(convolutional_mlp(ell, width, self.inner))),
            *single_output([table("scale_shift_table", 2 * width)], width, side**2 * self.outputs),
        ]

    def positions(self) -> list[Operator]:
        """Computed positions, in models for large images only; the others leave them to the convolutions."""
        if self.interpolation_scale is None:
            return []
        return [
            residual("patch_embed.add", ell, self.width),
            buffer("patch_embed.pos_embed", (self.sample_size // self.patch_size) ** 2 * self.width),
        ]

    def products(self) -> list[Operator]:
        """Values times keys, one small matrix for each head.

        A row of ones among the values makes the denominator, so that they are one wider than the head.
        """
        number, head = self.heads.number, self.heads.width
        return [
            elementwise("pad_v", ell, number * (head + 1), operations=0),
            product("values_keys", ell, head, head + 1, times=number, kind=LINEAR_ATTENTION),
            product("scores_queries", ell, head, head + 1, times=number, kind=LINEAR_ATTENTION),
        ]
