"""From a sweep to a calibration of the operator law: what the law itself made is found again, and no more is said."""

import json

import numpy as np
import pytest

from ditcarbon_sym.calibration import planning
from ditcarbon_sym.calibration.data import values_of_run
from ditcarbon_sym.calibration.operator_fit import BARELY, TIME
from ditcarbon_sym.calibration.operator_law import ALONE, calibrate
from ditcarbon_sym.catalog.files import read_toml
from ditcarbon_sym.catalog.loading import load, load_calibration
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.notation import (
    TDP,
    P_idle,
    Theta_peak,
    bandwidth,
    e_dense,
    e_mem,
    e_VAE,
    eps_byte,
    eps_flop,
    r_attn,
    t_exp,
    t_launch,
)
from ditcarbon_sym.measure import grid, table

DEVICE = {Theta_peak: 400e12, bandwidth: 2e12, t_exp: 0.0}
HEADS = 32
"""What an accelerator of which nothing is known pads the width of heads to, as all from Ampere on."""
TRUE = {t_launch: 1.2e-5, e_dense: 0.55, r_attn: 0.7, e_mem: 0.3, e_VAE: 0.2}
JOULES = {eps_flop: 1.1e-12, eps_byte: 1.5e-9}
FACTS = {
    "schema_version": 1, "gpu": "my-card", "device": "My Card", "peak_flop_per_second": 400e12,
    "peak_from": "bf16, measured: product of 8192 x 8192 matrices", "bandwidth_byte_per_second": 2e12,
    "date": "2026-01-01", "torch": "2.13.0", "dtype": "bf16",
}  # fmt: skip
MODELS = ("dit-xl-2-256", "pixart-alpha", "sd3-medium")


def write(
    path, models=MODELS, sides=(256, 512, 1024, 1536), facts=FACTS, noise=0.0, energy=False, power=None, launch=1.2e-5,
    idle=None, scale=1.0,
):  # fmt: skip
    """A sweep that the law itself made, with a scatter of its rows."""
    rng = np.random.default_rng(3)
    told = facts if power is None else {**facts, "tdp_watt": power}
    table.begin(path, told)
    limited = {TDP: power or 1e9}
    law = operator_law.limited.at({**JOULES, **TRUE, **ALONE, **limited, t_launch: launch})
    joules = operator_law.energy.at({**JOULES, **TRUE, **ALONE, **limited, t_launch: launch, P_idle: idle or 0.0})
    for point in grid.grid(models, DEVICE, sides=sides, batches=(1, 4)).points:
        values = values_of_run(load().model(point.model), {k: v for k, v in point.row().items()
                                                           if k not in ("model", "stage")}, DEVICE, HEADS)  # fmt: skip
        row = {**point.row(), "status": "ok", "time_s": float(law(values)) * np.exp(noise * rng.standard_normal())}
        if energy:
            row["idle_w"] = idle
            row["energy_j"] = scale * 3.6e6 * float(joules(values))
        table.append(path, row)
    return path


@pytest.fixture(scope="module")
def seconds(tmp_path_factory):
    """The calibration by a sweep of seconds alone, with a scatter of 1 %."""
    return calibrate(write(tmp_path_factory.mktemp("seconds") / "sweep.csv", noise=0.01))


def test_the_parameters_that_made_a_sweep_are_found_again(seconds):
    result = seconds
    errors = result.fitted.shipped.standard_errors
    for x in (t_launch, e_dense, r_attn, e_mem):
        assert abs(result.fitted.values[x] - TRUE[x]) < 2 * errors[x] < TRUE[x], x
    verdicts = {known.symbol: known.verdict for known in result.known}
    traded = verdicts.pop(e_mem)
    assert set(verdicts.values()) == {"identified"}
    assert traded == "weakly identified: the rows show it mostly together with r_attn"  # at a correlation of 0.97
    assert result.table["quality"]["mape_percent"] < 2
    assert set(result.held_out) == set(MODELS)


