"""Exact counts of requests: by operator, block and stage; vectorised; on the command line."""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from ditcarbon_sym import estimate
from ditcarbon_sym.architectures.network import Sound
from ditcarbon_sym.architectures.operators import KINDS
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.loading import load, paper_models
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.counting import flops
from ditcarbon_sym.estimation.exact_count import GROUPINGS, count

REQUEST = {"height": 1024, "width": 1024, "frames": 1, "text_tokens": 512, "batch": 2, "steps": 10, "guidance": 1}


def test_the_parts_add_up_and_the_loop_multiplies():
    found = count("sd3-medium", batch=3, steps=7).flops
    assert found["denoiser"] == 3 * 2 * 7 * found["denoiser_forward"]
    assert found["total"] == found["denoiser"] + found["text_encoder"] + found["vae_decoder"]


def test_without_guidance_the_negative_prompt_is_not_encoded():
    two, one = count("pixart-alpha", guidance=2).flops, count("pixart-alpha", guidance=1).flops
    assert two["text_encoder"] == 2 * one["text_encoder"]


def test_a_distilled_model_encodes_no_negative_prompt():
    one, two = (count("flux.2-dev", guidance=passes).flops["text_encoder"] for passes in (1, 2))
    assert one == two > 0


@pytest.mark.parametrize("by", GROUPINGS)
@pytest.mark.parametrize("model", ["flux.1-dev", "hidream-i1", "sana-1.6b", "cogvideox-2b"])
def test_shares_add_up_to_the_whole(model, by):
    found = count(model, by=by, guidance=1, batch=1)
    shares = found.shares
    for stage, whole in (("denoiser", "denoiser_forward"), ("vae_decoder", "vae_decoder"), ("text_encoder",) * 2):
        of_stage = [share for share in shares if share.stage == stage]
        assert sum(share.flop for share in of_stage) == pytest.approx(found.flops[whole], rel=1e-12)
        assert sum(share.parameters for share in of_stage) == found.weights[stage]
    assert by != "operator" or {share.name for share in shares} <= set(KINDS)


def test_an_unknown_grouping_is_refused():
    with pytest.raises(InputError, match="by = 'layer' is unknown; expected one of operator, block, stage"):
        count("dit-xl-2-256", by="layer")


@pytest.mark.parametrize("model", sorted(load().models))
def test_a_sweep_is_one_call_and_equals_the_single_counts(model):
    networks, request = stages.shipped(model), count(model).request
    unit = networks.factors[0] * networks.denoiser.patch
    sides = np.array([4, 8, 11]) * unit * 8
    swept = flops(networks, **{**request, "height": sides, "width": sides[::-1]})
    for number, (tall, wide) in enumerate(zip(sides, sides[::-1], strict=True)):
        single = flops(networks, **{**request, "height": int(tall), "width": int(wide)})
        for stage, value in single.items():
            if value is None:
                assert swept[stage] is None
                continue
            assert value == pytest.approx(np.broadcast_to(swept[stage], 3)[number], rel=1e-12), stage


def test_a_hundred_thousand_resolutions_are_one_call():
    sides = 16 * np.arange(1, 100_001)
    found = flops(stages.shipped("flux.1-dev"), **{**REQUEST, "height": sides})
    assert found["total"].shape == (100_000,) and np.all(np.diff(found["total"]) > 0)


@settings(max_examples=60)
@given(st.sampled_from(sorted(load().models)), st.integers(1, 8), st.integers(1, 8), st.integers(1, 3))
def test_doubling_the_side_at_least_doubles_and_at_most_multiplies_a_pass_by_sixteen(model, tall, wide, batch):
    assume(tall == wide or model != "hidream-i1")  # it pads what is not square to the largest number of tokens
    networks, request = stages.shipped(model), count(model).request
    assume(not isinstance(networks.denoiser, Sound))  # it has no sides
    assume(model != "kandinsky-2.2-prior")  # it makes an embedding of the image, whatever its sides
    unit = networks.factors[0] * networks.denoiser.patch * 16
    at = [
        flops(networks, **{**request, "batch": batch, "height": unit * tall * k, "width": unit * wide * k})[
            "denoiser_forward"
        ]
        for k in (1, 2)
    ]
    assert at[0] < at[1] <= 16 * at[0]


