"""CogVideoX: video and text in one sequence, expert adaLN for each (Yang et al., 2024).

Released as diffusers' ``CogVideoXTransformer3DModel`` (src/diffusers/models/transformers/cogvideox_transformer_3d.py).
Version 1.5 takes patches of two latent frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sympy import Symbol

from ...equations.notation import a, ell, j, m, n_ada, t
from ..adaln import adaptive_norm, adaptive_output
from ..attentions import attend, head_norms, rotations
from ..layers import feed_forward, mlp, patches
from ..operators import LAYER_NORM, Operator, Size, dense, gated_residual, norm, repeated, residual
from .dit import BasicBlocks


@dataclass(frozen=True, kw_only=True)
class LikeCogVideoX(BasicBlocks):
    """What CogVideoX and EasyAnimate have in common."""

    time_embed_dim: int
    text_embed_dim: int
    norm_elementwise_affine: bool = True
    # These say what output it is for; they do not change the count.
    sample_width: int = 90
    sample_height: int = 60

    passed_over = BasicBlocks.passed_over | {"flip_sin_to_cos", "freq_shift", "timestep_activation_fn"}
    vae_factors: ClassVar[tuple[int, int]] = (8, 4)


@dataclass(frozen=True, kw_only=True)
class CogVideoXBlocks(LikeCogVideoX):
    """What CogVideoX and the networks made from it have in common: both kinds of token share all weights but those of
    the modulation.
    """

    attention_bias: bool = True
    use_rotary_positional_embeddings: bool = False
    use_learned_positional_embeddings: bool = False
    max_text_seq_length: int = 226
    out_channels: int | None = 16
    # This says what output it is for; it does not change the count.
    sample_frames: int = 49

    passed_over = LikeCogVideoX.passed_over | {
        "temporal_compression_ratio", "spatial_interpolation_scale", "temporal_interpolation_scale",
    }  # fmt: skip

    @property
    def text_tokens_fixed(self) -> int | None:
        """Positions that are added are made for text of one length; rotary ones leave text alone."""
        return None if self.use_rotary_positional_embeddings else self.max_text_seq_length

    def operators(self) -> list[Operator]:
        width, affine = self.width, self.affine
        area = self.patch_size**2 * self.patch_frames
        return [
            *mlp("time_embedding", width, self.time_embed_dim),
            *self.offset(),
            *self.patches(),
            dense("patch_embed.text_proj", m, self.text_embed_dim, width),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            norm("norm_final", ell, width, vectors=affine),
            *adaptive_output(self.time_embed_dim, width, area * self.outputs, vectors=affine),
        ]

    def offset(self) -> list[Operator]:
        """What is embedded beside the timestep."""
        return []

    def patches(self) -> list[Operator]:
        """Patches in, and positions."""
        return [self.projection(), *self.positions()]

    def projection(self) -> Operator:
        """A convolution on frames."""
        side = self.patch_size
        return patches("patch_embed.proj", self.in_channels, self.width, (side, side))

    def positions(self) -> list[Operator]:
        """Learned or computed positions, added, where they are not rotary."""
        if self.use_rotary_positional_embeddings:
            return []
        return [residual("patch_embed.pos_embedding", ell + m, self.width)]

    def block(self) -> list[Operator]:
        """One block; each adaLN makes shift, scale and gate for video and for text."""
        width, rows = self.width, ell + m
        return [
            *adaptive_norm("norm1", rows, self.time_embed_dim, width, 6, vectors=self.affine),
            *self.attention(rows),
            gated_residual("attn1.gate", rows, width),
            *adaptive_norm("norm2", rows, self.time_embed_dim, width, 6, vectors=self.affine),
            *feed_forward("ff", rows, width, 4 * width, self.activation_fn),
            gated_residual("ff.gate", rows, width),
        ]

    def attention(self, rows: Size) -> list[Operator]:
        """Attention over video and text, queries and keys layer-normed over each head; positions rotate video rows."""
        normed = head_norms(rows, self.heads, vectors=2, operations=LAYER_NORM)
        rope = rotations(ell, self.width) if self.use_rotary_positional_embeddings else []
        return attend("attn1", rows, self.width, self.heads, [*normed, *rope], bias=self.attention_bias)

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), a: 1, j: 1, n_ada: 2, t: self.time_embed_dim}


@dataclass(frozen=True, kw_only=True)
class CogVideoXTransformer3DModel(CogVideoXBlocks):
    """Version 1.5 takes patches that reach over ``patch_size_t`` frames, and its image to video an offset."""

    patch_size_t: int | None = None
    ofs_embed_dim: int | None = None
    patch_bias: bool = True

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token: 2 in version 1.5."""
        return self.patch_size_t or 1

    def offset(self) -> list[Operator]:
        return [] if self.ofs_embed_dim is None else mlp("ofs_embedding", self.ofs_embed_dim, self.ofs_embed_dim)

    def projection(self) -> Operator:
        """A convolution on frames, or one matrix where patches reach over frames."""
        width, side, name = self.width, self.patch_size, "patch_embed.proj"
        if self.patch_size_t is None:
            return patches(name, self.in_channels, width, (side, side), bias=self.patch_bias)
        return dense(name, ell, self.in_channels * side**2 * self.patch_size_t, width)
