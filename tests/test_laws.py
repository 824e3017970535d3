"""Scaling laws on random configurations; where there is a proof, it stands in test_flops and test_pipeline."""

import pytest
from hypothesis import given

from ditcarbon_sym.equations import flops, pipeline
from ditcarbon_sym.equations.notation import (
    PUE,
    B,
    C_op,
    C_total,
    F_block,
    F_denoiser,
    F_total,
    H,
    I_grid,
    N,
    P,
    S,
    W,
    a,
    c,
    d,
    ell,
    j,
    m,
    s,
)
from tests.strategies import ARCHITECTURE, FLAGS, REQUEST, configurations

WORK = configurations(ARCHITECTURE, REQUEST)


def work(configuration, symbol):
    return float(pipeline.evaluate(configuration, (symbol,))[symbol])


def at_tokens(configuration, tokens):
    return float(flops.block({**configuration, ell: tokens}))


@given(WORK)
def test_doubling_tokens_at_most_quadruples_flops(configuration):
    assert at_tokens(configuration, 2048) <= 4 * at_tokens(configuration, 1024)


@given(WORK)
def test_doubling_tokens_at_least_doubles_flops_where_no_term_is_free_of_tokens(configuration):
    plain = {**configuration, m: 0, a: 0}
    assert at_tokens(plain, 2048) >= 2 * at_tokens(plain, 1024)


@given(WORK)
def test_side_doubling_quadruples_tokens(configuration):
    doubled = {**configuration, H: 2 * configuration[H], W: 2 * configuration[W]}
    assert work(doubled, ell) == pytest.approx(4 * work(configuration, ell), rel=1e-14)


@given(WORK)
def test_parameters_and_flops_are_multi_affine_on_the_flags(configuration):
    # On {0, 1} every function has a multi-affine form; that c and a enter linearly shows in the value at 1/2
    # half way, and so does s in P. (s or j) enters F squared: there the form holds on {0, 1} alone.
    for flag, symbol in ((c, P), (a, P), (s, P), (c, F_denoiser), (a, F_denoiser)):
        low, middle, high = (work({**configuration, flag: x}, symbol) for x in (0, 0.5, 1))
        assert middle == pytest.approx((low + high) / 2, rel=1e-12)


@given(WORK)
def test_a_flag_never_removes_work_except_dual_streams_their_cross_attention(configuration):
    for flag in FLAGS:
        off, on = ({**configuration, flag: x} for x in (0, 1))
        if flag is s:
            off, on = {**off, c: 0}, {**on, c: 0}
        assert work(on, F_total) >= work(off, F_total)


@given(WORK)
def test_joint_attention_equals_dual_streams_without_modulation_and_cross_attention(configuration):
    plain = {**configuration, a: 0, c: 0}
    assert work({**plain, s: 0, j: 1}, F_denoiser) == work({**plain, s: 1, j: 0}, F_denoiser)


@given(WORK)
def test_flops_are_affine_in_blocks_and_steps(configuration):
    for symbol, output in ((N, F_total), (S, F_total), (N, P)):
        one, two, three = (work({**configuration, symbol: k}, output) for k in (10, 20, 30))
        assert three - two == pytest.approx(two - one, rel=1e-9)


@given(WORK)
def test_flops_are_proportional_to_the_batch(configuration):
    assert work({**configuration, B: 6}, F_total) == pytest.approx(
        6 * work({**configuration, B: 1}, F_total), rel=1e-14
    )


@given(configurations())
def test_carbon_rises_with_grid_and_pue(configuration):
    for symbol in (I_grid, PUE):
        more = {**configuration, symbol: configuration[symbol] * 1.5 + 1}
        assert work(more, C_total) >= work(configuration, C_total)


@given(configurations())
def test_operational_carbon_is_proportional_to_the_grid(configuration):
    doubled = {**configuration, I_grid: 2 * configuration[I_grid]}
    assert work(doubled, C_op) == pytest.approx(2 * work(configuration, C_op), rel=1e-14)


@given(WORK)
def test_block_flops_do_not_depend_on_the_number_of_blocks(configuration):
    assert work({**configuration, N: 1}, F_block) == work({**configuration, N: 50}, F_block)


@given(WORK)
def test_wider_models_cost_more(configuration):
    assert work({**configuration, d: configuration[d] + 64}, F_total) >= work(configuration, F_total)


def test_j_alone_routes_text_through_self_attention():
    assert flops.rows.subs({s: 0, j: 1}) == flops.rows.subs({s: 1, j: 0}) == flops.rows.subs({s: 1, j: 1}) == ell + m
