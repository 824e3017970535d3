"""Chroma: FLUX.1 with its modulations made by one small network instead of one matrix a block (Lodestone Rock, 2025).

Released as diffusers' ``ChromaTransformer2DModel`` (src/diffusers/models/transformers/transformer_chroma.py). The
pipeline packs 2 x 2 latent pixels into a token.
"""

from dataclasses import dataclass
from typing import ClassVar

from ...equations.notation import ell, m
from ..adaln import modulated_output
from ..layers import mlp
from ..operators import Operator, dense, repeated, residual, rms_norm, within
from .flux import Flux, parallel_block, two_streams


@dataclass(frozen=True, kw_only=True)
class ChromaTransformer2DModel(Flux):
    """The approximator makes a row for every vector of shift, scale and gate in the network."""

    approximator_hidden_dim: int
    approximator_layers: int
    out_channels: int | None = None
    approximator_num_channels: int = 64

    passed_over = Flux.passed_over | {"guidance_embeds", "pooled_projection_dim"}
    reference_pixels: ClassVar[int] = 0

    def operators(self) -> list[Operator]:
        width = self.width
        return [
            dense("x_embedder", ell, self.in_channels, width),
            *self.approximator(),
            dense("context_embedder", m, self.joint_attention_dim, width),
            *repeated("transformer_blocks", self.num_layers, two_streams(width, self.heads)),
            *repeated("single_transformer_blocks", self.num_single_layers, parallel_block(width, self.heads)),
            *modulated_output([], width, self.patch_size**2 * self.outputs),
        ]

    def approximator(self) -> list[Operator]:
        """Timestep and the number of a vector to the vector: a residual MLP on as many rows as there are vectors."""
        rows = 3 * self.num_single_layers + 12 * self.num_layers + 2
        inner = self.approximator_hidden_dim
        layer = [
            rms_norm("norms", rows, inner),
            *mlp("layers", inner, inner, rows=rows),
            residual("layers.add", rows, inner),
        ]
        return within(
            "distilled_guidance_layer",
            [
                dense("in_proj", rows, self.approximator_num_channels, inner),
                *repeated("layers", self.approximator_layers, layer),
                dense("out_proj", rows, inner, self.width),
            ],
        )
