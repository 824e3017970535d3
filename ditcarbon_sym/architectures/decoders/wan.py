"""The causal video VAE of Wan 2.1 and 2.2, its decoder (Wan Team, 2025).

Released as diffusers' ``AutoencoderKLWan`` (src/diffusers/models/autoencoders/autoencoder_kl_wan.py). It decodes one
latent frame at a time and keeps the last two frames before each convolution for the next pass, in place of padding.
The first latent frame becomes one frame and skips the doublings in time; every other one becomes ``temporal_factor``
of them. Pixels attend to each other within a latent frame, which is quadratic in them.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Rational

from ...equations.notation import H, W, n_frames, n_latent
from ..network import Decoder
from ..operators import Operator, Size, activation, convolution, elementwise, repeated, rms_norm, within
from .blocks import POINT, SQUARE, interpolation
from .causal import KEPT, LATER, Grid, at_each, causal_convolution, half, middle, residual_block
from .causal_encoder import CausalEncoder


@dataclass(frozen=True, kw_only=True)
class WanSizes(Decoder):
    """The sizes of Wan's VAE, by which others are given, too: levels of ``dim_mult`` times as many channels."""

    base_dim: int
    z_dim: int
    dim_mult: tuple[int, ...]
    num_res_blocks: int
    temperal_downsample: tuple[bool, ...]

    passed_over = Decoder.passed_over | {"dropout"}

    @property
    def base(self) -> Any:
        """Channels that ``dim_mult`` multiplies."""
        return self.base_dim

    @property
    def widths(self) -> list[int]:
        """Channels of the levels, from the latent's size on."""
        return [self.base * factor for factor in self.dim_mult[::-1]]

    @property
    def packing(self) -> int:
        """Output pixels to a side of what comes out."""
        return 1

    @property
    def spatial_factor(self) -> int:
        return int(2 ** (len(self.dim_mult) - 1) * self.packing)


@dataclass(frozen=True, kw_only=True)
class CausalDecoder(WanSizes):
    """What Wan's decoder and those made from it have in common."""

    attn_scales: tuple[float, ...] = ()

    @property
    @abstractmethod
    def channels_out(self) -> int:
        """Channels that come out, those of an unpacked patch included."""

    @property
    def past_blocks(self) -> bool:
        """Whether repeated pixels are added past each block, and doublings leave the width as it is."""
        return False

    @property
    def doublings(self) -> tuple[bool, ...]:
        """For each doubling of the sides, whether it doubles the frames, too."""
        return self.temperal_downsample[::-1][: len(self.dim_mult) - 1]

    @property
    def temporal_factor(self) -> int:
        return int(2 ** sum(self.doublings))

    def grid(self, level: int) -> Grid:
        """Positions after so many doublings of the sides."""
        return Grid(H * W * Rational(4**level, self.spatial_factor**2), 2 ** sum(self.doublings[:level]))

    def operators(self) -> list[Operator]:
        widths, channels = self.widths, self.z_dim
        first, last = self.grid(0), self.grid(len(widths) - 1)
        return [
            convolution("post_quant_conv", first.rows, channels, channels, POINT),
            *at_each(n_latent, causal_convolution("conv_in", first, channels, widths[0])),
            *repeated("mid_block", 1, at_each(n_latent, middle(first, widths[0]))),
            *(x for level in range(len(widths)) for x in self.up_block(level)),
            *at_each(n_latent, [rms_norm("norm_out", last.rows, widths[-1])]),
            activation("nonlinearity", last.rows, widths[-1]),
            *at_each(n_latent, causal_convolution("conv_out", last, widths[-1], self.channels_out)),
            *self.collected(last),
        ]

    @property
    @abstractmethod
    def channels_in(self) -> int:
        """Channels that go into the encoder, those of a packed patch included."""

    def encoder_operators(self) -> list[Operator] | None:
        """The encoding half; not known where it has attention among its levels, which no release has."""
        if self.attn_scales:
            return None
        return CausalEncoder(
            channels=self.channels_in,
            widths=tuple(self.base_dim * factor for factor in self.dim_mult),
            first_width=self.base_dim,
            latent_channels=self.z_dim,
            num_res_blocks=self.num_res_blocks,
            halvings=self.temperal_downsample[: len(self.dim_mult) - 1],
            packing=self.packing,
            past_blocks=self.past_blocks,
        ).operators()

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

    def up_block(self, level: int) -> list[Operator]:
        """Residual blocks, one more than the encoder has; all but the last such block double the sides at the end."""
        widths, grid = self.widths, self.grid(level)
        width, inputs = widths[level], widths[max(level - 1, 0)]
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


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLWan(CausalDecoder):
    """Version 2.1 halves the width at each doubling; 2.2 adds repeated pixels past each block, and unpacks patches."""

    decoder_base_dim: int | None = None
    out_channels: int = 3
    is_residual: bool = False
    patch_size: int | None = None
    in_channels: int = 3

    passed_over = CausalDecoder.passed_over | {"clip_output", "scale_factor_temporal", "scale_factor_spatial"}
    slowdown: ClassVar[int] = 2
    """The documentation of the pipelines loads it in FP32 (vonplaten2022diffusers: docs, Wan)."""

    @property
    def base(self) -> Any:
        return self.base_dim if self.decoder_base_dim is None else self.decoder_base_dim

    @property
    def channels_out(self) -> int:
        return self.out_channels

    @property
    def channels_in(self) -> int:
        return self.in_channels

    @property
    def packing(self) -> int:
        return self.patch_size or 1

    @property
    def past_blocks(self) -> bool:
        return self.is_residual
