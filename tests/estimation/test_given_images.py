"""What a pipeline adds to its text-to-image work: reference images, a ControlNet, the encoding of both."""

import json

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym import estimate
from ditcarbon_sym.analysis.sensitivity import elasticities
from ditcarbon_sym.architectures.controlnets.flux import FluxControlNetModel
from ditcarbon_sym.architectures.operators import flop, total
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.lending import model_from
from ditcarbon_sym.equations import pipeline as pipeline_of_equations
from ditcarbon_sym.equations.notation import F_total, S, ell, g, m
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.counting import flops
from ditcarbon_sym.estimation.exact_count import count
from ditcarbon_sym.estimation.point import operating_point
from tests.catalog.conftest import pipeline  # noqa: F401  # a fixture

CONTROL = {
    "_class_name": "FluxControlNetModel", "attention_head_dim": 128, "guidance_embeds": True, "in_channels": 64,
    "joint_attention_dim": 4096, "num_attention_heads": 24, "num_layers": 5, "num_single_layers": 10, "patch_size": 1,
    "pooled_projection_dim": 768, "axes_dims_rope": [16, 56, 56], "num_mode": 10,
}  # fmt: skip


@pytest.fixture
def controlled(pipeline):  # noqa: F811
    """FLUX.1 [dev] with a ControlNet beside it."""

    def write(**changes):
        folder = pipeline(
            "flux.1-dev", _class_name="FluxControlNetPipeline", controlnet=["diffusers", "FluxControlNetModel"]
        )
        (folder / "controlnet").mkdir()
        (folder / "controlnet" / "config.json").write_text(json.dumps({**CONTROL, **changes}))
        return folder

    return write


def test_kontext_is_not_counted_as_text_to_image(pipeline):  # noqa: F811
    """Its reference of a megapixel doubles the rows of the latent at 1024 x 1024."""
    found, plain = count(model_from(pipeline("flux.1-dev", _class_name="FluxKontextPipeline"))), count("flux.1-dev")
    assert found.request["references"] == 1 and found.tokens["reference"] == 4096
    assert found.flops["denoiser"] / plain.flops["denoiser"] == pytest.approx(2.22, abs=0.01)
    assert found.flops["vae_encoder"] == pytest.approx(4.883e12, rel=1e-3)
    assert found.flops["total"] == pytest.approx(sum(found.flops[x] for x in (
        "denoiser", "text_encoder", "vae_encoder", "vae_decoder",
    )))  # fmt: skip
    assert any("references = 1: they add 4,096 tokens" in x for x in found.warnings)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_estimate_rests_on_the_work_that_the_count_shows(number, pipeline):  # noqa: F811
    folder = pipeline("flux.1-dev", _class_name="FluxKontextPipeline")
    found = estimate(config=folder, references=number, gpu="h100")
    exact = count(model_from(folder), references=number).flops
    assert found.flops["total"] == pytest.approx(exact["total"], rel=1e-12)
    assert found.flops["denoiser"] == pytest.approx(exact["denoiser"], rel=1e-12)


def test_more_references_take_longer():
    times = [estimate("flux.2-dev", references=n, gpu="h100").time_s.value for n in (0, 1, 2, 3)]
    assert times == sorted(set(times))


def test_references_that_are_not_given_change_nothing():
    assert count("flux.2-dev", references=0).flops == count("flux.2-dev").flops
    assert "vae_encoder" not in count("flux.2-dev").flops and "reference" not in count("flux.2-dev").tokens


@pytest.mark.parametrize("name", ["sd3-medium", "chroma1-hd", "wan2.1-t2v-1.3b", "pixart-alpha"])
def test_a_model_that_appends_no_references_refuses_them(name):
    for ask in (count, estimate):
        with pytest.raises(InputError, match=f"references = 1: {name} appends no reference images"):
            ask(name, references=1)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4))
def test_arrays_of_references_are_counted_as_single_ones(numbers):
    request = {"height": 1024, "width": 768, "frames": 1, "text_tokens": 300, "batch": 2, "steps": 9, "guidance": 1}
    networks = stages.shipped("flux.1-dev")
    together = flops(networks, **request, references=numbers)
    for position, number in enumerate(numbers):
        one = flops(networks, **request, references=number)
        assert together["denoiser"][position] == pytest.approx(one["denoiser"], rel=1e-12)
        assert together["total"][position] == pytest.approx(one["total"], rel=1e-12)


