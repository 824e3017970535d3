"""The paper's families and FLUX.1: what their denoisers take. Sizes are of the latent."""

from typing import Any

from torch import empty, long


def dit(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": empty(1, net.config.in_channels, height, width),
        "timestep": empty(1, dtype=long), "class_labels": empty(1, dtype=long),
    }  # fmt: skip


def pixart(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    sizes = {"resolution": empty(1, 2), "aspect_ratio": empty(1, 1)}
    return {
        "hidden_states": empty(1, net.config.in_channels, height, width), "timestep": empty(1, dtype=long),
        "encoder_hidden_states": empty(1, text, net.config.caption_channels),
        "added_cond_kwargs": sizes if net.use_additional_conditions else {"resolution": None, "aspect_ratio": None},
    }  # fmt: skip


def sd3(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": empty(1, net.config.in_channels, height, width), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.joint_attention_dim),
        "pooled_projections": empty(1, net.config.pooled_projection_dim),
    }  # fmt: skip


def cogvideox(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    side, depth = net.config.patch_size, net.config.patch_size_t or 1
    tokens = (height // side) * (width // side) * (frames // depth)
    rope = (empty(tokens, net.config.attention_head_dim),) * 2
    return {
        "hidden_states": empty(1, frames, net.config.in_channels, height, width), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.text_embed_dim),
        "image_rotary_emb": rope if net.config.use_rotary_positional_embeddings else None,
    }  # fmt: skip


def flux(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    tokens = (height // 2) * (width // 2)
    return {
        "hidden_states": empty(1, tokens, net.config.in_channels), "timestep": empty(1),
        "guidance": empty(1) if net.config.guidance_embeds else None,
        "encoder_hidden_states": empty(1, text, net.config.joint_attention_dim),
        "pooled_projections": empty(1, net.config.pooled_projection_dim),
        "img_ids": empty(tokens, 3), "txt_ids": empty(text, 3),
    }  # fmt: skip


SQUARE = {"DiTTransformer2DModel": "its last reshape takes latents of equal sides alone"}
DENOISERS = {
    "DiTTransformer2DModel": dit,
    "PixArtTransformer2DModel": pixart,
    "SD3Transformer2DModel": sd3,
    "CogVideoXTransformer3DModel": cogvideox,
    "FluxTransformer2DModel": flux,
}
