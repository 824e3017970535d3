"""A mode is a substitution: at its neutral values it is the law, and its derivatives are exact."""

import math
from dataclasses import replace

import numpy as np
import pytest
from sympy import Integer

from ditcarbon_sym.equations import derivatives, operator_law, parallel, pipeline, software
from ditcarbon_sym.equations.notation import (
    E,
    Q_host,
    Q_step,
    R_peak,
    alpha_attn,
    beta_host,
    c_skip,
    chi_time,
    delta_attn,
    eta_peak,
    gamma_g,
    k_check,
    kappa_elem,
    lambda_launch,
    mu,
    tau,
    w_quant,
)
from ditcarbon_sym.estimation.point import operating_point

POINT = operating_point("wan2.1-t2v-1.3b", gpu="h100-sxm-80gb")
SMALL = operating_point("sana-1.6b", gpu="h100-sxm-80gb", resolution=512)
SPLIT = operating_point("wan2.1-t2v-1.3b", gpu="h100-sxm-80gb", split="ulysses=2,ring=2")
ALL = tuple(software.NEUTRAL)
SET = {
    kappa_elem: 0.4, lambda_launch: 0.3, alpha_attn: 0.7, delta_attn: 0.5, R_peak: 2.0, eta_peak: 0.9, w_quant: 3.0,
    c_skip: 0.4, k_check: 0.03, gamma_g: 0.6, Q_host: 1e10, Q_step: 1e9, beta_host: 2e9, chi_time: 0.8,
}  # fmt: skip


def in_mode(point, symbols):
    return pipeline.Route(point.route.name, software.in_mode(point.route.equations, symbols))


@pytest.mark.parametrize("point", [POINT, SMALL, SPLIT], ids=["wan", "sana", "wan on four"])
def test_at_neutral_values_every_mode_together_is_the_law_itself(point):
    outputs = (tau, E, mu)
    law = pipeline.evaluate(point.values, outputs, point.route)
    neutral = {x: float(value) for x, value in software.NEUTRAL.items()}
    found = pipeline.evaluate({**point.values, **neutral}, outputs, in_mode(point, ALL))
    for x in outputs:
        assert found[x] == pytest.approx(float(law[x]), rel=1e-15)


def test_symbols_that_no_mode_sets_leave_the_equations_as_they_are():
    assert software.in_mode(operator_law.EQUATIONS, ()) is operator_law.EQUATIONS
    for x in ALL:
        others = software.in_mode(operator_law.EQUATIONS, (x,))
        *back, energy = (replace(y, rhs=y.rhs.subs(x, software.NEUTRAL[x])) for y in others)
        assert back == list(operator_law.EQUATIONS[:-1])
        assert energy.inline(*operator_law.PARTS) == operator_law.energy


@pytest.mark.parametrize("point", [POINT, SPLIT], ids=["one", "four"])
@pytest.mark.parametrize("output", [tau, E], ids=str)
@pytest.mark.parametrize("symbol", ALL, ids=str)
def test_the_gradient_of_every_mode_is_that_of_finite_differences(symbol, output, point):
    values, route = {**point.values, **SET}, in_mode(point, ALL)
    exact = float(derivatives.gradient(values, output, route, (symbol,)).get(symbol, 0.0))
    step = 1e-5 * values[symbol]
    ends = [values[symbol] - step, values[symbol] + step]
    low, high = pipeline.evaluate({**values, symbol: np.array(ends)}, (output,), route)[output] * np.ones(2)
    here = float(pipeline.evaluate(values, (output,), route)[output])
    assert exact * values[symbol] / here == pytest.approx((high - low) / (2e-5) / here, rel=1e-5, abs=1e-9)


def test_what_a_mode_takes_away_takes_no_longer_than_before():
    law = float(pipeline.evaluate(POINT.values, (tau,), POINT.route)[tau])
    for x, value in ((kappa_elem, 0.3), (lambda_launch, 0.1), (alpha_attn, 0.5), (delta_attn, 0.2), (c_skip, 0.9),
                     (gamma_g, 0.0)):  # fmt: skip
        found = float(pipeline.evaluate({**POINT.values, x: value}, (tau,), in_mode(POINT, (x,)))[tau])
        assert found < law, x


