"""The law of several accelerators: its limits, proved where they can be, sampled where not."""

import pytest
from hypothesis import assume, given, settings, strategies as st
from sympy import simplify

from ditcarbon_sym.equations import carbon, operator_law, parallel, pipeline
from ditcarbon_sym.equations.derivatives import gradient
from ditcarbon_sym.equations.notation import (
    F_VAE,
    NOTATION,
    TDP,
    C_chip,
    C_emb,
    E,
    F_text,
    F_total,
    L,
    S,
    bandwidth,
    n_launch,
    t_launch,
    tau,
)
from ditcarbon_sym.equations.parallel import ALONE
from ditcarbon_sym.equations.parallel.symbols import (
    TABLE,
    c_VAE,
    crossed,
    e_ring,
    everywhere,
    gathered,
    n_C,
    n_gpu,
    n_R,
    n_U,
    n_vae,
    phi_wait,
    several,
    t_host,
    t_ring,
    t_swap,
)

RUNTIME, ENERGY, MU = (parallel.closed(x) for x in (parallel.runtime, parallel.energy, parallel.efficiency))
SYMBOLS = sorted(set(RUNTIME.inputs) | set(ENERGY.inputs), key=str)
POSITIVE = st.floats(0.01, 100)


@st.composite
def numbers(draw):
    """Any numbers for the symbols of the law, and a split over two to 64 accelerators."""
    values = {x: draw(POSITIVE) for x in SYMBOLS}
    ulysses, ring, guidance = draw(st.integers(1, 8)), draw(st.integers(1, 8)), draw(st.integers(1, 2))
    gpus = float(ulysses * ring * guidance)
    assume(gpus > 1)
    degrees = {n_U: float(ulysses), n_R: float(ring), n_C: float(guidance), n_gpu: gpus}
    degrees[n_vae] = float(draw(st.integers(1, int(gpus))))
    split = {**degrees, several: 1.0, **{x: draw(st.sampled_from([0.0, 1.0])) for x in (everywhere, crossed, gathered)}}
    padded = {x: draw(st.floats(1, gpus)) for x in (parallel.pad_dense, parallel.pad_attn, parallel.pad_elem)}
    return {**values, **split, **padded, phi_wait: draw(st.floats(0, 1))}


def alone(values):
    return {**values, **{x: float(v) for x, v in ALONE.items()}}


def test_one_accelerator_is_the_operator_law_exactly():
    at_one = dict(ALONE)
    assert simplify(RUNTIME.rhs.xreplace(at_one) - operator_law.limited.rhs) == 0
    assert simplify(ENERGY.rhs.xreplace(at_one) - operator_law.energy.rhs) == 0
    assert simplify(parallel.embodied.rhs.xreplace(at_one) - carbon.embodied.rhs) == 0


@settings(max_examples=200, deadline=None)
@given(numbers())
def test_time_is_never_below_what_does_not_divide_nor_below_an_nth_of_one_accelerators(values):
    shared = RUNTIME(values)
    fixed = values[S] * values[n_launch] * values[t_launch]
    assert shared >= fixed * (1 - 1e-12)
    assert shared >= RUNTIME(alone(values)) / values[n_gpu] * (1 - 1e-12)


@settings(max_examples=200, deadline=None)
@given(numbers())
def test_energy_is_never_below_that_of_one_accelerator(values):
    assert ENERGY(values) >= ENERGY(alone(values)) * (1 - 1e-12)


@settings(max_examples=100, deadline=None)
@given(numbers(), st.sampled_from([t_ring, t_swap, t_host, c_VAE, parallel.t_wrap, parallel.c_ring, parallel.c_copy]))
def test_what_splitting_costs_takes_time(values, cost):
    assert RUNTIME({**values, cost: 2 * values[cost]}) >= RUNTIME(values)


@settings(max_examples=100, deadline=None)
@given(numbers(), st.sampled_from([crossed, parallel.pad_attn]))
def test_attention_to_the_text_that_is_sent_along_and_text_that_is_not_split_take_time(values, more):
    less, much = (0.0, 1.0) if more == crossed else (values[more], 2 * values[more])
    assert RUNTIME({**values, more: much}) >= RUNTIME({**values, more: less})


