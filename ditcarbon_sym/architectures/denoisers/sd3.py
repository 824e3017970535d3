"""Stable Diffusion 3 and 3.5: MMDiT, two streams that attend jointly (Esser et al., 2024).

Released as diffusers' ``SD3Transformer2DModel`` (src/diffusers/models/transformers/transformer_sd3.py). The last block
makes no text output; SD3.5 medium has a second, latent-only attention in some blocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sympy import Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import FREQUENCIES, feed_forward, head_norms, mlp, modulation, queries_keys_values
from ..network import Denoiser
from ..operators import (
    Operator,
    Size,
    attention,
    buffer,
    convolution,
    dense,
    gated_residual,
    modulate,
    norm,
    repeated,
    residual,
    within,
)


@dataclass(frozen=True)
class SD3Transformer2DModel(Denoiser):
    """Text and latents have weights of their own in every block and share the attention."""

    sample_size: int
    patch_size: int
    in_channels: int
    num_layers: int
    attention_head_dim: int
    num_attention_heads: int
    joint_attention_dim: int
    caption_projection_dim: int
    pooled_projection_dim: int
    out_channels: int | None = 16
    pos_embed_max_size: int = 96
    dual_attention_layers: tuple[int, ...] = ()
    qk_norm: Literal["rms_norm"] | None = None

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    def refusal(self, height: int, width: int) -> str:
        """Positions are cut from a table, which must be as large."""
        largest = self.pos_embed_max_size * self.patch_size
        return f"its positions end at {largest} latent pixels a side" if max(height, width) > largest else ""

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        outputs = self.in_channels if self.out_channels is None else self.out_channels
        last = self.num_layers - 1
        dual = len({layer for layer in self.dual_attention_layers if layer != last})
        return [
            convolution("pos_embed.proj", ell, self.in_channels, width, (side, side), inputs_read=ell * side**2),
            residual("pos_embed.add", ell, width),
            buffer("pos_embed", self.pos_embed_max_size**2 * width),
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width),
            *mlp("time_text_embed.text_embedder", self.pooled_projection_dim, width),
            dense("context_embedder", m, self.joint_attention_dim, self.caption_projection_dim),
            *repeated("dual_attention_blocks", dual, self.block(dual=True)),
            *repeated("transformer_blocks", last - dual, self.block()),
            *repeated("last_block", 1, self.block(dual=last in self.dual_attention_layers, text_output=False)),
            *modulation("norm_out", width, width, 2),
            norm("norm_out.norm", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, side**2 * outputs),
        ]

    def block(self, *, dual: bool = False, text_output: bool = True) -> list[Operator]:
        """One block; ``dual`` adds an attention among latents, ``text_output`` is missing in the last."""
        width = self.width
        second = [*self.attention("attn2", joint=False), gated_residual("attn2.gate", ell, width)] if dual else []
        text = [
            gated_residual("attn.gate_context", m, width),
            norm("norm2_context", m, width),
            modulate("norm2_context.modulate", m, width),
            *feed_forward("ff_context", m, width, 4 * width),
            gated_residual("ff_context.gate", m, width),
        ]
        return [
            *modulation("norm1", width, width, 9 if dual else 6),
            norm("norm1.norm", ell, width),
            *[modulate("norm1.modulate", ell, width)] * (2 if dual else 1),
            *modulation("norm1_context", width, width, 6 if text_output else 2),
            norm("norm1_context.norm", m, width),
            modulate("norm1_context.modulate", m, width),
            *self.attention("attn", text_output=text_output),
            gated_residual("attn.gate", ell, width),
            *second,
            norm("norm2", ell, width),
            modulate("norm2.modulate", ell, width),
            *feed_forward("ff", ell, width, 4 * width),
            gated_residual("ff.gate", ell, width),
            *(text if text_output else []),
        ]

    def attention(self, name: str, *, joint: bool = True, text_output: bool = True) -> list[Operator]:
        """Joint attention of both streams, or of the latents among themselves."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        normed = self.qk_norm is not None
        text = [
            *queries_keys_values(m, width, heads, head, prefix="add_"),
            *(head_norms(m, heads, head, suffix="added_") if normed else []),
            *([dense("to_add_out", m, width, width)] if text_output else []),
        ]
        everyone = ell + m if joint else ell
        return within(
            name,
            [
                *queries_keys_values(ell, width, heads, head),
                *(head_norms(ell, heads, head) if normed else []),
                *(text if joint else []),
                attention("scores", everyone, everyone, heads, head),
                dense("to_out", ell, width, width),
            ],
        )

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {
            s: 1, c: 0, a: 1, j: 0, n_ada: 1, t: self.width, N: self.num_layers, d: self.width, f: 4,
            p: self.patch_size,
        }  # fmt: skip
