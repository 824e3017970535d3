"""Reading a user's diffusers folder: the same counts as the catalogue, and one clear line for anything else."""

import dataclasses
import json
import os

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym import estimate
from ditcarbon_sym.architectures import MODULES, network_class
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.diffusers import from_diffusers
from ditcarbon_sym.catalog.files import LARGEST_JSON
from ditcarbon_sym.catalog.lending import model_from
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.catalog.networks import network
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.exact_count import count
from tests.catalog.released import as_saved, transformer


def refusal(path):
    with pytest.raises(InputError) as caught:
        from_diffusers(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", sorted(stages.shipped_ids()))
def test_a_released_transformer_config_is_read_back_as_the_catalogue_has_it(name, config):
    shipped = as_saved(transformer(name))
    found = from_diffusers(config({"_diffusers_version": "0.42.1", **shipped}))
    assert found.denoiser == stages.shipped(name).denoiser
    assert found.decoder is None and found.text is None and set(found.absent) == {"text_encoder", "vae_decoder"}


@pytest.mark.parametrize(
    "name",
    [
        "flux.1-dev", "sd3-medium", "cogvideox-1.5-5b", "qwen-image", "sana-1.6b", "ltx-2", "ltx-2.3", "ace-step-1.5",
        "stable-audio-open-1.0", "hunyuanvideo-1.5",
    ],
)  # fmt: skip
def test_a_pipelines_folder_is_counted_as_the_catalogue_counts_it(name, pipeline):
    ours, theirs = count(model_from(pipeline(name))), count(name)
    assert ours.flops == theirs.flops and ours.weights == theirs.weights


def test_a_network_whose_output_head_does_not_run_has_the_name_of_its_class_in_the_index(pipeline):
    folder = pipeline("minimax-h3")
    text = folder / "text_encoder" / "config.json"
    text.write_text(text.read_text().replace("Qwen3VLConditioner", "Qwen3VLForConditionalGeneration"))
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("Qwen3VLConditioner", "Qwen3VLForConditionalGeneration"))
    assert count(model_from(folder)).flops == count("minimax-h3").flops


def test_a_film_with_sound_whose_index_names_no_vocoder_is_counted_without_its_decoders(pipeline):
    folder = pipeline("ltx-2")
    index = json.loads((folder / "model_index.json").read_text())
    del index["vocoder"]
    (folder / "model_index.json").write_text(json.dumps(index))
    found = from_diffusers(folder)
    assert found.decoder is None and "vocoder" in found.absent["vae_decoder"]


def test_a_timestep_for_each_token_is_asked_for_by_the_index(pipeline):
    folder = pipeline("wan2.2-ti2v-5b")
    assert "ExpandedTimesteps" not in (folder / "transformer" / "config.json").read_text()
    assert count(model_from(folder)).flops == count("wan2.2-ti2v-5b").flops


def test_an_old_release_under_the_name_of_transformer_2d_is_what_diffusers_makes_of_it(config):
    shipped = transformer("pixart-alpha")
    legacy = {**shipped, "_class_name": "Transformer2DModel", "num_vector_embeds": None, "only_cross_attention": False}
    assert from_diffusers(config(legacy)).denoiser == stages.shipped("pixart-alpha").denoiser


def test_a_lone_transformer_is_counted_without_the_other_stages(config):
    found = count(model_from(config(transformer("flux.1-dev"))))
    assert found.parameters == count("flux.1-dev").parameters
    assert found.flops["vae_decoder"] is None and found.flops["text_encoder"] is None and found.flops["total"] is None
    assert any("vae_decoder is not counted" in warning for warning in found.warnings)


def test_an_estimate_for_a_lone_transformer_says_whose_other_stages_stand_in(config):
    found = estimate(config=config(transformer("pixart-alpha")), resolution=1024)
    assert any("pixart-" in warning and "stand in" in warning for warning in found.warnings)
    assert found.total_g.value is not None


def test_a_stage_that_is_not_modelled_is_named_and_left_out(pipeline):
    folder = pipeline("flux.1-dev")
    (folder / "vae" / "config.json").write_text(json.dumps({"_class_name": "VQModel"}))
    found = from_diffusers(folder)
    assert found.decoder is None and "VQModel is not modelled" in found.absent["vae_decoder"]


