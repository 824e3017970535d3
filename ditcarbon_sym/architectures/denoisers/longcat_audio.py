"""LongCat-AudioDiT: speech and sound from text rows that convolutions have mixed (Meituan, 2026).

Released as diffusers' ``LongCatAudioDiTTransformer``
(src/diffusers/models/transformers/transformer_longcat_audio_dit.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Integer, Symbol

from ...equations.notation import a, c, ell, f, m
from ..adaln import modulated, modulated_output, modulation
from ..attentions import Heads, attend, norms_across_heads, rotations
from ..layers import FREQUENCIES, feed_forward, mlp, rounded_down
from ..network import Sound
from ..operators import (
    Operator,
    Size,
    activation,
    convolution,
    dense,
    elementwise,
    norm,
    repeated,
    residual,
    rotary,
    table,
    within,
)

TEXT_BLOCKS, KERNEL = 4, 7
"""Blocks that mix the text's rows, and the rows that one of their convolutions reaches over."""


@dataclass(frozen=True, kw_only=True)
class LongCatAudioDiTTransformer(Sound):
    """``adaln_type`` says whether the blocks share their modulation or make their own."""

    dit_dim: int = 1536
    dit_depth: int = 24
    dit_heads: int = 24
    dit_text_dim: int = 768
    latent_dim: int = 64
    bias: bool = True
    cross_attn: bool = True
    adaln_type: Literal["global", "local"] = "global"
    adaln_use_text_cond: bool = True
    long_skip: bool = True
    text_conv: bool = True
    qk_norm: bool = True
    cross_attn_norm: bool = False
    use_latent_condition: bool = True
    ff_mult: float = 4.0

    passed_over = frozenset({"dropout", "eps"})

    @property
    def in_channels(self) -> int:
        """Channels of the latent."""
        return self.latent_dim

    @property
    def out_channels(self) -> int:
        return self.latent_dim

    @property
    def num_layers(self) -> int:
        """Blocks."""
        return self.dit_depth

    @property
    def width(self) -> Any:
        return self.dit_dim

    @property
    def heads(self) -> Heads:
        """The heads of its attention."""
        return Heads(self.dit_heads, self.dit_dim // self.dit_heads)

    def operators(self) -> list[Operator]:
        width, latent = self.width, self.latent_dim
        mixed = repeated("text_conv_layer", TEXT_BLOCKS, self.text_block()) if self.text_conv else []
        given = [
            *mlp("latent_embed", latent, width, rows=ell),
            *mlp("latent_cond_embedder", 2 * width, width, rows=ell),
        ]
        return [
            *mlp("time_embed", FREQUENCIES, width),
            *mlp("text_embed", self.dit_text_dim, width, rows=m),
            *mixed,
            *mlp("input_embed", latent, width, rows=ell),
            *(given if self.use_latent_condition else []),
            *([elementwise("text_mean", m, width)] if self.adaln_use_text_cond else []),
            *(modulation("adaln_global_mlp", width, width, 6) if self.adaln_type == "global" else []),
            *repeated("blocks", self.dit_depth, self.block()),
            *([residual("long_skip", ell, width)] if self.long_skip else []),
            *modulated_output(modulation("norm_out", width, width, 2, bias=self.bias), width, latent),
        ]

    def text_block(self) -> list[Operator]:
        """A block on the text: each channel with its neighbours, then an MLP whose rows are scaled by their length."""
        width, bias = self.width, self.bias
        return [
            convolution("dwconv", m, width, width, (KERNEL,), groups=width, bias=bias),
            norm("norm", m, width, vectors=2),
            dense("pwconv1", m, width, 2 * width, bias=bias),
            activation("act", m, 2 * width),
            table("grn", 4 * width),
            elementwise("grn.scale", m, 2 * width, operations=5, reads=5, writes=4),
            dense("pwconv2", m, 2 * width, width, bias=bias),
            residual("add", m, width),
        ]

    def block(self) -> list[Operator]:
        """One block: modulated self-attention, plain cross-attention, modulated MLP."""
        width, heads, bias = self.width, self.heads, self.bias
        vectors = modulation("adaln_mlp", width, width, 6) if self.adaln_type == "local" else self.shared()
        before = [*self.norms(ell), *rotations(ell, width)]
        own = attend("self_attn", ell, width, heads, before, bias=bias, out_bias=bias)
        feed = feed_forward("ffn", ell, width, rounded_down(width * self.ff_mult), bias=bias)
        return [
            *vectors,
            *modulated("norm1", "self_attn", ell, width, own),
            *(self.cross_attention() if self.cross_attn else []),
            *modulated("norm2", "ffn", ell, width, feed),
        ]

    def shared(self) -> list[Operator]:
        """A table that is added to the vectors of all blocks."""
        return [
            table("adaln_scale_shift", 6 * self.width),
            elementwise("adaln_scale_shift.add", 1, 6 * self.width, reads=2),
        ]

    def cross_attention(self) -> list[Operator]:
        """Attention to the text, whose rows have positions, too."""
        width, bias = self.width, self.bias
        rope = [rotary("rope_q", ell, width), rotary("rope_k", m, width)]
        made = attend(
            "cross_attn", ell, width, self.heads, [*self.norms(m), *rope], keys=m, bias=bias, out_bias=bias
        )  # fmt: skip
        normed = [norm("norm", ell, width, vectors=2), norm("norm_c", m, width, vectors=2)]
        return [*(within("cross_attn", normed) if self.cross_attn_norm else []), *made, residual("add", ell, width)]

    def norms(self, keys: Size) -> list[Operator]:
        """Norms of queries and keys over all heads together."""
        return norms_across_heads(ell, self.heads, keys=keys) if self.qk_norm else []

    def leading_order(self) -> Mapping[Symbol, Size]:
        own = int(self.adaln_type == "local")
        ratio = Integer(1) * rounded_down(self.width * self.ff_mult) / self.width
        return {**super().leading_order(), a: own, c: int(self.cross_attn), f: ratio}
