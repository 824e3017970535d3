"""The VAE of Qwen-Image, its decoder: that of Wan 2.1, trained further on images (Wu et al., 2025).

Released as diffusers' ``AutoencoderKLQwenImage`` (src/diffusers/models/autoencoders/autoencoder_kl_qwenimage.py). An
image is a single frame to it: nothing is doubled in time, and convolutions over three frames see two empty ones.
"""

from dataclasses import dataclass

from .wan import CausalDecoder


@dataclass(frozen=True, kw_only=True)
class AutoencoderKLQwenImage(CausalDecoder):
    """Wan's decoder under other names."""

    input_channels: int = 3

    @property
    def channels_out(self) -> int:
        return self.input_channels

    @property
    def channels_in(self) -> int:
        return self.input_channels
