"""What hostile or unlucky input once broke: each was a traceback, a wrong answer or a half-written file."""

import json
import os
import stat
import subprocess
import sys

import pytest

from ditcarbon_sym import InputError, estimate
from ditcarbon_sym.calibration import efficiency
from ditcarbon_sym.catalog import loading
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.equations.notation import B_0, ell_star, mu_sat
from ditcarbon_sym.reports.formats import toml_text, write_atomically

from .test_catalog import GPU, MODEL, shipped_table

HEADER = "model,height,width,batch,mu\n"
NINES = "9" * 390


def sweep(tmp_path, rows, header=HEADER):
    path = tmp_path / "sweep.csv"
    path.write_text(header + "".join(rows))
    return path


@pytest.mark.parametrize("option", ["resolution", "height", "width", "frames", "batch", "steps", "text-tokens"])
def test_an_integer_of_hundreds_of_digits_is_refused(refused, option):
    refused("estimate", "pixart-alpha", f"--{option}", NINES)


@pytest.mark.parametrize("text", ["1_024", "١٦", " 16 ", "1e3", "0x10", "nan"])
def test_only_plain_digits_are_a_whole_number(refused, text):
    assert "is not a whole number" in refused("estimate", "pixart-alpha", "--batch", text)


@pytest.mark.parametrize(
    "text",
    [
        f"[models.x]\nblocks = {NINES}\n",
        "x = " + "9" * 5000,
        "models = " + "[" * 5000,
        "x = " + "{a=" * 3000,
        "[gpus.'../gpus']\npeak_flop_per_second = 1e14\n",
        f"[gpus.{'a' * 300}]\npeak_flop_per_second = 1e14\n",
        GPU + "memory_gb = nan\n",
        GPU + "memory_gb = -3\n",
        GPU + "memory_gb = 'much'\n",
        GPU + "embodied_gco2eq = { die = nan }\n",
        MODEL.replace("steps = 20", "steps = 20, sampler = 3"),
        MODEL.replace("request = {", "request = 3 #"),
    ],
)
def test_no_catalogue_breaks_the_command(refused, tmp_path, text):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert str(path) in refused("gpus", "--json", "--catalog", path)


@pytest.mark.parametrize(
    "change",
    [
        {"quality": {}},
        {"quality": {"n": 48, "loss": "absolute", "mape_percent": "x"}},
        {"quality": {"n": 48, "loss": "absolute", "mape_percent": float("nan")}},
        {"validity": {"pixels_min": 1, "batch": [], "latent_tokens": [1.0, 2.0]}},
        {"validity": {"pixels_min": 1, "batch": [1.0, 2.0, 3.0], "latent_tokens": [1.0, 2.0]}},
        {"validity": {"pixels_min": 1, "batch": [8.0, 1.0], "latent_tokens": [1.0, 2.0]}},
        {"validity": {"pixels_min": 0, "batch": [1.0, 8.0], "latent_tokens": [1.0, 2.0]}},
        {"validity": {"pixels_min": 10**400, "batch": [1.0, 8.0], "latent_tokens": [1.0, 2.0]}},
        {"data": {"when": float("nan")}},
        {"covariance": {"parameters": ["mu_sat"], "matrix": [[float("nan")]]}},
        {"covariance": {"parameters": ["mu_sat", "mu_sat"], "matrix": [[1.0, 0.0], [0.0, 1.0]]}},
        {"covariance": {"parameters": [], "matrix": []}},
        {
            "convention": {
                "flop": "1 multiply-add = 1 FLOP",
                "count": "leading order, paper Eq. (2)",
                "stages": "denoiser",
            }
        },
        {"convention": {**{"flop": "1 fused multiply-add = 2 FLOP"}, "count": "exact", "stages": "denoiser"}},
        {"device": {"gpu": "a\nb", "peak_flop_per_second": 1e14}},
        {"device": {"gpu": "", "peak_flop_per_second": 1e14}},
        {"schema_version": True},
    ],
)
def test_no_calibration_breaks_the_command(refused, tmp_path, change):
    path = tmp_path / "bad.toml"
    path.write_text(toml_text({**shipped_table(), **change}))
    assert str(path) in refused("estimate", "pixart-alpha", "--calibration", path, "--json")