def test_idle_power_that_was_measured_is_kept_and_drawn_while_launches_are_waited_for(tmp_path):
    result = calibrate(write(tmp_path / "sweep.csv", energy=True, power=500.0, idle=90.0))
    assert result.table["device"]["idle_watt"] == 90.0
    assert result.table["parameters"]["joule_per_flop"] == pytest.approx(JOULES[eps_flop], rel=0.02)


def test_what_the_rows_do_not_show_stays_as_expected_and_as_uncertain_and_that_is_said(tmp_path):
    """Long passes alone: the launches of their kernels do not show."""
    result = calibrate(write(tmp_path / "sweep.csv", sides=(1024, 1536), noise=0.01, launch=1e-7))
    launches = {x.symbol: x for x in result.known}[t_launch]
    assert launches.verdict.startswith("barely shown by these rows: mostly what is expected")
    assert launches.standard_error > BARELY * planning.SPREAD[t_launch] * launches.value
    assert "t_launch" in result.table["covariance"]["parameters"]


def test_one_row_moves_what_is_expected_and_leaves_wide_intervals(tmp_path):
    result = calibrate(write(tmp_path / "sweep.csv", models=("dit-xl-2-256",), sides=(512,)))
    assert result.fitted.shipped.free == tuple(TIME)
    assert any(known.verdict.startswith("barely shown") for known in result.known)
    assert any("only one model, dit-xl-2-256" in warning for warning in result.warnings)


def test_a_calibration_without_power_gives_time_and_leaves_energy_and_carbon_null(ditcarbon, tmp_path):
    out = tmp_path / "mine.toml"
    outcome = ditcarbon("fit", write(tmp_path / "sweep.csv", noise=0.02), "--out", out)
    assert outcome.code == 0 and "My Card" in outcome.out and "no energy was measured" in outcome.err
    calibration = load_calibration(out)
    assert calibration.law == "roofline" and TDP not in calibration.device
    found = json.loads(ditcarbon("estimate", "dit-xl-2-256", "--resolution", 512, "--calibration", out, "--json").out)
    assert found["time_s"]["value"] > 0 and found["time_s"]["low"] < found["time_s"]["high"]
    assert found["energy_wh"]["value"] is None and found["total_g"]["value"] is None
    assert found["basis"]["precision"] == FACTS["peak_from"]


def test_with_power_and_joules_a_calibration_has_the_law_of_energy_and_gives_energy(ditcarbon, tmp_path):
    out = tmp_path / "mine.toml"
    assert ditcarbon("fit", write(tmp_path / "sweep.csv", energy=True, power=500.0), "--out", out).code == 0
    table_ = read_toml(out)
    assert table_["parameters"]["joule_per_flop"] == pytest.approx(JOULES[eps_flop], rel=0.02)
    assert table_["parameters"]["joule_per_byte"] == pytest.approx(JOULES[eps_byte], rel=0.02)
    assert len(table_["covariance"]["parameters"]) == 6
    found = json.loads(ditcarbon("estimate", "pixart-alpha", "--calibration", out, "--json").out)
    assert found["energy_wh"]["value"] > 0 and found["operational_g"]["value"] > 0


def test_a_calibration_of_one_model_has_no_interval_and_prints(ditcarbon, tmp_path):
    out = tmp_path / "mine.toml"
    ditcarbon("fit", write(tmp_path / "sweep.csv", models=("dit-xl-2-256",)), "--out", out)
    outcome = ditcarbon("estimate", "dit-xl-2-256", "--calibration", out)
    assert outcome.code == 0 and "no model could be held out" in outcome.out


def test_the_same_sweep_gives_the_papers_law_if_asked(ditcarbon, tmp_path):
    out = tmp_path / "mine.toml"
    outcome = ditcarbon("fit", write(tmp_path / "sweep.csv"), "--law", "bgr", "--bootstrap", 0, "--out", out)
    assert outcome.code == 0
    calibration = load_calibration(out)
    assert calibration.law == "bgr" and calibration.convention["stages"] == "denoiser"
    assert calibration.data["peak_from"] == FACTS["peak_from"]
    assert ditcarbon("estimate", "dit-xl-2-256", "--calibration", out).code == 0