def test_the_hosts_part_is_what_its_pixels_take_on_many_accelerators_and_nothing_on_one():
    pictures = parallel.closed(parallel.pictures)
    of_one = dict.fromkeys(pictures.inputs, 1.0) | {parallel.t_host: 2.0}
    at = [pictures({**of_one, n_U: 1.0, n_R: float(n), n_C: 1.0}) for n in (1, 2, 1e9)]
    assert at == pytest.approx([0.0, 1.0, 2.0])


def test_keys_and_values_that_are_gathered_reach_what_an_exchange_does():
    around = parallel.closed(parallel.around)
    values = dict.fromkeys(around.inputs, 1.0) | {n_R: 4.0, parallel.e_link: 0.4, e_ring: 0.2}
    assert around({**values, gathered: 0.0}) == pytest.approx(2 * around({**values, gathered: 1.0}))


def test_embodied_carbon_and_rated_power_are_those_of_all():
    values = {tau: 10.0, L: 1e8, C_chip: 1e5, n_gpu: 8.0}
    assert parallel.embodied(values) == pytest.approx(8 * carbon.embodied(values))
    assert parallel.embodied.lhs == C_emb


@settings(max_examples=30, deadline=None)
@given(numbers())
def test_derivatives_by_the_degrees_agree_with_differences(values):
    route = pipeline.Route("several", (*operator_law.PARTS, *parallel.TIMES, parallel.alone, parallel.energy), ())
    values = {x: v for x, v in values.items() if x != n_gpu} | {parallel.n_C: 1.0, F_total: 1.0}
    for output in (tau, E):
        slopes = gradient(values, output, route, (n_U, n_R))
        for x in (n_U, n_R):
            step = 1e-6 * values[x]
            ends = [
                pipeline.evaluate({**values, x: values[x] + sign * step}, (output,), route)[output] for sign in (1, -1)
            ]
            assert float(slopes[x]) == pytest.approx(
                (ends[0] - ends[1]) / (2 * step), rel=1e-3, abs=1e-6 * abs(ends[0])
            )


def test_every_symbol_of_the_law_stands_in_the_table_of_all():
    assert set(TABLE) <= set(NOTATION)
    assert {F_text, F_VAE, TDP} <= set(ENERGY.inputs)


def test_keys_and_values_go_round_and_outputs_are_merged_as_counted_rank_by_rank():
    """Of four tensors of equal size (queries, keys, values, outputs) a rank sends two of its shards at each turn."""
    tensor, ranks = 8.0e9, 4
    shard = tensor / ranks
    sent = sum(shard for _ in range(ranks - 1) for _ in ("keys", "values"))
    values = dict.fromkeys(parallel.closed(parallel.around).inputs, 1.0)
    values |= {parallel.Q_attn: 4 * tensor, parallel.n_R: float(ranks), parallel.link: 2.0e9}
    assert parallel.closed(parallel.around)(values) == pytest.approx(sent / 2.0e9, rel=1e-12)
    # Of the four, the outputs alone are merged: a shard at each turn, beside memory.
    moving = parallel.closed(parallel.moving)
    values = dict.fromkeys(moving.inputs, 1.0) | values | {crossed: 0.0, bandwidth: 1.0e9}
    merged = sum(shard for _ in range(ranks - 1))
    without = moving({**values, parallel.c_ring: 0.0})
    assert moving(values) - without == pytest.approx(merged / 1.0e9, rel=1e-9)


def test_accelerators_that_share_the_decoding_take_their_parts_of_it_and_no_more_energy_for_it():
    values = dict.fromkeys({*RUNTIME.inputs, *ENERGY.inputs}, 1.0) | {n_U: 4.0, n_R: 1.0, n_C: 1.0, n_gpu: 4.0}
    values |= {everywhere: 0.0, several: 1.0, phi_wait: 0.0}
    decoding = parallel.closed(parallel.decoding)
    assert decoding({**values, n_vae: 4.0}) == pytest.approx(decoding({**values, n_vae: 1.0}) / 4)
    assert ENERGY({**values, n_vae: 4.0}) == pytest.approx(ENERGY({**values, n_vae: 1.0}))
