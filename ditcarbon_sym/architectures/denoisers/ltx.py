"""LTX-Video: few, deep tokens, cross-attention to T5, one modulation shared by all blocks (HaCohen et al., 2024).

Released as diffusers' ``LTXVideoTransformer3DModel`` (src/diffusers/models/transformers/transformer_ltx.py). Its VAE
downsamples so far that a token is one latent pixel. Counted with one timestep for the sample, as text to video runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sympy import Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import FREQUENCIES, feed_forward, mlp, modulation, queries_keys_values, rotations
from ..network import Denoiser, FeedForwardActivation, is_gated
from ..operators import (
    Operator,
    Size,
    attention,
    dense,
    elementwise,
    gated_residual,
    modulate,
    norm,
    repeated,
    residual,
    rms_norm,
    table,
    within,
)


@dataclass(frozen=True)
class LTXVideoTransformer3DModel(Denoiser):
    """adaLN-single: shift, scale and gate come from one projection, plus a table in each block."""

    in_channels: int
    out_channels: int | None
    patch_size: int
    patch_size_t: int
    num_attention_heads: int
    attention_head_dim: int
    cross_attention_dim: int
    num_layers: int
    activation_fn: FeedForwardActivation = "gelu-approximate"
    qk_norm: Literal["rms_norm_across_heads"] = "rms_norm_across_heads"
    norm_elementwise_affine: bool = False
    caption_channels: int = 4096
    attention_bias: bool = True
    attention_out_bias: bool = True
    # This does not change the count.
    norm_eps: float = 1e-6

    vae_factors: ClassVar[tuple[int, int]] = (32, 8)

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token, packed by the pipeline like the sides."""
        return int(self.patch_size_t)

    def operators(self) -> list[Operator]:
        width = self.width
        return [
            dense("proj_in", ell, self.in_channels, width),
            *mlp("time_embed.emb.timestep_embedder", FREQUENCIES, width),
            *modulation("time_embed", width, width, 6),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *self.shifts_and_scales(2),
            norm("norm_out", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, self.out_channels or self.in_channels),
        ]

    def block(self) -> list[Operator]:
        """One block: modulated self-attention, plain cross-attention without a norm, modulated MLP."""
        width, scale = self.width, int(self.norm_elementwise_affine)
        return [
            *self.shifts_and_scales(6),
            rms_norm("norm1", ell, width, vectors=scale),
            modulate("norm1.modulate", ell, width),
            *self.attention("attn1", keys_rows=ell, keys_width=width, rotated=True),
            gated_residual("attn1.gate", ell, width),
            *self.attention("attn2", keys_rows=m, keys_width=self.cross_attention_dim),
            residual("attn2.add", ell, width),
            rms_norm("norm2", ell, width, vectors=scale),
            modulate("norm2.modulate", ell, width),
            *feed_forward("ff", ell, width, 4 * width, gated=is_gated(self.activation_fn)),
            gated_residual("ff.gate", ell, width),
        ]

    def attention(self, name: str, *, keys_rows: Size, keys_width: Size, rotated: bool = False) -> list[Operator]:
        """Attention to video or to text; queries and keys are normed over all heads together."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        return within(
            name,
            [
                *queries_keys_values(
                    ell, width, heads, head, bias=self.attention_bias, keys_rows=keys_rows, keys_width=keys_width
                ),
                rms_norm("norm_q", ell, width),
                rms_norm("norm_k", keys_rows, width),
                *(rotations(ell, width) if rotated else []),
                attention("scores", ell, keys_rows, heads, head),
                dense("to_out", ell, width, width, bias=self.attention_out_bias),
            ],
        )

    def shifts_and_scales(self, chunks: int) -> list[Operator]:
        """A table of shift, scale and gate, and the condition added to it."""
        return [
            table("scale_shift_table", chunks * self.width),
            elementwise("scale_shift_table.add", 1, chunks * self.width, reads=2),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {
            s: 0, c: 1, a: 0, j: 0, n_ada: 1, t: self.width, N: self.num_layers, d: self.width,
            f: 6 if is_gated(self.activation_fn) else 4, p: self.patch_size,
        }  # fmt: skip
