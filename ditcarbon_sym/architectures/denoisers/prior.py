"""The prior of unCLIP and Kandinsky 2: it denoises one vector, the embedding of an image (Ramesh et al., 2022).

Released as diffusers' ``PriorTransformer`` (src/diffusers/models/transformers/prior_transformer.py). Its rows are those
of the text and four more: pooled text, timestep, the vector, and a learned row at which the answer is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Symbol

from ...equations.notation import j, m
from ..attentions import Heads, attend
from ..layers import added, feed_forward, mlp
from ..network import Denoiser
from ..operators import Operator, Size, buffer, dense, norm, repeated, residual, table

BESIDE = 4
"""Rows beside those of the text."""


@dataclass(frozen=True, kw_only=True)
class PriorTransformer(Denoiser):
    """``num_layers`` plain blocks without modulation, on ``num_embeddings`` rows of text."""

    num_layers: int
    num_attention_heads: int
    embedding_dim: int
    attention_head_dim: int = 64
    num_embeddings: int = 77
    time_embed_dim: int | None = None
    embedding_proj_dim: int | None = None
    clip_embed_dim: int | None = None
    norm_in_type: Literal["layer"] | None = None
    embedding_proj_norm_type: Literal["layer"] | None = None
    additional_embeddings: Literal[4] = 4
    encoder_hid_proj_type: Literal["linear"] = "linear"
    added_emb_type: Literal["prd"] = "prd"

    passed_over = frozenset({"dropout", "time_embed_act_fn"})

    @property
    def width(self) -> Any:
        return self.num_attention_heads * self.attention_head_dim

    @property
    def patch(self) -> int:
        """There are no patches: it knows nothing of the image's size."""
        return 1

    @property
    def text_tokens_fixed(self) -> int:
        """Its positions are learned for so many text tokens."""
        return self.num_embeddings

    def rows(self, height: int, width: int, frames: int) -> int:
        """One vector, whatever the size of the image."""
        return 1

    def operators(self) -> list[Operator]:
        width, rows, text = self.width, m + BESIDE, self.embedding_dim
        inner, pooled = self.time_embed_dim or width, self.embedding_proj_dim or text
        outputs = self.clip_embed_dim or text
        return [
            *mlp("time_embedding", width, inner, width),
            *([norm("embedding_proj_norm", 1, pooled, vectors=2)] if self.embedding_proj_norm_type else []),
            dense("embedding_proj", 1, pooled, width),
            dense("encoder_hidden_states_proj", m, text, width),
            dense("proj_in", 1, text, width),
            table("positional_embedding", (self.num_embeddings + BESIDE) * width),
            table("prd_embedding", width),
            residual("positional_embedding.add", rows, width),
            *([norm("norm_in", rows, width, vectors=2)] if self.norm_in_type else []),
            *repeated("transformer_blocks", self.num_layers, self.block(rows)),
            norm("norm_out", rows, width, vectors=2),
            dense("proj_to_clip_embeddings", 1, width, outputs),
            table("clip_mean", outputs),
            table("clip_std", outputs),
            buffer("causal_attention_mask", (self.num_embeddings + BESIDE) ** 2),
        ]

    def block(self, rows: Size) -> list[Operator]:
        """Attention under a causal mask, counted as if all rows saw each other, and an MLP."""
        width = self.width
        own = attend("attn1", rows, width, Heads(self.num_attention_heads, self.attention_head_dim))
        feed = feed_forward("ff", rows, width, 4 * width)
        return [
            *added("norm1", "attn1", rows, width, own, layer_norm=True),
            *added("norm3", "ff", rows, width, feed, layer_norm=True),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream of text and the vector, without modulation."""
        return {**super().leading_order(), j: 1}