def test_a_model_given_by_flags_has_no_exact_count(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(
        "[models.mine]\ndual_stream = 0\ncross_attention = 1\nadaln_zero = 0\nblocks = 12\nhidden_size = 512\n"
        "mlp_ratio = 4\npatch_size = 2\nvae_spatial_factor = 8\ntext_encoder_parameters = 0\n"
        "vae_decoder_parameters = 5e7\n"
        "request = { height = 512, width = 512, batch = 1, steps = 20, guidance = 2, text_tokens = 77 }\n"
    )
    with pytest.raises(InputError, match="given by flags"):
        count("mine", catalog=path)
    assert estimate("mine", catalog=path).flops["exact"] is None


def test_the_papers_models_keep_the_papers_leading_order():
    for name, model in paper_models().items():
        assert estimate(name, efficiency="bgr").flops["exact"] is not None, name
        assert model.values == load().model(name).values


def test_weights_that_do_not_fit_are_warned_of():
    assert any("does not fit v100-pcie-16gb" in warning for warning in estimate("flux.1-dev").warnings)
    assert not any("does not fit" in warning for warning in estimate("pixart-alpha").warnings)


def test_an_output_smaller_than_the_decoders_tiles_is_not_counted_as_nothing():
    found = count("allegro", frames=1)
    assert found.flops["vae_decoder"] is None and found.flops["total"] is None
    assert any("smaller than the tiles" in warning for warning in found.warnings)


@pytest.mark.parametrize(("frames", "latent"), [(88, 22), (87, 23), (85, 22), (1, 1)])
def test_the_frame_rule_is_the_decoders(frames, latent):
    found = count("allegro", frames=frames)
    assert found.tokens["latent"] == latent * 90 * 160 // 4


def test_text_of_a_fixed_length_cannot_be_changed():
    with pytest.raises(InputError, match="text_tokens"):
        count("hunyuandit-1.2", text_tokens=77)


def test_text_shorter_than_what_the_encoders_always_give_is_refused():
    with pytest.raises(InputError, match="at least 77"):
        count("sd3-medium", text_tokens=76)
    assert count("sd3-medium", text_tokens=77).flops["total"] > 0


def test_narrow_integers_do_not_overflow():
    narrow = {key: np.int16(value) for key, value in REQUEST.items()}
    wide = flops(stages.shipped("flux.1-dev"), **REQUEST)
    assert flops(stages.shipped("flux.1-dev"), **narrow) == wide


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"height": 0}, "height"),
        ({"batch": 1.5}, "batch"),
        ({"steps": np.nan}, "steps"),
        ({"text_tokens": -1}, "text_tokens"),
        ({"width": "wide"}, "must be numbers"),
        ({"height": [1, 2], "width": [1, 2, 3]}, "broadcast"),
    ],
)
def test_sizes_of_requests_are_checked(wrong, expected):
    with pytest.raises(InputError, match=expected):
        flops(stages.shipped("flux.1-dev"), **{**REQUEST, **wrong})


def test_a_missing_size_of_a_request_is_named():
    with pytest.raises(InputError, match="no value for steps"):
        flops(stages.shipped("flux.1-dev"), **{key: value for key, value in REQUEST.items() if key != "steps"})


def test_the_command_line_counts_in_flop_and_in_mac(ditcarbon):
    answer = json.loads(ditcarbon("count", "qwen-image", "--json", "--by", "stage").out)
    halves = json.loads(ditcarbon("count", "qwen-image", "--json", "--macs", "--by", "stage").out)
    assert answer["parameters"] == 20430401088 and set(answer["tokens"]) == {"latent", "text"}
    assert set(answer["flops"]) == {"denoiser_forward", "denoiser", "text_encoder", "vae_decoder", "total"}
    assert halves["macs"]["total"] == answer["flops"]["total"] / 2 and "flops" not in halves
    assert halves["shares"][0]["macs"] == answer["shares"][0]["flop"] / 2


@pytest.mark.parametrize("by", GROUPINGS)
def test_the_command_line_prints_shares(ditcarbon, by):
    outcome = ditcarbon("count", "hidream-i1", "--by", by)
    assert outcome.code == 0 and "VAE decoder" in outcome.out and "of stage" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["count"], "give a model"),
        (["count", "flux.1-dev", "--config", "x.json"], "not both"),
        (["count", "flux.1-dev", "--by", "layer"], "by = 'layer' is unknown"),
        (["count", "flux.1"], "may mean flux.1-dev, flux.1-fill-dev"),
        (["count", "flux.1-dev", "--resolution", "1000"], "not a multiple of 16"),
        (["count", "--config", "/nowhere/config.json"], "no such file"),
    ],
)
def test_bad_input_is_one_line(refused, arguments, expected):
    assert expected in refused(*arguments)


def test_weights_take_as_many_bytes_as_their_format_has():
    """32, 16, 8 and 4 bits of every parameter that is loaded."""
    found = count("flux.1-dev")
    parameters = sum(found.weights.values())
    assert found.memory_gb == pytest.approx(
        {name: parameters * bits / 8 / 1e9 for name, bits in (("fp32", 32), ("bf16", 16), ("int8", 8), ("int4", 4))}
    )
