import json

import pytest

from ditcarbon_sym import InputError
from ditcarbon_sym.calibration import efficiency
from ditcarbon_sym.catalog.loading import load_calibration
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import F_total, Theta_peak, mu_sat
from ditcarbon_sym.estimation.point import operating_point
from fits.corpus import CORPUS


def efficiency_at(side, batch):
    tokens = (side / 16) ** 2
    return 0.35 * batch / (batch + 0.2) * tokens / (tokens + 200 / batch)


HEADER = "model,height,width,batch,mu\n"
ROWS = [
    f"{model},{side},{side},{batch},{efficiency_at(side, batch):.6f}\n"
    for model in ("pixart-alpha", "sd3-medium")
    for side in (256, 512, 768, 1024)
    for batch in (1, 4, 8)
]


@pytest.fixture
def sweep(tmp_path):
    path = tmp_path / "sweep.csv"
    path.write_text(HEADER + "".join(ROWS))
    return path


def test_the_corpus_gives_the_papers_full_fit():
    result = efficiency.calibrate(CORPUS, "v100-pcie-16gb", bootstrap=0)
    assert result.table["quality"]["mape_percent"] == pytest.approx(21.8, abs=0.05)
    assert set(result.held_out) == {row.model for row in result.rows}


def test_fit_writes_a_calibration_that_estimate_reads(ditcarbon, sweep, tmp_path):
    out, plot = tmp_path / "mine.toml", tmp_path / "mine.png"
    outcome = ditcarbon("fit", sweep, "--gpu", "v100-pcie-16gb", "--out", out, "--plot", plot, "--bootstrap", 10)
    assert outcome.code == 0 and "identified" in outcome.out and "held out" in outcome.out
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert load_calibration(out).values[mu_sat] == pytest.approx(0.35, rel=1e-3)
    estimate = json.loads(
        ditcarbon("estimate", "pixart-alpha", "--resolution", 256, "--calibration", out, "--json").out
    )
    assert estimate["efficiency"]["value"] == pytest.approx(0.35 / 1.2 * 256 / 456, rel=1e-3)
    assert estimate["warnings"] == []


def test_seconds_become_efficiency_through_the_papers_flop(ditcarbon, tmp_path):
    rows = []
    for side in (512, 1024):
        for batch in (1, 4, 8):
            point = operating_point("pixart-alpha", resolution=side, batch=batch, efficiency="bgr")
            flop = pipeline.evaluate(point.values, (F_total,))[F_total]  # leading order, as Eq. (4) has it
            seconds = flop / (0.3 * point.values[Theta_peak])
            rows.append(f"pixart-alpha,{side},{side},{batch},{seconds}\n")
    path = tmp_path / "times.csv"
    path.write_text("model,height,width,batch,time_s\n" + "".join(rows))
    result = efficiency.calibrate(path, "v100-pcie-16gb", bootstrap=0)
    assert result.fitted.full.data.observed == pytest.approx([0.3] * 6)


def test_json_of_a_fit_is_one_object_without_nan(ditcarbon, sweep):
    table = json.loads(ditcarbon("fit", sweep, "--gpu", "v100-pcie-16gb", "--bootstrap", 0, "--json").out)
    assert {"law", "parameters", "covariance", "verdicts", "quality", "validity", "convention", "data"} <= set(table)


def test_the_seed_and_draws_are_recorded(sweep):
    result = efficiency.calibrate(sweep, "v100-pcie-16gb", bootstrap=5, seed=7)
    assert result.table["data"]["bootstrap"] == {"draws": 5, "seed": 7}