def test_a_field_that_the_class_does_not_have_is_ignored_and_named_as_diffusers_does(config):
    found = from_diffusers(config({**transformer("flux.1-dev"), "num_experts": 8}))
    assert found.denoiser == stages.shipped("flux.1-dev").denoiser
    assert any("FluxTransformer2DModel" in x and "num_experts = 8" in x for x in found.warnings)


def test_an_ignored_field_that_resembles_one_of_the_class_says_which(config):
    given = {key: value for key, value in transformer("flux.1-dev").items() if key != "axes_dims_rope"}
    found = from_diffusers(config({**given, "axes_dim_rope": [16, 56, 56]}))
    assert any("did you mean axes_dims_rope?" in x for x in found.warnings)


@pytest.mark.parametrize("value", [[8, 60, 60], None, "none", -1])
def test_the_value_of_a_field_that_does_not_change_the_count_is_not_looked_at(value, config):
    found = from_diffusers(config({**transformer("flux.1-dev"), "axes_dims_rope": value}))
    assert found.denoiser == stages.shipped("flux.1-dev").denoiser
    assert found.warnings == from_diffusers(config(transformer("flux.1-dev"))).warnings


@pytest.mark.parametrize("kind", sorted(MODULES))
def test_no_class_passes_over_a_field_of_its_own(kind):
    own = {x.name for x in dataclasses.fields(network_class(kind))}
    assert not own & network_class(kind).passed_over


def test_quantised_weights_are_read_past_with_a_warning(config):
    quantised = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    path = config({**transformer("flux.1-dev"), "quantization_config": quantised})
    found = count(model_from(path))
    assert found.parameters == count("flux.1-dev").parameters
    assert any("quantization_config (bitsandbytes) is ignored" in x for x in found.warnings)


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
VALUES = st.integers(1) | st.just(True) | st.text(max_size=5) | st.lists(st.integers(), max_size=3)


@given(name=NAMES, value=VALUES)
def test_no_field_of_a_configuration_is_silently_unused(name, value):
    fields = transformer("flux.1-dev")
    found, ignored = network(
        "FluxTransformer2DModel", {"_class_name": "FluxTransformer2DModel", name: value} | fields, "x"
    )
    assert found == stages.shipped("flux.1-dev").denoiser
    known = {x.name for x in dataclasses.fields(found)} | found.passed_over | set(fields)
    assert len(ignored) == (not (name.startswith("_") or name in known))
    assert all(line.isprintable() for line in ignored)


@pytest.mark.parametrize("name", ["new_switch", "max_area"])
def test_no_field_of_an_index_is_silently_unused(name, pipeline):
    found = from_diffusers(pipeline("flux.1-dev", **{name: 3}))
    assert any(f"{name} = 3 is not read" in x for x in found.warnings)


def test_the_folder_of_a_transformer_is_read_as_its_configuration(config, tmp_path):
    config(transformer("flux.1-dev"))
    assert from_diffusers(tmp_path).denoiser == stages.shipped("flux.1-dev").denoiser


def test_a_pipelines_folder_without_its_index_names_the_transformers_folder(pipeline):
    folder = pipeline("flux.1-dev")
    (folder / "model_index.json").unlink()
    assert str(folder / "transformer") in refusal(folder)


def test_a_field_that_is_not_known_but_off_adds_nothing(config):
    assert from_diffusers(config({**transformer("flux.1-dev"), "use_new_thing": False, "other": None})).denoiser


def test_a_value_whose_effect_is_not_understood_is_refused(config):
    message = refusal(config({**transformer("sd3-medium"), "qk_norm": "layer_norm_across_heads"}))
    assert "qk_norm = 'layer_norm_across_heads'" in message and "rms_norm" in message


def test_a_missing_size_is_named(config):
    content = transformer("flux.1-dev")
    del content["num_layers"]
    assert "num_layers is missing" in refusal(config(content))


@pytest.mark.parametrize("value", ["24", 24.5, True, None, [24], {}])
def test_a_size_of_the_wrong_type_is_named(value, config):
    message = refusal(config({**transformer("flux.1-dev"), "num_attention_heads": value}))
    assert "num_attention_heads" in message


