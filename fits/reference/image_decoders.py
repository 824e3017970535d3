"""VAEs of image models, and Wan's, which some of them share: latents to decode. Sizes are of the latent."""

from typing import Any

from torch import Tensor, empty


def images(net: Any, height: int, width: int, frames: int) -> Tensor:
    """Frames are images to these: decoded side by side, as a batch."""
    return empty(frames, net.config.latent_channels, height, width, device="meta")


def video(net: Any, height: int, width: int, frames: int) -> Tensor:
    return empty(1, net.config.z_dim, frames, height, width, device="meta")


DECODERS = {
    "AutoencoderKL": images,
    "AutoencoderKLFlux2": images,
    "AutoencoderDC": images,
    "AutoencoderKLWan": video,
    "AutoencoderKLQwenImage": video,
}
