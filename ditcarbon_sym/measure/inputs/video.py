"""Video models: what their denoisers and decoders take. Sizes are of the latent; ``batch`` counts guidance passes, too.

One function for each released class: the keyword arguments of one pass. Masks have every text token valid.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .image import Inputs
from .tensors import INDEX, MASK, POSITION, STEP, WHOLE, Tensor, noise, of, usual


def cogvideox(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    side, depth = net.config.patch_size, net.config.patch_size_t or 1
    tokens = (height // side) * (width // side) * (frames // depth)
    rope = (noise(tokens, net.config.attention_head_dim),) * 2
    return {
        **usual(batch, (frames, net.config.in_channels, height, width), (text, net.config.text_embed_dim)),
        "image_rotary_emb": rope if net.config.use_rotary_positional_embeddings else None,
    }  # fmt: skip


def allegro(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    side, third = net.config.patch_size, net.config.attention_head_dim // 3
    tokens = frames * (height // side) * (width // side)
    angles = ((noise(tokens, third),) * 2,) * 3
    return {
        "hidden_states": noise(batch, net.config.in_channels, frames, height, width),
        "encoder_hidden_states": noise(batch, text, net.config.caption_channels),
        "timestep": of(WHOLE, batch), "encoder_attention_mask": of(MASK, batch, text),
        "image_rotary_emb": (angles, of(INDEX, 3, batch, tokens)),
    }  # fmt: skip


def latte(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, frames, height, width), (text, net.config.caption_channels), WHOLE),
    }  # fmt: skip


def hunyuan_video(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, frames, height, width), (text, net.config.text_embed_dim), WHOLE),
        "encoder_attention_mask": of(MASK, batch, text), "guidance": of(STEP, batch),
        "pooled_projections": noise(batch, net.config.pooled_projection_dim),
    }  # fmt: skip


def mochi(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, frames, height, width), (text, net.config.text_embed_dim), WHOLE),
        "encoder_attention_mask": of(MASK, batch, text),
    }  # fmt: skip


def cosmos(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    projected = net.config.use_crossattn_projection
    channels = net.config.crossattn_proj_in_channels if projected else net.config.text_embed_dim
    return {
        **usual(batch, (net.config.in_channels, frames, height, width), (text, channels)),
        "padding_mask": of(POSITION, 1, 1, 8 * height, 8 * width),
    }  # fmt: skip


def ltx(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    side, depth = net.config.patch_size, net.config.patch_size_t
    size = {"num_frames": frames // depth, "height": height // side, "width": width // side}
    tokens = size["num_frames"] * size["height"] * size["width"]
    return {
        **usual(batch, (tokens, net.config.in_channels), (text, net.config.caption_channels)),
        "encoder_attention_mask": of(MASK, batch, text), **size,
    }  # fmt: skip


def video_latent(net: Any, batch: int, height: int, width: int, frames: int) -> Tensor:
    return noise(batch, net.config.latent_channels, frames, height, width)


def wan_latent(net: Any, batch: int, height: int, width: int, frames: int) -> Tensor:
    return noise(batch, net.config.z_dim, frames, height, width)


def any_number_of_frames(net: Any) -> None:
    """Latte adds a table with one position for each of ``video_length`` frames and runs on no other number but 1.

    Of the table only the first is kept, which broadcasts over any number; adding positions has no product to count,
    but ``video_length - 1`` positions are missing from the buffers.
    """
    net.temp_pos_embed = net.temp_pos_embed[:, :1]


def without_torchvision(net: Any) -> None:
    """Cosmos resizes its one-channel padding mask with torchvision, which is a large library to need for that.

    torch's own nearest-neighbour interpolation takes the same pixels; copying pixels has no product to count.
    """
    from types import SimpleNamespace

    from diffusers.models.transformers import transformer_cosmos
    from torch.nn.functional import interpolate

    def nearest(mask: Any, size: list[int], interpolation: str) -> Any:
        return interpolate(mask, size, mode=interpolation)

    transformer_cosmos.transforms = SimpleNamespace(
        functional=SimpleNamespace(resize=nearest), InterpolationMode=SimpleNamespace(NEAREST="nearest")
    )


DENOISERS: Mapping[str, Inputs] = {
    "CogVideoXTransformer3DModel": cogvideox,
    "AllegroTransformer3DModel": allegro,
    "LatteTransformer3DModel": latte,
    "HunyuanVideoTransformer3DModel": hunyuan_video,
    "MochiTransformer3DModel": mochi,
    "CosmosTransformer3DModel": cosmos,
    "LTXVideoTransformer3DModel": ltx,
}
DECODERS: Mapping[str, Callable[[Any, int, int, int, int], Tensor]] = {
    "AutoencoderKLAllegro": video_latent,
    "AutoencoderKLCogVideoX": video_latent,
    "AutoencoderKLHunyuanVideo": video_latent,
    "AutoencoderKLHunyuanVideo15": video_latent,
    "AutoencoderKLLTX2Video": video_latent,
    "AutoencoderKLLTXVideo": video_latent,
    "AutoencoderKLMagvit": video_latent,
    "AutoencoderKLMiniMaxH3": video_latent,
    "AutoencoderKLMochi": video_latent,
    "AutoencoderKLWan": wan_latent,
    "AutoencoderKLQwenImage": wan_latent,
    "AutoencoderKLQwenImage21": wan_latent,
}
RELEASED_AS = {"WanTransformer3DModelExpandedTimesteps": "WanTransformer3DModel"}
"""Our own names for a released class that takes other inputs, and the released name."""
PATCHES: Mapping[str, Callable[[Any], None]] = {
    "LatteTransformer3DModel": any_number_of_frames,
    "CosmosTransformer3DModel": without_torchvision,
}
"""Changes with which a class runs at any size, and without libraries that it hardly uses."""
