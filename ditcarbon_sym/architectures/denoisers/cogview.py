"""CogView3-Plus and CogView4: text and image in one sequence, expert adaLN for each (Zheng et al., 2024).

Released as diffusers' ``CogView3PlusTransformer2DModel`` and ``CogView4Transformer2DModel``
(src/diffusers/models/transformers/transformer_cogview3plus.py, transformer_cogview4.py). The timestep comes with
original size, target size and crop of the image, as in SDXL.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Symbol

from ...equations.notation import a, ell, j, m, n_ada, t
from ..adaln import modulated, modulated_output, modulation
from ..attentions import attend, head_norms, rotations
from ..layers import IMAGE_SIZES, feed_forward, mlp
from ..network import Transformer
from ..operators import LAYER_NORM, Operator, Size, activation, buffer, dense, repeated, residual, shared

EXPERT = 12
"""Vectors of the modulation in a block: shift, scale and gate for attention and MLP, of image and of text."""


@dataclass(frozen=True, kw_only=True)
class CogView(Transformer):
    """What both versions have in common: both kinds of token share all weights but those of the modulation."""

    patch_size: int
    num_layers: int
    text_embed_dim: int
    time_embed_dim: int
    condition_dim: int
    out_channels: int = 16
    pos_embed_max_size: int = 128
    # This says what output it is for; it does not change the count.
    sample_size: int = 128

    def embeddings(self) -> list[Operator]:
        """Patches and text to the width of the blocks; timestep, with as many features as that, and sizes to one."""
        width, condition = self.width, self.time_embed_dim
        return [
            dense("patch_embed.proj", ell, self.in_channels * self.patch_size**2, width),
            dense("patch_embed.text_proj", m, self.text_embed_dim, width),
            *mlp("time_condition_embed.timestep_embedder", width, condition),
            *mlp("time_condition_embed.condition_embedder", IMAGE_SIZES * self.condition_dim, condition),
        ]

    def block(self) -> list[Operator]:
        """One block: all rows attend to all."""
        width, heads, rows = self.width, self.heads, ell + m
        normed = head_norms(rows, heads, vectors=0, operations=LAYER_NORM)
        return [
            *self.modulation("norm1", EXPERT),
            *modulated("norm1", "attn1", rows, width, attend("attn1", rows, width, heads, [*normed, *self.turned()])),
            *modulated("norm2", "ff", rows, width, self.feed_forward()),
        ]

    def output(self) -> list[Operator]:
        """The latents out; the text that came out of the last block is dropped."""
        return modulated_output(self.modulation("norm_out", 2), self.width, self.patch_size**2 * self.outputs)

    @abstractmethod
    def modulation(self, name: str, chunks: int) -> list[Operator]:
        """From the condition to vectors of shift, scale or gate."""

    @abstractmethod
    def turned(self) -> list[Operator]:
        """Positions in queries and keys."""

    @abstractmethod
    def feed_forward(self) -> list[Operator]:
        """The MLP on both kinds of token."""

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), a: 1, j: 1, n_ada: 2, t: self.time_embed_dim}


@dataclass(frozen=True, kw_only=True)
class CogView3PlusTransformer2DModel(CogView):
    """Computed positions are added to the latents once."""

    passed_over = frozenset({"pooled_projection_dim"})

    def operators(self) -> list[Operator]:
        return [
            *self.embeddings(),
            residual("patch_embed.add", ell + m, self.width),
            buffer("patch_embed.pos_embed", self.pos_embed_max_size**2 * self.width),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *self.output(),
        ]

    def modulation(self, name: str, chunks: int) -> list[Operator]:
        """From the condition, activated anew each time."""
        return modulation(name, self.time_embed_dim, self.width, chunks)

    def turned(self) -> list[Operator]:
        """No positions in the attention."""
        return []

    def feed_forward(self) -> list[Operator]:
        """Latents and text in one pass."""
        return feed_forward("ff", ell + m, self.width, 4 * self.width)


@dataclass(frozen=True, kw_only=True)
class CogView4Transformer2DModel(CogView):
    """Rotary positions in every block; the condition is activated once for all; text runs through the MLP apart.

    ``pos_embed_max_size`` does not change its count.
    """

    passed_over = frozenset({"rope_axes_dim"})

    def operators(self) -> list[Operator]:
        return [
            *self.embeddings(),
            activation("time_condition_embed.silu", 1, self.time_embed_dim),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *self.output(),
        ]

    def modulation(self, name: str, chunks: int) -> list[Operator]:
        """From the activated condition."""
        return [dense(f"{name}.linear", 1, self.time_embed_dim, chunks * self.width)]

    def turned(self) -> list[Operator]:
        """Positions turn the latents' queries and keys, not the text's."""
        return rotations(ell, self.width)

    def feed_forward(self) -> list[Operator]:
        """Latents, then text through the same weights."""
        width = self.width
        return [
            *feed_forward("ff", ell, width, 4 * width),
            *shared(feed_forward("ff_context", m, width, 4 * width)),
        ]
