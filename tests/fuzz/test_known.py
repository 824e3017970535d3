"""What fuzzing by hand and by machine has found, each stated once more: none of it may come back."""

import json
import tomllib

import pytest
import tomli_w

from ditcarbon_sym.reports.formats import Mathematics, tex
from tests.fuzz import strategies as own
from tests.fuzz.command import INPUT, SCRIPT, check, run

ROOFLINE = own.shipped("calibrations/h100-sxm-80gb-roofline.toml")
BGR = own.shipped("calibrations/v100-pcie-16gb.toml")
FOUR = (  # the bootstrap of these rows, which several values explain, once took minutes
    "model,height,width,batch,mu\nflux.1-dev,768,768,8,0.3908\nsd3-medium,768,768,1,0.4321\nflux.1-dev,512,512,1,0.0598\n"
    "dit-xl-2-512,512,512,2,0.5373\n"
)


def with_quality(table, **quality):
    return tomli_w.dumps({**table, "quality": {**table["quality"], **quality}})


@pytest.mark.parametrize("covariance", [64.0, 1e200])
def test_a_covariance_with_one_absurd_cell_is_refused(covariance):
    matrix = [list(row) for row in ROOFLINE["covariance"]["matrix"]]
    matrix[0][4] = covariance
    table = {**ROOFLINE, "covariance": {**ROOFLINE["covariance"], "matrix": matrix}}
    line = ("estimate", "flux.1-dev", "--gpu", "h100", "--calibration", "c.toml")
    assert "is not matrix" in run(line, {"c.toml": tomli_w.dumps(table)}).err


@pytest.mark.parametrize("scatter", [800.0, 1e308, 1e-320])
@pytest.mark.parametrize("ask", [("estimate", "sd3-medium"), ("sweep", "--model", "sd3-medium", "--intervals")])
def test_a_scatter_beyond_what_was_ever_measured_ends_in_no_infinity(scatter, ask):
    file = with_quality(BGR, held_out_log_scatter=scatter)
    ran = run((*ask, "--json", "--calibration", "c.toml"), {"c.toml": file})
    check(ran)
    assert ran.code == (0 if scatter < 1 else 2)


def test_a_fit_of_a_file_of_any_name_is_drawn_and_written():
    name = f"$x_$ two\nlines {SCRIPT} $\\frac$.csv"
    line = ("fit", name, "--gpu", "v100-pcie-16gb", "--bootstrap", "0", "--out", "o.toml", "--plot", "o.svg")
    ran = run(line, {name: FOUR})
    check(ran)
    assert ran.code == 0 and b"</svg>" in ran.written["o.svg"]
    tomllib.loads(ran.written["o.toml"].decode())


@pytest.mark.parametrize("kind", ["html", "md", "tex"])
@pytest.mark.parametrize("name", [f"${INPUT}$", f"a|b {SCRIPT}", "x\x1b[31m\u202e\nerror: forged"])
def test_a_report_shows_a_users_text_as_text(kind, name):
    entry = {**own.GPU, "name": name, "precision": name, "sources": {"tdp_watt": name}}
    catalogue = tomli_w.dumps({"gpus": {"mine": entry}})
    line = ("estimate", "pixart-alpha", "--gpu", "mine", "--catalog", "c.toml", "--mu", "0.3", "--report", f"r.{kind}")
    ran = run(line, {"c.toml": catalogue})
    check(ran)
    assert ran.code == 0 and ran.written[f"r.{kind}"]


def test_dollars_of_a_users_text_are_no_mathematics():
    assert tex(f"${INPUT}$").startswith(r"\$\textbackslash") and tex(Mathematics("$x$")) == "$x$"


@pytest.mark.parametrize("value", ["10" * 200, "Infinity", "NaN", "1e400", "-Infinity"])
def test_a_number_of_a_configuration_that_no_float_holds_is_refused(value):
    ran = run(("count", "--config", "config.json"), {"config.json": f'{{"_class_name": "x", "n": {value}}}'})
    assert ran.code == 2 and "not valid JSON" in ran.err


def test_a_patch_of_two_sides_is_no_patch_of_a_video():
    wan = {**own.shipped("pipelines/wan2.1-t2v-1.3b.toml")["transformer"], "patch_size": [2, 2]}
    ran = run(("count", "--config", "config.json"), {"config.json": json.dumps(wan)})
    assert ran.code == 2 and "patch_size" in ran.err


@pytest.mark.parametrize("change", [
    {"arguments": 0}, {"arguments": {"model": 3}}, {"arguments": {"x": 1}}, {"command": "route", "arguments": {}},
    {"files_sha256": {"catalog": "x"}}, {"answer": []}, {"command": ["estimate"]}, {"arguments": {"mu": True}},
    {"arguments": {"model": "pixart-alpha", "catalog": "\x00"}, "files_sha256": {"catalog": "x"}},
])  # fmt: skip
def test_a_manifest_that_no_command_has_written_is_refused(change):
    manifest = {
        "schema_version": 1, "command": "estimate", "command_line": "", "date": "", "package_version": "0",
        "data_sha256": "0", "arguments": {"model": "pixart-alpha"}, "files_sha256": {}, "answer": {}, **change,
    }  # fmt: skip
    ran = run(("rerun", "r.json"), {"r.json": json.dumps(manifest)})
    check(ran)
    assert ran.code == 2


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
@pytest.mark.parametrize("line", [("gpus", "--catalog"), ("estimate", "sd3-medium", "--calibration"), ("rerun",)])
def test_an_endless_device_is_refused(device, line):
    check(run((*line, device), {}))
    assert run((*line, device), {}).code == 2


@pytest.mark.parametrize("text", [
    "a" + ".a" * 50_000 + " = 1", "x = {a" + ".a" * 50_000 + " = 1}", "[a" + ".a" * 50_000 + "]",
    "".join(f"k{k}{'.a' * 90} = 1\n" for k in range(300)), "x = [" + "{a=1}," * 20_000 + "]",
    "[gpus]\n" + "".join(f"m{k} = 1\n" for k in range(30_000)), "x = '" + "." * 5000 + "'", "[[a]]\n" * 20_000,
    "[models]\n" + "".join(f'"{chr(97 + k % 26) * (k % 90 + 1)}{k}" = 1\n' for k in range(20_000)),
], ids=str.split)  # fmt: skip
def test_large_or_deep_toml_is_answered_in_time(text):
    check(run(("gpus", "--catalog", "c.toml"), {"c.toml": text}))


def test_a_list_of_very_many_unknown_models_is_refused_in_time():
    rows = "".join(f"model-{k}\n" for k in range(100_000))
    check(run(("sweep", "--requests", "r.csv"), {"r.csv": f"model\n{rows}"}))
