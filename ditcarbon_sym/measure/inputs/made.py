"""Video networks made from HunyuanVideo and CogVideoX: what their denoisers take. Sizes are of the latent."""

from collections.abc import Mapping
from math import ceil
from typing import Any

from .image import Inputs
from .tensors import INDEX, MASK, STEP, WHOLE, noise, of, usual
from .video import hunyuan_video

SIGLIP, GLYPHS, VIEW = 729, 256, 577
"""Tokens of SigLIP and of ByT5 as HunyuanVideo-1.5 is fed them, and of a face in EVA-CLIP."""


def hunyuan_video_15(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    known = net.config
    return {
        **usual(batch, (known.in_channels, frames, height, width), (text, known.text_embed_dim)),
        "encoder_attention_mask": of(MASK, batch, text),
        "encoder_hidden_states_2": noise(batch, GLYPHS, known.text_embed_2_dim),
        "encoder_attention_mask_2": of(MASK, batch, GLYPHS),
        "image_embeds": noise(batch, SIGLIP, known.image_embed_dim),
        "timestep_r": of(STEP, batch) if known.use_meanflow else None,
    }  # fmt: skip


def framepack(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """One section, beside 2 clean frames, 2 in patches twice as large and 16 in patches four times as large."""
    known = net.config
    sizes = {"clean": 2, "history_2x": 2, "history_4x": 16}
    return {
        **hunyuan_video(net, batch, height, width, frames, text),
        "image_embeds": noise(batch, SIGLIP, known.image_proj_dim), "indices_latents": of(STEP, frames),
        **{f"latents_{x}": noise(batch, known.in_channels, n, height, width) for x, n in sizes.items()},
        **{f"indices_latents_{x}": of(STEP, n) for x, n in sizes.items()},
    }  # fmt: skip


def motif(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, frames, height, width), (text, net.config.text_embed_dim), WHOLE),
        "encoder_attention_mask": of(MASK, batch, text),
    }  # fmt: skip


