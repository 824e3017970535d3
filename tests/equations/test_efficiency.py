import pytest
from hypothesis import given
from sympy import Rational, expand, fraction, limit, oo, simplify, together

from ditcarbon_sym.equations.efficiency import batch_discrete, batch_saturation, saturation
from ditcarbon_sym.equations.notation import B_0, B, ell, ell_star, mu_sat
from tests.strategies import HARDWARE, configurations

LAW = configurations({x: HARDWARE[x] for x in (mu_sat, B_0, ell_star)})


def test_efficiency_tends_to_saturation():
    assert limit(limit(saturation.rhs, ell, oo), B, oo) == mu_sat


def test_without_a_length_scale_the_law_reduces_to_batch_saturation():
    assert saturation.rhs.subs(ell_star, 0) == batch_saturation.rhs == mu_sat * B / (B + B_0)


def test_half_of_the_sequence_saturation_is_reached_at_ell_star_over_batch():
    at_threshold = saturation.rhs.subs(ell, ell_star / B) / batch_saturation.rhs
    assert simplify(at_threshold) == Rational(1, 2)


def test_a_level_is_halved_at_ell_star_over_batch_too():
    at_threshold = batch_discrete.rhs.subs(ell, ell_star / B) / batch_discrete.rhs.subs(ell_star, 0)
    assert simplify(at_threshold) == Rational(1, 2)


@pytest.mark.parametrize("symbol", [B, ell])
def test_efficiency_rises_with_batch_and_tokens_symbolically(symbol):
    numerator, denominator = fraction(together(saturation.rhs.diff(symbol)))
    assert expand(numerator).is_nonnegative and denominator.is_positive


@given(LAW)
def test_efficiency_lies_above_zero_and_not_above_saturation(law):
    value = saturation({**law, B: 4, ell: 1000})
    assert 0 < value <= law[mu_sat] * (1 + 1e-15)


@given(LAW)
def test_efficiency_never_falls_with_batch_or_tokens(law):
    values = saturation({**law, B: [1, 2, 8, 64], ell: 500})
    assert (values[1:] >= values[:-1] * (1 - 1e-15)).all()
    values = saturation({**law, B: 2, ell: [1, 10, 1e3, 1e6]})
    assert (values[1:] >= values[:-1] * (1 - 1e-15)).all()
