"""A film with its sound: the VAE of the film and, beside it, what turns rows of sound into samples."""

from dataclasses import dataclass
from typing import Any

from sympy import Expr, Rational

from ....equations.notation import n_latent
from ...network import Decoder, Tile
from ...operators import Operator, at_rows, repeated, shared
from .blocks import SoundDecoder


@dataclass(frozen=True, kw_only=True)
class FilmWithSound(Decoder):
    """The VAE of a film, which may decode it in pieces, and a chain of decoders of sound, which do not.

    ``steps`` are the rows of sound that the denoiser makes, in ``n_latent`` of the film. What one decoder of the chain
    makes of them is what the next one takes.

    >>> from ditcarbon_sym.catalog.stages import shipped
    >>> [type(x).__name__ for x in shipped("ltx-2").decoder.sound]
    ['AutoencoderKLLTX2Audio', 'LTX2Vocoder']
    """

    film: Decoder
    sound: tuple[SoundDecoder, ...]
    steps: Expr

    @property
    def slowdown(self) -> int:  # type: ignore[override]
        return self.film.slowdown

    @property
    def spatial_factor(self) -> int:
        return self.film.spatial_factor

    @property
    def temporal_factor(self) -> int:
        return self.film.temporal_factor

    def latent_frames(self, frames: Any) -> Any:
        return self.film.latent_frames(frames)

    def tiles(self, height: Any, width: Any, latent: Any) -> list[Tile]:
        return self.film.tiles(height, width, latent)

    def encoder_operators(self) -> list[Operator] | None:
        return self.film.encoder_operators()

    def operators(self) -> list[Operator]:
        return self.film.operators()

    def once(self) -> list[Operator]:
        found: list[Operator] = []
        steps: Any = self.steps
        for decoder in self.sound:
            each = steps * Rational(1, decoder.streams)
            made = at_rows(decoder.operators(), {n_latent: each})
            others = repeated("", decoder.streams - 1, shared(made))
            found += repeated(type(decoder).__name__, 1, [*made, *others])
            steps = decoder.streams * decoder.samples(each)
        return found


def with_sound(film: Decoder, sound: tuple[SoundDecoder, ...], steps: Expr) -> Decoder:
    """The VAE of a film with its decoders of sound, if it has any."""
    return FilmWithSound(film=film, sound=sound, steps=steps) if sound else film
