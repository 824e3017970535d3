"""Modes of running: what is asked for, what is refused, and what an estimate says of them."""

import json
import re

import numpy as np
import pytest

from ditcarbon_sym import InputError, compare, estimate, operating_point, sweep
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import F_denoiser, F_total, c_skip, delta_attn, g, gamma_g, k_check
from ditcarbon_sym.estimation.modes import stack
from ditcarbon_sym.estimation.modes.asked import OPTIONS, table
from ditcarbon_sym.estimation.modes.choice import NO_MODE, generation
from ditcarbon_sym.sweeps import Grid

H100 = "h100-sxm-80gb"
FLUX = {"model": "flux.1-dev", "gpu": H100}
WAYS = [
    {"software": "compile"}, {"software": "engine"}, {"software": "engine:sglang"}, {"attention": "fa3"},
    {"attention": "sage2"}, {"attention": "sparse:0.3"}, {"software": "compile", "precision": "fp8"},
    {"software": "compile", "precision": "int8-weight"}, {"precision": "int4"}, {"cache": 0.4},
    {"offload": "model"}, {"offload": "sequential"}, {"preset": "flux-dbcache-0.08"}, {"preset": "flux-turbo-8step"},
]  # fmt: skip
BIB = set(re.findall(r"^@\w+\{(\w+),", (DATA / "sources.bib").read_text(encoding="utf-8"), re.M))


def words(way):
    return " ".join(f"{name}={value}" for name, value in way.items())


def test_eager_in_16_bits_is_no_mode_and_changes_nothing():
    usual = {"software": "eager", "attention": "sdpa", "precision": "bf16", "cache": 0.0, "guidance_steps": 1.0}
    said, unsaid = operating_point(**FLUX, **usual), operating_point(**FLUX)
    assert unsaid.mode is NO_MODE and not said.mode.constants
    assert estimate(**FLUX, **usual).time_s == pytest.approx(estimate(**FLUX).time_s)


@pytest.mark.parametrize("way", WAYS, ids=words)
def test_every_way_has_an_answer_with_an_interval_and_says_its_stack(way):
    found = estimate(**FLUX, **way)
    assert found.time_s.low < found.time_s.value < found.time_s.high
    assert found.energy_wh.low < found.energy_wh.value < found.energy_wh.high
    stack = found.to_dict()["stack"]
    assert list(found.to_dict())[:2] == ["schema_version", "stack"] and stack["years"]
    for name, value in way.items():
        assert (stack[name] == value and str(value) in stack["words"]) or name in ("software", "cache")


@pytest.mark.parametrize("way", WAYS[:10], ids=words)
def test_a_mode_is_less_sure_than_the_law(way):
    found, eager = estimate(**FLUX, **way).time_s, estimate(**FLUX).time_s
    assert found.high / found.low > eager.high / eager.low


@pytest.mark.parametrize("way", WAYS, ids=words)
def test_a_sweep_answers_as_an_estimate_does(way):
    one = estimate(**FLUX, **way)
    swept = sweep(Grid(("flux.1-dev",), gpu=(H100,), options=way))
    assert swept.array("time_s").item() == pytest.approx(one.time_s.value, rel=1e-12)
    assert swept.array("energy_kwh").item() == pytest.approx(one.energy_wh.value / 1000, rel=1e-12)
    parts = [swept.array(f"{stage}_g").item() for stage in ("text", "denoiser", "vae")]
    assert sum(parts) == pytest.approx(one.total_g.value, rel=1e-9) and min(parts) > 0


REFUSED = [
    ({"software": "fast"}, "software = 'fast' is unknown"),
    ({"software": "engine:tensor"}, "unknown engine"),
    ({"attention": "fa9"}, "attention = 'fa9' is unknown"),
    ({"attention": "sparse:2"}, "expected sparse:DENSITY"),
    ({"attention": "sparse:0.0"}, "expected sparse:DENSITY"),
    ({"attention": "fa3", "gpu": "a100-sxm-80gb"}, "a100-sxm-80gb does not have it"),
    ({"attention": "sage2", "gpu": "v100-pcie-16gb"}, "v100-pcie-16gb does not have it"),
    ({"precision": "fp8", "gpu": "a100-sxm-80gb"}, "compute capability 8; expected 8.9 or later"),
    ({"precision": "nvfp4"}, "h100-sxm-80gb does not have it"),
    ({"attention": "fa3", "gpu": "mi300x"}, "mi300x does not have it (it is made for NVIDIA's accelerators alone)"),
    ({"attention": "sage2", "gpu": "tpu-v5e"}, "tpu-v5e does not have it"),
    ({"precision": "nvfp4", "gpu": "mi355x"}, "mi355x does not have it"),
    ({"precision": "fp6"}, "precision = 'fp6' is unknown"),
    ({"cache": 1.0}, "cache = 1: a cache skips a part of the steps"),
    ({"cache": -0.1}, "cache = -0.1"),
    ({"cache": float("nan")}, "cache = nan is not a number"),
    ({"guidance_steps": 1.5}, "guidance_steps = 1.5"),
    ({"offload": "disk"}, "offload = 'disk' is unknown"),
    ({"preset": "wan-lightning-4step"}, "not for flux.1-dev; its own are"),
    ({"preset": "flux-turbo-9step"}, "did you mean flux-turbo-8step?"),
    ({"software": "compile", "mu": 0.4}, "acts on the operator law alone"),
    ({"software": "compile", "efficiency": "bgr"}, "acts on the operator law alone"),
]


