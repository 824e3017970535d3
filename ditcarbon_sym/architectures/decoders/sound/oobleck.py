"""The decoder of Stable Audio Open and of ACE-Step: transposed convolutions over time (Evans et al., 2024).

Released as diffusers' ``AutoencoderOobleck`` (src/diffusers/models/autoencoders/autoencoder_oobleck.py). The pipelines
decode all steps at once; tiles are an option of the class.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

from sympy import Expr

from ...operators import Operator, Size, activation, repeated, residual, within
from .blocks import SoundDecoder, lengthened, over_time, snake, steps_after

KERNEL = 7
UNITS = 3
"""Residual units of a level; they differ in dilation alone, which changes no count."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderOobleck(SoundDecoder):
    """Levels that lengthen the sound by a stride each, then three residual units; all weights are normed."""

    downsampling_ratios: tuple[int, ...] = (2, 4, 4, 8, 8)
    channel_multiples: tuple[int, ...] = (1, 2, 4, 8, 16)
    decoder_channels: int = 128
    decoder_input_channels: int = 64
    audio_channels: int = 2

    passed_over = SoundDecoder.passed_over | {"encoder_hidden_size"}

    @property
    def strides(self) -> tuple[int, ...]:
        """By how much each level lengthens the sound, from the latent on."""
        return self.downsampling_ratios[::-1]

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels before the first level and after each."""
        multiples = (1, *self.channel_multiples)
        return tuple(self.decoder_channels * multiples[level] for level in range(len(self.strides), -1, -1))

    def samples(self, steps: Any) -> Any:
        return steps_after(self.strides, steps)

    def steps(self, level: int) -> Expr:
        """Steps after so many levels."""
        found: Expr = steps_after(self.strides[:level])
        return found

    def operators(self) -> list[Operator]:
        widths, last = self.widths, len(self.strides)
        end, width = self.steps(last), self.decoder_channels
        return [
            *over_time("conv1", self.steps(0), self.decoder_input_channels, widths[0], KERNEL, normed=True),
            *(x for level in range(last) for x in self.level(level)),
            *snake("snake1", end, width),
            *over_time("conv2", end, width, self.audio_channels, KERNEL, normed=True, bias=False),
        ]

    def level(self, level: int) -> list[Operator]:
        """A snake, a transposed convolution, residual units."""
        rows = (self.steps(level), self.steps(level + 1))
        return repeated(f"block.{level}", 1, longer(rows, self.widths[level : level + 2], self.strides[level]))

    @property
    def hop_length(self) -> int:
        """Samples to a latent step, where all ratios are even."""
        return prod(self.downsampling_ratios)


def longer(
    rows: tuple[Any, Any], widths: tuple[int, ...], stride: int, *, vectors: int = 2, snakes: bool = True
) -> list[Operator]:
    """An activation, a transposed convolution from ``rows`` and ``widths`` before to those after, residual units."""
    (before, after), (inputs, width) = rows, widths
    unit = residual_unit(after, width, vectors=vectors, snakes=snakes)
    return [
        *activated("snake1", before, inputs, vectors, snakes),
        *lengthened("conv_t1", before, after, inputs, width, 2 * stride, normed=True),
        *repeated("", UNITS, unit),
    ]


def activated(name: str, rows: Size, width: Size, vectors: int, snakes: bool) -> list[Operator]:
    """A snake with so many numbers for each channel, or an activation without any."""
    return snake(name, rows, width, vectors=vectors) if snakes else [activation(name, rows, width)]


def residual_unit(rows: Size, width: Size, *, vectors: int = 2, snakes: bool = True) -> list[Operator]:
    """A convolution over time and one over channels alone, an activation before each."""
    return within(
        "res_unit",
        [
            *activated("snake1", rows, width, vectors, snakes),
            *over_time("conv1", rows, width, width, KERNEL, normed=True),
            *activated("snake2", rows, width, vectors, snakes),
            *over_time("conv2", rows, width, width, 1, normed=True),
            residual("add", rows, width),
        ],
    )
