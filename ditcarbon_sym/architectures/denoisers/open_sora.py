"""Open-Sora: attention within frames and along time apart (1.x, Zheng et al., 2024), and Flux's blocks on video (2.0).

Described after the published code (hpcaitech/Open-Sora: opensora/models/stdit/stdit.py of v1.0, stdit3.py of v1.2,
opensora/models/mmdit/model.py of v2.0) under the names that its registry has; diffusers has none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar, Literal

from sympy import Symbol

from ...equations.notation import a, c, ell, f, j, m, n_latent
from ..adaln import adaptive_output, modulation, shared_vectors, shifts_and_scales, single_block, single_output
from ..attentions import Heads, attend, head_norms, rotations
from ..layers import FREQUENCIES, feed_forward, mlp, patches
from ..network import Denoiser, VideoPatches
from ..operators import Operator, Size, buffer, dense, gated_residual, repeated, residual, table
from .flux import modulated_streams, parallel_block

PLACES = ell / n_latent
"""Latent tokens of one frame."""


@dataclass(frozen=True, kw_only=True)
class OpenSoraBlocks(VideoPatches):
    """What the networks of 1.x have in common: adaLN-single, and text that every token sees once."""

    in_channels: int = 4
    patch_size: tuple[int, ...] = (1, 2, 2)
    hidden_size: int = 1152
    depth: int = 28
    num_heads: int = 16
    mlp_ratio: float = 4.0
    pred_sigma: bool = True
    caption_channels: int = 4096
    model_max_length: int = 120

    passed_over = frozenset({
        "class_dropout_prob", "drop_path", "enable_layernorm_kernel", "enable_sequence_parallelism",
    })  # fmt: skip

    @property
    def is_video(self) -> bool:
        return True

    @property
    def num_layers(self) -> int:
        return self.depth

    @property
    def out_channels(self) -> int:
        """Channels that come out: of the noise, and of its variance."""
        return self.in_channels * (2 if self.pred_sigma else 1)

    @property
    def width(self) -> Any:
        return self.hidden_size

    @property
    def heads(self) -> Heads:
        """The heads of its attention."""
        return Heads(self.num_heads, self.hidden_size // self.num_heads)

    def enclosing(self, vectors: list[Operator], blocks: list[Operator], positions: list[Operator]) -> list[Operator]:
        """The network around its ``blocks``, with what embeds more than the timestep and holds ``positions``."""
        width, text = self.width, self.caption_channels
        return [
            patches("x_embedder.proj", self.in_channels, width, self.patch_size),
            *positions,
            residual("pos_embed.add", ell, width),
            *shared_vectors("t_block", width, vectors),
            *mlp("y_embedder.y_proj", text, width, rows=m),
            buffer("y_embedder.y_embedding", self.model_max_length * text),
            *blocks,
            *single_output(shifts_and_scales(2, width), width, self.volume * self.out_channels),
        ]

    def cross_attention(self) -> list[Operator]:
        """Attention of all tokens to the text."""
        return attend("attn2", ell, self.width, self.heads, keys=m)

    def feed(self) -> list[Operator]:
        """The MLP."""
        return feed_forward("ff", ell, self.width, int(self.width * self.mlp_ratio))

    def leading_order(self) -> Mapping[Symbol, Size]:
        """Blocks taken to see every token; the text's vectors are those of the cross-attention."""
        return {**super().leading_order(), c: 1, f: self.mlp_ratio}


