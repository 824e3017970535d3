"""Image models whose pipelines pack latent pixels into tokens, and others of 2025 and later: what denoisers take.

One function for each released class: the keyword arguments of one pass. Masks have every text token valid.
"""

from collections.abc import Mapping
from typing import Any

from .image import Inputs
from .tensors import MASK, POSITION, STEP, noise, of


def unpooled(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    tokens = (height // 2) * (width // 2)
    return {
        "hidden_states": noise(batch, tokens, net.config.in_channels), "timestep": of(STEP, batch),
        "encoder_hidden_states": noise(batch, text, net.config.joint_attention_dim),
        "img_ids": of(POSITION, tokens, 3), "txt_ids": of(POSITION, text, 3),
    }  # fmt: skip


def fibo(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """A layer of the language model for each block."""
    blocks = net.config.num_layers + net.config.num_single_layers
    return {
        **unpooled(net, batch, height, width, frames, text),
        "guidance": of(STEP, batch) if net.config.guidance_embeds else None,
        "text_encoder_layers": [noise(batch, text, net.config.text_encoder_dim)] * blocks,
    }


def krea2(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Several layers of the language model for each text token."""
    tokens, known = (height // 2) * (width // 2), net.config
    return {
        "hidden_states": noise(batch, tokens, known.in_channels), "timestep": of(STEP, batch),
        "encoder_hidden_states": noise(batch, text, known.num_text_layers, known.text_hidden_dim),
        "position_ids": of(POSITION, text + tokens, 3), "encoder_attention_mask": of(MASK, batch, text),
    }  # fmt: skip


DENOISERS: Mapping[str, Inputs] = {
    "BriaTransformer2DModel": unpooled,
    "BriaFiboTransformer2DModel": fibo,
    "Krea2Transformer2DModel": krea2,
    "LongCatImageTransformer2DModel": unpooled,
    "OvisImageTransformer2DModel": unpooled,
}
