import pytest
from hypothesis import given
from sympy import Poly, Rational, expand

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import N, P, a, c, d, f, j, kappa, n_ada, s, t
from ditcarbon_sym.equations.parameters import coefficient, parameters
from tests.strategies import ARCHITECTURE, configurations

DEFAULT = {n_ada: 1, t: d, f: 4}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [({s: 0, c: 0, a: 1}, 18), ({s: 0, c: 1, a: 0}, 16), ({s: 1, c: 0, a: 1}, 36), ({s: 0, c: 0, a: 0}, 12)],
)
def test_the_coefficients_of_table_1_are_exact(flags, expected):
    assert coefficient.rhs.subs({**DEFAULT, **flags}) == expected


def test_cogvideox_coefficient_is_exactly_76_fifths():
    values = load().model("cogvideox-2b").values
    exact = coefficient.at({x: values[x] for x in (s, c, a, n_ada, t, d, f)})
    assert exact.rhs == Rational(76, 5)


def test_parameters_are_the_coefficient_times_blocks_times_width_squared():
    assert expand(parameters.rhs - coefficient.rhs * N * d**2) == 0
    assert (parameters.lhs, coefficient.lhs) == (P, kappa)


def test_parameters_are_linear_in_the_number_of_blocks():
    assert Poly(parameters.rhs, N).monoms() == [(1,)]


@pytest.mark.parametrize("flag", [s, c, a])
def test_parameters_are_affine_in_each_flag(flag):
    assert Poly(parameters.rhs, flag).degree() == 1


def test_joint_attention_changes_no_weight():
    assert j not in parameters.rhs.free_symbols


def test_cross_attention_and_adaln_add_up_at_fixed_streams():
    def at(cross, ada):
        return coefficient.rhs.subs({c: cross, a: ada})

    assert expand(at(1, 1) - at(0, 1) - (at(1, 0) - at(0, 0))) == 0


@given(configurations(ARCHITECTURE))
def test_parameters_grow_with_every_size(configuration):
    more = {**configuration, N: configuration[N] + 1, d: configuration[d] + 1}
    assert parameters(more) > parameters(configuration) > 0
