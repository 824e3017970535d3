"""What fuzzing has found in calibrations, each stated once more."""

import tomllib

import pytest
import tomli_w

from tests.fuzz import strategies as own
from tests.fuzz.command import check, run

ROOFLINE = own.shipped("calibrations/h100-sxm-80gb-roofline.toml")
BGR = own.shipped("calibrations/v100-pcie-16gb.toml")


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


def test_a_calibration_without_its_error_in_energy_tells_what_it_has():
    quality = {x: y for x, y in ROOFLINE["quality"].items() if x != "mape_percent_energy"}
    file = tomli_w.dumps({**ROOFLINE, "quality": quality})
    ran = run(("estimate", "flux.1-dev", "--gpu", "h100", "--calibration", "c.toml"), {"c.toml": file})
    check(ran)
    assert ran.code == 0 and "; of energy held out " in ran.out


@pytest.mark.parametrize("error", [float("nan"), float("inf"), -1.0])
def test_an_error_that_is_none_is_refused(error):
    file = with_quality(ROOFLINE, held_out_mape_percent={"flux.1-dev": error})
    ran = run(("estimate", "flux.1-dev", "--gpu", "h100", "--calibration", "c.toml"), {"c.toml": file})
    check(ran)
    assert ran.code == 2 and "held_out_mape_percent" in ran.err


def test_a_neutral_mode_beside_a_calibration_that_takes_none_is_refused():
    line = ("sweep", "--model", "pixart-alpha", "--guidance-steps", "1", "--calibration", "c.toml")
    ran = run(line, {"c.toml": tomli_w.dumps(BGR)})
    check(ran)
    assert ran.code == 2 and "guidance_steps = 1" in ran.err


@pytest.mark.parametrize("multiple", [0, -32, 10**9])
def test_heads_are_padded_to_a_multiple_that_kernels_have(multiple):
    table = {**ROOFLINE, "device": {**ROOFLINE["device"], "head_multiple": multiple}}
    line = ("estimate", "flux.1-dev", "--gpu", "h100", "--calibration", "c.toml")
    ran = run(line, {"c.toml": tomli_w.dumps(table)})
    check(ran)
    assert ran.code == 2 and "head_multiple" in ran.err


def test_a_calibration_says_what_a_sweep_says_without_marks_that_do_not_print():
    header = tomli_w.dumps({"gpu": "v100-pcie-16gb", "device": "\u202e\U000e0001", "torch": "\x1b[2J"})
    rows = [
        f"dit-xl-2-256,{s},{s},{b},denoiser,ok,{0.4 * b / (b + 0.2) * s / (s + 300)}"
        for s in (256, 512)
        for b in (1, 4)
    ]
    file = (
        "".join(f"#: {x}\n" for x in header.splitlines())
        + "model,height,width,batch,stage,status,mu\n"
        + "\n".join(rows)
    )
    ran = run(("fit", "m.csv", "--law", "bgr", "--bootstrap", "0", "--out", "o.toml"), {"m.csv": file + "\n"})
    check(ran)
    assert ran.code == 0, ran.err
    assert tomllib.loads(ran.written["o.toml"].decode())["data"]["device"] == "\u202e\U000e0001"
