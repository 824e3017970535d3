import csv
import io
import json

import pytest

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.estimation.memory import memory_of

MODEL = (
    "--model",
    "pixart-alpha",
    "--resolution",
    "512:1024:256",
    "--batch",
    "1,2",
    "--steps",
    "20",
    "--efficiency",
    "bgr",
)


def test_rows_go_to_stdout_as_csv(ditcarbon):
    outcome = ditcarbon("sweep", *MODEL)
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    assert outcome.code == 0 and len(rows) == 6
    assert [row["height"] for row in rows[::2]] == ["512", "768", "1024"] and rows[0]["route"] == "bgr"


def test_the_best_are_a_table_and_name_the_route(ditcarbon):
    outcome = ditcarbon("sweep", *MODEL, "--top", 2, "--by", "per_output_g", "--where", "time_s<5")
    assert "best 2 of 6 requests by per_output_g" in outcome.out
    assert "bgr" in outcome.out and "pixart-alpha on v100-pcie-16gb" in outcome.out


def test_json_holds_rows_routes_and_warnings(ditcarbon):
    table = json.loads(ditcarbon("sweep", *MODEL, "--json").out)
    assert len(table["rows"]) == table["requests"] == 6
    assert table["routes"] == [{"model": "pixart-alpha", "gpu": "v100-pcie-16gb", "route": "bgr"}]
    assert table["rows"][0].keys() >= {"text_g", "denoiser_g", "vae_g", "total_g"} and table["warnings"] == []


def test_a_file_is_written_and_told(ditcarbon, tmp_path):
    path = tmp_path / "rows.parquet"
    outcome = ditcarbon("sweep", *MODEL, "--out", path)
    assert outcome.code == 0 and f"wrote 6 rows to {path}" in outcome.out
    table = json.loads(ditcarbon("sweep", *MODEL, "--out", path, "--top", 2, "--json").out)
    assert table["rows_written"] == 2 and "rows" not in table


def test_a_toml_file_says_the_same_as_options_and_options_win(ditcarbon, tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(
        'model = "pixart-alpha"\nresolution = [512, 768, "1024x1024"]\nbatch = "1,2"\nsteps = 20\nefficiency = "bgr"\n'
    )
    assert ditcarbon("sweep", path).out == ditcarbon("sweep", *MODEL).out
    fewer = ditcarbon("sweep", path, "--batch", 1).out
    assert fewer.count("\n") == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stepps = 3", "unknown key 'stepps'; did you mean steps?"),
        ("batch = true", "batch: is not an axis"),
        ("batch = []", "batch: is not an axis"),
        ("top = 'x'", "top: input should be a valid integer"),
        ("mu = 'x'", "mu: input should be a valid number"),
        ("batch = [1", "not valid TOML"),
    ],
)
def test_a_bad_file_is_one_line(refused, tmp_path, text, expected):
    path = tmp_path / "bad.toml"
    path.write_text(f'model = "pixart-alpha"\n{text}\n')
    line = refused("sweep", path)
    assert str(path) in line and expected in line


def test_a_list_is_swept_and_filtered(ditcarbon, refused, tmp_path):
    path = tmp_path / "requests.csv"
    path.write_text("model,resolution\npixart-alpha,512\npixart-alpha,1024\n")
    assert ditcarbon("sweep", "--requests", path, "--where", "time_s<5").out.count("\n") == 2
    assert "best 1 of 2" in ditcarbon("sweep", "--requests", path, "--top", 1).out
    assert "--requests together with --model" in refused("sweep", "--requests", path, "--model", "x")


@pytest.mark.parametrize(
    "option", [("--text-tokens", 10), ("--guidance", 1), ("--lifetime-years", 10), ("--utilisation", 0.5)]
)
def test_an_option_means_the_same_beside_a_list_as_beside_axes(ditcarbon, tmp_path, option):
    path = tmp_path / "requests.csv"
    path.write_text("model\npixart-alpha\n")
    rows = ditcarbon("sweep", "--requests", path, *option).out
    assert rows == ditcarbon("sweep", "--model", "pixart-alpha", *option).out
    assert rows != ditcarbon("sweep", "--model", "pixart-alpha").out


def test_options_on_the_command_line_replace_those_of_the_file_as_a_whole(ditcarbon, tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text('model = "pixart-alpha"\npue = [1.25, 1.5]\ngrid = [1e-5, 80]\nefficiency = "bgr"\n')
    assert ditcarbon("sweep", path).out.count("\n") == 5
    replaced = ditcarbon("sweep", path, "--datacenter", "germany", "--mu", 0.5)
    assert replaced.out == ditcarbon("sweep", "--model", "pixart-alpha", "--datacenter", "germany", "--mu", 0.5).out


def test_a_catalogue_is_looked_for_beside_the_file_that_names_it(ditcarbon, tmp_path):
    (tmp_path / "own.toml").write_text("[datacenters.home]\npue = 1.0\ngrid_gco2eq_per_kwh = 30\n")
    path = tmp_path / "sweep.toml"
    path.write_text('model = "pixart-alpha"\ndatacenter = "home"\ncatalog = "own.toml"\n')
    assert "home" in ditcarbon("sweep", path).out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--by", "time_s"), "--by without --top"),
        (("--largest",), "--largest without --top"),
        (("--price-per-hour", "v100-pcie-16gb=1,v100-pcie-16gb=2"), "'v100-pcie-16gb' stands twice"),
        (("--price-per-hour", "v100=1"), "price_per_hour: gpu 'v100' may mean v100-pcie-16gb"),
        (("--resolution", "512x512:1024:2"), "'512x512:1024:2' has a range in HEIGHTxWIDTH"),
    ],
)
def test_what_would_be_ignored_is_refused(refused, options, expected):
    assert expected in refused("sweep", "--model", "pixart-alpha", *options)


