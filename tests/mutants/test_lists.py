"""The two lists of mutants speak of lines that are there."""

from pathlib import Path

import pytest

from tests.mutants.made import EQUIVALENT, KILLED, PACKAGE, ROOMS, ROOT, listed, same


@pytest.mark.parametrize("path", [EQUIVALENT, KILLED], ids=lambda path: path.stem)
def test_every_row_says_why_and_is_there_once(path: Path):
    rows = listed(path)
    assert len({same(x) for x in rows}) == len(rows)
    assert all(rows.values()) and all(x.room in ROOMS and x.code != x.changed for x in rows)


@pytest.mark.skipif(
    not (ROOT / PACKAGE).is_dir(), reason="the package is installed; its source is not beside the tests"
)
def test_the_line_of_every_equivalent_mutant_is_still_there():
    """A line that was edited may have mutants that somebody could see: its row has to go."""
    gone = [x for x in listed(EQUIVALENT) if x.applied((ROOT / x.file).read_text(encoding="utf-8")) is None]
    assert gone == []


def test_no_mutant_is_both_noticed_and_equivalent():
    assert not {same(x) for x in listed(EQUIVALENT)} & {same(x) for x in listed(KILLED)}
