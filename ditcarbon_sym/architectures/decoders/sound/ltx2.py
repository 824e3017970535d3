"""The sound of LTX-2: its decoder from the latent to a spectrogram (HaCohen et al., 2026).

Released as diffusers' ``AutoencoderKLLTX2Audio`` (src/diffusers/models/autoencoders/autoencoder_kl_ltx2_audio.py).
"""

from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr, Integer

from ....equations.notation import n_latent
from ...operators import (
    Operator,
    Size,
    activation,
    convolution,
    repeated,
    rms_norm,
)
from ..blocks import SQUARE, interpolation, residual_block
from .blocks import SoundDecoder

COMPRESSION = 4
"""Bins of pitch to one of the latent, where the decoder doubles them twice (LATENT_DOWNSAMPLE_FACTOR)."""


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

    passed_over = SoundDecoder.passed_over | {
        "in_channels", "resolution", "dropout", "mel_hop_length", "is_causal", "double_z",
    }  # fmt: skip

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
