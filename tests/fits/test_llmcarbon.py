"""LLMCarbon's validation, recomputed through the paper's equations."""

import pytest

from fits import llmcarbon
from paper_figures import llmcarbon as shown

LARGEST = 0.082
"""The largest error that LLMCarbon's abstract states, of a training of Google's; its inputs are printed rounded."""


def test_the_papers_equations_give_what_llmcarbons_code_gives():
    for row in llmcarbon.rows():
        assert row.ours == pytest.approx(row.theirs, rel=1e-12)


def test_the_errors_are_those_that_llmcarbon_states():
    errors = {row.name: row.ours / row.published - 1 for row in llmcarbon.rows()}
    assert max(map(abs, errors.values())) == pytest.approx(LARGEST, abs=0.005)
    assert errors["Switch"] == max(errors.values()) and errors["XLM"] == min(errors.values())


def test_rated_power_is_what_sets_the_two_readings_apart():
    for row in llmcarbon.rows():
        assert row.at_rated_power / row.ours == pytest.approx(row.rated / row.system)


def test_a_miss_is_made_of_days_and_of_energy():
    for row in llmcarbon.rows():
        days = row.seconds / llmcarbon.DAY / row.days
        assert row.ours / row.published == pytest.approx(days * row.for_the_printed_days / row.published)


def test_every_training_stands_in_the_table():
    assert [cells[0] for cells in shown.table().rows] == ["T5", "GPT-3", "GShard", "Switch", "XLM"]