def test_qwen_reads_the_reference_in_its_prompt_too(pipeline):  # noqa: F811
    edit = model_from(pipeline("qwen-image", _class_name="QwenImageEditPipeline"))
    found, two, plain = count(edit), count(edit, references=2), count("qwen-image")
    assert found.tokens["text"] == plain.tokens["text"] + 1369 and not any("vision" in x for x in found.warnings)
    (stage,) = edit.networks().text
    fewer, rows = (stage.tokens().subs(m, x.tokens["text"]) for x in (found, two))
    language = flop(stage.network.operators())
    more = language.subs(m, rows) - language.subs(m, fewer) + flop(stage.network.vision(1369))
    prompts = 1 + (plain.request["guidance"] > 1 and stage.negative)
    assert two.flops["text_encoder"] - found.flops["text_encoder"] == pytest.approx(prompts * float(more), rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "rows", "text", "expected"),
    [
        ({"num_mode": 10}, 20, 7, (789_824, 22_722_560)),
        ({"num_mode": None}, 20, 7, (789_184, 21_935_872)),
        ({"num_mode": None, "num_single_layers": 0, "guidance_embeds": False}, 20, 7, (503_232, 9_777_920)),
    ],
)
def test_the_controlnet_of_flux_is_counted_to_the_last_flop(changes, rows, text, expected):
    """Counted by torch on diffusers' class (0.42), four heads of 16."""
    small = {
        "num_attention_heads": 4, "attention_head_dim": 16, "joint_attention_dim": 96, "num_layers": 3,
        "num_single_layers": 4, "pooled_projection_dim": 48, "guidance_embeds": True,
    }  # fmt: skip
    found = total(FluxControlNetModel(**{**small, **changes}).operators())
    assert (found.parameters, found.flop.subs({ell: rows, m: text})) == expected


def test_a_controlnet_is_a_stage_of_its_own_in_the_count_and_in_the_estimate(controlled):
    folder, plain = controlled(), count("flux.1-dev")
    found = count(model_from(folder))
    assert found.flops["denoiser"] == plain.flops["denoiser"] and found.weights["denoiser"] == plain.weights["denoiser"]
    assert found.flops["controlnet"] / plain.flops["denoiser"] == pytest.approx(0.279, abs=0.001)
    for guidance in (1, 2):
        one, other = estimate(config=folder, guidance=guidance), count(model_from(folder), guidance=guidance)
        assert one.flops["total"] == pytest.approx(other.flops["total"], rel=1e-12)
        assert other.flops["controlnet"] == found.flops["controlnet"]  # once a step, whatever guidance asks for
    assert any("controlnet (FluxControlNetModel) is counted" in x for x in found.warnings)


@pytest.mark.parametrize("changes", [{"conditioning_embedding_channels": 16}, {"num_layers": -1}])
def test_a_controlnet_that_is_not_understood_is_named_in_every_output(changes, controlled):
    folder = controlled(**changes)
    for found in (count(model_from(folder)), estimate(config=folder)):
        assert any("controlnet (FluxControlNetModel) is not counted" in x for x in found.warnings)
    assert "controlnet" not in count(model_from(folder)).flops


def test_a_controlnet_of_an_unknown_class_is_named(pipeline):  # noqa: F811
    folder = pipeline("sd3-medium", controlnet=["diffusers", "ControlNetXSAdapter"])
    assert any("controlnet (ControlNetXSAdapter) is not counted" in x for x in estimate(config=folder).warnings)


BESIDE = {
    "sd3-medium": ("SD3ControlNetModel", {"num_layers": 6, "num_attention_heads": 24, "caption_projection_dim": 1536}),
    "qwen-image": ("QwenImageControlNetModel", {"num_layers": 5}),
    "sana-1.6b": ("SanaControlNetModel", {"num_layers": 7}),
    "hunyuandit-1.2": ("HunyuanDiT2DControlNetModel", {"in_channels": 4, "patch_size": 2, "hidden_size": 1408}),
    "z-image-turbo": ("ZImageControlNetModel", {"control_layers_places": [0, 5, 10], "control_in_dim": 16}),
}


