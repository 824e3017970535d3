"""From a spectrogram to samples: transposed convolutions, residual blocks side by side (HiFi-GAN, Kong et al., 2020).

Each level lengthens the sound and halves its channels. Then blocks of several kernels work on it side by side, and
their mean goes on. BigVGAN's activations are snakes at twice the rate, with a filter on the way up and on the way down
(Lee et al., 2023).
"""

from dataclasses import dataclass, replace
from typing import Any

from ...operators import Operator, Size, activation, elementwise, repeated, residual, within
from .blocks import lengthened, over_time, snake

ENDS = 7
"""Kernel of the first and of the last convolution."""
FILTER = 12
"""Kernel of the filters around each activation of a released BigVGAN, where its configuration does not say."""


@dataclass(frozen=True)
class Waveform:
    """The sizes of such a network. ``filtered`` is the kernel of the filters around each activation, 0 where there are
    none; ``filtered_end`` that of those around the last, which snakes always have. ``normed`` says whether weights are.
    """

    channels: int
    width: int
    outputs: int
    kernels: tuple[int, ...]
    strides: tuple[int, ...]
    block_kernels: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    snakes: bool
    filtered: int
    filtered_end: int
    bias: bool = True
    normed: bool = False

    def samples(self, rows: Any, levels: int | None = None) -> Any:
        """Steps after so many levels, by default all."""
        for kernel, stride in list(zip(self.kernels, self.strides, strict=True))[:levels]:
            rows = stride * rows + (kernel - stride) % 2
        return rows

    def operators(self, rows: Any) -> list[Operator]:
        """Everything from ``rows`` frames of a spectrogram on."""
        last = len(self.strides)
        end, width = self.samples(rows), self.width // 2**last
        return [
            *over_time("conv_in", rows, self.channels, self.width, ENDS, normed=self.normed),
            *(x for level in range(last) for x in self.level(rows, level)),
            *self.activated("act_out", end, width, self.filtered_end if self.snakes else 0),
            *over_time("conv_out", end, width, self.outputs, ENDS, bias=self.bias, normed=self.normed),
            activation("final_act", end, self.outputs),
        ]

    def level(self, rows: Any, level: int) -> list[Operator]:
        """Longer by a stride, half as wide; the blocks of this level, and their mean."""
        before, after, inputs = self.samples(rows, level), self.samples(rows, level + 1), self.width // 2**level
        width = inputs // 2
        relu = [] if self.snakes else [activation("act", before, inputs)]
        blocks = [
            x for kernel, dilations in zip(self.block_kernels, self.dilations, strict=True)
            for x in repeated("resnets", len(dilations), self.layer(after, width, kernel))
        ]  # fmt: skip
        mean = elementwise("mean", after, width, operations=len(self.block_kernels), reads=2 * len(self.block_kernels))
        grown = lengthened("upsamplers", before, after, inputs, width, self.kernels[level], normed=self.normed)
        return repeated(f"upsamplers.{level}", 1, [*relu, *grown, *blocks, mean])

    def layer(self, rows: Size, width: Size, kernel: int) -> list[Operator]:
        """Activation and convolution, twice; they differ in dilation, which changes no count."""
        return [
            *self.activated("acts1", rows, width, self.filtered),
            *over_time("convs1", rows, width, width, kernel, normed=self.normed),
            *self.activated("acts2", rows, width, self.filtered),
            *over_time("convs2", rows, width, width, kernel, normed=self.normed),
            residual("add", rows, width),
        ]

    def activated(self, name: str, rows: Any, width: Size, kernel: int) -> list[Operator]:
        """The activation; with a filter, at twice the rate."""
        if not kernel:
            return snake(name, rows, width) if self.snakes else [activation(name, rows, width)]
        inner = snake(name, 2 * rows, width) if self.snakes else [activation(name, 2 * rows, width)]
        padded = rows + 2 * (kernel // 2 - 1)
        up = lengthened("upsample", padded, 2 * rows, width, width, kernel, groups=width, bias=False)
        down = over_time("downsample", rows, width, width, kernel, groups=width, bias=False, rows_read=2 * rows)
        filters = [replace(x, parameters=0, weights=0) for x in (*up, *down)]
        return [*within(name, filters[:1]), *inner, *within(name, filters[1:])]
