"""Several accelerators to one request: the split, what it concerns, and what an estimate says of it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import TDP, E, tau
from ditcarbon_sym.equations.parallel.symbols import (
    link,
    n_dec,
    t_wrap,
    tau_dec,
)
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.estimation.intervals import reaches
from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.estimation.several.split import heads_of, read_split, valid_splits
from ditcarbon_sym.sweeps import Grid, sweep

H100 = "h100-sxm-80gb"
MODELS = st.sampled_from(["flux.1-dev", "wan2.1-t2v-14b", "sana-1.5-1.6b", "hunyuanvideo", "sd3.5-medium"])


@settings(max_examples=30, deadline=None)
@given(MODELS, st.integers(1, 16), st.integers(1, 2))
def test_valid_splits_have_the_right_product_and_divide_the_heads(model, gpus, passes):
    entry = load().model(model)
    found = valid_splits(entry, gpus, passes)
    assert found and len(set(found)) == len(found)
    for split in found:
        assert split.gpus == gpus and heads_of(entry) % split.ulysses == 0
        assert read_split(str(split)) == split


def test_one_accelerator_asked_for_is_the_estimate_without_asking():
    assert estimate("flux.1-dev", gpu=H100, gpus=1) == estimate("flux.1-dev", gpu=H100)
    assert estimate("flux.1-dev", gpu=H100, split="ulysses=1") == estimate("flux.1-dev", gpu=H100)


def test_an_estimate_names_its_split_and_counts_all_accelerators():
    one, eight = (
        estimate("hunyuanvideo", gpu=H100, gpus=k, utilisation=0.5, per_day=10, boundary="chip") for k in (1, 8)
    )
    assert eight.gpus == 8 and eight.split == {"ulysses": 8, "ring": 1, "cfg": 1}
    assert one.time_s.value / 8 < eight.time_s.value < one.time_s.value
    assert eight.energy_wh.value > one.energy_wh.value
    seconds = 8 * eight.time_s.value
    assert eight.embodied_g.value / one.embodied_g.value == pytest.approx(seconds / one.time_s.value)
    assert eight.idle_energy_wh.value / one.idle_energy_wh.value == pytest.approx(seconds / one.time_s.value)
    assert eight.per_day["gpu_hours"].value == pytest.approx(10 * seconds / 3600)
    assert eight.efficiency["value"] < one.efficiency["value"]
    assert any(name.startswith("several accelerators") for name in eight.basis["equations"])


def test_the_default_split_takes_least_time_of_all_that_guidance_does_not_split():
    chosen = estimate("wan2.1-t2v-14b", gpu=H100, gpus=8)
    every = [estimate("wan2.1-t2v-14b", gpu=H100, split=f"ulysses={u},ring={8 // u}") for u in (1, 2, 4, 8)]
    assert chosen.time_s.value == min(x.time_s.value for x in every)
    assert chosen.split["cfg"] == 1


def test_the_interval_counts_both_laws():
    one, eight = (operating_point("flux.1-dev", gpu=H100, gpus=k) for k in (1, 8))
    assert t_wrap in eight.calibration.free and len(eight.calibration.covariance) == len(eight.calibration.free)
    known = range(len(one.calibration.free))
    of_one = tuple(tuple(eight.calibration.covariance[i][j] for j in known) for i in known)
    surer = replace(eight, calibration=replace(eight.calibration, free=one.calibration.free, covariance=of_one))
    for output in (tau, E):
        widths = [reaches(point, (output,))[output][1] for point in (surer, eight)]
        assert widths[1] > widths[0] > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gpus": 8, "split": "ulysses=4"}, "split 'ulysses=4' is for 4 accelerators, but gpus = 8; expected"),
        ({"gpus": 8, "split": "ulysses=4"}, "degrees whose product is 8, such as ulysses=8"),
        ({"gpus": 5, "split": "ulysses=5"}, "the 24 heads of flux.1-dev; expected one of 1, 2, 3, 4, 6, 8, 12, 24"),
        ({"split": "cfg=2"}, "cfg = 2, but a step of this request has 1 pass"),
        ({"gpus": 0}, "gpus = 0 is outside 1..1024"),
        ({"gpus": 2.5}, "gpus = 2.5 is not a whole number"),
        ({"split": "ulyses=2"}, "'ulyses' is unknown; did you mean ulysses?"),
        ({"split": "ulysses=2,ulysses=2"}, "'ulysses' stands twice"),
        ({"split": "ulysses"}, "'ulysses' is not a degree; expected such as ulysses=4,ring=2"),
        ({"gpus": 2, "mu": 0.3}, "several accelerators need the operator law"),
        ({"gpus": 2, "efficiency": "bgr"}, "several accelerators need the operator law"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(options, words):
    with pytest.raises(InputError) as refusal:
        operating_point("flux.1-dev", gpu=H100, **options)
    assert words in str(refusal.value) and "\n" not in str(refusal.value)


def width(**options):
    point = operating_point("flux.1-dev", **options)
    return reaches(point, (tau,))[tau][1], " ".join(point.notes)


def test_more_accelerators_than_a_node_has_are_warned_of_and_less_sure():
    eight, sixteen = (width(gpu=H100, gpus=k) for k in (8, 16))
    assert "16 x h100-sxm-80gb are more than 8 accelerators to a node" in sixteen[1]
    assert "more than" not in eight[1] and sixteen[0] > eight[0]


def test_an_accelerator_without_a_known_link_is_answered_with_a_wide_interval(tmp_path):
    table = tmp_path / "mine.toml"
    facts = (
        "compute_capability = 9.0\npeak_flop_per_second = 9.8e14\ntdp_watt = 650\n"
        "bandwidth_byte_per_second = 3.35e12\nseconds_per_exponential = 2.6e-13\n"
    )
    table.write_text(f"[gpus.mine]\n{facts}[gpus.linked]\n{facts}link_byte_per_second = 4.5e11\n")
    unknown, known = (width(gpu=name, gpus=4, catalog=table) for name in ("mine", "linked"))
    assert "the link of mine is unknown: 16 GB/s each way is assumed" in unknown[1]
    assert "link of" not in known[1] and unknown[0] > known[0] > width(gpu=H100, gpus=4)[0]
    assert operating_point("flux.1-dev", gpu="linked", gpus=4, catalog=table).values[link] == 4.5e11


def test_splits_that_no_fitted_run_shows_say_so():
    notes = operating_point("wan2.1-t2v-14b", gpu=H100, gpus=4, split="ulysses=2,cfg=2").notes
    assert any("splits guidance passes" in note for note in notes)
    notes = operating_point("hunyuanvideo", gpu=H100, gpus=6).notes
    assert any("6 accelerators; the law was fitted to runs on 2, 4 and 8" in note for note in notes)


def test_a_model_known_by_its_flags_alone_is_answered_too():
    found = estimate("dit-xl-2-512", gpu=H100, gpus=2)
    assert found.time_s.value > 0


@pytest.mark.parametrize("gpu", ["v100-pcie-16gb", "t4"])
def test_where_energy_has_no_law_it_is_rated_power_of_all_for_the_time(gpu):
    found = estimate("pixart-alpha", gpu=gpu, gpus=2)
    watts = load().gpu(gpu).values[TDP]
    assert found.energy_wh.value == pytest.approx(2 * watts * found.time_s.value / 3600)
    assert found.basis["power"].startswith("rated TDP")


WAYS = [
    {"software": "compile"}, {"attention": "fa3"}, {"attention": "sparse:0.3"}, {"precision": "int8-weight"},
    {"software": "compile", "precision": "fp8"}, {"cache": 0.4}, {"guidance_steps": 0.5}, {"offload": "model"},
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_mode_has_an_answer_on_several_accelerators(way):
    one, four, plain = (estimate("wan2.1-t2v-1.3b", gpu=H100, **x) for x in (way, {"gpus": 4, **way}, {"gpus": 4}))
    assert one.time_s.value / 4 < four.time_s.value < one.time_s.value
    assert four.energy_wh.value > one.energy_wh.value
    assert four.time_s.high / four.time_s.low > max(x.time_s.high / x.time_s.low for x in (one, plain))
    assert estimate("wan2.1-t2v-1.3b", gpu=H100, gpus=1, **way) == one
    swept = sweep(Grid(("wan2.1-t2v-1.3b",), gpu=(H100,), gpus=(1, 4), options=way))
    assert swept.array("time_s").ravel() == pytest.approx([one.time_s.value, four.time_s.value], rel=1e-12)
    assert 1000 * swept.array("energy_kwh").ravel() == pytest.approx([one.energy_wh.value, four.energy_wh.value])


def test_what_runs_show_of_modes_on_several_accelerators_is_told():
    told = "published runs show compilation alone"
    assert not any(told in x for x in operating_point("flux.1-dev", gpu=H100, gpus=2, software="compile").notes)
    assert any(told in x for x in operating_point("flux.1-dev", gpu=H100, gpus=2, cache=0.3).notes)


def test_the_best_split_is_that_of_the_mode():
    model = "wan2.1-t2v-14b"
    for way in ({"attention": "sparse:0.05"}, {"software": "compile"}):
        every = [estimate(model, gpu=H100, split=f"ulysses={u},ring={8 // u}", **way) for u in (1, 2, 4, 8)]
        assert estimate(model, gpu=H100, gpus=8, **way).time_s.value == min(x.time_s.value for x in every)


def test_guidance_on_a_part_of_the_steps_cannot_split_guidance():
    with pytest.raises(InputError, match="only a part of the accelerators"):
        operating_point("wan2.1-t2v-14b", gpu=H100, split="cfg=2", guidance_steps=0.5)


def test_accelerators_can_share_the_decoding():
    options = {"gpu": "a100-sxm-80gb", "resolution": 4096, "steps": 20}
    plain, shared = (estimate("sana-1.6b", split=f"ring=2,cfg=2{x}", **options) for x in ("", ",vae=4"))
    assert shared.split == {"ulysses": 1, "ring": 2, "cfg": 2, "vae": 4} and "vae" not in plain.split
    point = operating_point("sana-1.6b", split="ring=2,cfg=2", **options)
    decoding = float(pipeline.evaluate(point.values, (tau_dec,), point.route)[tau_dec])
    assert plain.time_s.value - shared.time_s.value == pytest.approx(0.75 * decoding)
    assert decoding > 0.3 * plain.time_s.value and shared.energy_wh.value <= plain.energy_wh.value
    assert any("shares the decoding" in x for x in shared.warnings)
    with pytest.raises(InputError, match="vae = 8, but gpus = 4"):
        operating_point("sana-1.6b", split="ring=4,vae=8", **options)
    swept = sweep(Grid(("sana-1.6b",), resolution=((4096, 4096),), steps=(20,), gpu=("a100-sxm-80gb",),
                       options={"split": "ring=2,cfg=2,vae=4"}))  # fmt: skip
    assert swept.array("time_s").item() == pytest.approx(shared.time_s.value)
    assert next(swept.chunks())[1]["split"].words() == ["ring=2,cfg=2,vae=4"]


@pytest.mark.parametrize(
    ("model", "split", "decoding"),
    [("hunyuanvideo", "ulysses=4", 4), ("hunyuanvideo", "ulysses=4,vae=2", 2), ("hunyuanvideo", "ulysses=4,vae=4", 4)],
)
def test_the_vae_decodes_on_all_accelerators_unless_some_share_it(model, split, decoding):
    """xDiT's pipelines decode the same latents everywhere, or tile by tile on as many as are asked for."""
    point = operating_point(model, gpu="h100-sxm-80gb", gpus=4, split=split)
    found = pipeline.evaluate(point.values, (n_dec,), point.route)[n_dec]
    assert float(found) == decoding


@pytest.mark.parametrize(("gpus", "beyond"), [(2, False), (4, False), (8, False), (16, True)])
def test_more_accelerators_than_a_node_has_are_told_and_fewer_are_not(gpus, beyond):
    found = estimate("hunyuanvideo", gpu=H100, gpus=gpus)
    assert any("accelerators to a node" in x for x in found.warnings) == beyond
