"""Whose request a user's configuration borrows: its own release's, or none that misleads."""

import json

import pytest
from sympy import Symbol

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.diffusers import from_diffusers
from ditcarbon_sym.catalog.lending import lender_of, model_from
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import n_ref
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.exact_count import count
from ditcarbon_sym.estimation.point import operating_point
from tests.catalog.released import as_saved, transformer

EVERY = sorted(stages.shipped_ids())
LENDING = sorted(name for names in stages.shipped_classes().values() for name in names)
"""All but those whose configuration another release has, which names them."""

ALONE = [name for name in LENDING if stages.shipped(name).copies == 1]


@pytest.mark.parametrize("name", ALONE)
def test_a_released_configuration_is_given_its_own_request(name, config):
    ours, theirs = count(model_from(config(as_saved(transformer(name))))), count(name)
    assert ours.request == theirs.request
    assert ours.flops["denoiser"] == theirs.flops["denoiser"] and ours.tokens == theirs.tokens
    assert f"of {name}, whose configuration this is" in ours.warnings[0]


@pytest.mark.parametrize("name", EVERY)
def test_a_released_pipeline_gives_the_answer_of_its_name_wherever_a_configuration_is_taken(name, pipeline):
    folder = pipeline(name)
    ours, theirs = operating_point(config=folder), operating_point(name)
    assert ours.values == theirs.values and ours.route == theirs.route
    assert count(model_from(folder)).flops == count(name).flops


@pytest.mark.parametrize("name", ["flux.1-schnell", "cogvideox-5b", "dit-xl-2-512", "wan2.2-ti2v-5b"])
def test_an_estimate_of_a_lone_released_transformer_is_that_of_its_name_but_for_the_other_stages(name, config):
    ours, theirs = estimate(config=config(as_saved(transformer(name)))), estimate(name)
    assert ours.request == theirs.request and ours.flops["denoiser"] == theirs.flops["denoiser"]


def cosmos_video(**changes):
    """Cosmos-Predict2-14B-Video2World: of the same class as a release for single images, with one channel more."""
    return {
        "_class_name": "CosmosTransformer3DModel", "in_channels": 17, "out_channels": 16, "num_attention_heads": 40,
        "attention_head_dim": 128, "num_layers": 36, "mlp_ratio": 4.0, "text_embed_dim": 1024, "adaln_lora_dim": 256,
        "max_size": [128, 240, 240], "patch_size": [1, 2, 2], "rope_scale": [0.83, 2.0, 2.0],
        "concat_padding_mask": True, "extra_pos_embed_type": None, **changes,
    }  # fmt: skip


def test_a_video_network_never_borrows_the_one_frame_of_an_image_release(config):
    path = config(cosmos_video())
    with pytest.raises(InputError, match=r"frames is not known .* makes single images; give --frames"):
        count(model_from(path))
    with pytest.raises(InputError, match="give --frames"):
        estimate(config=path)
    assert count(model_from(path), frames=93).request["frames"] == 93


def test_steps_and_passes_of_a_network_that_no_release_has_are_assumed_in_the_first_warning(config):
    path = config({**transformer("flux.1-dev"), "num_layers": 8})
    for found in (count(model_from(path)), estimate(config=path)):
        assert found.warnings[0].startswith("assumed: steps = 28, guidance = 1, as of flux.1-dev, the nearest release")
        assert "--steps and --guidance" in found.warnings[0]


def test_what_the_user_says_is_neither_assumed_nor_borrowed(config):
    path = config({**transformer("flux.1-dev"), "num_layers": 8})
    found = count(model_from(path), steps=8, guidance=1, resolution=512, text_tokens=128)
    told = [x for x in found.warnings if "assumed" in x or "borrowed" in x]
    assert told == ["VAE factors 8 in space and 1 in time are assumed: those of flux.1-dev"]


def test_guidance_that_was_distilled_into_a_network_takes_one_pass(config, monkeypatch):
    """As long as no release of the class has it: SANA-Sprint is hidden here."""
    classes = {**stages.shipped_classes(), "SanaTransformer2DModel": ("sana-1.5-1.6b", "sana-1.6b")}
    monkeypatch.setattr(stages, "shipped_classes", lambda: classes)
    found = count(model_from(config({**transformer("sana-1.5-1.6b"), "guidance_embeds": True})))
    assert found.request["guidance"] == 1
    assert found.warnings[0].startswith("assumed: steps = 20, guidance = 1") and "guidance_embeds" in found.warnings[0]


def test_a_release_that_only_adds_images_lends_nothing_and_is_named_by_the_one_whose_configuration_it_has(config):
    assert {"flux.1-kontext-dev", "qwen-image-edit"} == set(EVERY) - set(LENDING)
    for name in set(EVERY) - set(LENDING):
        found = count(model_from(config(as_saved(transformer(name)))))
        assert any(load().model(name).name in x and "reference image" in x for x in found.warnings)


