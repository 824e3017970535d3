import math
import pickle
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, strategies as st
from sympy import Integer, Max, Min, Piecewise, Rational, Symbol, exp, log, sqrt

from ditcarbon_sym.equations import derivatives, pipeline
from ditcarbon_sym.equations.notation import PUE, B, C_total, F_total, H, I_grid, S, W, d, ell, m
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.numerics import functions
from ditcarbon_sym.numerics.functions import Compiled, compiled, exact
from tests.strategies import configurations

a, b, x = (Symbol(name, positive=True) for name in "abx")


def test_the_same_expressions_compile_once_per_process():
    assert compiled((B * S,)) is compiled((B * S,))


def test_the_source_reads_like_the_equations_in_their_order():
    function = compiled((C_total,), tuple((equation.lhs, equation.rhs) for equation in pipeline.chain("bgr")))
    lines = [line.strip() for line in function.source.splitlines()]
    assert lines[1] == "ell = H*W*n_latent/(p**2*v_s**2)"
    assert "C_total = C_emb + C_op" in lines and lines[-1] == "return (C_total,)"


def test_what_is_one_number_is_put_in_exactly_and_folded():
    definitions = tuple((equation.lhs, equation.rhs) for equation in pipeline.WORK)
    sizes = {x: 16.0 for x in compiled((F_total,), definitions).arguments if x not in (H, W)}
    source = compiled((F_total,), definitions).at(sizes).source
    assert "def _lambdifygenerated(H, W)" in source and "ell = (1/4096)*H*W" in source


def test_a_number_that_is_unknown_stays_an_argument():
    assert compiled((a * b,)).at({a: math.nan, b: 2.0}).arguments == (a,)


def test_a_constant_derivative_fills_the_shape():
    slope, value = Compiled(((3 * S).diff(S), 3 * S + B))({S: np.ones(5), B: 1})
    assert slope.shape == value.shape == (5,) and (slope == 3).all()


def test_numbers_give_numbers():
    assert Compiled((Integer(4), S))({S: 2}) == [4, 2]


def test_sympy_writes_one_function_at_a_time(monkeypatch):
    """From Python 3.12 on, the first function of several threads found half of NumPy's names."""
    writing, most, write = [], [], functions.lambdify

    def slow(*arguments, **options):
        writing.append(1)
        most.append(len(writing))
        time.sleep(0.02)
        writing.pop()
        return write(*arguments, **options)

    monkeypatch.setattr(functions, "lambdify", slow)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda k: Compiled((x + k,))._written("math", None, []), range(4)))
    assert [f(1.0) for f in found] == [(1.0,), (2.0,), (3.0,), (4.0,)] and set(most) == {1}


def test_a_missing_symbol_is_named():
    with pytest.raises(InputError, match="no value for b"):
        Compiled((a * b,))({a: 1.0})


@pytest.mark.parametrize("kind", [float, np.array], ids=["number", "array"])
def test_every_function_gives_what_numpy_gives(kind):
    value = 0.7 if kind is float else np.array([0.7, 2.0, 0.0])
    where = Piecewise((x**2, x < 1), (2 * x, True))
    found = Compiled((exp(-x), sqrt(x), Max(x, 1), Min(x, 1), where, abs(x - 1), x**4, x ** Rational(1, 4)))({x: value})
    expected = (
        np.exp(-value), np.sqrt(value), np.maximum(value, 1), np.minimum(value, 1),
        np.where(value < 1, value**2, 2 * value), abs(value - 1), value**4, value**0.25,
    )  # fmt: skip
    for one, other in zip(found, expected, strict=True):
        assert np.allclose(one, other, rtol=1e-14, atol=0)


def test_maxima_and_pieces_broadcast_over_arrays_of_different_axes():
    one, other = np.array([[1.0], [3.0]]), np.array([2.0, 4.0, 0.0])
    larger, chosen = Compiled((Max(a, b, 1), Piecewise((a, a < b), (b, True))))({a: one, b: other})
    assert np.array_equal(larger, np.maximum(np.maximum(one, other), 1))
    assert np.array_equal(chosen, np.minimum(one, other))


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_numbers_answer_where_arithmetic_fails_as_arrays_do(value):
    function = Compiled((1 / x, log(x), sqrt(x), x ** Rational(1, 4)))
    assert np.array_equal(function({x: value}), np.ravel(function({x: np.array([value])})), equal_nan=True)


def test_a_count_beyond_int64_does_not_wrap():
    assert compiled((ell**2 * d,))({ell: np.array([10**9]), d: np.array([10**5])})[0][0] == 1e23


