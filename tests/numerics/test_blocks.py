import dask.array as da
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym.equations.notation import d, ell, m
from ditcarbon_sym.numerics import blocks
from ditcarbon_sym.numerics.functions import compiled

LONG = 4 * blocks.BLOCK
"""Long enough for several blocks."""
FUNCTION = compiled((4 * ell**2 * d + 8 * ell * d**2 + m / ell, ell * m, m + 1))


def outer():
    rng = np.random.default_rng(1)
    return {ell: rng.uniform(1, 2, (LONG, 1)), d: rng.uniform(1, 2, (1, 3)), m: 5.0}


def long():
    rng = np.random.default_rng(2)
    return {ell: rng.uniform(1, 1e4, LONG + 11), d: rng.uniform(1, 9, LONG + 11), m: 3.0}


BOTH = pytest.mark.parametrize("values", [long(), outer()], ids=["one axis", "outer product"])


def test_large_and_small_arrays_agree_to_the_last_bit():
    whole = FUNCTION(long())
    part = FUNCTION({x: v[:100] if np.ndim(v) else v for x, v in long().items()})
    for one, other in zip(whole, part, strict=True):
        assert np.array_equal(one[:100], other)


@BOTH
def test_threads_and_blocks_change_nothing(values, monkeypatch):
    reference = FUNCTION(values)
    for threads, block in ((1, blocks.BLOCK), (2, blocks.BLOCK), (3, 1000), (2, 7777), (2, 1)):
        monkeypatch.setattr(blocks, "BLOCK", block if block > 1 or len(values[ell]) < 99 else 900)
        for one, other in zip(FUNCTION(values, threads=threads), reference, strict=True):
            assert np.array_equal(one, other)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(1, 70))
def test_blocks_cover_every_element_once(shape, size):
    seen = np.zeros(shape)
    for place in blocks.places(tuple(shape), size):
        seen[place] += 1
        assert seen[place].size <= max(size, 1)
    assert (seen == 1).all()


def test_blocks_broadcast_like_numpy():
    (table,) = compiled((ell * d + m,))({ell: np.arange(3.0 * LONG)[:, None], d: np.arange(7.0), m: 1})
    assert table.shape == (3 * LONG, 7)
    assert np.array_equal(table, np.arange(3.0 * LONG)[:, None] * np.arange(7.0) + 1)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("shape", [(0,), (0, 3), (1,), (2, 0)])
def test_empty_and_single_inputs_keep_their_shape(shape, fused):
    (result,) = compiled((ell * d,))({ell: np.ones(shape), d: 2}, fused=fused)
    assert result.shape == shape


@BOTH
@pytest.mark.parametrize("fused", [False, True])
def test_results_are_written_in_place(values, fused):
    shape = np.broadcast_shapes(*(np.shape(v) for v in values.values()))
    out = [np.empty(shape) for _ in range(3)]
    FUNCTION(values, out=out, fused=fused)
    for one, other in zip(out, FUNCTION(values), strict=True):
        assert np.allclose(one, other, rtol=1e-12, atol=0)


def test_a_wrong_place_for_results_is_refused():
    with pytest.raises(ValueError, match="of the inputs' shape"):
        FUNCTION(long(), out=[np.empty(3)] * 3)


def test_results_that_overlap_an_input_or_each_other_are_refused():
    room = np.arange(2.0 * LONG + 1)
    values = {ell: room[1 : LONG + 1], d: np.ones(LONG)}
    function = compiled((ell + d, ell * d))
    for out in ([room[:LONG], np.empty(LONG)], [np.empty(LONG), values[ell]], [values[d]] * 2):
        with pytest.raises(ValueError, match="overlaps another array of out, or an input"):
            function(values, out=out)


@BOTH
def test_one_fused_loop_equals_numpy_to_rounding(values):
    for one, other in zip(FUNCTION(values, fused=True), FUNCTION(values), strict=True):
        assert np.allclose(one, other, rtol=1e-12, atol=0)


def test_a_fused_loop_treats_nan_and_infinity_as_numpy_does():
    nasty = np.array([np.nan, np.inf, 1e19, 0.0, 1.0, 3.7, 1e308, 5e-324])
    values = dict(zip((ell, d, m), (x.ravel() for x in np.meshgrid(nasty, nasty, nasty)), strict=True))
    for one, other in zip(FUNCTION(values, fused=True), FUNCTION(values), strict=True):
        assert np.allclose(one, other, rtol=1e-14, atol=0, equal_nan=True)


@pytest.mark.parametrize("chunk", [1000, LONG])
def test_dask_arrays_give_the_same_to_the_last_bit(chunk):
    values = {x: v[:3000] if np.ndim(v) else v for x, v in long().items()}
    lazy = {x: da.from_array(v, chunk) if np.ndim(v) else v for x, v in values.items()}
    for one, other in zip(FUNCTION(lazy), FUNCTION(values), strict=True):
        assert np.array_equal(one.compute(), other)


def test_fused_loops_on_many_chunks_at_once_are_safe():
    values = {x: v[:9000] if np.ndim(v) else v for x, v in long().items()}
    lazy = {x: da.from_array(v, 1000) if np.ndim(v) else v for x, v in values.items()}
    total = sum(part.sum() for part in FUNCTION(lazy, fused=True)).compute(scheduler="threads")
    assert total == pytest.approx(sum(part.sum() for part in FUNCTION(values)))


def test_dask_outer_products_have_the_axes_of_the_whole():
    values = {x: v[:50] if np.ndim(v) else v for x, v in outer().items()}
    lazy = {**values, ell: da.from_array(values[ell], (7, 1)), d: da.from_array(values[d], (1, 1))}
    for one, other in zip(FUNCTION(lazy), FUNCTION(values), strict=True):
        assert one.shape == other.shape and np.array_equal(one.compute(), other)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_fused_loop_fills_results_of_fewer_axes_and_those_whose_elements_lie_apart(threads):
    rng = np.random.default_rng(3)
    values = {ell: rng.uniform(1, 2, (50, 1)), d: rng.uniform(1, 2, (1, 3)), m: 5.0}
    function = compiled((ell * d, ell + 1, d + 1, m + 1))
    shapes = [x.shape for x in function.on_axes(values, fused=True, threads=threads)]
    assert shapes == [(50, 3), (50, 1), (1, 3), (1, 1)]
    apart = [np.empty((50, 3)), *(np.empty((3, 50)).T for _ in range(3))]
    function(values, out=apart, fused=True, threads=threads)
    for one, other in zip(apart, function(values), strict=True):
        assert np.allclose(one, other, rtol=1e-14, atol=0)
