"""The video VAE of Allegro, its decoder: an image decoder with convolutions in time (Zhou et al., 2024).

Released as diffusers' ``AutoencoderKLAllegro`` (src/diffusers/models/autoencoders/autoencoder_kl_allegro.py). It
decodes in tiles alone: 24 frames of 320 x 320 pixels that overlap by 8 frames, 120 rows and 80 columns, and what
overlaps is computed again. Incomplete tiles at the edges are left out, as there. The first convolution, of one latent
to another, runs once over all there; here it is counted with the tiles, which changes less than a millionth.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from sympy import Expr, Rational

from ...equations.notation import H, W, n_latent
from ..layers import queries_keys_values
from ..network import Decoder, Tile
from ..operators import Operator, Size, activation, attention, convolution, dense, norm, repeated, residual, within
from .kl import residual_block

FRAMES, OVERLAP = 24, (8, 120, 80)
"""Output frames in a tile; frames, rows and columns that two tiles share."""
IN_TIME = (3, 1, 1)


@dataclass(frozen=True)
class AutoencoderKLAllegro(Decoder):
    """Every residual block on a frame is followed by four convolutions in time."""

    block_out_channels: tuple[int, ...]
    latent_channels: int
    layers_per_block: int
    temporal_upsample_blocks: tuple[bool, ...]
    sample_size: int = 320
    out_channels: int = 3
    temporal_compression_ratio: float = 4
    # These do not change the count.
    in_channels: int = 3
    down_block_types: tuple[str, ...] = ("AllegroDownBlock3D",) * 4
    up_block_types: tuple[Literal["AllegroUpBlock3D"], ...] = ("AllegroUpBlock3D",) * 4
    temporal_downsample_blocks: tuple[bool, ...] = (True, True, False, False)
    act_fn: str = "silu"
    norm_num_groups: int = 32
    scaling_factor: float = 0.13
    force_upcast: bool = True

    @property
    def spatial_factor(self) -> int:
        return int(2 ** (len(self.block_out_channels) - 1))

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
        """Positions of one frame after so many doublings of its sides."""
        return H * W * Rational(4**level, self.spatial_factor**2)

    def frames(self, level: int) -> Expr:
        """Frames in block ``level``, before its own doubling."""
        return 2 ** sum(self.temporal_upsample_blocks[:level]) * n_latent

    def operators(self) -> list[Operator]:
        widths, channels = self.block_out_channels[::-1], self.latent_channels
        last = len(widths) - 1
        start, end = self.frames(0) * self.frame(0), self.frames(last + 1) * self.frame(last)
        return [
            convolution("post_quant_conv", start, channels, channels, (1, 1)),
            convolution("conv_in", start, channels, widths[0], (3, 3)),
            convolution("temp_conv_in", start, widths[0], widths[0], IN_TIME),
            residual("temp_conv_in.add", start, widths[0]),
            *repeated("mid_block", 1, self.middle(widths[0])),
            *(x for level in range(len(widths)) for x in self.up_block(level, widths[max(level - 1, 0)])),
            norm("conv_norm_out", end, widths[-1], vectors=2),
            activation("conv_act", end, widths[-1]),
            convolution("temp_conv_out", end, widths[-1], widths[-1], IN_TIME),
            residual("temp_conv_out.add", end, widths[-1]),
            convolution("conv_out", end, widths[-1], self.out_channels, (3, 3)),
        ]

    def middle(self, width: Size) -> list[Operator]:
        """Residual blocks with convolutions in time, and attention within each frame."""
        rows, pixels = self.frames(0) * self.frame(0), self.frame(0)
        attends = [
            norm("group_norm", rows, width, vectors=2),
            *queries_keys_values(rows, width, 1, width),
            replace(attention("scores", pixels, pixels, 1, width), times=self.frames(0)),
            dense("to_out", rows, width, width),
            residual("add", rows, width),
        ]
        layer = [*within("resnets", residual_block(rows, width, width)), *in_time("temp_convs", rows, width)]
        return [*repeated("", 2, layer), *within("attentions.0", attends)]

    def up_block(self, level: int, inputs: Size) -> list[Operator]:
        """Residual blocks with convolutions in time; then frames doubled, then sides."""
        widths = self.block_out_channels[::-1]
        width, last = widths[level], len(widths) - 1
        rows = self.frames(level) * self.frame(level)
        longer = self.frames(level + 1) * self.frame(level)
        wider = self.frames(level + 1) * self.frame(level + 1)
        timed = in_time("temp_convs", rows, width)
        doubled = doubled_in_time("temp_conv_up", rows, longer, width) if self.temporal_upsample_blocks[level] else []
        return repeated(
            f"up_blocks.{level}",
            1,
            [
                *within("resnets", residual_block(rows, inputs, width)),
                *timed,
                *repeated("", self.layers_per_block, [*within("resnets", residual_block(rows, width, width)), *timed]),
                *doubled,
                *([convolution("upsamplers.0.conv", wider, width, width, (3, 3))] if level < last else []),
            ],
        )


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
        convolution("conv", longer, width, width, (3, 3, 3)),
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
