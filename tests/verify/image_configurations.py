"""What is varied of the image models whose pipelines pack latent pixels, and of others of 2025 and later."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

FEW, WIDE = st.integers(1, 3), st.integers(1, 4)
TEXT = st.sampled_from([24, 64, 96])
FLUX = {"num_layers": FEW, "num_single_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT}

VARIED: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "BriaTransformer2DModel": FLUX,
    "BriaFiboTransformer2DModel": {**FLUX, "text_encoder_dim": TEXT, "guidance_embeds": st.booleans()},
    "Krea2Transformer2DModel": {
        "num_layers": FEW, "num_key_value_heads": WIDE, "intermediate_size": TEXT, "num_text_layers": FEW,
        "text_num_key_value_heads": WIDE, "text_intermediate_size": TEXT, "num_layerwise_text_blocks": FEW,
        "num_refiner_text_blocks": FEW, "timestep_embed_dim": TEXT,
    },
    "LongCatImageTransformer2DModel": FLUX,
    "OvisImageTransformer2DModel": FLUX,
}  # fmt: skip
"""What is drawn for each class; the rest is as released."""

FOLLOWING: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "Krea2Transformer2DModel": lambda x: {
        "num_attention_heads": 2 * x["num_key_value_heads"],
        "text_num_attention_heads": 2 * x["text_num_key_value_heads"],
        "text_hidden_dim": 32 * x["text_num_key_value_heads"],
    },
}
"""Fields that follow from those drawn, as the released class wants them."""
