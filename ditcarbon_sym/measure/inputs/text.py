"""Networks that read the rows of a text encoder: what they take. Tokens are those of their own sequence."""

from collections.abc import Callable, Mapping
from typing import Any

from ...architectures.text_encoders.ace_step import AceStepConditionEncoder
from .tensors import INDEX, MASK, noise, of


def ace_step(net: Any, batch: int, tokens: int) -> dict[str, Any]:
    """Rows of prompt and lyrics, and a silence for the timbre of each output."""
    known, prompt, timbre = net.config, AceStepConditionEncoder.prompt, AceStepConditionEncoder.timbre
    return {
        "text_hidden_states": noise(batch, prompt, known.text_hidden_dim),
        "text_attention_mask": of(MASK, batch, prompt),
        "lyric_hidden_states": noise(batch, tokens, known.text_hidden_dim),
        "lyric_attention_mask": of(MASK, batch, tokens),
        "refer_audio_acoustic_hidden_states_packed": noise(batch, timbre, known.timbre_hidden_dim),
        "refer_audio_order_mask": of(INDEX, batch),
    }  # fmt: skip


def ltx2(net: Any, batch: int, tokens: int) -> dict[str, Any]:
    """Rows of all layers of a language model, side by side."""
    known = net.config
    return {
        "text_encoder_hidden_states": noise(batch, tokens, known.caption_channels * known.text_proj_in_factor),
        "attention_mask": of(MASK, batch, tokens),
    }


ENCODERS: Mapping[str, Callable[[Any, int, int], dict[str, Any]]] = {
    "AceStepConditionEncoder": ace_step,
    "LTX2TextConnectors": ltx2,
}
