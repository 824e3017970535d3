"""Stable Diffusion 3 and 3.5: MMDiT, two streams that attend jointly (Esser et al., 2024).

Released as diffusers' ``SD3Transformer2DModel`` (src/diffusers/models/transformers/transformer_sd3.py). The last block
makes no text output; SD3.5 medium has a second, latent-only attention in some blocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sympy import Symbol

from ...equations.notation import a, ell, m, s
from ..adaln import adaptive_norm, adaptive_output, modulated
from ..attentions import attend, head_norms, joint_attention
from ..layers import FREQUENCIES, feed_forward, mlp, placed_patches
from ..network import Transformer
from ..operators import Operator, Size, dense, gated_residual, modulate, repeated


@dataclass(frozen=True, kw_only=True)
class SD3Transformer2DModel(Transformer):
    """Text and latents have weights of their own in every block and share the attention."""

    sample_size: int
    patch_size: int
    num_layers: int
    joint_attention_dim: int
    caption_projection_dim: int
    pooled_projection_dim: int
    out_channels: int | None = 16
    pos_embed_max_size: int = 96
    dual_attention_layers: tuple[int, ...] = ()
    qk_norm: Literal["rms_norm"] | None = None

    def refusal(self, height: int, width: int) -> str:
        """Positions are cut from a table, which must be as large."""
        largest = self.pos_embed_max_size * self.patch_size
        return f"its positions end at {largest} latent pixels a side" if max(height, width) > largest else ""

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        last = self.num_layers - 1
        dual = len({layer for layer in self.dual_attention_layers if 0 <= layer < last})
        return [
            *placed_patches(self.in_channels, width, side, self.pos_embed_max_size**2),
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width),
            *mlp("time_text_embed.text_embedder", self.pooled_projection_dim, width),
            dense("context_embedder", m, self.joint_attention_dim, self.caption_projection_dim),
            *repeated("dual_attention_blocks", dual, self.block(dual=True)),
            *repeated("transformer_blocks", last - dual, self.block()),
            *repeated("last_block", 1, self.block(dual=last in self.dual_attention_layers, text_output=False)),
            *adaptive_output(width, width, side**2 * self.outputs),
        ]

    def block(self, *, dual: bool = False, text_output: bool = True) -> list[Operator]:
        """One block; ``dual`` adds an attention among latents, ``text_output`` is missing in the last."""
        width, heads = self.width, self.heads
        joint = joint_attention(
            "attn", width, heads, [*self.head_norms(ell), *self.head_norms(m, "added_")], text_output=text_output
        )
        second = [
            modulate("norm1.modulate2", ell, width),
            *attend("attn2", ell, width, heads, self.head_norms(ell)),
            gated_residual("attn2.gate", ell, width),
        ]
        return [
            *adaptive_norm("norm1", ell, width, width, 9 if dual else 6),
            *adaptive_norm("norm1_context", m, width, width, 6 if text_output else 2),
            *joint,
            gated_residual("attn.gate", ell, width),
            *(second if dual else []),
            *self.second_half("", ell),
            *([gated_residual("attn.gate_context", m, width)] if text_output else []),
            *(self.second_half("_context", m) if text_output else []),
        ]

    def head_norms(self, rows: Size, suffix: str = "") -> list[Operator]:
        """Norms of queries and keys, where the model has them."""
        return [] if self.qk_norm is None else head_norms(rows, self.heads, suffix)

    def second_half(self, stream: str, rows: Size) -> list[Operator]:
        """The MLP of a stream."""
        width = self.width
        feed = feed_forward(f"ff{stream}", rows, width, 4 * width)
        return modulated(f"norm2{stream}", f"ff{stream}", rows, width, feed)

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), s: 1, a: 1}