def test_a_class_that_no_release_has_is_counted_at_the_request_that_is_given(config, monkeypatch):
    """Every class has one: that of the prior is hidden here."""
    classes = {kind: names for kind, names in stages.shipped_classes().items() if kind != "PriorTransformer"}
    monkeypatch.setattr(stages, "shipped_classes", lambda: classes)
    path = config({
        "_class_name": "PriorTransformer", "num_layers": 20, "num_attention_heads": 32, "embedding_dim": 768,
    })  # fmt: skip
    with pytest.raises(InputError, match="is not known for PriorTransformer: its request does not say it; give --"):
        count(model_from(path))
    for found in (
        count(model_from(path), resolution=512, steps=25, guidance=2),
        estimate(config=path, resolution=512, steps=25, guidance=2),
    ):
        assert found.request["text_tokens"] == 77
        assert any("no release of PriorTransformer is in the catalogue" in x for x in found.warnings)
        assert any("are not known and not counted" in x for x in found.warnings)


def test_a_pipeline_that_says_it_is_distilled_takes_one_pass(pipeline):
    found = count(model_from(pipeline("flux.2-dev", is_distilled=True)))
    assert found.request["guidance"] == 1
    assert found.warnings[0].startswith("assumed: steps") and "is_distilled = true" in found.warnings[0]


def test_the_scheduler_of_a_distilled_network_is_a_sign(pipeline):
    found = count(model_from(pipeline("pixart-alpha", scheduler=["diffusers", "LCMScheduler"])))
    assert found.warnings[0].startswith("assumed: steps = 20, guidance = 2") and "LCMScheduler" in found.warnings[0]


def test_a_name_that_tells_of_few_steps_is_a_sign_unless_the_release_has_it_too(config):
    turbo = model_from(config(transformer("sd3.5-large"), "sd3.5-large-turbo.json"))
    assert count(turbo).warnings[0].startswith("assumed: steps = 28") and "'turbo'" in count(turbo).warnings[0]
    schnell = model_from(config(transformer("flux.1-schnell"), "flux.1-schnell.json"))
    assert count(schnell).warnings[0].startswith("borrowed: ") and "schnell'" not in count(schnell).warnings[0]


def test_a_release_with_the_same_configuration_and_another_request_is_named(config):
    found = count(model_from(config(transformer("sd3.5-large"))))
    assert any("Stable Diffusion 3.5 Large Turbo" in x and "4 steps" in x for x in found.warnings)


def test_the_alphabet_decides_no_tie(config):
    """DiT was released for two sizes of image; a depth that neither has is as near to one as to the other."""
    content = {key: x for key, x in transformer("dit-xl-2-256").items() if key != "sample_size"}
    path = config({**content, "sample_size": 128, "num_layers": 27})
    with pytest.raises(InputError, match=r"dit-xl-2-256 \(256\) and dit-xl-2-512 \(512\); give --height"):
        count(model_from(path))
    found = count(model_from(path), resolution=512)
    assert "of dit-xl-2-256 and dit-xl-2-512" in found.warnings[0] and found.request["steps"] == 50


def test_a_release_with_the_same_vae_lends_before_one_of_the_same_size(pipeline):
    folder = pipeline("wan2.2-ti2v-5b")
    path = folder / "transformer" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "num_layers": 40, "num_attention_heads": 40}))
    assert model_from(folder).lender.id == "wan2.2-ti2v-5b"


def test_two_transformers_that_take_turns_are_no_release_with_one(pipeline):
    folder = pipeline("wan2.1-t2v-14b", transformer_2=["diffusers", "WanTransformer3DModel"])
    (folder / "transformer_2").mkdir()
    (folder / "transformer_2" / "config.json").write_text((folder / "transformer" / "config.json").read_text())
    assert lender_of(from_diffusers(folder)).ids == ("wan2.2-t2v-a14b",)
    for part in ("transformer", "transformer_2"):
        path = folder / part / "config.json"
        path.write_text(path.read_text().replace('"num_layers": 40', '"num_layers": 39'))
    found = count(model_from(folder))
    assert found.warnings[0].startswith("assumed: steps = 40, guidance = 2, as of wan2.2-t2v-a14b, the nearest release")


@pytest.mark.parametrize("name", LENDING)
def test_a_release_is_nearest_to_itself(name):
    found = lender_of(stages.shipped(name))
    assert found.ids == (name,) and found.same and not found.missing and not found.signs


def test_every_size_that_is_missing_is_asked_for_by_its_option(config):
    model = model_from(config(transformer("flux.1-dev")))
    for x in set(load().model("flux.1-dev").request) - {n_ref}:  # no references where none are given
        assert isinstance(x, Symbol)
        less = type(model)(**{**vars(model), "request": {y: v for y, v in model.request.items() if y != x}})
        with pytest.raises(InputError, match="is not known for FluxTransformer2DModel: no release says it; give --"):
            count(less)
