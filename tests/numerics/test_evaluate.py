import pickle

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import ITE, Integer, Piecewise, Symbol

from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import B, C_total, F_total, H, S, d, ell, m
from ditcarbon_sym.numerics.arrays import BLOCK, evaluate
from ditcarbon_sym.numerics.blocks import FUNCTION as FUNCTIONS
from ditcarbon_sym.numerics.evaluate import Compiled, compiled
from ditcarbon_sym.numerics.program import Program
from tests.strategies import configurations

LONG = 4 * BLOCK
"""Long enough for several blocks."""


def test_the_same_expressions_compile_once_per_process():
    assert compiled((B * S,)) is compiled((B * S,))


def test_a_constant_derivative_fills_the_shape():
    slope, value = Compiled(((3 * S).diff(S), 3 * S + B))({S: np.ones(5), B: 1})
    assert slope.shape == value.shape == (5,) and (slope == 3).all()


def test_a_constant_expression_has_the_shape_of_its_scalar_inputs():
    assert Compiled((Integer(4), S))({S: 2}) == [4, 2]


def test_large_and_small_arrays_agree_to_the_last_bit():
    function = compiled((4 * ell**2 * d + 8 * ell * d**2 + m / ell,))
    rng = np.random.default_rng(0)
    values = {ell: rng.uniform(1, 1e5, 3 * LONG + 17), d: 1152, m: rng.uniform(0, 300, 3 * LONG + 17)}
    (whole,) = function(values)
    (part,) = function({x: v[:100] if np.ndim(v) else v for x, v in values.items()})
    assert np.array_equal(whole[:100], part)


def test_blocks_broadcast_like_numpy():
    (table,) = compiled((ell * d + m,))({ell: np.arange(3.0 * LONG)[:, None], d: np.arange(7.0), m: 1})
    assert table.shape == (3 * LONG, 7)
    assert np.array_equal(table, np.arange(3.0 * LONG)[:, None] * np.arange(7.0) + 1)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (1,), (2, 0)])
def test_empty_and_single_inputs_keep_their_shape(shape):
    (result,) = compiled((ell * d,))({ell: np.ones(shape), d: 2})
    assert result.shape == shape


@given(configurations())
def test_integers_of_any_width_give_the_same_as_floats(configuration):
    whole = {x: v for x, v in configuration.items() if float(v).is_integer() and abs(v) < 2**31}
    results = [
        pipeline.evaluate({**configuration, **{x: np.array([v, v], dtype=kind) for x, v in whole.items()}})
        for kind in (np.int32, np.int64, np.float64)
    ]
    for name in pipeline.OUTPUTS:
        assert np.array_equal(results[0][name], results[2][name]) and np.array_equal(results[1][name], results[2][name])


def test_a_count_beyond_int64_does_not_wrap():
    assert compiled((ell**2 * d,))({ell: np.array([10**9]), d: np.array([10**5])})[0][0] == 1e23


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


def test_unknown_stays_unknown_and_only_where_it_matters():
    a, b = Symbol("a", positive=True), Symbol("b", positive=True)
    product, other = Compiled((a * b, 2 * b))({a: np.nan, b: 3})
    assert np.isnan(product) and other == 6


def outer():
    rng = np.random.default_rng(1)
    return {ell: rng.uniform(1, 2, (LONG, 1)), d: rng.uniform(1, 2, (1, 3)), m: 5.0}


def long(seed=2):
    rng = np.random.default_rng(seed)
    return {ell: rng.uniform(1, 1e4, LONG + 11), d: rng.uniform(1, 9, LONG + 11), m: 3.0}


FUNCTION = compiled((4 * ell**2 * d + 8 * ell * d**2 + m / ell, ell * m, m + 1))


@pytest.mark.parametrize("values", [long(), outer()], ids=["one axis", "outer product"])
def test_threads_and_blocks_change_nothing(values, monkeypatch):
    reference = FUNCTION(values)
    for threads, block in ((1, BLOCK), (2, BLOCK), (3, 1000), (2, 7777)):
        monkeypatch.setattr("ditcarbon_sym.numerics.arrays.BLOCK", block)
        for one, other in zip(FUNCTION(values, threads=threads), reference, strict=True):
            assert np.array_equal(one, other)


@pytest.mark.parametrize("values", [long(), outer()], ids=["one axis", "outer product"])
def test_results_are_written_in_place(values):
    shape = np.broadcast_shapes(*(np.shape(v) for v in values.values()))
    out = [np.empty(shape) for _ in range(3)]
    assert all(one is other for one, other in zip(FUNCTION(values, out=out), out, strict=True))
    for one, other in zip(out, FUNCTION(values), strict=True):
        assert np.array_equal(one, other)


def test_a_wrong_place_for_results_is_refused():
    with pytest.raises(ValueError, match="of the inputs' shape"):
        FUNCTION(long(), out=[np.empty(3)] * 3)