@pytest.mark.parametrize("value", [-1, 10**9])
def test_a_size_out_of_range_is_refused(value, config):
    assert "num_layers" in refusal(config({**transformer("flux.1-dev"), "num_layers": value}))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("flux.1-dev", {"num_attention_heads": 0}),
        ("flux.1-dev", {"attention_head_dim": 0}),
        ("hidream-i1", {"axes_dims_rope": [-64, 32, 32]}),
        ("hunyuanvideo", {"mlp_ratio": -4.0}),
        ("wan2.1-t2v-14b", {"patch_size": []}),
        ("wan2.1-t2v-14b", {"patch_size": [1, 0, 2]}),
    ],
)
def test_sizes_that_make_no_network_are_refused(name, wrong, config):
    assert next(iter(wrong)) in refusal(config({**transformer(name), **wrong}))


def test_a_device_is_not_read(tmp_path):
    pipe = tmp_path / "config.json"
    os.mkfifo(pipe)
    assert "not a regular file" in refusal(pipe)


def test_a_second_transformer_is_held_in_memory_but_not_run_beside_the_first(pipeline):
    folder = pipeline("wan2.1-t2v-14b", transformer_2=["diffusers", "WanTransformer3DModel"])
    (folder / "transformer_2").mkdir()
    first = (folder / "transformer" / "config.json").read_text()
    (folder / "transformer_2" / "config.json").write_text(first)
    both, one = count(model_from(folder), steps=50), count("wan2.1-t2v-14b")
    assert both.flops == one.flops and both.parameters == one.parameters
    assert both.memory_gb["bf16"] == pytest.approx(one.memory_gb["bf16"] + 2e-9 * one.parameters)
    assert any("two transformers" in remark for remark in both.warnings)
    (folder / "transformer_2" / "config.json").write_text(first.replace('"num_layers": 40', '"num_layers": 39'))
    assert "differ" in refusal(folder)


def test_an_index_that_names_fewer_text_encoders_than_released_has_no_count_of_text(pipeline):
    folder = pipeline("sd3-medium", text_encoder_3=[None, None])
    found = count(model_from(folder))
    assert found.flops["text_encoder"] is None and found.flops["total"] is None
    assert any("2 text encoders where the released pipeline has 3" in warning for warning in found.warnings)


def test_a_part_that_is_not_counted_is_named(pipeline):
    found = count(model_from(pipeline("flux.1-dev", image_encoder=["transformers", "CLIPVisionModel"])))
    assert any("image_encoder (CLIPVisionModel) is not counted" in warning for warning in found.warnings)


def test_what_a_file_says_is_shown_without_control_characters(pipeline):
    folder = pipeline("flux.1-dev", _class_name="\x1b[31mred")
    assert from_diffusers(folder).name.isprintable()


def test_a_unet_is_refused(config):
    message = refusal(config({"_class_name": "UNet2DConditionModel", "in_channels": 4}))
    assert "UNet2DConditionModel" in message and "diffusion transformer" in message


def test_a_unets_pipeline_is_refused(tmp_path):
    (tmp_path / "model_index.json").write_text(
        json.dumps({"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]})
    )
    assert "no transformer but a unet" in refusal(tmp_path)


def test_a_folder_without_index_is_refused(tmp_path):
    assert "model_index.json" in refusal(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "3", '"text"', "", "\x00", '{"_class_name": }', "[" * 100_000])
def test_malformed_json_is_one_line(content, config):
    assert "config.json" in refusal(config(content))


@pytest.mark.parametrize("content", [{}, {"_class_name": 3}, {"_class_name": None}, {"_class_name": "A" * 10_000}])
def test_a_configuration_without_a_class_is_refused(content, config):
    assert "_class_name" in refusal(config(content))


def test_a_hundred_megabytes_are_not_read(tmp_path):
    path = tmp_path / "model.json"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    assert "100 MB" in refusal(path) and LARGEST_JSON < 100_000_000


def test_a_missing_file_is_refused(tmp_path):
    assert "no such file" in refusal(tmp_path / "config.json")


def test_the_command_line_counts_a_configuration(ditcarbon, config):
    path = config(transformer("flux.1-dev"))
    answer = json.loads(ditcarbon("count", "--config", path, "--json").out)
    assert answer["parameters"] == 11901408320 and answer["flops"]["vae_decoder"] is None
    assert answer["tokens"] == {"latent": 4096, "text": 512}


def test_every_released_model_is_estimated_by_name():
    for name in load().models:
        found = estimate(name, efficiency="bgr")
        assert found.flops["exact"]["denoiser_forward"] > 0 and found.total_g.value > 0, name
