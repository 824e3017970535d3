"""VAEs of the video models: the latents that they decode. Sizes are of the latent."""

from typing import Any

from torch import Tensor, empty


def latent(net: Any, height: int, width: int, frames: int) -> Tensor:
    return empty(1, net.config.latent_channels, frames, height, width)


def ltx(net: Any, z: Tensor) -> Any:
    return net.decode(z, empty(1) if net.config.timestep_conditioning else None)


def allegro(net: Any, z: Tensor) -> Any:
    """The released class decodes in tiles alone, as its pipeline has it do."""
    net.enable_tiling()
    return net.decode(z)


DECODERS = {
    "AutoencoderKLAllegro": latent,
    "AutoencoderKLCogVideoX": latent,
    "AutoencoderKLHunyuanVideo": latent,
    "AutoencoderKLLTXVideo": latent,
    "AutoencoderKLMochi": latent,
}
SIZES = {
    "AutoencoderKLAllegro": [(40, 40, 6), (60, 64, 11), (90, 160, 22)],
    "AutoencoderKLCogVideoX": [(24, 40, 9), (32, 32, 4), (16, 8, 1)],
    "AutoencoderKLHunyuanVideo": [(8, 16, 33), (12, 20, 7), (16, 8, 4)],
}
"""Latent heights, widths and frames where the usual ones miss something: tiles, and even numbers of frames."""
DECODE = {"AutoencoderKLAllegro": allegro, "AutoencoderKLLTXVideo": ltx}
