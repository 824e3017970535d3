"""The released denoisers as diffusers classes on the meta device, and their parameters. Needs the extra ``verify``.

Nothing is downloaded and no weights exist: a class and its configuration make every tensor's shape.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import diffusers
import torch

PIXART: Mapping[str, Any] = {
    "num_attention_heads": 16,
    "attention_head_dim": 72,
    "in_channels": 4,
    "out_channels": 8,
    "num_layers": 28,
    "cross_attention_dim": 1152,
    "caption_channels": 4096,
    "norm_type": "ada_norm_single",
    "patch_size": 2,
    "attention_bias": True,
    "activation_fn": "gelu-approximate",
    "num_embeds_ada_norm": 1000,
    "norm_eps": 1e-6,
    "norm_elementwise_affine": False,
}
"""As diffusers' scripts/convert_pixart_alpha_to_diffusers.py wrote the released checkpoints."""

SD3: Mapping[str, Any] = {
    "attention_head_dim": 64,
    "joint_attention_dim": 4096,
    "pooled_projection_dim": 2048,
    "in_channels": 16,
    "out_channels": 16,
    "patch_size": 2,
    "sample_size": 128,
    "pos_embed_max_size": 192,
}
DENOISERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "dit-xl-2-256": (
        "DiTTransformer2DModel",
        {"num_layers": 28, "num_attention_heads": 16, "attention_head_dim": 72, "out_channels": 8, "sample_size": 32},
    ),
    "pixart-alpha": ("PixArtTransformer2DModel", {**PIXART, "sample_size": 128}),
    "sd3-medium": (
        "SD3Transformer2DModel",
        {**SD3, "num_layers": 24, "num_attention_heads": 24, "caption_projection_dim": 1536},
    ),
    "sd3.5-large": (
        "SD3Transformer2DModel",
        {**SD3, "num_layers": 38, "num_attention_heads": 38, "caption_projection_dim": 2432, "qk_norm": "rms_norm"},
    ),
    "cogvideox-2b": (
        "CogVideoXTransformer3DModel",
        {
            "num_layers": 30,
            "num_attention_heads": 30,
            "attention_head_dim": 64,
            "time_embed_dim": 512,
            "text_embed_dim": 4096,
            "max_text_seq_length": 226,
        },
    ),
}
"""Catalogue id: class and configuration of the release. Sources: diffusers' conversion scripts and class defaults;
CogVideo's sat/configs/cogvideox_2b.yaml; for depth and qk_norm of SD3 and SD3.5, copies of the released config.json.
"""


def on_meta(class_name: str, configuration: Mapping[str, Any]) -> Any:
    with torch.device("meta"):
        return getattr(diffusers, class_name)(**configuration).eval()


def count_parameters() -> Iterator[tuple[str, str, int, int, str]]:
    """Yield catalogue id, class, elements of the parameters and of the buffers (each tensor once), and a note."""
    for model, (class_name, configuration) in DENOISERS.items():
        net = on_meta(class_name, configuration)
        yield model, class_name, elements(net.parameters()), elements(net.buffers()), note(model, net)


def elements(tensors: Iterable[Any]) -> int:
    return sum(int(tensor.numel()) for tensor in tensors)


def note(model: str, net: Any) -> str:
    if model == "pixart-alpha":
        return "1024-px release: with embedders of size and aspect ratio"
    if model != "dit-xl-2-256":
        return ""
    copies = [elements(block.norm1.emb.parameters()) for block in net.transformer_blocks]
    original = elements(net.parameters()) - sum(copies[1:]) + elements(net.buffers())
    return (
        f"this class holds the timestep and label embedders ({copies[0]}) in each of its {len(copies)} blocks; "
        f"the original code holds them once and calls the position embedding a parameter: {original}"
    )
