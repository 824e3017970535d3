"""What fuzzing by hand and by machine has found, each stated once more: none of it may come back."""

import csv
import io
import json
import struct
import time
import tomllib

import numpy as np
import pytest
import tomli_w

from ditcarbon_sym.catalog import stages
from ditcarbon_sym.estimation.footprint.hours import best_start
from ditcarbon_sym.estimation.several.work import exchanged
from ditcarbon_sym.reports.formats import Mathematics, tex
from tests.fuzz import strategies as own
from tests.fuzz.command import INPUT, SCRIPT, check, run

FOUR = (  # the bootstrap of these rows, which several values explain, once took minutes
    "model,height,width,batch,mu\nflux.1-dev,768,768,8,0.3908\nsd3-medium,768,768,1,0.4321\nflux.1-dev,512,512,1,0.0598\n"
    "dit-xl-2-512,512,512,2,0.5373\n"
)


def test_a_width_of_nothing_inside_a_network_is_refused():
    table = {**stages.released("sana-1.6b")["transformer"], "mlp_ratio": 0}
    ran = run(("count", "--config", "config.json"), {"config.json": json.dumps(table)})
    check(ran)
    assert ran.code == 2 and "make no network" in ran.err


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


@pytest.mark.parametrize("month", ["inf", "nan", "x", "13", "1e3"])
def test_a_month_that_is_none_is_refused(month):
    profile = f"month,hour,gco2eq_per_kwh\n{month},0,100\n"
    line = ("estimate", "sd3-medium", "--gpu", "h100", "--place", "FRA", "--profile", "p.csv", "--month", "1")
    ran = run(line, {"p.csv": profile})
    check(ran)
    assert ran.code == 2 and "is none of 1..12" in ran.err


@pytest.mark.parametrize("told", [
    "a" + ".a" * 50_000 + " = 1", "a = " + "9" * 5000, "a = " + "[" * 5000, "a = '\x1b[2J'", "gpu = ['x']", "a =",
    "attention = [inf]", "driver = nan", "date = 2026-01-01", "dtype = {a = [{b = -inf}]}", "idle_watt = 1e400",
], ids=lambda x: x[:12])  # fmt: skip
def test_any_lines_on_top_of_a_sweep_are_answered_in_time(told):
    rows = FOUR.replace("\n", ",denoiser,ok\n").replace("mu,denoiser,ok", "mu,stage,status")
    for line in (
        ("fit", "m.csv", "--law", "bgr", "--bootstrap", "0", "--gpu", "v100-pcie-16gb"),
        ("validate", "m.csv"),
    ):
        check(run((*line, "--json"), {"m.csv": f"#: {told}\n{rows}"}))


@pytest.mark.parametrize("shape", [
    [10**4000, 10**4000], [10**12] * 9, ["a", 10**13], "x", [-1], [True], {}, [10**4000] * 5_000, [0.5], [[1]],
], ids=lambda x: str(x)[:8] if len(x) < 3 else "many")  # fmt: skip
def test_weights_of_a_shape_that_no_tensor_has_are_refused(shape):
    header = json.dumps({"a": {"shape": shape}}).encode()
    ran = run(("count", "--config", "w"), {"w": struct.pack("<Q", len(header)) + header})
    check(ran)
    assert ran.code == 2


@pytest.mark.parametrize("places", [("--place", "FRA,DEU"), ("--pue", "1.1,1.2", "--grid", "50,0,400")])
def test_intervals_of_several_places_are_those_of_each(places):
    line = ("sweep", "--model", "flux.1-dev", "--gpu", "h100", "--batch", "1,2", "--boundary", "server", "--intervals")

    def rows(*where):
        ran = run((*line, *where), {})
        check(ran)
        return list(csv.DictReader(ran.out.splitlines()))

    name, *values = places
    alone = [(name, x) for x in values[0].split(",")] if len(values) == 1 else [
        (name, x, values[1], y) for x in values[0].split(",") for y in values[2].split(",")
    ]  # fmt: skip
    together = rows(*places)
    for where in alone:
        for row in rows(*where):
            same = [x for x in together if (x["datacenter"], x["batch"]) == (row["datacenter"], row["batch"])]
            for column in row:
                if column.endswith(("_low", "_high")):
                    assert float(same[0][column]) == pytest.approx(float(row[column]), rel=1e-12)


