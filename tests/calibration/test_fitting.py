"""A fit finds what made its data, with an exact Jacobian, and says where the data do not tell."""

import numpy as np
import pytest

from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.fitting import BGR, LOSSES, Free, _stands_on_bound, fit, squares_with
from ditcarbon_sym.calibration.held_out import leave_one_group_out, log_scatter
from ditcarbon_sym.equations.efficiency import batch_saturation, saturation
from ditcarbon_sym.equations.notation import B_0, B, ell, ell_star, mu_sat
from ditcarbon_sym.errors import InputError
from fits import corpus


@pytest.mark.parametrize("loss", LOSSES)
def test_a_fit_finds_the_parameters_that_made_the_data(loss):
    truth = {mu_sat: 0.5, B_0: 0.7, ell_star: 300.0}
    grid = {B: np.repeat([1.0, 2, 4, 8], 5), ell: np.tile([256.0, 576, 1024, 4096, 16384], 4)}
    data = Data(grid, saturation({**grid, **truth}), ("a",) * 20)
    found = fit(saturation, data, BGR, loss)
    assert found.values == pytest.approx(truth, rel=1e-6)
    assert found.at_bound == () and found.mape() < 1e-6


def test_the_jacobian_handed_to_the_optimiser_is_exact():
    from ditcarbon_sym.calibration.fitting import _residuals

    data = corpus.full()
    for loss in LOSSES:
        residual, jacobian = _residuals(saturation, data, BGR, loss)

        def at(*values):
            return {x.name: type("P", (), {"value": v}) for x, v in zip((mu_sat, B_0, ell_star), values, strict=True)}

        centre = np.array([0.4, 0.3, 200.0])
        exact = jacobian(at(*centre))
        for k in range(3):
            step = np.eye(3)[k] * centre[k] * 1e-6
            difference = (residual(at(*(centre + step))) - residual(at(*(centre - step)))) / (2 * step[k])
            assert np.allclose(exact[:, k], difference, rtol=1e-6, atol=1e-9)


def test_scatter_is_that_of_the_rows_held_out():
    data = corpus.production()
    held_out = leave_one_group_out(saturation, data)
    logs = [np.log(rows.observed / trained.predict(rows)) for trained, rows in held_out.values()]
    assert log_scatter(held_out) == pytest.approx(np.sqrt(np.mean(np.concatenate(logs) ** 2)))
    assert 0.05 < log_scatter(held_out) < 0.15


def test_too_few_rows_and_unknown_losses_are_refused():
    data = corpus.production()
    with pytest.raises(InputError, match="2 rows cannot determine 3"):
        fit(saturation, data.where(i < 2 for i in range(48)))
    with pytest.raises(InputError, match="loss = 'huber'"):
        fit(saturation, data, loss="huber")


def test_an_upper_bound_counts_as_a_bound_too():
    grid = {B: np.array([1.0, 2, 4, 8]), ell: np.full(4, 1e6)}
    data = Data(grid, np.full(4, 0.9), ("a",) * 4)
    found = fit(batch_saturation, data, {mu_sat: Free(0.4, 0, 0.5), B_0: Free(0.1)})
    assert mu_sat in found.at_bound


def test_the_squares_with_the_only_parameter_held_are_those_of_the_residuals():
    inputs = {B: np.array([1.0, 2.0, 4.0]), ell: np.full(3, 1024.0), B_0: np.full(3, 0.5), ell_star: np.full(3, 100.0)}
    data = Data(inputs, np.array([0.2, 0.35, 0.4]), ("a",) * 3)
    alone = {mu_sat: BGR[mu_sat]}
    fitted = fit(saturation, data, alone, "absolute")
    held = 0.7
    expected = np.sum((saturation({**inputs, mu_sat: held}) - data.observed) ** 2)
    assert squares_with(fitted, mu_sat, held, alone) == pytest.approx(expected)
    assert squares_with(fitted, mu_sat, fitted.values[mu_sat], alone) == pytest.approx(fitted.sum_of_squares)


@pytest.mark.parametrize(
    ("value", "slope", "stands"),
    [
        (0.0, 1, True),
        (0.0, 0, True),
        (0.0, -1, False),
        (2.0, -1, True),
        (2.0, 0, True),
        (2.0, 1, False),
        (1.0, 1, False),
    ],
)
def test_a_parameter_stands_on_a_bound_where_the_squares_would_still_fall_beyond_it(value, slope, stands):
    bounds, values = Free(1.0, 0.0, 2.0), {mu_sat: value}
    found = _stands_on_bound(mu_sat, bounds, values, lambda _: np.array([[1.0]]), lambda _: np.array([slope]), None)
    assert found == stands