def test_a_list_is_not_skipped_through(refused, tmp_path):
    path = tmp_path / "requests.csv"
    path.write_text("model\npixart-alpha\n")
    assert "--requests together with --skip" in refused("sweep", "--requests", path, "--skip")


def test_nothing_to_sweep_over_is_said(refused):
    assert "nothing to sweep over" in refused("sweep")


def test_embodied_boundary_and_lifetime_hold_for_the_whole_sweep(ditcarbon):
    options = ("--model", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--lifetime-years", 10)
    board = json.loads(ditcarbon("sweep", *options, "--embodied-boundary", "cradle-to-gate board", "--json").out)
    die = json.loads(ditcarbon("sweep", *options, "--boundary", "chip", "--json").out)
    assert board["rows"][0]["embodied_g"] / die["rows"][0]["embodied_g"] == pytest.approx(164000 / 14650)


def test_what_does_not_fit_is_said_first_and_can_be_filtered_out(ditcarbon, tmp_path):
    asked = ("sweep", "--model", "flux.2-dev", "--gpu", "l4,b200-sxm")
    outcome = ditcarbon(*asked)
    header, *lines = (line.split(",") for line in outcome.out.splitlines())
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    shares = {row["gpu"]: float(row["memory_share"]) for row in rows}
    flux = load().model("flux.2-dev")
    peak = memory_of(flux, flux.request).peak(1).value
    for gpu in shares:
        assert shares[gpu] == pytest.approx(peak / load().gpu(gpu).memory_gb)
    assert outcome.err.splitlines()[0].startswith("warning: flux.2-dev on l4: flux.2-dev does not fit l4")
    kept = ditcarbon(*asked, "--where", "memory_share<1").out.splitlines()
    assert len(kept) == 2 and "b200-sxm" in kept[1]
    own = tmp_path / "own.toml"
    own.write_text(
        "[models.mine]\ndual_stream = 0\ncross_attention = 0\nadaln_zero = 0\njoint_attention = 0\nblocks = 10\n"
        "hidden_size = 1000\nmlp_ratio = 4\npatch_size = 2\nvae_spatial_factor = 8\ntext_encoder_parameters = 1e9\n"
        "vae_decoder_parameters = 5e7\n"
        "request = { height = 512, width = 512, batch = 1, steps = 20, guidance = 2, text_tokens = 77 }\n"
    )
    head, line = ditcarbon("sweep", "--model", "mine", "--catalog", own, "--gpu", "l4").out.splitlines()
    row = dict(zip(head.split(","), line.split(","), strict=True))
    assert float(row["memory_share"]) > 2 * (12 * 10 * 1000**2 + 1.05e9) / 2**30 / 24


def test_the_command_writes_front_and_figure(ditcarbon, refused, tmp_path):
    options = ("--model", "pixart-alpha", "--batch", "1,2,4", "--efficiency", "bgr", "--price-per-hour", "2")
    plot, out = tmp_path / "front.png", tmp_path / "front.csv"
    outcome = ditcarbon("pareto", *options, "--plot", plot, "--out", out)
    assert outcome.code == 0 and plot.read_bytes().startswith(b"\x89PNG") and out.read_text().count("\n") == 4
    table = json.loads(ditcarbon("pareto", *options, "--json").out)
    assert table["objectives"] == ["per_output_g", "time_s", "cost_per_output"] and len(table["rows"]) == 3
    assert "unknown format '.gif'" in refused("pareto", *options, "--plot", tmp_path / "x.gif")


def test_a_figure_and_rows_are_written_both_or_neither(ditcarbon, refused, tmp_path):
    options = ("pareto", "--model", "pixart-alpha", "--batch", "1,2,4", "--plot", tmp_path / "front.png")
    (tmp_path / "rows.csv").mkdir()
    assert "rows.csv: cannot be written: is a folder" in refused(*options, "--out", tmp_path / "rows.csv")
    assert [x.name for x in tmp_path.iterdir()] == ["rows.csv"]
    assert ditcarbon(*options, "--out", tmp_path / "front.parquet").code == 0
    assert sorted(x.name for x in tmp_path.iterdir()) == ["front.parquet", "front.png", "rows.csv"]


def test_a_front_says_what_of_a_sweeps_file_it_has_no_use_for(ditcarbon, tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text('model = "pixart-alpha"\nbatch = [1, 4]\ntop = 1\nby = "time_s"\n')
    outcome = ditcarbon("pareto", path)
    assert outcome.code == 0
    assert "top = 1 is for ditcarbon sweep" in outcome.err and "by = time_s is for ditcarbon sweep" in outcome.err
