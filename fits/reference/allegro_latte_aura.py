"""Allegro, Latte and AuraFlow: what their denoisers take. Sizes are of the latent."""

from typing import Any

from torch import empty, long


def allegro(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    side, third = net.config.patch_size, net.config.attention_head_dim // 3
    tokens = frames * (height // side) * (width // side)
    angles = ((empty(tokens, third),) * 2,) * 3
    positions = empty(3, 1, tokens, dtype=long)
    return {
        "hidden_states": empty(1, net.config.in_channels, frames, height, width),
        "encoder_hidden_states": empty(1, text, net.config.caption_channels),
        "timestep": empty(1, dtype=long), "encoder_attention_mask": empty(1, text),
        "image_rotary_emb": (angles, positions),
    }  # fmt: skip


def latte(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": empty(1, net.config.in_channels, frames, height, width), "timestep": empty(1, dtype=long),
        "encoder_hidden_states": empty(1, text, net.config.caption_channels),
    }  # fmt: skip


def any_number_of_frames(net: Any) -> None:
    """Latte adds a table with one position for each of ``video_length`` frames and runs on no other number but 1.

    Of the table only the first is kept, which broadcasts over any number; adding positions has no product to count,
    but ``video_length - 1`` positions are missing from the buffers.
    """
    net.temp_pos_embed = net.temp_pos_embed[:, :1]


def auraflow(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": empty(1, net.config.in_channels, height, width), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.joint_attention_dim),
    }  # fmt: skip


DENOISERS = {
    "AllegroTransformer3DModel": allegro,
    "LatteTransformer3DModel": latte,
    "AuraFlowTransformer2DModel": auraflow,
}
PATCHES = {"LatteTransformer3DModel": any_number_of_frames}
