"""The encoding half of Wan's VAE, for pipelines that are given an image or a video (Wan Team, 2025).

It works through the frames as the decoder does: the first alone, then four at a time, each pass with frames of the one
before. It is the encoder of AutoencoderKLWan and AutoencoderKLQwenImage.
"""

from dataclasses import dataclass

from sympy import Rational

from ...equations.notation import H, W, n_frames, n_latent
from ..operators import Operator, Size, activation, convolution, elementwise, repeated, residual, rms_norm, within
from .blocks import POINT, SQUARE
from .causal import LATER, Grid, at_each, causal_convolution, middle, residual_block

CHUNK = 4
"""Frames of a pass after the first."""


@dataclass(frozen=True, kw_only=True)
class CausalEncoder:
    """Levels that halve the sides, and frames where ``halvings`` says so; ``packing`` pixels of a side go in as one.

    ``past_blocks``: means of the pixels that become one are added past each level (Wan 2.2).
    """

    channels: int
    widths: tuple[int, ...]
    first_width: int
    latent_channels: int
    num_res_blocks: int
    halvings: tuple[bool, ...]
    packing: int = 1
    past_blocks: bool = False

    def grid(self, level: int) -> Grid:
        """Positions after so many halvings of the sides."""
        pixels = H * W * Rational(1, (self.packing * 2**level) ** 2)
        return Grid(pixels, CHUNK // 2 ** sum(self.halvings[:level]))

    def operators(self) -> list[Operator]:
        """Everything from the image to mean and variance of the latent."""
        last = len(self.widths) - 1
        image, latent, doubled = self.grid(0), self.grid(last), 2 * self.latent_channels
        packed = [elementwise("patchify", n_frames * H * W, self.channels * Rational(1, self.packing**2), operations=0)]
        return [
            *(packed if self.packing > 1 else []),
            *at_each(n_latent, causal_convolution("conv_in", image, self.channels, self.first_width)),
            *(x for level in range(last + 1) for x in self.down_block(level)),
            *repeated("mid_block", 1, at_each(n_latent, middle(latent, self.widths[-1]))),
            *at_each(n_latent, [rms_norm("norm_out", latent.rows, self.widths[-1])]),
            activation("nonlinearity", latent.rows, self.widths[-1]),
            *at_each(n_latent, causal_convolution("conv_out", latent, self.widths[-1], doubled)),
            elementwise("concatenate", latent.pixels * LATER * (1 + n_latent * Rational(1, 2)), doubled, operations=0),
            convolution("quant_conv", latent.rows, doubled, doubled, POINT),
        ]

    def down_block(self, level: int) -> list[Operator]:
        """Residual blocks, then half the sides, in all levels but the last."""
        width, grid = self.widths[level], self.grid(level)
        inputs = self.first_width if level == 0 else self.widths[level - 1]
        first, other = residual_block(grid, inputs, width), residual_block(grid, width, width)
        others = repeated("", self.num_res_blocks - 1, within("resnets", other))
        target = self.grid(min(level + 1, len(self.widths) - 1))
        halved = within("downsampler", self.halved(grid, target, width)) if target != grid else []
        means = [
            elementwise("avg_shortcut", grid.rows, inputs, reads=3, writes=2),
            residual("avg_shortcut.add", target.rows, width),
        ]
        return repeated(
            f"down_blocks.{level}",
            1,
            [*at_each(n_latent, [*within("resnets", first), *others]), *halved, *(means if self.past_blocks else [])],
        )

    def halved(self, grid: Grid, target: Grid, width: Size) -> list[Operator]:
        """Half the height and width; then the frames, where they halve, in all passes but the first: a convolution over
        three of them, the last of the pass before among them.
        """
        frames = Grid(target.pixels, grid.chunk)
        in_time = []
        if target.chunk < grid.chunk:
            read = target.pixels * (grid.chunk + 1) * LATER
            in_time = [
                elementwise("time_conv.pad", read, width, operations=0, reads=2, writes=2),
                convolution(
                    "time_conv", target.pixels * target.chunk * LATER, width, width, (3, 1, 1), inputs_read=read
                ),
            ]
        return [
            elementwise("resample.0", grid.rows, width, operations=0),
            *at_each(n_latent, [convolution("resample.1", frames.rows, width, width, SQUARE, inputs_read=grid.rows)]),
            *at_each(LATER, in_time),
        ]
