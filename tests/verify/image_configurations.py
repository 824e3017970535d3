"""What is varied of the image models whose pipelines pack latent pixels, and of others of 2025 and later."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

FEW, WIDE = st.integers(1, 3), st.integers(1, 4)
TEXT = st.sampled_from([24, 64, 96])
FLUX = {"num_layers": FEW, "num_single_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT}
JOY = {"num_layers": FEW, "num_attention_heads": WIDE, "text_dim": TEXT, "mlp_width_ratio": st.sampled_from([2.0, 4.0])}

VARIED: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "BriaTransformer2DModel": FLUX,
    "BriaFiboTransformer2DModel": {**FLUX, "text_encoder_dim": TEXT, "guidance_embeds": st.booleans()},
    "ErnieImageTransformer2DModel": {
        "num_attention_heads": WIDE, "num_layers": FEW, "ffn_hidden_size": TEXT, "patch_size": st.integers(1, 2),
        "text_in_dim": st.sampled_from([64, 128, 256]), "in_channels": TEXT,
    },
    "Flux3Transformer2DModel": {**FLUX, "cond_in_channels": TEXT, "timestep_channels": TEXT, "flow_map": st.booleans()},
    "GlmImageTransformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "text_embed_dim": TEXT, "time_embed_dim": TEXT,
        "condition_dim": TEXT, "prior_vq_quantizer_codebook_size": TEXT,
    },
    "HunyuanImageTransformer2DModel": {
        "num_layers": FEW, "num_single_layers": FEW, "num_refiner_layers": FEW, "num_attention_heads": WIDE,
        "text_embed_dim": TEXT, "guidance_embeds": st.booleans(), "text_embed_2_dim": st.sampled_from([None, 24, 40]),
        "use_meanflow": st.booleans(), "mlp_ratio": st.sampled_from([2.0, 4.0]),
    },
    "Ideogram4Transformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "intermediate_size": TEXT, "adaln_dim": TEXT,
        "llm_features_dim": TEXT,
    },
    "JoyImageEditPlusTransformer3DModel": JOY,
    "JoyImageEditTransformer3DModel": {**JOY, "rope_type": st.sampled_from(["rope", "mrope"])},
    "LuminaNextDiT2DModel": {
        "num_layers": FEW, "num_kv_heads": WIDE, "cross_attention_dim": TEXT, "qk_norm": st.booleans(),
        "multiple_of": st.sampled_from([16, 256]), "ffn_dim_multiplier": st.sampled_from([None, 1.3]),
        "learn_sigma": st.booleans(),
    },
    "NucleusMoEImageTransformer2DModel": {
        "num_layers": st.integers(3, 6), "num_key_value_heads": st.sampled_from([None, 2]), "num_experts": st.just(4),
        "num_attention_heads": st.sampled_from([2, 4]), "joint_attention_dim": TEXT, "moe_intermediate_dim": TEXT,
        "moe_enabled": st.booleans(), "capacity_factors": st.sampled_from([1.0, 2.0, [2.0, 1.0, 0.5, 1.0, 2.0, 1.0]]),
        "dense_moe_strategy": st.sampled_from([
            "leave_first_three_and_last_block_dense", "leave_first_three_blocks_dense", "leave_first_block_dense",
            "all_moe", "all_dense",
        ]),
    },
    "OmniGenTransformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "intermediate_size": TEXT, "vocab_size": st.just(100),
        "pad_token_id": st.just(99), "time_step_dim": TEXT, "pos_embed_max_size": st.sampled_from([16, 24]),
    },
    "PRXTransformer2DModel": {
        "context_in_dim": TEXT, "num_heads": WIDE, "depth": FEW, "mlp_ratio": st.sampled_from([2.0, 3.5]),
        "bottleneck_size": st.sampled_from([None, 24]), "resolution_embeds": st.booleans(),
    },
    "Krea2Transformer2DModel": {
        "num_layers": FEW, "num_key_value_heads": WIDE, "intermediate_size": TEXT, "num_text_layers": FEW,
        "text_num_key_value_heads": WIDE, "text_intermediate_size": TEXT, "num_layerwise_text_blocks": FEW,
        "num_refiner_text_blocks": FEW, "timestep_embed_dim": TEXT,
    },
    "LongCatImageTransformer2DModel": FLUX,
    "OvisImageTransformer2DModel": FLUX,
    "PriorTransformer": {
        "num_layers": FEW, "num_attention_heads": WIDE, "embedding_dim": TEXT, "num_embeddings": st.integers(1, 77),
        "time_embed_dim": st.sampled_from([None, 48]), "embedding_proj_dim": st.sampled_from([None, 48]),
        "clip_embed_dim": st.sampled_from([None, 48]), "norm_in_type": st.sampled_from([None, "layer"]),
        "embedding_proj_norm_type": st.sampled_from([None, "layer"]),
    },
    "QwenImage21Transformer2DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "context_in_dim": TEXT, "mlp_ratio": st.integers(1, 3),
    },
}  # fmt: skip
"""What is drawn for each class; the rest is as released."""

FOLLOWING: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "ErnieImageTransformer2DModel": lambda x: {
        "hidden_size": 128 * x["num_attention_heads"], "out_channels": x["in_channels"],
    },
    "JoyImageEditPlusTransformer3DModel": lambda x: {"hidden_size": 128 * x["num_attention_heads"]},
    "JoyImageEditTransformer3DModel": lambda x: {"hidden_size": 128 * x["num_attention_heads"]},
    "LuminaNextDiT2DModel": lambda x: {
        "num_attention_heads": 2 * x["num_kv_heads"], "hidden_size": 96 * x["num_kv_heads"],
    },
    "NucleusMoEImageTransformer2DModel": lambda x: {
        "capacity_factors": x["capacity_factors"][: x["num_layers"]] if isinstance(x["capacity_factors"], list)
        else x["capacity_factors"],
    },
    "OmniGenTransformer2DModel": lambda x: {
        "num_key_value_heads": x["num_attention_heads"], "hidden_size": 96 * x["num_attention_heads"],
        "rope_scaling": {"short_factor": [1.0] * 48, "long_factor": [1.0] * 48},
    },
    "PRXTransformer2DModel": lambda x: {"hidden_size": 64 * x["num_heads"]},
    "Krea2Transformer2DModel": lambda x: {
        "num_attention_heads": 2 * x["num_key_value_heads"],
        "text_num_attention_heads": 2 * x["text_num_key_value_heads"],
        "text_hidden_dim": 32 * x["text_num_key_value_heads"],
    },
}  # fmt: skip
"""Fields that follow from those drawn, as the released class wants them."""
