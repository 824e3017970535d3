"""The causal video VAE of CogVideoX, its decoder: norms conditioned on the latent (Yang et al., 2024).

Released as diffusers' ``AutoencoderKLCogVideoX`` (src/diffusers/models/autoencoders/autoencoder_kl_cogvideox.py). It
works on two latent frames at a time and caches what its convolutions look back on, so that nothing is computed twice;
the first frame of an odd number is never doubled. Of an even number all are doubled, to more frames than were asked
for: 85 make 22 latent frames and those 88.
"""

from dataclasses import dataclass
from typing import Literal

from sympy import Expr, Integer, Rational

from ...equations.notation import H, W, n_latent
from ..network import Decoder
from ..operators import Operator, Size, activation, convolution, elementwise, modulate, norm, repeated, residual, within

CUBE, POINT = (3, 3, 3), (1, 1, 1)
"""Kernels over time and space, and over channels alone."""
ODD = (1 - Integer(-1) ** n_latent) * Rational(1, 2)
"""1 where the latent frames are odd in number, 0 where they are even."""


@dataclass(frozen=True)
class AutoencoderKLCogVideoX(Decoder):
    """Time is doubled in the first blocks, the sides in all but the last."""

    block_out_channels: tuple[int, ...]
    latent_channels: int
    layers_per_block: int
    out_channels: int = 3
    temporal_compression_ratio: float = 4
    use_post_quant_conv: Literal[False] = False
    # These do not change the count.
    in_channels: int = 3
    down_block_types: tuple[str, ...] = ("CogVideoXDownBlock3D",) * 4
    up_block_types: tuple[Literal["CogVideoXUpBlock3D"], ...] = ("CogVideoXUpBlock3D",) * 4
    act_fn: str = "silu"
    norm_eps: float = 1e-6
    norm_num_groups: int = 32
    sample_height: int = 480
    sample_width: int = 720
    scaling_factor: float = 1.15258426
    shift_factor: float | None = None
    latents_mean: tuple[float, ...] | None = None
    latents_std: tuple[float, ...] | None = None
    force_upcast: bool = True
    use_quant_conv: bool = False
    invert_scale_latents: bool = False

    @property
    def spatial_factor(self) -> int:
        return int(2 ** (len(self.block_out_channels) - 1))

    @property
    def temporal_factor(self) -> int:
        return int(2 ** min(int(self.temporal_compression_ratio).bit_length(), len(self.block_out_channels)) // 2)

    def volume(self, level: int) -> Expr:
        """Positions of all frames after so many blocks."""
        times = min(2**level, self.temporal_factor)
        frames = times * n_latent - (times - 1) * ODD
        return frames * H * W * Rational(4**level, self.spatial_factor**2)

    def operators(self) -> list[Operator]:
        widths, channels = self.block_out_channels[::-1], self.latent_channels
        start, end = self.volume(0), self.volume(len(widths) - 1)
        return [
            convolution("conv_in", start, channels, widths[0], CUBE),
            *repeated("mid_block", 2, self.residual(start, widths[0], widths[0])),
            *(x for level in range(len(widths)) for x in self.up_block(level, widths[max(level - 1, 0)])),
            *self.conditioned_norm("norm_out", end, widths[-1]),
            activation("conv_act", end, widths[-1]),
            convolution("conv_out", end, widths[-1], self.out_channels, CUBE),
        ]

    def up_block(self, level: int, inputs: Size) -> list[Operator]:
        """Residual blocks, then frames and sides doubled and a convolution on every frame."""
        widths = self.block_out_channels[::-1]
        width, rows = widths[level], self.volume(level)
        block = [
            *self.residual(rows, inputs, width),
            *repeated("", self.layers_per_block, self.residual(rows, width, width)),
        ]
        if level < len(widths) - 1:
            block.append(convolution("upsamplers.0.conv", self.volume(level + 1), width, width, (3, 3)))
        return repeated(f"up_blocks.{level}", 1, block)

    def residual(self, rows: Size, inputs: Size, outputs: Size) -> list[Operator]:
        """Conditioned norm, activation and convolution, twice."""
        shortcut = [convolution("conv_shortcut", rows, inputs, outputs, POINT)] if inputs != outputs else []
        return within(
            "resnets",
            [
                *self.conditioned_norm("norm1", rows, inputs),
                activation("nonlinearity1", rows, inputs),
                convolution("conv1", rows, inputs, outputs, CUBE),
                *self.conditioned_norm("norm2", rows, outputs),
                activation("nonlinearity2", rows, outputs),
                convolution("conv2", rows, outputs, outputs, CUBE),
                *shortcut,
                residual("add", rows, outputs),
            ],
        )

    def conditioned_norm(self, name: str, rows: Size, width: Size) -> list[Operator]:
        """A norm whose scale and shift are made of the latent, stretched to this size, at every position."""
        return within(
            name,
            [
                norm("norm_layer", rows, width, vectors=2),
                elementwise("interpolate", rows, self.latent_channels),
                convolution("conv_y", rows, self.latent_channels, width, POINT),
                convolution("conv_b", rows, self.latent_channels, width, POINT),
                modulate("modulate", rows, width),
            ],
        )


def frames_after(doublings: int) -> Expr:
    """Frames after so many doublings of which the first frame has no part: 2^k (n_latent - 1) + 1."""
    return 2**doublings * (n_latent - 1) + 1
