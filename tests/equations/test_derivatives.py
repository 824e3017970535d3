from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sympy import Add, Mul, symbols

from ditcarbon_sym.equations import derivatives, pipeline
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import (
    PUE,
    TDP,
    B,
    C_chip,
    C_output,
    C_total,
    E,
    F_total,
    H,
    I_grid,
    L,
    N,
    S,
    Theta_peak,
    W,
    d,
    ell_star,
    g,
    mu,
    mu_sat,
    tau,
)
from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.numerics.functions import compiled
from tests.strategies import configurations

SMOOTH = (H, W, S, B, g, N, d, Theta_peak, TDP, PUE, mu_sat, L)


@settings(max_examples=1000)
@given(configurations(), st.sampled_from(SMOOTH), st.sampled_from([C_total, C_output, tau, F_total]))
def test_elasticities_agree_with_central_differences(configuration, symbol, output):
    slopes = derivatives.gradient(configuration, output)
    value = float(slopes[output])
    if symbol not in slopes or value < 1e-200:  # among subnormal numbers a difference has no digits left
        return
    step = 1e-4

    def at(factor):
        return float(pipeline.evaluate({**configuration, symbol: configuration[symbol] * factor}, (output,))[output])

    # Fourth-order central differences: the error is the fifth derivative's, far below what is asserted.
    difference = (8 * (at(1 + step) - at(1 - step)) - (at(1 + 2 * step) - at(1 - 2 * step))) / (12 * step * value)
    assert float(slopes[symbol]) * configuration[symbol] / value == pytest.approx(difference, rel=1e-6, abs=1e-6)


@given(configurations())
def test_the_gradient_equals_the_derivative_of_the_closed_form(configuration):
    slopes = derivatives.gradient(configuration, C_total)
    closed = pipeline.closed_form(C_total)
    for symbol in (H, B, S, PUE, Theta_peak, ell_star, C_chip):
        exact = compiled((closed.rhs.diff(symbol),))(configuration)[0]
        assert float(slopes[symbol]) == pytest.approx(float(exact), rel=1e-9, abs=1e-18)


def test_every_input_of_the_closed_form_has_a_derivative():
    _, sums = derivatives.adjoints(C_total, pipeline.chain())
    assert set(sums) == set(pipeline.closed_form(C_total).inputs)


@given(configurations())
def test_products_of_powers_obey_the_sum_rule(configuration):
    # Energy is tau TDP / 3.6e6 and tau is F / (mu Theta): exponents 1, -1 and -1.
    slopes = derivatives.gradient(configuration, E, "measured" if mu in configuration else "bgr")
    for symbol, exponent in ((TDP, 1), (Theta_peak, -1), (mu_sat, -1)):
        assert float(slopes[symbol]) * configuration[symbol] / float(slopes[E]) == pytest.approx(exponent, rel=1e-12)


@given(configurations())
def test_operational_and_embodied_shares_add_to_the_elasticity_of_time(configuration):
    # Total carbon is proportional to tau: elasticities to power and to embodied carbon are shares that add up to one.
    slopes = derivatives.gradient(configuration, C_total)
    value = float(slopes[C_total])
    if value > 1e-200:
        shares = [float(slopes[x]) * configuration[x] / value for x in (TDP, C_chip)]
        assert sum(shares) == pytest.approx(1, rel=1e-12)
        assert float(slopes[I_grid]) * configuration[I_grid] / value == pytest.approx(shares[0], rel=1e-12, abs=1e-15)


@given(configurations())
def test_forward_and_reverse_give_the_same(configuration):
    reverse = derivatives.gradient(configuration, C_total)
    forward = derivatives.jacobian(configuration, (C_total, tau), (mu_sat, ell_star))
    for symbol in (mu_sat, ell_star):
        assert float(forward[C_total, symbol]) == pytest.approx(float(reverse[symbol]), rel=1e-12, abs=1e-300)


def test_what_does_not_depend_has_derivative_zero():
    from ditcarbon_sym.estimation.point import operating_point

    point = operating_point("pixart-alpha")
    assert float(derivatives.jacobian(point.values, (F_total,), (mu_sat,))[F_total, mu_sat]) == 0


@given(configurations())
def test_what_is_zero_has_finite_derivatives(configuration):
    nothing = {**configuration, I_grid: 0, C_chip: 0}
    for output in (C_total, C_output):
        assert all(np.isfinite(slope) for slope in derivatives.gradient(nothing, output).values())


def test_gradients_broadcast():
    from ditcarbon_sym.estimation.point import operating_point

    point = operating_point("pixart-alpha")
    slopes = derivatives.gradient({**point.values, S: np.arange(1.0, 6.0)}, C_total, point.route)
    assert all(np.shape(slope) == (5,) for slope in slopes.values())


@cache
def second_derivatives_of_the_closed_form(symbols):
    closed = pipeline.closed_form(C_total).rhs
    once = {x: closed.diff(x) for x in symbols}
    above = {(x, y): once[x].diff(y) for k, x in enumerate(symbols) for y in symbols[k:]}
    return compiled(tuple(above.get((x, y), above.get((y, x))) for x in symbols for y in symbols))


@pytest.mark.parametrize("model", ["dit-xl-2-256", "pixart-alpha", "sd3-medium", "cogvideox-2b"])
def test_second_derivatives_are_those_of_the_closed_form_and_symmetric(model):
    values = {**operating_point(model, efficiency="bgr", batch=3).values, ell_star: 90.0}
    symbols = (H, B, S, PUE, Theta_peak, ell_star)
    curvature = derivatives.hessian(values, C_total, symbols)
    pairs = list(curvature)
    expected = second_derivatives_of_the_closed_form(symbols)(values)
    total = pipeline.evaluate(values, (C_total,))[C_total]
    for (x, y), value in zip(pairs, expected, strict=True):
        scale = values[x] * values[y] / total  # relative changes, as elasticities
        assert curvature[x, y] * scale == pytest.approx(value * scale, rel=1e-9, abs=1e-9)
        assert curvature[x, y] * scale == pytest.approx(curvature[y, x] * scale, rel=1e-9, abs=1e-9)
    assert curvature[H, H] > 0 > curvature[Theta_peak, H]


def test_second_derivatives_have_the_shape_of_arrays():
    point = operating_point("flux.1-dev", gpu="h100-sxm-80gb")
    values = {**point.values, S: np.array([4.0, 20.0, 50.0])}
    curvature = derivatives.hessian(values, C_total, (S, PUE), point.route)
    assert curvature[S, PUE].shape == (3,) and (curvature[S, PUE] > 0).all()


def test_a_slope_that_is_nothing_is_no_step_of_the_tangents():
    """The square of x - x is named for x, and nothing follows from it."""
    x, y, z = symbols("x y z")
    sum_of_both = Add(x, Mul(-1, x, evaluate=False), evaluate=False)
    chain = (Equation("1", y, sum_of_both), Equation("2", z, y**2 + x))
    definitions, slopes = derivatives.tangents((x,), chain)
    assert all(rhs != 0 for _, rhs in definitions) and (y, x) not in slopes
    assert dict(definitions)[slopes[z, x]] == 1
