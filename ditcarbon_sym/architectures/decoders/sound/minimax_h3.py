"""The sound of MiniMax-H3: BigVGAN with normed weights, from a latent for each channel to samples (MiniMax, 2026).

Released as diffusers' ``AutoencoderKLMiniMaxH3Audio`` (autoencoder_kl_minimax_h3_audio.py in
src/diffusers/models/autoencoders). It is of one channel; the two of a film are decoded as two outputs.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from ....equations.notation import n_latent
from ...operators import Operator
from .blocks import SoundDecoder, over_time
from .vocoder import FILTER, Waveform


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLMiniMaxH3Audio(SoundDecoder):
    """A matrix to the width of the decoder, then the decoder."""

    latent_dim: int = 2048
    latent_channels: int = 32
    decoder_dim: int = 1024
    decoder_rates: tuple[int, ...] = (5, 5, 2, 2, 2, 2, 2)
    decoder_kernel_sizes: tuple[int, ...] = (9, 9, 4, 4, 4, 4, 4)
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resblock_dilation_sizes: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))

    passed_over = SoundDecoder.passed_over | {"encoder_dim", "encoder_rates", "num_attention_heads"}
    streams: ClassVar[int] = 2

    @property
    def waveform(self) -> Waveform:
        """From the width of the decoder to samples."""
        return Waveform(
            self.latent_dim, self.decoder_dim, 1, self.decoder_kernel_sizes, self.decoder_rates,
            self.resblock_kernel_sizes, self.resblock_dilation_sizes, snakes=True, filtered=FILTER,
            filtered_end=FILTER, bias=False, normed=True,
        )  # fmt: skip

    def samples(self, steps: Any) -> Any:
        return self.waveform.samples(steps)

    def operators(self) -> list[Operator]:
        projected = over_time("dec_in_proj", n_latent, self.latent_channels, self.latent_dim, 1)
        return [*projected, *self.waveform.operators(n_latent)]
