"""The sound of Kandinsky 6: MMAudio's decoder to a spectrogram, and BigVGAN from there to samples (Cheng et al., 2024).

Released as diffusers' ``MMAudioVAE`` and ``MMAudioVocoder`` (src/diffusers/models/autoencoders: autoencoder_mmaudio.py,
mmaudio_vocoder.py). The convolutions of the first keep the size of what they are given and need no norms with weights.
"""

from dataclasses import dataclass
from typing import Any

from ....equations.notation import n_latent
from ...operators import (
    Operator,
    Size,
    activation,
    attention,
    elementwise,
    repeated,
    residual,
    rms_norm,
    table,
    within,
)
from .blocks import SoundDecoder, over_time
from .vocoder import FILTER, Waveform

KERNEL = 3
DOUBLED = 1
"""The level, counted from the spectrogram, that ends by doubling the frames."""


@dataclass(frozen=True, kw_only=True)
class MMAudioVAE(SoundDecoder):
    """A middle with attention over all steps, then levels of one residual block more than ``layers_per_block``."""

    mel_bins: int = 128
    latent_channels: int = 40
    hidden_channels: int = 512
    channel_multipliers: tuple[int, ...] = (1, 2, 4)
    layers_per_block: int = 2

    passed_over = SoundDecoder.passed_over | {"n_fft", "hop_length"}

    def samples(self, steps: Any) -> Any:
        return 2 * steps if len(self.channel_multipliers) > DOUBLED else steps

    def operators(self) -> list[Operator]:
        widths, last = [self.hidden_channels * x for x in self.channel_multipliers], len(self.channel_multipliers) - 1
        rows, width = n_latent, widths[last]
        found = [
            *over_time("conv_in", rows, self.latent_channels, width, KERNEL, bias=False),
            *repeated("mid", 2, resnet(rows, width, width)),
            *repeated("mid", 1, attended(rows, width)),
        ]
        for level in range(last, -1, -1):
            inputs, width = width, widths[level]
            blocks = [
                *resnet(rows, inputs, width),
                *repeated("", self.layers_per_block, resnet(rows, width, width)),
            ]
            if level == DOUBLED:
                rows = 2 * rows
                blocks += over_time("upsample.conv", rows, width, width, KERNEL, bias=False)
            found += repeated(f"up.{level}", 1, blocks)
        return [
            *found,
            activation("mp_silu", rows, width),
            *over_time("conv_out", rows, width, self.mel_bins, KERNEL, bias=False),
            table("learnable_gain", 1),
            elementwise("statistics", rows, self.mel_bins, operations=2, reads=2, writes=2),
        ]


@dataclass(frozen=True, kw_only=True)
class MMAudioVocoder(SoundDecoder):
    """BigVGAN of version 2 for one channel of sound."""

    num_mels: int = 128
    upsample_initial_channel: int = 1536
    upsample_rates: tuple[int, ...] = (8, 4, 2, 2, 2, 2)
    upsample_kernel_sizes: tuple[int, ...] = (16, 8, 4, 4, 4, 4)
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resblock_dilation_sizes: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))

    @property
    def waveform(self) -> Waveform:
        """From a spectrogram to samples."""
        return Waveform(
            self.num_mels, self.upsample_initial_channel, 1, self.upsample_kernel_sizes, self.upsample_rates,
            self.resblock_kernel_sizes, self.resblock_dilation_sizes, snakes=True, filtered=FILTER,
            filtered_end=FILTER, bias=False,
        )  # fmt: skip

    def samples(self, steps: Any) -> Any:
        return self.waveform.samples(steps)

    def operators(self) -> list[Operator]:
        return self.waveform.operators(n_latent)


def resnet(rows: Size, inputs: int, outputs: int) -> list[Operator]:
    """Two convolutions over time, an activation before each, and a matrix on the way past them."""
    past = over_time("nin_shortcut", rows, inputs, outputs, 1, bias=False) if inputs != outputs else []
    return within(
        "block",
        [
            rms_norm("normalize", rows, inputs, vectors=0),
            activation("mp_silu1", rows, inputs),
            *over_time("conv1", rows, inputs, outputs, KERNEL, bias=False),
            activation("mp_silu2", rows, outputs),
            *over_time("conv2", rows, outputs, outputs, KERNEL, bias=False),
            *past,
            residual("mp_sum", rows, outputs),
        ],
    )


def attended(rows: Size, width: int) -> list[Operator]:
    """Steps attend to each other with a single head."""
    return within(
        "attn_1",
        [
            *over_time("qkv", rows, width, 3 * width, 1, bias=False),
            rms_norm("normalize", 3 * rows, width, vectors=0),
            attention("scores", rows, rows, 1, width),
            *over_time("proj_out", rows, width, width, 1, bias=False),
            residual("mp_sum", rows, width),
        ],
    )
