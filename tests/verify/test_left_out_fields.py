"""Fields that a configuration leaves out: text encoders against the real classes, which fill in their own defaults."""

from typing import Any

import pytest
import torch
import transformers
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.architectures import MODULES, network_class
from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.architectures.text_encoders.encoder import Encoder
from ditcarbon_sym.measure import networks
from fits.reference import counting

T5 = {
    "vocab_size": 100, "d_model": 48, "d_kv": 16, "d_ff": 80, "num_layers": 2, "num_heads": 3,
    "feed_forward_proj": "gated-gelu", "relative_attention_num_buckets": 8,
}  # fmt: skip
SIZES = {
    "vocab_size": 100, "hidden_size": 192, "intermediate_size": 80, "num_hidden_layers": 2, "num_attention_heads": 4,
}  # fmt: skip
CLIP = {**SIZES, "max_position_embeddings": 20, "projection_dim": 24}
LLAMA = {**SIZES, "num_key_value_heads": 2, "head_dim": 16}
GIVEN: dict[str, dict[str, Any]] = {
    "T5EncoderModel": T5,
    "UMT5EncoderModel": {**T5, "feed_forward_proj": "relu"},
    "CLIPTextModel": CLIP,
    "CLIPTextModelWithProjection": CLIP,
    "BertModel": {**SIZES, "max_position_embeddings": 20, "type_vocab_size": 3},
    "Gemma2Model": LLAMA,
    "GemmaModel": LLAMA,
    "T5GemmaEncoderModel": LLAMA,
    "GlmModel": {**LLAMA, "vocab_size": 160000},  # its padding token is the 151329th
    "LlamaModel": LLAMA,
    "LlamaForCausalLM": {**LLAMA, "tie_word_embeddings": True},
    "AceStepConditionEncoder": {
        "hidden_size": 48,
        "intermediate_size": 80,
        "text_hidden_dim": 40,
        "timbre_hidden_dim": 24,
        "num_lyric_encoder_hidden_layers": 3,
        "num_timbre_encoder_hidden_layers": 2,
        "num_attention_heads": 6,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "attention_bias": True,
    },
    "LTX2TextConnectors": {
        "caption_channels": 48,
        "text_proj_in_factor": 3,
        "video_connector_num_attention_heads": 4,
        "video_connector_attention_head_dim": 12,
        "video_connector_num_layers": 1,
        "video_gated_attn": True,
        "video_connector_num_learnable_registers": 5,
        "audio_connector_num_attention_heads": 3,
        "audio_connector_attention_head_dim": 16,
        "audio_connector_num_layers": 3,
        "audio_gated_attn": True,
        "audio_connector_num_learnable_registers": 7,
        "per_modality_projections": True,
        "video_hidden_dim": 56,
        "audio_hidden_dim": 72,
        "proj_bias": True,
    },
    "Qwen3Model": LLAMA,
    "SmolLM3ForCausalLM": {**SIZES, "num_key_value_heads": 2, "tie_word_embeddings": True, "vocab_size": 160000},
    "Qwen3ForCausalLM": {**LLAMA, "tie_word_embeddings": True},
}
"""Sizes unlike every default, which any part of may be left out."""
QWEN_VISION = {
    "depth": 2, "hidden_size": 64, "intermediate_size": 48, "in_channels": 2, "patch_size": 4, "temporal_patch_size": 1,
    "spatial_merge_size": 3, "out_hidden_size": 40,
}  # fmt: skip
QWEN2_VISION = {
    "depth": 2, "embed_dim": 64, "hidden_size": 40, "mlp_ratio": 3, "in_channels": 2, "patch_size": 4,
    "temporal_patch_size": 1, "spatial_merge_size": 3,
}  # fmt: skip
QWEN3_VISION = {
    "depth": 2, "hidden_size": 64, "intermediate_size": 48, "in_channels": 2, "patch_size": 4,
    "temporal_patch_size": 1, "spatial_merge_size": 3, "out_hidden_size": 40, "num_position_embeddings": 36,
    "deepstack_visual_indexes": [0],
}  # fmt: skip
SIGLIP = {
    "num_hidden_layers": 2, "hidden_size": 60, "intermediate_size": 48, "num_channels": 2, "patch_size": 4,
    "image_size": 32, "vision_use_head": False,
}  # fmt: skip
PIXTRAL = {"num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 48, "num_channels": 2, "patch_size": 4}
HALVES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "Qwen2_5_VLForConditionalGeneration": (
        {**SIZES, "num_key_value_heads": 2}, QWEN_VISION, {"tie_word_embeddings": True},
    ),
    **dict.fromkeys(("Qwen3VLConditioner", "Qwen3VLForConditionalGeneration"), (
        {**SIZES, "num_key_value_heads": 2, "head_dim": 16}, QWEN3_VISION, {"tie_word_embeddings": False},
    )),
    "Qwen2VLForConditionalGeneration": (
        {**SIZES, "num_key_value_heads": 2}, QWEN2_VISION, {"tie_word_embeddings": True},
    ),
    "Gemma3ForConditionalGeneration": (LLAMA, SIGLIP, {"tie_word_embeddings": False}),
    "T5Gemma2Encoder": (LLAMA, SIGLIP, {"tie_word_embeddings": True}),
    "Mistral3ForConditionalGeneration": (LLAMA, PIXTRAL, {"spatial_merge_size": 3}),
}  # fmt: skip
"""The same of the text half, of the vision half, and of what stands beside them."""