@pytest.mark.parametrize("model", sorted(BESIDE))
def test_the_controlnets_of_other_families_are_counted_beside_them(model, pipeline):  # noqa: F811
    kind, fields = BESIDE[model]
    folder = pipeline(model, controlnet=["diffusers", kind])
    (folder / "controlnet").mkdir()
    (folder / "controlnet" / "config.json").write_text(json.dumps({"_class_name": kind, **fields}))
    found, exact = estimate(config=folder), count(model_from(folder))
    assert 0 < exact.flops["controlnet"] < exact.flops["denoiser"]
    if model != "sana-1.6b":  # the encoding half of its VAE is not known
        assert found.flops["total"] == pytest.approx(exact.flops["total"], rel=1e-12)
    assert any(f"controlnet ({kind}) is counted" in x for x in found.warnings)


def test_the_papers_fit_says_that_it_leaves_the_controlnet_out(controlled):
    found = estimate(config=controlled(), efficiency="bgr", gpu="v100-pcie")
    assert any("the ControlNet's are left out" in x for x in found.warnings)


@pytest.mark.parametrize(
    "kind", ["FluxImg2ImgPipeline", "WanImageToVideoPipeline", "FluxInpaintPipeline", "CogVideoXVideoToVideoPipeline"]
)
def test_a_pipeline_that_is_given_an_image_says_that_its_encoding_is_not_counted(kind, pipeline):  # noqa: F811
    found = count(model_from(pipeline("flux.1-dev", _class_name=kind)))
    assert any(f"{kind} is given an image or a video" in x and "not counted" in x for x in found.warnings)


@pytest.mark.parametrize("by", ["operator", "block", "stage"])
def test_shares_of_one_pass_add_up_to_what_is_counted(by, controlled):
    found = count(model_from(controlled()), references=2, by=by)
    sums = {}
    for share in found.shares:
        sums[share.stage] = sums.get(share.stage, 0) + share.flop
    assert sums["denoiser"] == pytest.approx(found.flops["denoiser_forward"])
    assert sums["controlnet"] * found.request["steps"] == pytest.approx(found.flops["controlnet"])
    assert sums["vae_encoder"] == pytest.approx(found.flops["vae_encoder"])


def test_the_command_line_takes_references(ditcarbon, refused):
    found = json.loads(ditcarbon("count", "flux.2-dev", "--references", "2", "--json").out)
    assert found["request"]["references"] == 2 and found["flops"]["vae_encoder"] > 0
    assert "of reference images" in ditcarbon("count", "flux.2-dev", "--references", "2").out
    assert "references = -1" in refused("estimate", "flux.2-dev", "--references", "-1")


@pytest.mark.parametrize("references", [0, 2])
def test_elasticities_are_those_of_the_work_with_references_and_a_controlnet(references, controlled):
    """A pass of guidance more costs no ControlNet more: its elasticity is below that of steps."""
    point = operating_point(config=controlled(), references=references, gpu="h100")
    found = {x.knob: x.value for x in elasticities(point, F_total)}
    for knob, symbol in (("guidance", g), ("steps", S), ("text_tokens", m)):
        low, high = (
            pipeline_of_equations.evaluate(
                {**point.values, symbol: factor * point.values[symbol]}, (F_total,), point.route
            )
            for factor in (1 - 1e-6, 1 + 1e-6)
        )
        assert found[knob] == pytest.approx((high[F_total] / low[F_total] - 1) / 2e-6, rel=1e-4)
    assert found["guidance"] < 0.95 * found["steps"]


def test_a_lone_transformer_says_that_the_encoder_of_its_references_is_not_known(pipeline):  # noqa: F811
    lone = pipeline("flux.1-dev") / "transformer"
    for found in (count(model_from(lone), references=1), estimate(config=lone, references=1)):
        assert any("vae_encoder is not counted" in x for x in found.warnings)


def test_a_controlnets_own_folder_is_named(controlled):
    with pytest.raises(InputError, match="FluxControlNetModel runs beside a denoiser; give the folder of the pipeline"):
        model_from(controlled() / "controlnet")


def test_the_shares_of_the_text_encoder_hold_what_its_vision_tower_does(pipeline):  # noqa: F811
    edit = model_from(pipeline("qwen-image", _class_name="QwenImageEditPipeline"))
    found = count(edit, by="operator", guidance=1)
    shares = [x.flop for x in found.shares if x.stage == "text_encoder"]
    assert shares and sum(shares) == pytest.approx(found.flops["text_encoder"], rel=1e-9)
