"""A training: its limits, its intervals, what is refused, and its share of an output."""

import json
import math

import pytest

from ditcarbon_sym import InputError, estimate, train
from ditcarbon_sym.estimation.training.answer import _ratio
from ditcarbon_sym.estimation.training.route import law

PLAIN = {"steps": 1000, "batch": 256, "gpu": "a100-sxm-80gb"}


def run(model="dit-xl-2-256", **options):
    return train(model, **{**PLAIN, **options})


def test_one_accelerator_reduces_and_exchanges_nothing():
    found = run()
    assert found.step_bytes["gradients"] == found.step_bytes["activations"] == 0
    assert found.step_parts_s["late"] == pytest.approx(0, abs=1e-12) and found.setting["data_parallel"] == 1


def test_recomputation_adds_its_part_of_the_forward_pass():
    plain, half = run(), run(recompute=0.5)
    assert plain.flops["recomputed"] == 0
    assert half.flops["recomputed"] == pytest.approx(0.5 * plain.flops["forward"])
    assert half.step_s.value > plain.step_s.value


def test_cached_latents_leave_the_encoder_idle_and_cached_text_the_text_encoders():
    shown = run("pixart-alpha")
    cached = run("pixart-alpha", cached_latents=True)
    all_cached = run("pixart-alpha", cached_latents=True, cached_text=True)
    assert shown.flops["frozen"] > cached.flops["frozen"] > all_cached.flops["frozen"] == 0
    assert all_cached.step_parts_s["frozen"] == 0


def test_the_forward_pass_is_that_of_an_estimate():
    generated = estimate("dit-xl-2-256", gpu="a100-sxm-80gb", steps=1, guidance=1, batch=1)
    assert run().flops["forward"] == pytest.approx(generated.flops["denoiser"])


def test_accelerator_hours_hardly_depend_on_their_number():
    one, many = run(batch=4096), run(batch=4096, gpus=8)
    assert many.gpu_hours.value == pytest.approx(one.gpu_hours.value, rel=0.1)
    assert many.time_s.value < one.time_s.value / 7


def test_no_training_draws_more_than_rated_power():
    for model, size in (("dit-xl-2-256", 256), ("flux.1-dev", 1024)):
        found = run(model, resolution=size, gpu="h100-sxm-80gb", gpus=8)
        watts = found.energy_kwh.value * 3.6e6 / (found.time_s.value * 8)
        assert 100 < watts < 1.01 * 700


def test_the_interval_is_wider_than_that_of_inference_by_what_was_fitted():
    generated, trained = estimate("pixart-alpha", gpu="a100-sxm-80gb").time_s, run("pixart-alpha").time_s
    assert trained.high / trained.value > generated.high / generated.value
    assert law()["quality"]["held_out_log_scatter"] > 0.1 and law()["quality"]["held_out_groups"] >= 3


def test_a_training_is_spread_over_outputs_and_breaks_even_where_they_have_emitted_as_much():
    found = run(outputs=1e6)
    shares = found.per_output
    assert shares["training_g"].value == pytest.approx(found.total_g.value / 1e6)
    assert shares["total_g"].value == pytest.approx(shares["training_g"].value + shares["inference_g"].value)
    even = run(outputs=found.break_even_outputs).per_output
    assert even["training_g"].value == pytest.approx(even["inference_g"].value)


def test_an_average_and_shards_change_what_is_held():
    assert run(ema=True).states_gib > run().states_gib > run(gpus=8, sharded=True).states_gib
    assert run(gpus=8, tensor=8).states_gib < run(gpus=8).states_gib / 7


def test_tensor_parallelism_exchanges_activations_and_fewer_gradients():
    data, tensor = run(gpus=8), run(gpus=8, tensor=8)
    assert tensor.step_bytes["activations"] > 0 == data.step_bytes["activations"]
    assert tensor.step_bytes["gradients"] == 0 < data.step_bytes["gradients"]