def parts(fields: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any part of these fields."""
    return st.sets(st.sampled_from(sorted(fields))).map(lambda kept: {key: fields[key] for key in sorted(kept)})


def both_halves(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any part of each half, either of which may be missing, and of what is beside them."""
    text, vision, beside = HALVES[kind]
    found = st.fixed_dictionaries({}, optional={"text_config": parts(text), "vision_config": parts(vision)})
    # What Mistral's head is tied to by default has changed, and its released checkpoint holds both matrices.
    always = {"tie_word_embeddings": st.booleans()} if kind.startswith("Mistral") else {}
    return st.tuples(found, parts(beside), st.fixed_dictionaries(always)).map(lambda x: {**x[0], **x[1], **x[2]})


def parameters(kind: str, configuration: dict[str, Any]) -> int:
    """Parameters of the real class."""
    if kind in networks.INSIDE:
        return counting.elements(counting.build({"_class_name": kind, **configuration}).parameters())
    cls = getattr(transformers, networks.HEADLESS.get(kind, kind))
    if kind in networks.ENCODER_HALF:
        configuration = {"encoder": configuration, "is_encoder_decoder": False}
    if kind in networks.UNSAID:
        text = {**configuration.get("text_config", {}), **networks.UNSAID[kind]}
        configuration = {**configuration, "text_config": {"model_type": networks.TEXT_HALF[kind], **text}}
    with torch.device("meta"):
        return counting.elements(cls(cls.config_class(**configuration)).parameters())


@pytest.mark.parametrize("kind", sorted({*GIVEN, *HALVES}))
def test_fields_left_out_have_the_defaults_of_transformers(kind):
    ours = network_class(kind)

    @settings(max_examples=12, deadline=None, database=None, derandomize=True)
    @given(parts(GIVEN[kind]) if kind in GIVEN else both_halves(kind))
    def check(configuration):
        counted = total(ours(**ours.read(configuration)).operators()).parameters
        assert counted == parameters(kind, configuration), configuration

    check()


@pytest.mark.parametrize("kind", sorted({*GIVEN, *HALVES}))
def test_a_configuration_that_leaves_everything_out_is_a_network(kind):
    beside = {"tie_word_embeddings": False} if kind.startswith("Mistral") else {}
    ours = network_class(kind)
    assert total(ours(**ours.read(beside)).operators()).parameters == parameters(kind, beside)


@pytest.mark.parametrize("kind", ["LlamaModel", "Qwen3Model", "Qwen2_5_VLForConditionalGeneration"])
def test_null_gives_every_head_keys_and_values_of_its_own(kind):
    ours, configuration = network_class(kind), {**SIZES, "num_key_value_heads": None}
    assert total(ours(**ours.read(configuration)).operators()).parameters == parameters(kind, configuration)


def test_every_text_encoder_is_checked():
    assert {kind for kind in MODULES if issubclass(network_class(kind), Encoder)} == {*GIVEN, *HALVES}
