"""Peak memory: published peaks, what ran, and what physics demands."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sympy import Integer

import ditcarbon_sym
from ditcarbon_sym import estimate
from ditcarbon_sym.architectures.operators import DENSE
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import B, ell, g, p, v_s
from ditcarbon_sym.equations.pipeline import evaluate
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.memory import DENOISER_ALIVE, Memory, memory_of, peak_notes, weight_notes
from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.estimation.request import resolve_request
from ditcarbon_sym.numerics.functions import compiled
from fits.runs import published

PUBLISHED = Path(__file__).parents[2] / "fits" / "measurements" / "memory.csv"
BIB = Path(ditcarbon_sym.__file__).parent / "catalog" / "data" / "sources.bib"


def rows():
    lines = [x for x in PUBLISHED.read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
    return list(csv.DictReader(lines))


def needed(name, **request):
    model = load().model(name)
    if not model.is_video:
        request.pop("frames", None)
    return memory_of(model, resolve_request(model, request)[0])


def told(row):
    """What the package says of a published row: expected, low, high."""
    sizes = {key: int(row[key]) for key in ("height", "width", "frames", "guidance")}
    found, batch = needed(row["model"], **sizes), int(row["batch"])
    alone = Memory(found.of_denoiser, found.of_denoiser, found.denoiser, 0.0)
    while_denoising = Memory(found.weights, found.of_denoiser, found.denoiser, 0.0)
    at = {
        "pipeline": found.peak, "in turn": found.in_turn, "denoiser": alone.peak, "denoising": while_denoising.peak,
    }  # fmt: skip
    quantity = at[row["stage"]](batch)
    return quantity.value, quantity.low, quantity.high


def test_published_peaks_lie_in_the_interval_and_near_what_is_expected():
    found = [(float(row["gib"]), *told(row)) for row in rows()]
    assert len(found) == 13
    assert np.mean([low <= measured <= high for measured, _, low, high in found]) >= 0.9
    assert np.median([abs(value / measured - 1) for measured, value, _, _ in found]) < 0.1
    denoisers = [value / measured for row, (measured, value, *_) in zip(rows(), found, strict=True)
                 if row["source"] == "diffusers2025benchmarks"]  # fmt: skip
    assert denoisers == pytest.approx([1, 1, 1], abs=0.01)


def test_every_published_peak_has_a_source():
    assert all(f"{{{row['source']}," in BIB.read_text(encoding="utf-8") for row in rows())


def test_hunyuanvideo_at_720p_runs_out_of_an_80_gb_card():
    found = estimate("hunyuanvideo", gpu="h100-sxm-80gb", height=720, width=1280, frames=129)
    assert any("probably does not fit h100-sxm-80gb: at its peak it takes" in note for note in found.warnings)
    assert found.memory_gib.value > 80 > found.memory_gib.low


def test_of_what_ran_nothing_is_said_not_to_fit():
    """Single accelerators that published runs were made on; some batches ran above what is expected."""
    for row in published():
        tight = row["gpu"] == "t4" and int(row["height"]) > 1024
        if int(row["batch"]) > 8 or int(row["height"]) > 4096 or tight:  # in turn or in tiles, which no source says
            continue
        model, device = load().model(row["model"]), load().gpu(row["gpu"])
        sizes = {key: int(row[key]) for key in ("height", "width", "batch")}
        sizes |= {"frames": int(row["frames"])} if model.is_video else {}
        notes = peak_notes(model, resolve_request(model, sizes)[0], device)
        assert not any(" does not fit" in note and "probably" not in note for note in notes), row
        assert not weight_notes(model, device) or row["gpu"] == "t4", row


@settings(max_examples=80)
@given(st.data())
def test_a_larger_batch_or_size_never_needs_less_and_weights_are_the_least(data):
    name = data.draw(st.sampled_from(sorted(load().models)))
    model = load().model(name)
    unit = int(model.values[v_s] * model.values[p])
    sizes = {x: unit * data.draw(st.integers(max(1, 320 // unit), 1280 // unit)) for x in ("height", "width")}
    more = {x: value + unit * data.draw(st.integers(0, 4)) for x, value in sizes.items()}
    try:
        small, large = needed(name, **sizes), needed(name, **more)
    except InputError:  # a size that the network does not take
        return
    batch = data.draw(st.integers(1, 16))
    assert small.weights == large.weights <= small.peak(1).value <= large.peak(1).value <= large.peak(batch).value
    quantity = large.peak(batch)
    assert large.weights <= quantity.low <= quantity.value <= quantity.high
    assert large.in_turn(batch).value <= quantity.value


def test_passes_that_run_one_after_another_are_not_alive_together():
    for name, together in (("pixart-alpha", 2), ("wan2.1-t2v-1.3b", 1)):
        model = load().model(name)
        one, two = (memory_of(model, {**resolve_request(model, {})[0], g: passes}) for passes in (1, 2))
        assert two.denoiser == pytest.approx(together * one.denoiser)


def test_where_nothing_is_decoded_the_denoiser_is_the_peak_of_stages_in_turn_however_small():
    assert Memory(0.5, 0.4, 0.1, 0.0).in_turn(1).value == pytest.approx(0.4 + 0.1)


@pytest.mark.parametrize("name", ["framepack-i2v", "helios-base"])
def test_what_a_pass_keeps_alive_is_counted_at_the_latent_frames_of_the_request(name):
    """Frames that these keep at a coarser grid take up a part of the tokens of one latent frame."""
    point = operating_point(name)
    dense = [x for x in point.model.networks().denoising(False) if x.kind == DENSE]
    sizes = {**point.values, ell: float(evaluate(point.values, (ell,), point.route)[ell])}
    moved = max(float(compiled((Integer(1) * x.moved,))(sizes)[0]) for x in dense)
    alive = DENOISER_ALIVE * point.values[g] * 2 * moved / 2**30
    assert memory_of(point.model, point.values).denoiser == pytest.approx(alive, rel=1e-12)


def test_flags_alone_are_near_their_model(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(
        "[models.mine]\ndual_stream = 0\ncross_attention = 1\nadaln_zero = 0\nblocks = 28\nhidden_size = 1152\n"
        "mlp_ratio = 4\npatch_size = 2\nvae_spatial_factor = 8\ntext_encoder_parameters = 4.76e9\n"
        "vae_decoder_parameters = 5e7\n"
        "request = { height = 1024, width = 1024, batch = 1, steps = 20, guidance = 2, text_tokens = 120 }\n"
    )
    mine = load(path).model("mine")
    flags = memory_of(mine, resolve_request(mine, {})[0])
    known = needed("pixart-alpha")
    assert flags.weights == pytest.approx(known.weights, rel=0.02)
    assert flags.denoiser == pytest.approx(known.denoiser, rel=0.1) and flags.decoder == pytest.approx(known.decoder)


def test_a_share_of_memory_is_of_the_size_and_the_batch(ditcarbon):
    asked = ("sweep", "--model", "hunyuanvideo", "--gpu", "h100-sxm-80gb", "--batch", "1,2")
    lines = ditcarbon(*asked).out.splitlines()
    shares = [float(row["memory_share"]) for row in csv.DictReader(lines)]
    found = needed("hunyuanvideo")
    assert shares == pytest.approx([found.peak(batch).value / 80 for batch in (1, 2)])
    assert len(ditcarbon(*asked, "--where", "memory_share<1").out.splitlines()) == 1


def test_an_estimate_tells_its_memory_and_the_next_batch_needs_more():
    one, two = (estimate("flux.1-dev", gpu="h100-sxm-80gb", batch=batch).memory_gib for batch in (1, 2))
    assert one.low < one.value < one.high and two.value > one.value
    assert B in load().model("flux.1-dev").request


def test_an_answer_that_does_not_fit_is_said_to_be_one(ditcarbon):
    asked = ("solve", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--for", "batch", "--budget-s")
    assert "does not fit" not in ditcarbon(*asked, 10).err
    assert "at the answer: flux.1-dev in a batch of" in ditcarbon(*asked, 1000).err
