"""A scorecard of published runs: what an outsider's file needs, what stands beside the law, and a file that grows."""

import csv
import json

import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.calibration.scorecard import COLUMNS, CONSTANT, IDEAL, LAW, PAPER, scorecard

HEADER = "model,gpu,gpus,split,height,width,batch,steps,text_tokens,time_s,energy_j_per_output,source"
RUNS = (
    "flux.1-dev,h100-sxm-80gb,,,1024,1024,1,28,,6.71,,xDiT's performance notes (2024)",
    'flux.1-dev,h100-sxm-80gb,4,ulysses=4,1024,1024,1,28,,4.24,,"xDiT\'s performance notes (2024)"',
    "sd3-medium,h100-sxm-80gb,,,1024,1024,2,28,333,2.118,1200,a blog",
)


@pytest.fixture
def published(tmp_path):
    def write(*runs, header=HEADER, name="published.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *runs]) + "\n")
        return path

    return write


def test_every_run_is_predicted_by_the_law_and_by_the_simpler_ways_that_answer(published):
    one, several, time, energy = scorecard(published(*RUNS)).runs
    assert one.ratios[LAW] == pytest.approx(
        estimate("flux.1-dev", gpu="h100-sxm-80gb", resolution=1024, steps=28).time_s.value / 6.71
    )
    paper = estimate("flux.1-dev", gpu="h100-sxm-80gb", resolution=1024, steps=28, efficiency="bgr").time_s.value
    assert one.ratios[PAPER] == pytest.approx(paper / 6.71) and IDEAL not in one.ratios
    assert several.ratios[IDEAL] == pytest.approx(one.ratios[LAW] * 6.71 / 4 / 4.24) and PAPER not in several.ratios
    assert (time.scored.target, energy.scored.target) == ("time", "energy") and energy.scored.measured == 2400.0


def test_one_efficiency_is_that_of_the_other_models_and_energy_is_rated_power_for_its_time(published):
    """The same work at the same efficiency: the run that another model's efficiency predicts without error."""
    work = {
        x: estimate(x, gpu="h100-sxm-80gb", resolution=1024, steps=20).flops["total"]
        for x in ("sd3-medium", "flux.1-dev")
    }
    seconds = {x: flop / (0.4 * 989.4e12) for x, flop in work.items()}
    rows = [f"{x},h100-sxm-80gb,,,1024,1024,1,20,,{value},{700 * value},made up" for x, value in seconds.items()]
    for x in scorecard(published(*rows)).runs:
        assert x.ratios[CONSTANT] == pytest.approx(1.0, rel=1e-6)
    assert all(CONSTANT not in x.ratios for x in scorecard(published(RUNS[0])).runs)


def test_runs_are_added_to_a_file_once_and_its_comments_stay(ditcarbon, published, tmp_path):
    path, kept = published(*RUNS), tmp_path / "runs.csv"
    assert "added 3 of 3 runs" in ditcarbon("scorecard", path, "--add", kept).out
    kept.write_text("# kept by hand\n" + kept.read_text())
    more = published(*RUNS, RUNS[0].replace("6.71", "6.9"), name="more.csv")
    assert "added 1 of 4 runs" in ditcarbon("scorecard", more, "--add", kept).out
    assert kept.read_text().startswith("# kept by hand\n")
    rows = list(csv.DictReader(kept.read_text().splitlines()[1:]))
    assert [row["time_s"] for row in rows] == ["6.71", "4.24", "2.118", "6.9"]
    assert tuple(rows[0]) == tuple(x for x in COLUMNS if x in rows[0])
    assert len(scorecard(kept).runs) == 5


def test_the_table_has_a_line_for_each_source_and_json_has_every_run(ditcarbon, published):
    path = published(*RUNS)
    told = ditcarbon("scorecard", path).out
    for words in ("xDiT's performance notes (2024)", "a blog", "all", "the law (%)", "ideal scaling (%)", "no answer"):
        assert words in told
    runs = json.loads(ditcarbon("scorecard", path, "--json").out)["runs"]
    assert len(runs) == 4 and runs[0]["source"] == "xDiT's performance notes (2024)" and LAW in runs[0]["ratios"]


@pytest.mark.parametrize(("row", "words"), [
    ("flux.1-dev,h100-sxm-80gb,,,1024,1024,1,28,,6.71,,", "row 1: source is empty: who published the run, and where"),
    ("flux.1-dev,,,,1024,1024,1,28,,6.71,,a blog", "row 1: gpu is empty: what it ran on"),
    ("flux.1-dev,h100-sxm-80gb,,,1024,1024,1,28,,,4000,a blog", "row 1: a published run is of a whole request"),
    ("no-such-model,h100-sxm-80gb,,,1024,1024,1,28,,6.71,,a blog", "row 1: unknown model"),
])  # fmt: skip
def test_a_run_without_source_accelerator_or_seconds_is_refused_in_one_line(refused, published, tmp_path, row, words):
    path = published(row)
    assert words in refused("scorecard", path, "--add", tmp_path / "runs.csv")
    assert not (tmp_path / "runs.csv").exists()


def test_a_file_that_lacks_a_column_is_not_added_to(refused, published):
    header = "model,gpu,height,width,batch,steps,time_s,source"
    kept = published("flux.1-dev,h100-sxm-80gb,1024,1024,1,28,7,a", header=header, name="kept.csv")
    before = kept.read_text()
    assert "has no column 'gpus'" in refused("scorecard", published(*RUNS), "--add", kept)
    assert kept.read_text() == before
