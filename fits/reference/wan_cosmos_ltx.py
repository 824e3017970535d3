"""Wan, Cosmos and LTX-Video: what their denoisers take. Sizes are of the latent."""

from types import SimpleNamespace
from typing import Any

from diffusers.models.transformers import transformer_cosmos
from torch import Tensor, empty
from torch.nn.functional import interpolate


def wan(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": empty(1, net.config.in_channels, frames, height, width), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.text_dim),
    }  # fmt: skip


def wan_expanded(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """One timestep for each video token (WanPipeline with ``expand_timesteps``)."""
    depth, tall, wide = net.config.patch_size
    tokens = (frames // depth) * (height // tall) * (width // wide)
    return {**wan(net, height, width, frames, text), "timestep": empty(1, tokens)}


def cosmos(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    projected = net.config.use_crossattn_projection
    channels = net.config.crossattn_proj_in_channels if projected else net.config.text_embed_dim
    return {
        "hidden_states": empty(1, net.config.in_channels, frames, height, width), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, channels), "padding_mask": empty(1, 1, 8 * height, 8 * width),
    }  # fmt: skip


def ltx(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    side, depth = net.config.patch_size, net.config.patch_size_t
    size = {"num_frames": frames // depth, "height": height // side, "width": width // side}
    tokens = size["num_frames"] * size["height"] * size["width"]
    return {
        "hidden_states": empty(1, tokens, net.config.in_channels), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.caption_channels),
        "encoder_attention_mask": empty(1, text), **size,
    }  # fmt: skip


def nearest(mask: Tensor, size: list[int], interpolation: str) -> Tensor:
    return interpolate(mask, size, mode=interpolation)


def without_torchvision(net: Any) -> None:
    """Cosmos resizes its one-channel padding mask with torchvision, which this environment does without.

    torch's own nearest-neighbour interpolation takes the same pixels; copying pixels has no product to count.
    """
    transformer_cosmos.transforms = SimpleNamespace(
        functional=SimpleNamespace(resize=nearest), InterpolationMode=SimpleNamespace(NEAREST="nearest")
    )


DENOISERS = {
    "WanTransformer3DModel": wan,
    "WanTransformer3DModelExpandedTimesteps": wan_expanded,
    "CosmosTransformer3DModel": cosmos,
    "LTXVideoTransformer3DModel": ltx,
}
RELEASED_AS = {"WanTransformer3DModelExpandedTimesteps": "WanTransformer3DModel"}
"""Classes of ours that are a released class at other work."""
PATCHES = {"CosmosTransformer3DModel": without_torchvision}
