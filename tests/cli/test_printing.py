"""Tables: for people on a terminal or a pipe, or as Markdown, LaTeX or CSV."""

import csv
import io
import os
import sys

import pytest

from ditcarbon_sym.cli import printing

HEADER = ("", "value", "90% interval", "unit")
ROWS = [("time", "1,234.5", "1,000 to 2,000", "s"), ("what | it is", "2", "", "a sentence with many words in it")]


@pytest.fixture
def terminal(monkeypatch, capsys):
    """A terminal of so many columns."""

    def of(columns):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((columns, 24)))

    return of


def test_a_table_has_no_spaces_at_the_ends_of_lines_on_a_pipe(capsys):
    printing.print_table("title", HEADER, ROWS, right=(1,))
    assert all(line == line.rstrip() for line in capsys.readouterr().out.splitlines())


def test_a_table_that_is_too_wide_for_the_terminal_wraps_words_but_no_numbers(terminal, capsys):
    terminal(52)
    printing.print_table("", HEADER, ROWS, right=(1,))
    shown = capsys.readouterr().out
    assert all(len(line) <= 52 for line in shown.splitlines())
    assert "1,234.5" in shown and "─" in shown


def test_a_cell_is_printed_as_it_is_and_wide_letters_take_two_columns(capsys):
    printing.print_table("", ("a", "b"), [(":car:", "x"), ("模型", "y")])
    assert capsys.readouterr().out.splitlines()[3:] == [" :car:   x", " 模型    y", ""]


def test_a_table_whose_numbers_do_not_fit_is_printed_as_records(terminal, capsys):
    terminal(80)
    header = tuple(f"column {k}" for k in range(14))
    printing.print_table("", header, [tuple(f"{k}.123456" for k in range(14))], right=tuple(range(14)))
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[0].split() == ["column", "0", "0.123456"] and len(lines) == 14


@pytest.mark.parametrize("name", ["models", "gpus", "datacenters"])
def test_the_lists_fit_a_terminal_of_eighty_columns(terminal, ditcarbon, name):
    terminal(80)
    assert all(len(line) <= 80 for line in ditcarbon(name).out.splitlines())


def test_csv_has_the_tables_alone_with_numbers_that_a_program_reads(ditcarbon):
    outcome = ditcarbon("count", "dit-xl-2-256", "--csv")
    rows = list(csv.reader(io.StringIO(outcome.out)))
    assert rows[0] == ["", "value", ""] and ["latent tokens", "256", "+ 0 text tokens"] in rows[1:]
    assert "FLOP" in outcome.err and "basis" not in outcome.out
    assert printing._marked_up("csv", "", HEADER, ROWS, ()).splitlines()[1] == 'time,1234.5,"1,000 to 2,000",s'


def test_markdown_escapes_what_would_end_a_cell(ditcarbon):
    assert r"| what \| it is |" in printing._marked_up("markdown", "", HEADER, ROWS, (1,))
    shown = ditcarbon("estimate", "pixart-alpha", "--markdown").out
    assert shown.startswith("**pixart-alpha, ") and "| --- | ---: | --- | --- |" in shown


def test_latex_is_a_table_with_a_caption_and_escaped_words(ditcarbon):
    shown = ditcarbon("estimate", "pixart-alpha", "--latex").out
    assert r"\begin{tabular}" in shown and r"\caption{pixart-alpha, " in shown and r"90\% interval" in shown
    assert "_" not in shown.replace(r"\_", "").replace(r"_{", "")


def test_two_formats_together_are_refused(refused):
    assert "--markdown and --json together" in refused("estimate", "pixart-alpha", "--markdown", "--json")


def test_no_colour_where_it_is_not_wanted(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\033[33m" in printing.coloured("warning:", 33)
    monkeypatch.setenv("NO_COLOR", "1")
    assert printing.coloured("warning:", 33) == "warning:"


def test_work_that_takes_long_is_told_on_a_terminal_and_leaves_nothing(monkeypatch, capsys):
    monkeypatch.setattr(printing, "PATIENCE", 0.0)
    with printing.waiting("counting"):
        pass
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with printing.waiting("counting"):
        printing.threading.Event().wait(0.3)
    assert "counting ..." in capsys.readouterr().err
