"""Image models whose pipelines pack latent pixels into tokens, and others of 2025 and later: what denoisers take.

One function for each released class: the keyword arguments of one pass. Masks have every text token valid.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .image import Inputs, image_latent, unpooled
from .tensors import INDEX, MASK, POSITION, SIZE, STEP, Tensor, noise, of, usual


def fibo(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """A layer of the language model for each block; latent pixels are not packed."""
    blocks = net.config.num_layers + net.config.num_single_layers
    return {
        **unpooled(net, batch, 2 * height, 2 * width, frames, text),
        "guidance": of(STEP, batch) if net.config.guidance_embeds else None,
        "text_encoder_layers": [noise(batch, text, net.config.text_encoder_dim)] * blocks,
    }


def krea2(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Several layers of the language model for each text token."""
    tokens, known = (height // 2) * (width // 2), net.config
    return {
        **usual(batch, (tokens, known.in_channels), (text, known.num_text_layers, known.text_hidden_dim)),
        "position_ids": of(POSITION, text + tokens, 3), "encoder_attention_mask": of(MASK, batch, text),
    }  # fmt: skip


def lumina_next(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    known = net.config
    side, head = known.patch_size, known.hidden_size // known.num_attention_heads
    return {
        **usual(batch, (known.in_channels, height, width), (text, known.cross_attention_dim)),
        "encoder_mask": of(MASK, batch, text), "cross_attention_kwargs": {},
        "image_rotary_emb": noise(height // side, width // side, head // 2),
    }  # fmt: skip


def hunyuan_image(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Of the text rows 128 are those of ByT5, where the network reads it."""
    known, glyphs = net.config, 128 if net.config.text_embed_2_dim is not None else 0
    taken = {
        **usual(batch, (known.in_channels, height, width), (text - glyphs, known.text_embed_dim)),
        "encoder_attention_mask": of(MASK, batch, text - glyphs),
        "timestep_r": of(STEP, batch) if known.use_meanflow else None,
        "guidance": of(STEP, batch) if known.guidance_embeds else None,
    }  # fmt: skip
    if glyphs:
        taken["encoder_hidden_states_2"] = noise(batch, glyphs, known.text_embed_2_dim)
        taken["encoder_attention_mask_2"] = of(MASK, batch, glyphs)
    return taken


def omnigen(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Prompt, timestep, latent: one sequence."""
    known = net.config
    rows = text + 1 + (height // known.patch_size) * (width // known.patch_size)
    return {
        "hidden_states": noise(batch, known.in_channels, height, width), "timestep": of(STEP, batch),
        "input_ids": of(INDEX, batch, text), "input_img_latents": [], "input_image_sizes": {},
        "attention_mask": of(POSITION, batch, rows, rows), "position_ids": of(INDEX, batch, rows),
    }  # fmt: skip


def prx(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, height, width), (text, net.config.context_in_dim)),
        "attention_mask": of(MASK, batch, text),
    }  # fmt: skip


def ernie(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": noise(batch, net.config.in_channels, height // 2, width // 2), "timestep": of(STEP, batch),
        "text_bth": noise(batch, text, net.config.text_in_dim), "text_lens": of(SIZE, batch),
    }  # fmt: skip


def glm_image(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Each latent row has a token that a language model made."""
    known = net.config
    rows = (height // known.patch_size) * (width // known.patch_size)
    return {
        **usual(batch, (known.in_channels, height, width), (text, known.text_embed_dim)),
        "prior_token_id": of(INDEX, batch, rows), "prior_token_drop": of(MASK, batch, rows),
        "target_size": of(SIZE, batch, 2), "crop_coords": of(SIZE, batch, 2),
    }  # fmt: skip


def ideogram4(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Text and latents in one sequence, each row of both widths."""
    known, rows = net.config, text + (height // 2) * (width // 2)
    return {
        **usual(batch, (rows, known.in_channels), (rows, known.llm_features_dim)),
        "position_ids": of(INDEX, batch, rows, 3), "segment_ids": of(INDEX, batch, rows),
        "indicator": of(INDEX, batch, rows),
    }  # fmt: skip


def joy_image(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    known = net.config
    return {
        **usual(batch, (known.in_channels, frames, height, width), (text, known.text_dim)),
    }  # fmt: skip


def joy_image_plus(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """The latent as patches, and how they lie."""
    known = net.config
    depth, tall, wide = known.patch_size
    grid = (frames // depth, height // tall, width // wide)
    return {
        **usual(batch, (grid[0] * grid[1] * grid[2], known.in_channels, depth, tall, wide), (text, known.text_dim)),
        "shape_list": [[grid]] * batch,
    }  # fmt: skip


def nucleus(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    tall, wide = height // 2, width // 2
    return {
        **usual(batch, (tall * wide, net.config.in_channels), (text, net.config.joint_attention_dim)),
        "encoder_hidden_states_mask": None, "img_shapes": [(1, tall, wide)] * batch,
    }  # fmt: skip


def flux3(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    tokens, axes = (height // 2) * (width // 2), len(net.config.axes_dims_rope)
    return {
        **usual(batch, (tokens, net.config.in_channels), (text, net.config.joint_attention_dim)),
        "img_ids": of(POSITION, tokens, axes), "txt_ids": of(POSITION, text, axes),
        "target_timestep": of(STEP, batch) if net.config.flow_map else None,
    }  # fmt: skip


def qwen_image21(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """A place of the encoder's sequence stands for 2 x 2 latent pixels; the mask says which places those are.

    It is read by value, and so a list here; ``keys_at_hand`` makes it a tensor.
    """
    known, tokens = net.config, height * width
    return {
        **usual(batch, (tokens, known.in_channels), (text, known.context_in_dim)),
        "img_shapes": [[(1, height, width)]] * batch,
        "img_mask": [[False] * text + [True] * (tokens // 4)] * batch,
    }  # fmt: skip


def keys_at_hand(net: Any) -> None:
    """A pass of Qwen-Image 2.1 after the first: keys and values of the text are there, with random values."""
    import torch
    from diffusers.models.transformers.transformer_qwenimage21 import QwenImage21KVCache

    known, whole = net.config, net.forward

    def forward(encoder_hidden_states: Any, img_mask: Any, **taken: Any) -> Any:
        cache = QwenImage21KVCache(known.num_layers)
        shape = (*encoder_hidden_states.shape[:2], known.num_attention_heads, known.attention_head_dim)
        kept = torch.rand(shape, device=encoder_hidden_states.device, dtype=encoder_hidden_states.dtype)
        for layer in cache.layer_caches:
            layer.store(kept, kept)
        own = "cpu" if encoder_hidden_states.device.type == "meta" else encoder_hidden_states.device
        mask = torch.tensor(img_mask, device=own)
        text = encoder_hidden_states
        return whole(encoder_hidden_states=text, img_mask=mask, kv_cache=cache, kv_cache_mode="cached", **taken)

    net.forward = forward


def prior(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """A vector to denoise, and the text, pooled and row by row."""
    known = net.config
    return {
        "hidden_states": noise(batch, known.embedding_dim), "timestep": of(STEP, batch),
        "proj_embedding": noise(batch, known.embedding_proj_dim or known.embedding_dim),
        "encoder_hidden_states": noise(batch, text, known.embedding_dim), "attention_mask": of(MASK, batch, text),
    }  # fmt: skip


def positions_as_weights(net: Any) -> None:
    """OmniGen keeps its positions in the checkpoint, and so they are loaded as precise as the weights."""
    module = net.patch_embedding
    module.pos_embed = module.pos_embed.to(module.output_image_proj.weight.dtype)


DENOISERS: Mapping[str, Inputs] = {
    "BriaTransformer2DModel": unpooled,
    "BriaFiboTransformer2DModel": fibo,
    "ErnieImageTransformer2DModel": ernie,
    "Flux3Transformer2DModel": flux3,
    "GlmImageTransformer2DModel": glm_image,
    "HunyuanImageTransformer2DModel": hunyuan_image,
    "Ideogram4Transformer2DModel": ideogram4,
    "JoyImageEditPlusTransformer3DModel": joy_image_plus,
    "JoyImageEditTransformer3DModel": joy_image,
    "Krea2Transformer2DModel": krea2,
    "LongCatImageTransformer2DModel": unpooled,
    "LuminaNextDiT2DModel": lumina_next,
    "NucleusMoEImageTransformer2DModel": nucleus,
    "OmniGenTransformer2DModel": omnigen,
    "PRXTransformer2DModel": prx,
    "OvisImageTransformer2DModel": unpooled,
    "PriorTransformer": prior,
    "QwenImage21Transformer2DModel": qwen_image21,
}
PATCHES: Mapping[str, Callable[[Any], None]] = {
    "OmniGenTransformer2DModel": positions_as_weights,
    "QwenImage21Transformer2DModel": keys_at_hand,
}
"""Changes with which a class runs as in its pipeline."""
DECODERS: Mapping[str, Callable[[Any, int, int, int, int], Tensor]] = {"AutoencoderKLHunyuanImage": image_latent}
