"""The causal video VAE of CogVideoX, its decoder: norms conditioned on the latent (Yang et al., 2024).

Released as diffusers' ``AutoencoderKLCogVideoX`` (src/diffusers/models/autoencoders/autoencoder_kl_cogvideox.py). It
works on two latent frames at a time and caches what its convolutions look back on, so that nothing is computed twice;
the first frame of an odd number is never doubled. Of an even number all are doubled, to more frames than were asked
for: 85 make 22 latent frames and those 88.
"""

from dataclasses import dataclass
from typing import Literal

from sympy import Expr, Integer, Rational

from ...equations.notation import H, W, n_latent
from ..operators import Operator, Size, activation, convolution, elementwise, modulate, norm, repeated, within
from .blocks import CUBE, POINT, SQUARE, LevelledDecoder, residual_block

ODD = (1 - Integer(-1) ** n_latent) * Rational(1, 2)
"""1 where the latent frames are odd in number, 0 where they are even."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLCogVideoX(LevelledDecoder):
    """Time is doubled in the first blocks, the sides in all but the last."""

    temporal_compression_ratio: float = 4
    use_post_quant_conv: Literal[False] = False
    up_block_types: tuple[Literal["CogVideoXUpBlock3D"], ...] = ("CogVideoXUpBlock3D",) * 4

    passed_over = LevelledDecoder.passed_over | {
        "down_block_types", "norm_eps", "sample_height", "sample_width", "force_upcast", "use_quant_conv",
        "invert_scale_latents",
    }  # fmt: skip

    @property
    def kernel(self) -> tuple[int, ...]:
        return CUBE

    @property
    def temporal_factor(self) -> int:
        return int(2 ** min(int(self.temporal_compression_ratio).bit_length(), len(self.block_out_channels)) // 2)

    def volume(self, level: int) -> Expr:
        """Positions of all frames after so many blocks, the last of which doubles nothing."""
        level = min(level, self.last)
        times = min(2**level, self.temporal_factor)
        frames = times * n_latent - (times - 1) * ODD
        return frames * H * W * Rational(4**level, self.spatial_factor**2)

    def entrance(self, rows: Expr, width: Size) -> list[Operator]:
        return [convolution("conv_in", rows, self.latent_channels, width, CUBE)]

    def middle(self, rows: Expr, width: Size) -> list[Operator]:
        return repeated("", 2, residual_block(rows, width, width, CUBE, normed=self.conditioned_norm))

    def layer(self, level: int, inputs: Size, outputs: Size) -> list[Operator]:
        return residual_block(self.volume(level), inputs, outputs, CUBE, normed=self.conditioned_norm)

    def doubled(self, level: int, width: Size) -> list[Operator]:
        """Frames and sides doubled, and a convolution on every frame."""
        if level == self.last:
            return []
        return [convolution("upsamplers.0.conv", self.volume(level + 1), width, width, SQUARE)]

    def exit(self, rows: Expr, width: Size) -> list[Operator]:
        return [
            *self.conditioned_norm("norm_out", rows, width),
            activation("conv_act", rows, width),
            convolution("conv_out", rows, width, self.out_channels, CUBE),
        ]

    def conditioned_norm(self, name: str, rows: Size, width: Size) -> list[Operator]:
        """A norm whose scale and shift are made of the latent, stretched to this size, at every position."""
        return within(
            name,
            [
                norm("norm_layer", rows, width, vectors=2),
                elementwise("interpolate", rows, self.latent_channels),
                convolution("conv_y", rows, self.latent_channels, width, POINT),
                convolution("conv_b", rows, self.latent_channels, width, POINT),
                modulate("modulate", rows, width),
            ],
        )
