"""The video VAE of Open-Sora 1.2, its decoder: more frames, then the pixels of each frame (Zheng et al., 2024).

Described after the published code (hpcaitech/Open-Sora, v1.2.0: opensora/models/vae/vae.py and vae_temporal.py), which
diffusers has not. Five latent frames at a time become 17 frames of the latent of Stable Diffusion XL's VAE, which then
decodes each frame by itself. As in the request of its release, a frame is a latent one; k at the end, fewer than five,
make 4 k - 3.
"""

from dataclasses import dataclass
from typing import Any

from sympy import Expr, Rational

from ...equations.notation import H, W, n_frames, n_latent
from ..network import Decoder, Tile
from ..operators import (
    Operator,
    Size,
    activation,
    at_rows,
    convolution,
    elementwise,
    norm,
    repeated,
    residual,
    within,
)
from .blocks import CUBE, POINT, group_norm
from .kl import AutoencoderKL

CHANNELS, WIDTH, LAYERS = 4, 128, 4
"""Channels of the latent, channels that the multiples are of, residual blocks of a level (VAE_Temporal_SD)."""
MULTIPLES = (4, 2, 2, 1)
"""Widths of the levels, from the latent on."""
LONGER = (True, True, False)
"""Whether frames double after a level."""
FACTOR = 4
"""Frames to a latent frame; of the first one, as many less one are dropped in each clip."""
PIXELS = AutoencoderKL(
    block_out_channels=(128, 256, 512, 512), latent_channels=CHANNELS, layers_per_block=2,
    down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
)  # fmt: skip
"""The VAE of Stable Diffusion XL (pixart_sigma_sdxlvae_T5_diffusers)."""


@dataclass(frozen=True, kw_only=True)
class OpenSoraVAE_V1_2(Decoder):
    """Clips of as many latent frames as ``micro_frame_size`` frames make."""

    micro_frame_size: int = 17

    passed_over = Decoder.passed_over | {"micro_batch_size"}

    @property
    def spatial_factor(self) -> int:
        return PIXELS.spatial_factor

    @property
    def is_video(self) -> bool:
        return True

    @property
    def clip(self) -> int:
        """Latent frames of a clip."""
        return -(-self.micro_frame_size // FACTOR)

    def tiles(self, height: Any, width: Any, latent: Any) -> list[Tile]:
        """Whole clips, and one of what is left."""
        left = latent % self.clip
        return [Tile(latent // self.clip, height, width, self.clip), Tile(1 * (left > 0), height, width, left)]

    def operators(self) -> list[Operator]:
        frames = FACTOR * (n_latent - 1) + 1
        pixels = at_rows(PIXELS.operators(), {n_frames: frames})
        return [*repeated("temporal_vae", 1, self.over_time()), *repeated("spatial_vae", 1, pixels)]

    def over_time(self) -> list[Operator]:
        """Causal convolutions at the size of the latent; frames double by a convolution to twice the channels."""
        rows: Expr = n_latent * H * W * Rational(1, self.spatial_factor**2)
        width = WIDTH * MULTIPLES[0]
        found = [
            convolution("post_quant_conv", rows, CHANNELS, CHANNELS, POINT),
            convolution("decoder.conv1", rows, CHANNELS, width, CUBE),
            *repeated("res_blocks", LAYERS, residual_without_biases(rows, width, width)),
        ]
        for level, multiple in enumerate(MULTIPLES):
            inputs, width = width, WIDTH * multiple
            found += residual_without_biases(rows, inputs, width)
            found += repeated("block_res_blocks", LAYERS - 1, residual_without_biases(rows, width, width))
            if level < len(LONGER) and LONGER[level]:
                found.append(convolution("conv_blocks", rows, width, 2 * width, CUBE))
                rows = 2 * rows
                found.append(elementwise("conv_blocks.rearrange", rows, width, operations=0))
        return [
            *found,
            norm("norm1", rows, width, vectors=2),
            activation("activate", rows, width),
            convolution("conv_out", rows, width, CHANNELS, CUBE),
        ]


def residual_without_biases(rows: Size, inputs: int, outputs: int) -> list[Operator]:
    """Norm, activation and convolution, twice; a matrix on the way past them where the width changes."""
    past = [convolution("conv3", rows, inputs, outputs, POINT, bias=False)] if inputs != outputs else []
    return within(
        "resnets",
        [
            *group_norm("norm1", rows, inputs),
            activation("activate1", rows, inputs),
            convolution("conv1", rows, inputs, outputs, CUBE, bias=False),
            *group_norm("norm2", rows, outputs),
            activation("activate2", rows, outputs),
            convolution("conv2", rows, outputs, outputs, CUBE, bias=False),
            *past,
            residual("add", rows, outputs),
        ],
    )