def test_a_date_in_a_calibration_is_refused(refused, tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text((DATA / "calibrations" / "v100-pcie-16gb.toml").read_text() + "when = 1979-05-27\n")
    assert "neither text nor a number" in refused("estimate", "pixart-alpha", "--calibration", path, "--json")


def test_files_with_a_byte_order_mark_are_read(tmp_path, ditcarbon):
    table = tmp_path / "bom.toml"
    table.write_bytes(b"\xef\xbb\xbf" + GPU.encode())
    assert "mine" in ditcarbon("gpus", "--catalog", table).out
    rows = "".join(f"pixart-alpha,{s},{s},{b},0.{3 + b // 4}{s % 7}\n" for s in (512, 768, 1024) for b in (1, 4, 8))
    measured = tmp_path / "bom.csv"
    measured.write_bytes(b"\xef\xbb\xbf" + (HEADER + rows).encode())
    assert ditcarbon("fit", measured, "--gpu", "v100-pcie-16gb", "--bootstrap", 0).code == 0


def test_a_replaced_accelerator_does_not_inherit_the_shipped_fit(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("[gpus.v100-pcie-16gb]\npeak_flop_per_second = 312e12\ntdp_watt = 400\n")
    with pytest.raises(InputError, match="has no calibration"):
        estimate("pixart-alpha", catalog=path)
    result = estimate("pixart-alpha", catalog=path, efficiency="bgr")
    assert any("v100-pcie-16gb at 112 TFLOP/s" in warning for warning in result.warnings)


@pytest.mark.parametrize("option", ["gpu", "datacenter"])
def test_an_empty_name_is_not_the_default(refused, option):
    assert f"unknown {option} ''" in refused("estimate", "pixart-alpha", f"--{option}", "")


def test_two_routes_to_the_efficiency_are_a_conflict_before_any_file_is_read(refused):
    assert "give one of mu" in refused("estimate", "pixart-alpha", "--mu", 0.3, "--calibration", "/nowhere.toml")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("pixart-alpha,512,512,,0.3\n", "row 1: batch is empty"),
        ("pixart-alpha,,512,1,0.3\n", "row 1: height is empty"),
        ("pixart-alpha,250,250,1,0.3\n", "row 1: height = 250 is not a multiple"),
        ("sora,256,256,1,0.3\n", "row 1: unknown model"),
        ("pixart-alpha,512,512,1,1\n", "every parameter stands on a bound"),
    ],
)
def test_a_bad_row_is_named(refused, tmp_path, row, expected):
    assert expected in refused("fit", sweep(tmp_path, [row] * 9), "--gpu", "v100-pcie-16gb")


def test_seconds_that_mean_more_than_the_peak_are_refused(refused, tmp_path):
    path = sweep(tmp_path, ["pixart-alpha,512,512,1,0.1\n"] * 6, "model,height,width,batch,time_s\n")
    line = refused("fit", path, "--gpu", "v100-pcie-16gb")
    assert "row 1: time_s = 0.1 means mu = " in line


def test_as_many_rows_as_parameters_are_too_few(refused, tmp_path):
    rows = [f"pixart-alpha,{side},{side},{batch},0.3{batch}\n" for side, batch in ((512, 1), (768, 4), (1024, 8))]
    assert "at least 4 are needed" in refused("fit", sweep(tmp_path, rows), "--gpu", "v100-pcie-16gb")


def test_mixed_columns_of_mu_and_seconds_are_refused(refused, tmp_path):
    rows = [
        f"pixart-alpha,{s},{s},1,{m},{t}\n"
        for s, m, t in ((512, 0.3, ""), (768, "", 3), (1024, 0.3, ""), (640, 0.3, ""))
    ]
    path = sweep(tmp_path, rows, "model,height,width,batch,mu,time_s\n")
    assert "some rows give mu and some time_s only" in refused("fit", path, "--gpu", "v100-pcie-16gb")


