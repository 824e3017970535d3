"""Wan's family: what its denoisers take. Sizes are of the latent; ``batch`` counts guidance passes, too."""

from collections.abc import Mapping
from typing import Any

from .image import Inputs
from .tensors import STEP, noise, of, usual

IMAGE_TOKENS = 257


def wan(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Image tokens go in where the network has an embedder for them; of two images as a batch twice as large."""
    known = net.config
    wide, places = getattr(known, "image_dim", None), getattr(known, "pos_embed_seq_len", None)
    images, tokens = (1, IMAGE_TOKENS) if places is None else (2, places // 2)
    image = {} if wide is None else {"encoder_hidden_states_image": noise(images * batch, tokens, wide)}
    return {
        **usual(batch, (known.in_channels, frames, height, width), (text, known.text_dim)), **image,
    }  # fmt: skip


def expanded(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """One timestep for each video token (WanPipeline with ``expand_timesteps``)."""
    depth, tall, wide = net.config.patch_size
    tokens = (frames // depth) * (height // tall) * (width // wide)
    return {**wan(net, batch, height, width, frames, text), "timestep": of(STEP, batch, tokens)}


def vace(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    control = noise(batch, net.config.vace_in_channels, frames, height, width)
    return {**wan(net, batch, height, width, frames, text), "control_hidden_states": control}


def skyreels(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    rate = {"fps": [0] * batch} if net.config.inject_sample_info else {}
    return {**wan(net, batch, height, width, frames, text), **rate}


def anyflow(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """The latent frame by frame, and two timesteps for each."""
    return {
        **wan(net, batch, height, width, frames, text),
        "hidden_states": noise(batch, frames, net.config.in_channels, height, width),
        "timestep": of(STEP, batch, frames), "r_timestep": of(STEP, batch, frames),
    }  # fmt: skip


def helios(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """A chunk, beside 2 clean frames, 2 in patches twice as large and 16 in patches four times as large."""
    sizes = {"short": 2, "mid": 2, "long": 16} if net.config.has_multi_term_memory_patch else {}
    return {
        **wan(net, batch, height, width, frames, text), "indices_hidden_states": of(STEP, batch, frames),
        **{f"latents_history_{x}": noise(batch, net.config.in_channels, n, height, width) for x, n in sizes.items()},
        **{f"indices_latents_history_{x}": of(STEP, batch, n) for x, n in sizes.items()},
    }  # fmt: skip


def animate(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """A frame of the character before the others; poses of these, and a face for each output frame."""
    known = net.config
    side = known.motion_encoder_size
    return {
        **wan(net, batch, height, width, frames + 1, text),
        "pose_hidden_states": noise(batch, known.latent_channels, frames, height, width),
        "face_pixel_values": noise(batch, 3, 4 * frames - 3, side, side),
    }  # fmt: skip


DENOISERS: Mapping[str, Inputs] = {
    "WanAnimateTransformer3DModel": animate,
    "WanTransformer3DModel": wan,
    "WanTransformer3DModelExpandedTimesteps": expanded,
    "WanVACETransformer3DModel": vace,
    "SkyReelsV2Transformer3DModel": skyreels,
    "ChronoEditTransformer3DModel": wan,
    "AnyFlowTransformer3DModel": anyflow,
    "HeliosTransformer3DModel": helios,
}
