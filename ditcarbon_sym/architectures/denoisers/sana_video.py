"""SANA-Video: SANA's linear attention on frames, with rotary positions, convolutions along time (Chen et al., 2025).

Released as diffusers' ``SanaVideoTransformer3DModel``
(src/diffusers/models/transformers/transformer_sana_video.py). Counted with one timestep for the sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sympy import Rational, Symbol

from ...equations.notation import c, ell, f, m
from ..adaln import modulated, modulation, shifts_and_scales, single_output
from ..attentions import Heads, attend, norms_across_heads, queries_keys_values, rotations
from ..layers import FREQUENCIES, convolutional_mlp, mlp, patches
from ..network import VideoTransformer
from ..operators import (
    LINEAR_ATTENTION,
    Operator,
    Size,
    activation,
    convolution,
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
class SanaVideoTransformer3DModel(VideoTransformer):
    """Each block: linear self-attention, cross-attention to the text, a gated MLP of convolutions in space and time."""

    num_layers: int
    in_channels: int = 16
    out_channels: int | None = 16
    num_attention_heads: int = 20
    attention_head_dim: int = 112
    patch_size: tuple[int, int, int] = (1, 2, 2)
    num_cross_attention_heads: int = 20
    cross_attention_head_dim: int = 112
    cross_attention_dim: int = 2240
    caption_channels: int = 2304
    mlp_ratio: float = 2.5
    attention_bias: bool = False
    norm_elementwise_affine: bool = False
    guidance_embeds: bool = False
    qk_norm: Literal["rms_norm_across_heads"] | None = "rms_norm_across_heads"
    # These do not change the count.
    dropout: float = 0.0
    sample_size: int = 30
    norm_eps: float = 1e-6
    interpolation_scale: int | None = None
    guidance_embeds_scale: float = 0.1
    rope_max_seq_len: int = 1024

    def operators(self) -> list[Operator]:
        width = self.width
        names = ["timestep_embedder", *(["guidance_embedder"] if self.guidance_embeds else [])]
        inside = "" if self.guidance_embeds else "emb."
        return [
            patches("patch_embedding", self.in_channels, width, self.patch_size),
            *(x for name in names for x in mlp(f"time_embed.{inside}{name}", FREQUENCIES, width)),
            *modulation("time_embed", width, width, 6),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            rms_norm("caption_norm", m, width),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *single_output([table("scale_shift_table", 2 * width)], width, self.volume * self.outputs),
        ]

    def block(self) -> list[Operator]:
        """One block; cross-attention has no norm before it."""
        width, heads = self.width, Heads(self.num_cross_attention_heads, self.cross_attention_head_dim)
        cross = attend("attn2", ell, width, heads, self.norms(m, heads), keys=m, keys_width=self.cross_attention_dim)
        feed = [
            *convolutional_mlp(ell, width, self.inner),
            convolution("conv_temp", ell, width, width, (3, 1), bias=False),
            residual("conv_temp.add", ell, width),
        ]
        vectors = 2 * self.norm_elementwise_affine
        return [
            *shifts_and_scales(6, width),
            *modulated("norm1", "attn1", ell, width, within("attn1", self.linear_attention())),
            *cross,
            residual("attn2.add", ell, width),
            *modulated("norm2", "ff", ell, width, within("ff", feed), vectors=vectors),
        ]

    def linear_attention(self) -> list[Operator]:
        """ReLU in place of the softmax: values times keys first, with positions; the denominator is made without."""
        width, heads = self.width, self.heads
        number, head = heads.number, heads.width
        return [
            *queries_keys_values(ell, width, heads, bias=self.attention_bias),
            *self.norms(ell, heads),
            activation("relu_q", ell, width),
            activation("relu_k", ell, width),
            *rotations(ell, width),
            elementwise("sum_k", ell, width),
            product("denominator", 1, head, ell, times=number, kind=LINEAR_ATTENTION),
            product("values_keys", head, ell, head, times=number, kind=LINEAR_ATTENTION),
            product("scores_queries", head, head, ell, times=number, kind=LINEAR_ATTENTION),
            elementwise("divide", ell, width),
            dense("to_out", ell, width, width),
        ]

    def norms(self, keys: Size, heads: Heads) -> list[Operator]:
        """Norms of queries and keys over all heads together."""
        return [] if self.qk_norm is None else norms_across_heads(ell, heads, keys=keys)

    def leading_order(self) -> Mapping[Symbol, Size]:
        """Table 2's scores are quadratic in the tokens; these are linear, and so fewer."""
        return {**super().leading_order(), c: 1, f: Rational(3, 2) * self.inner / self.width}
