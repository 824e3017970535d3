"""The VAEs of Qwen-Image, their decoders: that of Wan 2.1, trained further on images, and one of their own for 2.1.

Released as diffusers' ``AutoencoderKLQwenImage`` and ``AutoencoderKLQwenImage21`` (autoencoder_kl_qwenimage.py and
autoencoder_kl_qwenimage21.py in src/diffusers/models/autoencoders; Wu et al., 2025; Qwen Team, 2026). An image is a
single frame to the first: nothing is doubled in time, and convolutions over three frames see two empty ones. The
second has Wan 2.2's blocks with convolutions over height and width alone.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr, Rational

from ...equations.notation import H, W, n_frames
from ..operators import (
    Operator,
    Size,
    activation,
    attention,
    convolution,
    elementwise,
    repeated,
    residual,
    rms_norm,
    unused,
    within,
)
from .blocks import PIXEL, SQUARE, interpolation
from .causal import twice
from .wan import CausalDecoder, WanSizes


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLQwenImage(CausalDecoder):
    """Wan's decoder under other names."""

    input_channels: int = 3

    @property
    def channels_out(self) -> int:
        return self.input_channels

    @property
    def channels_in(self) -> int:
        return self.input_channels


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLQwenImage21(WanSizes):
    """Repeated pixels are added past each block; the convolutions over time that are left run on later frames alone."""

    decoder_base_dim: int | None = 144
    out_channels: int = 4
    is_residual: Literal[True] = True
    patch_size: Literal[None] = None

    passed_over = WanSizes.passed_over | {
        "clip_output", "attn_scales", "in_channels", "scale_factor_temporal", "scale_factor_spatial",
    }  # fmt: skip

    @property
    def base(self) -> Any:
        return self.base_dim if self.decoder_base_dim is None else self.decoder_base_dim

    def pixels(self, level: int) -> Expr:
        """Pixels of all images after so many doublings of the sides."""
        return n_frames * H * W * Rational(4**level, self.spatial_factor**2)

    def operators(self) -> list[Operator]:
        widths, first, last = self.widths, self.pixels(0), self.pixels(len(self.dim_mult) - 1)
        return [
            convolution("post_quant_conv", first, self.z_dim, self.z_dim, PIXEL),
            *padded("conv_in", first, self.z_dim, widths[0]),
            *repeated("mid_block", 1, middle(first, widths[0])),
            *(x for level in range(len(widths)) for x in self.up_block(level)),
            rms_norm("norm_out", last, widths[-1]),
            activation("nonlinearity", last, widths[-1]),
            *padded("conv_out", last, widths[-1], self.out_channels),
            elementwise("clamp", last, self.out_channels),
        ]

    def up_block(self, level: int) -> list[Operator]:
        """Residual blocks, one more than the encoder has; all but the last such block double the sides at the end."""
        width, inputs, rows = self.widths[level], self.widths[max(level - 1, 0)], self.pixels(level)
        others = repeated("", self.num_res_blocks, within("resnets", residual_block(rows, width, width)))
        doubled: list[Operator] = []
        if level < len(self.dim_mult) - 1:
            larger = self.pixels(level + 1)
            in_time = unused([convolution("upsampler.time_conv", rows, width, 2 * width, PIXEL)])
            doubled = [
                *(in_time if self.temperal_downsample[::-1][level] else []),
                interpolation("upsampler.resample.0", larger, width),
                convolution("upsampler.resample.1", larger, width, width, SQUARE),
                elementwise("avg_shortcut", larger, width, reads=4, writes=3),
            ]
        return repeated(
            f"up_blocks.{level}", 1, [*within("resnets", residual_block(rows, inputs, width)), *others, *doubled]
        )


def padded(name: str, rows: Size, inputs: Size, outputs: Size) -> list[Operator]:
    """Over three by three pixels; one copy is kept for a frame that never comes, another is padded."""
    return [
        elementwise(f"{name}.pad", rows, inputs, operations=0, reads=2, writes=2),
        convolution(name, rows, inputs, outputs, SQUARE),
    ]


def residual_block(rows: Size, inputs: Size, outputs: Size) -> list[Operator]:
    """A residual block of convolutions over height and width."""
    shortcut = convolution("conv_shortcut", rows, inputs, outputs, PIXEL)
    return twice(shortcut, inputs, outputs, lambda name, *widths: padded(name, rows, *widths))


def middle(rows: Expr, width: Size) -> list[Operator]:
    """Two residual blocks, between them attention with a single head within each image."""
    share = rows / n_frames
    attends = [
        rms_norm("norm", rows, width),
        convolution("to_qkv", rows, width, 3 * width, PIXEL),
        *repeated("", n_frames, [attention("scores", share, share, 1, width)]),
        convolution("proj", rows, width, width, PIXEL),
        residual("add", rows, width),
    ]
    block = residual_block(rows, width, width)
    return [*within("resnets.0", block), *within("attentions.0", attends), *within("resnets.1", block)]
