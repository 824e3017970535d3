"""Fixtures: the command line in-process and a fresh interpreter."""

import subprocess
import sys
from dataclasses import dataclass

import pytest
from hypothesis import settings

from ditcarbon_sym.cli import app

settings.register_profile("ditcarbon", deadline=None, derandomize=True)
settings.load_profile("ditcarbon")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def ditcarbon(capsys, monkeypatch):
    """Run the command line in this process and return its exit code, stdout and stderr."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["ditcarbon", *(str(argument) for argument in arguments)])
        with pytest.raises(SystemExit) as ended:
            app.main()
        captured = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def refused(ditcarbon):
    """Run the command line, demand one line of refusal, exit code 2 and an empty stdout, and return the line."""

    def run(*arguments: object) -> str:
        outcome = ditcarbon(*arguments)
        assert outcome.code == 2, outcome
        assert outcome.out == ""
        lines = outcome.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("error: "), outcome.err
        return lines[0]

    return run


@pytest.fixture
def bare_card(tmp_path):
    """A catalogue with one accelerator, ``bare``, of which the peak alone is known."""
    path = tmp_path / "bare.toml"
    path.write_text("[gpus.bare]\npeak_flop_per_second = 1e14\n", encoding="utf-8")
    return path


@pytest.fixture
def run_python():
    """Run a line in a fresh interpreter and demand that it succeeds."""

    def run(code: str) -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
