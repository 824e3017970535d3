"""LongCat-Image: FLUX.1's blocks and widths, text from Qwen2.5-VL and no pooled text (Meituan LongCat Team, 2025).

Released as diffusers' ``LongCatImageTransformer2DModel``
(src/diffusers/models/transformers/transformer_longcat_image.py). The pipeline packs 2 x 2 latent pixels into a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Symbol

from ...equations.notation import a, ell, m
from ..adaln import adaptive_output, modulation
from ..layers import FREQUENCIES, mlp
from ..operators import Operator, Size, dense, repeated
from .flux import Flux, modulated_streams, parallel_block


@dataclass(frozen=True, kw_only=True)
class UnpooledFlux(Flux):
    """FLUX.1 with a modulation in every block of the timestep alone, or of it and of what ``beside`` embeds."""

    passed_over = Flux.passed_over | {"pooled_projection_dim"}

    def beside(self) -> list[Operator]:
        """What is embedded beside the timestep."""
        return []

    def operators(self) -> list[Operator]:
        width, heads = self.width, self.heads
        single = [*modulation("norm", width, width, 3), *parallel_block(width, heads)]
        return [
            *mlp("time_embed.timestep_embedder", FREQUENCIES, width),
            *self.beside(),
            dense("context_embedder", m, self.joint_attention_dim, width),
            dense("x_embedder", ell, self.in_channels, width),
            *repeated("transformer_blocks", self.num_layers, modulated_streams(width, heads)),
            *repeated("single_transformer_blocks", self.num_single_layers, single),
            *adaptive_output(width, width, self.patch_size**2 * self.outputs),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all, with a modulation in every block."""
        return {**super().leading_order(), a: 1}


@dataclass(frozen=True, kw_only=True)
class LongCatImageTransformer2DModel(UnpooledFlux):
    """The released class embeds no pooled text, although its configuration has a width for it."""
