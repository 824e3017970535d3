"""The VAE of Qwen-Image, its decoder: that of Wan 2.1, trained further on images (Wu et al., 2025).

Released as diffusers' ``AutoencoderKLQwenImage`` (src/diffusers/models/autoencoders/autoencoder_kl_qwenimage.py). An
image is a single frame to it: nothing is doubled in time, and convolutions over three frames see two empty ones.
"""

from dataclasses import dataclass
from typing import Any

from .wan import CausalDecoder


@dataclass(frozen=True)
class AutoencoderKLQwenImage(CausalDecoder):
    """Wan's decoder under other names."""

    base_dim: int
    z_dim: int
    dim_mult: tuple[int, ...]
    num_res_blocks: int
    temperal_downsample: tuple[bool, ...]
    input_channels: int = 3
    # These do not change the count.
    attn_scales: tuple[float, ...] = ()
    dropout: float = 0.0
    latents_mean: tuple[float, ...] = ()
    latents_std: tuple[float, ...] = ()

    @property
    def base(self) -> Any:
        return self.base_dim

    @property
    def channels_out(self) -> int:
        return self.input_channels
