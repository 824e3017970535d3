"""What hostile or unlucky input once broke: each was a traceback, a wrong answer or a half-written file."""

import pytest

from ditcarbon_sym.calibration import efficiency
from ditcarbon_sym.catalog import loading
from ditcarbon_sym.equations.notation import B_0, ell_star, mu_sat
from tests.catalog.test_loading import GPU, MODEL

HEADER = "model,height,width,batch,mu\n"


def sweep(tmp_path, rows, header=HEADER):
    path = tmp_path / "sweep.csv"
    path.write_text(header + "".join(rows))
    return path


def test_files_with_a_byte_order_mark_are_read(tmp_path, ditcarbon):
    table = tmp_path / "bom.toml"
    table.write_bytes(b"\xef\xbb\xbf" + GPU.encode())
    assert "mine" in ditcarbon("gpus", "--catalog", table).out
    rows = "".join(f"pixart-alpha,{s},{s},{b},0.{3 + b // 4}{s % 7}\n" for s in (512, 768, 1024) for b in (1, 4, 8))
    measured = tmp_path / "bom.csv"
    measured.write_bytes(b"\xef\xbb\xbf" + (HEADER + rows).encode())
    assert ditcarbon("fit", measured, "--gpu", "v100-pcie-16gb", "--bootstrap", 0).code == 0


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
    drawn = [x for x in result.known if x.bootstrap is not None]
    assert drawn and all(x.bootstrap[0] <= x.value <= x.bootstrap[1] for x in drawn)


def test_a_parameter_on_its_upper_bound_gets_a_lower_limit(tmp_path):
    rows = [
        f"pixart-alpha,{s},{s},{b},{1.3 * b / (b + 20) * (1 + 0.01 * (-1) ** (s // 256)):.5f}\n"
        for s in (512, 768, 1024) for b in (1, 4, 8)
    ]  # fmt: skip
    known = {x.symbol: x for x in efficiency.calibrate(sweep(tmp_path, rows), "v100-pcie-16gb", bootstrap=0).known}
    assert known[mu_sat].verdict.startswith("not identified")
    assert "at least" in known[mu_sat].verdict and known[mu_sat].profile[1] == 1.0


def test_what_fit_writes_estimate_reads_however_odd_the_sweep(ditcarbon, tmp_path):
    rows = [
        f"pixart-alpha,{s},{s},{b},{1e-4 * s * s * b / 1e6:.3e}\n" for s in (256, 512, 768, 1024) for b in (1, 4, 8)
    ]
    out = tmp_path / "mine.toml"
    outcome = ditcarbon("fit", sweep(tmp_path, rows), "--gpu", "v100-pcie-16gb", "--out", out, "--bootstrap", 0)
    assert outcome.code == 0
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
