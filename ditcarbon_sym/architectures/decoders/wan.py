"""The causal video VAE of Wan 2.1 and 2.2, its decoder (Wan Team, 2025).

Released as diffusers' ``AutoencoderKLWan`` (src/diffusers/models/autoencoders/autoencoder_kl_wan.py). It decodes one
latent frame at a time and keeps the last two frames before each convolution for the next pass, in place of padding.
The first latent frame becomes one frame and skips the doublings in time; every other one becomes ``temporal_factor``
of them. Pixels attend to each other within a latent frame, which is quadratic in them.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sympy import Expr, Rational

from ...equations.notation import H, W, n_frames, n_latent
from ..network import Decoder
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
    within,
)
from .blocks import POINT, SQUARE, interpolation

KEPT = 2
"""Frames that a convolution over three of them sees before its own: kept from the pass before, or empty."""
LATER = n_latent - 1
"""Passes after the first."""


@dataclass(frozen=True)
class Grid:
    """Where a stage works: pixels of a frame, and the frames that each pass after the first makes of a latent frame."""

    pixels: Expr
    chunk: int

    @property
    def rows(self) -> Expr:
        """Pixels of all frames; the first pass has one frame at every stage."""
        return self.pixels * (1 + self.chunk * LATER)

    @property
    def rows_read(self) -> Expr:
        """The same with the frames before each pass."""
        return self.rows + self.pixels * KEPT * n_latent


@dataclass(frozen=True, kw_only=True)
class CausalDecoder(Decoder):
    """What Wan's decoder and those made from it have in common."""

    base_dim: int
    z_dim: int
    dim_mult: tuple[int, ...]
    num_res_blocks: int
    temperal_downsample: tuple[bool, ...]
    # These do not change the count.
    attn_scales: tuple[float, ...] = ()
    dropout: float = 0.0
    latents_mean: tuple[float, ...] = ()
    latents_std: tuple[float, ...] = ()

    @property
    def base(self) -> Any:
        """Channels that ``dim_mult`` multiplies."""
        return self.base_dim

    @property
    @abstractmethod
    def channels_out(self) -> int:
        """Channels that come out, those of an unpacked patch included."""

    @property
    def packing(self) -> int:
        """Output pixels to a side of what comes out."""
        return 1

    @property
    def past_blocks(self) -> bool:
        """Whether repeated pixels are added past each block, and doublings leave the width as it is."""
        return False

    @property
    def doublings(self) -> tuple[bool, ...]:
        """For each doubling of the sides, whether it doubles the frames, too."""
        return self.temperal_downsample[::-1][: len(self.dim_mult) - 1]

    @property
    def spatial_factor(self) -> int:
        return int(2 ** (len(self.dim_mult) - 1) * self.packing)

    @property
    def temporal_factor(self) -> int:
        return int(2 ** sum(self.doublings))

    def grid(self, level: int) -> Grid:
        """Positions after so many doublings of the sides."""
        return Grid(H * W * Rational(4**level, self.spatial_factor**2), 2 ** sum(self.doublings[:level]))

    def operators(self) -> list[Operator]:
        widths = [self.base * factor for factor in self.dim_mult[::-1]]
        first, last, channels = self.grid(0), self.grid(len(widths) - 1), self.z_dim
        return [
            convolution("post_quant_conv", first.rows, channels, channels, POINT),
            *at_each(n_latent, causal_convolution("conv_in", first, channels, widths[0])),
            *repeated("mid_block", 1, at_each(n_latent, middle(first, widths[0]))),
            *(x for level in range(len(widths)) for x in self.up_block(level, widths)),
            *at_each(n_latent, [rms_norm("norm_out", last.rows, widths[-1])]),
            activation("nonlinearity", last.rows, widths[-1]),
            *at_each(n_latent, causal_convolution("conv_out", last, widths[-1], self.channels_out)),
            *self.collected(last),
        ]

    def collected(self, grid: Grid) -> list[Operator]:
        """Each pass's frames joined to all that came before, unpacked, clamped."""
        copied = grid.pixels * LATER * (1 + grid.chunk * n_latent * Rational(1, 2))
        colours = self.channels_out * Rational(1, self.packing**2)
        unpacked = [elementwise("unpatchify", n_frames * H * W, colours, operations=0)] if self.packing > 1 else []
        return [
            elementwise("concatenate", copied, self.channels_out, operations=0),
            *unpacked,
            elementwise("clamp", n_frames * H * W, colours),
        ]

    def up_block(self, level: int, widths: list[Any]) -> list[Operator]:
        """Residual blocks, one more than the encoder has; all but the last such block double the sides at the end."""
        grid, width = self.grid(level), widths[level]
        inputs = widths[max(level - 1, 0)]
        if level > 0 and not self.past_blocks:
            inputs = half(inputs)
        doubled = []
        if level < len(widths) - 1:
            outputs = width if self.past_blocks else half(width)
            doubled = within("upsampler", self.doubled(grid, self.grid(level + 1), width, outputs))
            if self.past_blocks:
                doubled.append(elementwise("avg_shortcut", self.grid(level + 1).rows, width, reads=4, writes=3))
        first, other = residual_block(grid, inputs, width), residual_block(grid, width, width)
        resnets = [*within("resnets", first), *repeated("", self.num_res_blocks, within("resnets", other))]
        return repeated(f"up_blocks.{level}", 1, [*at_each(n_latent, resnets), *doubled])

    def doubled(self, grid: Grid, target: Grid, width: Size, outputs: Size) -> list[Operator]:
        """Twice the height and width, before that the frames where they double: a convolution in time makes the
        channels of two frames, in all passes but the first.
        """
        in_time = []
        if target.chunk > grid.chunk:
            rows = grid.pixels * grid.chunk * LATER
            read = rows + grid.pixels * KEPT * LATER
            in_time = [
                elementwise("time_conv.pad", read, width, operations=0, reads=2, writes=2),
                convolution("time_conv", rows, width, 2 * width, (3, 1, 1), inputs_read=read),
                elementwise("time_conv.stack", rows, 2 * width, operations=0),
            ]
        return [
            *at_each(LATER, in_time),
            interpolation("resample.0", target.rows, width),
            *at_each(n_latent, [convolution("resample.1", target.rows, width, outputs, SQUARE)]),
        ]


