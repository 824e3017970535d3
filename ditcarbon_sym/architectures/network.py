"""What every architecture offers: its operators, its patches, and the flags of the paper that come nearest to it.

A family is a frozen dataclass with the name of the released class and the fields of its ``config.json``. A field
without a default sizes the network and must be given; the others have the default of the released class. A field
whose type is a ``Literal`` changes the count in ways that are only understood for those values.

Fields may hold sympy symbols in place of numbers: ``operators`` does arithmetic on them and no more, so that the
paper's equations fall out of the same list.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sympy import Symbol

from .operators import Operator, Size

FeedForwardActivation = Literal["gelu", "gelu-approximate", "geglu", "geglu-approximate", "swiglu", "linear-silu"]
"""What diffusers' FeedForward offers."""


def is_gated(activation: str) -> bool:
    """Whether this activation multiplies two halves, which doubles the first matrix."""
    return activation in ("geglu", "geglu-approximate", "swiglu")


class Network(ABC):
    """A network given by its released configuration."""

    @abstractmethod
    def operators(self) -> list[Operator]:
        """Everything that one pass consists of, for one sample."""


class Denoiser(Network):
    """A diffusion transformer; rows of its operators are in ``ell`` (latent tokens), ``m`` (text tokens that enter it)
    and ``n_latent`` (latent frames).
    """

    patch_size: Any
    in_channels: Any
    vae_factors: ClassVar[tuple[int, int]] = (8, 1)
    """Downsampling in space and time of the VAE it was released with, used where no VAE is given."""
    passed_over: ClassVar[frozenset[str]] = frozenset()
    """Fields of released configurations that the released class itself does not have and passes over."""
    copies: ClassVar[str] = ""
    """A word on weights that the released class holds more often than the network needs."""

    @property
    def text_tokens_fixed(self) -> int | None:
        """The only number of text tokens it accepts, where there is only one."""
        return None

    @property
    def is_video(self) -> bool:
        """Whether it works on frames; the released classes say so in their names."""
        return "3D" in type(self).__name__

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels, packing by the pipeline included."""
        return int(self.patch_size)

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token."""
        return 1

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size; incomplete patches are padded in time."""
        return (height // self.patch) * (width // self.patch) * -(-frames // self.patch_frames)

    def refusal(self, height: int, width: int) -> str:
        """Why the released network takes no latent of this size; empty where it does."""
        return ""

    def text_rows(self, text: int) -> int:
        """Text rows of a prompt of so many tokens: more, where the network pads them."""
        return text

    @abstractmethod
    def leading_order(self) -> Mapping[Symbol, Size]:
        """The paper's flags and sizes that come nearest: s, c, a, j, n_ada, t, N, d, f, p."""


@dataclass(frozen=True)
class Tile:
    """A piece that a VAE decodes at once, and how often it does; numbers or arrays."""

    times: Any
    height: Any
    width: Any
    latent_frames: Any


class Decoder(Network):
    """The decoding half of a VAE; rows of its operators are in ``H``, ``W`` (output pixels), ``n_frames`` and
    ``n_latent``.
    """

    def tiles(self, height: Any, width: Any, latent: Any) -> list[Tile]:
        """What an output of this size, of so many latent frames, is decoded in: one piece, unless said otherwise."""
        return [Tile(1, height, width, latent)]

    @property
    @abstractmethod
    def spatial_factor(self) -> int:
        """Output pixels to a side of a latent pixel."""

    @property
    def temporal_factor(self) -> int:
        """Output frames to a latent frame; 1 for images and for frames decoded one by one."""
        return 1

    def latent_frames(self, frames: int) -> int:
        """Latent frames of so many output frames; the first is one of its own, as causal VAEs have it."""
        return (frames - 1) // self.temporal_factor + 1


class Encoder(Network):
    """A text encoder; rows of its operators are in ``m``, here the tokens of its own sequence."""
