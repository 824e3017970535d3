"""HiDream-I1: dual-stream, then single-stream blocks, with a mixture of experts in each (HiDream.ai, 2025).

Released as diffusers' ``HiDreamImageTransformer2DModel``
(src/diffusers/models/transformers/transformer_hidream_image.py). Two text encoders are read token by token, T5 and
Llama, and ``m`` are the tokens of each. T5's rows and those of Llama's last layer are carried through all blocks; every
block takes in the rows of one more layer of Llama and drops them again, so that 3 m text rows are at work in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Integer, Symbol

from ...equations.notation import a, ell, f, j, m
from ..adaln import adaptive_output, modulated, modulation
from ..attentions import attend, joint_attention, norms_across_heads, rotations
from ..layers import FREQUENCIES, mlp, mlp_of_llama
from ..network import Transformer
from ..operators import SOFTMAX, Operator, Size, dense, elementwise, repeated, residual, within

MULTIPLE = 256
"""The inner width of every MLP is rounded up to a multiple of it."""
TEXT = 3 * m
"""Text rows in a block: T5, the last layer of Llama, and the block's own layer of Llama."""


@dataclass(frozen=True, kw_only=True)
class HiDreamImageTransformer2DModel(Transformer):
    """``num_layers`` dual-stream and ``num_single_layers`` single-stream blocks, each with a layer of Llama.

    Latent rows of a dual-stream block and all rows of a single-stream block go to ``num_activated_experts`` of
    ``num_routed_experts`` gated MLPs, and to one of half the width that all share. On average over the experts each
    sees the same number of rows; the count does not depend on who sees which.
    """

    patch_size: int
    num_layers: int
    num_single_layers: int
    caption_channels: tuple[int, ...]
    text_emb_dim: int
    num_routed_experts: int
    num_activated_experts: int
    out_channels: int | None = None
    axes_dims_rope: tuple[int, ...] = (32, 32)
    max_resolution: tuple[int, ...] = (128, 128)

    passed_over = frozenset({"llama_layers", "force_inference_output"})

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
        return [
            dense("x_embedder", ell, area * self.in_channels, width),
            *mlp("t_embedder.timestep_embedder", FREQUENCIES, width),
            *mlp("p_embedder.pooled_embedder", self.text_emb_dim, width),
            residual("temb.add", 1, width),
            *repeated("caption_projection", self.blocks, [dense("linear", m, llama, width, bias=False)]),
            dense("caption_projection.t5", m, t5, width, bias=False),
            *repeated("double_stream_blocks", self.num_layers, self.dual_block()),
            *repeated("single_stream_blocks", self.num_single_layers, self.single_block()),
            *adaptive_output(width, width, area * self.outputs),
        ]

    def dual_block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention; the text has one gated MLP instead of experts."""
        width, heads = self.width, self.heads
        normed = [*norms_across_heads(ell, heads), *norms_across_heads(TEXT, heads, "t_")]
        joint = joint_attention("attn1", width, heads, [*normed, *self.turned()], text=TEXT)
        text = mlp_of_llama("ff_t", TEXT, width, inner_width(4 * width))
        return self.block(12, joint, [*self.feed_forward("ff_i", ell), *text])

    def single_block(self) -> list[Operator]:
        """One stream."""
        rows, heads = ell + TEXT, self.heads
        alone = attend("attn1", rows, self.width, heads, [*norms_across_heads(rows, heads), *self.turned()])
        return self.block(6, alone, self.feed_forward("ff_i", rows))

    def block(self, chunks: int, attention: list[Operator], feed: list[Operator]) -> list[Operator]:
        """Attention and MLP under ``chunks`` vectors of modulation."""
        width, rows = self.width, ell + TEXT
        return [
            *modulation("adaLN_modulation", width, width, chunks),
            *modulated("norm1", "attn1", rows, width, attention),
            *modulated("norm3", "ff", rows, width, feed),
        ]

    def turned(self) -> list[Operator]:
        """Positions in the queries and keys of all rows."""
        return rotations(ell + TEXT, self.num_attention_heads * sum(self.axes_dims_rope))

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
        return {**super().leading_order(), a: 1, j: 1, f: Integer(3) * inner / (2 * self.width)}


def inner_width(hidden: int) -> int:
    """Two thirds of a hidden width, rounded up to a multiple of 256: a gated MLP has three matrices, not two."""
    return -(-int(2 * hidden / 3) // MULTIPLE) * MULTIPLE
