"""The VAE of HunyuanImage 2.1, its decoder: 32 x 32 pixels of the image to one of the latent (Tencent, 2025).

Released as diffusers' ``AutoencoderKLHunyuanImage``
(src/diffusers/models/autoencoders/autoencoder_kl_hunyuanimage.py). What doubles the sides makes the channels of four
pixels from one, and adds the pixel itself, repeated.
"""

from dataclasses import dataclass
from typing import Literal

from sympy import Expr, Rational

from ....equations.notation import H, W, n_frames
from ...operators import (
    Operator,
    Size,
    activation,
    attention,
    convolution,
    elementwise,
    norm,
    repeated,
    residual,
    within,
)
from ..blocks import PIXEL, SQUARE, Levelled, residual_block


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLHunyuanImage(Levelled):
    """Its middle has attention; what is doubled is also repeated, and added."""

    spatial_compression_ratio: int
    sample_size: int
    in_channels: int
    out_channels: int
    upsample_match_channel: Literal[True] = True

    passed_over = Levelled.passed_over | {"downsample_match_channel"}

    @property
    def doublings(self) -> int:
        """Levels that end by doubling the sides."""
        return min(self.spatial_compression_ratio.bit_length() - 1, self.last)

    @property
    def spatial_factor(self) -> int:
        return int(2**self.doublings)

    def pixels(self, level: int) -> Expr:
        """Pixels of all frames at this level."""
        return n_frames * H * W * Rational(4 ** min(level, self.doublings), self.spatial_factor**2)

    def operators(self) -> list[Operator]:
        widths, latent = self.widths, self.pixels(0)
        block = residual_block(latent, widths[0], widths[0], SQUARE)
        return [
            convolution("conv_in", latent, self.latent_channels, widths[0], SQUARE),
            residual("conv_in.add", latent, widths[0]),
            *repeated("mid_block", 1, [*block, *self.attended(latent, widths[0]), *block]),
            *self.levels(),
            norm("norm_out", self.pixels(len(widths)), widths[-1], vectors=2),
            activation("nonlinearity", self.pixels(len(widths)), widths[-1]),
            convolution("conv_out", self.pixels(len(widths)), widths[-1], self.out_channels, SQUARE),
        ]

    def levels(self) -> list[Operator]:
        """Residual blocks at each size, and what doubles it."""
        found, inputs = [], self.widths[0]
        for level, width in enumerate(self.widths):
            rows = self.pixels(level)
            blocks = [
                *residual_block(rows, inputs, width, SQUARE),
                *repeated("", self.layers_per_block, residual_block(rows, width, width, SQUARE)),
            ]
            inputs = width
            if level < self.doublings:
                inputs = self.widths[level + 1]
                blocks += [
                    convolution("upsample.conv", rows, width, 4 * inputs, SQUARE),
                    elementwise("upsample.shuffle", rows, 8 * inputs, operations=0),
                    residual("upsample.add", 4 * rows, inputs),
                ]
            found += repeated(f"up_blocks.{level}", 1, blocks)
        return found

    def attended(self, rows: Size, width: Size) -> list[Operator]:
        """The pixels of the latent attend to each other with a single head, whose matrices are convolutions."""
        share = rows / n_frames
        scores = attention("scores", share, share, 1, width)
        return within(
            "attentions.0",
            [
                norm("norm", rows, width, vectors=2),
                *(convolution(name, rows, width, width, PIXEL) for name in ("to_q", "to_k", "to_v")),
                *repeated("", n_frames, [scores]),
                convolution("proj", rows, width, width, PIXEL),
                residual("add", rows, width),
            ],
        )
