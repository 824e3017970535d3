"""Small made-up configurations of every supported denoiser: a released one with other widths, depths and heads."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from ditcarbon_sym.architectures import ELSEWHERE, MODULES, network_class
from ditcarbon_sym.architectures.network import Denoiser
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.files import DATA, read_toml
from tests.verify import image_configurations, video_configurations as video

FEW, WIDE = st.integers(1, 3), st.integers(1, 4)
TEXT = st.sampled_from([24, 64, 96])
Drawn = Mapping[str, Any]

VARIED: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "AllegroTransformer3DModel": {"num_layers": FEW, "num_attention_heads": WIDE, "caption_channels": TEXT},
    "AuraFlowTransformer2DModel": {
        "num_mmdit_layers": FEW, "num_single_dit_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT,
    },
    "ChromaTransformer2DModel": {
        "num_layers": FEW, "num_single_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT,
        "approximator_layers": FEW, "approximator_hidden_dim": TEXT,
    },
    "CogVideoXTransformer3DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "time_embed_dim": TEXT, "text_embed_dim": TEXT,
        "attention_bias": st.booleans(), "norm_elementwise_affine": st.booleans(),
    },
    "CogView3PlusTransformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "text_embed_dim": TEXT, "time_embed_dim": TEXT,
    },
    "CogView4Transformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "text_embed_dim": TEXT, "time_embed_dim": TEXT,
    },
    "CosmosTransformer3DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "text_embed_dim": TEXT, "adaln_lora_dim": TEXT,
        "mlp_ratio": st.sampled_from([2.0, 2.9, 4.0]),
    },
    "DiTTransformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "attention_head_dim": st.sampled_from([16, 72]),
        "num_embeds_ada_norm": st.integers(1, 50), "activation_fn": st.sampled_from(["gelu-approximate", "geglu"]),
    },
    "Flux2Transformer2DModel": {
        "num_layers": FEW, "num_single_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT,
        "mlp_ratio": st.sampled_from([2.0, 3.0]),
    },
    "FluxTransformer2DModel": {
        "num_layers": FEW, "num_single_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT,
        "pooled_projection_dim": TEXT, "guidance_embeds": st.booleans(),
    },
    "HiDreamImageTransformer2DModel": {
        "num_layers": FEW, "num_single_layers": FEW, "num_attention_heads": WIDE, "text_emb_dim": TEXT,
        "num_routed_experts": st.integers(2, 5), "num_activated_experts": st.integers(1, 2),
    },
    "HunyuanDiT2DModel": {
        "num_layers": st.sampled_from([1, 2, 4]), "num_attention_heads": WIDE, "cross_attention_dim": TEXT,
        "pooled_projection_dim": TEXT, "mlp_ratio": st.sampled_from([2.0, 4.3637]),
    },
    "HunyuanVideoTransformer3DModel": {
        "num_layers": FEW, "num_single_layers": FEW, "num_refiner_layers": FEW, "num_attention_heads": WIDE,
        "text_embed_dim": TEXT, "pooled_projection_dim": TEXT, "guidance_embeds": st.booleans(),
    },
    "LTXVideoTransformer3DModel": {"num_layers": FEW, "num_attention_heads": WIDE, "caption_channels": TEXT},
    "LatteTransformer3DModel": {"num_layers": FEW, "num_attention_heads": WIDE, "caption_channels": TEXT},
    "Lumina2Transformer2DModel": {
        "num_layers": FEW, "num_refiner_layers": FEW, "num_kv_heads": WIDE, "cap_feat_dim": TEXT,
        "multiple_of": st.sampled_from([16, 256]),
    },
    "MochiTransformer3DModel": {
        "num_layers": st.integers(2, 3), "num_attention_heads": WIDE, "text_embed_dim": TEXT, "time_embed_dim": TEXT,
    },
    "PixArtTransformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "caption_channels": TEXT,
        "use_additional_conditions": st.sampled_from([None, True, False]),
    },
    "QwenImageTransformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT, "guidance_embeds": st.just(False),
        "zero_cond_t": st.booleans(), "use_additional_t_cond": st.booleans(), "use_layer3d_rope": st.booleans(),
    },
    "SD3Transformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT, "pooled_projection_dim": TEXT,
        "dual_attention_layers": st.sampled_from([[], [0], [0, 1], [0, 1, 2]]),
        "qk_norm": st.sampled_from([None, "rms_norm"]),
    },
    "SanaTransformer2DModel": {
        "num_layers": FEW, "num_cross_attention_heads": WIDE, "caption_channels": TEXT,
        "mlp_ratio": st.sampled_from([2.0, 2.5]), "attention_bias": st.booleans(),
    },
    "ZImageTransformer2DModel": {
        "n_layers": FEW, "n_refiner_layers": FEW, "n_heads": WIDE, "cap_feat_dim": TEXT, "qk_norm": st.booleans(),
    },
    **image_configurations.VARIED,
    **video.VARIED,
}  # fmt: skip
"""What is drawn for each class; the rest is as released."""


def _width(drawn: Drawn) -> int:
    return int(drawn["num_attention_heads"] * drawn["attention_head_dim"])


FOLLOWING: Mapping[str, Callable[[Drawn], dict[str, Any]]] = {
    "AllegroTransformer3DModel": lambda x: {"cross_attention_dim": _width(x)},
    "AuraFlowTransformer2DModel": lambda x: {"caption_projection_dim": _width(x)},
    "HiDreamImageTransformer2DModel": lambda x: {
        "llama_layers": [0] * (x["num_layers"] + x["num_single_layers"]), "caption_channels": [48, 48],
    },
    "HunyuanDiT2DModel": lambda x: {"hidden_size": _width(x)},
    "LTXVideoTransformer3DModel": lambda x: {"cross_attention_dim": _width(x)},
    "LatteTransformer3DModel": lambda x: {"cross_attention_dim": _width(x)},
    "Lumina2Transformer2DModel": lambda x: {
        "num_attention_heads": 2 * x["num_kv_heads"], "hidden_size": 192 * x["num_kv_heads"],
    },
    "PixArtTransformer2DModel": lambda x: {"cross_attention_dim": _width(x)},
    "SD3Transformer2DModel": lambda x: {"caption_projection_dim": _width(x)},
    "SanaTransformer2DModel": lambda x: {
        "cross_attention_dim": x["num_cross_attention_heads"] * x["cross_attention_head_dim"],
        "num_attention_heads": x["num_cross_attention_heads"] * x["cross_attention_head_dim"] // 16,
        "attention_head_dim": 16,
    },
    "ZImageTransformer2DModel": lambda x: {"dim": 128 * x["n_heads"], "n_kv_heads": x["n_heads"]},
    **image_configurations.FOLLOWING,
}  # fmt: skip
"""Fields that follow from those drawn, as the released class wants them."""


def denoisers() -> set[str]:
    """The classes of denoisers that are supported."""
    return {kind for kind in set(MODULES) - set(ELSEWHERE) if issubclass(network_class(kind), Denoiser)}


def released_configuration(kind: str) -> dict[str, Any]:
    """What a release of the class has, or the defaults of the class where none is in the catalogue."""
    import diffusers

    if kind in stages.shipped_classes():
        return dict(read_toml(DATA / "pipelines" / f"{stages.shipped_classes()[kind][0]}.toml")["transformer"])
    parameters = inspect.signature(getattr(diffusers, kind).__init__).parameters
    return {"_class_name": kind, **{name: x.default for name, x in parameters.items() if name != "self"}}


def configurations(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Configurations of one class, with its ``_class_name``."""
    released = released_configuration(kind)
    following = {**FOLLOWING, **video.FOLLOWING}.get(kind, lambda drawn: {})

    def complete(drawn: Drawn) -> dict[str, Any]:
        together = {**released, **drawn}
        return {key: value for key, value in {**together, **following(together)}.items() if value is not None}

    return st.fixed_dictionaries(dict(VARIED[kind])).map(complete)
