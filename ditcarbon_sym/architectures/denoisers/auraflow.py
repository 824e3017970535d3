"""AuraFlow: a few blocks with two streams, then many with one, all without bias (fal, 2024).

Released as diffusers' ``AuraFlowTransformer2DModel`` (src/diffusers/models/transformers/auraflow_transformer_2d.py).
Eight learned register tokens go before the text in every block; latents are added learned positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Rational, Symbol

from ...equations.notation import a, ell, f, j, m
from ..adaln import adaptive_norm, modulation
from ..attentions import attend, head_norms, joint_attention
from ..layers import FREQUENCIES, mlp, mlp_of_llama
from ..network import Transformer
from ..operators import (
    LAYER_NORM,
    Operator,
    Size,
    dense,
    embedding,
    gated_residual,
    modulate,
    norm,
    repeated,
    residual,
    table,
)

REGISTERS = 8
"""Learned tokens that the text is preceded by."""
TEXT = m + REGISTERS
"""Text rows in the blocks."""
MULTIPLE = 256
"""What the inner width of an MLP is rounded up to a multiple of."""


@dataclass(frozen=True, kw_only=True)
class AuraFlowTransformer2DModel(Transformer):
    """``num_mmdit_layers`` blocks with weights of their own for text, then ``num_single_dit_layers`` that share."""

    patch_size: int
    num_mmdit_layers: int
    num_single_dit_layers: int
    joint_attention_dim: int
    caption_projection_dim: int
    out_channels: int = 4
    pos_embed_max_size: int = 1024
    # This says what output it is for; it does not change the count.
    sample_size: int = 64

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
            dense("proj_out", ell, width, area * self.outputs, bias=False),
        ]

    def dual_block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention."""
        normed = [*self.head_norms(ell), *self.head_norms(TEXT, "added_")]
        return [
            *self.adaptive_norm("norm1", ell),
            *self.adaptive_norm("norm1_context", TEXT),
            *joint_attention("attn", self.width, self.heads, normed, text=TEXT, bias=False, out_bias=False),
            *self.second_half("norm2", "ff", ell),
            *self.second_half("norm2_context", "ff_context", TEXT),
        ]

    def single_block(self) -> list[Operator]:
        """One stream."""
        rows = ell + TEXT
        alone = attend("attn", rows, self.width, self.heads, self.head_norms(rows), bias=False, out_bias=False)
        return [*self.adaptive_norm("norm1", rows), *alone, *self.second_half("norm2", "ff", rows)]

    def adaptive_norm(self, name: str, rows: Size) -> list[Operator]:
        """Shift, scale and gate for a whole block, the first two of them at work."""
        return adaptive_norm(name, rows, self.width, self.width, 6, bias=False)

    def head_norms(self, rows: Size, suffix: str = "") -> list[Operator]:
        """Layer norms of queries and keys over each head, without trained vectors."""
        return head_norms(rows, self.heads, suffix, vectors=0, operations=LAYER_NORM)

    def second_half(self, norm_name: str, name: str, rows: Size) -> list[Operator]:
        """What follows the attention; the sum of its output and the input is normed and goes to a gated MLP."""
        width = self.width
        return [
            gated_residual(f"{norm_name}.gate", rows, width),
            norm(norm_name, rows, width),
            modulate(f"{norm_name}.modulate", rows, width),
            *mlp_of_llama(name, rows, width, self.inner),
            gated_residual(f"{name}.gate", rows, width),
        ]

    @property
    def blocks(self) -> Any:
        return self.num_mmdit_layers + self.num_single_dit_layers

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all: in width and rows it is what most blocks are; the MLP's three matrices as two."""
        return {**super().leading_order(), a: 1, j: 1, f: Rational(3, 2) * self.inner / self.width}
