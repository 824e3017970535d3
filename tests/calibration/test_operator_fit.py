"""The fit from what is expected of an accelerator: its intervals hold the truth, and promise what the plan did."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import t as t_distribution

from ditcarbon_sym.calibration import planning
from ditcarbon_sym.calibration.data import Data, either, together, whitening
from ditcarbon_sym.calibration.fitting import Free, fit
from ditcarbon_sym.calibration.operator_fit import (
    DECODER,
    ENERGY,
    FREEDOM_MODEL,
    STARTS,
    TIME,
    distance,
    fit_known,
    interval,
    known,
    scatter,
    traded,
)
from ditcarbon_sym.calibration.operator_law import ALONE
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import NOTATION, E, e_dense, e_VAE, eps_flop, t_launch, tau
from ditcarbon_sym.measure import grid
from tests.calibration.test_operator_law import DEVICE, MODELS, TRUE


def law_rows(models, sides):
    """Configurations of models and the seconds that the law itself gives them."""
    found = grid.grid(models, DEVICE, sides=sides, frames=(1, 17, 49), batches=(1, 4))
    law = operator_law.runtime.at({**ALONE, e_VAE: 0.2})
    seconds = np.broadcast_to(law({**found.inputs, **TRUE}), (len(found.points),))
    return law, found.inputs, seconds, tuple(point.model for point in found.points)


SEVERAL = (*MODELS, "cogvideox-2b", "flux.1-dev")


def swept(models, law_seconds, groups, rng, row, model=0.11):
    """Measured seconds: each model has an error of its own, and each row one."""
    own = dict(zip(models, model * rng.standard_normal(len(models)), strict=True))
    return law_seconds * np.exp([own[name] + row * rng.standard_normal() for name in groups])


@pytest.mark.parametrize("row", [0.005, 0.03, 0.1, 0.2])
def test_nine_of_ten_intervals_hold_the_truth_however_much_the_rows_scatter(row):
    """15 sweeps of five models. Rows taken as independent, and parameters freed as the rows seem to ask, both fail."""
    law, inputs, seconds, groups = law_rows(SEVERAL, (256, 512, 1024))
    held = dict.fromkeys(TIME, 0)
    for seed in range(15):
        observed = swept(SEVERAL, seconds, groups, np.random.default_rng(seed), row)
        fitted = fit_known(law, Data(inputs, observed, groups), TIME)
        assert fitted.shipped.free == tuple(TIME)
        quantile = t_distribution.ppf(0.95, FREEDOM_MODEL + len(SEVERAL))
        for x in TIME:
            held[x] += distance(fitted.shipped, x, TRUE[x], TIME) <= quantile**2
    assert all(number >= 12 for number in held.values()), held


@pytest.mark.parametrize(("row", "model"), [(0.01, 0.15), (0.1, 0.08), (0.2, 0.1)])
def test_the_scatter_of_rows_and_of_models_is_told_apart(row, model):
    rng, groups = np.random.default_rng(5), tuple(np.repeat([str(k) for k in range(40)], 8))
    logs = np.log(swept(tuple(dict.fromkeys(groups)), np.ones(len(groups)), groups, rng, row, model))
    assert scatter(logs, groups) == pytest.approx((row, model), rel=0.25)


def test_few_rows_leave_the_scatter_as_planned():
    row, model = scatter(np.array([0.1]), ("a",))
    assert row == pytest.approx(planning.ROW_SCATTER, rel=0.5) and model == pytest.approx(
        planning.MODEL_SCATTER, rel=0.3
    )


def test_the_fit_is_as_certain_as_the_plan_promised():
    """Rows that scatter as planned, and a law as expected: the same information, so the same standard errors."""
    expected = {x: known.start for x, known in TIME.items()}
    law, inputs, _, groups = law_rows(SEVERAL, (256, 512, 1024))
    seconds = np.broadcast_to(law({**inputs, **expected}), (len(groups),))
    data = Data(inputs, seconds, groups, scatter=planning.ROW_SCATTER,
                shared=planning.MODEL_SCATTER / planning.ROW_SCATTER)  # fmt: skip
    errors = fit(law, data, TIME, "log").standard_errors
    plan = planning.design(planning.time_law(), inputs, groups, [1.0] * len(groups), {})[-1]
    quantile = NormalDist().inv_cdf((1 + planning.LEVEL) / 2)
    for x in TIME:
        assert plan.half_widths[x] == pytest.approx(quantile * errors[x] / expected[x], rel=1e-6), x


def test_what_rows_bound_from_above_only_reaches_down_to_its_bound():
    """Launches far too short to be seen: a standard error would exclude them."""
    law, inputs, _, groups = law_rows(MODELS, (1024, 2048))
    seconds = np.broadcast_to(law({**inputs, **TRUE, t_launch: 1e-8}), (len(groups),))
    fitted = fit_known(law, Data(inputs, swept(MODELS, seconds, groups, np.random.default_rng(1), 0.01), groups), TIME)
    low, high = interval(fitted.shipped, t_launch, TIME, 1.8)
    assert low < 1e-6 < high < 1e-3


def test_whitened_residuals_have_the_covariance_of_a_shared_error_undone():
    data = Data({}, np.ones(5), ("a", "a", "b", "a", "b"), shared=4.0, scatter=0.5)
    same = np.array(data.groups)[:, None] == np.array(data.groups)[None, :]
    root = whitening(data)(np.eye(5))
    assert root @ (0.25 * (np.eye(5) + 16.0 * same)) @ root.T == pytest.approx(np.eye(5), abs=1e-12)
    part = data.where([True, True, False, True, False])
    assert (part.shared, part.scatter) == (4.0, 0.5)
    assert whitening(Data({}, np.ones(2), ("a", "a")))(np.array([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_an_early_stop_does_not_drive_the_dense_efficiency_to_its_bound():
    """The first five rows of the order in which a sweep measures."""
    found = grid.grid(grid.MODELS, DEVICE)
    order = [x.index for x in grid.ordered(found, grid.costs(found, None), "bf16", "cuda")][:5]
    law = operator_law.runtime.at({**ALONE, e_VAE: 0.2})
    seconds = np.broadcast_to(law({**found.inputs, **TRUE}), (len(found.points),))[order]
    groups = tuple(found.points[k].model for k in order)
    inputs = {x: column[order] for x, column in found.inputs.items()}
    for seed in range(7):
        observed = swept(grid.MODELS, seconds, groups, np.random.default_rng(seed), 0.03)
        fitted = fit_known(law, Data(inputs, observed, groups), TIME)
        low, high = known(fitted, e_dense, TIME).profile
        assert fitted.shipped.free == tuple(TIME) and low <= TRUE[e_dense] <= high, seed


def test_one_fit_of_seconds_and_joules_counts_the_error_of_a_constant_that_both_need():
    """ln E = ln eps + ln t: the variance of ln eps is that of the mean of ln E, and that of ln t besides."""
    n, error, groups = 40, 0.05, tuple("abcdefgh" * 5)
    rng, prior = np.random.default_rng(4), 100.0
    seconds, joules = (np.exp(error * rng.standard_normal(n)) for _ in range(2))
    laws = either(Equation("", tau, t_launch * tau), Equation("", E, eps_flop * t_launch))
    rows = together(Data({tau: np.ones(n)}, seconds, groups), Data({tau: np.ones(n)}, joules, groups))
    free = {x: Free(1.0, 1e-9, 1e9, spread=prior) for x in (t_launch, eps_flop)}
    both = fit(laws, replace(rows, scatter=error), free, "log")
    relative = both.covariance / np.outer(*2 * [list(both.values.values())])
    of_mean = error**2 / n
    assert both.free == (t_launch, eps_flop)
    assert relative == pytest.approx(np.array([[of_mean, -of_mean], [-of_mean, 2 * of_mean]]), rel=1e-5)
    assert both.values[t_launch] == pytest.approx(np.exp(np.log(seconds).mean()), rel=1e-6)
    assert traded(both) == {}


@pytest.mark.parametrize("row", [0.005, 0.05, 0.3])
def test_what_is_said_of_a_parameter_follows_from_its_interval(row):
    """Mostly as expected; or an interval that spans a factor of two together with another, of ten alone."""
    law, inputs, seconds, groups = law_rows(MODELS, (256, 512, 1024))
    observed = swept(MODELS, seconds, groups, np.random.default_rng(2), row)
    fitted = fit_known(law, Data(inputs, observed, groups), TIME)
    for x in TIME:
        found, other = known(fitted, x, TIME), traded(fitted.shipped).get(x)
        (low, high), left = found.profile, found.standard_error / found.value / TIME[x].spread
        assert low < found.value < high
        shared = other is not None and (left > 0.7 or high / low > 2)
        assert ("together with" in found.verdict) == shared, (x, low, high)
        assert ("barely shown" in found.verdict) == (left > 0.7 and not shared)
        assert ("spans a factor" in found.verdict) == (left <= 0.7 and high / low > 10 and not shared)
        assert (found.verdict == "identified") == (left <= 0.7 and high / low <= 10 and not shared)


def test_constants_that_only_their_product_shows_are_traded_for_each_other():
    """Nine rows of a b and one of a alone that is a hundred times less sure."""
    rows = Data({tau: np.r_[np.ones(9), 0.0]}, np.ones(10), tuple("abcdefghij"), scatter=0.01)
    law = Equation("", E, t_launch * eps_flop**tau)
    free = {x: Free(1.0, 1e-9, 1e9, spread=s) for x, s in ((t_launch, 100.0), (eps_flop, 100.0))}
    assert traded(fit(law, rows, free, "log")) == {t_launch: eps_flop, eps_flop: t_launch}


def test_the_search_stays_where_a_calibration_may_lie():
    """What is fitted can be written to a file and read again; what is expected lies inside."""
    for x, free in {**TIME, **DECODER, **ENERGY}.items():
        assert max(NOTATION[x].low, 1e-300) <= free.low < free.start < free.high <= NOTATION[x].high, x
        assert all(free.low < start < free.high for start in STARTS.get(x, ()))
        assert free.low < free.start * np.exp(-free.spread), x
