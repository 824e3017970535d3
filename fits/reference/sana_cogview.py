"""SANA, CogView3-Plus and CogView4: what their denoisers take. Sizes are of the latent."""

from typing import Any

from torch import empty


def sana(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": empty(1, net.config.in_channels, height, width), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.caption_channels),
        "encoder_attention_mask": empty(1, text),
        "guidance": empty(1) if net.config.guidance_embeds else None,
    }  # fmt: skip


def cogview(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": empty(1, net.config.in_channels, height, width), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.text_embed_dim),
        "original_size": empty(1, 2), "target_size": empty(1, 2), "crop_coords": empty(1, 2),
    }  # fmt: skip


DENOISERS = {
    "SanaTransformer2DModel": sana,
    "CogView3PlusTransformer2DModel": cogview,
    "CogView4Transformer2DModel": cogview,
}
