"""What decoders of images and of videos share: residual blocks from the latent's size to the output's.

An image decoder (Rombach et al., 2022) has two residual blocks in the middle, often with attention between them, then
levels of residual blocks that each double the sides of what they pass on. Causal video decoders do the same with
kernels over time, and double frames, too.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from sympy import Expr, Rational

from ...equations.notation import n_latent
from ..attentions import Heads, attend
from ..network import Decoder
from ..operators import (
    ELEMENTWISE,
    Operator,
    Size,
    activation,
    convolution,
    elementwise,
    norm,
    repeated,
    residual,
    within,
)

CUBE, SQUARE, POINT, PIXEL = (3, 3, 3), (3, 3), (1, 1, 1), (1, 1)
"""Kernels over time and space, over space, and over channels alone, of films and of images."""


@dataclass(frozen=True, kw_only=True)
class Levelled(Decoder):
    """A middle, then levels of one residual block more than ``layers_per_block``, narrower from level to level."""

    block_out_channels: tuple[int, ...]
    latent_channels: int
    layers_per_block: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the levels, from the latent's size on."""
        return self.block_out_channels[::-1]

    @property
    def last(self) -> int:
        """The last level, of the output's size."""
        return len(self.widths) - 1


@dataclass(frozen=True, kw_only=True)
class LevelledDecoder(Levelled):
    """One whose levels all but the last double the sides."""

    out_channels: int = 3
    in_channels: int = 3

    passed_over = Decoder.passed_over | {"act_fn", "norm_num_groups"}

    @property
    def spatial_factor(self) -> int:
        return int(2**self.last)

    @abstractmethod
    def volume(self, level: int) -> Expr:
        """Positions of all frames after so many levels."""

    def operators(self) -> list[Operator]:
        widths = self.widths
        blocks = [
            repeated(f"up_blocks.{level}", 1, self.up_block(level, widths[max(level - 1, 0)], width))
            for level, width in enumerate(widths)
        ]
        return [
            *self.entrance(self.volume(0), widths[0]),
            *repeated("mid_block", 1, self.middle(self.volume(0), widths[0])),
            *(x for block in blocks for x in block),
            *self.exit(self.volume(len(widths)), widths[-1]),
        ]

    def entrance(self, rows: Expr, width: Size) -> list[Operator]:
        """From the latent to the width of the middle."""
        channels = self.latent_channels
        return [
            convolution("post_quant_conv", rows, channels, channels, POINT),
            convolution("conv_in", rows, channels, width, CUBE),
        ]

    @abstractmethod
    def middle(self, rows: Expr, width: Size) -> list[Operator]:
        """Residual blocks at the latent's size, and attention if there is one."""

    def up_block(self, level: int, inputs: Size, width: Size) -> list[Operator]:
        """Residual blocks, then what doubles sides and frames."""
        others = repeated("", self.layers_per_block, self.layer(level, width, width))
        return [*self.layer(level, inputs, width), *others, *self.doubled(level, width)]

    @abstractmethod
    def layer(self, level: int, inputs: Size, outputs: Size) -> list[Operator]:
        """One residual block of a level, and what comes with each."""

    @abstractmethod
    def doubled(self, level: int, width: Size) -> list[Operator]:
        """How a level ends: larger, where it does."""

    def exit(self, rows: Expr, width: Size) -> list[Operator]:
        """From the last level to the output."""
        return [
            norm("conv_norm_out", rows, width, vectors=2),
            activation("conv_act", rows, width),
            convolution("conv_out", rows, width, self.out_channels, self.kernel),
        ]

    @property
    @abstractmethod
    def kernel(self) -> tuple[int, ...]:
        """Of the convolutions."""


def group_norm(name: str, rows: Size, width: Size) -> list[Operator]:
    """A norm over groups of channels, with scale and shift."""
    return [norm(name, rows, width, vectors=2)]


def residual_block(
    rows: Size, inputs: Size, outputs: Size, kernel: tuple[int, ...], *,
    normed: Callable[[str, Size, Size], list[Operator]] = group_norm, add: Callable[..., Operator] = residual,
) -> list[Operator]:  # fmt: skip
    """Norm, activation and convolution, twice; a matrix on the way past them where the width changes."""
    point = (1,) * len(kernel)
    shortcut = [convolution("conv_shortcut", rows, inputs, outputs, point)] if inputs != outputs else []
    return within(
        "resnets",
        [
            *normed("norm1", rows, inputs),
            activation("nonlinearity1", rows, inputs),
            convolution("conv1", rows, inputs, outputs, kernel),
            *normed("norm2", rows, outputs),
            activation("nonlinearity2", rows, outputs),
            convolution("conv2", rows, outputs, outputs, kernel),
            *shortcut,
            add("add", rows, outputs),
        ],
    )


def pixel_attention(
    rows: Size, width: Size, sequences: Size = 1, *, add: Callable[..., Operator] = residual
) -> list[Operator]:
    """Positions attend to each other with a single head, those of each of ``sequences`` frames apart."""
    return within(
        "attentions.0",
        [
            *group_norm("group_norm", rows, width),
            *attend("attn", rows, width, Heads(1, width), sequences=sequences),
            add("add", rows, width),
        ],
    )


def scaled_residual(name: str, rows: Size, width: Size) -> Operator:
    """The sum of two, divided by a scale that is one in all releases: a pass of its own."""
    return elementwise(name, rows, width, operations=2, reads=3, writes=2)


def interpolation(name: str, rows: Size, width: Size) -> Operator:
    """Each pixel written four times, to ``rows`` in all."""
    return Operator(name, ELEMENTWISE, rows, moved=Rational(5, 4) * rows * width)


def frames_after(doublings: int) -> Expr:
    """Frames after so many doublings of which the first frame has no part: 2^k (n_latent - 1) + 1."""
    return 2**doublings * (n_latent - 1) + 1
