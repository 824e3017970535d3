import pytest
from sympy import Poly, degree, expand

from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.notation import (
    F_VAE,
    B,
    F_block,
    F_text,
    H,
    N,
    S,
    W,
    a,
    c,
    d,
    ell,
    f,
    g,
    j,
    k_VAE,
    m,
    n_frames,
    n_latent,
    p,
    s,
    v_s,
    v_t,
)

ALL_FLAGS = [{s: x, j: y} for x in (0, 1) for y in (0, 1)]
inlined = flops.total.inline(*[flops.block, flops.text_encoder, flops.vae_decoder])


@pytest.mark.parametrize(
    ("operator", "flags", "expected"),
    [
        (flops.SELF_ATTENTION, {s: 0, j: 0}, 8 * ell * d**2 + 4 * ell**2 * d),
        (flops.SELF_ATTENTION, {s: 1, j: 0}, 8 * (ell + m) * d**2 + 4 * (ell + m) ** 2 * d),
        (flops.SELF_ATTENTION, {s: 0, j: 1}, 8 * (ell + m) * d**2 + 4 * (ell + m) ** 2 * d),
        (flops.SELF_ATTENTION, {s: 1, j: 1}, 8 * (ell + m) * d**2 + 4 * (ell + m) ** 2 * d),
        (flops.CROSS_ATTENTION, {s: 0, c: 1}, 4 * ell * d**2 + 4 * m * d**2 + 4 * ell * m * d),
        (flops.CROSS_ATTENTION, {s: 1, c: 1}, 0),
        (flops.CROSS_ATTENTION, {s: 0, c: 0}, 0),
        (flops.MLP, {s: 0, j: 0}, 4 * f * ell * d**2),
        (flops.MLP, {s: 1, j: 0}, 4 * f * (ell + m) * d**2),
        (flops.ADALN, {s: 0, a: 1}, 12 * d**2),
        (flops.ADALN, {s: 1, a: 1}, 24 * d**2),
        (flops.ADALN, {s: 1, a: 0}, 0),
    ],
)
def test_each_cell_of_table_2(operator, flags, expected):
    assert expand(operator.subs(flags) - expected) == 0


@pytest.mark.parametrize("flags", ALL_FLAGS)
def test_block_flops_are_quadratic_in_tokens_with_the_attention_coefficient(flags):
    polynomial = Poly(flops.block.rhs.subs(flags), ell)
    assert polynomial.degree() == 2
    assert polynomial.LC() == 4 * d


@pytest.mark.parametrize("flag", [c, a])
def test_block_flops_are_affine_in_cross_attention_and_adaln(flag):
    assert Poly(flops.block.rhs, flag).degree() == 1


@pytest.mark.parametrize("flag", [s, j])
@pytest.mark.parametrize("others", ALL_FLAGS)
def test_rows_are_affine_in_the_joint_flags_and_make_an_or_of_them(flag, others):
    # Squared in the attention term, where on {0, 1} the square of the flag is the flag itself.
    rest = {x: value for x, value in others.items() if x != flag}
    assert degree(flops.rows.subs(rest) + flag * 0, flag) <= 1
    for value in (0, 1):
        rows = flops.rows.subs({**rest, flag: value})
        assert expand(rows - (ell + (m if value or any(rest.values()) else 0))) == 0


def test_cross_attention_and_adaln_add_up_at_fixed_streams():
    def at(cross, ada):
        return flops.block.rhs.subs({c: cross, a: ada})

    assert expand(at(1, 1) - at(0, 1) - at(1, 0) + at(0, 0)) == 0


def test_total_is_affine_in_blocks_steps_and_batch():
    for symbol in (N, S):
        assert degree(inlined.rhs, symbol) == 1
    assert Poly(inlined.rhs, B).monoms() == [(1,)]
    assert Poly(flops.denoiser.rhs, g).monoms() == [(1,)]


def test_tokens_quadruple_when_the_side_doubles():
    doubled = flops.latent_tokens.rhs.subs({H: 2 * H, W: 2 * W}, simultaneous=True)
    assert doubled == 4 * flops.latent_tokens.rhs


def test_tokens_do_not_ask_that_the_output_be_square():
    assert flops.latent_tokens({H: 480, W: 720, v_s: 8, p: 2, n_latent: 13}) == 30 * 45 * 13


def test_attention_scores_quadruple_with_tokens_and_grow_sixteenfold_with_the_side():
    scores = 4 * ell**2 * d
    assert scores.subs(ell, 2 * ell) == 4 * scores
    in_pixels = scores.subs(ell, flops.latent_tokens.rhs)
    assert in_pixels.subs({H: 2 * H, W: 2 * W}, simultaneous=True) == 16 * in_pixels
    assert Poly(flops.SELF_ATTENTION.subs({s: 0, j: 0}), ell).coeff_monomial(ell**2) == 4 * d


def test_the_vae_works_on_output_frames_and_the_denoiser_on_latent_ones():
    assert n_frames in flops.latent_pixels.inputs and n_latent not in flops.latent_pixels.inputs
    assert n_latent in flops.latent_tokens.inputs and n_frames not in flops.latent_tokens.inputs


def test_latent_frames_follow_the_vaes_time_factor():
    assert flops.latent_frames({n_frames: 49, v_t: 4}) == 13


def test_the_printed_vae_term_is_a_reuse_factor_of_one():
    once, thrice = (flops.vae_decoder.rhs.subs(k_VAE, k) for k in (1, 3))
    assert thrice == 3 * once


def test_one_shot_stages_do_not_repeat_with_steps_guidance_or_blocks():
    one_shot = expand(flops.total.rhs).subs(F_block, 0)
    assert one_shot == B * F_text + B * F_VAE