def one_batch(tmp_path):
    """A sweep at batch 1 made with mu_sat = 0.5 and B_0 = 0.3: only mu_sat / (1 + B_0) shows."""
    rows = []
    for k, side in enumerate(range(256, 1281, 64)):
        tokens = (side / 16) ** 2
        value = 0.5 / 1.3 * tokens / (tokens + 200) * (1 + 0.01 * (-1) ** k)
        rows.append(f"pixart-alpha,{side},{side},1,{value:.6f}\n")
    return sweep(tmp_path, rows)


def test_a_parameter_that_shows_only_together_with_another_is_not_called_identified(tmp_path):
    result = efficiency.calibrate(one_batch(tmp_path), "v100-pcie-16gb", bootstrap=20)
    known = {x.symbol: x for x in result.known}
    assert known[mu_sat].verdict == "not identified: the rows show it only together with B_0"
    assert known[mu_sat].standard_error is None and known[mu_sat].bootstrap is None
    low, high = known[mu_sat].profile
    assert (low or 0) <= 0.5 <= (high or 1)
    assert "do not vary" in known[B_0].verdict
    assert known[ell_star].verdict == "identified"


def test_a_bootstrap_interval_is_of_the_value_beside_it(tmp_path):
    result = efficiency.calibrate(one_batch(tmp_path), "v100-pcie-16gb", bootstrap=100)
    for known in result.known:
        if known.bootstrap is not None:
            assert known.bootstrap[0] <= known.value <= known.bootstrap[1]


def test_a_parameter_on_its_upper_bound_gets_a_lower_limit(tmp_path):
    rows = [
        f"pixart-alpha,{s},{s},{b},{min(1.0, 1.05 * b / (b + 0.05)) - 0.001 * (s % 5):.5f}\n"
        for s in (512, 768, 1024) for b in (1, 4, 8)
    ]  # fmt: skip
    known = {x.symbol: x for x in efficiency.calibrate(sweep(tmp_path, rows), "v100-pcie-16gb", bootstrap=0).known}
    if known[mu_sat].verdict.startswith("not identified"):
        assert "at least" in known[mu_sat].verdict and known[mu_sat].profile[1] == 1.0


def test_what_fit_writes_estimate_reads_however_odd_the_sweep(ditcarbon, tmp_path):
    rows = [
        f"pixart-alpha,{s},{s},{b},{1e-5 * s * s * b / 1e6:.3e}\n" for s in (256, 512, 768, 1024) for b in (1, 4, 8)
    ]
    out = tmp_path / "mine.toml"
    outcome = ditcarbon("fit", sweep(tmp_path, rows), "--gpu", "v100-pcie-16gb", "--out", out, "--bootstrap", 0)
    if outcome.code == 0:
        loading.load_calibration(out)


def test_advice_suits_models_of_any_patch_size(ditcarbon, tmp_path):
    path = tmp_path / "my.toml"
    path.write_text(MODEL.replace("patch_size = 2", "patch_size = 3").replace("512", "480"))
    rows = [f"mine,{s},{s},{b},0.3{b}\n" for s in (240, 480, 720) for b in (1, 4)]
    outcome = ditcarbon("fit", sweep(tmp_path, rows), "--gpu", "v100-pcie-16gb", "--catalog", path, "--bootstrap", 0)
    assert outcome.code == 0, outcome.err


def test_fit_writes_all_its_files_or_none(refused, tmp_path):
    path, out = one_batch(tmp_path), tmp_path / "ok.toml"
    refused("fit", path, "--gpu", "v100-pcie-16gb", "--bootstrap", 0, "--out", out, "--plot", "/proc/none/x.png")
    assert not out.exists()
    assert [x.name for x in tmp_path.iterdir()] == [path.name]


