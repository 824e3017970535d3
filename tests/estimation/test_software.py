"""The software that an estimate rests on."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.files import DATA, read_toml
from ditcarbon_sym.catalog.loading import load_calibration
from ditcarbon_sym.estimation.software import FIELDS, known_software, software_of

SHIPPED = sorted([*(DATA / "calibrations").glob("*.toml"), *(DATA / "transfers").glob("*.toml")])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_source_of_a_shipped_calibration_says_what_it_ran(path):
    keys = [part.partition(":")[0].strip() for part in read_toml(path)["data"]["source"].split(";")]
    assert keys and set(keys) <= set(known_software())


def test_every_source_of_software_is_in_the_bibliography_and_says_where_it_says_so():
    known = set(re.findall(r"^@\w+\{([^,]+),", (DATA / "sources.bib").read_text(encoding="utf-8"), re.M))
    for key, told in known_software().items():
        assert key in known and told["sources"] and set(told) <= {*FIELDS, "sources"}


@pytest.mark.parametrize("gpu", ["h100-sxm-80gb", "v100-pcie-16gb", "rtx-4090"])
def test_the_software_stands_in_the_basis_as_text_and_as_json(ditcarbon, gpu):
    rows = json.loads(ditcarbon("estimate", "pixart-alpha", "--gpu", gpu, "--json").out)["basis"]["software"]
    shown = ditcarbon("estimate", "pixart-alpha", "--gpu", gpu).out
    assert rows and "  software " in shown
    for row in rows:
        lines = [x.removeprefix("  software").strip() for x in shown.splitlines()]
        (line,) = [x for x in lines if x.startswith(f"{row['source']}: ")]
        assert all(value in line for value in row.values() if value is not None)
        unknown = [name for name, value in row.items() if value is None]
        assert not unknown or f"unknown: {', '.join(unknown)}" in line


def test_the_benchmark_of_the_h100_ran_eager_pytorch_in_bf16_with_flash_attention_2():
    found = estimate("flux.1-dev", gpu="h100-sxm-80gb").basis["software"][0]
    assert "eager PyTorch" in found["framework"] and found["precision"] == "bf16"
    assert found["attention"] == "FlashAttention 2" and found["diffusers"] == "0.35.2 or later"


def test_a_sweep_of_ones_own_says_what_it_was_measured_with():
    shipped = load_calibration(Path(DATA / "calibrations" / "h100-sxm-80gb-roofline.toml"))
    told = {"file": "sweep.csv", "dtype": "fp16", "attention": "sdpa", "torch": "2.9.1", "diffusers": "0.42.0",
            "compiled": True}  # fmt: skip
    (found,) = software_of(replace(shipped, data=told))
    assert found == {
        "source": "sweep.csv", "framework": "compiled PyTorch, diffusers", "precision": "fp16", "attention": "sdpa",
        "torch": "2.9.1", "diffusers": "0.42.0",
    }  # fmt: skip
    (unsaid,) = software_of(replace(shipped, data={"file": "rows.csv"}))
    assert unsaid == {"source": "rows.csv", **dict.fromkeys(FIELDS)}


def test_a_measured_efficiency_does_not_say_with_what_it_was_measured(ditcarbon):
    assert "software     unknown" in ditcarbon("estimate", "pixart-alpha", "--mu", 0.4).out
