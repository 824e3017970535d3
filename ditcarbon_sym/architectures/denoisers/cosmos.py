"""Cosmos-Predict1 and 2: cross-attention to T5 and low-rank adaLN before each sublayer (NVIDIA, 2025).

Released as diffusers' ``CosmosTransformer3DModel`` (src/diffusers/models/transformers/transformer_cosmos.py). Counted
with one timestep for the sample, as text to image and text to world run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sympy import Integer, Symbol

from ...equations.notation import a, c, ell, f, m, n_ada, t
from ..attentions import attend, head_norms, rotations
from ..layers import feed_forward
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
    rms_norm,
    table,
    within,
)


@dataclass(frozen=True, kw_only=True)
class CosmosTransformer3DModel(VideoTransformer):
    """Each sublayer is modulated by a low-rank projection, added to one that all blocks share."""

    out_channels: int
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

    passed_over = frozenset({"rope_scale", "controlnet_block_every_n", "img_context_num_tokens", "img_context_dim_out"})

    def operators(self) -> list[Operator]:
        width = self.width
        channels = self.in_channels + int(self.concat_padding_mask)
        return [
            *self.positions(),
            dense("patch_embed.proj", ell, self.volume * channels, width, bias=False),
            *self.time_embedding(),
            *self.text_projection(),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *self.adaptive_norm("norm_out", 2),
            dense("proj_out", ell, width, self.volume * self.outputs, bias=False),
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
        width, heads = self.width, self.heads
        learned = [] if self.extra_pos_embed_type is None else [residual("extra_pos_emb", ell, width)]
        own, other = [*head_norms(ell, heads), *rotations(ell, width)], head_norms(ell, heads, keys=m)
        text = self.text_embed_dim
        return [
            *learned,
            *self.sublayer("norm1", "attn1", attend("attn1", ell, width, heads, own, bias=False, out_bias=False)),
            *self.sublayer(
                "norm2",
                "attn2",
                attend("attn2", ell, width, heads, other, keys=m, keys_width=text, bias=False, out_bias=False),
            ),
            *self.sublayer("norm3", "ff", feed_forward("ff", ell, width, self.inner, bias=False)),
        ]

    def sublayer(self, before: str, name: str, operators: list[Operator]) -> list[Operator]:
        """Modulated before, gated after."""
        return [*self.adaptive_norm(before, 3), *operators, gated_residual(f"{name}.gate", ell, self.width)]

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

    def leading_order(self) -> Mapping[Symbol, Size]:
        """The low-rank projections weigh 4 width rank in each of three sublayers: as 2 of 6 chunks from the rank."""
        ratio = Integer(1) * self.inner / self.width
        return {**super().leading_order(), c: 1, a: 1, n_ada: 2, t: self.adaln_lora_dim, f: ratio}