def test_fit_overwrites_neither_its_input_nor_its_own_output(refused, tmp_path):
    path = one_batch(tmp_path)
    before = path.read_bytes()
    for options in (["--out", path], ["--out", tmp_path / "a.png", "--plot", tmp_path / "a.png"], ["--plot", path]):
        refused("fit", path, "--gpu", "v100-pcie-16gb", "--bootstrap", 0, *options)
    assert path.read_bytes() == before


@pytest.mark.parametrize("option", ["--bootstrap", "--workers", "--seed"])
def test_absurd_amounts_of_work_are_refused(refused, tmp_path, option):
    assert "is outside" in refused("fit", one_batch(tmp_path), "--gpu", "v100-pcie-16gb", option, "9" * 30)


def test_a_fit_in_seconds_is_of_the_whole_request(tmp_path):
    rows = [f"pixart-alpha,{s},{s},{b},{b * s**2 / 2e5}\n" for s in (512, 768, 1024) for b in (1, 4, 8)]
    path = sweep(tmp_path, rows, "model,height,width,batch,time_s\n")
    assert efficiency.calibrate(path, "v100-pcie-16gb", bootstrap=0).table["convention"]["stages"] == "whole request"


def test_a_calibration_holds_its_intervals(tmp_path):
    table = efficiency.calibrate(one_batch(tmp_path), "v100-pcie-16gb", bootstrap=20).table
    assert {"profile_low", "profile_high", "bootstrap_low", "bootstrap_high"} <= set(table["intervals"]["ell_star"])


def run(*arguments, **options):
    command = [sys.executable, "-m", "ditcarbon_sym", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, check=False, **options)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = run("models", stdout=full)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1 and b"cannot write" in done.stderr


def test_a_terminal_without_greek_letters_gets_question_marks():
    done = run("models", stdout=subprocess.PIPE, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and b"PixArt-?" in done.stdout


def test_python_callers_get_the_same_errors():
    for options in ({"gpu": 3}, {"datacenter": 3}):
        with pytest.raises(InputError):
            estimate("pixart-alpha", **options)
    with pytest.raises(InputError):
        estimate(3)


def test_numpy_integers_are_numbers():
    import numpy as np

    assert estimate("pixart-alpha", resolution=np.int64(512)).request["height"] == 512


def test_a_fraction_of_an_output_a_day_is_not_called_none(ditcarbon):
    assert "per day, 0.4" in ditcarbon("estimate", "pixart-alpha", "--per-day", 0.4).out


def test_every_equation_has_a_closed_form(ditcarbon):
    from ditcarbon_sym.equations import pipeline

    for name in ("kappa", "n_latent", *(equation.lhs.name for equation in pipeline.chain())):
        assert "(input)" not in ditcarbon("formula", name, "--closed").out


def test_a_day_of_energy_is_its_batches(ditcarbon):
    table = json.loads(ditcarbon("estimate", "pixart-alpha", "--per-day", 1000, "--json").out)
    assert table["per_day"]["energy_wh"] == pytest.approx(1000 * table["energy_wh"]["value"])
    shown = ditcarbon("estimate", "pixart-alpha", "--per-day", 1000).out
    assert f"{table['per_day']['energy_wh'] / 1000:.4f} " in shown.replace("\n", " ")


def test_what_is_written_follows_links_keeps_permissions_and_leaves_devices_what_they_are(tmp_path):
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    write_atomically(link, "new")
    assert link.is_symlink() and target.read_text() == "new" and target.stat().st_mode & 0o777 == 0o600
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
    write_atomically(pipe, "through")
    assert reader.communicate(timeout=30)[0] == "through" and stat.S_ISFIFO(pipe.stat().st_mode)
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "fresh.txt", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "fresh.txt").stat().st_mode & 0o777 == 0o640
    assert {x.name for x in tmp_path.iterdir()} == {"target.txt", "link.txt", "pipe", "fresh.txt"}
