"""The answers are those that were kept; ``python -m tests.answers`` keeps those of today."""

import pytest

from tests.answers import signatures, values
from tests.answers.transcripts import KEPT, difference, pieces, told

ANSWERS = [(line, shown) for path in KEPT for line, shown in pieces(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("line", "shown"), ANSWERS, ids=[line for line, _ in ANSWERS])
def test_a_command_answers_what_it_did(line, shown, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert difference(shown, told(line, tmp_path)) == ""


def test_each_equation_has_the_value_that_it_had():
    assert values.computed() == pytest.approx(values.kept(), rel=1e-12)


def test_each_function_leaves_out_what_it_did():
    assert [*signatures.computed()] == signatures.PATH.read_text(encoding="utf-8").splitlines()


def test_a_number_that_moves_is_a_difference_and_one_that_is_rounded_is_none():
    assert difference('"time_s": 1.5', '"time_s": 1.5000000000001') == ""
    assert "1.50001" in difference('"time_s": 1.5', '"time_s": 1.50001')
    assert "energy" in difference('"time_s": 1.5', '"energy": 1.5')
    assert difference("one\n", "one\ntwo\n") == "1 lines were kept; 2 are printed"
