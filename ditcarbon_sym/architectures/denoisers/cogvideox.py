"""CogVideoX: video and text in one sequence, expert adaLN for each (Yang et al., 2024).

Released as diffusers' ``CogVideoXTransformer3DModel`` (src/diffusers/models/transformers/cogvideox_transformer_3d.py).
Version 1.5 takes patches of two latent frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import feed_forward, mlp, modulation, queries_keys_values
from ..network import Denoiser, FeedForwardActivation, is_gated
from ..operators import (
    Operator,
    Size,
    attention,
    convolution,
    dense,
    gated_residual,
    modulate,
    norm,
    repeated,
    residual,
    rotary,
    within,
)


@dataclass(frozen=True)
class CogVideoXTransformer3DModel(Denoiser):
    """Both kinds of token share all weights but those of the modulation."""

    num_attention_heads: int
    attention_head_dim: int
    in_channels: int
    time_embed_dim: int
    text_embed_dim: int
    num_layers: int
    patch_size: int
    out_channels: int | None = 16
    patch_size_t: int | None = None
    ofs_embed_dim: int | None = None
    attention_bias: bool = True
    activation_fn: FeedForwardActivation = "gelu-approximate"
    norm_elementwise_affine: bool = True
    patch_bias: bool = True
    use_rotary_positional_embeddings: bool = False
    use_learned_positional_embeddings: bool = False
    max_text_seq_length: int = 226
    # These do not change the count.
    flip_sin_to_cos: bool = True
    freq_shift: int = 0
    dropout: float = 0.0
    sample_width: int = 90
    sample_height: int = 60
    sample_frames: int = 49
    temporal_compression_ratio: int = 4
    timestep_activation_fn: str = "silu"
    norm_eps: float = 1e-5
    spatial_interpolation_scale: float = 1.875
    temporal_interpolation_scale: float = 1.0

    vae_factors: ClassVar[tuple[int, int]] = (8, 4)

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def text_tokens_fixed(self) -> int | None:
        """Positions that are added are made for text of one length; rotary ones leave text alone."""
        return None if self.use_rotary_positional_embeddings else self.max_text_seq_length

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token: 2 in version 1.5."""
        return self.patch_size_t or 1

    def operators(self) -> list[Operator]:
        width, affine = self.width, 2 * int(self.norm_elementwise_affine)
        area = self.patch_size**2 * self.patch_frames
        outputs = self.in_channels if self.out_channels is None else self.out_channels
        offset = [] if self.ofs_embed_dim is None else mlp("ofs_embedding", self.ofs_embed_dim, self.ofs_embed_dim)
        return [
            *mlp("time_embedding", width, self.time_embed_dim),
            *offset,
            *self.patches(),
            dense("patch_embed.text_proj", m, self.text_embed_dim, width),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            norm("norm_final", ell, width, vectors=affine),
            *modulation("norm_out", self.time_embed_dim, width, 2),
            norm("norm_out.norm", ell, width, vectors=affine),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, area * outputs),
        ]

    def patches(self) -> list[Operator]:
        """Patches in: a convolution on frames, or one matrix where patches reach over frames; learned positions."""
        width, side = self.width, self.patch_size
        if self.patch_size_t is None:
            first = convolution(
                "patch_embed.proj", ell, self.in_channels, width, (side, side), bias=self.patch_bias,
                inputs_read=ell * side**2,
            )  # fmt: skip
        else:
            first = dense("patch_embed.proj", ell, self.in_channels * side**2 * self.patch_size_t, width)
        if self.use_rotary_positional_embeddings:
            return [first]
        return [first, residual("patch_embed.pos_embedding", ell + m, width)]

    def block(self) -> list[Operator]:
        """One block; each adaLN makes shift, scale and gate for video and for text."""
        width = self.width
        return [
            *self.adaptive_norm("norm1"),
            *self.attention(),
            gated_residual("attn1.gate", ell + m, width),
            *self.adaptive_norm("norm2"),
            *feed_forward("ff", ell + m, width, 4 * width, gated=is_gated(self.activation_fn)),
            gated_residual("ff.gate", ell + m, width),
        ]

    def adaptive_norm(self, name: str) -> list[Operator]:
        """One norm for both kinds of token, modulated apart."""
        width = self.width
        return [
            *modulation(name, self.time_embed_dim, width, 6),
            norm(f"{name}.norm", ell + m, width, vectors=2 * self.norm_elementwise_affine),
            modulate(f"{name}.modulate", ell + m, width),
        ]

    def attention(self) -> list[Operator]:
        """Attention over video and text, queries and keys layer-normed over each head; positions rotate video rows."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        rows = ell + m
        rope = [rotary("rope_q", ell, width), rotary("rope_k", ell, width)]
        return within(
            "attn1",
            [
                *queries_keys_values(rows, width, heads, head, bias=self.attention_bias),
                norm("norm_q", rows * heads, head, vectors=2),
                norm("norm_k", rows * heads, head, vectors=2),
                *(rope if self.use_rotary_positional_embeddings else []),
                attention("scores", rows, rows, heads, head),
                dense("to_out", rows, width, width),
            ],
        )

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {
            s: 0, c: 0, a: 1, j: 1, n_ada: 2, t: self.time_embed_dim, N: self.num_layers, d: self.width, f: 4,
            p: self.patch_size,
        }  # fmt: skip
