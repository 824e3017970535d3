"""What is drawn for made-up configurations of networks for video and sound."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

FEW, WIDE = st.integers(1, 3), st.integers(1, 4)
TEXT = st.sampled_from([24, 64, 96])
WAN = {
    "num_layers": FEW, "num_attention_heads": WIDE, "text_dim": TEXT, "ffn_dim": TEXT,
    "cross_attn_norm": st.booleans(),
}  # fmt: skip
IMAGES = {"image_dim": st.sampled_from([None, 40])}
HUNYUAN = {"num_layers": FEW, "num_attention_heads": WIDE, "text_embed_dim": TEXT}
COGVIDEOX = {"num_layers": FEW, "num_attention_heads": WIDE, "time_embed_dim": TEXT, "text_embed_dim": TEXT}
KANDINSKY = {
    "num_text_blocks": FEW, "num_visual_blocks": FEW, "time_dim": TEXT, "ff_dim": TEXT, "in_text_dim": TEXT,
    "visual_cond": st.booleans(),
}  # fmt: skip

VARIED: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "AceStepTransformer1DModel": {
        "num_hidden_layers": FEW, "num_key_value_heads": FEW, "hidden_size": TEXT, "intermediate_size": TEXT,
        "encoder_hidden_size": st.sampled_from([None, 40]), "attention_bias": st.booleans(),
    },
    "AnyFlowTransformer3DModel": {**WAN, **IMAGES},
    "ChronoEditTransformer3DModel": {**WAN, **IMAGES},
    "ConsisIDTransformer3DModel": {
        **COGVIDEOX, "num_layers": st.sampled_from([2, 4]), "is_train_face": st.booleans(),
        "cross_attn_interval": st.integers(1, 2), "LFE_vit_dim": TEXT,
        "LFE_num_scale": st.just(2), "LFE_depth": st.sampled_from([2, 4]),
    },
    "Cosmos3OmniTransformer": {
        "num_hidden_layers": FEW, "num_key_value_heads": FEW, "head_dim": st.just(16), "hidden_size": TEXT,
        "intermediate_size": TEXT, "latent_channel": st.sampled_from([16, 48]), "vocab_size": st.just(1000),
        "hidden_act": st.sampled_from(["silu", "relu2"]), "attention_bias": st.booleans(),
        "qk_norm_for_text": st.booleans(), "use_und_k_norm_for_gen": st.booleans(),
    },
    "EasyAnimateTransformer3DModel": {
        **COGVIDEOX, "mmdit_layers": FEW, "add_norm_text_encoder": st.booleans(), "after_norm": st.booleans(),
        "in_channels": st.sampled_from([16, 33]),
    },
    "HeliosTransformer3DModel": {
        **WAN, "guidance_cross_attn": st.booleans(), "zero_history_timestep": st.booleans(),
        "is_amplify_history": st.booleans(), "history_scale_mode": st.sampled_from(["per_head", "scalar"]),
    },
    "HunyuanVideo15Transformer3DModel": {
        **HUNYUAN, "num_refiner_layers": FEW, "text_embed_2_dim": TEXT, "image_embed_dim": TEXT,
        "use_meanflow": st.booleans(),
    },
    "HunyuanVideoFramepackTransformer3DModel": {
        **HUNYUAN, "num_single_layers": FEW, "num_refiner_layers": FEW, "pooled_projection_dim": TEXT,
        "image_proj_dim": TEXT, "guidance_embeds": st.booleans(),
    },
    "Kandinsky5Transformer3DModel": {**KANDINSKY, "model_dim": st.sampled_from([64, 128])},
    "Kandinsky6Transformer3DModel": {
        **KANDINSKY, "model_dim": st.sampled_from([128, 256]), "model_dim_a": st.sampled_from([None, 128]),
        "cross_gates": st.booleans(), "visual_token_type_num_embeddings": st.integers(0, 2),
    },
    "LTX2VideoTransformer3DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "caption_channels": TEXT,
        "gated_attn": st.booleans(), "audio_gated_attn": st.booleans(), "cross_attn_mod": st.booleans(),
        "audio_cross_attn_mod": st.booleans(), "use_prompt_embeddings": st.booleans(), "ff_bias": st.booleans(),
        "use_prompt_adaln_single": st.booleans(), "use_keyframes_abs_pos_embedding": st.booleans(),
        "norm_elementwise_affine": st.booleans(),
    },
    "LongCatAudioDiTTransformer": {
        "dit_depth": FEW, "dit_heads": WIDE, "dit_text_dim": TEXT, "adaln_type": st.sampled_from(["global", "local"]),
        "qk_norm": st.booleans(), "cross_attn_norm": st.booleans(), "text_conv": st.booleans(), "bias": st.booleans(),
    },
    "MiniMaxH3Transformer3DModel": {
        "num_layers": FEW, "num_refiner_layers": FEW, "num_attention_heads": WIDE, "hidden_size": TEXT,
        "text_dim": TEXT, "ffn_dim": TEXT, "time_embed_dim": TEXT,
    },
    "MiniMaxMusic3Transformer1DModel": {
        "num_layers": FEW, "num_attention_heads": WIDE, "condition_dim": TEXT, "ff_inner_dim": TEXT,
    },
    "MotifVideoTransformer3DModel": {
        **HUNYUAN, "num_single_layers": st.integers(1, 3), "num_decoder_layers": st.integers(0, 1),
        "enable_text_cross_attention_dual": st.booleans(), "enable_text_cross_attention_single": st.booleans(),
        "image_embed_dim": st.sampled_from([None, 40]),
    },
    "SanaVideoTransformer3DModel": {
        "num_layers": FEW, "num_cross_attention_heads": WIDE, "caption_channels": TEXT,
        "mlp_ratio": st.sampled_from([2.0, 2.5]), "attention_bias": st.booleans(), "guidance_embeds": st.booleans(),
    },
    "SkyReelsV2Transformer3DModel": {**WAN, **IMAGES, "inject_sample_info": st.booleans()},
    "StableAudio3DiTModel": {
        "depth": FEW, "num_heads": WIDE, "cond_token_dim": TEXT, "global_cond_dim": TEXT,
        "num_memory_tokens": st.integers(0, 8), "use_differential_attention": st.booleans(),
    },
    "StableAudioDiTModel": {
        "num_layers": FEW, "num_key_value_attention_heads": FEW, "cross_attention_input_dim": TEXT,
        "global_states_input_dim": TEXT,
    },
    "T5FilmDecoder": {"num_layers": FEW, "num_heads": WIDE, "d_model": TEXT, "d_ff": TEXT, "input_dims": TEXT},
    "WanAnimateTransformer3DModel": {
        **WAN, "num_layers": st.sampled_from([2, 4]), "inject_face_latents_blocks": st.integers(1, 2),
        "motion_encoder_size": st.sampled_from([8, 16]), "motion_style_dim": TEXT, "motion_encoder_dim": TEXT,
        "face_encoder_hidden_dim": TEXT, "face_encoder_num_heads": FEW,
    },
    "WanTransformer3DModel": {**WAN, **IMAGES, "pos_embed_seq_len": st.sampled_from([None, 514])},
    "WanVACETransformer3DModel": {**WAN, **IMAGES, "vace_layers": st.sampled_from([[0], [0, 1]])},
}  # fmt: skip
"""What is drawn for each class; the rest is as released."""
Drawn = Mapping[str, Any]


def _wan(drawn: Drawn) -> dict[str, Any]:
    """Keys and values of a given image are of the width of all heads."""
    width = drawn["num_attention_heads"] * drawn["attention_head_dim"]
    return {"added_kv_proj_dim": None if drawn["image_dim"] is None else width}


FOLLOWING: Mapping[str, Callable[[Drawn], dict[str, Any]]] = {
    "AceStepTransformer1DModel": lambda x: {"num_attention_heads": 2 * x["num_key_value_heads"]},
    "ChronoEditTransformer3DModel": _wan,
    "ConsisIDTransformer3DModel": lambda x: {
        "LFE_output_dim": int(x["num_attention_heads"] * x["attention_head_dim"] / 3 * 2),
    },
    "Cosmos3OmniTransformer": lambda x: {
        "num_attention_heads": 2 * x["num_key_value_heads"], "patch_latent_dim": 4 * x["latent_channel"],
        "rope_axes_dim": [4, 2, 2],
    },
    "LTX2VideoTransformer3DModel": lambda x: {
        "cross_attention_dim": x["num_attention_heads"] * x["attention_head_dim"],
        "audio_num_attention_heads": x["num_attention_heads"],  # of both, or the released class turns no queries
        "audio_cross_attention_dim": x["num_attention_heads"] * x["audio_attention_head_dim"],
    },
    "LongCatAudioDiTTransformer": lambda x: {"dit_dim": 64 * x["dit_heads"]},
    "SanaVideoTransformer3DModel": lambda x: {
        "cross_attention_dim": x["num_cross_attention_heads"] * x["cross_attention_head_dim"],
        "num_attention_heads": x["num_cross_attention_heads"],
    },
    "SkyReelsV2Transformer3DModel": _wan,
    "StableAudio3DiTModel": lambda x: {"embed_dim": 64 * x["num_heads"]},
    "StableAudioDiTModel": lambda x: {
        "num_attention_heads": 2 * x["num_key_value_attention_heads"],
        "cross_attention_dim": 64 * x["num_key_value_attention_heads"],
    },
    "WanAnimateTransformer3DModel": lambda x: {
        "added_kv_proj_dim": x["num_attention_heads"] * x["attention_head_dim"],
    },
    "WanTransformer3DModel": lambda x: {
        **_wan(x), **({"pos_embed_seq_len": None} if x["image_dim"] is None else {}),
    },
    "WanVACETransformer3DModel": lambda x: {**_wan(x), "num_layers": 2 + x["num_layers"]},
}  # fmt: skip
"""Fields that follow from those drawn, as the released class wants them."""
