"""Intervals are scored by rules that reward the truth, on runs that they have not seen."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import t as student

from fits import predictive, software_date, unseen
from fits.predictive import Held


@pytest.mark.parametrize("degrees", [2, 4, 14, 200])
@pytest.mark.parametrize("log", [-0.3, 0.0, 0.1])
def test_the_score_is_the_integral_that_defines_it(log, degrees):
    """CRPS: the squared distance of the predicted distribution function from the step at the run."""
    below = quad(lambda x: student.cdf(x / 0.1, degrees) ** 2, -50, log, points=[-1, -0.2])[0]
    above = quad(lambda x: student.sf(x / 0.1, degrees) ** 2, log, 50, points=[0.2, 1])[0]
    assert predictive.crps(log, 0.1, degrees) == pytest.approx(below + above, rel=1e-4)


def drawn(width, number=20_000):
    """Runs that scatter by a tenth, with intervals of some width."""
    logs = 0.1 * np.random.default_rng(0).standard_t(12, number)
    return [Held("k", "time", "g", str(n), float(x), width * 0.1 * 1.782, 12) for n, x in enumerate(logs)]


def test_intervals_of_the_right_width_hold_nine_of_ten_have_an_even_pit_and_the_least_scores():
    right, narrow, wide = (predictive.summary(drawn(width)) for width in (1.0, 0.7, 1.4))
    assert right.models_inside == pytest.approx(0.9, abs=0.01)
    assert np.histogram(right.places, 10, (0, 1))[0] == pytest.approx(np.full(10, 2000), rel=0.1)
    for other in (narrow, wide):
        assert right.crps < other.crps and right.interval_score < other.interval_score
    assert narrow.models_inside < 0.85 < 0.95 < wide.models_inside


def test_a_model_with_many_runs_counts_as_much_as_one_with_few():
    many = [Held("k", "time", "g", "a", 1.0, 0.2, 12)] * 30
    found = predictive.summary([*many, Held("k", "time", "g", "b", 0.0, 0.2, 12)])
    assert (found.runs, found.inside, found.models, found.models_inside) == (31, 1, 2, 0.5)


def test_runs_that_no_fit_has_seen_lie_in_their_intervals_as_often_as_is_said():
    held = [x for x in predictive.never_fitted() if x.target == "time"]
    found = predictive.summary(held)
    assert found.runs == 24 and 0.85 <= found.models_inside <= 0.97
    assert found.inside == sum(x.inside for x in unseen.times())


@pytest.mark.parametrize("target", predictive.TARGETS)
def test_models_held_out_lie_in_intervals_that_the_other_models_give(target):
    found = predictive.summary([x for x in predictive.models() if x.target == target])
    assert 0.85 <= found.models_inside <= 0.95 and 0.85 <= found.inside / found.runs <= 0.97
    assert 0.4 < np.mean(found.places) < 0.6


def test_a_trend_over_the_years_helps_neither_sources_held_out_nor_runs_never_fitted():
    """So the law has none. It is known to a tenth a year, and is no more than twice its error."""
    found = software_date.trend()
    assert found.held_out[1] > found.held_out[0] and found.unseen[1] > found.unseen[0]
    assert abs(found.slope) < 2 * found.error < 0.1
