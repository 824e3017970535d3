"""HunyuanVideo and HunyuanDiT: what their denoisers take. Sizes are of the latent."""

from typing import Any

from torch import empty, long


def hunyuan_video(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": empty(1, net.config.in_channels, frames, height, width), "timestep": empty(1, dtype=long),
        "encoder_hidden_states": empty(1, text, net.config.text_embed_dim),
        "encoder_attention_mask": empty(1, text), "guidance": empty(1),
        "pooled_projections": empty(1, net.config.pooled_projection_dim),
    }  # fmt: skip


def hunyuan_dit(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Text is as long as it must be, whatever is asked for."""
    known = net.config
    tokens = (height // known.patch_size) * (width // known.patch_size)
    extra = {"image_meta_size": empty(1, 6), "style": empty(1, dtype=long)}
    return {
        "hidden_states": empty(1, known.in_channels, height, width), "timestep": empty(1),
        "encoder_hidden_states": empty(1, known.text_len, known.cross_attention_dim),
        "text_embedding_mask": empty(1, known.text_len),
        "encoder_hidden_states_t5": empty(1, known.text_len_t5, known.cross_attention_dim_t5),
        "text_embedding_mask_t5": empty(1, known.text_len_t5),
        "image_rotary_emb": (empty(tokens, known.attention_head_dim),) * 2,
        **(extra if known.use_style_cond_and_image_meta_size else {}),
    }  # fmt: skip


DENOISERS = {"HunyuanVideoTransformer3DModel": hunyuan_video, "HunyuanDiT2DModel": hunyuan_dit}