@dataclass(frozen=True, kw_only=True)
class STDiT(OpenSoraBlocks):
    """Open-Sora 1.0: a block attends within frames, then along time, then to the text."""

    input_size: tuple[int, ...] = (1, 32, 32)

    passed_over = OpenSoraBlocks.passed_over | {
        "no_temporal_pos_emb", "space_scale", "time_scale", "freeze", "enable_flashattn",
    }  # fmt: skip
    vae_factors: ClassVar[tuple[int, int]] = (8, 1)

    def operators(self) -> list[Operator]:
        width = self.width
        frames, *sides = (size // side for size, side in zip(self.input_size, self.patch_size, strict=True))
        places = [buffer("pos_embed", prod(sides) * width), buffer("pos_embed_temporal", frames * width)]
        first = residual("pos_embed_temporal.add", ell, width)
        return self.enclosing([], [first, *repeated("blocks", self.depth, self.block())], places)

    def block(self) -> list[Operator]:
        """One block; the gate of the attention in frames is that of the attention along time, too."""
        width, heads = self.width, self.heads
        along = attend("attn_temp", ell, width, heads, sequences=PLACES)
        cross = [gated_residual("attn_temp.gate", ell, width), *self.cross_attention()]
        own = attend("attn1", ell, width, heads, sequences=n_latent)
        return single_block(width, own, [*along, *cross], self.feed())


@dataclass(frozen=True, kw_only=True)
class STDiT3(OpenSoraBlocks):
    """Open-Sora 1.2: blocks on frames and blocks along time take turns, each with the text and an MLP.

    Its VAE makes 17 frames of 5 latent ones; a frame of a request is a latent one.
    """

    model_max_length: int = 300
    qk_norm: bool = True

    passed_over = OpenSoraBlocks.passed_over | {
        "input_size", "input_sq_size", "enable_flash_attn", "only_train_temporal", "freeze_y_embedder",
        "skip_y_embedder",
    }  # fmt: skip
    vae_factors: ClassVar[tuple[int, int]] = (8, 1)

    @property
    def blocks(self) -> Any:
        return 2 * self.depth

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size; incomplete patches are padded."""
        return prod(-(-size // side) for size, side in zip((frames, height, width), self.patch_size, strict=True))

    def operators(self) -> list[Operator]:
        width = self.width
        fps = mlp("fps_embedder", FREQUENCIES, width)
        blocks = [
            *repeated("spatial_blocks", self.depth, self.block(n_latent, [])),
            *repeated("temporal_blocks", self.depth, self.block(PLACES, rotations(ell, width))),
        ]
        return self.enclosing(fps, blocks, [table("rope.freqs", self.heads.width // 2)])

    def block(self, sequences: Size, turned: list[Operator]) -> list[Operator]:
        """One block on so many sequences."""
        normed = [*(head_norms(ell, self.heads) if self.qk_norm else []), *turned]
        own = attend("attn1", ell, self.width, self.heads, normed, sequences=sequences)
        return single_block(self.width, own, self.cross_attention(), self.feed())


@dataclass(frozen=True, kw_only=True)
class MMDiTModel(Denoiser):
    """Open-Sora 2.0: Flux on latents of video that are packed into tokens; ``cond_embed`` reads a given video."""

    in_channels: int = 64
    vec_in_dim: int = 768
    context_in_dim: int = 4096
    hidden_size: int = 3072
    num_heads: int = 24
    depth: int = 19
    depth_single_blocks: int = 38
    patch_size: int = 2
    guidance_embed: bool = False
    cond_embed: bool = False
    mlp_ratio: Literal[4] = 4
    qkv_bias: Literal[True] = True

    passed_over = frozenset({"axes_dim", "theta", "fused_qkv", "use_liger_rope", "grad_ckpt_settings"})
    vae_factors: ClassVar[tuple[int, int]] = (8, 4)

    @property
    def is_video(self) -> bool:
        return True

    @property
    def out_channels(self) -> int:
        """Channels of a token."""
        return self.in_channels

    @property
    def num_layers(self) -> int:
        """Blocks of two streams."""
        return self.depth

    @property
    def blocks(self) -> Any:
        return self.depth + self.depth_single_blocks

    @property
    def width(self) -> Any:
        return self.hidden_size

    def operators(self) -> list[Operator]:
        width, heads = self.width, Heads(self.num_heads, self.hidden_size // self.num_heads)
        given = dense("cond_in", ell, self.in_channels + self.patch_size**2, width)
        single = [*modulation("norm", width, width, 3), *parallel_block(width, heads)]
        return [
            dense("img_in", ell, self.in_channels, width),
            *([given, residual("cond_in.add", ell, width)] if self.cond_embed else []),
            *mlp("time_in", FREQUENCIES, width),
            *(mlp("guidance_in", FREQUENCIES, width) if self.guidance_embed else []),
            *mlp("vector_in", self.vec_in_dim, width),
            dense("txt_in", m, self.context_in_dim, width),
            *repeated("double_blocks", self.depth, modulated_streams(width, heads)),
            *repeated("single_blocks", self.depth_single_blocks, single),
            *adaptive_output(width, width, self.in_channels),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all, with a modulation in every block."""
        return {**super().leading_order(), a: 1, j: 1}
