"""The README's examples are run, and must print what it shows."""

import re
import shlex
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```\s*```text\n(.*?)```", README, re.S)
CONSOLE = re.findall(r"```console\n\$ ditcarbon (.*?)\n(.*?)```", README, re.S)


def squeezed(text):
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(("code", "shown"), PYTHON)
def test_a_python_example_prints_what_the_readme_shows(code, shown, capsys):
    """In this process, where fits are kept. An example has ``from ... import`` alone, so that it needs no other's."""
    assert not re.search("^import (ditcarbon_sym|derivations|fits|paper_figures)", code, re.M)
    exec(code, {"__name__": "__main__"})
    assert squeezed(capsys.readouterr().out) == squeezed(shown)


@pytest.mark.parametrize(("arguments", "shown"), CONSOLE)
def test_a_command_prints_what_the_readme_shows(ditcarbon, arguments, shown):
    outcome = ditcarbon(*shlex.split(arguments))
    assert squeezed(outcome.out + outcome.err) == squeezed(shown)


def test_the_readme_has_examples_of_both_kinds():
    assert PYTHON and CONSOLE
