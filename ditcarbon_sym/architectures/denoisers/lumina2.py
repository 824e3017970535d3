"""Lumina-Image 2.0: text and latents refined apart, then in one sequence through the same blocks (Qin et al., 2025).

Released as diffusers' ``Lumina2Transformer2DModel`` (src/diffusers/models/transformers/transformer_lumina2.py). Every
attention and MLP has a norm before and after it; modulation scales and gates, but does not shift.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Rational, Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import (
    FREQUENCIES,
    head_norms,
    mlp,
    modulated_sandwich,
    modulation,
    queries_keys_values,
    rotations,
    sandwich,
)
from ..network import Denoiser
from ..operators import Operator, Size, activation, attention, dense, elementwise, norm, repeated, rms_norm, within

CONDITION = 1024
"""Width of the time embedding, in networks that are at least as wide."""


@dataclass(frozen=True)
class Lumina2Transformer2DModel(Denoiser):
    """``num_refiner_layers`` blocks for the latents and as many for the text, then ``num_layers`` for both."""

    patch_size: int
    in_channels: int
    hidden_size: int
    num_layers: int
    num_refiner_layers: int
    num_attention_heads: int
    num_kv_heads: int
    cap_feat_dim: int
    out_channels: int | None = None
    multiple_of: int = 256
    ffn_dim_multiplier: float | None = None
    # These do not change the count.
    sample_size: int = 128
    norm_eps: float = 1e-5
    scaling_factor: float = 1.0
    axes_dim_rope: tuple[int, ...] = (32, 32, 32)
    axes_lens: tuple[int, ...] = (300, 512, 512)

    @property
    def condition(self) -> int:
        """Width of the time embedding."""
        return min(self.hidden_size, CONDITION)

    @property
    def inner(self) -> int:
        """Inner width of the gated MLP: four times the width, by a factor, rounded up."""
        wanted = 4 * self.hidden_size
        if self.ffn_dim_multiplier is not None:
            wanted = int(self.ffn_dim_multiplier * wanted)
        return -(-wanted // self.multiple_of) * self.multiple_of

    def operators(self) -> list[Operator]:
        width, area = self.hidden_size, self.patch_size**2
        outputs = self.out_channels or self.in_channels
        rows = ell + m
        return [
            *mlp("time_caption_embed.timestep_embedder", FREQUENCIES, self.condition),
            rms_norm("time_caption_embed.caption_embedder.norm", m, self.cap_feat_dim),
            dense("time_caption_embed.caption_embedder.linear", m, self.cap_feat_dim, width),
            dense("x_embedder", ell, area * self.in_channels, width),
            *repeated("context_refiner", self.num_refiner_layers, self.plain_block(m)),
            *repeated("noise_refiner", self.num_refiner_layers, self.block(ell)),
            *repeated("layers", self.num_layers, self.block(rows)),
            *modulation("norm_out", self.condition, width, 1),
            norm("norm_out.norm", rows, width),
            elementwise("norm_out.scale", rows, width),
            dense("norm_out.linear_2", rows, width, area * outputs),
        ]

    def block(self, rows: Size) -> list[Operator]:
        """One block with modulation: a scale before attention and MLP, a gate after each."""
        width = self.hidden_size
        return [
            *modulation("norm1", self.condition, width, 4),
            activation("norm1.tanh", 1, 2 * width),
            *modulated_sandwich(rows, width, self.inner, self.attention(rows)),
        ]

    def plain_block(self, rows: Size) -> list[Operator]:
        """One block without modulation: the text does not depend on the timestep."""
        return sandwich(rows, self.hidden_size, self.inner, self.attention(rows))

    def attention(self, rows: Size) -> list[Operator]:
        """Grouped-query attention with rotary positions on all rows; keys and values are copied to every head."""
        heads, groups = self.num_attention_heads, self.num_kv_heads
        head = self.hidden_size // heads
        return within(
            "attn",
            [
                *queries_keys_values(rows, self.hidden_size, heads, head, kv_heads=groups, bias=False),
                *head_norms(rows, heads, head, kv_heads=groups),
                *rotations(rows, heads * head, groups * head),
                elementwise("repeat_kv", rows, (heads + groups) * head, operations=0),
                attention("scores", rows, rows, heads, head),
                dense("to_out", rows, heads * head, self.hidden_size, bias=False),
            ],
        )

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if the refiners saw all rows and every head had keys and values of its own."""
        return {
            s: 0, c: 0, a: 1, j: 1, n_ada: Rational(2, 3), t: self.condition,
            N: self.num_layers + 2 * self.num_refiner_layers, d: self.hidden_size,
            f: Rational(3 * self.inner, 2 * self.hidden_size), p: self.patch_size,
        }  # fmt: skip
