"""HunyuanVideo: dual-stream, then single-stream blocks, after a small network that refines the text (Tencent, 2024).

Released as diffusers' ``HunyuanVideoTransformer3DModel``
(src/diffusers/models/transformers/transformer_hunyuan_video.py). Text rows are those that enter the refiner; the
pipeline cuts its prompt template away before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Integer, Symbol

from ...equations.notation import a, ell, f, j, m
from ..adaln import adaptive_output, modulated, modulation
from ..attentions import attend, head_norms, joint_attention, rotations
from ..layers import FREQUENCIES, feed_forward, mlp, patches
from ..network import Transformer
from ..operators import Operator, Size, dense, elementwise, gated_residual, norm, repeated, shared, within
from .flux import parallel_block


@dataclass(frozen=True, kw_only=True)
class HunyuanBlocks(Transformer):
    """What HunyuanVideo and the networks made from it have in common: dual-stream and single-stream blocks."""

    num_layers: int
    patch_size: int
    patch_size_t: int
    text_embed_dim: int
    mlp_ratio: float = 4.0
    out_channels: int | None = 16
    qk_norm: Literal["rms_norm"] | None = "rms_norm"

    passed_over = frozenset({"rope_theta", "rope_axes_dim"})
    vae_factors: ClassVar[tuple[int, int]] = (8, 4)
    text_ratio: ClassVar[int] = 4
    """MLP ratio of the blocks that refine the text, whatever that of the others."""

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token."""
        return self.patch_size_t

    @property
    def replaces_tokens(self) -> bool:
        """Whether the first frame's tokens have a condition of their own."""
        return False

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size; incomplete patches are dropped."""
        return (frames // self.patch_size_t) * (height // self.patch_size) * (width // self.patch_size)

    def embedder(self) -> Operator:
        """Patches in."""
        sides = (self.patch_size_t, self.patch_size, self.patch_size)
        return patches("x_embedder.proj", self.in_channels, self.width, sides)

    def output(self) -> list[Operator]:
        """The latents out."""
        return adaptive_output(self.width, self.width, self.patch_size_t * self.patch_size**2 * self.outputs)

    def text_refiner(self, layers: int) -> list[Operator]:
        """Blocks on the text alone, gated by the timestep and the mean of the text."""
        width = self.width
        inputs = [
            elementwise("pool", m, self.text_embed_dim, operations=2, reads=2),
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width),
            *mlp("time_text_embed.text_embedder", self.text_embed_dim, width),
            dense("proj_in", m, self.text_embed_dim, width),
        ]
        blocks = "context_embedder.token_refiner.refiner_blocks"
        return [
            *within("context_embedder", inputs),
            *repeated(blocks, layers, self.refiner_block()),
        ]

    def refiner_block(self) -> list[Operator]:
        """One block of the refiner: norms with weights, no shift or scale."""
        width = self.width
        return [
            norm("norm1", m, width, vectors=2),
            *attend("attn", m, width, self.heads),
            *modulation("norm_out", width, width, 2),
            gated_residual("attn.gate", m, width),
            norm("norm2", m, width, vectors=2),
            *feed_forward("ff", m, width, self.text_ratio * width),
            gated_residual("ff.gate", m, width),
        ]

    def modulation(self, name: str, chunks: int) -> list[Operator]:
        """Shifts, scales and gates; once more for the tokens of a given image."""
        made = modulation(name, self.width, self.width, chunks)
        return [*made, *(shared(made) if self.replaces_tokens else [])]

    def head_norms(self, rows: Size, suffix: str = "") -> list[Operator]:
        """Norms of queries and keys, where the model has them."""
        return head_norms(rows, self.heads, suffix) if self.qk_norm is not None else []

    def dual_block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention; positions rotate video rows only."""
        width, rows = self.width, ell + m
        before = [*self.head_norms(ell), *self.head_norms(m, "added_"), *rotations(ell, width)]
        joint = joint_attention("attn", width, self.heads, before)
        feed = [*feed_forward("ff", ell, width, self.inner), *feed_forward("ff_context", m, width, self.inner)]
        return [
            *self.modulation("norm1", 6),
            *modulation("norm1_context", width, width, 6),
            *modulated("norm1", "attn", rows, width, joint),
            *modulated("norm2", "ff", rows, width, feed),
        ]

    def single_block(self) -> list[Operator]:
        """One stream; attention and MLP side by side, one matrix out of both."""
        before = [*self.head_norms(ell + m), *rotations(ell, self.width)]
        return [*self.modulation("norm", 3), *parallel_block(self.width, self.heads, self.inner, before)]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all: in width and rows it is what most blocks are."""
        return {**super().leading_order(), a: 1, j: 1, f: Integer(1) * self.inner / self.width}


@dataclass(frozen=True, kw_only=True)
class HunyuanVideoTransformer3DModel(HunyuanBlocks):
    """``num_layers`` dual-stream and ``num_single_layers`` single-stream blocks.

    Given an image, the network takes it as further channels (``latent_concat``), or in place of the first frame's
    tokens (``token_replace``), which are then modulated apart as if their timestep were 0.
    """

    num_single_layers: int
    num_refiner_layers: int
    pooled_projection_dim: int
    guidance_embeds: bool = True
    image_condition_type: Literal["latent_concat", "token_replace"] | None = None

    @property
    def replaces_tokens(self) -> bool:
        return self.image_condition_type == "token_replace"

    def operators(self) -> list[Operator]:
        return [
            *self.conditioning(),
            self.embedder(),
            *self.text_refiner(self.num_refiner_layers),
            *self.stack(),
            *self.output(),
        ]

    def stack(self) -> list[Operator]:
        """All blocks."""
        return [
            *repeated("transformer_blocks", self.num_layers, self.dual_block()),
            *repeated("single_transformer_blocks", self.num_single_layers, self.single_block()),
        ]

    def conditioning(self) -> list[Operator]:
        """Timestep, pooled text and guidance to one vector; the timestep again for the tokens of a given image."""
        width = self.width
        timestep = mlp("time_text_embed.timestep_embedder", FREQUENCIES, width)
        return [
            *timestep,
            *mlp("time_text_embed.text_embedder", self.pooled_projection_dim, width),
            *(shared(timestep) if self.replaces_tokens else []),
            *(mlp("time_text_embed.guidance_embedder", FREQUENCIES, width) if self.guidance_embeds else []),
        ]
