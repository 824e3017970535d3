"""A report to hand over, the manifest beside it, and the same numbers again."""

import json
import re

import pytest

from ditcarbon_sym.catalog.files import DATA, read_toml
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.estimation.footprint import manifest
from ditcarbon_sym.reports.footprints import handover
from ditcarbon_sym.reports.formats import significant

ESTIMATE = ("estimate", "flux.1-dev", "--gpu", "h100", "--place", "FR", "--boundary", "server")
TRAIN = ("train", "dit-xl-2-256", "--steps", 400_000, "--batch", 256, "--gpus", 8, "--gpu", "a100-sxm-80gb", "--ema")
ACCOUNT = ("account", "--gpu", "h100", "--hours", 10, "--outputs", 500, "--place", "gcp:us-central1")


def written(ditcarbon, path, *command):
    outcome = ditcarbon(*command, "--report", path)
    assert outcome.code == 0, outcome
    return path.read_text(encoding="utf-8"), json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("suffix", [".html", ".md", ".tex"])
@pytest.mark.parametrize("command", [ESTIMATE, ACCOUNT, TRAIN], ids=["estimate", "account", "train"])
def test_a_report_says_unit_score_boundary_method_place_sources_version_and_date(ditcarbon, tmp_path, command, suffix):
    text, run = written(ditcarbon, tmp_path / f"report{suffix}", *command)
    plain = text.replace("\\", "").replace("&#x27;", "'")
    for word in ("functional unit", "ISO/IEC 21031", "left out", "location-based", "PUE", "SHA-256", run["date"]):
        assert word in plain, word
    assert run["data_sha256"] in plain and run["package_version"] in plain
    for key in re.findall(r'"([a-z]+\d{4}\w*): ', json.dumps(run["answer"])):
        assert f"{key}: " in plain.replace("_", "_"), key


@pytest.mark.parametrize("command", [ESTIMATE, ACCOUNT, TRAIN], ids=["estimate", "account", "train"])
def test_a_manifest_that_is_run_again_gives_the_same_numbers(ditcarbon, tmp_path, command):
    written(ditcarbon, tmp_path / "report.md", *command)
    outcome = ditcarbon("rerun", tmp_path / "report.json", "--json")
    assert outcome.code == 0
    told = json.loads(outcome.out)
    assert told["differences"] == [] and told["changed_inputs"] == [] and told["numbers"] > 10


def test_a_route_has_a_report_and_says_when_its_file_has_changed(ditcarbon, tmp_path):
    requests = tmp_path / "requests.csv"
    requests.write_text("model,gpu,count\nflux.1-dev,h100,100\n", encoding="utf-8")
    text, _ = written(ditcarbon, tmp_path / "r.md", "route", requests, "--places", "FRA,DEU", "--capacity", 2)
    assert "linear programme" in text and "boundary: server; left out: network" in text
    assert ditcarbon("rerun", tmp_path / "r.json").code == 0
    requests.write_text("model,gpu,count\nflux.1-dev,h100,200\n", encoding="utf-8")
    outcome = ditcarbon("rerun", tmp_path / "r.json")
    assert outcome.code == 1
    assert "requests.csv has changed" in outcome.err and "operational_g" in outcome.out


def test_another_version_or_catalogue_is_named(ditcarbon, tmp_path):
    _, run = written(ditcarbon, tmp_path / "report.md", *ACCOUNT)
    run |= {"package_version": "0.0.1", "data_sha256": "0" * 64}
    (tmp_path / "report.json").write_text(json.dumps(run), encoding="utf-8")
    outcome = ditcarbon("rerun", tmp_path / "report.json")
    assert "0.0.1 then" in outcome.err and "calibrations have changed" in outcome.err


@pytest.mark.parametrize("text", ["{}", '{"command": "sweep"}', "[1]", "no json"])
def test_a_file_that_is_no_manifest_is_refused_in_one_line(ditcarbon, tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    outcome = ditcarbon("rerun", path)
    assert outcome.code == 2 and outcome.err.count("\n") == 1 and "x.json" in outcome.err


def test_a_report_with_another_ending_is_refused_and_nothing_is_written(ditcarbon, tmp_path):
    outcome = ditcarbon(*ACCOUNT, "--report", tmp_path / "report.pdf")
    assert outcome.code == 2 and ".html, .md, .tex" in outcome.err
    assert not list(tmp_path.iterdir())


def test_differences_of_two_answers_are_their_numbers_alone():
    one, other = {"a": 1.0, "b": {"c": [1, 2]}, "warnings": ["x"]}, {"a": 1.0, "b": {"c": [1, 3]}, "warnings": ["y"]}
    assert manifest.differences(one, other) == [("b.c.1", 2.0, 3.0)]
    assert manifest.differences(one, {**one, "a": None}) == [("a", 1.0, None)]


def test_every_reference_of_the_bibliography_is_written_in_full():
    keys = re.findall(r"^@\w+\{(\w+),", (DATA / "sources.bib").read_text(encoding="utf-8"), re.M)
    assert sorted(handover.bibliography()) == sorted({*keys})
    assert all(len(x) > 20 and "{" not in x for x in handover.bibliography().values())


def test_a_video_is_counted_by_the_second_and_the_score_is_the_total_over_its_seconds(ditcarbon, tmp_path):
    command = ("estimate", "wan2.1-t2v-1.3b", "--gpu", "h100", "--place", "FR", "--batch", 2)
    text, run = written(ditcarbon, tmp_path / "report.md", *command)
    seconds = 2 * 81 / 16
    assert "functional unit: one second of video, 81 frames at 16 a second (diffusers2026examples" in text
    grams = run["answer"]["total_g"]["value"] / seconds
    assert f"= {significant(grams)} gCO2eq per second of video" in text
    assert handover.functional_unit("no-such-model", 49) == ("video of 49 frames", 1.0, "")


def test_every_frame_rate_has_a_source_and_is_of_a_video_model():
    for model, rate in read_toml(DATA / "frame_rates.toml").items():
        assert load().model(model).is_video and 5 < rate["frames_per_second"] < 61
        assert rate["source"].split(":")[0] in handover.bibliography()


def test_the_score_is_energy_times_intensity_plus_embodied_over_outputs():
    assert handover.score(2.0, 50.0, 10.0, 100.0, "image").endswith("= 1.100 gCO2eq per image")
    assert "R (--outputs) unknown" in handover.score(2.0, 50.0, 10.0, None, "image")
