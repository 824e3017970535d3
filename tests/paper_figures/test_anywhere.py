"""Place matters: 45-fold over the paper's seven places, and about as much over the middle of all countries."""

import pytest

from paper_figures import anywhere


def test_the_papers_seven_places_are_forty_five_fold_apart():
    found = anywhere.of_the_paper()
    assert max(found.values()) / min(found.values()) == pytest.approx(45, abs=1.5)


def test_two_hundred_countries_are_further_apart_than_the_papers_seven_at_the_ends():
    found = anywhere.grams("country")
    assert len(found) == 208
    whole, middle = anywhere.ratios(found)
    assert whole == pytest.approx(61, abs=1) and middle == pytest.approx(20, abs=1.5)
    assert found["IND"] / found["FRA"] == pytest.approx(708.96 / 44.18, rel=0.05)
