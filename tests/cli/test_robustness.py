"""What hostile or unlucky input once broke: each was a traceback, a wrong answer or a half-written file."""

import json
import os
import re
import subprocess
import sys

import pytest

NINES = "9" * 390


@pytest.mark.parametrize("option", ["resolution", "height", "width", "frames", "batch", "steps", "text-tokens"])
def test_an_integer_of_hundreds_of_digits_is_refused(refused, option):
    refused("estimate", "pixart-alpha", f"--{option}", NINES)


@pytest.mark.parametrize("text", ["1_024", "١٦", " 16 ", "1e3", "0x10", "nan"])
def test_only_plain_digits_are_a_whole_number(refused, text):
    assert "is not a whole number" in refused("estimate", "pixart-alpha", "--batch", text)


@pytest.mark.parametrize("option", ["gpu", "datacenter"])
def test_an_empty_name_is_not_the_default(refused, option):
    assert f"unknown {option} ''" in refused("estimate", "pixart-alpha", f"--{option}", "")


def test_two_routes_to_the_efficiency_are_a_conflict_before_any_file_is_read(refused):
    assert "give one of mu" in refused("estimate", "pixart-alpha", "--mu", 0.3, "--calibration", "/nowhere.toml")


def run(*arguments, **options):
    command = [sys.executable, "-m", "ditcarbon_sym", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, check=False, **options)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = run("models", stdout=full)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1 and b"cannot write" in done.stderr


def test_a_terminal_without_greek_letters_gets_question_marks():
    done = run("models", stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and b"PixArt-?" in done.stdout


def test_a_fraction_of_an_output_a_day_is_not_called_none(ditcarbon):
    shown = ditcarbon("estimate", "pixart-alpha", "--per-day", 0.4).out
    assert re.search(r"per day +0\.4000 +outputs", shown)


def test_every_equation_has_a_closed_form(ditcarbon):
    from ditcarbon_sym.equations import pipeline

    for name in ("kappa", "n_latent", *(equation.lhs.name for equation in pipeline.chain())):
        assert "(input)" not in ditcarbon("formula", name, "--closed").out


def test_a_day_of_energy_is_its_batches(ditcarbon):
    table = json.loads(ditcarbon("estimate", "pixart-alpha", "--per-day", 1000, "--json").out)
    assert table["per_day"]["energy_wh"]["value"] == pytest.approx(1000 * table["energy_wh"]["value"])
    shown = ditcarbon("estimate", "pixart-alpha", "--per-day", 1000).out
    assert re.search(rf"  energy, accelerator +{table['per_day']['energy_wh']['value']:.1f} .*Wh\b", shown)
