"""Planning what to measure: the Jacobian is exact, the order is greedy, and an early stop still identifies."""

import json
import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from ditcarbon_sym.calibration import planning
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.notation import NOTATION, r_attn, t_launch
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.measure import grid
from ditcarbon_sym.measure.plan import plan

H100 = load().gpu("h100-sxm-80gb").values


@pytest.fixture(scope="module")
def candidates():
    return grid.grid(("dit-xl-2-256", "pixart-alpha", "cogvideox-2b"), H100, sides=(256, 512, 1024), frames=(1, 49))


def design(found, **limits):
    groups = [point.model for point in found.points]
    seconds = grid.costs(found, None)
    return planning.design(planning.time_law(), found.inputs, groups, seconds, dict.fromkeys(groups, 3.0), **limits)


@pytest.mark.parametrize("law", [planning.time_law(), planning.bgr_law()], ids=["operators", "bgr"])
def test_the_jacobian_is_the_difference_quotient_of_the_logarithm(candidates, law):
    exact, step = planning.elasticities(law, candidates.inputs), 1e-6
    for k, x in enumerate(law.expected):
        ends = [
            np.log(law.equation({**candidates.inputs, **law.expected, x: law.expected[x] * np.exp(side * step)}))
            for side in (-1, 1)
        ]
        assert exact[:, k] == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=1e-6)


def test_each_configuration_narrows_every_parameter_or_leaves_it(candidates):
    found = design(candidates, number=10)
    for before, after in pairwise(found):
        assert after.determinant > before.determinant
        assert after.prediction <= before.prediction
        for x, width in after.half_widths.items():
            assert width <= before.half_widths[x] + 1e-12


def test_each_choice_gains_most_for_its_seconds(candidates):
    first = design(candidates, number=1)[0]
    rows = planning.elasticities(planning.time_law(), candidates.inputs)
    noise = planning.ROW_SCATTER**2 + planning.MODEL_SCATTER**2
    gains = np.log1p(np.sum(rows**2, axis=1) / noise) / (3.0 + np.array(grid.costs(candidates, None)))
    assert first.index == int(np.argmax(gains))


def test_an_early_stop_still_shows_every_parameter(candidates):
    """The first rows vary in all directions: none of the law's parameters is left as uncertain as it was before."""
    quantile = NormalDist().inv_cdf((1 + planning.LEVEL) / 2)
    for x, width in design(candidates, number=6)[-1].half_widths.items():
        assert width < 0.9 * quantile * planning.SPREAD[x], x


def test_the_order_does_not_depend_on_where_it_is_cut(candidates):
    whole = [x.index for x in design(candidates)]
    assert sorted(whole) == list(range(len(candidates.points)))
    assert [x.index for x in design(candidates, number=5)] == whole[:5]


def test_rows_of_one_model_tell_less_and_less_of_another():
    known, row = planning.Information(1), np.array([1.0])
    for _ in range(100):
        known.add("a", row)
    assert known.of("a")[0, 0] < 1 / planning.MODEL_SCATTER**2
    assert planning.Information(1).of("a", row)[0, 0] == pytest.approx(
        1 / (planning.MODEL_SCATTER**2 + planning.ROW_SCATTER**2)
    )


def test_the_budget_is_kept(candidates):
    found = design(candidates, budget=30.0)
    assert found and found[-1].elapsed <= 30.0
    assert found[-1].elapsed == pytest.approx(sum(x.seconds for x in found))


def test_a_plan_prints_configurations_with_intervals_that_shrink(ditcarbon):
    outcome = ditcarbon("plan-calibration", "h100-sxm-80gb", "--models", "dit-xl-2-256,pixart-alpha", "--number", 4)
    assert outcome.code == 0 and "t_launch +-" in outcome.out and "prediction +-" in outcome.out
    assert "assumed" in outcome.out


def test_the_json_of_a_plan_holds_what_it_rests_on(ditcarbon):
    arguments = ("plan-calibration", "v100-pcie-16gb", "--models", "dit-xl-2-256,sd3-medium", "--number", 3, "--json")
    found = json.loads(ditcarbon(*arguments).out)
    assert len(found["configurations"]) == 3
    assert set(found["expected"]) == set(found["configurations"][0]["log_half_width"])
    assert found["expected"][NOTATION[t_launch].field] == operator_law.LAUNCH
    law = planning.time_law()
    assert found["expected"][NOTATION[r_attn].field] == law.expected[r_attn] < 1


def test_what_does_not_fit_into_the_accelerator_is_no_candidate(ditcarbon, refused):
    shared = ("plan-calibration", "v100-pcie-16gb", "--json", "--number", 1)
    found = json.loads(ditcarbon(*shared, "--models", "dit-xl-2-256,flux.1-dev").out)
    assert any("flux.1-dev" in words for words in found["too_large"])
    assert "no configuration fits into the 16 GB" in refused(*shared, "--models", "flux.1-dev")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("h1000",), "unknown gpu"),
        (("h100-sxm-80gb", "--law", "max"), "law = 'max'"),
        (("h100-sxm-80gb", "--number", 0), "number = 0"),
        (("h100-sxm-80gb", "--models", "dit-xl-2-256", "--budget-minutes", 0.001), "does not suffice"),
        (("h100-sxm-80gb", "--models", "sora"), "unknown model 'sora'"),
        (("h100-sxm-80gb", "--models", "dit-xl-2-256", "--resolutions", "250"), "not a multiple of 16"),
        (("h100-sxm-80gb", "--batches", "many"), "'many' is not a whole number"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused_in_one_line(refused, arguments, expected):
    assert expected in refused("plan-calibration", *arguments)


def test_an_accelerator_without_a_bandwidth_cannot_be_planned_for(refused, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[gpus.mine]\npeak_flop_per_second = 1e14\n")
    assert "gpu 'mine' has no bandwidth_byte_per_second" in refused("plan-calibration", "mine", "--catalog", path)


def test_an_unknown_law_is_refused_from_python():
    with pytest.raises(InputError, match="expected 'bgr' or 'roofline'"):
        planning.law_named("max")


def test_a_plan_for_several_accelerators_has_whole_requests_in_valid_splits_and_the_laws_seconds():
    found = plan("h100-sxm-80gb", ["pixart-alpha", "sd3-medium"], sides=(512, 1024), number=6, gpus=4)
    assert len(found.splits) == len(found.points) == 6 and found.fitted is planning.several_law()
    for point, split, x in zip(found.points, found.splits, found.designs, strict=True):
        assert math.prod(int(part.partition("=")[2]) for part in split.split(",")) == 4
        request = {name: value for name, value in point.row().items() if name not in ("model", "stage")}
        one = estimate(point.model, gpu="h100-sxm-80gb", split=split, **request)
        loads, rest = grid.loading([point.model], "bf16")[point.model], x.seconds - 3 * one.time_s.value
        assert min(abs(rest), abs(rest - loads)) < 1e-6
    widths = [x.prediction for x in found.designs]
    assert widths == sorted(widths, reverse=True) and {"ulysses=4", "ring=4"} & {*found.splits}


@pytest.mark.parametrize(("options", "words"), [
    ({"gpus": 0}, "gpus = 0 is outside 1..1024"), ({"gpus": 4, "law": "bgr"}, "several accelerators need"),
])  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(options, words):
    with pytest.raises(InputError) as refusal:
        plan("h100-sxm-80gb", ["pixart-alpha"], sides=(512,), **options)
    assert words in str(refusal.value)
