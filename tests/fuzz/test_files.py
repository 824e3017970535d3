"""Every reader of a user's file, with files that are almost right: a harmless answer, or one line that refuses."""

import json
import tomllib

import pytest
from hypothesis import given, strategies as st

from tests.catalog.released import as_saved
from tests.fuzz import strategies as own
from tests.fuzz.command import CASES, cases, check, run

FORMATS = st.sampled_from(((), ("--json",), ("--markdown",), ("--latex",), ("--csv",)))
REPORTS = st.sampled_from(((), (), ("--report", "r.html"), ("--report", "r.md"), ("--report", "r.tex")))
SMALL = ("--gpu", "v100-pcie-16gb")
MEASURED = ("model", "height", "width", "batch", "steps", "mu", "time_s", "energy_j", "gpu", "note")
RUNS = tuple(
    ("pixart-alpha", side, side, batch, 20, mu, side * side * batch / 2e5, 300 + side, "v100-pcie-16gb", "x")
    for side, batch, mu in ((512, 1, 0.2), (512, 4, 0.3), (768, 1, 0.25), (1024, 1, 0.31), (1024, 4, 0.35))
)
CODECARBON = (
    "project_name", "run_id", "duration", "emissions", "gpu_energy", "energy_consumed", "gpu_count", "gpu_model", "pue",
    "country_iso_code", "cloud_provider", "cloud_region",
)  # fmt: skip
EMISSIONS = (
    ("p", "r1", 6.9, 0.001, 0.0012, 0.0015, 1, "1 x NVIDIA H100 80GB HBM3", 1.0, "USA", "gcp", "us-central1"),
    ("p", "r2", 7.9, 0.001, 0.0013, 0.0016, 1, "1 x NVIDIA H100 80GB HBM3", 1.0, "USA", "gcp", "us-central1"),
)
ASKED = ("run_id", "model", "height", "width", "batch", "steps", "repeats")
WISHES = (("r1", "flux.1-dev", 1024, 1024, 1, 28, 1), ("r2", "flux.1-dev", 1024, 1024, 1, 28, 2))
ZEUS = ("start_time", "window_name", "elapsed_time", "gpu0_energy", "gpu1_energy")
WINDOWS = ((1, "epoch", 1800, 1800000, 1800000), (2, "epoch", 1800, 1800000, 1800000))
LIST = ("model", "resolution", "frames", "batch", "steps", "guidance", "gpu", "datacenter")
REQUESTS = (
    ("pixart-alpha", 512, 1, 1, 20, 2, "v100-pcie-16gb", "us-average"),
    ("flux.1-dev", 1024, 1, 2, 28, 1, "h100", "FRA"),
)
CLASSES = ("model", "batch", "count", "arrival", "deadline", "latency", "residency")
SERVICE = (("flux.1-dev", 1, 1000, 0, 12, "batch", ""), ("sd3-medium", 1, 500, 2, 24, "interactive", "France"))
SWEEP = {
    "model": ["pixart-alpha", "flux.1-dev"], "resolution": "512:1024:512", "batch": [1, 2], "steps": 20,
    "gpu": ["h100"],
    "datacenter": "FRA,DEU", "price_per_hour": {"h100-sxm-80gb": 2.5}, "where": "time_s<500", "top": 3, "by": "time_s",
}  # fmt: skip


@cases(0.11)
@given(file=own.toml(own.catalogue()), how=FORMATS, ask=st.integers(0, 4), report=REPORTS)
def test_any_catalogue(file, how, ask, report):
    lines = (
        ("gpus",), ("models",), ("datacenters",),
        ("estimate", "mine", "--gpu", "mine", "--place", "mine", "--mu", "0.3", *report),
        ("estimate", "pixart-alpha", "--gpu", "mine", *report),
    )  # fmt: skip
    check(run((*lines[ask], "--catalog", "c.toml", *how), {"c.toml": file}))


@cases(0.11)
@given(
    file=st.sampled_from(("v100-pcie-16gb", "h100-sxm-80gb-roofline", "rtx-4090-roofline")).flatmap(
        lambda x: own.toml(own.shipped(f"calibrations/{x}.toml"))
    ),
    how=FORMATS, ask=st.sampled_from(("estimate", "estimate", "uncertainty", "sweep")), report=REPORTS,
)  # fmt: skip
def test_any_calibration(file, how, ask, report):
    gpu = "h100-sxm-80gb" if b"h100" in file else "rtx-4090" if b"4090" in file else "v100-pcie-16gb"
    line = {
        "estimate": ("estimate", "sd3-medium", *report),
        "uncertainty": ("uncertainty", "sd3-medium", "--draws", "1000"),
        "sweep": ("sweep", "--model", "sd3-medium", "--intervals"),
    }[ask]  # fmt: skip
    check(run((*line, "--gpu", gpu, "--calibration", "c.toml", *how), {"c.toml": file}))


@cases(0.075)
@given(file=own.toml(SWEEP), ask=st.sampled_from(("sweep", "sweep", "pareto")), how=FORMATS)
def test_any_sweep_file(file, ask, how):
    check(run((ask, "s.toml", *how), {"s.toml": file}))


@cases(0.06)
@given(file=own.table(LIST, REQUESTS), ask=st.sampled_from(("sweep", "sweep", "pareto")), how=FORMATS)
def test_any_list_of_requests(file, ask, how):
    check(run((ask, "--requests", "r.csv", *how), {"r.csv": file}))


@cases(0.075)
@given(
    config=st.sampled_from(own.transformers()).flatmap(lambda x: own.of_json(as_saved(x))), how=FORMATS,
    ask=st.sampled_from((("count", "--by", "operator"), ("estimate", "--gpu", "h100"), ("estimate", "--gpu", "l4"))),
)  # fmt: skip
def test_any_configuration_of_a_transformer(config, how, ask):
    check(run((*ask, "--config", "config.json", *how), {"config.json": config}))


