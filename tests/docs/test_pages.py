"""Every code block and command of README.md and of the site's pages is run, and prints what the page shows."""

import json
import re
import tomllib

import pytest
import typer

from ditcarbon_sym.cli.app import app
from docs import examples

TEXTS = {str(path.relative_to(examples.ROOT)): path.read_text(encoding="utf-8") for path in examples.PAGES}
RUN = [name for name, text in TEXTS.items() if any(x.language in ("python", "console") for x in examples.blocks(text))]
MAKEFILE = (examples.ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((examples.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KNOWN = {"python", "text", "console", "sh", "toml", "csv", "json"}


@pytest.mark.parametrize("name", RUN)
def test_a_page_shows_what_its_examples_print(name, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    results = examples.run_page(TEXTS[name], tmp_path)
    assert results
    assert [x.difference for x in results if x.difference] == []


def test_there_are_examples_of_both_kinds_and_none_that_no_test_knows():
    languages = {block.language for text in TEXTS.values() for block in examples.blocks(text)}
    assert {"python", "console"} <= languages <= KNOWN
    for text in TEXTS.values():
        assert text.count("\n```") == 2 * len(examples.blocks(text)), "a fence that the runner does not see"


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_a_page_shows_is_one(name):
    for block in examples.blocks(TEXTS[name]):
        if block.language == "toml":
            assert tomllib.loads(block.text)
        if block.language == "json":
            assert json.loads(block.text)


def test_what_is_not_run_names_commands_targets_and_extras_that_exist():
    root = typer.main.get_command(app)
    extras = PROJECT["optional-dependencies"]
    seen = 0
    for path, line in examples.shell_lines():
        for part in re.split(r" && ", line):
            words = part.split()
            if "ditcarbon" in words[0] or "ditcarbon_sym" in words:
                name = words[words.index("ditcarbon_sym") + 1] if "ditcarbon_sym" in words else words[1]
                command = root.get_command(None, name)
                options = {y for x in command.params for y in (*x.opts, *x.secondary_opts)}
                assert {x for x in words if x.startswith("--")} <= options, (path, line)
            elif words[0] == "make":
                assert re.search(rf"^{words[1]}:", MAKEFILE, re.M), (path, line)
            elif "pip" in words[0]:
                wanted = re.search(r"\.\[([a-z,]+)\]", part)
                assert not wanted or set(wanted[1].split(",")) <= set(extras), (path, line)
            else:
                assert words[0] in ("python3", "source", "export"), (path, line)
            seen += 1
    assert seen > 8


def test_every_make_target_that_a_page_names_exists():
    for name, text in TEXTS.items():
        for target in re.findall(r"`make ([a-z-]+)", text):
            assert re.search(rf"^{target}:", MAKEFILE, re.M), (name, target)


def test_the_readme_has_at_most_150_lines():
    assert len(TEXTS["README.md"].splitlines()) <= 150


def test_a_wrong_output_is_found(tmp_path):
    page = "```python\nprint(1)\n```\n\n```text\n2\n```\n"
    (result,) = examples.run_page(page, tmp_path)
    assert "-2" in result.difference and "+1" in result.difference
    assert examples.refreshed(page, tmp_path) == page.replace("\n2\n", "\n1\n")
