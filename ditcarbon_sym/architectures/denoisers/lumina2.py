"""Lumina-Image 2.0: text and latents refined apart, then in one sequence through the same blocks (Qin et al., 2025).

Released as diffusers' ``Lumina2Transformer2DModel`` (src/diffusers/models/transformers/transformer_lumina2.py). Every
attention and MLP has a norm before and after it; modulation scales and gates, but does not shift.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Rational, Symbol

from ...equations.notation import a, ell, f, j, m, n_ada, t
from ..adaln import modulation, sandwich
from ..attentions import Heads, attend, head_norms, rotations
from ..layers import FREQUENCIES, mlp
from ..network import Sized
from ..operators import Operator, Size, activation, dense, elementwise, norm, repeated, rms_norm

CONDITION = 1024
"""Width of the time embedding, in networks that are at least as wide."""


@dataclass(frozen=True, kw_only=True)
class Lumina(Sized):
    """What Lumina 2 and Lumina-Next have in common: blocks of grouped-query attention and a gated MLP, each between two
    norms; modulation scales and gates, but does not shift.
    """

    patch_size: int
    in_channels: int
    num_layers: int
    num_kv_heads: int | None
    multiple_of: int = 256
    ffn_dim_multiplier: float | None = None
    # This says what output it is for; it does not change the count.
    sample_size: int = 128

    passed_over = frozenset({"norm_eps", "scaling_factor"})

    @property
    def heads(self) -> Heads:
        """Heads of the attention, those of keys and values in groups."""
        return Heads(self.num_attention_heads, self.hidden_size // self.num_attention_heads, self.num_kv_heads)

    @property
    def condition(self) -> int:
        """Width of the time embedding."""
        return min(self.hidden_size, CONDITION)

    @property
    @abstractmethod
    def wanted(self) -> int:
        """Inner width of the gated MLP before a factor and rounding up."""

    @property
    def inner(self) -> int:
        """Inner width of the gated MLP."""
        factor = self.ffn_dim_multiplier
        wanted = self.wanted if factor is None else int(factor * self.wanted)
        return -(-wanted // self.multiple_of) * self.multiple_of

    def modulated_block(self, rows: Size, attention: list[Operator]) -> list[Operator]:
        """One block with modulation."""
        return [
            *modulation("norm1", self.condition, self.width, 4),
            activation("norm1.tanh", 1, 2 * self.width),
            *sandwich(rows, self.width, self.inner, attention, scaled=True),
        ]

    def output(self, rows: Size) -> list[Operator]:
        """The layer out, on so many rows."""
        width = self.width
        return [
            *modulation("norm_out", self.condition, width, 1),
            norm("norm_out.norm", rows, width),
            elementwise("norm_out.scale", rows, width),
            dense("norm_out.linear_2", rows, width, self.patch_size**2 * self.outputs),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if every head had keys and values of its own; the gated MLP counts as one of 3/2 its ratio."""
        ratio = Rational(3 * self.inner, 2 * self.hidden_size)
        return {**super().leading_order(), a: 1, n_ada: Rational(2, 3), t: self.condition, f: ratio}


@dataclass(frozen=True, kw_only=True)
class Lumina2Transformer2DModel(Lumina):
    """``num_refiner_layers`` blocks for the latents and as many for the text, then ``num_layers`` for both."""

    num_refiner_layers: int
    num_kv_heads: int
    cap_feat_dim: int
    out_channels: int | None = None

    passed_over = Lumina.passed_over | {"axes_dim_rope", "axes_lens"}

    @property
    def blocks(self) -> Any:
        return self.num_layers + 2 * self.num_refiner_layers

    @property
    def wanted(self) -> int:
        """Four times the width."""
        return 4 * self.hidden_size

    def operators(self) -> list[Operator]:
        width, rows = self.width, ell + m
        text = sandwich(m, width, self.inner, self.attention(m), scaled=False)
        return [
            *mlp("time_caption_embed.timestep_embedder", FREQUENCIES, self.condition),
            rms_norm("time_caption_embed.caption_embedder.norm", m, self.cap_feat_dim),
            dense("time_caption_embed.caption_embedder.linear", m, self.cap_feat_dim, width),
            dense("x_embedder", ell, self.patch_size**2 * self.in_channels, width),
            # The text's refiner has no modulation: text does not depend on the timestep.
            *repeated("context_refiner", self.num_refiner_layers, text),
            *repeated("noise_refiner", self.num_refiner_layers, self.block(ell)),
            *repeated("layers", self.num_layers, self.block(rows)),
            *self.output(rows),
        ]

    def block(self, rows: Size) -> list[Operator]:
        """One block with modulation on these rows."""
        return self.modulated_block(rows, self.attention(rows))

    def attention(self, rows: Size) -> list[Operator]:
        """Grouped-query attention with rotary positions on all rows; keys and values are copied to every head."""
        heads = self.heads
        before = [
            *head_norms(rows, heads),
            *rotations(rows, heads.total, heads.keys_total, as_complex=True),
            elementwise("repeat_kv", rows, heads.total + heads.keys_total, operations=0),
        ]
        return attend("attn", rows, self.width, heads, before, bias=False, out_bias=False)

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if the refiners saw all rows, too."""
        return {**super().leading_order(), j: 1}
