"""A name as people type it is understood wherever a name is read, and an ambiguous one is refused there."""

import csv
import io
import json

import pytest

TYPED, MEANT = ("FLUX.1-dev", "H100", "Norway"), ("flux.1-dev", "h100-sxm-80gb", "NOR")


def commands(model, gpu, place):
    """Every way of the command line to say these names."""
    where = ("--gpu", gpu, "--datacenter", place)
    return {
        "estimate": ("estimate", model, *where),
        "uncertainty": ("uncertainty", model, *where),
        "sensitivity": ("sensitivity", model, *where, "--no-sobol"),
        "solve": ("solve", model, *where, "--budget-g", "1", "--for", "steps"),
        "compare": ("compare", f"{model},gpu={gpu}", f"{model},gpu={gpu},steps=9", "--datacenter", place),
        "sweep": ("sweep", "--model", model, *where, "--steps", "9"),
        "pareto": ("pareto", "--model", model, *where, "--steps", "9,10"),
        "plan-calibration": ("plan-calibration", gpu, "--models", "pixart_alpha", "--number", "1"),
        "count": ("count", model),
        "formula": ("formula", "F_block", "--model", model),
    }


def answers(outcome):
    """What was printed, without what repeats the names as typed and says how they were read."""
    lines = [line for line in outcome.out.splitlines() if not line.startswith("  A ") and not line.startswith("  B ")]
    return lines, [line for line in outcome.err.splitlines() if "is read as" not in line]


@pytest.mark.parametrize("name", commands(*TYPED))
def test_a_typed_name_gives_the_answer_of_the_id(name, ditcarbon):
    typed, meant = ditcarbon(*commands(*TYPED)[name]), ditcarbon(*commands(*MEANT)[name])
    assert meant.code == 0 and answers(typed) == answers(meant)


@pytest.mark.parametrize("name", [x for x in commands(*TYPED) if x not in ("count", "formula")])
def test_an_ambiguous_accelerator_is_refused_with_its_candidates_alone(name, refused):
    message = refused(*commands("flux.1-dev", "a100", "Norway")[name])
    assert "may mean a100-pcie-40gb, a100-pcie-80gb, a100-sxm-40gb, a100-sxm-80gb" in message and "a10g" not in message


def test_a_list_of_requests_names_its_rows_as_people_do(ditcarbon, tmp_path):
    path = tmp_path / "requests.csv"
    path.write_text("model,gpu,datacenter,steps\nPixArt Alpha,h100,Norway,20\npixart-alpha,h100-sxm-80gb,NOR,20\n")
    rows = list(csv.DictReader(io.StringIO(ditcarbon("sweep", "--requests", path).out)))
    assert rows[0] == rows[1] and rows[0]["model"] == "pixart-alpha" and rows[0]["gpu"] == "h100-sxm-80gb"


def test_two_spellings_of_a_model_are_one_group_of_a_fit(ditcarbon, tmp_path):
    text = "model,gpu,height,width,batch,mu\n" + "".join(
        f"{name},V100 PCIe,{side},{side},{batch},{mu}\n"
        for name, side, batch, mu in [
            ("PixArt Alpha", 512, 1, 0.33), ("pixart-alpha", 512, 4, 0.37), ("pixart_alpha", 1024, 1, 0.35),
            ("PIXART-ALPHA", 1024, 4, 0.38),
        ]
    )  # fmt: skip
    path = tmp_path / "sweep.csv"
    path.write_text(text)
    found = ditcarbon("fit", path, "--law", "bgr")
    assert "4 rows, 1 model" in found.out, found


def test_a_price_is_for_the_accelerator_that_its_name_means(ditcarbon, refused):
    wanted = ("sweep", "--model", "pixart-alpha", "--gpu", "h100-sxm-80gb", "--steps", "9", "--price-per-hour")
    assert ditcarbon(*wanted, "H100=2").out == ditcarbon(*wanted, "h100-sxm-80gb=2").out != ""
    assert "may mean a100-pcie-40gb, a100-pcie-80gb, a100-sxm-40gb, a100-sxm-80gb" in refused(*wanted, "a100=2")


def test_json_holds_the_id(ditcarbon):
    found = json.loads(ditcarbon("estimate", "wan2.1 t2v 14b", "--gpu", "b200", "--json").out)
    assert (found["model"], found["gpu"]) == ("wan2.1-t2v-14b", "b200-sxm")
