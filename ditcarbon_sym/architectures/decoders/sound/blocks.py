"""What decoders of sound share: convolutions over time, those that lengthen it, and snakes between them.

A weight that is normed is stored as directions and lengths and is put together in every pass (``weight_norm``).
"""

from abc import abstractmethod
from typing import Any, ClassVar

from sympy import Integer

from ....equations.notation import n_latent
from ...network import Decoder
from ...operators import Operator, Size, convolution, elementwise, table

SNAKE = 5
"""Elementwise operations of a snake: x + sin(a x)^2 / b."""
SNAKE_PASSES = 4
"""Passes over the rows of a snake: a x, the sine, its square over b, the sum."""


class SoundDecoder(Decoder):
    """A decoder of sound alone: the frames of a request are its latent steps.

    ``streams`` is how many outputs of it the sound of a film is: one for each channel where it decodes one alone.
    """

    passed_over = Decoder.passed_over | {"sample_rate", "sampling_rate"}
    streams: ClassVar[int] = 1

    @property
    def spatial_factor(self) -> int:
        return 1

    @property
    def is_video(self) -> bool:
        return True

    def latent_frames(self, frames: Any) -> Any:
        """A frame is a step of the latent.

        >>> from ditcarbon_sym.catalog.stages import shipped
        >>> shipped("stable-audio-open-1.0").decoder.latent_frames(1024)
        1024
        """
        return frames

    @abstractmethod
    def samples(self, steps: Any) -> Any:
        """Samples of the waveform that so many latent steps become."""


def over_time(
    name: str, rows: Size, inputs: Size, outputs: Size, kernel: Size, *, bias: bool = True, normed: bool = False,
    groups: Size = 1, rows_read: Size | None = None,
) -> list[Operator]:  # fmt: skip
    """A convolution over time with ``rows`` steps out, of which the weight may be normed for each output."""
    made = convolution(name, rows, inputs, outputs, (kernel,), groups=groups, bias=bias, inputs_read=rows_read)
    lengths = weight_norm(name, outputs, inputs * kernel) if normed else []
    return [*lengths, made]


def lengthened(
    name: str, rows: Size, after: Size, inputs: Size, outputs: Size, kernel: Size, *, normed: bool = False,
    bias: bool = True, groups: Size = 1,
) -> list[Operator]:  # fmt: skip
    """A transposed convolution from ``rows`` steps to ``after``: each input is spread over a kernel of outputs.

    FLOP 2 rows inputs outputs kernel / groups.
    """
    spread = convolution(name, rows, inputs, outputs, (kernel,), groups=groups, bias=False)
    made = Operator(
        name, spread.kind, rows, parameters=spread.parameters + int(bias) * outputs, flop=spread.flop,
        elementwise=int(bias) * after * outputs, moved=rows * inputs + after * outputs,
        weights=spread.parameters + int(bias) * outputs,
    )  # fmt: skip
    lengths = weight_norm(name, inputs, outputs * kernel) if normed else []
    return [*lengths, made]


def weight_norm(name: str, vectors: Size, width: Size) -> list[Operator]:
    """A length for each of ``vectors`` directions of this ``width``: norm and product, in every pass."""
    return [
        table(f"{name}.weight_g", vectors),
        elementwise(f"{name}.weight_norm", vectors, width, operations=3, reads=2),
    ]


def snake(name: str, rows: Size, width: Size, *, vectors: int = 2) -> list[Operator]:
    """A sine squared added to its argument, with ``vectors`` trained numbers for each channel."""
    return [
        table(f"{name}.alpha", vectors * width),
        elementwise(name, rows, width, operations=SNAKE, reads=SNAKE_PASSES + 1, writes=SNAKE_PASSES),
    ]


def steps_after(strides: tuple[int, ...], rows: Any = n_latent) -> Any:
    """Steps after transposed convolutions with kernels of twice their strides, padded by half a stride, rounded up.

    >>> steps_after((8, 8, 4, 4, 2))
    2048*n_latent
    """
    for stride in strides:
        rows = Integer(stride) * rows - stride % 2
    return rows
