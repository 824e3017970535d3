"""EasyAnimate 5.1: CogVideoX's modulation around streams of video and text with weights of their own (Xu et al., 2024).

Released as diffusers' ``EasyAnimateTransformer3DModel``
(src/diffusers/models/transformers/transformer_easyanimate.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Symbol

from ...equations.notation import a, ell, m, n_ada, s, t
from ..adaln import adaptive_norm, adaptive_output
from ..attentions import attend, head_norms, joint_attention, rotations
from ..layers import feed_forward, mlp, patches
from ..operators import LAYER_NORM, Operator, Size, dense, gated_residual, norm, repeated, rms_norm
from .cogvideox import LikeCogVideoX


@dataclass(frozen=True, kw_only=True)
class EasyAnimateTransformer3DModel(LikeCogVideoX):
    """The first ``mmdit_layers`` blocks have two streams, the others one."""

    out_channels: int
    time_embed_dim: int = 512
    text_embed_dim: int = 3584
    text_embed_dim_t5: None = None
    num_layers: int = 48
    mmdit_layers: int = 48
    num_attention_heads: int = 48
    attention_head_dim: int = 64
    add_norm_text_encoder: bool = False
    after_norm: bool = False

    passed_over = LikeCogVideoX.passed_over | {
        "time_position_encoding_type", "resize_inpaint_mask_directly", "enable_text_attention_mask",
        "add_noise_in_inpaint_model",
    }  # fmt: skip

    def operators(self) -> list[Operator]:
        width, side, affine, dual = self.width, self.patch_size, self.affine, min(self.mmdit_layers, self.num_layers)
        normed = [rms_norm("text_proj.norm", m, self.text_embed_dim)] if self.add_norm_text_encoder else []
        return [
            *mlp("time_embedding", width, self.time_embed_dim),
            patches("proj", self.in_channels, width, (side, side)),
            *normed,
            dense("text_proj", m, self.text_embed_dim, width),
            *repeated("transformer_blocks", dual, self.block(streams=2)),
            *repeated("single_transformer_blocks", self.num_layers - dual, self.block(streams=1)),
            norm("norm_final", ell, width, vectors=affine),
            *adaptive_output(self.time_embed_dim, width, side**2 * self.outputs, vectors=affine),
        ]

    def block(self, streams: int) -> list[Operator]:
        """One block; each adaLN makes shift, scale and gate for video and for text, which share its norm."""
        width, rows, condition, affine = self.width, ell + m, self.time_embed_dim, self.affine
        return [
            *adaptive_norm("norm1", rows, condition, width, 6, vectors=affine),
            *self.attention(streams),
            gated_residual("attn1.gate", rows, width),
            *adaptive_norm("norm2", rows, condition, width, 6, vectors=affine),
            *self.feeds(streams),
            *([norm("norm3", rows, width, vectors=affine)] if self.after_norm else []),
            gated_residual("ff.gate", rows, width),
        ]

    def attention(self, streams: int) -> list[Operator]:
        """Attention over video and text; queries and keys are layer-normed, positions rotate video rows.

        Of one stream, only the video's rows have a matrix out.
        """
        width, heads, rope = self.width, self.heads, rotations(ell, self.width)
        if streams == 1:
            normed = head_norms(ell + m, heads, vectors=2, operations=LAYER_NORM)
            *before, _ = attend("attn1", ell + m, width, heads, [*normed, *rope])
            return [*before, dense("attn1.to_out", ell, width, width)]
        video = head_norms(ell, heads, vectors=2, operations=LAYER_NORM)
        text = head_norms(m, heads, "added_", vectors=2, operations=LAYER_NORM)
        return joint_attention("attn1", width, heads, [*video, *text, *rope])

    def feeds(self, streams: int) -> list[Operator]:
        """The MLP, one for each stream."""
        width, kind = self.width, self.activation_fn
        if streams == 1:
            return feed_forward("ff", ell + m, width, 4 * width, kind)
        return [
            *feed_forward("ff", ell, width, 4 * width, kind),
            *feed_forward("txt_ff", m, width, 4 * width, kind),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), s: 1, a: 1, n_ada: 2, t: self.time_embed_dim}
