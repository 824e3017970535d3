"""The video VAE of Mochi, its decoder: matrices that unfold time and space in place of upsampling (Genmo, 2024).

Released as diffusers' ``AutoencoderKLMochi`` (src/diffusers/models/autoencoders/autoencoder_kl_mochi.py). Every latent
frame becomes six, and the first five of all are dropped when they have been made.
"""

from dataclasses import dataclass
from math import prod

from sympy import Expr, Rational

from ...equations.notation import H, W, n_latent
from ..network import Decoder
from ..operators import Operator, activation, convolution, dense, repeated
from .blocks import CUBE, POINT, residual_block


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLMochi(Decoder):
    """Blocks of residual blocks, each ended by a matrix to several frames and pixels."""

    decoder_block_out_channels: tuple[int, ...]
    latent_channels: int
    layers_per_block: tuple[int, ...]
    temporal_expansions: tuple[int, ...] = (1, 2, 3)
    spatial_expansions: tuple[int, ...] = (2, 2, 2)
    out_channels: int = 3

    passed_over = Decoder.passed_over | {"in_channels", "encoder_block_out_channels", "act_fn", "add_attention_block"}

    @property
    def spatial_factor(self) -> int:
        return prod(self.spatial_expansions)

    @property
    def temporal_factor(self) -> int:
        return prod(self.temporal_expansions)

    def volume(self, level: int) -> Expr:
        """Positions of all frames after so many blocks; they expand from the last of the lists to the first."""
        frames = prod(self.temporal_expansions[::-1][:level])
        side = prod(self.spatial_expansions[::-1][:level])
        return frames * n_latent * H * W * Rational(side**2, self.spatial_factor**2)

    def operators(self) -> list[Operator]:
        widths, layers = self.decoder_block_out_channels[::-1], self.layers_per_block[::-1]
        start, last = self.volume(0), len(widths) - 1
        end = self.volume(last)
        return [
            convolution("conv_in", start, self.latent_channels, widths[0], POINT),
            *repeated("block_in", layers[0], residual_block(start, widths[0], widths[0], CUBE)),
            *(x for level in range(last) for x in self.up_block(level)),
            *repeated("block_out", layers[-1], residual_block(end, widths[-1], widths[-1], CUBE)),
            activation("nonlinearity", end, widths[-1]),
            dense("proj_out", end, widths[-1], self.out_channels),
        ]

    def up_block(self, level: int) -> list[Operator]:
        """Residual blocks, then one row to as many as the block expands it to."""
        widths, layers = self.decoder_block_out_channels[::-1], self.layers_per_block[::-1]
        copies = self.temporal_expansions[::-1][level] * self.spatial_expansions[::-1][level] ** 2
        rows = self.volume(level)
        return repeated(
            f"up_blocks.{level}",
            1,
            [
                *repeated("", layers[level + 1], residual_block(rows, widths[level], widths[level], CUBE)),
                dense("proj", rows, widths[level], widths[level + 1] * copies),
            ],
        )