@cases(0.045)
@given(index=own.of_json({
    "_class_name": "FluxPipeline", "_diffusers_version": "0.32", "transformer": ["diffusers", "FluxTransformer2DModel"],
    "vae": ["diffusers", "AutoencoderKL"], "text_encoder": ["transformers", "CLIPTextModel"], "scheduler": [None, None],
}), vae=own.of_json({
    "_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512], "latent_channels": 16,
    "layers_per_block": 2,
    "down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4, "norm_num_groups": 32,
    "in_channels": 3, "out_channels": 3, "act_fn": "silu", "mid_block_add_attention": True, "use_quant_conv": False,
}), text=own.of_json({
    "architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "hidden_size": 768, "intermediate_size": 3072,
    "num_attention_heads": 12, "num_hidden_layers": 12, "max_position_embeddings": 77, "vocab_size": 49408,
    "projection_dim": 768,
}), how=FORMATS, ask=st.sampled_from(("count", "estimate")))  # fmt: skip
def test_any_folder_of_a_pipeline(index, vae, text, how, ask):
    transformer = json.dumps(own.shipped("pipelines/flux.1-dev.toml")["transformer"])
    files = {
        "p/model_index.json": index, "p/vae/config.json": vae, "p/text_encoder/config.json": text,
        "p/transformer/config.json": transformer,
    }  # fmt: skip
    check(run((ask, "--config", "p", *how), files))


@cases(0.015)
@given(file=own.table(MEASURED, RUNS), law=st.sampled_from(((), ("--law", "bgr"))), how=FORMATS)
def test_any_measurements_to_fit(file, law, how):
    line = ("fit", "m.csv", *SMALL, "--bootstrap", "0", "--out", "o.toml", *law, *how)
    ran = run(line, {"m.csv": file})
    check(ran)
    if ran.code == 0:
        written = ran.written["o.toml"]
        tomllib.loads(written.decode())
        check(run(("estimate", "pixart-alpha", *SMALL, "--calibration", "o.toml"), {"o.toml": written}))


@pytest.mark.skipif(CASES < 2000, reason="a fit of the operator law takes seconds: make fuzz, or FUZZ_CASES=2000")
@cases(0.00038)
@given(file=own.table(MEASURED, RUNS))
def test_any_measurements_to_fit_the_operator_law_to(file):
    check(run(("fit", "m.csv", *SMALL, "--law", "roofline"), {"m.csv": file}, seconds=40))  # its profiles take seconds


@cases(0.045)
@given(file=own.table(MEASURED, RUNS), how=FORMATS, gpus=st.sampled_from(((), ("--gpus", "2"))))
def test_any_measurements_to_score(file, how, gpus):
    check(run(("validate", "m.csv", "--out", "o.csv", *gpus, *how), {"m.csv": file}))


@cases(0.045)
@given(emissions=own.table(CODECARBON, EMISSIONS), asked=own.table(ASKED, WISHES, 2), how=FORMATS,
       ask=st.sampled_from((("account", "e.csv"), ("validate", "e.csv", "--requests", "a.csv"))),
       report=REPORTS)  # fmt: skip
def test_any_file_of_codecarbon(emissions, asked, how, ask, report):
    line = (*ask, *(report if ask[0] == "account" else ()), *how)
    check(run(line, {"e.csv": emissions, "a.csv": asked}))


@cases(0.022)
@given(log=own.table(ZEUS, WINDOWS), how=FORMATS, window=st.sampled_from(((), ("--window", "epoch"))))
def test_any_log_of_a_zeus_monitor(log, how, window):
    check(run(("account", "z.csv", "--gpu", "h100", *window, *how), {"z.csv": log}))


@cases(0.038)
@given(service=own.table(CLASSES, SERVICE), how=FORMATS, report=REPORTS, profile=st.one_of(
    st.none(), own.table(("zone", "hour", "gco2eq_per_kwh"), tuple(
        (zone, hour, 100 + hour) for zone in ("FRA", "DEU") for hour in range(24)
    )),
))  # fmt: skip
def test_any_service_and_profile(service, how, report, profile):
    more = () if profile is None else ("--profile", "p.csv")
    line = ("route", "s.csv", "--places", "FRA,DEU", "--capacity", "8", "--gpu", "h100", *more, *report, *how)
    check(run(line, {"s.csv": service, **({} if profile is None else {"p.csv": profile})}))


def _manifests():
    found, service = {}, b"model,count\nflux.1-dev,100\n"
    for line in (
        ("estimate", "pixart-alpha", "--steps", "20", "--report", "r.md"),
        ("account", "--gpu", "h100", "--hours", "10", "--report", "r.md"),
        ("route", "s.csv", "--places", "FRA", "--capacity", "8", "--gpu", "h100", "--report", "r.md"),
    ):
        found[line[0]] = json.loads(run(line, {"s.csv": service}).written["r.json"])
    return found


@cases(0.038)
@given(data=st.data(), how=FORMATS)
def test_any_manifest(data, how):
    kinds = _MANIFESTS or _MANIFESTS.update(_manifests()) or _MANIFESTS
    found = kinds[data.draw(st.sampled_from(sorted(kinds)))]
    ways = {x: found[x] for x in found if x != "answer"}
    asked = own.changed(ways, 2).map(lambda x: json.dumps({"answer": found["answer"], **x}).encode())
    file = data.draw(st.one_of(asked, own.of_json(found, 2)))
    check(run(("rerun", "r.json", *how), {"r.json": file}), also=(1,))


_MANIFESTS: dict[str, dict] = {}
