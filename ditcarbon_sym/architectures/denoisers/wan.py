"""Wan 2.1 and 2.2: video blocks with cross-attention to umT5, one modulation shared by all blocks (Wan Team, 2025).

Released as diffusers' ``WanTransformer3DModel`` (src/diffusers/models/transformers/transformer_wan.py). Wan2.2-TI2V-5B
is the same network, but its pipeline gives every video token a timestep of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Integer, Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import feed_forward, mlp, queries_keys_values, rotations
from ..network import Denoiser
from ..operators import (
    Operator,
    Size,
    activation,
    attention,
    convolution,
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
class WanTransformer3DModel(Denoiser):
    """Shift, scale and gate come from one projection, plus a table in each block.

    Image-to-video networks with image tokens of their own (``image_dim``) are not among those understood; those that
    take the image as further channels are.
    """

    patch_size: tuple[int, ...]
    num_attention_heads: int
    attention_head_dim: int
    in_channels: int
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

    vae_factors: ClassVar[tuple[int, int]] = (8, 4)
    expand_timesteps: ClassVar[bool] = False
    """Whether each video token has a timestep of its own: a setting of the pipeline, not of the network."""

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels."""
        return int(self.patch_size[1])

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token."""
        return int(self.patch_size[0])

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size; incomplete patches are dropped."""
        depth, tall, wide = self.patch_size
        return (frames // depth) * (height // tall) * (width // wide)

    @property
    def conditions(self) -> Size:
        """Rows that the timestep is embedded on: one, or one for each video token."""
        return ell if self.expand_timesteps else 1

    def operators(self) -> list[Operator]:
        width, rows = self.width, self.conditions
        outputs = self.out_channels or self.in_channels
        depth, tall, wide = self.patch_size
        volume = depth * tall * wide
        return [
            convolution(
                "patch_embedding", ell, self.in_channels, width, self.patch_size, inputs_read=ell * volume
            ),
            *mlp("condition_embedder.time_embedder", self.freq_dim, width, rows=rows),
            activation("condition_embedder.act_fn", rows, width),
            dense("condition_embedder.time_proj", rows, width, 6 * width),
            *mlp("condition_embedder.text_embedder", self.text_dim, width, rows=m),
            *repeated("blocks", self.num_layers, self.block()),
            *self.shifts_and_scales(2),
            norm("norm_out", ell, width),
            self.modulate("norm_out.modulate"),
            dense("proj_out", ell, width, volume * outputs),
        ]  # fmt: skip

    def block(self) -> list[Operator]:
        """One block: modulated self-attention, plain cross-attention, modulated MLP."""
        width = self.width
        return [
            *self.shifts_and_scales(6),
            norm("norm1", ell, width),
            self.modulate("norm1.modulate"),
            *self.attention("attn1", keys_rows=ell, rotated=True),
            self.gated_residual("attn1.gate"),
            *([norm("norm2", ell, width, vectors=2)] if self.cross_attn_norm else []),
            *self.attention("attn2", keys_rows=m),
            residual("attn2.add", ell, width),
            norm("norm3", ell, width),
            self.modulate("norm3.modulate"),
            *feed_forward("ffn", ell, width, self.ffn_dim),
            self.gated_residual("ffn.gate"),
        ]

    def attention(self, name: str, *, keys_rows: Size, rotated: bool = False) -> list[Operator]:
        """Attention to video or to text; queries and keys are normed over all heads together."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        return within(
            name,
            [
                *queries_keys_values(ell, width, heads, head, keys_rows=keys_rows),
                rms_norm("norm_q", ell, width),
                rms_norm("norm_k", keys_rows, width),
                *(rotations(ell, width) if rotated else []),
                attention("scores", ell, keys_rows, heads, head),
                dense("to_out", ell, width, width),
            ],
        )

    def shifts_and_scales(self, chunks: int) -> list[Operator]:
        """A table of shift, scale and gate, and the condition added to it."""
        return [
            table("scale_shift_table", chunks * self.width),
            elementwise("scale_shift_table.add", self.conditions, chunks * self.width, reads=2),
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
        return {
            s: 0, c: 1, a: 0, j: 0, n_ada: 1, t: self.width, N: self.num_layers, d: self.width,
            f: Integer(1) * self.ffn_dim / self.width, p: self.patch_size[1],
        }  # fmt: skip


@dataclass(frozen=True)
class WanTransformer3DModelExpandedTimesteps(WanTransformer3DModel):
    """The network at work with one timestep for each video token, as Wan2.2-TI2V-5B runs.

    The pipeline says so (``expand_timesteps`` in its ``model_index.json``); the network's own configuration cannot
    tell. Time embedding and modulation are then computed on all video rows; parameters stay the same.
    """

    vae_factors: ClassVar[tuple[int, int]] = (16, 4)
    expand_timesteps: ClassVar[bool] = True
