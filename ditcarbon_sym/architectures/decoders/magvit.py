"""The causal video VAE of EasyAnimate, its decoder, after MAGVIT (Xu et al., 2024; Yu et al., 2023).

Released as diffusers' ``AutoencoderKLMagvit`` (src/diffusers/models/autoencoders/autoencoder_kl_magvit.py). It decodes
one latent frame at a time; what its convolutions look back on is kept. The first frame is never doubled.
"""

from dataclasses import dataclass
from typing import Literal

from sympy import Expr, Rational

from ...equations.notation import H, W
from ..operators import Operator, Size, convolution, repeated
from .blocks import CUBE, LevelledDecoder, frames_after, interpolation, residual_block, scaled_residual

Up = Literal["SpatialUpBlock3D", "SpatialTemporalUpBlock3D"]


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLMagvit(LevelledDecoder):
    """Sides are doubled at the end of each level but the last, frames behind that where the level's name says so."""

    latent_channels: int = 16
    block_out_channels: tuple[int, ...] = (128, 256, 512, 512)
    up_block_types: tuple[Up, ...] = ("SpatialUpBlock3D", *("SpatialTemporalUpBlock3D",) * 3)
    layers_per_block: int = 2

    passed_over = LevelledDecoder.passed_over | {"down_block_types", "spatial_group_norm"}

    @property
    def kernel(self) -> tuple[int, ...]:
        return CUBE

    @property
    def longer(self) -> tuple[bool, ...]:
        """Whether each level doubles frames."""
        return tuple(
            x == "SpatialTemporalUpBlock3D" and level < self.last for level, x in enumerate(self.up_block_types)
        )

    @property
    def temporal_factor(self) -> int:
        return int(2 ** sum(self.longer))

    def positions(self, frames: int, sides: int) -> Expr:
        """Positions of all frames after frames and sides are doubled at the end of so many levels."""
        tall = min(sides, self.last)
        return frames_after(sum(self.longer[:frames])) * H * W * Rational(4**tall, self.spatial_factor**2)

    def volume(self, level: int) -> Expr:
        return self.positions(level, level)

    def middle(self, rows: Expr, width: Size) -> list[Operator]:
        return repeated("", self.layers_per_block, residual_block(rows, width, width, CUBE, add=scaled_residual))

    def layer(self, level: int, inputs: Size, outputs: Size) -> list[Operator]:
        return residual_block(self.volume(level), inputs, outputs, CUBE, add=scaled_residual)

    def doubled(self, level: int, width: Size) -> list[Operator]:
        """Sides doubled, a convolution on what they are now, then frames doubled."""
        if level == self.last:
            return []
        rows = self.positions(level, level + 1)
        return [
            interpolation("upsampler.interpolate", rows, width),
            convolution("upsampler.conv", rows, width, width, CUBE),
        ]
