"""Files of measured and published runs, of networks and of what a command wrote before: readers beside `test_files`."""

import json
import struct
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym.errors import InputError
from ditcarbon_sym.measure.table import COLUMNS as SWEPT, taken_up
from tests.catalog.released import as_saved, components, index
from tests.fuzz import strategies as own
from tests.fuzz.command import CASES, SCRATCH, cases, check, run
from tests.fuzz.test_files import FORMATS, REPORTS, SMALL, SWEEP

PUBLISHED = (
    "model", "gpu", "gpus", "split", "height", "width", "batch", "steps", "software", "precision", "cache", "time_s",
    "energy_j_per_output", "source", "why",
)  # fmt: skip
TOLD = (
    ("flux.1-dev", "h100-sxm-80gb", "", "", 1024, 1024, 1, 28, "", "", "", 6.71, "", "a page, 2024", ""),
    ("flux.1-dev", "h100-sxm-80gb", 2, "ulysses=2", 1024, 1024, 1, 28, "compile", "bf16", "", 3.4, 1900, "a page", "x"),
    ("sd3-medium", "l4", 1, "", 512, 512, 2, 20, "", "fp8", 0.2, 5.1, 300, "another page", ""),
)  # fmt: skip
LIST = ("model", "height", "width", "frames", "steps", "text_tokens", "references", "gpu", "gpus", "split", "software",
        "attention", "precision", "cache", "guidance_steps", "offload", "preset", "pue", "grid")  # fmt: skip
REQUESTS = (
    ("flux.1-dev", 1024, 768, 1, 28, 512, "", "h100", 2, "ulysses=2", "compile", "fa3", "fp8", "", "", "", "", 1.1, 40),
    ("wan2.1-t2v-14b", 480, 832, 81, "", "", "", "h100", "", "", "eager", "", "", 0.2, 0.5, "model", "", 1.2, 390),
    ("flux.1-dev", "", "", "", "", "", "", "l4", "", "", "", "", "nf4", "", "", "", "flux-dbcache-0.08", 1.2, 390),
)  # fmt: skip
MODES = {
    **{key: SWEEP[key] for key in ("resolution", "gpu")}, "model": "flux.1-dev", "gpus": [2], "software": "compile",
    "attention": "sdpa", "precision": ["bf16", "fp8"], "cache": [0.2], "split": "ulysses=2", "pue": "1.1,1.2",
    "grid": [50, 400], "boundary": "server", "guidance": 1, "text_tokens": 120,
    "lifetime_years": 4, "utilisation": 0.5, "guidance_steps": 1.0, "intervals": True, "skip": True,
}  # fmt: skip
HEADER = {
    "gpu": "mine", "device": "NVIDIA Mine", "dtype": "fp32", "attention": "sdpa", "compiled": False, "torch": "2.9",
    "diffusers": "0.35", "threads": 1, "driver": "550", "date": "2026-01-01", "idle_watt": 20.0, "tdp_watt": 300.0,
    "peak_flop_per_second": 1e14, "bandwidth_byte_per_second": 9e11, "peak_from": "measured",
}  # fmt: skip
MEASURED = tuple(
    ("dit-xl-2-256", "denoiser", side, side, "", batch, 20, 1, "", "ok", 20 * step, step, "", 3, 1, 30 * step, 200, 20,
     2, 675e6, *[""] * 5, "")
    for side, batch, step in ((256, 1, 0.02), (256, 4, 0.06), (512, 1, 0.07), (512, 4, 0.26), (768, 1, 0.17))
)  # fmt: skip
HOURS = tuple((zone, m, h, 100 + h + m) for zone in ("FRA", "DEU") for m in (1, 2) for h in range(24))
HOURS_OF_A_DAY = tuple((h, 100 + h) for h in range(24))
DATES = tuple((f"2025-01-0{day} {h:02d}:00", 80 + h) for day in (1, 2) for h in range(24))


@cases(0.022)
@given(runs=own.table(PUBLISHED, TOLD), more=st.one_of(st.none(), own.table(PUBLISHED, TOLD[:1])), how=FORMATS)
def test_any_published_runs(runs, more, how):
    line = ("scorecard", "runs.csv", "--add", "new.csv" if more is None else "more.csv", "--out", "o.json", *how)
    ran = run(line, {"runs.csv": runs, **({} if more is None else {"more.csv": more})})
    check(ran)
    if ran.code == 0 and more is None:  # what was written is read again, and has every run already
        again = run(("scorecard", "runs.csv", "--add", "new.csv"), {"runs.csv": runs, **ran.written})
        assert again.code == 0 and "added 0 of" in again.out, again


@cases(0.038)
@given(file=own.table(LIST, REQUESTS), ask=st.sampled_from(("sweep", "sweep", "pareto")), how=FORMATS)
def test_any_list_of_requests_in_modes(file, ask, how):
    check(run((ask, "--requests", "r.csv", *how), {"r.csv": file}))


@cases(0.038)
@given(file=own.toml(MODES), ask=st.sampled_from(("sweep", "sweep", "pareto")), how=FORMATS)
def test_any_sweep_file_in_modes(file, ask, how):
    check(run((ask, "s.toml", *how), {"s.toml": file}))


@cases(0.03)
@given(
    profile=st.one_of(
        st.tuples(own.table(("zone", "month", "hour", "gco2eq_per_kwh"), HOURS, 2), st.just(("--month", "1"))),
        st.tuples(own.table(("datetime", "gco2eq_per_kwh"), DATES, 2), st.just(())),
        st.tuples(own.table(("hour", "gco2eq_per_kwh"), HOURS_OF_A_DAY, 2), st.sampled_from(((), ("--month", "1")))),
    ),
    more=st.lists(st.sampled_from(("--outputs 5", "--earliest 3", "--deadline 30", "--deadline 9000")), max_size=2,
                  unique=True),
    how=FORMATS, report=REPORTS,
)  # fmt: skip
def test_any_profile_of_hours(profile, more, how, report):
    content, month = profile
    words = [word for option in more for word in option.split()]
    line = ("estimate", "sd3-medium", "--gpu", "h100", "--place", "FRA", "--profile", "p.csv", *words, *month)
    check(run((*line, *report, *how), {"p.csv": content}))