def test_advice_is_given_for_what_is_not_identified(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text(HEADER + "".join(row for row in ROWS if ",1,0" in row and row.startswith("pixart")))
    result = efficiency.calibrate(path, "v100-pcie-16gb", bootstrap=0)
    (advice, *_) = result.advice
    assert advice.batch > 1 and advice.narrowing < 0.01
    assert any("only one model" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "no column 'model'"),
        (HEADER, "no rows"),
        (HEADER + ROWS[0], "1 row cannot determine 3 parameters"),
        (HEADER + ROWS[0].replace("0.", "nan", 1), "mu = 'nan"),
        (HEADER + "pixart-alpha,256,256,1,nan\n", "mu = nan"),
        ("model,height,mu\n" + ROWS[0], "no column 'width'"),
        (HEADER + "sora,256,256,1,0.3\n" * 4, "unknown model 'sora'"),
        (HEADER + "pixart-alpha,250,250,1,0.3\n" * 4, "not a multiple of 16"),
        (b"\xff\xfe\x00\x00", "not a text file"),
    ],
)
def test_a_bad_sweep_is_refused_in_one_line_and_nothing_is_written(refused, tmp_path, content, expected):
    path, out, plot = tmp_path / "bad.csv", tmp_path / "mine.toml", tmp_path / "mine.png"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused("fit", path, "--gpu", "v100-pcie-16gb", "--out", out, "--plot", plot)
    assert expected in line and str(path) in line
    assert not out.exists() and not plot.exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--gpu", "v1000"], "unknown gpu"),
        (["--gpu", "v100-pcie-16gb", "--loss", "huber"], "loss = 'huber'"),
        (["--gpu", "v100-pcie-16gb", "--plot", "x.gif", "--bootstrap", "0"], "unknown format '.gif'"),
        (["--gpu", "v100-pcie-16gb", "--workers", "0"], "workers = 0"),
        (["--gpu", "v100-pcie-16gb", "--bootstrap", "0", "--out", "/proc/none/mine.toml"], "cannot be written"),
        ([], "--gpu"),
    ],
)
def test_bad_options_are_refused_in_one_line(refused, sweep, options, expected):
    assert expected in refused("fit", sweep, *options)


def test_an_unknown_loss_is_refused_from_python(sweep):
    with pytest.raises(InputError, match="expected one of absolute, relative, log"):
        efficiency.calibrate(sweep, "v100-pcie-16gb", loss="huber")


@pytest.mark.parametrize("of_the_second", [1, 3])
def test_two_models_of_few_rows_are_fitted_though_neither_can_be_held_out(ditcarbon, tmp_path, of_the_second):
    path, sides = tmp_path / "two.csv", (512, 768, 1024)
    rows = [f"pixart-alpha,{side},{side},1,0.{30 + k}" for k, side in enumerate(sides)]
    rows += [f"sd3-medium,{side},{side},1,0.{32 + k}" for k, side in enumerate(sides[:of_the_second])]
    path.write_text("\n".join(["model,height,width,batch,mu", *rows]))
    outcome = ditcarbon("fit", path, "--gpu", "v100-pcie-16gb", "--bootstrap", 0)
    assert outcome.code == 0
    assert "too few rows of each model: nothing can be held out" in outcome.err


def test_rows_of_other_accelerators_take_no_part_and_that_is_said(ditcarbon, refused, tmp_path):
    path, own = tmp_path / "all.csv", tmp_path / "own.toml"
    lines = [f"pixart-alpha,{side},{side},{batch},0.{30 + k},{gpu}" for gpu in ("v100-pcie-16gb", "h100-sxm-80gb")
             for k, (side, batch) in enumerate([(512, 1), (768, 1), (512, 4), (768, 4), (1024, 1)])]  # fmt: skip
    path.write_text("\n".join(["model,height,width,batch,mu,gpu", *lines]))
    outcome = ditcarbon("fit", path, "--gpu", "v100-pcie-16gb", "--bootstrap", 0, "--out", own)
    assert outcome.code == 0 and "all.csv: 5 rows" in outcome.out
    assert "5 of 10 rows were measured on other accelerators" in outcome.err
    assert "has rows of 2 accelerators (h100-sxm-80gb, v100-pcie-16gb); choose with --gpu" in refused("fit", path)
    assert "no row was measured on b200-sxm" in refused("fit", path, "--gpu", "b200-sxm")
    path.write_text("\n".join(["model,height,width,batch,mu,gpu", *lines[:5]]))
    assert ditcarbon("fit", path, "--bootstrap", 0).code == 0
