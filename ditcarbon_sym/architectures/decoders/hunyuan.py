"""The causal video VAE of HunyuanVideo, its decoder: attention over all frames in the middle (Kong et al., 2024).

Released as diffusers' ``AutoencoderKLHunyuanVideo`` (autoencoder_kl_hunyuan_video.py in
src/diffusers/models/autoencoders). More than four latent frames are decoded in tiles of five that start every three
frames, and blended: part of the work is done twice, and it is counted as it is done.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr, Rational

from ...equations.notation import H, W
from ..layers import queries_keys_values
from ..network import Decoder, Tile
from ..operators import Operator, Size, activation, attention, convolution, dense, norm, repeated, residual, within
from .cogvideox import CUBE, POINT, frames_after

TILE, STRIDE = 5, 3
"""Latent frames in a tile and from one to the next: 16 and 12 output frames, and one more that is dropped."""


@dataclass(frozen=True)
class AutoencoderKLHunyuanVideo(Decoder):
    """Sides are doubled in the first three blocks, time in the last two but one."""

    block_out_channels: tuple[int, ...]
    latent_channels: int
    layers_per_block: int
    out_channels: int = 3
    spatial_compression_ratio: Literal[8] = 8
    temporal_compression_ratio: Literal[4] = 4
    mid_block_add_attention: bool = True
    # These do not change the count.
    in_channels: int = 3
    down_block_types: tuple[str, ...] = ("HunyuanVideoDownBlock3D",) * 4
    up_block_types: tuple[Literal["HunyuanVideoUpBlock3D"], ...] = ("HunyuanVideoUpBlock3D",) * 4
    act_fn: str = "silu"
    norm_num_groups: int = 32
    scaling_factor: float = 0.476986

    @property
    def doublings(self) -> tuple[tuple[bool, bool], ...]:
        """Whether each block ends by doubling time, and sides."""
        last = len(self.block_out_channels) - 1
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

    def operators(self) -> list[Operator]:
        widths, channels = self.block_out_channels[::-1], self.latent_channels
        start, end = self.volume(0), self.volume(len(widths))
        return [
            convolution("post_quant_conv", start, channels, channels, POINT),
            convolution("conv_in", start, channels, widths[0], CUBE),
            *repeated("mid_block", 1, self.middle(start, widths[0])),
            *(x for level in range(len(widths)) for x in self.up_block(level, widths[max(level - 1, 0)])),
            norm("conv_norm_out", end, widths[-1], vectors=2),
            activation("conv_act", end, widths[-1]),
            convolution("conv_out", end, widths[-1], self.out_channels, CUBE),
        ]

    def middle(self, rows: Size, width: Size) -> list[Operator]:
        """Two residual blocks and between them attention of every position of every frame to all before it."""
        attends = [
            norm("group_norm", rows, width, vectors=2),
            *queries_keys_values(rows, width, 1, width),
            attention("scores", rows, rows, 1, width),
            dense("to_out", rows, width, width),
            residual("add", rows, width),
        ]
        return [
            *repeated("", 2, residual_block(rows, width, width)),
            *(within("attentions.0", attends) if self.mid_block_add_attention else []),
        ]

    def up_block(self, level: int, inputs: Size) -> list[Operator]:
        """Residual blocks, then a convolution on what has been doubled."""
        widths = self.block_out_channels[::-1]
        width, rows = widths[level], self.volume(level)
        block = [
            *residual_block(rows, inputs, width),
            *repeated("", self.layers_per_block, residual_block(rows, width, width)),
        ]
        if any(self.doublings[level]):
            block.append(convolution("upsamplers.0.conv", self.volume(level + 1), width, width, CUBE))
        return repeated(f"up_blocks.{level}", 1, block)


def residual_block(rows: Size, inputs: Size, outputs: Size) -> list[Operator]:
    """Norm, activation and convolution over space and time, twice."""
    shortcut = [convolution("conv_shortcut", rows, inputs, outputs, POINT)] if inputs != outputs else []
    return within(
        "resnets",
        [
            norm("norm1", rows, inputs, vectors=2),
            activation("nonlinearity1", rows, inputs),
            convolution("conv1", rows, inputs, outputs, CUBE),
            norm("norm2", rows, outputs, vectors=2),
            activation("nonlinearity2", rows, outputs),
            convolution("conv2", rows, outputs, outputs, CUBE),
            *shortcut,
            residual("add", rows, outputs),
        ],
    )
