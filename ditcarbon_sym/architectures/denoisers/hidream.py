"""HiDream-I1: dual-stream, then single-stream blocks, with a mixture of experts in each (HiDream.ai, 2025).

Released as diffusers' ``HiDreamImageTransformer2DModel``
(src/diffusers/models/transformers/transformer_hidream_image.py). Two text encoders are read token by token, T5 and
Llama, and ``m`` are the tokens of each. T5's rows and those of Llama's last layer are carried through all blocks; every
block takes in the rows of one more layer of Llama and drops them again, so that 3 m text rows are at work in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Integer, Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import FREQUENCIES, mlp, mlp_of_llama, modulation, queries_keys_values, rotations
from ..network import Denoiser
from ..operators import (
    SOFTMAX,
    Operator,
    Size,
    attention,
    dense,
    elementwise,
    gated_residual,
    modulate,
    norm,
    repeated,
    residual,
    rms_norm,
    within,
)

MULTIPLE = 256
"""The inner width of every MLP is rounded up to a multiple of it."""
TEXT = 3 * m
"""Text rows in a block: T5, the last layer of Llama, and the block's own layer of Llama."""


@dataclass(frozen=True)
class HiDreamImageTransformer2DModel(Denoiser):
    """``num_layers`` dual-stream and ``num_single_layers`` single-stream blocks, each with a layer of Llama.

    Latent rows of a dual-stream block and all rows of a single-stream block go to ``num_activated_experts`` of
    ``num_routed_experts`` gated MLPs, and to one of half the width that all share. On average over the experts each
    sees the same number of rows; the count does not depend on who sees which.
    """

    patch_size: int
    in_channels: int
    num_layers: int
    num_single_layers: int
    attention_head_dim: int
    num_attention_heads: int
    caption_channels: tuple[int, ...]
    text_emb_dim: int
    num_routed_experts: int
    num_activated_experts: int
    out_channels: int | None = None
    axes_dims_rope: tuple[int, ...] = (32, 32)
    max_resolution: tuple[int, ...] = (128, 128)
    # These do not change the count.
    llama_layers: tuple[int, ...] | None = None
    force_inference_output: bool = False

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size; one that is not square is padded to the tokens of the largest."""
        area = self.patch_size**2
        square = height == width
        tokens = (height // self.patch_size) * (width // self.patch_size)
        return square * tokens + (1 - square) * (self.max_resolution[0] * self.max_resolution[1] // area)

    def refusal(self, height: int, width: int) -> str:
        """A latent that is not square is padded to the largest number of tokens, and must not have more."""
        area = self.max_resolution[0] * self.max_resolution[1]
        if height == width or height * width <= area:
            return ""
        return f"a latent that is not square has at most {area} pixels"

    def operators(self) -> list[Operator]:
        width, area = self.width, self.patch_size**2
        t5, llama = self.caption_channels
        outputs = self.out_channels or self.in_channels
        blocks = self.num_layers + self.num_single_layers
        return [
            dense("x_embedder", ell, area * self.in_channels, width),
            *mlp("t_embedder.timestep_embedder", FREQUENCIES, width),
            *mlp("p_embedder.pooled_embedder", self.text_emb_dim, width),
            residual("temb.add", 1, width),
            *repeated("caption_projection", blocks, [dense("linear", m, llama, width, bias=False)]),
            dense("caption_projection.t5", m, t5, width, bias=False),
            *repeated("double_stream_blocks", self.num_layers, self.dual_block()),
            *repeated("single_stream_blocks", self.num_single_layers, self.single_block()),
            *modulation("final_layer.adaLN_modulation", width, width, 2),
            norm("final_layer.norm_final", ell, width),
            modulate("final_layer.modulate", ell, width),
            dense("final_layer.linear", ell, width, area * outputs),
        ]

    def dual_block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention; the text has one gated MLP instead of experts."""
        width, rows = self.width, ell + TEXT
        return [
            *modulation("adaLN_modulation", width, width, 12),
            norm("norm1", rows, width),
            modulate("norm1.modulate", rows, width),
            *self.attention(ell, TEXT),
            gated_residual("attn1.gate", rows, width),
            norm("norm3", rows, width),
            modulate("norm3.modulate", rows, width),
            *self.feed_forward("ff_i", ell),
            *mlp_of_llama("ff_t", TEXT, width, inner_width(4 * width)),
            gated_residual("ff.gate", rows, width),
        ]

    def single_block(self) -> list[Operator]:
        """One stream."""
        width, rows = self.width, ell + TEXT
        return [
            *modulation("adaLN_modulation", width, width, 6),
            norm("norm1_i", rows, width),
            modulate("norm1_i.modulate", rows, width),
            *self.attention(rows),
            gated_residual("attn1.gate", rows, width),
            norm("norm3_i", rows, width),
            modulate("norm3_i.modulate", rows, width),
            *self.feed_forward("ff_i", rows),
            gated_residual("ff_i.gate", rows, width),
        ]

    def attention(self, rows: Size, text: Size = 0) -> list[Operator]:
        """Joint attention, with weights of their own for ``text`` rows; queries and keys normed over all heads."""
        width, heads, head = self.width, self.num_attention_heads, self.attention_head_dim
        everyone = rows + text
        streams = [("", rows), ("_t", text)] if text != 0 else [("", rows)]
        projections = [
            operator
            for suffix, own in streams
            for operator in (
                *queries_keys_values(own, width, heads, head, prefix=f"stream{suffix}.to_"),
                rms_norm(f"q_rms_norm{suffix}", own, width),
                rms_norm(f"k_rms_norm{suffix}", own, width),
            )
        ]
        return within(
            "attn1",
            [
                *projections,
                *rotations(everyone, heads * sum(self.axes_dims_rope)),
                attention("scores", everyone, everyone, heads, head),
                *(dense(f"to_out{suffix}", own, width, width) for suffix, own in streams),
            ],
        )

    def feed_forward(self, name: str, rows: Size) -> list[Operator]:
        """Routed experts and the shared one; a single gated MLP where there are none to route to."""
        width, experts, active = self.width, self.num_routed_experts, self.num_activated_experts
        inner = inner_width(4 * width)
        if experts == 0:
            return mlp_of_llama(name, rows, width, inner)
        routed = rows * active
        return within(
            name,
            [
                dense("gate", rows, width, experts, bias=False),
                elementwise("gate.softmax", rows, experts, operations=SOFTMAX),
                elementwise("experts.gather", routed, width, operations=0),
                *repeated("experts", experts, mlp_of_llama("expert", routed / experts, width, inner)),
                elementwise("experts.weight", routed, width),
                elementwise("experts.scatter", routed, width, reads=2),
                *mlp_of_llama("shared_experts", rows, width, inner_width(2 * width)),
                residual("shared_experts.add", rows, width),
            ],
        )

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all: in width and rows it is what most blocks are. The MLP is what a row sees of the experts.

        That is right for FLOP; the parameters of the experts at rest are missing.
        """
        inner: Size = inner_width(4 * self.width)
        if self.num_routed_experts > 0:
            inner = self.num_activated_experts * inner + inner_width(2 * self.width)
        return {
            s: 0, c: 0, a: 1, j: 1, n_ada: 1, t: self.width, N: self.num_layers + self.num_single_layers,
            d: self.width, f: Integer(3) * inner / (2 * self.width), p: self.patch_size,
        }  # fmt: skip


def inner_width(hidden: int) -> int:
    """Two thirds of a hidden width, rounded up to a multiple of 256: a gated MLP has three matrices, not two."""
    return -(-int(2 * hidden / 3) // MULTIPLE) * MULTIPLE
