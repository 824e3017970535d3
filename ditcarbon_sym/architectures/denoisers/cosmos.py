"""Cosmos-Predict1 and 2: cross-attention to T5 and low-rank adaLN before each sublayer (NVIDIA, 2025).

Released as diffusers' ``CosmosTransformer3DModel`` (src/diffusers/models/transformers/transformer_cosmos.py). Counted
with one timestep for the sample, as text to image and text to world run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sympy import Integer, Symbol, nsimplify

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import feed_forward, queries_keys_values, rotations
from ..network import Denoiser
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


@dataclass(frozen=True)
class CosmosTransformer3DModel(Denoiser):
    """Each sublayer is modulated by a low-rank projection, added to one that all blocks share."""

    in_channels: int
    out_channels: int
    num_attention_heads: int
    attention_head_dim: int
    num_layers: int
    mlp_ratio: float
    text_embed_dim: int
    adaln_lora_dim: int
    patch_size: tuple[int, int, int]
    max_size: tuple[int, int, int] = (128, 240, 240)
    concat_padding_mask: bool = True
    extra_pos_embed_type: Literal["learnable"] | None = "learnable"
    use_crossattn_projection: bool = False
    crossattn_proj_in_channels: int = 1024
    encoder_hidden_states_channels: int = 1024
    img_context_dim_in: None = None
    # These do not change the count.
    rope_scale: tuple[float, float, float] = (2.0, 1.0, 1.0)
    controlnet_block_every_n: int | None = None
    img_context_num_tokens: int = 256
    img_context_dim_out: int = 2048

    vae_factors: ClassVar[tuple[int, int]] = (8, 4)

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def inner(self) -> Any:
        """Width of the MLP, rounded down as in the released code."""
        width = self.width * self.mlp_ratio
        return int(width) if isinstance(width, float) else nsimplify(width, rational=True)

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels."""
        return int(self.patch_size[1])

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token."""
        return int(self.patch_size[0])

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size, which must be whole patches."""
        depth, tall, wide = self.patch_size
        return (frames // depth) * (height // tall) * (width // wide)

    def operators(self) -> list[Operator]:
        width = self.width
        depth, tall, wide = self.patch_size
        volume = depth * tall * wide
        channels = self.in_channels + int(self.concat_padding_mask)
        return [
            *self.positions(),
            dense("patch_embed.proj", ell, volume * channels, width, bias=False),
            *self.time_embedding(),
            *self.text_projection(),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *self.adaptive_norm("norm_out", 2),
            dense("proj_out", ell, width, volume * self.out_channels, bias=False),
        ]

    def positions(self) -> list[Operator]:
        """Learned positions in time, height and width, added up and normed, where the model has them."""
        if self.extra_pos_embed_type is None:
            return []
        entries = sum(size // side for size, side in zip(self.max_size, self.patch_size, strict=True))
        return [
            table("learnable_pos_embed.pos_emb", entries * self.width),
            elementwise("learnable_pos_embed.add", ell, self.width, operations=2, reads=4, writes=2),
            rms_norm("learnable_pos_embed.norm", ell, self.width, vectors=0),
        ]

    def time_embedding(self) -> list[Operator]:
        """From the timestep to a vector that enters each adaLN and to three chunks that are added to its output."""
        width = self.width
        return within(
            "time_embed",
            [
                dense("t_embedder.linear_1", 1, width, width, bias=False),
                activation("t_embedder.activation", 1, width),
                dense("t_embedder.linear_2", 1, width, 3 * width, bias=False),
                rms_norm("norm", 1, width),
            ],
        )

    def text_projection(self) -> list[Operator]:
        """One layer on the text, where the encoder is wider than the model takes (Predict2.5)."""
        if not self.use_crossattn_projection:
            return []
        wide, narrow = self.crossattn_proj_in_channels, self.encoder_hidden_states_channels
        return [dense("crossattn_proj", m, wide, narrow), activation("crossattn_proj.act", m, narrow)]

    def block(self) -> list[Operator]:
        """One block: self-attention, cross-attention and MLP, each modulated and gated."""
        width = self.width
        learned = [] if self.extra_pos_embed_type is None else [residual("extra_pos_emb", ell, width)]
        return [
            *learned,
            *self.adaptive_norm("norm1", 3),
            *self.attention("attn1", keys_rows=ell, keys_width=width, rotated=True),
            gated_residual("attn1.gate", ell, width),
            *self.adaptive_norm("norm2", 3),
            *self.attention("attn2", keys_rows=m, keys_width=self.text_embed_dim),
            gated_residual("attn2.gate", ell, width),
            *self.adaptive_norm("norm3", 3),
            *feed_forward("ff", ell, width, self.inner, bias=False),
            gated_residual("ff.gate", ell, width),
        ]

    def adaptive_norm(self, name: str, chunks: int) -> list[Operator]:
        """A norm, modulated by the low-rank projection of the timestep."""
        width, rank = self.width, self.adaln_lora_dim
        return within(
            name,
            [
                activation("activation", 1, width),
                dense("linear_1", 1, width, rank, bias=False),
                dense("linear_2", 1, rank, chunks * width, bias=False),
                residual("add", 1, chunks * width),
                norm("norm", ell, width),
                modulate("modulate", ell, width),
            ],
        )

    def attention(self, name: str, *, keys_rows: Size, keys_width: Size, rotated: bool = False) -> list[Operator]:
        """Attention to video or to text; queries and keys are normed over each head."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        return within(
            name,
            [
                *queries_keys_values(ell, width, heads, head, bias=False, keys_rows=keys_rows, keys_width=keys_width),
                rms_norm("norm_q", ell * heads, head),
                rms_norm("norm_k", keys_rows * heads, head),
                *(rotations(ell, width) if rotated else []),
                attention("scores", ell, keys_rows, heads, head),
                dense("to_out", ell, width, width, bias=False),
            ],
        )

    def leading_order(self) -> Mapping[Symbol, Size]:
        """The low-rank projections weigh 4 width rank in each of three sublayers: as 2 of 6 chunks from the rank."""
        return {
            s: 0, c: 1, a: 1, j: 0, n_ada: 2, t: self.adaln_lora_dim, N: self.num_layers, d: self.width,
            f: Integer(1) * self.inner / self.width, p: self.patch_size[1],
        }  # fmt: skip
