"""What ``derive`` shows of a released network is that network, not the flags that come nearest."""

import json

import pytest
from hypothesis import given, settings, strategies as st
from sympy import Integer, degree, expand

from ditcarbon_sym.analysis.forms import Forms, derive
from ditcarbon_sym.analysis.operator_forms import (
    CROSS,
    CROSSOVERS,
    MLP,
    MODULATION,
    PROJECTIONS,
    SCORES,
    derive_pass,
    split,
)
from ditcarbon_sym.analysis.symbolic import with_symbols
from ditcarbon_sym.architectures.operators import flop
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.catalog.stages import shipped_ids
from ditcarbon_sym.equations.notation import N, N_single, d, ell, f, m, n_latent
from ditcarbon_sym.estimation.counting import networks_of

RELEASED = sorted(shipped_ids())


def forms_of(name, **options):
    return derive_pass(load().model(name), **options)


@pytest.mark.parametrize("name", RELEASED)
def test_the_parts_add_up_to_the_operator_list_at_the_sizes_of_the_release(name):
    found = forms_of(name)
    denoiser = networks_of(load().model(name)).denoiser
    sizes = {x: value for x, value in found.numbers.items() if x not in (m, n_latent)}
    assert expand(sum(found.parts.values()) - found.whole) == 0
    assert expand(found.whole.xreplace(sizes) - flop(denoiser.operators())) == 0
    counted = sum(Integer(1) * x.times * x.parameters for x in denoiser.operators())
    assert expand(found.parameters.xreplace(sizes) - counted) == 0


@settings(max_examples=40)
@given(st.sampled_from(RELEASED), st.integers(64, 60000))
def test_the_coefficients_are_the_polynomial(name, tokens):
    found = forms_of(name, numbers=True)
    here = {**found.numbers, ell: Integer(tokens)}
    assert sum(value * tokens**power for power, value in found.coefficients.items()) == found.whole.xreplace(here)


@pytest.mark.parametrize("name", RELEASED)
def test_at_a_crossover_both_sides_take_the_same_and_beyond_it_the_first_takes_more(name):
    found = forms_of(name)
    parts = split(with_symbols(networks_of(load().model(name)).denoiser))
    for crossing in found.crossovers:
        if crossing.tokens is None:
            continue
        rest = sum(value for part, value in parts.items() if part != crossing.one)
        sides = parts[crossing.one], rest if crossing.other == "rest" else parts[crossing.other]
        for factor, larger in ((1, 0), (1.1, 1), (0.9, -1)):
            one, other = (float(x.xreplace({**found.numbers, ell: factor * crossing.tokens})) for x in sides)
            assert one == pytest.approx(other, rel=1e-9) if not larger else (one > other) == (larger > 0)


def test_linear_attention_has_no_term_in_the_square_of_the_tokens():
    found = forms_of("sana-1.6b")
    assert degree(found.whole, ell) == 1 and all(x.closed is None for x in found.crossovers)
    assert "never" in found.crossovers[0].words


def test_attention_of_latte_is_over_single_frames_and_over_time():
    scores = forms_of("latte-1").parts[SCORES]
    assert expand(scores - 4 * N * d * (ell**2 / n_latent + ell * n_latent)) == 0


def test_the_papers_families_keep_their_leading_terms():
    found = forms_of("pixart-alpha")
    assert expand(found.parts[SCORES] - 4 * N * d * ell**2) == 0
    assert expand(found.parts[PROJECTIONS] - 8 * N * d**2 * ell) == 0
    assert expand(found.parts[MLP] - 16 * N * d**2 * ell) == 0
    assert expand(found.parts[CROSS] - N * (4 * ell * d**2 + 4 * m * d**2 + 4 * ell * m * d)) == 0
    assert str(found.crossovers[0].closed) == "ell = 4*d"


def test_a_matrix_that_is_projections_and_mlp_in_one_is_taken_apart():
    """FLUX.2's single blocks: three widths of queries, keys and values, and one of output, of 24 d^2 a row."""
    flux1, flux2 = (forms_of(name).parts for name in ("flux.1-dev", "flux.2-dev"))
    for parts in (flux1, flux2):
        assert expand(parts[PROJECTIONS]).coeff(d, 2).coeff(ell, 1) == 8 * N + 8 * N_single


def test_a_second_self_attention_is_no_cross_attention():
    assert CROSS not in forms_of("sd3.5-medium").parts and CROSS in forms_of("hunyuandit-1.2").parts


def test_modulation_is_once_a_pass_and_does_not_grow_with_the_tokens():
    assert not forms_of("flux.1-dev").parts[MODULATION].has(ell, m)


def test_flags_and_models_of_flags_alone_have_the_papers_closed_forms(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(
        "[models.mine]\ndual_stream = 0\ncross_attention = 1\nadaln_zero = 0\nblocks = 12\nhidden_size = 512\n"
        "mlp_ratio = 4\npatch_size = 2\nvae_spatial_factor = 8\ntext_encoder_parameters = 0\n"
        "vae_decoder_parameters = 5e7\n"
        "request = { height = 256, width = 256, batch = 1, steps = 20, guidance = 2, text_tokens = 77 }\n"
    )
    mine, flags = derive("mine", None, numbers=True, catalog=path), derive(None, "c=1")
    assert isinstance(mine, Forms) and isinstance(flags, Forms)
    assert mine.tokens == pytest.approx(float(flags.crossover.rhs.subs({d: 512, f: 4, m: 77})))


def test_the_command_shows_parts_and_the_crossovers_asked_for(ditcarbon):
    shown = ditcarbon("derive", "pixart-alpha").out
    assert "FLOP of a pass: scores" in shown and "here 4,608.0 latent tokens" in shown
    asked = ditcarbon("derive", "pixart-alpha", "--crossover", "mlp=projections", "--crossover", "scores=rest").out
    assert "MLP = projections at" in asked and "scores = MLP" not in asked
    table = json.loads(ditcarbon("derive", "sana-1.6b", "--json").out)
    assert "2" not in table["coefficients"] and len(table["crossovers"]) == len(CROSSOVERS)
    assert r"\ell" in ditcarbon("derive", "flux.1-dev", "--latex").out
