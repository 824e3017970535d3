import json
import math

import pytest

from ditcarbon_sym import __version__
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import NOTATION

LONGEST_LINE = 300
"""Characters that a mistake's line may take."""
KEYS = {
    "schema_version", "model", "gpu", "datacenter", "request", "parameters", "flops", "efficiency", "time_s",
    "energy_wh", "facility_energy_wh",
    "operational_g", "embodied_g", "total_g", "per_output_g", "interval_level", "basis", "warnings",
}  # fmt: skip


def test_estimate_prints_the_papers_numbers_with_units(ditcarbon):
    outcome = ditcarbon(
        "estimate", "pixart-alpha", "--resolution", 1024, "--batch", 1, "--steps", 50, "--efficiency", "bgr"
    )
    assert outcome.code == 0 and outcome.err == ""
    for text in (
        "594.5 M",
        "6.568e14",
        "0.3419",
        "17.15",
        "Wh",
        "0.5585",
        "gCO2eq",
        "basis",
        "n = 48",
        "boundary: die",
    ):
        assert text in outcome.out


def test_json_is_exactly_one_object_with_the_documented_keys(ditcarbon):
    outcome = ditcarbon("estimate", "pixart-alpha", "--json")
    table = json.loads(outcome.out)
    assert set(table) >= KEYS
    assert set(table["request"]) >= {
        "height", "width", "frames", "batch", "steps", "guidance", "text_tokens", "outputs",
    }  # fmt: skip
    assert set(table["flops"]) >= {"denoiser", "text_encoder", "vae_decoder", "total", "convention"}
    assert set(table["efficiency"]) >= {"value", "low", "high", "model", "calibration"}
    assert set(table["total_g"]) == {"value", "low", "high"}


def test_json_numbers_are_not_rounded(ditcarbon):
    table = json.loads(ditcarbon("estimate", "pixart-alpha", "--json").out)
    assert not math.isclose(table["total_g"]["value"], round(table["total_g"]["value"], 6), rel_tol=1e-12)


def test_unknown_values_are_null_and_warnings_go_to_stderr(ditcarbon):
    outcome = ditcarbon("estimate", "pixart-alpha", "--gpu", "a10g", "--mu", 0.5, "--boundary", "chip", "--json")
    table = json.loads(outcome.out)
    assert table["total_g"]["value"] is None and table["embodied_g"]["value"] is None
    assert outcome.err.startswith("warning: ") and len(table["warnings"]) == 1


def test_a_service_is_scaled_to_a_day(ditcarbon):
    outcome = ditcarbon("estimate", "pixart-alpha", "--steps", 50, "--per-day", 1000000, "--efficiency", "bgr")
    assert "558.5" in outcome.out and "kgCO2eq" in outcome.out


@pytest.mark.parametrize("kind", ["models", "gpus", "datacenters"])
def test_the_catalogue_is_listed_as_table_and_json(ditcarbon, kind):
    ids = set(getattr(load(), kind))
    said = ditcarbon(kind).out
    assert all(key in said for key in ids)
    assert {row["id"] for row in json.loads(ditcarbon(kind, "--json").out)["entries"]} == ids


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["5"], "E = TDP*tau/3600000    (Eq. 5)"),
        (["tau"], "tau = F_total/(Theta_peak*mu)    (Eq. 4)"),
        (["F_block", "--latex"], r"F_{\mathrm{block}} ="),
        (["P", "--model", "pixart-alpha"], "P = 594542592    (Eq. 1)"),
        (["C_total", "--closed"], "PUE"),
        (["tau", "--symbols"], "runtime of the request"),
    ],
)
def test_formula_prints_an_equation(ditcarbon, arguments, expected):
    outcome = ditcarbon("formula", *arguments)
    assert outcome.code == 0 and expected in outcome.out


def test_version_and_help(ditcarbon):
    assert ditcarbon("--version").out == f"ditcarbon {__version__}\n"
    assert "estimate" in ditcarbon("--help").out
    assert ditcarbon().code == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["estimate", "pixart-alfa"], "did you mean pixart-alpha"),
        (["estimate", "pixart-alpha", "--guidance", "7.5"], "not the guidance scale"),
        (["estimate", "pixart-alpha", "--resolution", "-512"], "resolution = -512"),
        (["estimate", "pixart-alpha", "--resolution", "big"], "'big' is not a whole number"),
        (["estimate", "pixart-alpha", "--pue", "nan", "--grid", "1"], "pue = nan"),
        (["estimate", "pixart-alpha", "--mu", "inf"], "mu = inf"),
        (["estimate", "pixart-alpha", "--height", "512"], "without width"),
        (["estimate", "pixart-alpha", "--catalog", "/nowhere.toml"], "no such file"),
        (["estimate", "pixart-alpha", "--catalog", "/"], "cannot be read"),
        (["estimate", "pixart-alpha", "--bogus", "1"], "--bogus"),
        (["estimate"], "give a model"),
        (["guess"], "guess"),
        (["formula", "nine"], "unknown equation 'nine'"),
        (["estimate", "zzzz"], "; 'ditcarbon models' lists all"),
        (["estimate", "pixart-alpha", "--gpu", "zzzz"], "; 'ditcarbon gpus' lists all"),
        (["estimate", "pixart-alpha", "--datacenter", "zzzz"], "'zzzz'; 'ditcarbon places --where TEXT' lists places"),
        (["derive", "flux.1-dev", "--in", "zzzz"], f"; the nearest of {len(NOTATION)} are "),
        (["formula", "P", "--model", "sora"], "unknown model 'sora'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(refused, arguments, expected):
    said = refused(*arguments)
    assert expected in said and len(said) < LONGEST_LINE


def test_on_an_accelerator_without_facts_the_remedies_are_named(refused, bare_card):
    said = refused("estimate", "dit-xl-2-256", "--gpu", "bare", "--catalog", bare_card)
    assert "--efficiency bgr" in said and "bandwidth_byte_per_second of bare is not known" in said


def test_the_text_of_a_user_is_never_evaluated(refused, tmp_path):
    bait = tmp_path / "bait"
    refused("formula", f"open({str(bait)!r}, 'w')")
    refused("estimate", "pixart-alpha", "--mu", f"open({str(bait)!r}, 'w')")
    assert not bait.exists()


def test_a_real_process_prints_no_traceback(run_python):
    out = run_python(
        "import subprocess, sys;"
        "command = [sys.executable, '-m', 'ditcarbon_sym', 'estimate', 'x'];"
        "done = subprocess.run(command, capture_output=True, text=True);"
        "print(done.returncode, done.stderr.count(chr(10)), 'Traceback' in done.stderr)"
    )
    assert out.split() == ["2", "1", "False"]


def test_a_part_of_the_operator_law_takes_a_model_s_work(ditcarbon):
    outcome = ditcarbon("formula", "tau_floor", "--model", "sana-1.5-1.6b")
    assert outcome.out.startswith("tau_floor = 674*S*t_launch ") and "changes nothing" not in outcome.err
    assert "in --closed form it has" in ditcarbon("formula", "roofline.tau", "--model", "sana-1.5-1.6b").err


def test_the_operator_law_is_told_in_parts_and_closed_in_the_work_of_its_operators(ditcarbon):
    assert ditcarbon("formula", "roofline.tau").out.startswith("tau = tau_VAE + tau_loop + tau_text ")
    assert "Q_elem" in ditcarbon("formula", "roofline.tau", "--closed").out
    assert "Q_elem" in ditcarbon("formula", "several.tau", "--closed").out
    assert "kappa" in ditcarbon("formula", "kappa", "--closed").out
