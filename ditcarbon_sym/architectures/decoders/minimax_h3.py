"""The video VAE of MiniMax-H3, its decoder: a transformer that makes pixels of each position (MiniMax, 2026).

Released as diffusers' ``AutoencoderKLMiniMaxH3`` (src/diffusers/models/autoencoders/autoencoder_kl_minimax_h3.py). It
decodes in tiles of 256 x 256 pixels that overlap by 64 or more, and in clips of seven latent frames, of which two are
decoded with the next clip again. As in the request of its release, a frame is a latent one: 5 n + 2 of them make
17 n + 5 of the film.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

from sympy import Expr, Integer, Rational

from ...equations.notation import H, W, n_latent
from ..attentions import Heads, attend, head_norms, rotations
from ..layers import feed_forward
from ..network import Decoder, Tile
from ..operators import Operator, Size, convolution, dense, gated_residual, norm, repeated, rms_norm, table
from .blocks import POINT

SIDE, OVERLAP = 256, 64
"""Side of a tile in pixels, and the fewest that two tiles share."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLMiniMaxH3(Decoder):
    """Blocks of full self-attention and a gated MLP over all positions of a tile and a few learned rows."""

    in_channels: int = 3
    out_channels: int = 3
    latent_channels: int = 24
    spatial_downsample_factors: tuple[int, ...] = (2, 2, 2, 2, 1, 1)
    temporal_downsample_factors: tuple[int, ...] = (1, 2, 2, 1, 1, 1)
    decoder_num_layers: int = 36
    decoder_num_attention_heads: int = 32
    decoder_attention_head_dim: int = 64
    decoder_num_register_tokens: int = 4
    decoder_ffn_mult: int = 4
    decoder_rope_dim_ratio: float = 0.75
    clip_length: int = 17
    token_drop: int = 3

    passed_over = Decoder.passed_over | {
        "block_out_channels", "layers_per_block", "norm_num_groups", "norm_eps", "spatial_padding_mode",
        "decoder_rope_theta", "decoder_norm_eps",
    }  # fmt: skip

    @property
    def spatial_factor(self) -> int:
        return prod(self.spatial_downsample_factors)

    @property
    def is_video(self) -> bool:
        return True

    @property
    def chunk(self) -> int:
        """Latent frames from one clip to the next."""
        return -(-self.clip_length // prod(self.temporal_downsample_factors))

    @property
    def clip(self) -> int:
        """Latent frames of a clip: those of a chunk, and those that the encoder did not drop of the next."""
        return self.chunk + (-self.token_drop) % self.chunk

    def tiles(self, height: Any, width: Any, latent: Any) -> list[Tile]:
        """Clips, each in as many tiles as cover a frame; a side that is shorter than a tile is one."""
        clips = -(-(latent + self.token_drop) // self.chunk) - (self.token_drop > 0)
        down, tall = along(height)
        across, wide = along(width)
        return [Tile(clips * down * across, tall, wide, self.clip)]

    def operators(self) -> list[Operator]:
        channels, heads = self.latent_channels, Heads(self.decoder_num_attention_heads, self.decoder_attention_head_dim)
        width, places = heads.total, Integer(1) * n_latent * H * W * Rational(1, self.spatial_factor**2)
        rows = places + self.decoder_num_register_tokens + 1
        block = self.out_channels * prod(self.temporal_downsample_factors) * self.spatial_factor**2
        return [
            convolution("post_quant_conv", places, channels, channels, POINT),
            dense("proj_in", places, channels, width),
            table("register_tokens", self.decoder_num_register_tokens * width),
            *repeated("transformer_blocks", self.decoder_num_layers, self.block(rows, heads)),
            norm("norm_out", rows, width, vectors=2),
            dense("proj_out", rows, width, block),
        ]

    def block(self, rows: Expr, heads: Heads) -> list[Operator]:
        """Attention and MLP, each behind a norm and times a trained vector."""
        width: Size = heads.total
        turned = int(self.decoder_attention_head_dim * self.decoder_rope_dim_ratio) * heads.number
        before = [*head_norms(rows, heads, vectors=0), *rotations(rows, turned)]
        return [
            rms_norm("norm1", rows, width),
            *attend("attn", rows, width, heads, before),
            table("scale1", width),
            gated_residual("attn.add", rows, width),
            rms_norm("norm2", rows, width),
            *feed_forward("ff", rows, width, width * self.decoder_ffn_mult, "swiglu"),
            table("scale2", width),
            gated_residual("ff.add", rows, width),
        ]


def along(pixels: Any) -> tuple[Any, Any]:
    """Tiles along a side of so many pixels, and how long they are.

    >>> along(768), along(240)
    ((4, 256), (1, 240))
    """
    several = pixels > SIDE
    number = several * -(-(pixels - OVERLAP) // (SIDE - OVERLAP)) + (1 - several)
    return number, several * SIDE + (1 - several) * pixels
