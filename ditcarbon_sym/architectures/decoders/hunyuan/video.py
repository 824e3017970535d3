"""The causal video VAE of HunyuanVideo, its decoder: attention over all frames in the middle (Kong et al., 2024).

Released as diffusers' ``AutoencoderKLHunyuanVideo`` (autoencoder_kl_hunyuan_video.py in
src/diffusers/models/autoencoders). More than four latent frames are decoded in tiles of five that start every three
frames, and blended: part of the work is done twice, and it is counted as it is done.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr, Rational

from ....equations.notation import H, W
from ...network import Tile
from ...operators import Operator, Size, convolution, repeated
from ..blocks import CUBE, LevelledDecoder, frames_after, pixel_attention, residual_block

TILE, STRIDE = 5, 3
"""Latent frames in a tile and from one to the next: 16 and 12 output frames, and one more that is dropped."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLHunyuanVideo(LevelledDecoder):
    """Sides are doubled in the first three blocks, time in the last two but one."""

    spatial_compression_ratio: Literal[8] = 8
    temporal_compression_ratio: Literal[4] = 4
    mid_block_add_attention: bool = True
    up_block_types: tuple[Literal["HunyuanVideoUpBlock3D"], ...] = ("HunyuanVideoUpBlock3D",) * 4

    passed_over = LevelledDecoder.passed_over | {"down_block_types"}

    @property
    def kernel(self) -> tuple[int, ...]:
        return CUBE

    @property
    def doublings(self) -> tuple[tuple[bool, bool], ...]:
        """Whether each block ends by doubling time, and sides."""
        last = self.last
        return tuple((last - 2 <= level < last, level < 3) for level in range(last + 1))

    @property
    def spatial_factor(self) -> int:
        return int(2 ** sum(sides for _, sides in self.doublings))

    @property
    def temporal_factor(self) -> int:
        return int(2 ** sum(time for time, _ in self.doublings))

    def tiles(self, height: Any, width: Any, latent: Any) -> list[Tile]:
        """Tiles of five frames, and what is left at the end: three frames, or four and one, or two."""
        left, whole = latent % STRIDE, latent > TILE - 1
        full = whole * ((latent - 2) // STRIDE)
        last = {1: whole * (left == 1), 2: whole * (left == 2), 3: whole * (left == 0), 4: whole * (left == 1)}
        short = [
            Tile(last[frames] + (1 - whole) * (latent == frames), height, width, frames) for frames in range(1, TILE)
        ]
        return [Tile(full, height, width, TILE), *short]

    def volume(self, level: int) -> Expr:
        """Positions of all frames after so many blocks."""
        done = self.doublings[:level]
        return (
            frames_after(sum(time for time, _ in done))
            * H * W * Rational(4 ** sum(sides for _, sides in done), self.spatial_factor**2)
        )  # fmt: skip

    def middle(self, rows: Expr, width: Size) -> list[Operator]:
        """Two residual blocks and between them attention of every position of every frame to all before it."""
        blocks = repeated("", 2, residual_block(rows, width, width, CUBE))
        return [*blocks, *(pixel_attention(rows, width) if self.mid_block_add_attention else [])]

    def layer(self, level: int, inputs: Size, outputs: Size) -> list[Operator]:
        return residual_block(self.volume(level), inputs, outputs, CUBE)

    def doubled(self, level: int, width: Size) -> list[Operator]:
        """A convolution on what has been doubled."""
        if not any(self.doublings[level]):
            return []
        return [convolution("upsamplers.0.conv", self.volume(level + 1), width, width, CUBE)]
