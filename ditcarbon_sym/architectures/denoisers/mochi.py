"""Mochi 1: two streams that attend jointly, the text's narrower than the video's (Genmo, 2024).

Released as diffusers' ``MochiTransformer3DModel`` (src/diffusers/models/transformers/transformer_mochi.py). Every
attention and MLP has a norm before and after it; the last block makes no text output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Rational, Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import feed_forward, head_norms, mlp, modulation, queries_keys_values, rotations
from ..network import Denoiser, FeedForwardActivation, is_gated
from ..operators import (
    Operator,
    Size,
    activation,
    attention,
    convolution,
    dense,
    elementwise,
    gated_residual,
    modulate,
    norm,
    product,
    repeated,
    rms_norm,
    table,
    within,
)

POOLER_HEADS = 8
"""Heads of the attention that pools the text."""
AXES = 3
"""Positions of a token: in time, height and width."""


@dataclass(frozen=True)
class MochiTransformer3DModel(Denoiser):
    """``pooled_projection_dim`` is the width of the text's stream."""

    patch_size: int
    num_attention_heads: int
    attention_head_dim: int
    num_layers: int
    pooled_projection_dim: int
    in_channels: int
    text_embed_dim: int
    time_embed_dim: int = 256
    out_channels: int | None = None
    activation_fn: FeedForwardActivation = "swiglu"
    # These do not change the count.
    qk_norm: str | None = "rms_norm"
    max_sequence_length: int = 256

    vae_factors: ClassVar[tuple[int, int]] = (8, 6)

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        outputs = self.out_channels or self.in_channels
        return [
            *within("time_embed", self.conditioning()),
            convolution("patch_embed.proj", ell, self.in_channels, width, (side, side), inputs_read=ell * side**2),
            *self.positions(),
            *repeated("transformer_blocks", self.num_layers - 1, self.block()),
            *repeated("last_block", 1, self.block(text_output=False)),
            *modulation("norm_out", width, width, 2),
            norm("norm_out.norm", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, side**2 * outputs),
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
        width, narrow = self.width, self.pooled_projection_dim
        text = [
            rms_norm("norm2_context", m, narrow, vectors=0),
            gated_residual("attn1.gate_context", m, narrow),
            rms_norm("norm3_context", m, narrow, vectors=0),
            elementwise("norm3_context.scale", m, narrow),
            *self.feed_forward("ff_context", m, narrow),
            rms_norm("norm4_context", m, narrow, vectors=0),
            gated_residual("ff_context.gate", m, narrow),
        ]
        return [
            *self.adaptive_norm("norm1", ell, width, chunks=4),
            *self.adaptive_norm("norm1_context", m, narrow, chunks=4 if text_output else 1),
            *self.attention(text_output=text_output),
            rms_norm("norm2", ell, width, vectors=0),
            gated_residual("attn1.gate", ell, width),
            rms_norm("norm3", ell, width, vectors=0),
            elementwise("norm3.scale", ell, width),
            *self.feed_forward("ff", ell, width),
            rms_norm("norm4", ell, width, vectors=0),
            gated_residual("ff.gate", ell, width),
            *(text if text_output else []),
        ]

    def adaptive_norm(self, name: str, rows: Size, width: Size, *, chunks: int) -> list[Operator]:
        """A norm with a scale from the condition, which makes the other scale and the gates, too."""
        return [
            *within(name, [activation("silu", 1, self.width), dense("linear", 1, self.width, chunks * width)]),
            rms_norm(f"{name}.norm", rows, width, vectors=0),
            elementwise(f"{name}.scale", rows, width),
        ]

    def attention(self, *, text_output: bool) -> list[Operator]:
        """Joint attention of both streams at the video's width; positions rotate video rows only."""
        width, narrow, heads, head = (
            self.width, self.pooled_projection_dim, self.num_attention_heads, self.attention_head_dim,
        )  # fmt: skip
        return within(
            "attn1",
            [
                *queries_keys_values(ell, width, heads, head, bias=False),
                *head_norms(ell, heads, head),
                *queries_keys_values(m, narrow, heads, head, bias=False, prefix="add_"),
                *head_norms(m, heads, head, suffix="added_"),
                *rotations(ell, width),
                attention("scores", ell + m, ell + m, heads, head),
                dense("to_out", ell, width, width),
                *([dense("to_add_out", m, width, narrow)] if text_output else []),
            ],
        )

    def feed_forward(self, name: str, rows: Size, width: Any) -> list[Operator]:
        """The MLP of a stream of this width; it is gated in the released networks."""
        return feed_forward(name, rows, width, _inner(width), gated=is_gated(self.activation_fn), bias=False)

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if the text's stream were as wide as the video's; four chunks of modulation in place of six."""
        return {
            s: 1, c: 0, a: 1, j: 0, n_ada: Rational(2, 3), t: self.width, N: self.num_layers, d: self.width,
            f: Rational(3 if is_gated(self.activation_fn) else 2, 2) * _inner(self.width) / self.width,
            p: self.patch_size,
        }  # fmt: skip


def _inner(width: Any) -> Any:
    """Width inside an MLP: two thirds of four times the stream's, rounded down."""
    return 8 * width // 3 if isinstance(width, int) else width * Rational(8, 3)
