"""VAE decoders: latents to decode at batch 1, on the meta device, and the sizes that show how each works."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, empty

from ditcarbon_sym.measure import networks

from .counting import on_meta


def alone(latent: Callable[..., Any]) -> Callable[..., Any]:
    """One output's latent, without values."""
    return lambda net, height, width, frames: on_meta(latent(net, 1, height, width, frames))


def ltx(net: Any, z: Tensor) -> Any:
    return net.decode(z, empty(1) if net.config.timestep_conditioning else None)


def allegro(net: Any, z: Tensor) -> Any:
    """The released class decodes in tiles only, as its pipeline does."""
    net.enable_tiling()
    return net.decode(z)


DECODERS = {kind: alone(latent) for kind, latent in networks.DECODERS.items()}
SIZES = {
    "AutoencoderKLAllegro": [(40, 40, 6), (60, 64, 11), (90, 160, 22)],
    "AutoencoderKLCogVideoX": [(24, 40, 9), (32, 32, 4), (16, 8, 1)],
    "AutoencoderKLMiniMaxH3": [(8, 16, 7), (20, 12, 12), (48, 84, 10)],
    "AutoencoderKLHunyuanVideo15": [(8, 16, 9), (12, 20, 5), (16, 8, 1)],
    "AutoencoderKLHunyuanVideo": [(8, 16, 33), (12, 20, 7), (16, 8, 4)],
}
"""Latent heights, widths and frames where the usual ones miss something: tiles, and even numbers of frames."""


def vocoder(net: Any, spectrogram: Tensor) -> Any:
    """A network of its own, which has no encoder."""
    return net(spectrogram)


DECODE = {
    "AutoencoderKLAllegro": allegro, "AutoencoderKLLTX2Video": ltx, "AutoencoderKLLTXVideo": ltx,
    "LTX2Vocoder": vocoder, "LTX2VocoderWithBWE": vocoder, "MMAudioVocoder": vocoder,
    "MiniMaxMusic3Vocoder": vocoder,
}  # fmt: skip
