"""What helps most: changes that an operator can make, ranked in the units of the output."""

import pytest

from ditcarbon_sym import operating_point
from ditcarbon_sym.analysis.saving import savings
from ditcarbon_sym.equations.notation import tau

H100 = "h100-sxm-80gb"


@pytest.fixture(scope="module")
def found():
    return savings(operating_point("flux.1-dev", gpu=H100))


def test_changes_are_ranked_by_what_is_left(found):
    values = [x.value for x in found]
    assert values == sorted(values) and all(x.saves > 0 for x in found)
    assert all(x.low < x.value < x.high for x in found)
    assert {x.change.partition(":")[0] for x in found} >= {"place", "software", "attention", "precision", "cache",
                                                           "steps", "preset"}  # fmt: skip


def test_a_change_is_the_same_question_asked_with_other_options(found):
    from ditcarbon_sym import estimate

    for x in found:
        assert estimate("flux.1-dev", gpu=H100, **x.options).per_output_g.value == pytest.approx(x.value, rel=1e-9)


def test_what_changes_the_output_is_told(found):
    told = {x.change: x.quality for x in found}
    assert told["precision: fp8, compile"] and told["steps: 14"] and told["attention: sage2"]
    assert not told["software: compile"] and not told["attention: fa3"]


def test_what_an_accelerator_lacks_is_not_offered():
    older = savings(operating_point("pixart-alpha", gpu="v100-pcie-16gb"), tau)
    assert older and not any(x.change.startswith(("attention", "precision", "place")) for x in older)
    ampere = {x.change for x in savings(operating_point("flux.1-dev", gpu="a100-sxm-80gb"), tau)}
    assert "precision: int8, compile" in ampere and "precision: fp8, compile" not in ampere


def test_what_stands_so_already_is_not_offered_again():
    point = operating_point("flux.1-dev", gpu=H100, software="engine", precision="fp8", cache=0.4)
    assert not {x.change.partition(":")[0] for x in savings(point)} & {"software", "precision", "cache"}


def test_guidance_on_half_of_the_steps_is_offered_where_there_is_guidance():
    changes = {x.change for x in savings(operating_point("wan2.1-t2v-14b", gpu=H100))}
    assert "guidance on half of the steps" in changes and "preset: wan-lightning-4step" in changes


def test_the_papers_law_has_no_modes():
    assert savings(operating_point("pixart-alpha", efficiency="bgr")) == []


def test_the_command_prints_the_ranking_in_grams(ditcarbon):
    shown = ditcarbon("sensitivity", "flux.1-dev", "--gpu", H100, "--no-sobol").out
    assert "what helps most: carbon per output (g CO2eq)" in shown and "software: compile" in shown


@pytest.mark.parametrize("place", ["FRA", "us-average", "norway-hydro"])
def test_the_cleanest_place_of_the_catalogue_is_offered_wherever_else_one_is(place):
    offered = [x.change for x in savings(operating_point("pixart-alpha", gpu=H100, datacenter=place))]
    assert ("place: norway-hydro" in offered) == (place != "norway-hydro")
