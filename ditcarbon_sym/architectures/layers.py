"""Layers that many families share: embeddings, MLPs and patches, under the names of the released code."""

from collections.abc import Sequence
from math import prod
from typing import Any, Literal

from sympy import nsimplify

from ..equations.notation import ell
from .operators import Operator, Size, activation, buffer, convolution, dense, gate, norm, residual, rms_norm, within

FREQUENCIES = 256
"""Sine and cosine features of a timestep, in most families."""
AXES = 3
"""Axes of the positions of a token: time, height and width."""
POOLER_HEADS = 8
"""Heads of an attention that pools the text."""
IMAGE_SIZES = 6
"""Numbers that describe an image, as in SDXL: height and width of the original and of the target, top and left of the
crop.
"""

FeedForwardActivation = Literal["gelu", "gelu-approximate", "geglu", "geglu-approximate", "swiglu", "linear-silu"]
"""What diffusers' FeedForward offers."""


def rounded_down(width: Any) -> Any:
    """A width in whole numbers, cut as the released code cuts it; one with symbols in it stays exact.

    >>> rounded_down(4.3637 * 1408)
    6144
    """
    return int(width) if isinstance(width, int | float) else nsimplify(width, rational=True)


def is_gated(activation: str) -> bool:
    """Whether this activation multiplies two halves, which doubles the first matrix."""
    return activation in ("geglu", "geglu-approximate", "swiglu")


def mlp(
    name: str, inputs: Size, width: Size, outputs: Size | None = None, *, rows: Size = 1, bias: bool = True
) -> list[Operator]:
    """Two linear layers with an activation between them: timestep, pooled-text and caption embeddings."""
    last = width if outputs is None else outputs
    return within(
        name,
        [
            dense("linear_1", rows, inputs, width, bias=bias),
            activation("act", rows, width),
            dense("linear_2", rows, width, last, bias=bias),
        ],
    )


def feed_forward(
    name: str, rows: Size, width: Size, inner: Size, kind: str = "gelu", *, bias: bool = True
) -> list[Operator]:
    """The MLP of a block: width to inner and back; a gated ``kind`` makes two inner halves and multiplies them."""
    gated = is_gated(kind)
    return within(
        name,
        [
            dense("in", rows, width, (1 + gated) * inner, bias=bias),
            gate("act", rows, inner) if gated else activation("act", rows, inner),
            dense("out", rows, inner, width, bias=bias),
        ],
    )


def mlp_of_llama(name: str, rows: Size, width: Size, inner: Size) -> list[Operator]:
    """SwiGLU with three separate matrices, two up and one down, without biases."""
    return within(
        name,
        [
            dense("gate_proj", rows, width, inner, bias=False),
            dense("up_proj", rows, width, inner, bias=False),
            gate("act", rows, inner),
            dense("down_proj", rows, inner, width, bias=False),
        ],
    )


def added(
    before: str, name: str, rows: Size, width: Size, sublayer: list[Operator], *, layer_norm: bool = False
) -> list[Operator]:
    """A sublayer without modulation: normed ``before`` and added to its input.

    The norm is that of the root mean square with a trained scale, or a ``layer_norm`` with scale and shift.
    """
    return [
        norm(before, rows, width, vectors=2) if layer_norm else rms_norm(before, rows, width),
        *sublayer,
        residual(f"{name}.add", rows, width),
    ]


def convolutional_mlp(rows: Size, width: Size, inner: Size) -> list[Operator]:
    """A gated MLP of three convolutions: up to two halves, each channel with its neighbours in space, and down."""
    return [
        convolution("conv_inverted", rows, width, 2 * inner, (1, 1)),
        activation("nonlinearity", rows, 2 * inner),
        convolution("conv_depth", rows, 2 * inner, 2 * inner, (3, 3), groups=2 * inner),
        gate("gate", rows, inner),
        convolution("conv_point", rows, inner, width, (1, 1), bias=False),
    ]


def patches(name: str, channels: Size, width: Size, sides: Sequence[int], *, bias: bool = True) -> Operator:
    """Patches to tokens: a convolution as large as its stride, which reads every latent pixel once."""
    return convolution(name, ell, channels, width, sides, bias=bias, inputs_read=ell * prod(sides))


def placed_patches(channels: Size, width: Size, side: int, places: Size) -> list[Operator]:
    """Patches of a frame to tokens, and positions added that are cut from a computed table of ``places``."""
    return [
        patches("pos_embed.proj", channels, width, (side, side)),
        residual("pos_embed.add", ell, width),
        buffer("pos_embed", places * width),
    ]
