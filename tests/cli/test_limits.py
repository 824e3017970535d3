"""A limit that a refusal tells is the limit: its ends are taken, and what lies beyond them is not."""

import re

import pytest
from typer.main import get_command

from ditcarbon_sym.cli.app import app

BASE = {
    "estimate": "wan2.1-t2v-1.3b --gpu h100-sxm-80gb",
    "train": "dit-xl-2-256 --steps 10 --batch 8 --gpu a100-sxm-80gb",
    "account": "--gpu h100-sxm-80gb --hours 1",
    "uncertainty": "flux.1-dev --gpu h100-sxm-80gb",
    "sensitivity": "flux.1-dev --gpu h100-sxm-80gb",
    "solve": "flux.1-dev --gpu h100-sxm-80gb --for steps",
    "plan-calibration": "l40s --models flux.1-dev",
    "fit": "no-such-file.csv --out mine.toml --law bgr",
}
"""A request of each command, which the option in question is put behind."""
BESIDE = {"--height": "--width 512", "--width": "--height 512", "--pue": "--grid 100", "--grid": "--pue 1.1"}
"""Options that go together."""
IN_WORDS = {"--cache", "--guidance-steps", "--samples", "--budget-g", "--budget-wh", "--budget-s", "--budget-minutes"}
"""Limits that no two numbers tell: an end that is not taken, powers of two, any budget."""
ALONE = {("estimate", x) for x in ("--month", "--outputs", "--earliest", "--deadline")}
"""What is refused without the hours of a profile."""
LARGE = {"--number", "--draws", "--samples", "--tensor"}
"""Options whose upper end is much work, or needs another option."""
BEYOND = (-(10**15), 10**18)


def numeric():
    """Each option that takes a number, once, with the first command that has it; those of a training are its own."""
    found = {}
    for name in BASE:
        for option in get_command(app).get_command(None, name).params:
            first = option.opts[0]
            if option.metavar in ("INTEGER", "NUMBER") and first not in IN_WORDS and (name, first) not in ALONE:
                found.setdefault((first, name == "train"), (name, first, option.metavar))
    return list(found.values())


@pytest.mark.parametrize(("command", "option", "kind"), numeric(), ids=lambda x: str(x).strip("-"))
def test_both_ends_of_a_limit_are_taken(ditcarbon, command, option, kind, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def told(value):
        return ditcarbon(command, *BASE[command].split(), *BESIDE.get(option, "").split(), option, value).err

    told_beyond = [re.search(r"is outside ([-\de.+]+)\.\.([-\de.+]+)", told(x)) for x in BEYOND]
    low, high = (float(x.rstrip(".")) for x in told_beyond[0].groups())
    assert (low, high) == tuple(float(x.rstrip(".")) for x in told_beyond[1].groups())
    step = 1 if kind == "INTEGER" else (high - low) / 1e6
    whole = int if kind == "INTEGER" else float
    for end, sign in ((low, -1), (high, 1)):
        assert "is outside" in told(whole(end + sign * step)), end
        if sign < 0 or option not in LARGE:
            assert f"is outside {told_beyond[0][1]}.." not in told(whole(end)), end