@pytest.mark.parametrize("fused", [False, True])
def test_results_that_overlap_an_input_or_each_other_are_refused(fused):
    room = np.arange(2.0 * LONG + 1)
    values = {ell: room[1 : LONG + 1], d: np.ones(LONG)}
    function = compiled((ell + d, ell * d))
    for out in ([room[:LONG], np.empty(LONG)], [np.empty(LONG), values[ell]], [values[d]] * 2, [room[LONG + 1 :]] * 2):
        with pytest.raises(ValueError, match="overlaps another array of out, or an input"):
            function(values, out=out, fused=fused)
    with pytest.raises(ValueError, match="overlaps"):
        function({ell: 1.0, d: 2.0}, out=[np.zeros(())] * 2)
    table = np.empty((LONG, 2))  # columns lie between each other, and share nothing
    function(values, out=[table[:, 0], table[:, 1]], fused=fused)
    assert np.array_equal(table, np.column_stack(function(values)))


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("condition", [ell < 3, ITE(ell < 3, d < 2, d > 2), (ell < 3) & ~(ell > 5)], ids=str)
@pytest.mark.parametrize("length", [0, 3, LONG])
def test_a_condition_on_numbers_chooses_among_arrays(fused, condition, length):
    function = Compiled((Piecewise((m, condition), (2 * m, True)),))
    array = np.arange(float(length))[:, None] if length else np.float64(4)
    for first in (2.0, 4.0):
        for second in (1.0, 3.0, np.array([1.0, 3.0])):
            (found,) = function({ell: first, d: second, m: array}, fused=fused)
            holds = np.vectorize(lambda x, one=first: bool(condition.subs({ell: one, d: x})))(second)
            expected = np.where(holds, array, 2 * array)
            assert (found == expected).all()


NASTY = np.array([np.nan, np.inf, -np.inf, 1e19, -1e19, 0.0, -0.0, 1.0, -2.5, 3.7, 1e308, 5e-324])


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_treats_nan_and_infinity_alike_in_numpy_and_in_a_fused_loop(name):
    many = 3 if name == "where" else 1 if name in ("sqrt", "exp", "log", "absolute", "floor", "ceil") else 2
    values = [x.ravel() for x in np.meshgrid(*[NASTY] * many)]
    line = Program(
        ((name, many, tuple(range(many))),), (1,) * (many + 1), {}, tuple(range(many)), (many,)
    )  # fmt: skip
    shape, axes = values[0].shape, (1,) * many
    with np.errstate(all="ignore"):
        (plain,) = evaluate(line, values, shape, axes)
        (fused,) = evaluate(line, values, shape, axes, fused=True)
    assert np.allclose(plain, fused, rtol=1e-14, atol=0, equal_nan=True)


def test_factors_cancel_before_anything_is_computed():
    nasty = np.array([0.0, np.nan, np.inf])
    assert (Compiled((m / ell,), ((m, ell * d),))({ell: nasty, d: 3.0})[0] == 3.0).all()


def test_an_array_that_only_repeats_itself_is_a_factor():
    repeated = {**outer(), ell: np.broadcast_to(outer()[ell], (LONG, 3))}
    for one, other in zip(FUNCTION(repeated), FUNCTION(outer()), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("values", [long(), outer()], ids=["one axis", "outer product"])
def test_one_fused_loop_equals_numpy_to_rounding(values):
    for one, other in zip(FUNCTION(values, fused=True), FUNCTION(values), strict=True):
        assert np.allclose(one, other, rtol=1e-12, atol=0)


@pytest.mark.parametrize("chunk", [1, 1000, LONG])
def test_dask_arrays_give_the_same_to_the_last_bit(chunk):
    values = {x: v[:3000] if np.ndim(v) else v for x, v in long().items()}
    lazy = {x: da.from_array(v, chunk) if np.ndim(v) and chunk > 1 else v for x, v in values.items()}
    lazy[ell] = da.from_array(values[ell][:3000], chunk if chunk > 1 else (2999, 1))
    for one, other in zip(FUNCTION(lazy), FUNCTION(values), strict=True):
        assert np.array_equal(one.compute(), other)


def test_fused_loops_on_many_chunks_at_once_are_safe():
    values = {x: v[:9000] if np.ndim(v) else v for x, v in long().items()}
    lazy = {x: da.from_array(v, 100) if np.ndim(v) else v for x, v in values.items()}
    total = sum(part.sum() for part in FUNCTION(lazy, fused=True)).compute(scheduler="threads")
    assert total == pytest.approx(sum(part.sum() for part in FUNCTION(values)))


def test_dask_outer_products_have_the_axes_of_the_whole():
    values = {x: v[:50] if np.ndim(v) else v for x, v in outer().items()}
    lazy = {**values, ell: da.from_array(values[ell], (7, 1)), d: da.from_array(values[d], (1, 1))}
    for one, other in zip(FUNCTION(lazy), FUNCTION(values), strict=True):
        assert one.shape == other.shape and np.array_equal(one.compute(), other)


def test_a_compiled_function_travels_to_another_process():
    there = pickle.loads(pickle.dumps(FUNCTION))
    for one, other in zip(there(long()), FUNCTION(long()), strict=True):
        assert np.array_equal(one, other)


def test_integers_become_floats_block_by_block():
    values = {**long(), ell: np.arange(1, LONG + 12)}
    whole = FUNCTION({**values, ell: values[ell].astype(float)})
    for one, other in zip(FUNCTION(values), whole, strict=True):
        assert np.array_equal(one, other)