@pytest.mark.parametrize(("way", "expected"), REFUSED, ids=lambda x: words(x) if isinstance(x, dict) else "")
def test_what_cannot_be_is_refused_in_one_line(way, expected):
    with pytest.raises(InputError) as refusal:
        operating_point(**{**FLUX, **way})
    assert expected in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_mode_that_changes_the_output_says_that_quality_is_not_predicted():
    assert not any("quality" in x for x in estimate(**FLUX, software="compile").warnings)
    for way in ({"precision": "fp8"}, {"cache": 0.4}, {"attention": "sage2"}, {"preset": "flux-turbo-8step"}):
        assert any("its quality is not predicted" in x for x in estimate(**FLUX, **way).warnings), way


def test_compilation_helps_and_formats_help_only_with_it():
    times = {name: estimate(**FLUX, **way).time_s.value for name, way in {
        "eager": {}, "compile": {"software": "compile"}, "fp8": {"software": "compile", "precision": "fp8"},
        "fp8 eager": {"precision": "fp8"}, "int8 eager": {"precision": "int8-weight"},
        "int4 eager": {"precision": "int4"},
    }.items()}  # fmt: skip
    assert times["fp8"] < times["compile"] < times["eager"] < min(times["fp8 eager"], times["int8 eager"])
    assert times["int4 eager"] > 3 * times["eager"]


def test_flops_are_those_that_a_cache_leaves():
    whole, half = estimate(**FLUX), estimate(**FLUX, preset="flux-dbcache-0.20")
    kept = 1 - 0.679 * (1 - table("presets")["flux-dbcache-0.20"]["check"])
    assert half.flops["denoiser"] == pytest.approx(kept * whole.flops["denoiser"], rel=1e-12)
    assert half.flops["vae_decoder"] == whole.flops["vae_decoder"]


def test_a_preset_sets_what_the_user_does_not():
    found = operating_point("wan2.1-t2v-14b", gpu=H100, preset="wan-lightning-4step").values
    from ditcarbon_sym.equations.notation import S, g

    assert (found[S], found[g]) == (4, 1)
    assert operating_point("wan2.1-t2v-14b", gpu=H100, preset="wan-lightning-4step", steps=8).values[S] == 8


def test_weights_take_the_memory_of_their_format_and_offloading_frees_it():
    peaks = {
        name: estimate(**FLUX, **way).memory_gib.value
        for name, way in {
            "bf16": {}, "fp8": {"software": "compile", "precision": "fp8"}, "nf4": {"precision": "nf4"},
            "model": {"offload": "model"}, "sequential": {"offload": "sequential"},
        }.items()
    }  # fmt: skip
    assert peaks["bf16"] - peaks["fp8"] == pytest.approx(11.9e9 / 2**30, rel=0.01)
    assert peaks["bf16"] > peaks["fp8"] > peaks["nf4"] and peaks["bf16"] > peaks["model"]
    assert peaks["sequential"] < peaks["model"]


def test_what_two_modes_share_cancels_in_their_ratio():
    one, other = "flux.1-dev,software=compile", "flux.1-dev,software=compile,batch=2"
    same = compare([one, other], gpu=H100).ratios[0][0]
    modes = compare(["flux.1-dev", one], gpu=H100).ratios[0][0]
    assert same.high / same.low < modes.high / modes.low
    assert modes.known and modes.value < 0.85