def test_a_job_in_a_profile_of_many_years_is_answered_in_time():
    grams = np.random.default_rng(1).uniform(50, 500, 24 * 366 * 10)
    began = time.process_time()
    start, then, now = best_start(grams, 5.5, float(len(grams)), 0.25)
    assert time.process_time() - began < 5
    assert (
        then <= now
        and then == pytest.approx(_mean(grams, start, 5.5))
        and now == pytest.approx(_mean(grams, 0.25, 5.5))
    )


def _mean(grams, start, hours):
    parts = [max(0.0, min(start + hours, k + 1) - max(start, k)) for k in range(len(grams[: int(start + hours) + 2]))]
    return float(np.dot(parts, grams[: len(parts)])) / hours


def test_every_released_network_says_what_a_split_exchanges():
    for name in sorted(stages.shipped_ids()):
        networks = stages.shipped(name)
        moved, layers = exchanged(networks, references=False)
        assert layers.is_number and (moved != 0) == (layers > 0), name


@pytest.mark.parametrize("model", ["latte-1", "open-sora-1.2"])
def test_attention_within_frames_is_split_and_trained(model):
    check(run(("estimate", model, "--gpu", "h100", "--gpus", "2"), {}))
    assert run(("train", model, "--gpu", "h100", "--steps", "1000", "--batch", "8"), {}).code == 0


def test_published_runs_are_added_as_text_and_not_twice():
    hostile = "=cmd|'/C calc'!A0", "\x1b[2J\u202e", "two\nlines", "'=1+1"
    buffer = io.StringIO()
    told = ("flux.1-dev", "h100-sxm-80gb", 1024, 1024, 1, 28)
    header = ("model", "gpu", "height", "width", "batch", "steps", "time_s", "source", "why")
    csv.writer(buffer).writerows([header, *((*told, 6 + k, x, x) for k, x in enumerate(hostile))])
    line, files = ("scorecard", "runs.csv", "--add", "all.csv"), {"runs.csv": buffer.getvalue()}
    first = run(line, files)
    check(first)
    again = run(line, {**files, **first.written})
    for column in ("\x9b31m", "=1+1"):
        ran = run(line, {"runs.csv": buffer.getvalue().replace("why", column, 1)})
        check(ran)
        assert ran.code == 2 and "no name of letters" in ran.err
    assert "added 4 of 4" in first.out and "added 0 of 4" in again.out, (first, again)


@pytest.mark.parametrize("deadline", ["1e9", "inf", "nan", "0", "-1", "9" * 400])
def test_a_deadline_of_no_month_is_refused(deadline):
    line = ("route", "s.csv", "--places", "FRA,DEU", "--capacity", "8", "--gpu", "h100", "--deadline", deadline)
    ran = run(line, {"s.csv": "model,count\nflux.1-dev,100\n"})
    check(ran)
    assert ran.code == 2 and "deadline" in ran.err


@pytest.mark.parametrize("how", [("--json",), ("--report", "r.md")])
def test_hours_in_which_accelerators_lack_are_written_as_json(how):
    rows = "model,count,deadline,latency\n" + "flux.1-dev,4000,12,batch\n" * 5
    profile = "zone,hour,gco2eq_per_kwh\n" + "".join(f"{z},{h},{100 + h}\n" for z in ("FRA", "DEU") for h in range(24))
    line = ("route", "s.csv", "--places", "FRA,DEU", "--capacity", "8", "--gpu", "h100", "--profile", "p.csv", *how)
    ran = run(line, {"s.csv": rows, "p.csv": profile})
    check(ran)
    assert ran.code == 0


def test_a_part_of_a_folder_with_a_column_that_is_no_text_is_refused():
    line = ("sweep", "--model", "dit-xl-2-256", "--out", "d/")
    content = run(line, {}).written["d/part-000000.parquet"]
    ran = run(line, {"d/part-000000.parquet": content.replace(b"datacenter", b"\xcfatacenter")})
    check(ran)
    assert ran.code == 2
