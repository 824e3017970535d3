"""The table of the systems that the paper names: every row's command runs and prints what the row says."""

import contextlib
import re
import shlex

import pytest

from docs import examples
from paper_figures import __main__ as build

PAGE = (examples.ROOT / "docs" / "pages" / "explanation" / "systems.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \| .+? \| `(.+?)` \| `(.+?)` \|$", PAGE, flags=re.M)


@pytest.mark.parametrize(("system", "command", "printed"), ROWS, ids=[x[0][:30] for x in ROWS])
def test_the_command_of_a_row_prints_what_the_row_says(system, command, printed, tmp_path):
    for block in examples.blocks(PAGE):
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    words = shlex.split(command)
    with contextlib.chdir(tmp_path):
        if words[:3] == ["python", "-m", "paper_figures"]:
            build.main(tmp_path, words[4:])
            shown = (tmp_path / f"{words[4]}.md").read_text(encoding="utf-8")
        else:
            shown = examples.run_line(command)
    assert printed in shown and "error:" not in shown


def test_every_system_of_the_paper_has_a_row():
    named = " ".join(row[0] for row in ROWS)
    for name in ("LLMCarbon", "Delavande", "Carbon in Motion", "CodeCarbon", "ML CO2 Impact", "fvcore", "EcoLogits",
                 "Patterson", "BLOOM"):  # fmt: skip
        assert name in named
    assert len(ROWS) == len(re.findall(r"^\| (?!system|---)", PAGE, flags=re.M))
