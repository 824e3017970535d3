"""FLUX.1: dual-stream blocks, then single-stream blocks whose MLP runs beside the attention (Black Forest Labs, 2024).

Released as diffusers' ``FluxTransformer2DModel`` (src/diffusers/models/transformers/transformer_flux.py). The pipeline
packs 2 x 2 latent pixels into a token before the network sees them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Symbol

from ...equations.notation import a, ell, j, m
from ..adaln import adaptive_output, modulated, modulation
from ..attentions import Heads, head_norms, joint_attention, queries_keys_values, rotations
from ..layers import FREQUENCIES, feed_forward, mlp
from ..network import Transformer
from ..operators import (
    Operator,
    Size,
    activation,
    attention,
    dense,
    gate,
    gated_residual,
    modulate,
    norm,
    repeated,
    within,
)

PACKING = 2
"""Latent pixels to a side of a token, packed by the pipeline (FluxPipeline._pack_latents)."""
MEGAPIXEL = 1024**2
"""Pixels of a reference image: FluxKontextPipeline and QwenImageEditPipeline bring any to about so many in its own
shape, Flux2Pipeline those that are larger.
"""


@dataclass(frozen=True, kw_only=True)
class PackedLatent(Transformer):
    """A network whose pipeline packs latent pixels into tokens."""

    num_layers: int

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels."""
        return PACKING


@dataclass(frozen=True, kw_only=True)
class Packed(PackedLatent):
    """One whose ``patch_size`` widens the output alone; a pipeline may append reference images to its latent."""

    patch_size: int
    joint_attention_dim: int

    reference_pixels: ClassVar[int] = MEGAPIXEL


@dataclass(frozen=True, kw_only=True)
class Flux(Packed):
    """``num_layers`` dual-stream and ``num_single_layers`` single-stream blocks."""

    num_single_layers: int

    passed_over = frozenset({"axes_dims_rope"})

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all: in width and rows it is what most blocks are."""
        return {**super().leading_order(), j: 1}


@dataclass(frozen=True, kw_only=True)
class FluxTransformer2DModel(Flux):
    """Every block makes its own modulation."""

    pooled_projection_dim: int
    guidance_embeds: bool
    out_channels: int | None = None

    def operators(self) -> list[Operator]:
        width = self.width
        guidance = mlp("time_text_embed.guidance_embedder", FREQUENCIES, width) if self.guidance_embeds else []
        single = [*modulation("norm", width, width, 3), *parallel_block(width, self.heads)]
        return [
            dense("x_embedder", ell, self.in_channels, width),
            dense("context_embedder", m, self.joint_attention_dim, width),
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width),
            *guidance,
            *mlp("time_text_embed.text_embedder", self.pooled_projection_dim, width),
            *repeated("transformer_blocks", self.num_layers, modulated_streams(width, self.heads)),
            *repeated("single_transformer_blocks", self.num_single_layers, single),
            *adaptive_output(width, width, self.patch_size**2 * self.outputs),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all, with a modulation in every block."""
        return {**super().leading_order(), a: 1}


def two_streams(
    width: Any, heads: Heads, kind: str = "gelu", *, as_complex: bool = False
) -> list[Operator]:  # fmt: skip
    """A dual-stream block but for its modulation: joint attention, then an MLP for latents and one for text."""
    rows = ell + m
    normed = [*head_norms(ell, heads), *head_norms(m, heads, "added_")]
    joint = joint_attention("attn", width, heads, [*normed, *rotations(rows, width, as_complex=as_complex)])
    feed = [*feed_forward("ff", ell, width, 4 * width, kind), *feed_forward("ff_context", m, width, 4 * width, kind)]
    return [*modulated("norm1", "attn", rows, width, joint), *modulated("norm2", "ff", rows, width, feed)]


def modulated_streams(
    width: Any, heads: Heads, conditions: int = 1, kind: str = "gelu", *, as_complex: bool = False
) -> list[Operator]:  # fmt: skip
    """The same block with its modulation, made for each stream; that of latents for so many ``conditions``."""
    return [
        *modulation("norm1", width, width, 6, rows=conditions),
        *modulation("norm1_context", width, width, 6),
        *two_streams(width, heads, kind, as_complex=as_complex),
    ]


def parallel_block(
    width: Any, heads: Heads, inner: Any = None, before: list[Operator] | None = None, *, gated: bool = False
) -> list[Operator]:
    """Attention and MLP of one stream side by side, one matrix out of both; its modulation is not here.

    ``before`` the scores queries and keys are normed and turned, all rows of them unless said otherwise. A ``gated``
    MLP makes two inner halves and multiplies them.
    """
    rows, wide = ell + m, 4 * width if inner is None else inner
    usual = [*head_norms(rows, heads), *rotations(rows, width)]
    return [
        norm("norm.norm", rows, width),
        modulate("norm.modulate", rows, width),
        dense("proj_mlp", rows, width, (1 + gated) * wide),
        gate("act_mlp", rows, wide) if gated else activation("act_mlp", rows, wide),
        *within("attn", [*queries_keys_values(rows, width, heads), *(usual if before is None else before)]),
        attention("attn.scores", rows, rows, heads.number, heads.width),
        dense("proj_out", rows, width + wide, width),
        gated_residual("gate", rows, width),
    ]
