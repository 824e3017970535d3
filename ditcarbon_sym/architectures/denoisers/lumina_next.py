"""Lumina-Next: self- and cross-attention from the same normed latents, text from Gemma (Zhuo et al., 2024).

Released as diffusers' ``LuminaNextDiT2DModel`` (src/diffusers/models/transformers/lumina_nextdit2d.py). Both
attentions are added before one matrix out; modulation scales and gates, but does not shift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from ...equations.notation import c, ell, m
from ..attentions import queries_keys_values, rotations
from ..layers import FREQUENCIES, mlp
from ..operators import (
    Operator,
    Size,
    activation,
    attention,
    dense,
    elementwise,
    norm,
    repeated,
    residual,
    rms_norm,
    rotary,
    table,
    within,
)
from .lumina2 import Lumina


@dataclass(frozen=True, kw_only=True)
class LuminaNextDiT2DModel(Lumina):
    """``num_layers`` blocks of grouped-query attention to latents and text, and a gated MLP."""

    cross_attention_dim: int
    num_kv_heads: int | None = None
    learn_sigma: bool = True
    qk_norm: bool = True

    @property
    def outputs(self) -> Any:
        """Channels out: noise, and its variance where that is learned."""
        return (1 + self.learn_sigma) * self.in_channels

    @property
    def wanted(self) -> int:
        """Two thirds of four times the width."""
        return int(4 * 2 * self.hidden_size / 3)

    def operators(self) -> list[Operator]:
        width, text = self.width, self.cross_attention_dim
        return [
            dense("patch_embedder.proj", ell, self.patch_size**2 * self.in_channels, width),
            table("pad_token", width),
            *mlp("time_caption_embed.timestep_embedder", FREQUENCIES, self.condition),
            elementwise("time_caption_embed.pool", m, text, operations=2, reads=2),
            norm("time_caption_embed.caption_embedder.norm", 1, text, vectors=2),
            dense("time_caption_embed.caption_embedder.linear", 1, text, self.condition),
            *repeated("layers", self.num_layers, self.modulated_block(ell, self.attentions())),
            *self.output(ell),
        ]

    def attentions(self) -> list[Operator]:
        """Attention to the latents and, gated for each head, to the text; one matrix out of their sum."""
        width, heads, text = self.width, self.heads, self.cross_attention_dim
        own = [*self.norms(ell), *rotations(ell, heads.total, heads.keys_total)]
        other = [*self.norms(m), rotary("rope_q", ell, heads.total)]
        return [
            *within("attn1", self.scored(ell, width, own)),
            rms_norm("norm1_context", m, text),
            *within("attn2", self.scored(m, text, other)),
            table("gate", heads.number),
            activation("gate.tanh", 1, heads.number),
            elementwise("gate.scale", ell, width),
            residual("attn2.add", ell, width),
            dense("attn2.to_out", ell, width, width, bias=False),
        ]

    def scored(self, keys: Size, keys_width: Size, before: list[Operator]) -> list[Operator]:
        """Projections, norms and positions, scores; keys and values are copied to every head."""
        heads = self.heads
        return [
            *queries_keys_values(ell, self.width, heads, bias=False, keys=keys, keys_width=keys_width),
            *before,
            elementwise("repeat_kv", keys, 2 * heads.total, operations=0),
            attention("scores", ell, keys, heads.number, heads.width),
        ]

    def norms(self, keys: Size) -> list[Operator]:
        """Norms of queries and keys over all heads together, where the model has them."""
        heads = self.heads
        if not self.qk_norm:
            return []
        return [norm("norm_q", ell, heads.total, vectors=2), norm("norm_k", keys, heads.keys_total, vectors=2)]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if both attentions had a matrix out."""
        return {**super().leading_order(), c: 1}
