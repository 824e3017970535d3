import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Integer, Max, Piecewise, Rational, Symbol, exp, log, sin, sqrt

from ditcarbon_sym.catalog.loading import load, shipped_calibration
from ditcarbon_sym.equations import derivatives, pipeline
from ditcarbon_sym.equations.equation import exact
from ditcarbon_sym.equations.notation import PUE, B, C_chip, C_total, H, I_grid, L, S, W, d, ell, m, n_frames, n_latent
from ditcarbon_sym.numerics.evaluate import Compiled
from ditcarbon_sym.numerics.lines import program
from tests.strategies import configurations

a, b, x = (Symbol(name, positive=True) for name in "abx")


def names(expressions, arguments, axes):
    return [name for name, _, _ in program(expressions, (), arguments, axes).operations]


def test_what_is_free_of_arrays_is_computed_as_scalars_alone():
    line = program((8 * ell * d**2 + 4 * d * ell + 7 * d,), (), (d, ell), (0, 1))
    on_arrays = [name for name, target, _ in line.operations if line.axes[target]]
    assert on_arrays == ["multiply", "add"] or on_arrays == ["multiply", "add", "multiply"]


def test_factors_cancel_before_anything_is_computed():
    assert names((a * b / a,), (a, b), (1, 1)) == []
    assert names((a * x, a * x / b * b), (a, b, x), (1, 1, 1)) == ["multiply"]


def test_results_that_differ_by_a_scalar_are_one_array_times_two():
    line = program((3 * a * b * x, 5 * a * b * x), (), (a, b, x), (1, 1, 0))
    products = [target for name, target, operands in line.operations if all(line.axes[y] for y in operands)]
    assert len(products) == 1


def test_whole_powers_are_products_and_roots_are_square_roots():
    assert set(names((x**5, x**-3), (x,), (1,))) == {"multiply", "divide"}
    assert names((x ** Rational(1, 4),), (x,), (1,)) == ["sqrt", "sqrt"]
    assert "power" in names((x ** Rational(1, 3),), (x,), (1,))


def test_an_outer_product_is_multiplied_out_last():
    line = program((3 * a * a * b * b,), (), (a, b), (1, 2))
    assert [line.axes[target] for _, target, _ in line.operations].count(3) == 1


def test_what_cannot_be_compiled_is_named():
    with pytest.raises(TypeError, match="sin cannot be compiled"):
        Compiled((sin(x),))({x: 1.0})


@pytest.mark.parametrize("kind", [float, np.array])
def test_every_function_gives_what_numpy_gives(kind):
    value = 0.7 if kind is float else np.array([0.7, 2.0, 0.0])
    where = Piecewise((2 * x, x < 1), (x**2, True))
    found = Compiled((exp(-x), sqrt(x), Max(x, 1), where, abs(x - 1), log(1 + x)))({x: value})
    expected = [
        np.exp(-value), np.sqrt(value), np.maximum(value, 1), np.where(value < 1, 2 * value, np.square(value)),
        np.abs(value - 1), np.log(1 + value),
    ]  # fmt: skip
    for one, other in zip(found, expected, strict=True):
        assert np.allclose(one, other, rtol=1e-15)


@given(configurations(), st.sampled_from([(), (H,), (H, W, B), (B, S, PUE, I_grid)]))
def test_compiled_for_any_inputs_that_vary_equals_exact_rational_evaluation(configuration, varied):
    arrays = {y: np.array([configuration[y], configuration[y]], dtype=float) for y in varied}
    found = pipeline.evaluate({**configuration, **arrays})
    numbers = {y: exact(float(v)) for y, v in configuration.items()}
    for name, value in found.items():
        closed = pipeline.closed_form(name).rhs.xreplace(numbers)
        assert float(np.ravel(value)[0]) == pytest.approx(float(closed), rel=1e-12, abs=1e-290)


def test_a_gradient_on_arrays_equals_the_one_on_scalars():
    rng = np.random.default_rng(0)
    catalog = load()
    values = {
        **catalog.model("pixart-alpha").values, **catalog.model("pixart-alpha").request,
        **catalog.gpu("v100-pcie-16gb").values, **shipped_calibration("v100-pcie-16gb").values,
        n_latent: 1.0, n_frames: 1.0, L: 1e8, C_chip: 9780.0, PUE: 1.2, I_grid: 390.0,
    }  # fmt: skip
    arrays = {y: rng.uniform(1, 3, 5) * values[y] for y in (H, W, B, S, PUE, I_grid)}
    slopes = derivatives.gradient({**values, **arrays}, C_total)
    for k in range(5):
        single = derivatives.gradient({**values, **{y: v[k] for y, v in arrays.items()}}, C_total)
        for y, slope in single.items():
            assert slopes[y][k] == pytest.approx(slope, rel=1e-12, abs=1e-300)


def test_constants_beyond_integers_of_64_bits_are_folded_as_floats():
    (value,) = Compiled((Integer(10) ** 30 * x,))({x: np.array([2.0])})
    assert math.isclose(value[0], 2e30, rel_tol=1e-15)


def test_unused_inputs_are_not_read():
    assert program((a + m,), (), (a, b, m), (1, 1, 0)).inputs[1] is None
