"""Measuring on the processor: real networks, their parameters, an end-to-end calibration, a sweep that is killed."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hypothesis import find, settings

from ditcarbon_sym.catalog import stages
from ditcarbon_sym.measure import networks
from ditcarbon_sym.measure.inputs.tensors import made
from tests.verify.configurations import VARIED, configurations

SMALL = ("--device", "cpu", "--models", "dit-xl-2-256", "--batches", "1", "--steps", "1", "--threads", "1",
         "--stages", "denoiser")  # fmt: skip


def ditcarbon(*arguments, check=True):
    command = [sys.executable, "-m", "ditcarbon_sym", *(str(x) for x in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not check, done.stderr
    return done


def rows(path):
    return list(csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#")))


@pytest.mark.filterwarnings("ignore:In CPU autocast")  # Mochi asks for 32 bits, which a processor computes in anyway
@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")  # Kandinsky 5 normalises in 32 bits
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("kind", sorted(networks.DENOISERS))
def test_every_class_runs_on_real_tensors_of_a_batch(kind, precision):
    """A made-up small network of the class: the description of its inputs is complete, and its output is finite."""
    released = networks.RELEASED_AS.get(kind, kind)
    drawn = find(configurations(released), lambda _: True, settings=settings(database=None, derandomize=True))
    fields = {**drawn, "_class_name": kind}
    net = networks.random_weights("cpu", precision, lambda: networks.build(fields))
    networks.PATCHES.get(released, lambda net: None)(net)
    ours = stages.made(fields)
    side = 8 * ours.patch
    frames = 2 * ours.patch_frames if ours.is_video else 1
    inputs = networks.DENOISERS[kind](net, 2, side, side, frames, ours.text_tokens_fixed or 20)
    with torch.inference_mode():
        found = net(**made(inputs, "cpu", precision))
    outputs = getattr(found, "sample", found[0])
    assert all(torch.isfinite(x).all() for x in (outputs if isinstance(outputs, list) else [outputs]))


def test_random_weights_keep_activations_as_large_as_they_came_and_what_the_class_keeps_in_32_bits():
    fields = networks.configuration("wan2.1-t2v-1.3b")
    net = networks.random_weights("cpu", torch.bfloat16, lambda: networks.build({**fields, "num_layers": 1}))
    kinds = {weight.dtype for weight in net.parameters()}
    assert kinds == {torch.bfloat16, torch.float32}
    weight = net.blocks[0].attn1.to_q.weight
    assert weight.dtype == torch.bfloat16
    assert 0.9 < float(weight.float().std()) * weight.shape[1] ** 0.5 < 1.1
    assert net.blocks[0].scale_shift_table.dtype == torch.float32


def test_no_two_projections_are_alike_and_tokens_stay_apart():
    """Equal rows would draw less power than a trained network does: what is multiplied decides what is drawn."""
    torch.manual_seed(0)
    fields = networks.configuration("wan2.1-t2v-1.3b")
    net = networks.random_weights("cpu", torch.bfloat16, lambda: networks.build({**fields, "num_layers": 6}))
    networks.PATCHES.get("WanTransformer3DModel", lambda net: None)(net)
    networks.sharpened(net)
    first, second = net.blocks[0].attn1, net.blocks[1].attn1
    assert not torch.equal(first.to_q.weight, first.to_k.weight)
    assert not torch.equal(first.to_v.weight, second.to_v.weight)
    seen = []

    def look(module, arguments):
        rows = arguments[0].float().reshape(-1, arguments[0].shape[-1])
        seen.append(float(rows.var(dim=0).mean() / (rows**2).mean()))

    for block in net.blocks:
        block.attn1.to_q.register_forward_pre_hook(look)
        block.ffn.net[0].proj.register_forward_pre_hook(look)
    with torch.inference_mode():
        net(**made(networks.DENOISERS["WanTransformer3DModel"](net, 1, 16, 16, 3, 64), "cpu", torch.bfloat16))
    assert min(seen) > 0.1, seen


def test_a_network_that_is_not_as_large_as_counted_is_refused(monkeypatch):
    fields = dict(networks.configuration("pixart-alpha"))
    monkeypatch.setattr(networks, "configuration", lambda model: {**fields, "num_layers": 1})
    with pytest.raises(networks.InputError, match=r"by torch, 611,349,152 in the catalogue: not measured"):
        networks.denoiser("pixart-alpha", "cpu", torch.bfloat16)


def test_measure_fit_and_estimate_work_without_an_accelerator(tmp_path):
    sweep, mine = tmp_path / "sweep.csv", tmp_path / "mine.toml"
    start = time.monotonic()
    ditcarbon("measure", "--device", "cpu", "--quick", "--out", sweep)
    ditcarbon("fit", sweep, "--out", mine)
    told = ditcarbon("estimate", "dit-xl-2-256", "--resolution", 512, "--calibration", mine, "--json").stdout
    found = json.loads(told)
    assert found["time_s"]["value"] > 0
    assert found["energy_wh"]["value"] is None and found["total_g"]["value"] is None
    measured = rows(sweep)
    denoisers = [row for row in measured if row["stage"] == "denoiser" and row["status"] == "ok"]
    assert {row["status"] for row in measured if row["stage"] != "idle"} == {"ok"} and denoisers
    measured = [row for row in measured if row["stage"] != "idle"]
    for row in measured:
        assert int(row["parameters"]) == stages.shipped(row["model"]).weights()[row["stage"]]
        if not Path("/sys/class/powercap").exists():
            assert row["energy_j"] == row["power_w"] == ""
    assert time.monotonic() - start < 240


def test_a_sweep_that_is_killed_goes_on_where_it_was(tmp_path):
    path = tmp_path / "sweep.csv"
    arguments = ("measure", *SMALL, "--resolutions", "32,48,64", "--out", path)
    running = subprocess.Popen([sys.executable, "-m", "ditcarbon_sym", *map(str, arguments)], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while (not path.exists() or len(rows(path)) < 1) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    before = rows(path)
    assert 1 <= len(before) < 3
    assert "is there already" in ditcarbon(*arguments, check=False).stderr
    ditcarbon(*arguments, "--resume")
    after = rows(path)
    assert after[: len(before)] == before
    assert sorted(row["height"] for row in after) == ["32", "48", "64"]


def test_attention_by_its_parts_and_half_precision_run(tmp_path):
    path = tmp_path / "sweep.csv"
    told = ditcarbon(
        "measure", *SMALL, "--attention", "eager", "--dtype", "bf16", "--resolutions", "32", "--json", "--out", path
    )
    found = json.loads(told.stdout)
    assert found["device"]["attention"] == "eager" and found["device"]["dtype"] == "bf16"
    assert found["rows"] == {"ok": 1}


def test_an_accelerator_that_is_not_there_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    done = ditcarbon("measure", "--out", tmp_path / "sweep.csv", check=False)
    assert done.returncode == 2 and "no CUDA device is available" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not list(tmp_path.iterdir())


def test_every_class_is_varied():
    assert {networks.RELEASED_AS.get(kind, kind) for kind in networks.DENOISERS} == set(VARIED)
