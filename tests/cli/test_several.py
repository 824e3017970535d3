"""--gpus and --split on the command line."""

import csv
import io
import json


def test_an_estimate_names_the_accelerators_and_their_split(ditcarbon):
    shown = ditcarbon("estimate", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--gpus", "4")
    assert "4 x h100-sxm-80gb" in shown.out and "ulysses=4" in shown.out
    found = json.loads(ditcarbon("estimate", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--gpus", "4", "--json").out)
    assert found["gpus"] == 4 and found["split"] == {"ulysses": 4, "ring": 1, "cfg": 1}


def test_a_wrong_split_is_one_line(refused):
    line = refused("estimate", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--gpus", "4", "--split", "ring=2")
    assert "is for 2 accelerators, but gpus = 4" in line


def test_a_sweep_over_accelerators_prints_both_columns(ditcarbon):
    shown = ditcarbon("sweep", "--model", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--gpus", "1:4:1")
    rows = list(csv.DictReader(io.StringIO(shown.out)))
    assert [row["gpus"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["split"] for row in rows] == ["none", "ulysses=2", "ulysses=3", "ulysses=4"]


def test_solve_answers_with_a_number_and_with_a_split(ditcarbon):
    shown = ditcarbon("solve", "hunyuanvideo", "--gpu", "h100-sxm-80gb", "--for", "gpus", "--budget-s", "1200").out
    assert "fewest accelerators" in shown and "fastest" in shown and "a second less" in shown
    shown = ditcarbon("solve", "hunyuanvideo", "--gpu", "h100-sxm-80gb", "--for", "split", "--gpus", "8", "--json").out
    assert json.loads(shown)["answer"] == "ulysses=8"


def test_measurements_of_several_accelerators_are_scored(ditcarbon, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text(
        "model,gpu,gpus,ulysses,ring,height,width,batch,steps,time_s\n"
        "flux.1-dev,h100-sxm-80gb,4,4,1,1024,1024,1,28,2.5\nflux.1-dev,h100-sxm-80gb,1,,,1024,1024,1,28,6.5\n"
    )
    found = json.loads(ditcarbon("validate", str(table), "--json").out)
    assert [row["request"].get("gpus") for row in found["rows"]] == [4, 1]
    assert found["rows"][0]["predicted"] < found["rows"][1]["predicted"] / 2