def test_a_coefficient_beyond_int64_does_not_wrap():
    assert Compiled((Integer(10) ** 30 * x,))({x: np.array([2.0])})[0][0] == 2e30


@given(configurations())
def test_integers_of_any_width_give_the_same_as_floats(configuration):
    whole = {x: v for x, v in configuration.items() if float(v).is_integer() and abs(v) < 2**31}
    results = [
        pipeline.evaluate({**configuration, **{x: np.array([v, v], dtype=kind) for x, v in whole.items()}})
        for kind in (np.int32, np.int64, np.float64)
    ]
    for name in pipeline.OUTPUTS:
        assert np.array_equal(results[0][name], results[2][name]) and np.array_equal(results[1][name], results[2][name])


@given(configurations(), st.integers(0, 2**32 - 1))
def test_permuting_and_broadcasting_inputs_changes_nothing(configuration, seed):
    rng = np.random.default_rng(seed)
    sides = 128.0 * rng.integers(1, 32, size=(4, 1))
    batches = rng.integers(1, 16, size=(1, 5)).astype(float)
    table = pipeline.evaluate({**configuration, H: sides, B: batches}, (C_total, F_total))
    order = rng.permutation(5)
    shuffled = pipeline.evaluate({**configuration, H: sides, B: batches[:, order]}, (C_total, F_total))
    for name in (C_total, F_total):
        assert table[name].shape == (4, 5)
        assert np.array_equal(table[name][:, order], shuffled[name])
        single = pipeline.evaluate({**configuration, H: sides[2, 0], B: batches[0, 3]}, (name,))[name]
        assert table[name][2, 3] == pytest.approx(single, rel=1e-15)


@given(configurations())
def test_partial_evaluation_changes_rounding_alone(configuration):
    rng = np.random.default_rng(0)
    varied = {H: 16.0 * rng.integers(8, 128, 50), B: rng.integers(1, 17, 50) * 1.0, PUE: rng.uniform(1, 2, 50)}
    fixed = {x: float(v) for x, v in configuration.items() if x not in varied}
    definitions, slopes = derivatives.adjoints(C_total, pipeline.chain("bgr"))
    function = compiled((C_total, *slopes.values()), definitions)
    partly = function.at({x: v for x, v in fixed.items() if x in function.arguments})
    for one, other in zip(partly({**fixed, **varied}), function({**fixed, **varied}), strict=True):
        assert np.allclose(one, other, rtol=1e-11, atol=1e-300)


def test_a_call_on_large_arrays_evaluates_partly_first(monkeypatch):
    values = {ell: np.linspace(1, 9, 60), d: 3.0, m: 5.0}
    function = compiled((4 * ell**2 * d + m / ell, ell * m))
    small = function(values)
    monkeypatch.setattr(functions, "LARGE", 50)
    for one, other in zip(function(values), small, strict=True):
        assert np.allclose(one, other, rtol=1e-15)


def test_unknown_stays_unknown_and_only_where_it_matters():
    product, other = Compiled((a * b, 2 * b))({a: np.nan, b: 3})
    assert np.isnan(product) and other == 6


def test_results_on_axes_keep_only_the_axes_along_which_they_vary():
    function = compiled((ell * d, ell * m, m + 1))
    found = function.on_axes({ell: np.ones((4, 1)), d: np.ones(3), m: 2.0})
    assert [x.shape for x in found] == [(4, 3), (4, 1), ()]


def test_a_part_of_a_grid_is_the_same_as_the_whole_to_the_last_bit():
    function = compiled((C_total,), tuple((equation.lhs, equation.rhs) for equation in pipeline.ACCOUNTING))
    rng = np.random.default_rng(3)
    grid = {x: rng.uniform(1, 9, (300, 1)) for x in function.arguments} | {I_grid: rng.uniform(1, 900, 70)}
    (whole,), (part,) = (
        function.on_axes({x: v[rows] if v.ndim == 2 else v for x, v in grid.items()})
        for rows in (slice(None), slice(7, 9))
    )
    assert np.array_equal(whole[7:9], part)


def test_a_compiled_function_travels_to_another_process():
    function = compiled((4 * ell**2 * d + m / ell,))
    values = {ell: np.arange(1.0, 9.0), d: 2.0, m: 3.0}
    assert np.array_equal(pickle.loads(pickle.dumps(function))(values)[0], function(values)[0])


@given(st.floats(1e-300, 1e300))
def test_an_exact_number_is_the_float_it_came_from(value):
    assert float(exact(value)) == value
