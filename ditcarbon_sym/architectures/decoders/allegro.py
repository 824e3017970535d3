"""The video VAE of Allegro, its decoder: an image decoder with convolutions in time (Zhou et al., 2024).

Released as diffusers' ``AutoencoderKLAllegro`` (src/diffusers/models/autoencoders/autoencoder_kl_allegro.py). It
decodes in tiles alone: 24 frames of 320 x 320 pixels that overlap by 8 frames, 120 rows and 80 columns, and what
overlaps is computed again. Incomplete tiles at the edges are left out, as there. The first convolution, of one latent
to another, runs once over all there; here it is counted with the tiles, which changes less than a millionth.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr, Rational

from ...equations.notation import H, W, n_latent
from ..network import Tile
from ..operators import Operator, Size, activation, convolution, norm, repeated, residual, within
from .blocks import CUBE, PIXEL, SQUARE, LevelledDecoder, pixel_attention, residual_block, scaled_residual

FRAMES, OVERLAP = 24, (8, 120, 80)
"""Output frames in a tile; frames, rows and columns that two tiles share."""
IN_TIME = (3, 1, 1)


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLAllegro(LevelledDecoder):
    """Every residual block on a frame is followed by four convolutions in time."""

    temporal_upsample_blocks: tuple[bool, ...]
    sample_size: int = 320
    temporal_compression_ratio: float = 4
    up_block_types: tuple[Literal["AllegroUpBlock3D"], ...] = ("AllegroUpBlock3D",) * 4

    passed_over = LevelledDecoder.passed_over | {"down_block_types", "temporal_downsample_blocks", "force_upcast"}

    @property
    def kernel(self) -> tuple[int, ...]:
        return SQUARE

    @property
    def temporal_factor(self) -> int:
        return int(self.temporal_compression_ratio)

    def tiles(self, height: Any, width: Any, latent: Any) -> list[Tile]:
        """As many tiles as fit, all of one size."""
        frames, tall, wide = OVERLAP
        factor, side = self.temporal_factor, self.sample_size
        along = (latent - FRAMES // factor) // ((FRAMES - frames) // factor) + 1
        down = (height - side) // (side - tall) + 1
        across = (width - side) // (side - wide) + 1
        fit = (along > 0) * (down > 0) * (across > 0)
        return [Tile(fit * along * down * across, side, side, FRAMES // factor)]

    def latent_frames(self, frames: int) -> int:
        """An even number is divided; of an odd one the first frame has a latent frame of its own."""
        odd = frames % 2
        return -(-(frames - odd) // self.temporal_factor) + odd

    def frame(self, level: int) -> Expr:
        """Positions of one frame after so many levels, the last of which does not double its sides."""
        return H * W * Rational(4 ** min(level, self.last), self.spatial_factor**2)

    def frames(self, level: int) -> Expr:
        """Frames after so many levels."""
        return 2 ** sum(self.temporal_upsample_blocks[:level]) * n_latent

    def volume(self, level: int) -> Expr:
        return self.frames(level) * self.frame(level)

    def entrance(self, rows: Expr, width: Size) -> list[Operator]:
        channels = self.latent_channels
        return [
            convolution("post_quant_conv", rows, channels, channels, PIXEL),
            convolution("conv_in", rows, channels, width, SQUARE),
            convolution("temp_conv_in", rows, width, width, IN_TIME),
            residual("temp_conv_in.add", rows, width),
        ]

    def middle(self, rows: Expr, width: Size) -> list[Operator]:
        """Residual blocks with convolutions in time, and attention within each frame."""
        return [*repeated("", 2, self.layer(0, width, width)), *pixel_attention(rows, width, self.frames(0))]

    def layer(self, level: int, inputs: Size, outputs: Size) -> list[Operator]:
        """A residual block on every frame, then convolutions in time."""
        rows = self.volume(level)
        block = residual_block(rows, inputs, outputs, SQUARE, add=scaled_residual)
        return [*block, *in_time("temp_convs", rows, outputs)]

    def doubled(self, level: int, width: Size) -> list[Operator]:
        """Frames doubled, where they are, then sides."""
        longer = self.frames(level + 1) * self.frame(level)
        later = doubled_in_time("temp_conv_up", self.volume(level), longer, width)
        wider = convolution("upsamplers.0.conv", self.volume(level + 1), width, width, SQUARE)
        return [*(later if self.temporal_upsample_blocks[level] else []), *([wider] if level < self.last else [])]

    def exit(self, rows: Expr, width: Size) -> list[Operator]:
        *first, last = super().exit(rows, width)
        return [
            *first,
            convolution("temp_conv_out", rows, width, width, IN_TIME),
            residual("temp_conv_out.add", rows, width),
            last,
        ]


def in_time(name: str, rows: Size, width: Size) -> list[Operator]:
    """Norm, activation and a convolution over three frames, four times."""
    layer = [
        norm("norm", rows, width, vectors=2),
        activation("act", rows, width),
        convolution("conv", rows, width, width, IN_TIME),
    ]
    return [*within(name, repeated("", 4, layer)), residual(f"{name}.add", rows, width)]


def doubled_in_time(name: str, rows: Size, longer: Size, width: Size) -> list[Operator]:
    """A convolution to two frames for each, then three over space and time."""
    layer = [
        norm("norm", longer, width, vectors=2),
        activation("act", longer, width),
        convolution("conv", longer, width, width, CUBE),
    ]
    return within(
        name,
        [
            norm("conv1.norm", rows, width, vectors=2),
            activation("conv1.act", rows, width),
            convolution("conv1", rows, width, 2 * width, (1, 3, 3)),
            *repeated("", 3, layer),
            residual("add", longer, width),
        ],
    )
