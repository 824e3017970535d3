"""Image models: what their denoisers and decoders take. Sizes are of the latent; ``batch`` counts guidance passes, too.

One function for each released class: the keyword arguments of one pass. Masks have every text token valid.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .tensors import INDEX, MASK, POSITION, SIZE, STEP, WHOLE, Tensor, noise, of, usual

Inputs = Callable[[Any, int, int, int, int, int], dict[str, Any]]
"""From a network, the batch and the latent's height, width and frames, and the text tokens, to what it takes."""


def dit(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": noise(batch, net.config.in_channels, height, width),
        "timestep": of(WHOLE, batch), "class_labels": of(INDEX, batch),
    }  # fmt: skip


def pixart(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    sizes = {"resolution": of(SIZE, batch, 2), "aspect_ratio": of(STEP, batch, 1)}
    return {
        **usual(batch, (net.config.in_channels, height, width), (text, net.config.caption_channels), WHOLE),
        "added_cond_kwargs": sizes if net.use_additional_conditions else {"resolution": None, "aspect_ratio": None},
    }  # fmt: skip


def sd3(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, height, width), (text, net.config.joint_attention_dim)),
        "pooled_projections": noise(batch, net.config.pooled_projection_dim),
    }  # fmt: skip


def unpooled(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Two by two latent pixels a token, and coordinates of tokens and text."""
    tokens = (height // 2) * (width // 2)
    return {
        **usual(batch, (tokens, net.config.in_channels), (text, net.config.joint_attention_dim)),
        "img_ids": of(POSITION, tokens, 3), "txt_ids": of(POSITION, text, 3),
    }  # fmt: skip


def flux(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **unpooled(net, batch, height, width, frames, text),
        "guidance": of(STEP, batch) if net.config.guidance_embeds else None,
        "pooled_projections": noise(batch, net.config.pooled_projection_dim),
    }


def flux2(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    tokens, axes = (height // 2) * (width // 2), len(net.config.axes_dims_rope)
    return {
        **usual(batch, (tokens, net.config.in_channels), (text, net.config.joint_attention_dim)),
        "guidance": of(STEP, batch) if net.config.guidance_embeds else None,
        "img_ids": of(POSITION, batch, tokens, axes), "txt_ids": of(POSITION, batch, text, axes),
    }  # fmt: skip


def qwen_image(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    tall, wide = height // 2, width // 2
    return {
        **usual(batch, (tall * wide, net.config.in_channels), (text, net.config.joint_attention_dim)),
        "encoder_hidden_states_mask": None, "img_shapes": [[(1, tall, wide)]] * batch,
        **({"additional_t_cond": of(INDEX, batch)} if getattr(net.config, "use_additional_t_cond", False) else {}),
    }  # fmt: skip


def auraflow(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, height, width), (text, net.config.joint_attention_dim)),
    }  # fmt: skip


def hunyuan_dit(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """The text has a fixed length, whatever is asked for."""
    known = net.config
    tokens = (height // known.patch_size) * (width // known.patch_size)
    extra = {"image_meta_size": of(SIZE, batch, 6), "style": of(INDEX, batch)}
    return {
        **usual(batch, (known.in_channels, height, width), (known.text_len, known.cross_attention_dim)),
        "text_embedding_mask": of(MASK, batch, known.text_len),
        "encoder_hidden_states_t5": noise(batch, known.text_len_t5, known.cross_attention_dim_t5),
        "text_embedding_mask_t5": of(MASK, batch, known.text_len_t5),
        "image_rotary_emb": (noise(tokens, known.attention_head_dim),) * 2,
        **(extra if known.use_style_cond_and_image_meta_size else {}),
    }  # fmt: skip


def lumina2(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, height, width), (text, net.config.cap_feat_dim)),
        "encoder_attention_mask": of(MASK, batch, text),
    }  # fmt: skip


def z_image(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "x": [noise(net.config.in_channels, frames, height, width)] * batch, "t": of(STEP, batch),
        "cap_feats": [noise(text, net.config.cap_feat_dim)] * batch,
        "patch_size": net.config.all_patch_size[0], "f_patch_size": net.config.all_f_patch_size[0],
    }  # fmt: skip


def hidream(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Both encoders give ``text`` tokens; Llama gives those of all its layers."""
    t5, llama = net.config.caption_channels
    return {
        "hidden_states": noise(batch, net.config.in_channels, height, width), "timesteps": of(STEP, batch),
        "encoder_hidden_states_t5": noise(batch, text, t5),
        "encoder_hidden_states_llama3": noise(max(net.config.llama_layers) + 1, batch, text, llama),
        "pooled_embeds": noise(batch, net.config.text_emb_dim),
    }  # fmt: skip


def sana(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, height, width), (text, net.config.caption_channels)),
        "encoder_attention_mask": of(MASK, batch, text),
        "guidance": of(STEP, batch) if net.config.guidance_embeds else None,
    }  # fmt: skip


def cogview(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, height, width), (text, net.config.text_embed_dim)),
        "original_size": of(SIZE, batch, 2), "target_size": of(SIZE, batch, 2), "crop_coords": of(SIZE, batch, 2),
    }  # fmt: skip


def image_latent(net: Any, batch: int, height: int, width: int, frames: int) -> Tensor:
    """Frames are decoded side by side, as a batch of images."""
    return noise(batch * frames, net.config.latent_channels, height, width)


DENOISERS: Mapping[str, Inputs] = {
    "DiTTransformer2DModel": dit,
    "PixArtTransformer2DModel": pixart,
    "SD3Transformer2DModel": sd3,
    "FluxTransformer2DModel": flux,
    "Flux2Transformer2DModel": flux2,
    "ChromaTransformer2DModel": unpooled,
    "QwenImageTransformer2DModel": qwen_image,
    "AuraFlowTransformer2DModel": auraflow,
    "HunyuanDiT2DModel": hunyuan_dit,
    "Lumina2Transformer2DModel": lumina2,
    "ZImageTransformer2DModel": z_image,
    "HiDreamImageTransformer2DModel": hidream,
    "SanaTransformer2DModel": sana,
    "CogView3PlusTransformer2DModel": cogview,
    "CogView4Transformer2DModel": cogview,
}
DECODERS: Mapping[str, Callable[[Any, int, int, int, int], Tensor]] = {
    "AutoencoderKL": image_latent,
    "AutoencoderKLFlux2": image_latent,
    "AutoencoderDC": image_latent,
}
SQUARE = {"DiTTransformer2DModel": "its last reshape takes latents of equal sides alone"}
