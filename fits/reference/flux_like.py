"""Networks in the manner of FLUX: FLUX.2, Chroma and Qwen-Image. Sizes are of the latent; tokens are packed."""

from typing import Any

from torch import empty


def flux2(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    tokens, axes = (height // 2) * (width // 2), len(net.config.axes_dims_rope)
    return {
        "hidden_states": empty(1, tokens, net.config.in_channels), "timestep": empty(1),
        "guidance": empty(1) if net.config.guidance_embeds else None,
        "encoder_hidden_states": empty(1, text, net.config.joint_attention_dim),
        "img_ids": empty(1, tokens, axes), "txt_ids": empty(1, text, axes),
    }  # fmt: skip


def chroma(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    tokens = (height // 2) * (width // 2)
    return {
        "hidden_states": empty(1, tokens, net.config.in_channels), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.joint_attention_dim),
        "img_ids": empty(tokens, 3), "txt_ids": empty(text, 3),
    }  # fmt: skip


def qwen_image(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    tall, wide = height // 2, width // 2
    return {
        "hidden_states": empty(1, tall * wide, net.config.in_channels), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.joint_attention_dim),
        "encoder_hidden_states_mask": None, "img_shapes": [[(1, tall, wide)]],
    }  # fmt: skip


DENOISERS = {
    "ChromaTransformer2DModel": chroma,
    "Flux2Transformer2DModel": flux2,
    "QwenImageTransformer2DModel": qwen_image,
}