def consisid(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """The face as a vector, and as features of several depths."""
    known = net.config
    side = known.patch_size
    tokens = (height // side) * (width // side) * frames
    face = {
        "id_cond": noise(batch, known.LFE_id_dim),
        "id_vit_hidden": [noise(batch, VIEW, known.LFE_vit_dim)] * known.LFE_num_scale,
    }
    return {
        **usual(batch, (frames, known.in_channels, height, width), (text, known.text_embed_dim)),
        "image_rotary_emb": (noise(tokens, known.attention_head_dim),) * 2
        if known.use_rotary_positional_embeddings else None,
        **(face if known.is_train_face else {}),
    }  # fmt: skip


def easyanimate(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Channels beside those that come out are of a given image and its mask, or of a control video."""
    known = net.config
    beside = known.in_channels - known.out_channels
    return {
        **usual(batch, (known.out_channels, frames, height, width), (text, known.text_embed_dim)),
        "inpaint_latents": noise(batch, beside, frames, height, width) if beside else None,
    }  # fmt: skip


def sana_video(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        **usual(batch, (net.config.in_channels, frames, height, width), (text, net.config.caption_channels)),
        "encoder_attention_mask": of(MASK, batch, text),
        "guidance": of(STEP, batch) if net.config.guidance_embeds else None,
    }  # fmt: skip


def kandinsky5(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Channels come last; positions are whole numbers."""
    known = net.config
    channels = 2 * known.in_visual_dim + 1 if known.visual_cond else known.in_visual_dim
    depth, tall, wide = known.patch_size
    return {
        **usual(batch, (frames, height, width, channels), (text, known.in_text_dim)),
        "pooled_projections": noise(batch, known.in_text_dim2),
        "visual_rope_pos": tuple(of(INDEX, n) for n in (frames // depth, height // tall, width // wide)),
        "text_rope_pos": of(INDEX, text),
    }  # fmt: skip


def kandinsky6(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Sound of a film of 24 frames a second, four to a latent one, 44100 / 1024 rows of it to a second."""
    known = net.config
    channels = 2 * known.in_visual_dim + 1 if known.visual_cond else known.in_visual_dim
    sound = ceil((4 * (frames - 1) + 1) / 24 * 44100 / 1024)
    return {
        **usual(batch, (frames, height, width, channels), (text, known.in_text_dim)),
        "pooled_projections": noise(batch, known.in_text_dim2),
        "audio_hidden_states": noise(batch, sound, known.in_audio_dim),
    }  # fmt: skip


def ltx2(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Sound of a film of 24 frames a second, eight to a latent one, 25 rows of it to a second."""
    known = net.config
    size = {"num_frames": frames, "height": height // known.patch_size, "width": width // known.patch_size}
    sound = round((8 * (frames - 1) + 1) / 24 * 25)
    wide = (known.caption_channels,) * 2
    if not known.use_prompt_embeddings:
        wide = known.cross_attention_dim, known.audio_cross_attention_dim
    return {
        "hidden_states": noise(batch, size["num_frames"] * size["height"] * size["width"], known.in_channels),
        "audio_hidden_states": noise(batch, sound, known.audio_in_channels),
        "encoder_hidden_states": noise(batch, text, wide[0]),
        "audio_encoder_hidden_states": noise(batch, text, wide[1]),
        "timestep": of(STEP, batch), "sigma": of(STEP, batch), "encoder_attention_mask": of(MASK, batch, text),
        "audio_encoder_attention_mask": of(MASK, batch, text), "audio_num_frames": sound, **size,
    }  # fmt: skip


def cosmos3(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Text and video packed in one sequence; of several outputs all are in it."""
    known = net.config
    side = known.latent_patch_size
    shape = (frames, -(-height // side), -(-width // side))
    rows = batch * shape[0] * shape[1] * shape[2]
    return {
        "input_ids": of(INDEX, text), "text_indexes": of(INDEX, text), "position_ids": of(INDEX, 3, text + rows),
        "und_len": text, "sequence_length": text + rows,
        "vision_tokens": [noise(1, known.latent_channel, frames, height, width)] * batch,
        "vision_token_shapes": [shape] * batch, "vision_sequence_indexes": of(INDEX, rows),
        "vision_mse_loss_indexes": of(INDEX, rows), "vision_timesteps": of(STEP, rows),
        "vision_noisy_frame_indexes": [of(INDEX, frames)] * batch,
    }  # fmt: skip


def minimax_h3(net: Any, batch: int, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Video, sound and text in one sequence; 17 frames to 5 latent ones but the first 2, 24 to a second."""
    known = net.config
    depth, tall, wide = known.patch_size
    video = (frames // depth) * (height // tall) * (width // wide)
    sound = 2 * round((17 * (frames - 2) / 5 + 5) / 24 * 40)
    rows = video + sound + text
    return {
        "hidden_states": noise(batch, video, known.in_channels * depth * tall * wide),
        "audio_hidden_states": noise(batch, sound, known.audio_in_channels),
        "encoder_hidden_states": noise(batch, text, known.text_dim), "timestep": of(STEP, 2),
        "timestep_indices": of(INDEX, rows), "token_tags": of(INDEX, rows), "position_ids": of(STEP, rows, 3),
        "video_indices": of(INDEX, video), "audio_indices": of(INDEX, sound), "text_indices": of(INDEX, text),
    }  # fmt: skip


DENOISERS: Mapping[str, Inputs] = {
    "HunyuanVideo15Transformer3DModel": hunyuan_video_15,
    "HunyuanVideoFramepackTransformer3DModel": framepack,
    "LTX2VideoTransformer3DModel": ltx2,
    "MotifVideoTransformer3DModel": motif,
    "ConsisIDTransformer3DModel": consisid,
    "Cosmos3OmniTransformer": cosmos3,
    "MiniMaxH3Transformer3DModel": minimax_h3,
    "EasyAnimateTransformer3DModel": easyanimate,
    "SanaVideoTransformer3DModel": sana_video,
    "Kandinsky5Transformer3DModel": kandinsky5,
    "Kandinsky6Transformer3DModel": kandinsky6,
}
