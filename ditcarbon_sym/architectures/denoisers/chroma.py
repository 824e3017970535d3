"""Chroma: FLUX.1 with its modulations made by one small network instead of one matrix a block (Lodestone Rock, 2025).

Released as diffusers' ``ChromaTransformer2DModel`` (src/diffusers/models/transformers/transformer_chroma.py). The
pipeline packs 2 x 2 latent pixels into a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import mlp
from ..network import Denoiser
from ..operators import Operator, Size, dense, modulate, norm, repeated, residual, rms_norm, within
from .flux import PACKING, parallel_block, two_streams


@dataclass(frozen=True)
class ChromaTransformer2DModel(Denoiser):
    """The approximator makes a row for every vector of shift, scale and gate in the network."""

    patch_size: int
    in_channels: int
    num_layers: int
    num_single_layers: int
    attention_head_dim: int
    num_attention_heads: int
    joint_attention_dim: int
    approximator_hidden_dim: int
    approximator_layers: int
    approximator_num_channels: int = 64
    out_channels: int | None = None
    # This does not change the count.
    axes_dims_rope: tuple[int, ...] = (16, 56, 56)

    passed_over: ClassVar[frozenset[str]] = frozenset({"guidance_embeds", "pooled_projection_dim"})

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels, packed by the pipeline; ``patch_size`` widens the output alone."""
        return PACKING

    def operators(self) -> list[Operator]:
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        outputs = self.in_channels if self.out_channels is None else self.out_channels
        return [
            dense("x_embedder", ell, self.in_channels, width),
            *self.approximator(),
            dense("context_embedder", m, self.joint_attention_dim, width),
            *repeated("transformer_blocks", self.num_layers, self.dual_block()),
            *repeated(
                "single_transformer_blocks", self.num_single_layers, parallel_block(width, heads, head, 4 * width)
            ),
            norm("norm_out.norm", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, self.patch_size**2 * outputs),
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

    def dual_block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention; the modulation is made elsewhere."""
        return two_streams(self.width, self.num_attention_heads, self.attention_head_dim)

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all, without a modulation in the blocks."""
        return {
            s: 0, c: 0, a: 0, j: 1, n_ada: 1, t: self.width, N: self.num_layers + self.num_single_layers,
            d: self.width, f: 4, p: self.patch,
        }  # fmt: skip
