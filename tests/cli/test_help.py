"""Help has manners: groups, one whole line for each command, panels of options, an example that runs, completion."""

import inspect
import shlex

import pytest

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.cli import help, printing
from ditcarbon_sym.cli.app import GROUPS, PLACES, function

NAMES = list(PLACES)
NEEDS_A_FILE = {"measure", "fit", "validate", "scorecard", "route", "rerun"}


def test_commands_stand_in_groups_on_lines_of_at_most_eighty_columns(ditcarbon):
    lines = ditcarbon("--help").out.splitlines()
    assert [x.rstrip(":") for x in lines if x.rstrip(":") in GROUPS] == list(GROUPS)
    for name in NAMES:
        (line,) = (x for x in lines if x.startswith(f"  {name} "))
        assert len(line) <= 80 and not line.endswith("...")
        following = lines[lines.index(line) + 1]
        assert following == "" or following[2] != " ", f"{name} needs more than one line"


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_command_fits_eighty_columns_and_ends_in_its_example(ditcarbon, name):
    lines = ditcarbon(name, "--help").out.splitlines()
    assert lines[-1] == f"  {help.EXAMPLES[name]}"
    assert all(len(line) <= 80 for line in lines[:-1])


def test_every_command_has_an_example_and_every_panel_an_option(ditcarbon):
    assert set(help.EXAMPLES) == set(NAMES)
    shown = ditcarbon("sweep", "--help").out + ditcarbon("train", "--help").out
    assert all(f"{title}:" in shown for title in help.PANELS)


@pytest.mark.parametrize("name", sorted(set(NAMES) - NEEDS_A_FILE))
def test_an_example_runs(ditcarbon, name):
    outcome = ditcarbon(*shlex.split(help.EXAMPLES[name])[1:])
    assert outcome.code == 0 and outcome.out, outcome


def test_an_option_of_what_is_made_or_where_is_in_that_panel():
    shared = {"resolution": "What is made", "gpu": "On what", "pue": "Where", "efficiency": "How sure", "csv": "Output"}
    assert {name: help.panel(name) for name in shared} == shared


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_options_and_ids(ditcarbon, monkeypatch, shell):
    def completed(*typed):
        line = " ".join(("ditcarbon", *typed))
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(typed)))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        monkeypatch.setenv("_DITCARBON_COMPLETE", f"complete_{shell}")
        return ditcarbon().out

    assert "estimate" in completed("est")
    assert "--datacenter" in completed("estimate", "--data")
    assert all(key in completed("estimate", "wan") for key in load().models if key.startswith("wan"))
    assert "h100-sxm-80gb" in completed("estimate", "wan2.1-t2v-14b", "--gpu", "h1")
    assert "flux.1-dev,sd3-medium" in completed("sweep", "--model", "flux.1-dev,sd3-m")


def test_completion_can_be_shown_for_the_shells(ditcarbon, monkeypatch):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    for shell in ("bash", "zsh", "fish"):
        monkeypatch.setenv("_DITCARBON_COMPLETE", f"source_{shell}")
        assert "_DITCARBON_COMPLETE" in ditcarbon().out


def test_every_command_offers_the_formats_of_tables():
    for name in PLACES:
        assert set(printing.FORMATS) <= set(inspect.signature(printing.with_formats(function(name))).parameters)
