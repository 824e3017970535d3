"""Wan 2.1 and 2.2: video blocks with cross-attention to umT5, one modulation shared by all blocks (Wan Team, 2025).

Released as diffusers' ``WanTransformer3DModel`` (src/diffusers/models/transformers/transformer_wan.py). Wan2.2-TI2V-5B
is the same network, but its pipeline gives every video token a timestep of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sympy import Integer, Symbol

from ...equations.notation import c, ell, f, m
from ..adaln import shifts_and_scales
from ..attentions import attend, norms_across_heads, rotations
from ..layers import feed_forward, mlp, patches
from ..network import VideoTransformer
from ..operators import (
    Operator,
    Size,
    activation,
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

IMAGE_TOKENS = 257
"""Tokens of a given image: 16 x 16 patches of CLIP ViT-H/14 and the class token."""
TEXT_TOKENS = 512
"""Text tokens that the released code takes for granted where image tokens stand before them."""


@dataclass(frozen=True, kw_only=True)
class WanBlocks(VideoTransformer):
    """What Wan and the networks made from it have in common; shift, scale and gate come from one projection, plus a
    table in each block.
    """

    out_channels: int | None
    text_dim: int
    ffn_dim: int
    num_layers: int
    freq_dim: int = 256
    cross_attn_norm: bool = True

    passed_over = frozenset({"eps"})
    expand_timesteps: ClassVar[bool] = False
    """Whether each video token has a timestep of its own: a setting of the pipeline, not of the network."""
    turns_complex: ClassVar[bool] = False
    """Whether queries and keys are turned as complex numbers."""

    @property
    def conditions(self) -> Size:
        """Rows that shift, scale and gate are made for: one, or one for each video token."""
        return ell if self.expand_timesteps else 1

    @property
    def timesteps(self) -> Size:
        """Rows that the timestep is embedded on."""
        return self.conditions

    def operators(self) -> list[Operator]:
        width = self.width
        return [
            patches("patch_embedding", self.in_channels, width, self.patch_size),
            *self.conditioning(),
            *self.stack(),
            *shifts_and_scales(2, width, self.conditions),
            norm("norm_out", ell, width),
            self.modulate("norm_out.modulate"),
            dense("proj_out", ell, width, self.volume * self.outputs),
        ]

    def stack(self) -> list[Operator]:
        """All blocks."""
        return repeated("blocks", self.num_layers, self.block())

    def conditioning(self) -> list[Operator]:
        """From timestep, text and image to what the blocks are given."""
        made = [
            *self.time_embedding(),
            *mlp("text_embedder", self.text_dim, self.width, rows=m),
            *self.image_embedder(),
        ]
        return within("condition_embedder", made)

    def time_embedding(self) -> list[Operator]:
        """From the timestep to shift, scale and gate, for each timestep."""
        width, rows = self.width, self.timesteps
        return [
            *mlp("time_embedder", self.freq_dim, width, rows=rows),
            activation("act_fn", rows, width),
            dense("time_proj", rows, width, 6 * width),
        ]

    def image_embedder(self) -> list[Operator]:
        """What embeds a given image: none here."""
        return []

    def block(self) -> list[Operator]:
        """One block: modulated self-attention, plain cross-attention, modulated MLP; queries and keys are normed over
        all heads together.
        """
        width, heads = self.width, self.heads
        turned = rotations(ell, width, as_complex=self.turns_complex)
        return [
            *shifts_and_scales(6, width, self.conditions),
            norm("norm1", ell, width),
            self.modulate("norm1.modulate"),
            *attend("attn1", ell, width, heads, [*norms_across_heads(ell, heads), *turned]),
            self.gated_residual("attn1.gate"),
            *([norm("norm2", ell, width, vectors=2)] if self.cross_attn_norm else []),
            *self.cross_attention(),
            residual("attn2.add", ell, width),
            norm("norm3", ell, width),
            self.modulate("norm3.modulate"),
            *feed_forward("ffn", ell, width, self.ffn_dim),
            self.gated_residual("ffn.gate"),
        ]

    def cross_attention(self) -> list[Operator]:
        """Attention to the text."""
        width, heads = self.width, self.heads
        return attend("attn2", ell, width, heads, norms_across_heads(ell, heads, keys=m), keys=m)

    def modulate(self, name: str) -> Operator:
        """Scale and shift; vectors that differ from token to token are as many elements as the rows they apply to."""
        if self.expand_timesteps:
            return elementwise(name, ell, self.width, operations=3, reads=5, writes=3)
        return modulate(name, ell, self.width)

    def gated_residual(self, name: str) -> Operator:
        """Gate and add; gates that differ from token to token are read like y."""
        if self.expand_timesteps:
            return elementwise(name, ell, self.width, operations=2, reads=4, writes=2)
        return gated_residual(name, ell, self.width)

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), c: 1, f: Integer(1) * self.ffn_dim / self.width}


@dataclass(frozen=True, kw_only=True)
class WanOfImages(WanBlocks):
    """With rows of a given image beside those of the text."""

    image_dim: int | None = None

    passed_over = WanBlocks.passed_over | {"rope_max_seq_len"}

    @property
    def image_rows(self) -> int:
        """Rows of a given image, beside those of the text."""
        return 0 if self.image_dim is None else IMAGE_TOKENS

    def image_embedder(self) -> list[Operator]:
        """From the image's tokens to rows beside the text, between two norms."""
        if self.image_dim is None:
            return []
        rows, narrow = self.image_rows, self.image_dim
        made = [
            norm("norm1", rows, narrow, vectors=2),
            *mlp("ff", narrow, narrow, self.width, rows=rows),
            norm("norm2", rows, self.width, vectors=2),
        ]
        return within("image_embedder", made)