def test_a_known_accelerator_has_the_data_sheets_peak(tmp_path):
    path = write(tmp_path / "sweep.csv", ("dit-xl-2-256",), (512,), facts={**FACTS, "gpu": "h100-sxm-80gb"})
    result = calibrate(path)
    assert result.table["device"]["peak_flop_per_second"] == load().gpu("h100-sxm-80gb").values[Theta_peak]
    assert "peak_from" not in result.table["data"]


def test_decoder_rows_give_the_decoders_efficiency(tmp_path):
    path = write(tmp_path / "sweep.csv")
    for side in (256, 512, 1024):
        values = values_of_run(load().model("dit-xl-2-256"), {"resolution": side}, DEVICE)
        from ditcarbon_sym.equations.notation import F_VAE

        row = {"model": "dit-xl-2-256", "stage": "vae_decoder", "height": side, "width": side, "frames": 1, "batch": 1,
               "steps": 1, "guidance": 2, "text_tokens": 0, "status": "ok"}  # fmt: skip
        table.append(path, {**row, "time_s": values[F_VAE] / (0.33 * 400e12)})
    result = calibrate(path)
    known = {x.symbol: x for x in result.known}[e_VAE]
    assert known.verdict == "identified" and known.value == pytest.approx(0.33, rel=0.02)  # a little is as expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({**FACTS, "gpu": "../x"}, "is no id"),
        ({key: value for key, value in FACTS.items() if key != "peak_flop_per_second"}, "no peak_flop_per_second"),
        ({**FACTS, "bandwidth_byte_per_second": 2.0}, "sweep.csv: bandwidth_byte_per_second = 2 is outside"),
        ({**FACTS, "peak_flop_per_second": "fast"}, "sweep.csv: peak_flop_per_second = 'fast' is not a number"),
        ({**FACTS, "tdp_watt": -5.0}, "sweep.csv: tdp_watt = -5 is outside"),
    ],
)
def test_a_header_that_does_not_name_a_device_is_refused_in_one_line(refused, tmp_path, facts, expected):
    path = write(tmp_path / "sweep.csv", facts=facts)
    assert expected in refused("fit", path)


@pytest.mark.parametrize(
    ("idle", "expected"), [("abc", "'abc' is not"), ("nan", "not a number"), (-3.0, "is outside"), (1e9, "is outside")]
)
def test_an_idle_power_that_cannot_be_is_refused_in_one_line(refused, tmp_path, idle, expected):
    path = write(tmp_path / "sweep.csv")
    with path.open("a") as file:
        row = {**grid.grid(("dit-xl-2-256",), DEVICE, sides=(256,)).points[0].row(), "status": "ok", "time_s": 1.0}
        cells = {**row, "idle_w": idle}
        file.write(",".join(str(cells.get(name, "")) for name in table.COLUMNS) + "\n")
    said = refused("fit", path)
    assert "sweep.csv: idle_w = " in said and expected in said


def four_rows(path):
    result = calibrate(write(path, models=("dit-xl-2-256",), sides=(512, 1024), energy=True, power=1200.0))
    assert result.table["quality"]["n"] == 4
    return {x.symbol: x for x in result.known}


def test_four_rows_with_joules_give_time_and_energy_within_their_intervals(tmp_path):
    known = four_rows(tmp_path / "sweep.csv")
    for x, truth in {eps_byte: JOULES[eps_byte], e_dense: TRUE[e_dense], e_mem: TRUE[e_mem]}.items():
        low, high = known[x].profile
        assert low < truth < high, x


def test_four_rows_give_joules_per_flop_within_their_interval(tmp_path):
    """Joules are fitted at the constants of time, and take over their error."""
    low, high = four_rows(tmp_path / "sweep.csv")[eps_flop].profile
    assert low < JOULES[eps_flop] < high


def test_the_errors_of_joules_and_of_time_stand_in_one_covariance(tmp_path):
    result = calibrate(write(tmp_path / "sweep.csv", noise=0.03, energy=True, power=1200.0))
    table_ = result.table["covariance"]
    matrix, names = np.array(table_["matrix"]), table_["parameters"]
    assert np.linalg.eigvalsh(matrix / np.outer(*2 * [np.sqrt(np.diag(matrix))])).min() > 0
    time, joules = names.index("r_attn"), names.index("joule_per_flop")
    assert abs(matrix[time, joules]) > 0.5 * np.sqrt(matrix[time, time] * matrix[joules, joules])


