"""Decoders of sound that were made of Oobleck: of LongCat-AudioDiT and of MiniMax Music 3.

Released as diffusers' ``LongCatAudioDiTVae`` (src/diffusers/models/autoencoders/autoencoder_longcat_audio_dit.py) and
``MiniMaxMusic3Vocoder`` (minimax_music3_vocoder.py there).
"""

from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr

from ....equations.notation import n_latent
from ...operators import Operator, activation, elementwise, repeated, residual
from .blocks import SoundDecoder, over_time, snake, steps_after
from .oobleck import KERNEL, activated, longer

MULTIPLES = (1, 2, 4, 8, 16)
"""Widths where a configuration says nothing of them."""
CHANNELS = 2
"""Channels of sound that MiniMax Music 3 decodes as two outputs."""


@dataclass(frozen=True, kw_only=True)
class LongCatAudioDiTVae(SoundDecoder):
    """Oobleck with repeated channels added past the first convolution and past each level."""

    in_channels: int = 1
    channels: int = 128
    c_mults: tuple[int, ...] | None = None
    strides: tuple[int, ...] | None = None
    latent_dim: int = 64
    act_fn: Literal["snake", "elu"] | None = None
    use_snake: bool | None = None
    upsample_shortcut: Literal["duplicating", "none"] = "duplicating"
    in_shortcut: Literal["duplicating", "none"] = "duplicating"
    final_tanh: bool = False

    passed_over = SoundDecoder.passed_over | {
        "encoder_latent_dim", "downsample_shortcut", "out_shortcut", "downsampling_ratio", "scale",
    }  # fmt: skip

    @property
    def snakes(self) -> bool:
        """Whether activations are snakes; ELU otherwise."""
        return self.act_fn == "snake" or (self.act_fn is None and self.use_snake is not False)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels before the first level and after each."""
        return tuple(self.channels * x for x in (1, *(self.c_mults or MULTIPLES))[::-1])

    @property
    def longer(self) -> tuple[int, ...]:
        """By how much each level lengthens the sound, from the latent on; the last of a list that is short repeats."""
        levels = len(self.widths) - 1
        given = self.strides or (2,)
        return (*given, *given[-1:] * levels)[:levels][::-1]

    def samples(self, steps: Any) -> Any:
        return steps_after(self.longer, steps)

    def steps(self, level: int) -> Expr:
        """Steps after so many levels."""
        found: Expr = steps_after(self.longer[:level])
        return found

    def operators(self) -> list[Operator]:
        widths, last = self.widths, len(self.longer)
        end = self.steps(last)
        past = [residual("shortcut.add", n_latent, widths[0])] if self.in_shortcut == "duplicating" else []
        tanh = [activation("tanh", end, self.in_channels)] if self.final_tanh else []
        return [
            *over_time("layers.0", n_latent, self.latent_dim, widths[0], KERNEL, normed=True),
            *past,
            *(x for level in range(last) for x in self.level(level)),
            *activated("layers.act", end, widths[-1], 2, self.snakes),
            *over_time("layers.out", end, widths[-1], self.in_channels, KERNEL, normed=True, bias=False),
            *tanh,
        ]

    def level(self, level: int) -> list[Operator]:
        """A level of Oobleck, past which channels are repeated and shuffled into steps."""
        rows, widths = (self.steps(level), self.steps(level + 1)), self.widths[level : level + 2]
        past = [
            elementwise("residual.shuffle", rows[1], widths[1], operations=0, reads=2, writes=2),
            residual("residual.add", rows[1], widths[1]),
        ]
        made = longer(rows, widths, self.longer[level], snakes=self.snakes)
        return repeated(f"layers.{level}", 1, [*made, *(past if self.upsample_shortcut == "duplicating" else [])])


@dataclass(frozen=True, kw_only=True)
class MiniMaxMusic3Vocoder(SoundDecoder):
    """Both channels of sound are decoded as outputs of their own, each from half of the latent's channels."""

    latent_channels: int = 128
    decoder_input_dim: int = 1024
    decoder_hidden_dim: int = 1536
    upsampling_ratios: tuple[int, ...] = (8, 8, 4, 2)

    def samples(self, steps: Any) -> Any:
        return steps_after(self.upsampling_ratios, steps)

    def steps(self, level: int) -> Expr:
        """Steps of both channels after so many levels."""
        found: Expr = CHANNELS * steps_after(self.upsampling_ratios[:level])
        return found

    def operators(self) -> list[Operator]:
        last = len(self.upsampling_ratios)
        widths = tuple(self.decoder_hidden_dim // 2**level for level in range(last + 1))
        start, end = self.steps(0), self.steps(last)
        return [
            *over_time("dec_in_proj", start, self.latent_channels // CHANNELS, self.decoder_input_dim, 1),
            *over_time("conv_in", start, self.decoder_input_dim, widths[0], KERNEL, normed=True),
            *(
                x
                for level, stride in enumerate(self.upsampling_ratios)
                for x in repeated(
                    f"blocks.{level}",
                    1,
                    longer((self.steps(level), self.steps(level + 1)), widths[level : level + 2], stride, vectors=1),
                )
            ),
            *snake("snake_out", end, widths[-1], vectors=1),
            *over_time("conv_out", end, widths[-1], 1, KERNEL, normed=True),
            activation("tanh", end, 1),
        ]
