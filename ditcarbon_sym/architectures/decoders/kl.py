"""The image VAE of latent diffusion, its decoder: residual blocks, attention in the middle (Rombach et al., 2022).

Released as diffusers' ``AutoencoderKL`` and ``AutoencoderKLFlux2`` (autoencoder_kl.py and autoencoder_kl_flux2.py in
src/diffusers/models/autoencoders; the decoder itself is in vae.py). In the middle all pixels of the latent attend to
each other, which is quadratic in them. Frames of a video are images to it, decoded side by side.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from sympy import Expr, Rational

from ...equations.notation import H, W, n_frames
from ..layers import queries_keys_values
from ..network import Decoder
from ..operators import (
    ELEMENTWISE,
    Operator,
    Size,
    activation,
    attention,
    convolution,
    dense,
    elementwise,
    norm,
    repeated,
    within,
)

UpBlock = Literal["UpDecoderBlock2D", "AttnUpDecoderBlock2D"]
"""Residual blocks at one size of the image, without attention and with it."""


class ImageDecoder(Decoder):
    """What the released classes have in common."""

    up_block_types: tuple[UpBlock, ...]
    layers_per_block: int
    latent_channels: int
    out_channels: int
    use_post_quant_conv: bool
    mid_block_add_attention: bool

    @property
    @abstractmethod
    def widths(self) -> tuple[Any, ...]:
        """Channels from the full size of the image to the latent's."""

    @property
    def spatial_factor(self) -> int:
        return int(2 ** (len(self.widths) - 1))

    def pixels(self, level: int) -> Expr:
        """Pixels of one frame after so many doublings of its sides."""
        return H * W * Rational(4**level, self.spatial_factor**2)

    def operators(self) -> list[Operator]:
        widths = self.widths[::-1]
        latent, image, channels = n_frames * self.pixels(0), n_frames * H * W, self.latent_channels
        quantised = convolution("post_quant_conv", latent, channels, channels, (1, 1))
        return [
            *([quantised] if self.use_post_quant_conv else []),
            convolution("conv_in", latent, channels, widths[0], (3, 3)),
            *repeated("mid_block", 1, self.middle(widths[0])),
            *(x for level in range(len(widths)) for x in self.up_block(level, widths[max(level - 1, 0)])),
            norm("conv_norm_out", image, widths[-1], vectors=2),
            activation("conv_act", image, widths[-1]),
            convolution("conv_out", image, widths[-1], self.out_channels, (3, 3)),
        ]

    def middle(self, width: Size) -> list[Operator]:
        """Two residual blocks, attention between them in most releases."""
        return [
            *within("resnets.0", residual_block(n_frames * self.pixels(0), width, width)),
            *(within("attentions.0", self.attention(0, width)) if self.mid_block_add_attention else []),
            *within("resnets.1", residual_block(n_frames * self.pixels(0), width, width)),
        ]

    def up_block(self, level: int, inputs: Size) -> list[Operator]:
        """Residual blocks, one more than the encoder has; all but the last such block double the sides at the end."""
        width, rows, last = self.widths[-1 - level], n_frames * self.pixels(level), level == len(self.widths) - 1
        attends = self.up_block_types[level] == "AttnUpDecoderBlock2D"
        attended = within("attentions", self.attention(level, width)) if attends else []
        doubled = [
            interpolation("upsamplers.0.interpolate", 4 * rows, width),
            convolution("upsamplers.0.conv", 4 * rows, width, width, (3, 3)),
        ]
        return repeated(
            f"up_blocks.{level}",
            1,
            [
                *within("resnets", residual_block(rows, inputs, width)),
                *attended,
                *repeated("", self.layers_per_block, within("resnets", residual_block(rows, width, width))),
                *repeated("", self.layers_per_block, attended),
                *([] if last else doubled),
            ],
        )

    def attention(self, level: int, width: Size) -> list[Operator]:
        """The pixels of a frame attend to each other with a single head."""
        pixels = self.pixels(level)
        rows = n_frames * pixels
        return [
            norm("group_norm", rows, width, vectors=2),
            *queries_keys_values(rows, width, 1, width),
            replace(attention("scores", pixels, pixels, 1, width), times=n_frames),
            dense("to_out", rows, width, width),
            scaled_residual("add", rows, width),
        ]


def residual_block(rows: Size, inputs: Size, outputs: Size) -> list[Operator]:
    """Norm, activation and convolution, twice; a matrix on the way past them where the width changes."""
    shortcut = [convolution("conv_shortcut", rows, inputs, outputs, (1, 1))] if inputs != outputs else []
    return [
        norm("norm1", rows, inputs, vectors=2),
        activation("nonlinearity1", rows, inputs),
        convolution("conv1", rows, inputs, outputs, (3, 3)),
        norm("norm2", rows, outputs, vectors=2),
        activation("nonlinearity2", rows, outputs),
        convolution("conv2", rows, outputs, outputs, (3, 3)),
        *shortcut,
        scaled_residual("add", rows, outputs),
    ]


def scaled_residual(name: str, rows: Size, width: Size) -> Operator:
    """The sum of two, divided by a scale that is one in all releases: a pass of its own."""
    return elementwise(name, rows, width, operations=2, reads=3, writes=2)


def interpolation(name: str, rows: Size, width: Size) -> Operator:
    """Each pixel written four times, to ``rows`` in all."""
    return Operator(name, ELEMENTWISE, rows, moved=Rational(5, 4) * rows * width)


@dataclass(frozen=True)
class AutoencoderKL(ImageDecoder):
    """The VAE of most image models, with 4 or 16 channels in the latent."""

    block_out_channels: tuple[int, ...]
    up_block_types: tuple[UpBlock, ...]
    layers_per_block: int
    latent_channels: int
    out_channels: int = 3
    use_post_quant_conv: bool = True
    mid_block_add_attention: bool = True
    # These do not change the count.
    in_channels: int = 3
    down_block_types: tuple[str, ...] = ("DownEncoderBlock2D",)
    act_fn: str = "silu"
    norm_num_groups: int = 32
    sample_size: int | tuple[int, ...] = 32
    scaling_factor: float = 0.18215
    shift_factor: float | None = None
    latents_mean: tuple[float, ...] | None = None
    latents_std: tuple[float, ...] | None = None
    force_upcast: bool = True
    use_quant_conv: bool = True

    @property
    def widths(self) -> tuple[Any, ...]:
        return self.block_out_channels


@dataclass(frozen=True)
class AutoencoderKLFlux2(ImageDecoder):
    """The same with 32 channels; the pipeline packs and scales the latent, which is not the decoder's work."""

    block_out_channels: tuple[int, ...]
    up_block_types: tuple[UpBlock, ...]
    layers_per_block: int
    latent_channels: int
    decoder_block_out_channels: tuple[int, ...] | None = None
    out_channels: int = 3
    use_post_quant_conv: bool = True
    mid_block_add_attention: bool = True
    # These do not change the count.
    in_channels: int = 3
    down_block_types: tuple[str, ...] = ("DownEncoderBlock2D",) * 4
    act_fn: str = "silu"
    norm_num_groups: int = 32
    sample_size: int | tuple[int, ...] = 1024
    use_quant_conv: bool = True
    batch_norm_eps: float = 1e-4
    batch_norm_momentum: float = 0.1
    patch_size: tuple[int, int] = (2, 2)

    passed_over: ClassVar[frozenset[str]] = frozenset({"force_upcast"})

    @property
    def widths(self) -> tuple[Any, ...]:
        return self.decoder_block_out_channels or self.block_out_channels
