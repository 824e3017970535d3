"""Text encoders: what a released configuration leaves out has the default of the released class."""

import json

import pytest

from ditcarbon_sym.architectures import MODULES, network_class
from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.architectures.text_encoders.encoder import Encoder
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.diffusers import from_diffusers
from ditcarbon_sym.equations.notation import m

UMT5_XXL = {
    "model_type": "umt5", "vocab_size": 256384, "d_model": 4096, "d_ff": 10240, "d_kv": 64, "num_heads": 64,
    "num_layers": 24, "relative_attention_num_buckets": 32,
}  # fmt: skip
"""UMT5-XXL without its activation: the default of UMT5 is a gated one, that of T5 is not."""
GATED = 5_680_910_336
"""Its parameters, counted by torch on transformers' class (5.24)."""


def read(kind, configuration):
    return network_class(kind)(**network_class(kind).read(configuration))


def parameters(network):
    return total(network.operators()).parameters


def test_umt5_without_an_activation_is_gated():
    network = read("UMT5EncoderModel", UMT5_XXL)
    assert network.feed_forward_proj == "gated-gelu"
    assert parameters(network) == GATED == parameters(stages.text_network("umt5-xxl"))
    plain = read("UMT5EncoderModel", {**UMT5_XXL, "feed_forward_proj": "relu"})
    assert GATED - parameters(plain) == 24 * 4096 * 10240


def test_a_pipeline_whose_text_encoder_leaves_out_its_activation_is_counted_as_released(tmp_path):
    wan = stages.shipped("wan2.1-t2v-1.3b").denoiser
    parts = {
        "transformer": ("diffusers", "WanTransformer3DModel", vars(wan) | {"_class_name": "WanTransformer3DModel"}),
        "text_encoder": ("transformers", "UMT5EncoderModel", UMT5_XXL),
    }
    for folder, (_, _, content) in parts.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
    index = {folder: [library, kind] for folder, (library, kind, _) in parts.items()}
    (tmp_path / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    assert from_diffusers(tmp_path).weights()["text_encoder"] == GATED


DEFAULT = {
    "AceStepConditionEncoder": 608_369_664,
    "BertModel": 109_482_240,
    "CLIPTextModel": 63_165_952,
    "CLIPTextModelWithProjection": 63_428_096,
    "Gemma3ForConditionalGeneration": 2_723_312_896,
    "Gemma2Model": 2_614_341_888,
    "GemmaModel": 8_537_680_896,
    "SmolLM3ForCausalLM": 3_075_098_624,
    "GlmModel": 8_779_194_368,
    "LTX2TextConnectors": 1_431_475_200,
    "LlamaForCausalLM": 6_738_415_616,
    "LlamaModel": 6_607_343_616,
    "Mistral3ForConditionalGeneration": 24_011_361_280,  # its head untied, as its checkpoint holds it
    "Qwen2VLForConditionalGeneration": 73_381_962_752,
    "Qwen2_5_VLForConditionalGeneration": 75_789_228_800,
    "Qwen3VLConditioner": 12_616_410_352,
    "Qwen3VLForConditionalGeneration": 12_616_410_352,
    "Qwen3ForCausalLM": 12_049_461_248,
    "Qwen3Model": 11_427_131_392,
    "T5Gemma2Encoder": 2_723_315_200,
    "T5GemmaEncoderModel": 2_614_341_888,
    "T5EncoderModel": 35_330_816,
    "UMT5EncoderModel": 146_941_952,
}
"""Parameters of each class made of an empty configuration, counted by torch on the class of transformers (5.24) or of
diffusers (0.42.1)."""


@pytest.mark.parametrize("kind", sorted(x for x in MODULES if issubclass(network_class(x), Encoder)))
def test_an_empty_configuration_is_the_default_network_of_transformers(kind):
    assert parameters(read(kind, {})) == DEFAULT[kind]


def test_a_half_that_is_given_has_other_defaults_than_one_that_is_left_out():
    """Mistral Small is the default of its class; a text half in the configuration begins from Mistral 7B."""
    left_out = read("Mistral3ForConditionalGeneration", {})
    given = read("Mistral3ForConditionalGeneration", {"text_config": {"num_hidden_layers": 40}, "vision_config": {}})
    assert (left_out.hidden_size, left_out.head_width, left_out.vision_patch_size) == (5120, 128, 14)
    assert (given.hidden_size, given.head_width, given.vision_patch_size) == (4096, 128, 16)


def test_the_text_half_is_read_and_older_files_have_its_fields_beside_the_vision_half():
    half = {"hidden_size": 2048, "num_hidden_layers": 36, "num_attention_heads": 16, "num_key_value_heads": 2}
    vision = {"vision_config": {"hidden_size": 1280, "out_hidden_size": 2048}}
    nested = read("Qwen2_5_VLForConditionalGeneration", {"text_config": half, "hidden_size": 1, **vision})
    flat = read("Qwen2_5_VLForConditionalGeneration", {**half, **vision})
    assert nested == flat
    assert (nested.vision_hidden_size, nested.vision_out_hidden_size) == (1280, 2048)


def test_a_tied_output_head_works_and_has_no_parameters_of_its_own():
    tied, own = (
        read("LlamaForCausalLM", {"num_hidden_layers": 1, "tie_word_embeddings": tied}) for tied in (True, False)
    )
    assert parameters(own) - parameters(tied) == 32000 * 4096
    work = [total(network.operators()).flop.subs(m, 7) for network in (tied, own)]
    assert work[0] == work[1]
