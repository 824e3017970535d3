"""Motif-Video: HunyuanVideo's blocks, with attention to the text after them and a decoder of single-stream blocks.

Released as diffusers' ``MotifVideoTransformer3DModel`` (src/diffusers/models/transformers/transformer_motif_video.py;
Motif Technologies, 2026). Counted as text to video runs, which feeds no image tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sympy import Integer, Symbol

from ...equations.notation import a, ell, f, j, m
from ..attentions import attend, head_norms
from ..layers import FREQUENCIES, mlp
from ..operators import Operator, Size, at_rows, norm, repeated, residual, rotary, unused
from .hunyuan_video import HunyuanBlocks


@dataclass(frozen=True, kw_only=True)
class MotifVideoTransformer3DModel(HunyuanBlocks):
    """The last ``num_decoder_layers`` blocks begin again with the patches and read what the others made as if it were
    text.
    """

    num_single_layers: int
    in_channels: int = 33
    num_decoder_layers: int = 0
    norm_type: Literal["layer_norm"] = "layer_norm"
    image_embed_dim: int | None = None
    enable_text_cross_attention_dual: bool = False
    enable_text_cross_attention_single: bool = False

    def operators(self) -> list[Operator]:
        width, encoding = self.width, self.num_single_layers - self.num_decoder_layers
        dual = self.cross_attention() if self.enable_text_cross_attention_dual else []
        single = self.cross_attention() if self.enable_text_cross_attention_single else []
        decoder = repeated("single_transformer_blocks", self.num_decoder_layers, self.single_block())
        return [
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width),
            self.embedder(),
            *mlp("context_embedder", self.text_embed_dim, width, rows=m),
            *self.image_embedder(),
            *repeated("transformer_blocks", self.num_layers, [*self.dual_block(), *dual]),
            *repeated("single_transformer_blocks", encoding, [*self.single_block(), *single]),
            *at_rows(decoder, {m: ell}),
            *self.output(),
        ]

    def image_embedder(self) -> list[Operator]:
        """What image to video needs: weights that are loaded and not at work."""
        if self.image_embed_dim is None:
            return []
        narrow = self.image_embed_dim
        made = [
            norm("norm_in", 1, narrow, vectors=2),
            *mlp("image_embedder", narrow, narrow, self.width),
            norm("norm_out", 1, self.width, vectors=2),
        ]
        return unused(made)

    def cross_attention(self) -> list[Operator]:
        """What the attention made, at work on the text once more; only its queries are turned."""
        width, heads = self.width, self.heads
        normed = head_norms(ell, heads, keys=m) if self.qk_norm is not None else []
        before = [*normed, rotary("rope_q", ell, width)]
        return [*attend("cross_attn", ell, width, heads, before, keys=m), residual("cross_attn.add", ell, width)]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), a: 1, j: 1, f: Integer(1) * self.inner / self.width}
