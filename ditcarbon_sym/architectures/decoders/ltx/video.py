"""The video VAE of LTX-Video, its decoder: a thirty-second of the side, an eighth of the frames (HaCohen et al., 2024).

Released as diffusers' ``AutoencoderKLLTXVideo`` (src/diffusers/models/autoencoders/autoencoder_kl_ltx.py). From 0.9.1
on the decoder is told a timestep and takes the last denoising step itself.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sympy import Expr, Rational

from ....equations.notation import H, W
from ...layers import FREQUENCIES, mlp
from ...network import Decoder
from ...operators import (
    Operator,
    Size,
    activation,
    convolution,
    modulate,
    norm,
    repeated,
    residual,
    rms_norm,
    table,
    within,
)
from ..blocks import CUBE, frames_after, residual_block


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLLTXVideo(Decoder):
    """Blocks that double frames and sides by a convolution to eight times the channels, or as many as they need."""

    latent_channels: int
    out_channels: int = 3
    decoder_block_out_channels: tuple[int, ...] = (128, 256, 512, 512)
    decoder_layers_per_block: tuple[int, ...] = (4, 3, 3, 3, 4)
    decoder_spatio_temporal_scaling: tuple[bool, ...] = (True, True, True, False)
    decoder_inject_noise: tuple[bool, ...] = (False, False, False, False, False)
    upsample_factor: tuple[int, ...] = (1, 1, 1, 1)
    upsample_residual: tuple[bool, ...] = (False, False, False, False)
    timestep_conditioning: bool = False
    patch_size: int = 4
    patch_size_t: Literal[1] = 1

    passed_over = Decoder.passed_over | {
        "in_channels", "block_out_channels", "down_block_types", "layers_per_block", "spatio_temporal_scaling",
        "downsample_type", "resnet_norm_eps", "encoder_causal", "decoder_causal", "spatial_compression_ratio",
        "temporal_compression_ratio",
    }  # fmt: skip

    @property
    def doublings(self) -> tuple[tuple[bool, bool], ...]:
        """Whether each block doubles frames, and sides, from the latent on."""
        return tuple((x, x) for x in self.decoder_spatio_temporal_scaling[::-1][: len(self.decoder_block_out_channels)])

    @property
    def spatial_factor(self) -> int:
        return int(self.patch_size * 2 ** sum(sides for _, sides in self.doublings))

    @property
    def temporal_factor(self) -> int:
        return int(self.patch_size_t * 2 ** sum(frames for frames, _ in self.doublings))

    def volume(self, blocks: int) -> Expr:
        """Positions of all frames after so many blocks."""
        done = self.doublings[:blocks]
        sides = sum(sides for _, sides in done)
        return frames_after(sum(x for x, _ in done)) * H * W * Rational(4**sides, self.spatial_factor**2)

    def operators(self) -> list[Operator]:
        widths, layers = self.decoder_block_out_channels[::-1], self.decoder_layers_per_block[::-1]
        noisy = self.decoder_inject_noise[::-1]
        listed = [
            convolution("conv_in", self.volume(0), self.latent_channels, widths[0], CUBE),
            *repeated("mid_block", 1, self.timestep("time_embedder", 4 * widths[0])),
            *repeated("mid_block", layers[0], self.residual(self.volume(0), widths[0], widths[0], noisy[0])),
        ]
        width = widths[0]
        for level, outputs in enumerate(widths):
            factor = self.upsample_factor[::-1][level]
            inputs, width = width // factor, outputs // factor
            listed += repeated(f"up_blocks.{level}", 1, self.up_block(level, inputs, width))
        end = self.volume(len(widths))
        conditioned = self.timestep("time_embedder", 2 * width)
        return [
            *listed,
            rms_norm("norm_out", end, width, vectors=0),
            *conditioned,
            *([table("scale_shift_table", 2 * width), modulate("modulate", end, width)] if conditioned else []),
            *([table("timestep_scale_multiplier", 1)] if conditioned else []),
            activation("conv_act", end, width),
            convolution("conv_out", end, width, self.out_channels * self.patch_size**2, CUBE),
        ]

    def up_block(self, level: int, inputs: Any, width: Any) -> list[Operator]:
        """To another width, to more frames and pixels, then residual blocks."""
        layers, noisy = self.decoder_layers_per_block[::-1][level + 1], self.decoder_inject_noise[::-1][level + 1]
        factor, (longer, larger) = self.upsample_factor[::-1][level], self.doublings[level]
        before, after, grows = self.volume(level), self.volume(level + 1), longer or larger
        wide, copies = width * factor, 2**longer * 4**larger
        return [
            *(within("conv_in", self.residual(before, inputs, width, noisy)) if inputs != width else []),
            *self.timestep("time_embedder", 4 * inputs),
            *([convolution("upsamplers.0.conv", before, wide, wide * copies // factor, CUBE)] if grows else []),
            *([residual("upsamplers.0.add", after, width)] if grows and self.upsample_residual[::-1][level] else []),
            *repeated("", layers, self.residual(after, width, width, noisy)),
        ]

    def timestep(self, name: str, width: Size) -> list[Operator]:
        """The embedding of the timestep, where the decoder is told one."""
        return mlp(name, FREQUENCIES, width) if self.timestep_conditioning else []

    def residual(self, rows: Size, inputs: Size, outputs: Size, noisy: bool) -> list[Operator]:
        """Norms without weights, modulated where the decoder is told a timestep; one more where the width changes."""
        told = self.timestep_conditioning

        def normed(name: str, rows: Size, width: Size) -> list[Operator]:
            scaled = [modulate(f"{name}.modulate", rows, width)] if told else []
            return [rms_norm(name, rows, width, vectors=0), *scaled]

        return [
            *([table("resnets.scale_shift_table", 4 * inputs)] if told else []),
            *([table("resnets.per_channel_scale", 2 * inputs)] if noisy else []),
            *residual_block(rows, inputs, outputs, CUBE, normed=normed),
            *([norm("resnets.norm3", rows, inputs, vectors=2)] if inputs != outputs else []),
        ]