def test_generations_go_by_compute_capability():
    gpus = load().gpus
    found = {name: generation(gpus[name]) for name in ("t4", "a10g", "l20", "h20", "rtx-5090", "b200-sxm")}
    assert list(found.values()) == ["older", "ampere", "ada", "hopper", "blackwell", "blackwell"]


def test_every_fact_and_preset_has_a_source_in_the_bibliography():
    facts, known = table("facts"), load().models
    entries = [x for group in ("formats", "attention", "engines") for x in facts[group].values()]
    for entry in [*entries, facts["generations"], facts["half_accumulation"], *table("presets").values()]:
        assert entry["sources"]
    for name, preset in table("presets").items():
        assert preset["sources"].partition(":")[0] in BIB and set(preset["models"]) <= set(known), name
        assert set(preset) <= {"models", "sources", "check", "steps", "guidance", *OPTIONS}
    for name, constant in table("constants")["parameters"].items():
        assert set(constant["sources"]) <= BIB, name


def test_the_command_line_tells_the_stack_in_its_first_line(ditcarbon):
    shown = ditcarbon("estimate", "flux.1-dev", "--gpu", H100, "--software", "compile").out.splitlines()
    assert re.search(
        r"us-average, boundary: server; compiled PyTorch, .+, attention sdpa; constants of 2024 to 2026$", shown[0]
    )
    eager = ditcarbon("estimate", "flux.1-dev", "--gpu", H100).out.splitlines()
    assert re.search(
        r"us-average, boundary: server; eager PyTorch, .+, attention sdpa; constants of 20\d\d( to 20\d\d)?$", eager[0]
    )
    told = json.loads(ditcarbon("estimate", "flux.1-dev", "--gpu", H100, "--precision", "fp8", "--json").out)
    assert told["stack"]["precision"] == "fp8"


def test_a_refusal_on_the_command_line_is_one_line_and_code_2(refused):
    assert "a100-sxm-80gb does not have it" in refused(
        "estimate", "flux.1-dev", "--gpu", "a100-sxm-80gb", "--precision", "fp8"
    )


def test_the_covariance_of_the_constants_of_modes_is_one():
    """Symmetric, with no correlation beyond one, and every constant is in it."""
    names = sorted(stack.table("constants")["parameters"])
    matrix = np.array([[stack._covariance(x, y) for y in names] for x in names])
    assert np.allclose(matrix, matrix.T, rtol=1e-6, atol=0) and np.linalg.eigvalsh(matrix).min() >= -1e-12
    assert (np.diag(matrix) >= 0).all() and np.diag(matrix).max() > 0


def test_an_engine_falls_back_on_the_plain_kernel_on_accelerators_of_other_makers():
    assert estimate("flux.1-dev", gpu="mi300x", software="engine:sglang").basis["stack"]["attention"] == "sdpa"
    assert estimate("flux.1-dev", gpu=H100, software="engine:sglang").basis["stack"]["attention"] == "fa3"


@pytest.mark.parametrize(
    ("options", "words"),
    [((), "all stages"), (("--offload", "model"), "stages"), (("--offload", "sequential"), "layers")],
)
def test_the_peak_of_memory_says_what_is_loaded(ditcarbon, options, words):
    shown = ditcarbon("estimate", "flux.1-dev", "--gpu", H100, *options).out
    assert re.search(rf"^ peak memory .* GiB, {words} loaded{' in turn' if options else ''} *$", shown, re.M)


def test_passes_that_a_mode_leaves_out_are_in_no_flop():
    """Half of the steps skipped at a tenth of their cost leave 0.55; guidance on a quarter of them 1.25 of 2 passes."""
    flops = {F_denoiser: 80.0, F_total: 100.0}
    cached = {c_skip: 0.5, k_check: 0.1, g: 2.0}
    assert stack.passes_left(cached, flops) == pytest.approx({F_denoiser: 44.0, F_total: 64.0})
    guided = {gamma_g: 0.25, g: 2.0}
    assert stack.passes_left(guided, flops) == pytest.approx({F_denoiser: 50.0, F_total: 70.0})
    assert stack.passes_left({g: 2.0}, flops) == {}
    assert stack.passes_left(cached, {F_denoiser: None, F_total: None}) == {}
    assert stack.passes_left(cached, {F_denoiser: 80.0, F_total: None}) == {}


@pytest.mark.parametrize(("attention", "density"), [("fa3", None), ("sage2", None), ("sparse:0.3", 0.3)])
def test_dense_attention_leaves_its_density_out(attention, density):
    point = operating_point("flux.1-dev", gpu="h100-sxm-80gb", attention=attention)
    assert point.values.get(delta_attn) == density
