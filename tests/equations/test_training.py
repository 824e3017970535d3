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
    F_text,
    F_total,
    P,
    P_idle,
    Q_elem,
    S,
    Theta_peak,
    bandwidth,
    e_dense,
    e_mem,
    e_VAE,
    eps_byte,
    eps_flop,
    g,
    n_exp,
    n_launch,
    q_VAE,
    r_attn,
    t_exp,
    t_launch,
    tau,
)
from ditcarbon_sym.equations.parallel.symbols import Q_attn, e_link, link, phi_move
from ditcarbon_sym.equations.training.symbols import (
    TABLE,
    B_step,
    F_enc,
    Q_grad,
    Q_opt,
    Q_step_elem,
    W_step,
    b_grad,
    c_train,
    cached,
    cached_text,
    ema,
    k_back,
    n_D,
    n_step,
    n_T,
    n_train,
    r_again,
    reduction,
    shards,
    tau_frozen,
    tau_host,
    tau_late,
    tau_opt,
    tau_reduce,
    tau_tensor,
    tau_work,
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


def test_each_kind_of_work_is_done_as_often_as_the_passes_say():
    """Forward once; backward twice for products, two and a half times for attention, once for exponentials; again r."""
    found = training.work.rhs.expand()
    assert simplify(found.coeff(F_dense) - (1 + 2 + r_again)) == 0
    assert simplify(found.coeff(F_attn) * r_attn - (1 + Rational(5, 2) + r_again)) == 0
    assert simplify(found.coeff(n_exp) / (t_exp * Theta_peak) - (1 + 1 + r_again)) == 0
    assert simplify(training.traffic.rhs / Q_elem - (1 + k_back + r_again)) == 0
    assert simplify(training.launching.rhs / (n_launch * t_launch) - (1 + 2 + r_again)) == 0
    attention = training.backward.rhs.expand().coeff(training.F_fwd)
    assert attention == Rational(5, 2) and training.backward.rhs.expand().coeff(F_dense) == 2 - Rational(5, 2)


def test_the_optimiser_moves_the_bytes_of_its_states_one_by_one():
    """Read: 16-bit gradient; read and written: three numbers of 32 bits; written: 16-bit weight. The average: 4 + 8."""
    adamw, average = 2 + 3 * (4 + 4) + 2, 4 + (4 + 4)
    one = training.moved.rhs.xreplace(ONE)
    assert one.subs(ema, 0) == adamw * P and one.subs(ema, 1) == (adamw + average) * P
    shared = training.moved.rhs.subs({ema: 0, n_T: 4, n_D: 3})
    assert shared.subs(shards, 0) == adamw * P / 4 and shared.subs(shards, 1) == adamw * P / 12
    assert simplify(training.optimiser.rhs * e_mem * bandwidth - Q_opt) == 0


def test_what_is_held_is_counted_parameter_by_parameter():
    """Weight 2, gradient b, master weight and two moments 12, average 4; sharding divides the last two among three."""
    held = training.held.rhs.subs({n_T: 4, n_D: 3, b_grad: 4, ema: 1})
    assert held.subs(shards, 0) == P * (2 + 4 + 12 + 4) / 4
    assert held.subs(shards, 1) == P * (2 + 4 + Rational(12 + 4, 3)) / 4


def ring(accelerators, data):
    """Bytes that one accelerator of a ring sends in an all-reduction, step by step: reduced around, then spread."""
    return sum(Rational(data, accelerators) for _ in range(2) for _ in range(accelerators - 1))


@pytest.mark.parametrize("many", [1, 2, 3, 8])
def test_rings_send_what_a_ring_sends_step_by_step(many):
    sent = training.gradients.rhs.subs({n_D: many, n_T: 4, P: 400, b_grad: 4})
    assert sent == ring(many, 100 * 4)
    # Two reductions forward and two backward of activations of a sixth of the batch: each 24 / 4 bytes a sample.
    there = {n_T: many, B_step: 60, n_D: 6, Q_attn: 24}
    assert training.activations.rhs.subs({**there, r_again: 0}) == 4 * ring(many, 10 * 6)
    assert training.activations.rhs.subs({**there, r_again: 1}) == 6 * ring(many, 10 * 6)
    assert simplify(training.reducing.rhs * e_link * reduction - Q_grad) == 0
    assert simplify(training.exchanging.rhs * e_link * link - training.Q_act) == 0


def test_gradients_that_fit_behind_the_backward_pass_cost_nothing_and_others_what_is_left():
    """Without recomputation the backward pass is two thirds of the work: 20 of 30 seconds."""

    def late(seconds, r=0):
        return float(training.late({tau_work: 30.0, tau_reduce: seconds, r_again: r}))

    assert late(0.2) < 1e-6 and late(2000) == pytest.approx(1980, rel=1e-6)
    assert late(2000, 1) == pytest.approx(2000 - 15, rel=1e-6)  # half of four passes
    # At equal times the fourth root of two times them.
    assert late(20) == pytest.approx(20 * 2**0.25 - 20, rel=1e-9)


def test_the_time_of_a_step_is_the_sum_of_what_does_not_overlap():
    seconds = {tau_host: 1e-3, tau_work: 30.0, tau_frozen: 5.0, tau_opt: 7.0, tau_late: 11.0, tau_tensor: 13.0}
    assert training.one_step({**seconds, c_train: 2.0}) == pytest.approx(2 * (30 + 5 + 7) + 11 + 13, rel=1e-9)
    waiting = {**seconds, tau_host: 3000.0, c_train: 1.0}
    assert training.one_step(waiting) == pytest.approx(3000 + 5 + 7 + 11 + 13, rel=1e-6)


def test_frozen_encoders_take_what_their_samples_take_apart():
    """Eight samples on four accelerators are two each; the VAE at a quarter of its own peak in half the precision."""
    there = {
        B_step: 8.0,
        n_train: 4.0,
        F_enc: 3e12,
        F_text: 5e12,
        Theta_peak: 1e14,
        e_dense: 0.5,
        e_VAE: 0.25,
        q_VAE: 2.0,
    }
    image, text = 2 * 3e12 * 2 / (0.25 * 1e14), 2 * 5e12 / (0.5 * 1e14)
    for latents, embeddings in ((0, 0), (0, 1), (1, 0), (1, 1)):
        found = training.encoders({**there, cached: float(latents), cached_text: float(embeddings)})
        assert found == pytest.approx((1 - latents) * image + (1 - embeddings) * text, rel=1e-12)


def test_energy_is_the_sum_of_what_each_part_draws():
    """Each part alone, all others at nothing; four accelerators, ten steps, a step that takes twice as long."""
    names = training.energy.inputs
    nothing = dict.fromkeys(names, 0.0)
    base = {
        **nothing, n_step: 10.0, n_train: 4.0, c_train: 2.0, B_step: 8.0, TDP: 300.0, Theta_peak: 1e14,
        e_dense: 0.5, e_VAE: 0.25, q_VAE: 2.0, tau_work: 1e-9, cached: 1.0, cached_text: 1.0,
    }  # fmt: skip
    each = 10 * 4 / 3.6e6

    def drawn(**parts):
        values = {{x.name: x for x in names}[name]: value for name, value in parts.items()}
        return float(training.energy({**base, **values}))

    assert drawn(W_step=1e15, eps_flop=1e-12) == pytest.approx(each * 2 * 2 * 1e3, rel=1e-9)
    assert drawn(Q_elem_step=1e12, eps_byte=1e-9) == pytest.approx(each * 2 * 2 * 1e3, rel=1e-9)
    assert drawn(Q_opt=1e12, eps_byte=1e-9) == pytest.approx(each * 2 * 1e3, rel=1e-9)
    assert drawn(F_text=1e15, eps_flop=1e-12, cached_text=0.0) == pytest.approx(each * 2 * 2 * 1e3, rel=1e-9)
    assert drawn(F_enc=1e12, cached=0.0) == pytest.approx(each * 2 * 300 * 2 * 1e12 * 2 / (0.25 * 1e14), rel=1e-9)
    assert drawn(P_idle=50.0, tau_host=100.0) == pytest.approx(each * 2 * 50 * 100, rel=1e-6)
    moving = {"phi_move": 0.5, "tau_late": 3.0, "tau_tensor": 4.0}
    assert drawn(**moving) == pytest.approx(each * 0.5 * 300 * (3 + 4), rel=1e-9)


def test_what_all_accelerators_draw_and_hold_is_that_of_one_times_their_number():
    assert training.rated({n_train: 4.0, tau: 3600.0, TDP: 500.0}) == pytest.approx(2.0)
    assert training.efficiency({n_train: 4.0, tau: 10.0, Theta_peak: 1e14, F_total: 2e15}) == pytest.approx(0.5)
    (made,) = training.accounted((carbon.embodied,))
    assert simplify(made.rhs / carbon.embodied.rhs) == n_train
    assert {W_step, Q_step_elem, e_dense, eps_byte, eps_flop, P_idle, phi_move} <= set(training.energy.inputs) | {
        e_dense
    }