def test_a_slower_network_takes_longer_where_several_nodes_train():
    fast, slow = (run("flux.1-dev", gpus=64, resolution=256, network_gbit=x) for x in (400, 5))
    assert slow.time_s.value > fast.time_s.value
    assert not any("assumed: 200" in x for x in slow.warnings)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": None}, "steps is missing"), ({"batch": 4, "gpus": 8}, "less than the 8 accelerators"),
        ({"gpus": 6, "tensor": 4}, "does not divide gpus"), ({"gpus": 7, "tensor": 7}, "does not divide the 16 heads"),
        ({"gpus": 16, "tensor": 16}, "more than the 8 accelerators"), ({"recompute": 1.5}, "outside 0..1"),
        ({"guidance": 2}, "of a request, not of a training"), ({"boundary": "facility"}, "take 'server'"),
        ({"gpu": "l4", "boundary": "server"}, "no sources"),
        ({"software": "engine"}, "not one of a training; expected eager, compile"), ({"precision": "int4"}, "fp8"),
        ({"precision": "fp8", "software": "compile"}, "does not have it"), ({"precision": "fp8"}, "give software"),
        ({"gradient_bytes": 16}, "gradient"), ({"network_gbit": 0}, "outside 1"), ({"outputs": 0}, "outputs"),
        ({"steps": math.nan}, "steps"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line(options, words):
    with pytest.raises(InputError, match=words) as error:
        run(**options)
    assert "\n" not in str(error.value)


def test_compilation_and_a_narrow_format_leave_flop_and_take_time():
    usual = {"gpu": "h100-sxm-80gb", "batch": 64, "resolution": 512, "cached_latents": True, "cached_text": True}
    plain, fused = run("flux.1-dev", **usual), run("flux.1-dev", **usual, software="compile")
    narrow = run("flux.1-dev", **usual, software="compile", precision="fp8")
    assert plain.step_s.value > fused.step_s.value > narrow.step_s.value
    assert plain.flops == fused.flops == narrow.flops and plain.energy_kwh.value > narrow.energy_kwh.value
    assert fused.step_parts_s["launches"] < plain.step_parts_s["launches"]
    assert fused.step_parts_s["optimiser"] < plain.step_parts_s["optimiser"]
    same = run("flux.1-dev", **usual, software="eager", precision="bf16")
    assert same.step_s == plain.step_s
    assert "compiled PyTorch, fp8" in narrow.basis["stack"]["words"]
    assert narrow.inference_g == plain.inference_g


def test_hosts_of_all_accelerators_count_where_the_boundary_has_them():
    chip, server = (run(gpus=8, boundary=x) for x in ("chip", "server"))
    assert chip.host_energy_kwh.value is None and chip.facility_energy_kwh.value < server.facility_energy_kwh.value
    assert server.total_g.value == pytest.approx(
        server.operational_g.value + server.host_g.value + server.embodied_g.value
    )
    one = run(gpus=1, boundary="server")
    share = server.host_energy_kwh.value / server.time_s.value / (one.host_energy_kwh.value / one.time_s.value)
    assert 6 < share < 8.1 and server.embodied_g.value > 5 * chip.embodied_g.value
    assert run(gpus=8) == server and run(gpus=8, utilisation=0.5).basis["boundary"]["name"] == "server"


def test_gradients_of_sixteen_bits_are_half_as_many_bytes():
    wide, half = run(gpus=8), run(gpus=8, gradient_bytes=2)
    assert half.step_bytes["gradients"] == pytest.approx(wide.step_bytes["gradients"] / 2)


def test_flop_of_a_sample_of_mlperf_are_those_of_its_configuration():
    """NVIDIA's configuration of MLPerf Training 5.1 counts 20.3 TFLOP to a sample (mlperf2025training51)."""
    found = run("flux.1-schnell", resolution=256, text_tokens=256, cached_latents=True, cached_text=True)
    assert found.flops["forward"] + found.flops["backward"] == pytest.approx(20.3e12, rel=0.02)


def test_what_does_not_fit_is_said():
    assert any("shard" in x for x in run("flux.1-dev", resolution=256).warnings)
    assert not any("GiB" in x for x in run().warnings)


def test_an_unknown_encoder_is_said_and_not_taken_for_nothing():
    found = run("hunyuanvideo", gpu="h200-sxm-141gb", height=256, width=256, frames=33)
    assert any("encoder of hunyuanvideo is not known" in x for x in found.warnings) and found.flops["frozen"] > 0
    assert not any("is not known" in x for x in run("pixart-alpha").warnings)


def test_the_command_prints_a_table_and_one_object(ditcarbon, refused):
    words = ("train", "dit-xl-2-256", "--steps", "1000", "--batch", "256", "--gpu", "a100-sxm-80gb", "--gpus", "8")
    shown = ditcarbon(*words, "--per-output", "1e6").out
    assert "accelerator hours" in shown and "break-even" in shown and "output with training" in shown
    found = json.loads(ditcarbon(*words, "--json").out)
    assert found["setting"]["gpus"] == 8 and found["total_g"]["low"] < found["total_g"]["value"]
    assert "less than" in refused("train", "dit-xl-2-256", "--steps", "10", "--batch", "4", "--gpus", "8")


def test_a_training_shows_itself_in_a_notebook():
    assert "accelerator hours" in run()._repr_html_()


@pytest.mark.parametrize(
    ("training", "output", "expected"), [(6, 2, 3), (None, 2, None), (6, None, None), (6, 0, None)]
)
def test_outputs_to_break_even_are_unknown_where_either_is_unknown_or_an_output_is_free(training, output, expected):
    assert _ratio(training, output) == expected
