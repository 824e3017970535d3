"""The architectures that people run: from a released configuration to operators, one file per family.

``network_class`` finds the class of a released configuration; its file is imported only then.
"""

from importlib import import_module
from typing import Any

FAMILIES: dict[str, tuple[str, ...]] = {
    "allegro": ("AllegroTransformer3DModel",),
    "auraflow": ("AuraFlowTransformer2DModel",),
    "chroma": ("ChromaTransformer2DModel",),
    "cogvideox": ("CogVideoXTransformer3DModel",),
    "cogview": ("CogView3PlusTransformer2DModel", "CogView4Transformer2DModel"),
    "cosmos": ("CosmosTransformer3DModel",),
    "dit": ("DiTTransformer2DModel",),
    "flux": ("FluxTransformer2DModel",),
    "flux2": ("Flux2Transformer2DModel",),
    "hidream": ("HiDreamImageTransformer2DModel",),
    "hunyuan_dit": ("HunyuanDiT2DModel",),
    "hunyuan_video": ("HunyuanVideoTransformer3DModel",),
    "latte": ("LatteTransformer3DModel",),
    "ltx": ("LTXVideoTransformer3DModel",),
    "lumina2": ("Lumina2Transformer2DModel",),
    "mochi": ("MochiTransformer3DModel",),
    "pixart": ("PixArtTransformer2DModel",),
    "qwen_image": ("QwenImageTransformer2DModel",),
    "sana": ("SanaTransformer2DModel",),
    "sd3": ("SD3Transformer2DModel",),
    "wan": ("WanTransformer3DModel", "WanTransformer3DModelExpandedTimesteps"),
    "z_image": ("ZImageTransformer2DModel",),
    # VAE decoders
    "decoder_allegro": ("AutoencoderKLAllegro",),
    "decoder_cogvideox": ("AutoencoderKLCogVideoX",),
    "decoder_dc": ("AutoencoderDC",),
    "decoder_hunyuan": ("AutoencoderKLHunyuanVideo",),
    "decoder_kl": ("AutoencoderKL", "AutoencoderKLFlux2"),
    "decoder_ltx": ("AutoencoderKLLTXVideo",),
    "decoder_mochi": ("AutoencoderKLMochi",),
    "decoder_qwen_image": ("AutoencoderKLQwenImage",),
    "decoder_wan": ("AutoencoderKLWan",),
    # text encoders
    "clip": ("BertModel", "CLIPTextModel", "CLIPTextModelWithProjection"),
    "language_models": (
        "Gemma2Model", "GlmModel", "LlamaForCausalLM", "LlamaModel", "Mistral3ForConditionalGeneration",
        "Qwen2_5_VLForConditionalGeneration", "Qwen3ForCausalLM", "Qwen3Model",
    ),
    "t5": ("T5EncoderModel", "UMT5EncoderModel"),
}  # fmt: skip
"""File to the released classes it holds."""

MODULES: dict[str, str] = {name: module for module, names in FAMILIES.items() for name in names}
"""Released class to file."""


def network_class(name: str) -> Any:
    """Return the class of this name; raises `KeyError` if there is none."""
    return getattr(import_module(f".{MODULES[name]}", __name__), name)
