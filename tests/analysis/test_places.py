"""Where a request stays within a budget: every place that does, none that does not, the least first."""

import json

import pytest

from ditcarbon_sym import InputError, estimate, solve
from ditcarbon_sym.analysis.places import facilities, grams_anywhere
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import C_output
from ditcarbon_sym.estimation.point import operating_point

ON = {"gpu": "h100-sxm-80gb"}
BUDGET = 0.15


@pytest.fixture(scope="module")
def found():
    return solve("flux.1-dev", "place", budget_g=BUDGET, **ON)


def test_the_places_are_all_within_the_budget_and_all_others_are_above(found):
    every = grams_anywhere(operating_point("flux.1-dev", **ON), C_output, BUDGET)
    assert len(every) == len(facilities(load(), None)) > 320
    inside = {x.id for x in found.places}
    assert all((x.grams <= BUDGET) == (x.id in inside) for x in every)
    assert [x.grams for x in found.places] == sorted(x.grams for x in found.places)
    assert found.solution.value == len(found.places) and found.solution.answer == found.places[0].id


@pytest.mark.parametrize("number", [1, 5, -1])
def test_a_place_has_the_grams_and_the_interval_of_the_estimate_there(found, number):
    place = found.places[number]
    there = estimate("flux.1-dev", datacenter=place.id, **ON)
    total = there.total_g if there.any_year_g.value is None else there.any_year_g
    assert (place.grams, place.low, place.high) == pytest.approx((total.value, total.low, total.high), rel=1e-9)
    assert place.surely == (total.high <= BUDGET)


def test_a_grid_whose_average_is_printed_as_nothing_is_never_sure():
    nothing = next(x for x in grams_anywhere(operating_point("flux.1-dev", **ON), C_output, 1.0) if x.id == "CAF")
    assert nothing.high is None and not nothing.surely


def test_the_method_chooses_the_places_that_have_a_figure_of_it():
    found = solve("flux.1-dev", "place", budget_g=1.0, method="market", per="batch", **ON)
    assert found.solution.output == "total_g" and found.places
    assert all(load().datacenter(x.id).figures["market"] is not None for x in found.places)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"budget_g": 1e-6}, "no solution: even at"),
        ({"budget_g": -1.0}, "not a positive number"),
        ({"budget_g": float("inf")}, "not a positive number"),
        ({"budget_s": 3.0}, "takes a budget of carbon"),
        ({"budget_g": 1.0, "datacenter": "france"}, "together with --for place"),
        ({"budget_g": 1.0, "pue": 1.1, "grid": 3}, "together with --for place"),
        ({"budget_g": 1.0, "gpu": "l4", "boundary": "chip", "against": {"gpu": "h100"}}, "no rival"),
        ({"budget_g": 1.0, "gpu": "b200-sxm", "boundary": "chip"}, "is unknown here"),
    ],
)
def test_what_no_place_answers_is_refused_in_one_line(options, expected):
    with pytest.raises(InputError, match=expected) as refusal:
        solve("flux.1-dev", "place", **{**ON, **options})
    assert "\n" not in str(refusal.value)


def test_the_command_line_lists_places_and_json_has_numbers(ditcarbon):
    asked = ("solve", "flux.1-dev", "--gpu", "h100", "--for", "place", "--budget-g", BUDGET)
    shown = ditcarbon(*asked).out
    assert "surely" in shown and "aws:eu-north-1" in shown and "boundary: server" in shown
    table = json.loads(ditcarbon(*asked, "--json").out)
    assert len(table["places"]) == table["value"] and table["places"][0]["grams"] == table["reached"]
