"""MiniMax-H3, video with sound in one sequence, and MiniMax Music 3 (MiniMax, 2026).

Released as diffusers' ``MiniMaxH3Transformer3DModel`` and ``MiniMaxMusic3Transformer1DModel``
(src/diffusers/models/transformers: transformer_minimax_h3.py, transformer_minimax_music3.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sympy import Expr, Rational, Symbol

from ...equations.notation import a, ell, f, j, m, n_ada, n_latent, t
from ..adaln import modulation
from ..attentions import Heads, attend, head_norms, rotations
from ..layers import added, feed_forward, mlp
from ..network import Sized, SoundTransformer, VideoPatches
from ..operators import Operator, Size, convolution, dense, elementwise, repeated, residual, rms_norm

POINT = (1,)
H3_AUDIO_ROWS = Rational(34, 3) * n_latent - 6
"""Sound rows of a film of 24 frames a second: 40 latent steps a second for each of two channels.

The pipeline rounds; these are as many at 12 latent frames and 15 more and so on, and within one row elsewhere
(diffusers: modular_pipelines/minimax_h3/modular_pipeline.py, audio_latent_num_frames; 17 n + 5 frames make 5 n + 2).
"""
TIMESTEPS, MODALITIES = 2, 3
"""Timesteps in a sequence, of video and sound, and kinds of row: video, text and sound."""


@dataclass(frozen=True, kw_only=True)
class MiniMaxMusic3Transformer1DModel(SoundTransformer):
    """Plain blocks behind norms; the timestep is a row before the others, and what a language model made of the prompt
    goes in with the latent, step by step.
    """

    in_channels: int = 128
    num_attention_heads: int = 32
    attention_head_dim: int = 64
    condition_dim: int = 2048
    num_layers: int = 36
    ff_inner_dim: int = 8192
    rotary_dim: int = 32
    fourier_embedding_dim: int = 256

    def operators(self) -> list[Operator]:
        width, latent, together = self.width, self.in_channels, 2 * self.in_channels + self.condition_dim
        return [
            dense("time_proj", 1, 1, self.fourier_embedding_dim // 2, bias=False),
            *mlp("time_embed", self.fourier_embedding_dim, width),
            convolution("preprocess_conv", ell, together, together, POINT, bias=False),
            residual("preprocess_conv.add", ell, together),
            dense("proj_in", ell, together, width, bias=False),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            dense("proj_out", ell, width, latent, bias=False),
            convolution("postprocess_conv", ell, latent, latent, POINT, bias=False),
            residual("postprocess_conv.add", ell, latent),
        ]

    def block(self) -> list[Operator]:
        """One block; the first ``rotary_dim`` numbers of each head are turned."""
        width, rows = self.width, ell + 1
        before = rotations(rows, self.num_attention_heads * self.rotary_dim)
        own = attend("attn", rows, width, self.heads, before, bias=False, out_bias=False)
        feed = feed_forward("ff", rows, width, self.ff_inner_dim, "swiglu")
        return [
            *added("norm1", "attn", rows, width, own, layer_norm=True),
            *added("norm2", "ff", rows, width, feed, layer_norm=True),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), f: Rational(3, 2) * self.ff_inner_dim / self.width}


@dataclass(frozen=True, kw_only=True)
class MiniMaxH3Transformer3DModel(VideoPatches, Sized):
    """Video, sound and text in one sequence, whose three kinds of row are scaled and shifted apart.

    Video and sound have a timestep each. Its VAE makes 17 frames of 5 latent ones and is not of the kind known here;
    a frame of a request is a latent one.
    """

    num_attention_heads: int = 56
    attention_head_dim: int = 128
    hidden_size: int = 5376
    num_layers: int = 50
    num_refiner_layers: int = 2
    ffn_dim: int = 14336
    in_channels: int = 24
    audio_in_channels: int = 32
    patch_size: tuple[int, int, int] = (1, 2, 2)
    text_dim: int = 5120
    freq_dim: int = 256
    time_embed_hidden_dim: int = 5376
    time_embed_dim: int = 2688
    rope_freq_dim: int = 16

    passed_over = frozenset({"rope_theta", "norm_eps", "qk_norm_eps", "final_norm_eps"})
    vae_factors: ClassVar[tuple[int, int]] = (16, 1)

    @property
    def sound_rows(self) -> Expr:
        return H3_AUDIO_ROWS

    @property
    def heads(self) -> Heads:
        """The heads of its attention, together wider than the rows."""
        return Heads(self.num_attention_heads, self.attention_head_dim)

    def operators(self) -> list[Operator]:
        width, rows, patch = self.width, ell + m + H3_AUDIO_ROWS, self.volume * self.in_channels
        refined = self.block(m, [])
        return [
            dense("proj_in", ell, patch, width),
            dense("audio_proj_in", H3_AUDIO_ROWS, self.audio_in_channels, width),
            dense("context_embedder", m, self.text_dim, width),
            *repeated("token_refiner.refiner_blocks", self.num_refiner_layers, refined),
            rms_norm("token_refiner.final_norm", m, width),
            *self.time_embedder(),
            *repeated("transformer_blocks", self.num_layers, self.modulated_block(rows)),
            *modulation("norm_out", self.time_embed_dim, width, 2, rows=TIMESTEPS),
            rms_norm("norm_out.norm", rows, width),
            self.scaled("norm_out.modulate", rows),
            dense("proj_out", rows, width, patch),
            dense("audio_proj_out", rows, width, self.audio_in_channels),
        ]

    def time_embedder(self) -> list[Operator]:
        """The timesteps of video and sound."""
        inner = self.time_embed_hidden_dim
        return mlp("time_embedder", self.freq_dim, inner, self.time_embed_dim, rows=TIMESTEPS)

    def scaled(self, name: str, rows: Size) -> Operator:
        """Scale and shift by vectors that are looked up for each row."""
        return elementwise(name, rows, self.width, operations=2, reads=4, writes=4)

    def attention(self, rows: Size, before: list[Operator]) -> list[Operator]:
        """Attention of all rows to all."""
        normed = [*head_norms(rows, self.heads), *before]
        return attend("attn", rows, self.width, self.heads, normed, bias=False, out_bias=False)

    def block(self, rows: Size, before: list[Operator]) -> list[Operator]:
        """A plain block, as refines the text."""
        width = self.width
        feed = feed_forward("ff", rows, width, self.ffn_dim, "swiglu", bias=False)
        return [
            *added("norm1", "attn", rows, width, self.attention(rows, before)),
            *added("norm2", "ff", rows, width, feed),
        ]

    def modulated_block(self, rows: Size) -> list[Operator]:
        """A block that is modulated before and gated after each sublayer."""
        width, turned = self.width, self.num_attention_heads * 6 * self.rope_freq_dim
        gates = [elementwise(f"{x}.gate", rows, width, reads=2, writes=2) for x in ("attn", "ff")]
        return [
            *modulation("adaln_proj", self.time_embed_dim, width, 6 * MODALITIES, rows=TIMESTEPS),
            *self.block(rows, rotations(rows, turned)),
            *(self.scaled(f"{x}.modulate", rows) for x in ("norm1", "norm2")),
            *gates,
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream; each block makes 18 vectors from a condition half as wide, which is nine of its width."""
        ratio = Rational(3, 2) * self.ffn_dim / self.width
        return {**super().leading_order(), a: 1, j: 1, t: self.time_embed_dim, n_ada: MODALITIES, f: ratio}
