"""AuraFlow: a few blocks with two streams, then many with one, all without bias (fal, 2024).

Released as diffusers' ``AuraFlowTransformer2DModel`` (src/diffusers/models/transformers/auraflow_transformer_2d.py).
Eight learned register tokens go before the text in every block; latents are added learned positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Rational, Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import FREQUENCIES, mlp, modulation, queries_keys_values
from ..network import Denoiser
from ..operators import (
    Operator,
    Size,
    attention,
    dense,
    embedding,
    gate,
    gated_residual,
    modulate,
    norm,
    repeated,
    residual,
    table,
    within,
)

REGISTERS = 8
"""Learned tokens that the text is preceded by."""
TEXT = m + REGISTERS
"""Text rows in the blocks."""
MULTIPLE = 256
"""What the inner width of an MLP is rounded up to a multiple of."""


@dataclass(frozen=True)
class AuraFlowTransformer2DModel(Denoiser):
    """``num_mmdit_layers`` blocks with weights of their own for text, then ``num_single_dit_layers`` that share."""

    patch_size: int
    in_channels: int
    num_mmdit_layers: int
    num_single_dit_layers: int
    attention_head_dim: int
    num_attention_heads: int
    joint_attention_dim: int
    caption_projection_dim: int
    out_channels: int = 4
    pos_embed_max_size: int = 1024
    # These do not change the count.
    sample_size: int = 64

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def inner(self) -> Any:
        """Width inside the gated MLP: two thirds of four times d, rounded up."""
        return -(-(8 * self.width // 3) // MULTIPLE) * MULTIPLE

    def operators(self) -> list[Operator]:
        width, area = self.width, self.patch_size**2
        return [
            dense("pos_embed.proj", ell, area * self.in_channels, width),
            embedding("pos_embed.pos_embed", ell, self.pos_embed_max_size, width),
            residual("pos_embed.add", ell, width),
            *mlp("time_step_proj", FREQUENCIES, width),
            dense("context_embedder", m, self.joint_attention_dim, self.caption_projection_dim, bias=False),
            table("register_tokens", REGISTERS * width),
            *repeated("joint_transformer_blocks", self.num_mmdit_layers, self.dual_block()),
            *repeated("single_transformer_blocks", self.num_single_dit_layers, self.single_block()),
            *modulation("norm_out", width, width, 2, bias=False),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, area * self.out_channels, bias=False),
        ]

    def dual_block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention."""
        width, heads, head, rows = self.width, self.num_attention_heads, self.attention_head_dim, ell + TEXT
        joint = [
            *queries_keys_values(ell, width, heads, head, bias=False),
            *queries_keys_values(TEXT, width, heads, head, prefix="add_", bias=False),
            *self.head_norms(ell),
            *self.head_norms(TEXT, "added_"),
            attention("scores", rows, rows, heads, head),
            dense("to_out", ell, width, width, bias=False),
            dense("to_add_out", TEXT, width, width, bias=False),
        ]
        return [
            *self.adaptive_norm("norm1", ell),
            *self.adaptive_norm("norm1_context", TEXT),
            *within("attn", joint),
            *self.second_half("norm2", "ff", ell),
            *self.second_half("norm2_context", "ff_context", TEXT),
        ]

    def single_block(self) -> list[Operator]:
        """One stream."""
        width, heads, head, rows = self.width, self.num_attention_heads, self.attention_head_dim, ell + TEXT
        alone = [
            *queries_keys_values(rows, width, heads, head, bias=False),
            *self.head_norms(rows),
            attention("scores", rows, rows, heads, head),
            dense("to_out", rows, width, width, bias=False),
        ]
        return [*self.adaptive_norm("norm1", rows), *within("attn", alone), *self.second_half("norm2", "ff", rows)]

    def adaptive_norm(self, name: str, rows: Size) -> list[Operator]:
        """Shift, scale and gate for a whole block, the first two of them at work."""
        width = self.width
        return [
            *modulation(name, width, width, 6, bias=False),
            norm(f"{name}.norm", rows, width),
            modulate(f"{name}.modulate", rows, width),
        ]

    def head_norms(self, rows: Size, suffix: str = "") -> list[Operator]:
        """Layer norms of queries and keys over each head, without trained vectors."""
        heads, head = self.num_attention_heads, self.attention_head_dim
        return [norm(f"norm_{suffix}q", rows * heads, head), norm(f"norm_{suffix}k", rows * heads, head)]

    def second_half(self, norm_name: str, name: str, rows: Size) -> list[Operator]:
        """What follows the attention; the sum of its output and the input is normed and goes to a gated MLP."""
        width, inner = self.width, self.inner
        return [
            gated_residual(f"{norm_name}.gate", rows, width),
            norm(norm_name, rows, width),
            modulate(f"{norm_name}.modulate", rows, width),
            dense(f"{name}.linear_1", rows, width, inner, bias=False),
            dense(f"{name}.linear_2", rows, width, inner, bias=False),
            gate(f"{name}.act", rows, inner),
            dense(f"{name}.out_projection", rows, inner, width, bias=False),
            gated_residual(f"{name}.gate", rows, width),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all: in width and rows it is what most blocks are; the MLP's three matrices as two."""
        return {
            s: 0, c: 0, a: 1, j: 1, n_ada: 1, t: self.width, N: self.num_mmdit_layers + self.num_single_dit_layers,
            d: self.width, f: Rational(3, 2) * self.inner / self.width, p: self.patch_size,
        }  # fmt: skip
