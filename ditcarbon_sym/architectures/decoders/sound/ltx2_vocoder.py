"""The vocoders of LTX-2, from a spectrogram to samples; their latent steps are its frames (HaCohen et al., 2026).

Released as diffusers' ``LTX2Vocoder`` and ``LTX2VocoderWithBWE`` (src/diffusers/pipelines/ltx2/vocoder.py).
"""

from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal

from sympy import Rational

from ....equations.notation import n_latent
from ...operators import Operator, convolution, elementwise, product, residual, within
from .blocks import SoundDecoder, lengthened
from .vocoder import Waveform


@dataclass(frozen=True, kw_only=True)
class LTX2Vocoder(SoundDecoder):
    """The vocoder of LTX-2.0; its latent steps are frames of the spectrogram."""

    in_channels: int = 128
    hidden_channels: int = 1024
    out_channels: int = 2
    upsample_kernel_sizes: tuple[int, ...] = (16, 15, 8, 4, 4)
    upsample_factors: tuple[int, ...] = (6, 5, 2, 2, 2)
    resnet_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resnet_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    act_fn: Literal["leaky_relu", "snakebeta"] = "leaky_relu"
    antialias: bool = False
    antialias_ratio: Literal[2] = 2
    antialias_kernel_size: int = 12
    final_bias: bool = True

    passed_over = SoundDecoder.passed_over | {"leaky_relu_negative_slope", "final_act_fn", "output_sampling_rate"}

    @property
    def waveform(self) -> Waveform:
        """From a spectrogram to samples."""
        return Waveform(
            self.in_channels, self.hidden_channels, self.out_channels, self.upsample_kernel_sizes,
            self.upsample_factors, self.resnet_kernel_sizes, self.resnet_dilations,
            snakes=self.act_fn != "leaky_relu", filtered=self.antialias_kernel_size * self.antialias,
            filtered_end=self.antialias_kernel_size, bias=self.final_bias,
        )  # fmt: skip

    def samples(self, steps: Any) -> Any:
        return self.waveform.samples(steps)

    def operators(self) -> list[Operator]:
        return self.waveform.operators(n_latent)


@dataclass(frozen=True, kw_only=True)
class MelSpectrogram:
    """The sizes of the spectrogram of what a vocoder made (``MelSTFT``), and its making."""

    filter_length: int = 512
    hop_length: int = 80
    num_mel_channels: int = 64

    def windows(self, waves: Any) -> Any:
        """Windows of the transform: one to each hop."""
        return waves * Rational(1, self.hop_length)

    def spectrogram(self, waves: Any, channels: int) -> list[Operator]:
        """A Fourier transform in windows as a convolution, and its sums over bins of pitch, for each channel."""
        frequencies, length = self.filter_length // 2 + 1, self.filter_length
        rows = self.windows(waves) * channels
        transform = convolution("stft", rows, 1, 2 * frequencies, (length,), bias=False)
        return [
            replace(transform, parameters=0, weights=0),
            elementwise("magnitude", rows, frequencies, operations=4, reads=6, writes=4),
            product("mel", self.num_mel_channels, frequencies, self.windows(waves), times=channels),
            elementwise("log", rows, self.num_mel_channels, operations=2, reads=2, writes=2),
        ]


@dataclass(frozen=True, kw_only=True)
class LTX2VocoderWithBWE(MelSpectrogram, LTX2Vocoder):
    """A vocoder, a spectrogram of what it made, and a second vocoder that adds what a higher rate can hold (2.3)."""

    hidden_channels: int = 1536
    upsample_kernel_sizes: tuple[int, ...] = (11, 4, 4, 4, 4, 4)
    upsample_factors: tuple[int, ...] = (5, 2, 2, 2, 2, 2)
    act_fn: Literal["snakebeta", "leaky_relu"] = "snakebeta"
    antialias: bool = True
    final_bias: bool = False
    bwe_in_channels: int = 128
    bwe_hidden_channels: int = 512
    bwe_out_channels: int = 2
    bwe_upsample_kernel_sizes: tuple[int, ...] = (12, 11, 4, 4, 4)
    bwe_upsample_factors: tuple[int, ...] = (6, 5, 2, 2, 2)
    bwe_resnet_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    bwe_resnet_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    bwe_act_fn: Literal["snakebeta", "leaky_relu"] = "snakebeta"
    bwe_antialias: bool = True
    bwe_antialias_ratio: Literal[2] = 2
    bwe_antialias_kernel_size: int = 12
    bwe_final_bias: bool = False
    input_sampling_rate: int = 16000
    output_sampling_rate: int = 48000

    passed_over = LTX2Vocoder.passed_over - {"output_sampling_rate"} | {
        "window_length", "bwe_leaky_relu_negative_slope", "bwe_final_act_fn",
    }  # fmt: skip
    sinc: ClassVar[int] = 7
    """Samples to each side that the resampling filter sees: 6 over a roll-off of 0.99, rounded up."""

    @property
    def second(self) -> LTX2Vocoder:
        """The vocoder of the higher rate."""
        return LTX2Vocoder(**{x.name: getattr(self, f"bwe_{x.name}") for x in fields(LTX2Vocoder)})

    @property
    def ratio(self) -> int:
        """Samples of the higher rate to one of the lower."""
        return self.output_sampling_rate // self.input_sampling_rate

    def samples(self, steps: Any) -> Any:
        return super().samples(steps) * self.ratio

    def operators(self) -> list[Operator]:
        waves = super().samples(n_latent)
        return [
            *within("vocoder", super().operators()),
            *self.spectrogram(waves, self.out_channels),
            *within("bwe_generator", self.second.waveform.operators(self.windows(waves))),
            *self.resampled(waves),
            residual("add", waves * self.ratio, self.out_channels),
        ]

    def resampled(self, waves: Any) -> list[Operator]:
        """The lower rate's samples at the higher one: a windowed sinc of seven samples to each side."""
        kernel = 2 * self.sinc * self.ratio + 1
        made = lengthened(
            "resampler", waves + 2 * self.sinc, waves * self.ratio, self.out_channels, self.out_channels, kernel,
            groups=self.out_channels, bias=False,
        )  # fmt: skip
        return [replace(x, parameters=0, weights=0) for x in made]
