"""Mochi 1: two streams that attend jointly, the text's narrower than the video's (Genmo, 2024).

Released as diffusers' ``MochiTransformer3DModel`` (src/diffusers/models/transformers/transformer_mochi.py). Every
attention and MLP has a norm before and after it; the last block makes no text output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Rational, Symbol

from ...equations.notation import a, ell, f, m, n_ada, s
from ..adaln import adaptive_output, enclosed, modulation
from ..attentions import head_norms, joint_attention, rotations
from ..layers import AXES, POOLER_HEADS, FeedForwardActivation, feed_forward, is_gated, mlp, patches
from ..network import Transformer
from ..operators import (
    Operator,
    Size,
    activation,
    attention,
    dense,
    elementwise,
    gated_residual,
    product,
    repeated,
    rms_norm,
    table,
    within,
)


@dataclass(frozen=True, kw_only=True)
class MochiTransformer3DModel(Transformer):
    """``pooled_projection_dim`` is the width of the text's stream."""

    patch_size: int
    num_layers: int
    pooled_projection_dim: int
    text_embed_dim: int
    time_embed_dim: int = 256
    out_channels: int | None = None
    activation_fn: FeedForwardActivation = "swiglu"

    passed_over = frozenset({"qk_norm", "max_sequence_length"})
    vae_factors: ClassVar[tuple[int, int]] = (8, 6)

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        return [
            *within("time_embed", self.conditioning()),
            patches("patch_embed.proj", self.in_channels, width, (side, side)),
            *self.positions(),
            *repeated("transformer_blocks", self.num_layers - 1, self.block()),
            *repeated("last_block", 1, self.block(text_output=False)),
            *adaptive_output(width, width, side**2 * self.outputs),
        ]

    def conditioning(self) -> list[Operator]:
        """Timestep and pooled text to one vector; the text to the width of its stream."""
        return [
            *mlp("timestep_embedder", self.time_embed_dim, self.width),
            *within("pooler", self.pooler()),
            dense("caption_proj", m, self.text_embed_dim, self.pooled_projection_dim),
        ]

    def pooler(self) -> list[Operator]:
        """Attention of the mean of the text's rows to itself and to them."""
        wide, rows = self.text_embed_dim, m + 1
        return [
            elementwise("mean", m, wide, operations=2, reads=2),
            dense("to_kv", rows, wide, 2 * wide),
            dense("to_q", 1, wide, wide),
            attention("scores", 1, rows, POOLER_HEADS, wide * Rational(1, POOLER_HEADS)),
            dense("to_out", 1, wide, self.width),
        ]

    def positions(self) -> list[Operator]:
        """Angles of the rotary positions, from trained frequencies of every head, and their cosines and sines."""
        half = self.width * Rational(1, 2)
        return [
            table("pos_frequencies", AXES * half),
            product("rope.freqs", ell, AXES, half),
            activation("rope.cos", ell, half),
            activation("rope.sin", ell, half),
        ]

    def block(self, *, text_output: bool = True) -> list[Operator]:
        """One block; ``text_output`` is missing in the last, which scales the text and does no more with it."""
        width, narrow, heads = self.width, self.pooled_projection_dim, self.heads
        before = [*head_norms(ell, heads), *head_norms(m, heads, "added_"), *rotations(ell, width)]
        joint = joint_attention(
            "attn1", width, heads, before, text_width=narrow, bias=False, text_output=text_output
        )  # fmt: skip
        return [
            *self.first_norm("norm1", ell, width, chunks=4),
            *self.first_norm("norm1_context", m, narrow, chunks=4 if text_output else 1),
            *joint,
            *self.after_attention("", ell, width),
            *(self.after_attention("_context", m, narrow) if text_output else []),
        ]

    def first_norm(self, name: str, rows: Size, width: Size, *, chunks: int) -> list[Operator]:
        """A norm with a scale from the condition, which makes the other scale and the gates, too."""
        return [
            *modulation(name, self.width, width, chunks),
            rms_norm(f"{name}.norm", rows, width, vectors=0),
            elementwise(f"{name}.scale", rows, width),
        ]

    def after_attention(self, stream: str, rows: Size, width: Any) -> list[Operator]:
        """The second norm of a stream's attention, and its gate; then the MLP, which released networks have gated."""
        feed = feed_forward(f"ff{stream}", rows, width, _inner(width), self.activation_fn, bias=False)
        return [
            rms_norm(f"norm2{stream}", rows, width, vectors=0),
            gated_residual(f"attn1.gate{stream}", rows, width),
            *enclosed(f"ff{stream}", rows, width, feed, scaled=True, vectors=0),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if the text's stream were as wide as the video's; four chunks of modulation in place of six."""
        matrices = 3 if is_gated(self.activation_fn) else 2
        ratio = Rational(matrices, 2) * _inner(self.width) / self.width
        return {**super().leading_order(), s: 1, a: 1, n_ada: Rational(2, 3), f: ratio}


def _inner(width: Any) -> Any:
    """Width inside an MLP: two thirds of four times the stream's, rounded down."""
    return 8 * width // 3 if isinstance(width, int) else width * Rational(8, 3)
