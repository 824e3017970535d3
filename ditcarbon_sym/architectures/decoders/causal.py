"""Pieces of Wan's VAE, which works through a video in passes and keeps two frames for the next (Wan Team, 2025).

The frames before stand in place of padding. Pixels attend to each other within a latent frame, which is quadratic in
them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sympy import Expr, Rational

from ...equations.notation import n_latent
from ..operators import Operator, Size, activation, attention, convolution, elementwise, residual, rms_norm, within
from .blocks import CUBE, PIXEL, POINT

KEPT = 2
"""Frames that a convolution over three of them sees before its own: kept from the pass before, or empty."""
LATER = n_latent - 1
"""Passes after the first."""


@dataclass(frozen=True)
class Grid:
    """Where a stage works: pixels of a frame, and the frames that it has there in each pass after the first."""

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
        convolution(name, grid.rows, inputs, outputs, CUBE, inputs_read=grid.rows_read),
    ]


def residual_block(grid: Grid, inputs: Size, outputs: Size) -> list[Operator]:
    """A residual block of causal convolutions."""
    shortcut = convolution("conv_shortcut", grid.rows, inputs, outputs, POINT)
    return twice(shortcut, inputs, outputs, lambda name, *widths: causal_convolution(name, grid, *widths))


def twice(
    shortcut: Operator, inputs: Size, outputs: Size, convolved: Callable[[str, Size, Size], list[Operator]]
) -> list[Operator]:
    """Norm, activation and convolution, twice; the ``shortcut`` on the way past them where the width changes."""
    rows = shortcut.rows
    return [
        *([shortcut] if inputs != outputs else []),
        rms_norm("norm1", rows, inputs),
        activation("nonlinearity1", rows, inputs),
        *convolved("conv1", inputs, outputs),
        rms_norm("norm2", rows, outputs),
        activation("nonlinearity2", rows, outputs),
        *convolved("conv2", outputs, outputs),
        residual("add", rows, outputs),
    ]


def middle(grid: Grid, width: Size) -> list[Operator]:
    """Two residual blocks, between them attention with a single head within each latent frame."""
    rows = grid.rows
    attends = [
        rms_norm("norm", rows, width),
        convolution("to_qkv", rows, width, 3 * width, PIXEL),
        elementwise("to_qkv.contiguous", rows, 3 * width, operations=0),
        replace(attention("scores", grid.pixels, grid.pixels, 1, width), times=n_latent),
        convolution("proj", rows, width, width, PIXEL),
        residual("add", rows, width),
    ]
    return [
        *within("resnets.0", residual_block(grid, width, width)),
        *within("attentions.0", attends),
        *within("resnets.1", residual_block(grid, width, width)),
    ]
