"""FLUX.1: dual-stream blocks, then single-stream blocks whose MLP runs beside the attention (Black Forest Labs, 2024).

Released as diffusers' ``FluxTransformer2DModel`` (src/diffusers/models/transformers/transformer_flux.py). The pipeline
packs 2 x 2 latent pixels into a token before the network sees them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import FREQUENCIES, feed_forward, head_norms, mlp, modulation, queries_keys_values, rotations
from ..network import Denoiser
from ..operators import Operator, Size, activation, attention, dense, gated_residual, modulate, norm, repeated, within

PACKING = 2
"""Latent pixels to a side of a token, packed by the pipeline (FluxPipeline._pack_latents)."""


@dataclass(frozen=True)
class FluxTransformer2DModel(Denoiser):
    """``num_layers`` dual-stream and ``num_single_layers`` single-stream blocks."""

    patch_size: int
    in_channels: int
    num_layers: int
    num_single_layers: int
    attention_head_dim: int
    num_attention_heads: int
    joint_attention_dim: int
    pooled_projection_dim: int
    guidance_embeds: bool
    out_channels: int | None = None
    # This does not change the count.
    axes_dims_rope: tuple[int, ...] = (16, 56, 56)

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels."""
        return PACKING

    def operators(self) -> list[Operator]:
        width = self.width
        outputs = self.in_channels if self.out_channels is None else self.out_channels
        guidance = mlp("time_text_embed.guidance_embedder", FREQUENCIES, width) if self.guidance_embeds else []
        return [
            dense("x_embedder", ell, self.in_channels, width),
            dense("context_embedder", m, self.joint_attention_dim, width),
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width),
            *guidance,
            *mlp("time_text_embed.text_embedder", self.pooled_projection_dim, width),
            *repeated("transformer_blocks", self.num_layers, self.dual_block()),
            *repeated("single_transformer_blocks", self.num_single_layers, self.single_block()),
            *modulation("norm_out", width, width, 2),
            norm("norm_out.norm", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, self.patch_size**2 * outputs),
        ]

    def dual_block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention."""
        width = self.width
        return [
            *modulation("norm1", width, width, 6),
            *modulation("norm1_context", width, width, 6),
            *two_streams(width, self.num_attention_heads, self.attention_head_dim),
        ]

    def single_block(self) -> list[Operator]:
        """One stream; attention and MLP side by side, one matrix out of both."""
        width = self.width
        return [
            *modulation("norm", width, width, 3),
            *parallel_block(width, self.num_attention_heads, self.attention_head_dim, 4 * width),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all: in width and rows it is what most blocks are."""
        return {
            s: 0, c: 0, a: 1, j: 1, n_ada: 1, t: self.width, N: self.num_layers + self.num_single_layers,
            d: self.width, f: 4, p: self.patch,
        }  # fmt: skip


def two_streams(
    width: Size, heads: Size, head_width: Size, mlps: tuple[str, str] = ("ff", "ff_context")
) -> list[Operator]:
    """A dual-stream block but for its modulation: joint attention, then an MLP for latents and one for text."""
    latents, text = mlps
    return [
        norm("norm1.norm", ell + m, width),
        modulate("norm1.modulate", ell + m, width),
        *joint_attention(width, heads, head_width),
        gated_residual("attn.gate", ell + m, width),
        norm("norm2", ell + m, width),
        modulate("norm2.modulate", ell + m, width),
        *feed_forward(latents, ell, width, 4 * width),
        *feed_forward(text, m, width, 4 * width),
        gated_residual(f"{latents}.gate", ell + m, width),
    ]


def joint_attention(width: Any, heads: Any, head: Any, *, bias: bool = True) -> list[Operator]:
    """Attention over both streams: projections of each, norms of queries and keys, positions, outputs of each."""
    return within(
        "attn",
        [
            *queries_keys_values(ell, width, heads, head, bias=bias),
            *queries_keys_values(m, width, heads, head, prefix="add_", bias=bias),
            *head_norms(ell, heads, head),
            *head_norms(m, heads, head, suffix="added_"),
            *rotations(ell + m, width),
            attention("scores", ell + m, ell + m, heads, head),
            dense("to_out", ell, heads * head, width, bias=bias),
            dense("to_add_out", m, heads * head, width, bias=bias),
        ],
    )


def parallel_block(width: Any, heads: Any, head: Any, inner: Any) -> list[Operator]:
    """Attention and MLP of one stream side by side, one matrix out of both."""
    rows = ell + m
    return [
        norm("norm.norm", rows, width),
        modulate("norm.modulate", rows, width),
        dense("proj_mlp", rows, width, inner),
        activation("act_mlp", rows, inner),
        *within("attn", queries_keys_values(rows, width, heads, head)),
        *within("attn", head_norms(rows, heads, head)),
        *within("attn", rotations(rows, width)),
        attention("attn.scores", rows, rows, heads, head),
        dense("proj_out", rows, width + inner, width),
        gated_residual("gate", rows, width),
    ]
