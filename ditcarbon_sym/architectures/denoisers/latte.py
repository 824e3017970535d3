"""Latte: attention within a frame and attention along time take turns, with text in the former (Ma et al., 2024).

Released as diffusers' ``LatteTransformer3DModel`` (src/diffusers/models/transformers/latte_transformer_3d.py). Both
kinds of block are PixArt's; ``num_layers`` counts each of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sympy import Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, n_latent, p, s, t
from ..layers import FREQUENCIES, feed_forward, mlp, modulation, queries_keys_values, single_modulation
from ..network import Denoiser, FeedForwardActivation, is_gated
from ..operators import (
    Operator,
    Size,
    attention,
    buffer,
    convolution,
    dense,
    elementwise,
    modulate,
    norm,
    repeated,
    residual,
    table,
    within,
)

PLACES = ell / n_latent
"""Latent tokens of one frame."""


@dataclass(frozen=True)
class LatteTransformer3DModel(Denoiser):
    """adaLN-single; every frame cross-attends to a copy of the text, whose keys and values are made anew for each."""

    num_attention_heads: int
    attention_head_dim: int
    in_channels: int
    num_layers: int
    patch_size: int
    caption_channels: int
    norm_type: Literal["ada_norm_single"]
    out_channels: int | None = None
    cross_attention_dim: int | None = None
    attention_bias: bool = False
    sample_size: int = 64
    activation_fn: FeedForwardActivation = "geglu"
    norm_elementwise_affine: bool = True
    video_length: int = 16
    # These do not change the count.
    dropout: float = 0.0
    num_embeds_ada_norm: int | None = None
    norm_eps: float = 1e-5

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        outputs = self.in_channels if self.out_channels is None else self.out_channels
        with_text = self.cross_attention_dim is not None
        return [
            convolution("pos_embed.proj", ell, self.in_channels, width, (side, side), inputs_read=ell * side**2),
            residual("pos_embed.add", ell, width),
            buffer("pos_embed", (self.sample_size // side) ** 2 * width),
            *mlp("adaln_single.emb.timestep_embedder", FREQUENCIES, width),
            *modulation("adaln_single", width, width, 6),
            *mlp("caption_projection", self.caption_channels, width, rows=m),
            residual("temp_pos_embed.add", ell, width),
            buffer("temp_pos_embed", self.video_length * width),
            *repeated("transformer_blocks", self.num_layers, self.block(n_latent, PLACES, with_text=with_text)),
            *repeated("temporal_transformer_blocks", self.num_layers, self.block(PLACES, n_latent)),
            table("scale_shift_table", 2 * width),
            elementwise("scale_shift_table.add", n_latent, 2 * width, reads=2),
            norm("norm_out", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, side**2 * outputs),
        ]

    def block(self, sequences: Size, tokens: Size, *, with_text: bool = False) -> list[Operator]:
        """One block on so many sequences of so many tokens: modulated self-attention, plain cross-attention (in a
        frame), modulated MLP. The table of the modulation is added to the condition for each sequence.
        """
        width = self.width
        own = self.attention("attn1", sequences, tokens, tokens, width)
        cross = self.cross_attention(sequences, tokens) if with_text else []
        feed = feed_forward("ff", ell, width, 4 * width, gated=is_gated(self.activation_fn))
        affine = 2 * int(self.norm_elementwise_affine)
        return single_modulation(width, own, cross, feed, vectors=affine, conditions=sequences)

    def cross_attention(self, sequences: Size, tokens: Size) -> list[Operator]:
        """Attention of each sequence to the whole text."""
        return self.attention("attn2", sequences, tokens, m, self.cross_attention_dim or 0)

    def attention(self, name: str, sequences: Size, queries: Size, keys: Size, keys_width: Size) -> list[Operator]:
        """Attention within each sequence, to as many keys as it has."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        projections = queries_keys_values(
            ell, width, heads, head, bias=self.attention_bias, keys_rows=sequences * keys, keys_width=keys_width
        )
        return within(
            name,
            [
                *projections,
                replace(attention("scores", queries, keys, heads, head), times=sequences),
                dense("to_out", ell, width, width),
            ],
        )

    def leading_order(self) -> Mapping[Symbol, Size]:
        """Blocks of both kinds, all taken to cross-attend and to see every token."""
        return {
            s: 0, c: 1, a: 0, j: 0, n_ada: 1, t: self.width, N: 2 * self.num_layers, d: self.width, f: 4,
            p: self.patch_size,
        }  # fmt: skip
