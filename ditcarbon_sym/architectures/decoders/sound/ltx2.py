"""The sound of LTX-2: a decoder from the latent to a spectrogram, and vocoders from there to samples.

Released as diffusers' ``AutoencoderKLLTX2Audio`` (src/diffusers/models/autoencoders/autoencoder_kl_ltx2_audio.py) and
``LTX2Vocoder``, ``LTX2VocoderWithBWE`` (src/diffusers/pipelines/ltx2/vocoder.py; HaCohen et al., 2026). A vocoder's
latent steps are the frames of its spectrogram.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from sympy import Expr, Integer, Rational

from ....equations.notation import n_latent
from ...operators import (
    Operator,
    Size,
    activation,
    convolution,
    elementwise,
    product,
    repeated,
    residual,
    rms_norm,
    within,
)
from ..blocks import SQUARE, interpolation, residual_block
from .blocks import SoundDecoder, lengthened
from .vocoder import Waveform

COMPRESSION = 4
"""Bins of pitch to one of the latent, where the decoder doubles them twice (LATENT_DOWNSAMPLE_FACTOR)."""
SINC = 7
"""Samples to each side that the resampling filter sees: 6 over a roll-off of 0.99, rounded up."""


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLLTX2Audio(SoundDecoder):
    """An image decoder on time and pitch. Each doubling drops the first frame of time, which looks back on nothing."""

    base_channels: int = 128
    output_channels: int = 2
    ch_mult: tuple[int, ...] = (1, 2, 4)
    num_res_blocks: int = 2
    latent_channels: int = 8
    mel_bins: int = 64
    norm_type: Literal["pixel"] = "pixel"
    causality_axis: Literal["height"] = "height"
    attn_resolutions: None = None
    mid_block_add_attention: Literal[False] = False

    passed_over = frozenset({
        "in_channels", "resolution", "dropout", "sample_rate", "mel_hop_length", "is_causal", "double_z",
    })  # fmt: skip

    def samples(self, steps: Any) -> Any:
        return self.frames(len(self.ch_mult) - 1, steps)

    def frames(self, level: int, steps: Any = n_latent) -> Any:
        """Frames after so many doublings, of which each drops one: 2^k (n - 1) + 1."""
        return 2**level * (steps - 1) + 1

    def places(self, level: int) -> Expr:
        """Frames and bins after so many doublings."""
        return self.frames(level) * Integer(2**level * self.mel_bins // COMPRESSION)

    def operators(self) -> list[Operator]:
        widths = [self.base_channels * multiple for multiple in self.ch_mult[::-1]]
        start, end = self.places(0), self.places(len(widths) - 1)
        return [
            convolution("conv_in", start, self.latent_channels, widths[0], SQUARE),
            *repeated("mid", 2, self.block(start, widths[0], widths[0])),
            *(x for level in range(len(widths)) for x in self.level(level, widths)),
            rms_norm("norm_out", end, widths[-1], vectors=0),
            activation("non_linearity", end, widths[-1]),
            convolution("conv_out", end, widths[-1], self.output_channels, SQUARE),
        ]

    def level(self, level: int, widths: list[int]) -> list[Operator]:
        """Residual blocks, one more than the encoder has, then twice the frames and bins; the first frame is dropped
        behind the convolution.
        """
        rows, width = self.places(level), widths[level]
        blocks = [
            *self.block(rows, widths[max(level - 1, 0)], width),
            *repeated("", self.num_res_blocks, self.block(rows, width, width)),
        ]
        if level < len(widths) - 1:
            grown = 4 * rows
            blocks += [
                interpolation("upsample", grown, width),
                convolution("upsample.conv", grown, width, width, SQUARE),
            ]
        return repeated(f"up.{level}", 1, blocks)

    def block(self, rows: Size, inputs: Size, outputs: Size) -> list[Operator]:
        """A residual block, its norms without weights."""

        def normed(name: str, rows: Size, width: Size) -> list[Operator]:
            return [rms_norm(name, rows, width, vectors=0)]

        return residual_block(rows, inputs, outputs, SQUARE, normed=normed)


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

    passed_over = frozenset({"leaky_relu_negative_slope", "final_act_fn", "output_sampling_rate"})

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
class LTX2VocoderWithBWE(SoundDecoder):
    """A vocoder, a spectrogram of what it made, and a second vocoder that adds what a higher rate can hold (2.3)."""

    in_channels: int = 128
    hidden_channels: int = 1536
    out_channels: int = 2
    upsample_kernel_sizes: tuple[int, ...] = (11, 4, 4, 4, 4, 4)
    upsample_factors: tuple[int, ...] = (5, 2, 2, 2, 2, 2)
    resnet_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resnet_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    act_fn: Literal["snakebeta", "leaky_relu"] = "snakebeta"
    antialias: bool = True
    antialias_ratio: Literal[2] = 2
    antialias_kernel_size: int = 12
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
    filter_length: int = 512
    hop_length: int = 80
    num_mel_channels: int = 64
    input_sampling_rate: int = 16000
    output_sampling_rate: int = 48000

    passed_over = frozenset({
        "window_length", "leaky_relu_negative_slope", "final_act_fn", "bwe_leaky_relu_negative_slope",
        "bwe_final_act_fn",
    })  # fmt: skip

    @property
    def first(self) -> LTX2Vocoder:
        """The vocoder at the lower rate."""
        return LTX2Vocoder(**self.fields_of_vocoder(""))

    @property
    def second(self) -> LTX2Vocoder:
        """The vocoder of the higher rate."""
        return LTX2Vocoder(**self.fields_of_vocoder("bwe_"))

    def fields_of_vocoder(self, prefix: str) -> dict[str, Any]:
        """The fields of one of the two."""
        return {x.name: getattr(self, prefix + x.name) for x in fields(LTX2Vocoder)}

    @property
    def ratio(self) -> int:
        """Samples of the higher rate to one of the lower."""
        return self.output_sampling_rate // self.input_sampling_rate

    def samples(self, steps: Any) -> Any:
        return self.first.samples(steps) * self.ratio

    def operators(self) -> list[Operator]:
        waves = self.first.samples(n_latent)
        return [
            *within("vocoder", self.first.operators()),
            *self.spectrogram(waves),
            *within("bwe_generator", self.second.waveform.operators(self.windows(waves))),
            *self.resampled(waves),
            residual("add", waves * self.ratio, self.out_channels),
        ]

    def windows(self, waves: Any) -> Any:
        """Windows of the transform: one to each hop."""
        return waves * Rational(1, self.hop_length)

    def spectrogram(self, waves: Any) -> list[Operator]:
        """A Fourier transform in windows as a convolution, and its sums over bins of pitch, for each channel."""
        frequencies, length = self.filter_length // 2 + 1, self.filter_length
        rows = self.windows(waves) * self.out_channels
        transform = convolution("stft", rows, 1, 2 * frequencies, (length,), bias=False)
        return [
            replace(transform, parameters=0, weights=0),
            elementwise("magnitude", rows, frequencies, operations=4, reads=6, writes=4),
            product("mel", self.num_mel_channels, frequencies, self.windows(waves), times=self.out_channels),
            elementwise("log", rows, self.num_mel_channels, operations=2, reads=2, writes=2),
        ]

    def resampled(self, waves: Any) -> list[Operator]:
        """The lower rate's samples at the higher one: a windowed sinc of seven samples to each side."""
        kernel = 2 * SINC * self.ratio + 1
        made = lengthened(
            "resampler", waves + 2 * SINC, waves * self.ratio, self.out_channels, self.out_channels, kernel,
            groups=self.out_channels, bias=False,
        )  # fmt: skip
        return [replace(x, parameters=0, weights=0) for x in made]
