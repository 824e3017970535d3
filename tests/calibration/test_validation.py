"""Predictions scored against measurements: a table of one's own, a sweep of the denoiser alone, CodeCarbon's file."""

import csv
import io
import json

import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.calibration.device import rows_on
from ditcarbon_sym.calibration.measurements import Row
from ditcarbon_sym.calibration.validation import denoiser_alone, validate
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import F_text, tau
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.point import operating_point
from fits.corpus import CORPUS
from fits.runs import PUBLISHED

HEADER = (
    "timestamp,project_name,run_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,cpu_energy,gpu_energy,"
    "ram_energy,energy_consumed,country_name,gpu_count,gpu_model,pue"
)
FLUX = estimate("flux.1-dev", gpu="h100-sxm-80gb", resolution=1024, batch=1, steps=50)


@pytest.fixture
def write(tmp_path):
    def file(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return file


@pytest.fixture
def emissions(write):
    """Two runs of CodeCarbon, of ten batches each: the second took half as long again and as many joules."""
    seconds, kwh = 10 * FLUX.time_s.value, 10 * FLUX.energy_wh.value / 1000

    def run(name, factor):
        joules = (0.1 * kwh, factor * kwh, 0.1 * kwh, (factor + 0.2) * kwh)
        cells = ["2026-01-01T00:00:00", "codecarbon", name, factor * seconds, 0.01, 1e-6, 42.5, 600, 30, *joules]
        return ",".join(str(x) for x in [*cells, "Canada", 1, "1 x NVIDIA H100 80GB HBM3", 1.0])

    return write("emissions.csv", f"{HEADER}\n{run('one', 1.0)}\n{run('two', 1.5)}\n")


REQUESTS = (
    "run_id,model,gpu,height,width,batch,steps,repeats\n"
    "two,flux.1-dev,h100-sxm-80gb,1024,1024,1,50,10\none,flux.1-dev,h100-sxm-80gb,1024,1024,1,50,10\n"
)


def test_every_published_run_is_scored_and_the_fit_is_told_to_have_seen_it():
    found = validate(PUBLISHED)
    assert len(found.scored) == 161 + 123
    time, energy = found.summaries()
    assert (time.target, time.rows, energy.target, energy.rows) == ("time", 161, "energy", 123)
    assert time.mape < 8 and energy.mape < 9 and abs(time.bias) < 2.5 and abs(energy.bias) < 5
    assert any("h100-sxm-80gb was fitted to this very file" in note for note in found.notes)
    assert any(note.startswith("transferred, not calibrated: t4") for note in found.notes)


def test_the_scores_are_those_of_single_estimates():
    found = validate(PUBLISHED)
    scored = next(x for x in found.scored if (x.gpu, x.model, x.target) == ("h100-sxm-80gb", "flux.1-dev", "energy"))
    assert scored.measured == pytest.approx(7948.59)
    assert scored.predicted == pytest.approx(3600 * FLUX.energy_wh.value)
    assert scored.low == pytest.approx(3600 * FLUX.energy_wh.low) and scored.inside


def test_an_efficiency_is_scored_as_the_seconds_of_the_denoiser():
    found = validate(CORPUS)
    assert len(found.scored) == 83 and {x.stages for x in found.scored} == {"denoiser"}
    assert {x.route for x in found.scored} == {"roofline"}
    assert found.summaries()[0].mape < 8


def test_the_denoiser_alone_takes_less_on_either_route():
    for options in ({"gpu": "h100-sxm-80gb"}, {}):
        point = operating_point("pixart-alpha", resolution=1024, **options)
        whole, alone = (
            pipeline.evaluate(x.values, (tau, F_text), x.route) for x in (point, denoiser_alone(point))
        )  # fmt: skip
        assert alone[tau] < whole[tau] and alone[F_text] == 0 < whole[F_text]


def test_a_sweep_of_the_denoiser_is_compared_with_the_denoiser(write):
    point = denoiser_alone(operating_point("pixart-alpha", resolution=512, batch=1, gpu="h100-sxm-80gb"))
    seconds = float(pipeline.evaluate(point.values, (tau,), point.route)[tau])
    line = f"pixart-alpha,512,512,1,denoiser,{seconds},h100-sxm-80gb\n"
    found = validate(write("sweep.csv", f"model,height,width,batch,stage,time_s,gpu\n{line}"))
    assert found.scored[0].ratio == pytest.approx(1)


def test_codecarbons_runs_are_joined_with_what_they_did(emissions, write):
    found = validate(emissions, requests=write("requests.csv", REQUESTS))
    ratios = {(x.row, x.target): x.ratio for x in found.scored}
    assert ratios == pytest.approx({(1, "time"): 1, (1, "energy"): 1, (2, "time"): 1 / 1.5, (2, "energy"): 1 / 1.5})
    assert any("86% of the energy" in note for note in found.notes)
    time = found.summaries()[0]
    assert (time.inside, time.with_interval, time.worst.row) == (1, 2, 2)
    assert time.bias < 0 and time.mape == pytest.approx(100 * (1 - 1 / 1.5) / 2)


def test_runs_may_be_joined_on_the_project(emissions, write):
    asked = "project_name,model,height,width,batch,steps,repeats\ncodecarbon,flux.1-dev,1024,1024,1,50,10\n"
    found = validate(emissions, requests=write("requests.csv", asked), gpu="h100-sxm-80gb")
    assert found.scored[0].ratio == pytest.approx(1)


def test_the_command_prints_writes_and_draws(ditcarbon, emissions, write, tmp_path):
    requests, out, plot = write("requests.csv", REQUESTS), tmp_path / "rows.csv", tmp_path / "ratios.png"
    outcome = ditcarbon("validate", emissions, "--requests", requests, "--out", out, "--plot", plot)
    assert outcome.code == 0 and "flux.1-dev" in outcome.out and "underestimated by" in outcome.out
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert len(rows) == 4 and float(rows[0]["ratio"]) == pytest.approx(1)
    assert plot.read_bytes().startswith(b"\x89PNG")
    table = json.loads(ditcarbon("validate", emissions, "--requests", requests, "--json").out)
    assert table["summary"][0]["rows"] == 2 and table["rows"][0]["inside"] is True


def test_a_calibration_of_ones_own_is_scored_on_its_device(write, ditcarbon, tmp_path):
    from ditcarbon_sym.catalog.files import DATA

    measured = write("own.csv", "model,height,width,batch,steps,time_s\nflux.1-dev,1024,1024,1,50,11.64\n")
    calibration = DATA / "calibrations" / "h100-sxm-80gb-roofline.toml"
    found = validate(measured, calibration=calibration)
    assert found.scored[0].gpu == "h100-sxm-80gb" and found.scored[0].predicted == pytest.approx(FLUX.time_s.value)


MINE = "model,height,width,batch,time_s,energy_j\n"


@pytest.mark.parametrize(("text", "expected"), [
    (MINE + "flux.1-dev,1024,1024,1,10,much\n", "row 1: energy_j = 'much' is not a number"),
    (MINE + "flux.1-dev,1024,1024,1,10,-5\n", "row 1: energy = -5 is outside"),
    (MINE + "flux.9,1024,1024,1,10,5\n", "row 1: unknown model 'flux.9'"),
    (MINE + "flux.1-dev,1024,1024,1,nan,5\n", "time_s = nan"),
    (MINE + "flux.1-dev,1000,1024,1,10,5\n", "row 1: height = 1000"),
    (MINE, "no rows below the header"),
    ("a,b\n1,2\n", "no column 'model'"),
    ("model,height,width,batch\nflux.1-dev,1024,1024,1\n", "nothing measured"),
    ("model,height,width,batch,energy_j,energy_wh\nflux.1-dev,1024,1024,1,5,5\n", "gives both energy_j and energy_wh"),
    ("model,height,width,batch,mu,energy_j\nflux.1-dev,1024,1024,1,0.5,5\n", "say in a column stage"),
    ("model,height,width,batch,time_s,stage\nflux.1-dev,1024,1024,1,5,all\n", "stage = 'all' is unknown"),
    (f"{HEADER}\n", "is CodeCarbon's; name with --requests"),
    (HEADER.replace("run_id", '"run_id"') + "\n", "is CodeCarbon's; name with --requests"),
])  # fmt: skip
def test_a_bad_table_is_refused_in_one_line(refused, write, text, expected):
    assert expected in refused("validate", write("mine.csv", text), "--gpu", "h100-sxm-80gb")


@pytest.mark.parametrize(("requests", "expected"), [
    ("name,model,height,width,batch\nx,flux.1-dev,1024,1024,1\n", "no column in common"),
    ("run_id,model,height,width\none,flux.1-dev,1024,1024\n", "no column 'batch'"),
    ("run_id,model,height,width,batch\nthree,flux.1-dev,1024,1024,1\n", "row 1: run_id = 'three' is not in"),
    (REQUESTS + REQUESTS.splitlines()[1] + "\n", "a run_id stands twice"),
    (REQUESTS.replace("50,10", "50,0"), "repeats = '0'"),
    (REQUESTS.replace("50,10", "50," + 5000 * "9"), "repeats = '99999999999999999999'"),
    (REQUESTS.replace("flux.1-dev", ""), "model is empty"),
    (REQUESTS.replace(",1024,1,50,10", ""), "has more or fewer cells"),
    (REQUESTS.replace("steps,repeats", "run_id,repeats"), "stands twice in the header"),
    (REQUESTS.replace("flux.1-dev", "flux.9"), "unknown model 'flux.9'"),
    ("", "no rows below the header"),
])  # fmt: skip
def test_bad_requests_are_refused_in_one_line(refused, emissions, write, requests, expected):
    assert expected in refused("validate", emissions, "--requests", write("requests.csv", requests))


def test_energy_alone_is_scored(write):
    line = f"flux.1-dev,1024,1024,1,50,{FLUX.energy_wh.value}\n"
    path = write("mine.csv", f"model,height,width,batch,steps,energy_wh\n{line}")
    (scored,) = validate(path, gpu="h100-sxm-80gb").scored
    assert (scored.target, scored.ratio) == ("energy", pytest.approx(1))


def test_the_pue_that_codecarbon_puts_into_its_energies_is_taken_out(emissions, write):
    text = emissions.read_text(encoding="utf-8")
    emissions.write_text(text.replace("80GB HBM3,1.0", "80GB HBM3,1.25"), encoding="utf-8")
    found = validate(emissions, requests=write("requests.csv", REQUESTS))
    assert next(x.ratio for x in found.scored if x.target == "energy") == pytest.approx(1.25)
    assert any("divided by it" in note for note in found.notes)


def test_the_requests_are_not_overwritten(refused, emissions, write):
    requests = write("requests.csv", REQUESTS)
    assert "must be different files" in refused("validate", emissions, "--requests", requests, "--out", requests)
    assert requests.read_text(encoding="utf-8") == REQUESTS


def test_a_sweep_that_says_where_it_was_measured_needs_no_name(write):
    header = '#: gpu = "h100-sxm-80gb"\nmodel,height,width,batch,steps,stage,status,time_s\n'
    (scored,) = validate(write("sweep.csv", f"{header}flux.1-dev,1024,1024,1,50,denoiser,ok,12\n")).scored
    assert (scored.gpu, scored.stages) == ("h100-sxm-80gb", "denoiser")


def test_several_accelerators_are_refused(refused, emissions, write):
    emissions.write_text(emissions.read_text(encoding="utf-8").replace("Canada,1,", "Canada,8,"), encoding="utf-8")
    assert "gpu_count = 8" in refused("validate", emissions, "--requests", write("requests.csv", REQUESTS))


def test_energy_that_cannot_be_predicted_is_refused_by_name(write, bare_card):
    path = write("mine.csv", MINE + "pixart-alpha,512,512,1,10,5\n")
    with pytest.raises(InputError, match="row 1: the energy of bare cannot be predicted"):
        validate(path, gpu="bare", catalog=bare_card, efficiency="bgr")


def test_rows_say_how_many_accelerators_they_ran_on_and_in_which_mode(tmp_path):
    ways = [{}, {"software": "compile"}, {"gpus": 4, "software": "compile", "precision": "fp8"}, {"cache": 0.3}]
    times = [estimate("flux.1-dev", gpu="h100-sxm-80gb", **way).time_s.value for way in ways]
    columns = ("software", "precision", "cache", "gpus")
    lines = [
        ",".join(["flux.1-dev", "1024", "1024", "1", "28", str(time), *(str(way.get(x, "")) for x in columns)])
        for way, time in zip(ways, times, strict=True)
    ]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join([f"model,height,width,batch,steps,time_s,{','.join(columns)}", *lines]) + "\n")
    found = validate(path, gpu="h100-sxm-80gb")
    assert [x.ratio for x in found.scored] == pytest.approx([1.0] * 4)
    other = validate(path, gpu="h100-sxm-80gb", mode={"software": "engine:sglang"})
    assert other.scored[0].ratio < 0.9 and other.scored[1].ratio == pytest.approx(1.0)
    path.write_text(path.read_text().replace("compile", "fast"))
    with pytest.raises(InputError, match="row 2: software = 'fast' is unknown"):
        validate(path, gpu="h100-sxm-80gb")


def test_a_calibration_is_fitted_to_eager_runs_alone(tmp_path):
    rows = [Row(k, "flux.1-dev", {}, {}, {"software": x}) for k, x in enumerate(("eager", "", "compile"))]
    kept, notes = rows_on(tmp_path / "x.csv", rows, load().gpu("h100-sxm-80gb"), load())
    assert len(kept) == 2 and "1 rows are of several accelerators, or of code that is not eager" in notes[0]
