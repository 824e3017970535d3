"""LTX-Video: few, deep tokens, cross-attention to T5, one modulation shared by all blocks (HaCohen et al., 2024).

Released as diffusers' ``LTXVideoTransformer3DModel`` (src/diffusers/models/transformers/transformer_ltx.py). Its VAE
downsamples so far that a token is one latent pixel. Counted with one timestep for the sample, as text to video runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Symbol

from ...equations.notation import c, ell, f, m
from ..adaln import shared_vectors, shifts_and_scales, single_block, single_output
from ..attentions import attend, norms_across_heads, rotations
from ..layers import FeedForwardActivation, feed_forward, is_gated, mlp
from ..network import Transformer
from ..operators import RMS_NORM, Operator, Size, dense, repeated


@dataclass(frozen=True, kw_only=True)
class LTX(Transformer):
    """What LTX-Video and LTX-2 have in common: a token is one latent pixel, cross-attention, norms over all heads."""

    out_channels: int | None
    patch_size: int
    patch_size_t: int
    cross_attention_dim: int
    num_layers: int
    caption_channels: int
    activation_fn: FeedForwardActivation = "gelu-approximate"
    qk_norm: Literal["rms_norm_across_heads"] = "rms_norm_across_heads"
    norm_elementwise_affine: bool = False
    attention_bias: bool = True
    attention_out_bias: bool = True

    passed_over = frozenset({"norm_eps"})
    vae_factors: ClassVar[tuple[int, int]] = (32, 8)

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token, packed by the pipeline like the sides."""
        return int(self.patch_size_t)

    def leading_order(self) -> Mapping[Symbol, Size]:
        """Of several streams that of the video alone."""
        return {**super().leading_order(), c: 1, f: 6 if is_gated(self.activation_fn) else 4}


@dataclass(frozen=True, kw_only=True)
class LTXVideoTransformer3DModel(LTX):
    """adaLN-single: shift, scale and gate come from one projection, plus a table in each block."""

    caption_channels: int = 4096

    def operators(self) -> list[Operator]:
        width = self.width
        return [
            dense("proj_in", ell, self.in_channels, width),
            *shared_vectors("time_embed", width),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *single_output(shifts_and_scales(2, width), width, self.outputs),
        ]

    def block(self) -> list[Operator]:
        """One block; queries and keys of both attentions are normed over all heads together."""
        width, heads, text = self.width, self.heads, self.cross_attention_dim
        bias, out_bias, scale = self.attention_bias, self.attention_out_bias, int(self.norm_elementwise_affine)
        before = [*norms_across_heads(ell, heads), *rotations(ell, width)]
        own = attend("attn1", ell, width, heads, before, bias=bias, out_bias=out_bias)
        cross = attend(
            "attn2", ell, width, heads, norms_across_heads(ell, heads, keys=m), keys=m, keys_width=text, bias=bias,
            out_bias=out_bias,
        )  # fmt: skip
        feed = feed_forward("ff", ell, width, 4 * width, self.activation_fn)
        return single_block(width, own, cross, feed, vectors=scale, operations=RMS_NORM)
