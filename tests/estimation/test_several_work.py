"""What a split of a request concerns: rows that are exchanged, padded or worked on everywhere."""

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import N, d, ell
from ditcarbon_sym.equations.parallel.symbols import (
    Q_attn,
    crossed,
    everywhere,
    gathered,
    n_attn,
    pad_attn,
    pad_dense,
    pad_elem,
)
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.estimation.request import resolve_request
from ditcarbon_sym.estimation.several import work
from ditcarbon_sym.estimation.training import train

H100 = "h100-sxm-80gb"
MODELS = st.sampled_from(["flux.1-dev", "wan2.1-t2v-14b", "sana-1.5-1.6b", "hunyuanvideo", "sd3.5-medium"])


def of(model, sharing, **request):
    entry = load().model(model)
    numbers, _ = resolve_request(entry, request)
    point = operating_point(model, gpu=H100, **request)
    found = {x.lhs: x for x in work.equations(entry, numbers, sharing)}
    values = {**point.values, ell: estimate(model, gpu=H100, **request).tokens["latent"]}
    return {x: float(equation(values)) for x, equation in found.items()}


def test_attention_exchanges_four_times_its_rows_and_cross_attention_nothing():
    found = of("pixart-sigma", 8, resolution=1024)
    assert found[Q_attn] == 2 * 28 * 4 * 4096 * 1152 and found[n_attn] == 28
    joint = of("flux.1-dev", 8, resolution=1024)
    assert joint[Q_attn] == 2 * 57 * 4 * (4096 + 512) * 3072 and joint[n_attn] == 57


def test_linear_attention_is_one_exchange_in_a_layer():
    found = of("sana-1.5-1.6b", 2, resolution=1024)
    assert found[n_attn] == 20
    assert found[Q_attn] == pytest.approx(2 * 20 * 4 * 1024 * 2240, rel=0.1)  # and small matrices of each head
    assert of("sana-video-2b", 2)[n_attn] == 20  # with a product of its own for the denominator


@pytest.mark.parametrize("model", ["latte-1", "open-sora-1.2"])
def test_attention_within_frames_is_one_layer_for_all_frames(model):
    entry = load().model(model)
    layers = {x.lhs: x.rhs for x in work.equations(entry, resolve_request(entry, {})[0], 1)}[n_attn]
    assert layers == 28
    assert estimate(model, gpu="h100-sxm-80gb", gpus=8).time_s.value < estimate(model, gpu="h100-sxm-80gb").time_s.value


@pytest.mark.parametrize("name", ["open-sora-1.0", "open-sora-1.2", "latte-1"])
def test_attention_frame_by_frame_is_shared_and_trained(name):
    alone = estimate(name, gpu=H100).time_s.value
    shared = estimate(name, gpu=H100, gpus=2).time_s.value
    assert alone is not None and shared is not None and 0.5 < shared / alone < 1
    assert train(name, gpu=H100, gpus=8, batch=8, steps=1).step_s.value


def test_text_that_does_not_divide_is_worked_on_everywhere():
    whole = of("sd3.5-medium", 8, resolution=1024)
    assert whole[pad_dense] > 1.3 and whole[pad_elem] > 1.3
    assert of("flux.1-dev", 8, resolution=1024)[pad_dense] == 1  # 512 text tokens and 4096 latent ones divide
    alone = of("sd3.5-medium", 1, resolution=1024)
    assert alone[pad_dense] == alone[pad_attn] == alone[pad_elem] == 1


def test_queries_of_text_that_is_not_split_are_worked_on_everywhere_and_keys_are_anyway():
    """Of 37 attentions of sd3.5-medium 24 are over 4096 latent and 333 text rows, 13 over the latent ones."""
    joint, latent, gpus = 24 * 4429**2, 13 * 4096**2, 8
    repeated = joint * (4096 + gpus * 333) / 4429
    assert of("sd3.5-medium", gpus, resolution=1024)[pad_attn] == pytest.approx((repeated + latent) / (joint + latent))
    assert of("flux.1-dev", gpus, resolution=1024)[pad_attn] == 1


def test_without_attention_there_is_nothing_to_pad():
    class Without:
        @staticmethod
        def denoising(references):
            return []

    assert work._attention_padding(Without, False, {}, {}) == 1


def test_what_is_exchanged_and_how_is_a_fact_of_the_code_that_splits():
    found = {model: of(model, 4) for model in ("wan2.1-t2v-14b", "flux.1-dev", "pixart-sigma", "hunyuanvideo")}
    assert [x[crossed] for x in found.values()] == [1, 0, 0, 0]
    assert [x[gathered] for x in found.values()] == [1, 1, 0, 0]


@settings(max_examples=20, deadline=None)
@given(MODELS, st.integers(1, 12))
def test_padding_is_no_less_than_one_and_no_more_than_all_rows_everywhere(model, sharing):
    found = of(model, sharing)
    for x in (pad_dense, pad_attn, pad_elem):
        assert 1 <= found[x] <= sharing


def test_where_the_vae_decodes_is_a_fact_of_the_pipeline():
    assert of("flux.1-dev", 4)[everywhere] == 0
    assert of("wan2.1-t2v-14b", 4)[everywhere] == 1


def test_attention_of_a_model_known_by_its_flags_exchanges_four_times_its_rows_of_two_bytes():
    assert {x.lhs: x.rhs for x in work._of_flags()}[Q_attn] == 2 * 4 * N * d * ell
