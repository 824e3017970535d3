"""Ovis-Image: FLUX.1's blocks with gated MLPs, fewer of them dual-stream, text from Qwen3 (AIDC-AI, 2025).

Released as diffusers' ``OvisImageTransformer2DModel`` (src/diffusers/models/transformers/transformer_ovis_image.py).
The pipeline packs 2 x 2 latent pixels into a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sympy import Symbol

from ...equations.notation import a, ell, f, m
from ..adaln import adaptive_output, modulation
from ..layers import FREQUENCIES, mlp
from ..operators import Operator, Size, dense, repeated, rms_norm
from .flux import Flux, modulated_streams, parallel_block


@dataclass(frozen=True, kw_only=True)
class OvisImageTransformer2DModel(Flux):
    """Every block makes its own modulation of the timestep alone; the text is normed before it is embedded."""

    out_channels: int | None = 64

    reference_pixels: ClassVar[int] = 0

    def operators(self) -> list[Operator]:
        width, heads = self.width, self.heads
        single = [*modulation("norm", width, width, 3), *parallel_block(width, heads, gated=True)]
        return [
            *mlp("timestep_embedder", FREQUENCIES, width),
            rms_norm("context_embedder_norm", m, self.joint_attention_dim),
            dense("context_embedder", m, self.joint_attention_dim, width),
            dense("x_embedder", ell, self.in_channels, width),
            *repeated("transformer_blocks", self.num_layers, modulated_streams(width, heads, kind="swiglu")),
            *repeated("single_transformer_blocks", self.num_single_layers, single),
            *adaptive_output(width, width, self.patch_size**2 * self.outputs),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all, with a modulation in every block; the gated MLP counts as one of 3/2 its ratio."""
        return {**super().leading_order(), a: 1, f: 6}
