"""The image VAE of latent diffusion, its decoder: residual blocks, attention in the middle (Rombach et al., 2022).

Released as diffusers' ``AutoencoderKL`` and ``AutoencoderKLFlux2`` (autoencoder_kl.py and autoencoder_kl_flux2.py in
src/diffusers/models/autoencoders; the decoder itself is in vae.py). In the middle all pixels of the latent attend to
each other, which is quadratic in them. Frames of a video are images to it, decoded side by side.
"""

from dataclasses import dataclass
from typing import Literal

from sympy import Expr, Rational

from ...equations.notation import H, W, n_frames
from ..operators import Operator, Size, activation, convolution, elementwise, norm, repeated, within
from .blocks import PIXEL, SQUARE, LevelledDecoder, interpolation, pixel_attention, residual_block, scaled_residual

PLAIN, ATTENDS = "DownEncoderBlock2D", "AttnDownEncoderBlock2D"
"""Blocks of the encoder, without attention and with it."""
UpBlock = Literal["UpDecoderBlock2D", "AttnUpDecoderBlock2D"]
"""Residual blocks at one size of the image, without attention and with it."""


@dataclass(frozen=True, kw_only=True)
class ImageDecoder(LevelledDecoder):
    """What the released classes have in common."""

    up_block_types: tuple[UpBlock, ...]
    use_post_quant_conv: bool = True
    mid_block_add_attention: bool = True
    # These shape the encoder alone.
    use_quant_conv: bool = True
    down_block_types: tuple[str, ...]

    passed_over = LevelledDecoder.passed_over | {"force_upcast", "sample_size"}

    @property
    def kernel(self) -> tuple[int, ...]:
        return SQUARE

    def volume(self, level: int) -> Expr:
        """Pixels of all frames after so many levels, the last of which doubles nothing."""
        return n_frames * H * W * Rational(4 ** min(level, self.last), self.spatial_factor**2)

    def entrance(self, rows: Expr, width: Size) -> list[Operator]:
        channels = self.latent_channels
        quantised = convolution("post_quant_conv", rows, channels, channels, PIXEL)
        return [
            *([quantised] if self.use_post_quant_conv else []),
            convolution("conv_in", rows, channels, width, SQUARE),
        ]

    def middle(self, rows: Expr, width: Size) -> list[Operator]:
        """Two residual blocks, attention between them in most releases."""
        block = residual_block(rows, width, width, SQUARE, add=scaled_residual)
        return [*block, *(attended(rows, width) if self.mid_block_add_attention else []), *block]

    def layer(self, level: int, inputs: Size, outputs: Size) -> list[Operator]:
        """A residual block, and the attention that some have after each."""
        rows, attends = self.volume(level), self.up_block_types[level] == "AttnUpDecoderBlock2D"
        block = residual_block(rows, inputs, outputs, SQUARE, add=scaled_residual)
        return [*block, *(attended(rows, outputs) if attends else [])]

    def encoder_operators(self) -> list[Operator] | None:
        """The encoding half: levels that halve the sides, the middle, mean and variance of the latent."""
        widths, kinds, channels = self.block_out_channels, self.down_block_types, 2 * self.latent_channels
        if not {*kinds} <= {PLAIN, ATTENDS} or len(kinds) != len(widths):
            return None
        levels = [n_frames * H * W * Rational(1, 4**level) for level in range(len(widths))]
        latent, last = levels[-1], widths[-1]
        return [
            convolution("conv_in", levels[0], self.in_channels, widths[0], SQUARE),
            *(x for level in range(len(widths)) for x in self.down_block(level, levels)),
            *repeated("mid_block", 1, self.middle(latent, last)),
            norm("conv_norm_out", latent, last, vectors=2),
            activation("conv_act", latent, last),
            convolution("conv_out", latent, last, channels, SQUARE),
            *([convolution("quant_conv", latent, channels, channels, PIXEL)] if self.use_quant_conv else []),
        ]

    def down_block(self, level: int, levels: list[Expr]) -> list[Operator]:
        """Residual blocks of a level of the encoder; all levels but the last end by halving the sides."""
        widths, rows = self.block_out_channels, levels[level]
        width, attends = widths[level], self.down_block_types[level] == ATTENDS
        first, other = (
            residual_block(rows, inputs, width, SQUARE, add=scaled_residual)
            for inputs in (widths[max(level - 1, 0)], width)
        )
        more = attended(rows, width) if attends else []
        blocks = [*first, *more, *repeated("", self.layers_per_block - 1, [*other, *more])]
        if rows != levels[-1]:
            blocks += [
                elementwise("downsamplers.0.pad", rows, width, operations=0),
                convolution("downsamplers.0.conv", levels[level + 1], width, width, SQUARE, inputs_read=rows),
            ]
        return repeated(f"down_blocks.{level}", 1, blocks)

    def doubled(self, level: int, width: Size) -> list[Operator]:
        """Sides doubled at the end of all levels but the last."""
        if level == self.last:
            return []
        rows = self.volume(level + 1)
        return within(
            "upsamplers.0",
            [interpolation("interpolate", rows, width), convolution("conv", rows, width, width, SQUARE)],
        )


def attended(rows: Expr, width: Size) -> list[Operator]:
    """The pixels of a frame attend to each other."""
    return pixel_attention(rows, width, n_frames, add=scaled_residual)


@dataclass(frozen=True, kw_only=True)
class AutoencoderKL(ImageDecoder):
    """The VAE of most image models, with 4 or 16 channels in the latent."""

    down_block_types: tuple[str, ...] = (PLAIN,)


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLFlux2(ImageDecoder):
    """The same with 32 channels; the pipeline packs and scales the latent, which is not the decoder's work."""

    decoder_block_out_channels: tuple[int, ...] | None = None
    down_block_types: tuple[str, ...] = (PLAIN,) * 4

    passed_over = ImageDecoder.passed_over | {"batch_norm_eps", "batch_norm_momentum", "patch_size"}

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.decoder_block_out_channels or self.block_out_channels)[::-1]