def test_a_cache_leaves_its_part_of_the_denoiser_and_no_more_of_the_rest():
    shares = np.array([0.0, 0.25, 0.5])
    times = pipeline.evaluate({**POINT.values, c_skip: shares}, (tau,), in_mode(POINT, (c_skip,)))[tau]
    assert np.diff(times)[0] == pytest.approx(np.diff(times)[1], rel=1e-12)
    no_steps = times[0] + 4 * np.diff(times)[0]
    assert 0 < no_steps < 0.1 * times[0]


def test_guidance_on_no_step_is_one_pass():
    none = pipeline.evaluate({**POINT.values, gamma_g: 0.0}, (tau, E), in_mode(POINT, (gamma_g,)))
    one = operating_point("wan2.1-t2v-1.3b", gpu="h100-sxm-80gb", guidance=1)
    expected = pipeline.evaluate(one.values, (tau, E), one.route)
    for x in (tau, E):  # the negative prompt is still encoded
        assert float(none[x]) == pytest.approx(float(expected[x]), rel=2e-3)


def test_joules_of_a_faster_kernel_lie_between_its_time_and_its_work():
    ends = {}
    for chi in (0.0, 0.5, 1.0):
        values = {**POINT.values, alpha_attn: 0.5, chi_time: chi}
        ends[chi] = float(pipeline.evaluate(values, (E,), in_mode(POINT, (alpha_attn, chi_time)))[E])
    law = float(pipeline.evaluate(POINT.values, (E,), POINT.route)[E])
    assert ends[1.0] < ends[0.5] < ends[0.0] == pytest.approx(law, rel=1e-12)
    assert ends[0.5] == pytest.approx(math.sqrt(ends[0.0] * ends[1.0]))


def test_the_part_of_passes_that_is_kept_is_one_at_neutral_values():
    assert software.KEPT.subs(software.NEUTRAL) == Integer(1)


def test_one_of_several_accelerators_in_every_mode_is_one_accelerator_in_it():
    values = {**SPLIT.values, **SET, **{x: float(v) for x, v in parallel.ALONE.items()}}
    one = pipeline.evaluate({**POINT.values, **SET}, (tau, E, mu), in_mode(POINT, ALL))
    shared = pipeline.evaluate(values, (tau, E, mu), in_mode(SPLIT, ALL))
    for x in (tau, E, mu):
        assert float(shared[x]) == pytest.approx(float(one[x]), rel=1e-12)


@pytest.mark.parametrize("symbol", [Q_host, w_quant], ids=str)
def test_weights_that_each_accelerator_moves_or_casts_are_not_divided(symbol):
    rest = {x: float(value) for x, value in software.NEUTRAL.items()} | {beta_host: 1e9}
    added = {}
    for name, point in (("one", POINT), ("four", SPLIT)):
        route = in_mode(point, (symbol, beta_host))
        times = [
            float(pipeline.evaluate({**point.values, **rest, symbol: x}, (tau,), route)[tau])
            for x in (0.0, 1e10 if symbol == Q_host else 1e5)  # so much that little work is left to the power limit
        ]
        added[name] = times[1] - times[0]
    assert added["four"] == pytest.approx(added["one"], rel=0.02)


def test_the_copies_that_splitting_adds_are_not_fused():
    values = {**SPLIT.values, parallel.e_link: 1e9, parallel.c_ring: 0.0, kappa_elem: 1e-9}
    moved = pipeline.evaluate(values, (parallel.tau_move,), in_mode(SPLIT, (kappa_elem,)))[parallel.tau_move]
    assert float(moved) == pytest.approx(
        float(pipeline.evaluate(values, (parallel.tau_move,), SPLIT.route)[parallel.tau_move])
    )
