"""The drivers that Carbon in Motion names, as elasticities."""

import math

import pytest

from ditcarbon_sym import estimate
from paper_figures import drivers


def at(model, driver):
    return dict(drivers.curves()[model, driver])


@pytest.mark.parametrize("model", drivers.MODELS)
def test_energy_grows_in_proportion_to_steps_but_for_what_is_done_once(model):
    found = list(at(model, "steps").values())
    assert found == sorted(found) and 0.5 < found[0] < found[-1] < 1


@pytest.mark.parametrize("model", drivers.MODELS)
def test_elasticities_lie_between_linear_and_the_trend_that_is_reported(model):
    assert all(1.8 < x < 4 for x in at(model, "resolution").values())
    assert all(0.9 < x < 2 for x in at(model, "duration").values())


def test_attention_over_all_tokens_makes_duration_dearer_than_attention_over_time_alone():
    apart, together = (at(model, "duration") for model in drivers.MODELS)
    assert all(together[x] > apart[x] for x in drivers.FRAMES)


def test_an_elasticity_is_the_slope_between_two_sizes():
    one, other = (
        estimate("open-sora-2.0", gpu=drivers.GPU, resolution=side, frames=drivers.LENGTH, steps=50).energy_wh.value
        for side in (480, 544)
    )
    slope = math.log(other / one) / math.log(544 / 480)
    assert at("open-sora-2.0", "resolution")[512] == pytest.approx(slope, rel=0.01)
