"""What every architecture offers: its operators, its patches, and the flags of the paper that come nearest to it.

A family is a frozen dataclass with the name of the released class and those fields of its ``config.json`` that change
the count; the names of the others are in ``passed_over``. A field without a default sizes the network and must be
given; the others have the default of the released class. A field whose type is a ``Literal`` changes the count in ways
that are only understood for those values.

Fields may hold sympy symbols in place of numbers: ``operators`` does arithmetic on them and no more, so that the
paper's equations fall out of the same list.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

from sympy import Expr, Integer, Symbol

from ..equations.notation import N, a, c, d, ell, f, j, n_ada, n_ref, p, s, t
from .attentions import Heads
from .layers import rounded_down
from .operators import Operator, Size, at_rows


class Network(ABC):
    """A network given by its released configuration."""

    passed_over: ClassVar[frozenset[str]] = frozenset()
    """Fields of released configurations that do not change the count, be they the class's own or left over from
    another one. Their values are not looked at.
    """

    @abstractmethod
    def operators(self) -> list[Operator]:
        """Everything that one pass consists of, for one sample."""


class Denoiser(Network):
    """A diffusion transformer; rows of its operators are in ``ell`` (latent tokens), ``m`` (text tokens that enter it)
    and ``n_latent`` (latent frames).
    """

    patch_size: Any
    in_channels: Any
    num_layers: Any
    mlp_ratio: Any
    vae_factors: ClassVar[tuple[int, int]] = (8, 1)
    """Downsampling in space and time of the VAE it was released with, used where no VAE is given."""
    reference_pixels: ClassVar[int] = 0
    """Pixels of a reference image whose tokens a pipeline appends to the latent's; 0 where none does."""
    copies: ClassVar[str] = ""
    """A word on weights that the released class holds more often than the network needs."""

    @property
    def sound_rows(self) -> Expr:
        """Latent steps of the sound that is made with a film, in ``n_latent``; 0 where none is."""
        return Integer(0)

    @property
    def text_tokens_fixed(self) -> int | None:
        """The only number of text tokens it accepts, where there is only one."""
        return None

    @property
    def is_video(self) -> bool:
        """Whether it works on frames; the released classes say so in their names."""
        return "3D" in type(self).__name__

    @property
    def has_sides(self) -> bool:
        """Whether what it makes has height and width; sound has frames alone."""
        return True

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

    def reference_rows(self, factor: int) -> int:
        """Latent tokens that one reference image adds, where the VAE divides its sides by ``factor``."""
        return self.reference_pixels // (factor * self.patch) ** 2

    def operators_with_references(self, factor: int) -> list[Operator]:
        """Everything that a pass consists of where reference images are appended: ``ell`` becomes ell + n_ref times
        the tokens of one. All rows run through all layers, and the pipeline drops those of the references at the end.
        """
        return at_rows(self.operators(), {ell: ell + n_ref * self.reference_rows(factor)})

    @property
    @abstractmethod
    def width(self) -> Any:
        """The hidden size d."""

    @property
    def blocks(self) -> Any:
        """Blocks of all kinds, N: those with one stream, too, where there are two kinds."""
        return self.num_layers + getattr(self, "num_single_layers", 0)

    @property
    def inner(self) -> Any:
        """Width inside an MLP, by the ratio that a configuration gives, rounded down as the released code does."""
        return rounded_down(self.width * self.mlp_ratio)

    @property
    def outputs(self) -> Any:
        """Channels out: those that go in, unless a configuration says otherwise."""
        return getattr(self, "out_channels", None) or self.in_channels

    def leading_order(self) -> Mapping[Symbol, Size]:
        """The paper's flags and sizes that come nearest: s, c, a, j, n_ada, t, N, d, f, p.

        A family says where it differs from one stream without text, modulated once for all blocks.
        """
        return {
            s: 0, c: 0, a: 0, j: 0, n_ada: 1, t: self.width, N: self.blocks, d: self.width, f: 4, p: self.patch,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Transformer(Denoiser):
    """A denoiser that is as wide as its heads together: most are."""

    in_channels: int
    num_attention_heads: int
    attention_head_dim: int

    @property
    def width(self) -> Any:
        return self.num_attention_heads * self.attention_head_dim

    @property
    def heads(self) -> Heads:
        """The heads of its attention."""
        return Heads(self.num_attention_heads, self.attention_head_dim)


@dataclass(frozen=True, kw_only=True)
class Sized(Denoiser):
    """A denoiser whose configuration gives its width, which its heads divide among them."""

    hidden_size: int
    num_attention_heads: int

    @property
    def width(self) -> Any:
        return self.hidden_size

    @property
    def heads(self) -> Heads:
        """The heads of its attention."""
        return Heads(self.num_attention_heads, self.hidden_size // self.num_attention_heads)


class VideoPatches(Denoiser):
    """One whose ``patch_size`` is frames, height and width; incomplete patches are dropped."""

    vae_factors: ClassVar[tuple[int, int]] = (8, 4)

    @property
    def patch(self) -> int:
        return int(self.patch_size[1])

    @property
    def patch_frames(self) -> int:
        return int(self.patch_size[0])

    @property
    def volume(self) -> int:
        """Latent pixels in a token."""
        return prod(self.patch_size)

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size; incomplete patches are dropped."""
        depth, tall, wide = self.patch_size
        return (frames // depth) * (height // tall) * (width // wide)


@dataclass(frozen=True, kw_only=True)
class VideoTransformer(VideoPatches, Transformer):
    """A network on patches of frames, height and width that is as wide as its heads together."""

    patch_size: tuple[int, int, int]


class Sound(Denoiser):
    """A network on steps of sound, which are its frames; height and width of a request are 1."""

    vae_factors: ClassVar[tuple[int, int]] = (1, 1)

    @property
    def is_video(self) -> bool:
        return True

    @property
    def has_sides(self) -> bool:
        return False

    @property
    def patch(self) -> int:
        return 1

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of so many steps; an incomplete patch is padded."""
        return -(-frames // self.patch_frames)

    def refusal(self, height: int, width: int) -> str:
        """Sound has no sides."""
        return "" if height == width == 1 else "it makes sound, which has no height and width: give frames alone"


@dataclass(frozen=True, kw_only=True)
class SoundTransformer(Sound, Transformer):
    """A network on steps of sound that is as wide as its heads together."""


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

    passed_over = frozenset({"scaling_factor", "shift_factor", "latents_mean", "latents_std"})
    """What scales a latent before it is decoded."""
    slowdown: ClassVar[int] = 1
    """Peak of products in 16 bits over peak in the precision that the released pipeline decodes in: 2 for FP32, whose
    convolutions run as TF32 from Ampere on."""

    def tiles(self, height: Any, width: Any, latent: Any) -> list[Tile]:
        """What an output of this size, of so many latent frames, is decoded in: one piece, unless said otherwise."""
        return [Tile(1, height, width, latent)]

    @property
    @abstractmethod
    def spatial_factor(self) -> int:
        """Output pixels to a side of a latent pixel."""

    @property
    def is_video(self) -> bool:
        """Whether it decodes several latent frames of one output; images have one."""
        return self.temporal_factor > 1

    @property
    def temporal_factor(self) -> int:
        """Output frames to a latent frame; 1 for images and for frames decoded one by one."""
        return 1

    def once(self) -> list[Operator]:
        """What decoding an output takes besides its pieces, once: the sound of a film. Rows are in its ``n_latent``."""
        return []

    def encoder_operators(self) -> list[Operator] | None:
        """The encoding half of the VAE, at work where a pipeline is given an image; None where it is not known.

        Rows are in ``H``, ``W`` and ``n_frames`` of what is encoded, and in its ``n_latent``.
        """
        return None

    def latent_frames(self, frames: int) -> int:
        """Latent frames of so many output frames; the first is one of its own, as causal VAEs have it."""
        return (frames - 1) // self.temporal_factor + 1