def test_a_decoder_or_an_energy_that_cannot_be_is_left_out_and_the_time_stays(tmp_path, seconds):
    path = write(tmp_path / "sweep.csv", noise=0.01)
    time = seconds.table["parameters"]["e_dense"]
    for side in (256, 512, 1024):  # thousands of times faster than the peak
        row = {"model": "dit-xl-2-256", "stage": "vae_decoder", "height": side, "width": side, "frames": 1, "batch": 1,
               "steps": 1, "guidance": 2, "text_tokens": 0, "status": "ok", "time_s": 1e-9 * side}  # fmt: skip
        table.append(path, row)
    result = calibrate(path)
    assert result.table["parameters"]["e_dense"] == time and result.table["parameters"]["e_vae"] == 0.2
    assert any(words.startswith("the VAE decoder is left out of the calibration") for words in result.warnings)
    path = write(tmp_path / "joules.csv", noise=0.01, energy=True, power=9e4, scale=1e7)
    result = calibrate(path)
    assert result.table["parameters"]["e_dense"] == time and "joule_per_flop" not in result.table["parameters"]
    assert any(words.startswith("the energy is left out of the calibration") for words in result.warnings)


def test_a_fit_that_misses_its_own_rows_says_so(tmp_path):
    quiet, loud = (calibrate(write(tmp_path / f"{noise}.csv", noise=noise)) for noise in (0.05, 0.6))
    assert not any("did anything else run" in words for words in quiet.warnings)
    assert any("did anything else run meanwhile?" in words for words in loud.warnings)


def test_a_sweep_in_32_bits_has_its_own_peak_and_not_the_catalogues_of_16(tmp_path):
    facts = {
        **FACTS,
        "gpu": "h100-sxm-80gb",
        "dtype": "fp32",
        "peak_flop_per_second": 400e12,
        "peak_from": "fp32, measured",
    }
    path = write(tmp_path / "sweep.csv", ("dit-xl-2-256",), facts=facts, sides=(256, 512))
    for gpu in (None, "h100-sxm-80gb"):
        result = calibrate(path, gpu)
        assert result.table["device"]["peak_flop_per_second"] == 400e12
        assert result.table["data"]["peak_from"] == "fp32, measured"
        assert any("the sweep measured the fp32 peak" in words for words in result.warnings)


def test_a_table_without_a_header_needs_its_gpu(refused, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("model,height,width,batch,time_s\n" + "dit-xl-2-256,512,512,1,3.0\n" * 3)
    assert "give --gpu" in refused("fit", path)
    assert "give --gpu" in refused("fit", path, "--law", "roofline")
    assert "law = 'max' is unknown" in refused("fit", path, "--law", "max")
    mine = tmp_path / "mine.toml"
    mine.write_text("[gpus.mine]\npeak_flop_per_second = 1e14\n")
    assert "no bandwidth" in refused("fit", path, "--law", "roofline", "--gpu", "mine", "--catalog", mine)


def test_whole_requests_without_a_header_fit_the_law_with_every_stage(ditcarbon, tmp_path):
    path, out = tmp_path / "plain.csv", tmp_path / "mine.toml"
    rows = []
    for model in ("pixart-alpha", "sd3-medium"):
        for side in (512, 1024, 2048):
            device = load().gpu("h100-sxm-80gb").values
            values = values_of_run(load().model(model), {"resolution": side}, device, HEADS)
            seconds = float(operator_law.runtime({**values, **TRUE}))
            rows.append(f"{model},{side},{side},1,{seconds}\n")
    path.write_text("model,height,width,batch,time_s\n" + "".join(rows))
    assert ditcarbon("fit", path, "--law", "roofline", "--gpu", "h100-sxm-80gb", "--out", out).code == 0
    assert load_calibration(out).convention["stages"] == "whole request"
