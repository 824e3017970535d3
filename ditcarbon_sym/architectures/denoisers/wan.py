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
    dense,
    elementwise,
    gated_residual,
    modulate,
    norm,
    repeated,
    residual,
)


@dataclass(frozen=True, kw_only=True)
class WanTransformer3DModel(VideoTransformer):
    """Shift, scale and gate come from one projection, plus a table in each block.

    Image-to-video networks with image tokens of their own (``image_dim``) are not among those understood; those that
    take the image as further channels are.
    """

    out_channels: int | None
    text_dim: int
    ffn_dim: int
    num_layers: int
    freq_dim: int = 256
    cross_attn_norm: bool = True
    image_dim: None = None
    added_kv_proj_dim: None = None
    # These do not change the count.
    qk_norm: str | None = "rms_norm_across_heads"
    eps: float = 1e-6
    rope_max_seq_len: int = 1024
    pos_embed_seq_len: int | None = None

    expand_timesteps: ClassVar[bool] = False
    """Whether each video token has a timestep of its own: a setting of the pipeline, not of the network."""

    @property
    def conditions(self) -> Size:
        """Rows that the timestep is embedded on: one, or one for each video token."""
        return ell if self.expand_timesteps else 1

    def operators(self) -> list[Operator]:
        width, rows = self.width, self.conditions
        return [
            patches("patch_embedding", self.in_channels, width, self.patch_size),
            *mlp("condition_embedder.time_embedder", self.freq_dim, width, rows=rows),
            activation("condition_embedder.act_fn", rows, width),
            dense("condition_embedder.time_proj", rows, width, 6 * width),
            *mlp("condition_embedder.text_embedder", self.text_dim, width, rows=m),
            *repeated("blocks", self.num_layers, self.block()),
            *shifts_and_scales(2, width, rows),
            norm("norm_out", ell, width),
            self.modulate("norm_out.modulate"),
            dense("proj_out", ell, width, self.volume * self.outputs),
        ]

    def block(self) -> list[Operator]:
        """One block: modulated self-attention, plain cross-attention, modulated MLP; queries and keys are normed over
        all heads together.
        """
        width, heads = self.width, self.heads
        return [
            *shifts_and_scales(6, width, self.conditions),
            norm("norm1", ell, width),
            self.modulate("norm1.modulate"),
            *attend("attn1", ell, width, heads, [*norms_across_heads(ell, heads), *rotations(ell, width)]),
            self.gated_residual("attn1.gate"),
            *([norm("norm2", ell, width, vectors=2)] if self.cross_attn_norm else []),
            *attend("attn2", ell, width, heads, norms_across_heads(ell, heads, keys=m), keys=m),
            residual("attn2.add", ell, width),
            norm("norm3", ell, width),
            self.modulate("norm3.modulate"),
            *feed_forward("ffn", ell, width, self.ffn_dim),
            self.gated_residual("ffn.gate"),
        ]

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
class WanTransformer3DModelExpandedTimesteps(WanTransformer3DModel):
    """The network at work with one timestep for each video token, as Wan2.2-TI2V-5B runs.

    The pipeline says so (``expand_timesteps`` in its ``model_index.json``); the network's own configuration cannot
    tell. Time embedding and modulation are then computed on all video rows; parameters stay the same.
    """

    vae_factors: ClassVar[tuple[int, int]] = (16, 4)
    expand_timesteps: ClassVar[bool] = True