def at_each(passes: Size, operators: list[Operator]) -> list[Operator]:
    """The same operators with their weights read again in so many passes."""
    return [replace(x, weights=x.weights * passes) for x in operators]


def half(width: Any) -> Any:
    """Half a width, in whole channels."""
    return width // 2 if isinstance(width, int) else width * Rational(1, 2)


def causal_convolution(name: str, grid: Grid, inputs: Size, outputs: Size) -> list[Operator]:
    """Over three frames and three by three pixels; two copies join the frames before and pad the rest."""
    return [
        elementwise(f"{name}.pad", grid.rows_read, inputs, operations=0, reads=2, writes=2),
        convolution(name, grid.rows, inputs, outputs, (3, 3, 3), inputs_read=grid.rows_read),
    ]


def residual_block(grid: Grid, inputs: Size, outputs: Size) -> list[Operator]:
    """Norm, activation and convolution, twice; a matrix on the way past them where the width changes."""
    rows = grid.rows
    return [
        *([convolution("conv_shortcut", rows, inputs, outputs, POINT)] if inputs != outputs else []),
        rms_norm("norm1", rows, inputs),
        activation("nonlinearity1", rows, inputs),
        *causal_convolution("conv1", grid, inputs, outputs),
        rms_norm("norm2", rows, outputs),
        activation("nonlinearity2", rows, outputs),
        *causal_convolution("conv2", grid, outputs, outputs),
        residual("add", rows, outputs),
    ]


def middle(grid: Grid, width: Size) -> list[Operator]:
    """Two residual blocks, between them attention with a single head within each latent frame."""
    rows = grid.rows
    attends = [
        rms_norm("norm", rows, width),
        convolution("to_qkv", rows, width, 3 * width, (1, 1)),
        elementwise("to_qkv.contiguous", rows, 3 * width, operations=0),
        replace(attention("scores", grid.pixels, grid.pixels, 1, width), times=n_latent),
        convolution("proj", rows, width, width, (1, 1)),
        residual("add", rows, width),
    ]
    return [
        *within("resnets.0", residual_block(grid, width, width)),
        *within("attentions.0", attends),
        *within("resnets.1", residual_block(grid, width, width)),
    ]


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLWan(CausalDecoder):
    """Version 2.1 halves the width at each doubling; 2.2 adds repeated pixels past each block, and unpacks patches."""

    decoder_base_dim: int | None = None
    out_channels: int = 3
    is_residual: bool = False
    patch_size: int | None = None
    # These do not change the count.
    in_channels: int = 3
    scale_factor_temporal: int | None = 4
    scale_factor_spatial: int | None = 8

    passed_over: ClassVar[frozenset[str]] = frozenset({"clip_output"})

    @property
    def base(self) -> Any:
        return self.base_dim if self.decoder_base_dim is None else self.decoder_base_dim

    @property
    def channels_out(self) -> int:
        return self.out_channels

    @property
    def packing(self) -> int:
        return self.patch_size or 1

    @property
    def past_blocks(self) -> bool:
        return self.is_residual