@dataclass(frozen=True, kw_only=True)
class WanTransformer3DModel(WanOfImages):
    """Given an image, it takes that as further channels, as tokens of its own (``image_dim``), or both.

    ``pos_embed_seq_len`` says of how many tokens there are positions, where two images are given: the first and the
    last frame.
    """

    added_kv_proj_dim: int | None = None
    pos_embed_seq_len: int | None = None

    passed_over = WanOfImages.passed_over | {"qk_norm"}

    @property
    def text_tokens_fixed(self) -> int | None:
        return None if self.added_kv_proj_dim is None else TEXT_TOKENS

    @property
    def image_rows(self) -> int:
        return super().image_rows and (self.pos_embed_seq_len or IMAGE_TOKENS)

    def image_embedder(self) -> list[Operator]:
        """With positions, where two images are given."""
        found = super().image_embedder()
        if not found or self.pos_embed_seq_len is None:
            return found
        rows, narrow = self.pos_embed_seq_len, self.image_dim or 0
        added = [table("pos_embed", rows * narrow), residual("pos_embed.add", rows, narrow)]
        return [*within("image_embedder", added), *found]

    def cross_attention(self) -> list[Operator]:
        """Attention to the text, and with the same queries to the image; both results are added up."""
        found = super().cross_attention()
        if self.added_kv_proj_dim is None:
            return found
        width, heads, rows = self.width, self.heads, self.image_rows
        beside = [
            dense("add_k_proj", rows, self.added_kv_proj_dim, width),
            dense("add_v_proj", rows, self.added_kv_proj_dim, width),
            rms_norm("norm_added_k", rows, width),
            attention("scores_of_image", ell, rows, heads.number, heads.width),
            residual("add_image", ell, width),
        ]
        return [*found[:-1], *within("attn2", beside), found[-1]]


@dataclass(frozen=True, kw_only=True)
class WanTransformer3DModelExpandedTimesteps(WanTransformer3DModel):
    """The network at work with one timestep for each video token, as Wan2.2-TI2V-5B runs.

    The pipeline says so (``expand_timesteps`` in its ``model_index.json``); the network's own configuration cannot
    tell. Time embedding and modulation are then computed on all video rows; parameters stay the same.
    """

    vae_factors: ClassVar[tuple[int, int]] = (16, 4)
    expand_timesteps: ClassVar[bool] = True
