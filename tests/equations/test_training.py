"""The equations of training: their limits, proved where they can be."""

import pytest
from hypothesis import given, strategies as st
from sympy import Integer, Rational, limit, simplify

from ditcarbon_sym.equations import carbon, training
from ditcarbon_sym.equations.notation import (
    NOTATION,
    TDP,
    B,
    C_emb,
    E,
    F_attn,
    F_denoiser,
    F_dense,
    P,
    P_idle,
    S,
    Theta_peak,
    bandwidth,
    e_dense,
    e_mem,
    eps_byte,
    eps_flop,
    g,
    n_exp,
    tau,
)
from ditcarbon_sym.equations.parallel.symbols import phi_move
from ditcarbon_sym.equations.training.symbols import (
    TABLE,
    F_enc,
    b_grad,
    c_train,
    cached,
    cached_text,
    n_step,
    n_T,
    n_train,
    r_again,
    shards,
)

STEP, ENERGY, STATES = (training.closed(x) for x in (training.one_step, training.energy, training.held))
ONE = {n_train: Integer(1), n_T: Integer(1), shards: Integer(0)}
FLAGS = {x for x in STEP.inputs if NOTATION[x].high == 1 and NOTATION[x].integer}


@st.composite
def numbers(draw):
    """Any numbers for the symbols of a step; flags are flags."""
    names = sorted({*STEP.inputs, *ENERGY.inputs}, key=str)
    values = {x: float(draw(st.sampled_from([0, 1]))) if x in FLAGS else draw(st.floats(0.1, 10)) for x in names}
    tensor, data = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    return {**values, n_T: float(tensor), n_train: float(tensor * data), r_again: draw(st.floats(0, 1))}


def test_one_accelerator_moves_nothing():
    for equation in (training.gradients, training.activations, training.reducing, training.exchanging):
        assert training.closed(equation).rhs.xreplace(ONE) == 0
    assert simplify(training.closed(training.late).rhs.xreplace(ONE)) == 0
    assert simplify(training.embodied.rhs.xreplace(ONE) - carbon.embodied.rhs) == 0


def test_without_recomputation_a_step_is_three_passes_of_products():
    products_alone = {r_again: 0, F_attn: 0, n_exp: 0}
    assert training.work.rhs.xreplace(products_alone) == 3 * F_dense
    done = training.closed(training.step).rhs.subs(
        {r_again: 0, cached: 1, cached_text: 1, F_denoiser: F_dense * B * g * S}
    )
    assert simplify(done / training.B_step) == 3 * F_dense


def test_full_recomputation_adds_a_forward_pass():
    assert simplify(training.again.rhs.subs(r_again, 1) - training.F_fwd) == 0
    more = training.work.rhs.subs(r_again, 1) - training.work.rhs.subs(r_again, 0)
    assert more.coeff(F_dense) == 1


def test_cached_latents_and_text_leave_no_encoder_at_work():
    assert training.frozen.rhs.subs({cached: 1, cached_text: 1}) == 0
    assert training.encoders.rhs.subs({cached: 1, cached_text: 1}) == 0
    assert training.frozen.rhs.subs({cached: 0}).coeff(F_enc) == 1


def test_a_long_ring_sends_every_gradient_twice():
    sent = training.closed(training.gradients).rhs.subs(n_T, 1)
    assert limit(sent, n_train, float("inf")) == 2 * b_grad * P


def test_mixed_precision_keeps_sixteen_bytes_and_two_for_each_gradient_of_sixteen_bits():
    alone = STATES.rhs.xreplace({**ONE, training.ema: Integer(0), b_grad: Integer(2)})
    assert alone == 16 * P


@given(numbers())
def test_more_accelerators_hold_less_where_states_are_sharded(values):
    whole, split = ({**values, shards: flag} for flag in (0.0, 1.0))
    assert STATES(split) <= STATES(whole) * (1 + 1e-12)


@given(numbers())
def test_recomputation_and_encoders_only_take_longer_and_more_energy(values):
    """More energy, if work draws more than waiting and exchanging do: exchanges that work hides draw nothing more.

    Longer, if a step takes no less than two thirds of what the law gives, of which two thirds hide exchanges.
    """
    values = {**values, c_train: max(values[c_train], 0.7)}
    of_products, of_passes = values[eps_flop] * values[e_dense] * values[Theta_peak], values[eps_byte] * values[e_mem]
    least = min(values[TDP], of_products, of_passes * values[bandwidth])
    powers = {
        P_idle: values[P_idle] / 10 * least / 3,
        phi_move: values[phi_move] / 10 * least / 3 * values[c_train] / values[TDP],
    }
    for symbol, more in ((r_again, 1.0), (cached, 0.0), (cached_text, 0.0)):
        less = {**values, symbol: 1.0 - more}
        assert STEP({**values, symbol: more}) >= STEP(less) * (1 - 1e-9)
        assert ENERGY({**values, **powers, symbol: more}) >= ENERGY({**less, **powers}) * (1 - 1e-9)


@given(numbers())
def test_twice_the_steps_take_twice_as_long_and_twice_the_energy(values):
    twice = {**values, n_step: 2 * values[n_step]}
    runtime = training.closed(training.runtime)
    assert runtime(twice) == pytest.approx(2 * runtime(values))
    assert ENERGY(twice) == pytest.approx(2 * ENERGY(values))


def test_attention_is_dearer_backward_than_products():
    assert training.OF_PRODUCT == 2 and Rational(5, 2) == training.OF_ATTENTION


def test_symbols_of_training_are_in_the_table_of_symbols():
    assert set(TABLE) <= set(NOTATION)
    assert training.energy.lhs == E and training.embodied.lhs == C_emb and training.runtime.lhs == tau


def test_derivatives_agree_with_differences():
    values = dict.fromkeys(STEP.inputs, 1.5) | {n_T: 2.0, n_train: 8.0} | dict.fromkeys(FLAGS, 0.0)
    slope = float(STEP.gradient(r_again)[r_again].subs(values))
    ahead, behind = (STEP({**values, r_again: 1.5 + h}) for h in (1e-5, -1e-5))
    assert slope == pytest.approx((ahead - behind) / 2e-5, rel=1e-6)
