"""How many pixels of the image are a token, for classes whose releases are not in the catalogue."""

import pytest

from ditcarbon_sym.catalog import stages

FLUX = {
    "patch_size": 1, "num_layers": 2, "num_single_layers": 2, "num_attention_heads": 2, "attention_head_dim": 128,
    "joint_attention_dim": 64,
}  # fmt: skip
SIXTEEN = {
    "BriaTransformer2DModel": {**FLUX, "in_channels": 64},
    "BriaFiboTransformer2DModel": {**FLUX, "in_channels": 48},
    "ErnieImageTransformer2DModel": {
        "hidden_size": 256, "num_attention_heads": 2, "num_layers": 2, "ffn_hidden_size": 64, "text_in_dim": 64,
    },
    "Flux3Transformer2DModel": {
        "in_channels": 128, "num_layers": 2, "num_single_layers": 2, "num_attention_heads": 2,
        "attention_head_dim": 128, "joint_attention_dim": 64,
    },
    "GlmImageTransformer2DModel": {
        "patch_size": 2, "in_channels": 16, "out_channels": 16, "num_layers": 2, "attention_head_dim": 40,
        "num_attention_heads": 2, "text_embed_dim": 64, "time_embed_dim": 64, "condition_dim": 64,
    },
    "Ideogram4Transformer2DModel": {
        "in_channels": 128, "num_layers": 2, "attention_head_dim": 64, "num_attention_heads": 2,
        "intermediate_size": 64, "adaln_dim": 64, "llm_features_dim": 64,
    },
    "JoyImageEditTransformer3DModel": {
        "hidden_size": 256, "num_attention_heads": 2, "text_dim": 64, "num_layers": 2,
    },
    "NucleusMoEImageTransformer2DModel": {
        "patch_size": 2, "in_channels": 64, "num_layers": 2, "attention_head_dim": 128, "num_attention_heads": 2,
        "joint_attention_dim": 64, "num_experts": 4, "moe_intermediate_dim": 64,
    },
    "QwenImage21Transformer2DModel": {
        "in_channels": 64, "num_layers": 2, "attention_head_dim": 128, "num_attention_heads": 2, "context_in_dim": 64,
    },
}  # fmt: skip
"""Their pipelines in diffusers divide height and width by 16: by the VAE alone, or by it and by what is packed."""


@pytest.mark.parametrize("kind", sorted(SIXTEEN))
def test_a_token_is_sixteen_pixels_a_side_as_in_the_pipeline_of_the_class(kind):
    found = stages.made({"_class_name": kind, **SIXTEEN[kind]})
    space, _ = found.vae_factors
    assert space * found.patch == 16
    assert found.rows(1024 // space, 2048 // space, 1) == 64 * 128
