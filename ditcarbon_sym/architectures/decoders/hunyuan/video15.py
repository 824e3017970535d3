"""The causal video VAE of HunyuanVideo-1.5, its decoder: 16 x 16 pixels, four frames to a latent one (Tencent, 2025).

Released as diffusers' ``AutoencoderKLHunyuanVideo15`` (autoencoder_kl_hunyuanvideo15.py in
src/diffusers/models/autoencoders). What doubles the sides makes the channels of four or eight positions from one, and
adds the position itself, repeated. It decodes all frames at once; tiles are an option.
"""

from dataclasses import dataclass

from sympy import Expr, Rational

from ....equations.notation import H, W
from ...operators import (
    Operator,
    Size,
    activation,
    attention,
    convolution,
    elementwise,
    repeated,
    residual,
    rms_norm,
    within,
)
from ..blocks import CUBE, POINT, Levelled, frames_after, residual_block


def root_mean_square(name: str, rows: Size, width: Size) -> list[Operator]:
    """A root-mean-square norm over channels, with a scale."""
    return [rms_norm(name, rows, width)]


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLHunyuanVideo15(Levelled):
    """Its middle has attention; what is doubled is also repeated, and added."""

    out_channels: int = 3
    latent_channels: int = 32
    block_out_channels: tuple[int, ...] = (128, 256, 512, 1024, 1024)
    layers_per_block: int = 2
    spatial_compression_ratio: int = 16
    temporal_compression_ratio: int = 4
    upsample_match_channel: bool = True

    passed_over = Levelled.passed_over | {"in_channels", "downsample_match_channel"}

    @property
    def doublings(self) -> tuple[tuple[bool, bool], ...]:
        """Whether each level ends by doubling frames, and sides: these wherever frames do, too."""
        sides, frames = (x.bit_length() - 1 for x in (self.spatial_compression_ratio, self.temporal_compression_ratio))
        return tuple((level < frames, level < max(sides, frames)) for level in range(len(self.widths)))

    @property
    def spatial_factor(self) -> int:
        return int(2 ** sum(sides for _, sides in self.doublings))

    @property
    def temporal_factor(self) -> int:
        return int(2 ** sum(frames for frames, _ in self.doublings))

    def volume(self, level: int) -> Expr:
        """Positions of all frames after so many levels."""
        done = self.doublings[:level]
        sides = sum(x for _, x in done)
        return frames_after(sum(x for x, _ in done)) * H * W * Rational(4**sides, self.spatial_factor**2)

    def operators(self) -> list[Operator]:
        widths, latent = self.widths, self.volume(0)
        end, width = self.volume(len(widths)), widths[-1]
        block = residual_block(latent, widths[0], widths[0], CUBE, normed=root_mean_square)
        return [
            convolution("conv_in", latent, self.latent_channels, widths[0], CUBE),
            residual("conv_in.add", latent, widths[0]),
            *repeated("mid_block", 1, [*block, *attended(latent, widths[0]), *block]),
            *self.levels(),
            rms_norm("norm_out", end, width),
            activation("conv_act", end, width),
            convolution("conv_out", end, width, self.out_channels, CUBE),
        ]

    def levels(self) -> list[Operator]:
        """Residual blocks at each size, and what doubles it."""
        found, inputs = [], self.widths[0]
        for level, width in enumerate(self.widths):
            rows, (frames, sides) = self.volume(level), self.doublings[level]
            blocks = [
                *residual_block(rows, inputs, width, CUBE, normed=root_mean_square),
                *repeated("", self.layers_per_block, residual_block(rows, width, width, CUBE, normed=root_mean_square)),
            ]
            inputs = width
            if sides:
                inputs = self.widths[level + 1] if self.upsample_match_channel else width
                packed, after = inputs * 4 * 2**frames, self.volume(level + 1)
                blocks += [
                    convolution("upsamplers.0.conv", rows, width, packed, CUBE),
                    elementwise("upsamplers.0.rearrange", rows, packed, operations=0, reads=2, writes=2),
                    residual("upsamplers.0.add", after, inputs),
                ]
            found += repeated(f"up_blocks.{level}", 1, blocks)
        return found


def attended(rows: Size, width: Size) -> list[Operator]:
    """Positions of all frames attend to each other with a single head, whose matrices are convolutions."""
    return within(
        "attentions.0",
        [
            rms_norm("norm", rows, width),
            *(convolution(name, rows, width, width, POINT) for name in ("to_q", "to_k", "to_v")),
            attention("scores", rows, rows, 1, width),
            convolution("proj_out", rows, width, width, POINT),
            residual("add", rows, width),
        ],
    )