def told(header):
    """The lines on top of a sweep."""
    lines = header.decode("utf-8", "replace").splitlines()
    return "".join(f"#: {line}\n" for line in lines).encode()


SWEEPS = st.tuples(own.toml(HEADER, 2).map(told), own.table(SWEPT, MEASURED, 2)).map(b"".join)


@cases(0.015)
@given(file=SWEEPS, gpu=st.sampled_from(((), ("--gpu", "v100-pcie-16gb"))), how=FORMATS)
def test_any_sweep_that_was_measured(file, gpu, how):
    ran = run(("fit", "m.csv", "--law", "bgr", "--bootstrap", "0", "--out", "o.toml", *gpu, *how), {"m.csv": file})
    check(ran)
    check(run(("validate", "m.csv", *gpu, *how), {"m.csv": file}))


@cases(0.0075)
@given(file=SWEEPS)
def test_any_sweep_that_is_gone_on_with(file):
    with tempfile.TemporaryDirectory(dir=SCRATCH) as place:
        path = Path(place) / "m.csv"
        path.write_bytes(file)
        try:
            taken_up(path, HEADER)
        except InputError as error:
            assert str(error).isprintable()


@cache
def folders():
    """Every released pipeline as its folder: the content of each file."""
    found = {}
    for name in sorted(x.stem for x in own.pipelines()):
        parts = components(name)
        files = {f"p/{folder}/config.json": as_saved(content) for folder, content in parts.items()}
        listed = {
            folder: ["x", as_saved(content).get("_class_name", "T5EncoderModel")] for folder, content in parts.items()
        }
        found[name] = {"p/model_index.json": {**listed, **index(name)}, **files}
    return found


@cases(0.038)
@given(data=st.data(), how=FORMATS, ask=st.sampled_from((("count",), ("estimate", "--gpu", "h100"), (
    "train", "--steps", "1000", "--batch", "8"))))  # fmt: skip
def test_any_folder_of_a_released_pipeline(data, how, ask):
    files = folders()[data.draw(st.sampled_from(sorted(folders())))]
    changed = data.draw(st.sampled_from(sorted(files)))
    found = {name: json.dumps(content) for name, content in files.items()}
    check(run((*ask, "--config", "p", *how), {**found, changed: data.draw(own.of_json(files[changed]))}))


@cases(0.015)
@given(
    header=st.one_of(
        own.of_json({
            "__metadata__": {"format": "pt"}, "a": {"dtype": "F16", "shape": [1152, 4608], "data_offsets": [0, 9]},
            "b": {"dtype": "F16", "shape": [1152], "data_offsets": [9, 10]},
        }),
        st.lists(own.numbers, max_size=3).map(lambda x: json.dumps({"a": {"shape": x}}).encode()),
    ),
    length=st.one_of(st.none(), st.integers(0, 2**24 - 1)),
)  # fmt: skip
def test_any_file_of_weights(header, length):
    size = struct.pack("<Q", len(header) if length is None else length)
    check(run(("count", "--config", "w.safetensors"), {"w.safetensors": size + header}))


@cases(0.0037)
@given(data=st.data(), shard=st.sampled_from(((), ("--shard", "1/1"), ("--shard", "1/2"))))
def test_any_folder_of_a_sweep_that_is_gone_on_with(data, shard):
    line = ("sweep", "--model", "dit-xl-2-256", "--batch", "1,2", "--out", "d/")
    written = parquet(line)
    content = written["d/part-000000.parquet"]
    at, of = data.draw(st.integers(0, len(content))), data.draw(st.binary(max_size=4))
    files = {"d/part-000000.parquet": content[:at] + of + content[at + data.draw(st.integers(0, 9)) :]}
    check(run((*line, *shard), files))


@cache
def parquet(line):
    return run(line, {}).written


@cases(0.015)
@given(config=st.sampled_from(own.transformers()).flatmap(lambda x: own.of_json(as_saved(x))), how=FORMATS,
       file=own.toml(own.catalogue(), 1), gpu=st.sampled_from(("mine", "h100", "a100-sxm-80gb")))  # fmt: skip
def test_any_network_to_train(config, file, gpu, how):
    line = ("train", "--config", "config.json", "--catalog", "c.toml", "--gpu", gpu, "--steps", "1000", "--batch", "64")
    check(run((*line, *how), {"config.json": config, "c.toml": file}))


@pytest.mark.skipif(CASES < 2000, reason="a fit of the operator law takes seconds: make fuzz, or FUZZ_CASES=2000")
@cases(0.00022)
@given(file=SWEEPS)
def test_any_sweep_to_fit_the_operator_law_to(file):
    check(run(("fit", "m.csv", *SMALL), {"m.csv": file}, seconds=40))


@cases(0.0075)
@given(calibration=own.toml(own.shipped("calibrations/h100-sxm-80gb-roofline.toml"), 2), how=FORMATS,
       file=own.table(PUBLISHED, TOLD[:2], 1),
       mode=st.sampled_from(((), ("--software", "compile"), ("--cache", "0.2"))))  # fmt: skip
def test_any_calibration_to_score(calibration, file, how, mode):
    files = {"c.toml": calibration, "m.csv": file}
    check(run(("validate", "m.csv", "--calibration", "c.toml", *mode, *how), files))
