import numpy as np
import pytest
from sympy import Rational, exp

from ditcarbon_sym.equations import carbon
from ditcarbon_sym.equations.equation import Equation, exact
from ditcarbon_sym.equations.notation import PUE, TDP, B, E, F_total, I_grid, S, Theta_peak, mu, tau
from ditcarbon_sym.errors import InputError


def test_a_call_ignores_symbols_it_does_not_contain():
    assert carbon.operational({E: 2, PUE: 1.5, I_grid: 100, B: 7}) == 300


def test_a_missing_symbol_is_named_with_its_meaning():
    with pytest.raises(InputError, match=r"PUE \(power usage effectiveness\)"):
        carbon.operational({E: 2, I_grid: 100})


def test_scalars_give_a_scalar_and_arrays_broadcast():
    assert np.ndim(carbon.operational({E: 2, PUE: 1.5, I_grid: 100})) == 0
    grid = carbon.operational({E: np.arange(3)[:, None], PUE: 1.5, I_grid: np.arange(4)})
    assert grid.shape == (3, 4) and grid[2, 3] == 9


def test_inlining_leaves_no_defined_symbol():
    energy = carbon.energy.inline(carbon.runtime)
    assert tau not in energy.inputs
    assert energy.rhs == F_total * TDP / (mu * Theta_peak * 3_600_000)


def test_inlining_does_not_depend_on_the_order_of_the_definitions():
    forward = carbon.operational.inline(carbon.runtime, carbon.energy)
    assert forward == carbon.operational.inline(carbon.energy, carbon.runtime)


def test_circular_definitions_are_refused():
    with pytest.raises(ValueError, match="circular"):
        Equation("x", E, tau + 1).inline(Equation("y", tau, B), Equation("z", B, tau))


def test_the_gradient_is_exact_and_over_every_input_by_default():
    gradient = carbon.runtime.gradient()
    assert set(gradient) == {F_total, mu, Theta_peak}
    assert gradient[mu] == -F_total / (mu**2 * Theta_peak)


def test_the_elasticity_of_a_power_is_its_exponent():
    assert Equation("x", E, 3 * tau ** Rational(7, 2)).elasticity(tau) == Rational(7, 2)


def test_the_elasticity_of_an_exponential_is_its_argument():
    assert Equation("x", E, exp(2 * tau)).elasticity(tau) == 2 * tau


def test_numbers_put_in_stay_exact():
    assert exact(0.1) == Rational(1, 10) and exact(1e22) == 10**22 and exact(2.5e-7) == Rational(1, 4_000_000)
    assert carbon.operational.at({PUE: 1.2}).rhs == Rational(6, 5) * E * I_grid


def test_latex_uses_the_papers_notation():
    assert carbon.runtime.latex() == r"\tau = \frac{F_{\mathrm{total}}}{\Theta_{\mathrm{peak}} \mu}"


def test_an_equation_prints_as_one_line():
    assert str(Equation("x", E, S * tau)) == "E = S*tau"
