"""How many accelerators, and which split."""

import math
from itertools import pairwise

import pytest

from ditcarbon_sym.analysis import several
from ditcarbon_sym.analysis.comparison import compare
from ditcarbon_sym.analysis.questions import sensitivity, solve
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import C_total, tau
from ditcarbon_sym.equations.parallel.symbols import n_R, n_U
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.estimation.point import operating_point

H100 = "h100-sxm-80gb"


def seconds(gpus, model="hunyuanvideo", **options):
    return estimate(model, gpu=H100, gpus=gpus, **options).time_s


def test_the_fewest_accelerators_for_a_deadline_meet_it_and_one_less_does_not():
    budget = 1.05 * seconds(3).value
    found = solve("hunyuanvideo", "gpus", budget_s=budget, gpu=H100).solution
    assert found.value == 3 and found.reached <= budget < seconds(2).value
    assert dict(found.beside)["split"] == "ulysses=3"


def test_to_be_sure_takes_more_accelerators_or_says_that_none_are_enough():
    budget = 1.01 * seconds(4).high
    found = solve("hunyuanvideo", "gpus", budget_s=budget, gpu=H100, sure=True).solution
    assert found.reached_high <= budget and found.value <= 4
    assert solve("hunyuanvideo", "gpus", budget_s=budget, gpu=H100).solution.value <= found.value
    with pytest.raises(InputError, match="not surely within the budget"):
        solve("hunyuanvideo", "gpus", budget_s=1.01 * seconds(8).value, gpu=H100, sure=True)


def test_a_budget_of_carbon_gives_the_most_accelerators():
    grams = estimate("hunyuanvideo", gpu=H100, gpus=4).per_output_g.value
    found = solve("hunyuanvideo", "gpus", budget_g=1.001 * grams, gpu=H100).solution
    assert found.value == 4 and found.output == "per_output_g"


def test_it_says_beyond_which_number_another_accelerator_costs_time():
    found = solve("sana-1.5-1.6b", "gpus", budget_s=100, gpu=H100).solution
    assert found.value == 1
    assert (
        dict(found.beside)["fastest"].startswith("1 accelerator:")
        and "more take longer" in dict(found.beside)["fastest"]
    )


def test_what_a_saved_second_costs_is_the_exact_derivative():
    found = solve("hunyuanvideo", "gpus", budget_s=1.01 * seconds(4).value, gpu=H100).solution
    told = float(dict(found.beside)["a second less"].split()[1])
    around = [estimate("hunyuanvideo", gpu=H100, gpus=k) for k in (3, 4, 6)]
    ratios = [
        (more.total_g.value - less.total_g.value) / (less.time_s.value - more.time_s.value)
        for less, more in pairwise(around)
    ]
    assert ratios[0] < told < ratios[1]


def test_the_best_split_is_first_of_all_valid_ones():
    found = solve("hunyuanvideo", "split", gpu=H100, gpus=8).solution
    assert found.answer == "ulysses=8"
    assert found.beside[0][0] == found.answer and len(found.beside) == 4
    with pytest.raises(InputError, match="one accelerator splits nothing"):
        solve("hunyuanvideo", "split", gpu=H100)


@pytest.mark.parametrize("options", [{}, {"budget_s": 1, "budget_g": 1}, {"budget_s": 1, "against": {"gpu": "l4"}}])
def test_a_number_of_accelerators_is_asked_for_with_one_budget(options):
    with pytest.raises(InputError, match="takes one budget"):
        solve("hunyuanvideo", "gpus", gpu=H100, **options)


def test_more_accelerators_are_compared_with_one_with_errors_of_their_own():
    found = compare(["hunyuanvideo", "hunyuanvideo,ulysses=8", "hunyuanvideo,gpus=8,ring=8"], gpu=H100)
    assert [x.gpus for x in found.estimates] == [1, 8, 8]
    time, joules = found.ratios[0][:2]
    assert time.known and time.value < 0.3 and joules.value > 1
    assert math.log(time.high / time.low) > 0.2


def test_the_elasticity_to_the_degree_is_that_of_one_more_accelerator():
    found = sensitivity("hunyuanvideo", "time_s", with_sobol=False, gpu=H100, gpus=4)
    knobs = {x.knob: x.value for x in found.elasticities}
    assert -1 < knobs["ulysses"] < -0.5
    assert knobs["link_byte_per_second"] <= 0 <= knobs["t_wrap"]


@pytest.mark.parametrize(
    ("split", "larger"),
    [("ulysses=4,ring=2", n_U), ("ulysses=2,ring=4", n_R), ("ulysses=2,ring=2", n_U), ("ulysses=1,ring=3", n_R)],
)
def test_a_second_is_priced_along_the_larger_degree_and_of_equal_ones_along_ulysses(split, larger):
    """Against a difference quotient of both outputs."""
    gpus = math.prod(int(x.partition("=")[2]) for x in split.split(","))
    point = operating_point("hunyuanvideo", gpu=H100, gpus=gpus, split=split)
    ends = [
        pipeline.evaluate({**point.values, larger: point.values[larger] * (1 + h)}, (C_total, tau), point.route)
        for h in (-1e-5, 1e-5)
    ]
    grams, time = (float(ends[1][x] - ends[0][x]) for x in (C_total, tau))
    told = several._price_of_time(point)
    if time >= 0:
        assert told == []
    else:
        ((name, words),) = told
        assert name == "a second less" and float(words.split()[1]) == pytest.approx(-grams / time, rel=6e-3)


def test_one_accelerator_has_no_price_of_time():
    assert several._price_of_time(operating_point("hunyuanvideo", gpu=H100)) == []
