"""What a fit writes is a calibration that the package reads, and its intervals hold their values."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ditcarbon_sym import estimate
from ditcarbon_sym.calibration import confidence, efficiency
from ditcarbon_sym.catalog.loading import load_calibration
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.reports.formats import toml_text

MODELS = ("pixart-alpha", "dit-xl-2-512", "sd3-medium")
ROWS = st.lists(
    st.tuples(
        st.sampled_from(MODELS), st.sampled_from([256, 512, 1024]), st.sampled_from([1, 2, 8]), st.integers(20, 9999)
    ),
    min_size=4, max_size=12,
)  # fmt: skip


def written(folder, rows, **options):
    path, out = folder / "mine.csv", folder / "mine.toml"
    lines = "".join(f"{model},{side},{side},{batch},{mu}\n" for model, side, batch, mu in rows)
    path.write_text(f"model,height,width,batch,mu\n{lines}")
    result = efficiency.calibrate(path, "v100-pcie-16gb", **options)
    out.write_text(toml_text(result.table, "A test."))
    return result, load_calibration(out), out


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.sampled_from(["absolute", "relative", "log"]))
def test_the_package_reads_whatever_it_fits_and_each_interval_holds_its_value(tmp_path_factory, rows, loss):
    table = [(model, side, batch, f"{mu / 10_000:.4f}") for model, side, batch, mu in rows]
    try:
        result, calibration, _ = written(tmp_path_factory.mktemp("fit"), table, bootstrap=3, loss=loss)
    except InputError as error:
        assert "\n" not in str(error)
        return
    assert np.isfinite(calibration.covariance).all()
    for known in result.known:
        for ends in (known.profile, known.bootstrap or (None, None)):
            low, high = ends
            assert (low is None or low <= known.value) and (high is None or known.value <= high), known


def test_rows_that_do_not_scatter_give_a_calibration_without_intervals_and_a_warning(tmp_path):
    rows = [(model, side, batch, 0.35) for model in MODELS[:2] for side in (512, 768, 1024) for batch in (1, 2, 4, 8)]
    result, calibration, out = written(tmp_path, rows, bootstrap=10)
    assert calibration.quality.get("held_out_log_scatter") is None
    assert any("no interval can be given" in note for note in result.warnings)
    assert "at least" not in " ".join(known.verdict for known in result.known)
    found = estimate("pixart-alpha", calibration=out)
    assert found.time_s.value > 0 and found.time_s.low is None


FEW = [("flux.1-dev", 768, 8, 0.3908), ("sd3-medium", 768, 1, 0.4321), ("flux.1-dev", 512, 1, 0.0598),
       ("dit-xl-2-512", 512, 2, 0.5373)]  # fmt: skip


def test_four_rows_that_hardly_bound_three_parameters_are_fitted_in_a_few_hundred_steps(tmp_path, monkeypatch):
    """lmfit's own search for such intervals took longer than anybody waits."""
    refits = []

    def counted(*arguments):
        refits.append(arguments)
        assert len(refits) < 400
        return squares_with(*arguments)

    squares_with = confidence.squares_with
    monkeypatch.setattr(confidence, "squares_with", counted)
    result, _, _ = written(tmp_path, FEW, bootstrap=0)
    assert refits and all(known.profile == (None, None) for known in result.known)
    assert all("weakly identified" in known.verdict for known in result.known)


@pytest.fixture
def calibration(tmp_path):
    """A calibration file of the H100's law, with one number of its covariance changed."""
    from ditcarbon_sym.catalog.files import DATA, read_toml

    def changed(row, column, value):
        table = read_toml(DATA / "calibrations" / "h100-sxm-80gb-roofline.toml")
        table["covariance"]["matrix"][row][column] = value
        path = tmp_path / "changed.toml"
        path.write_text(toml_text(table, "A test."))
        return path

    return changed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.integers(0, 5), st.integers(0, 5), st.floats(-1e300, 1e300, allow_subnormal=False))
def test_a_covariance_gives_an_interval_or_a_refusal_whatever_stands_in_it(calibration, row, column, value):
    try:
        found = estimate("flux.1-dev", calibration=calibration(row, column, value))
    except InputError as error:
        assert "covariance" in str(error) and "\n" not in str(error)
        return
    assert 0 < found.time_s.low <= found.time_s.value <= found.time_s.high < math.inf


@pytest.mark.parametrize(("cell", "expected"), [
    ((0, 4, 64.0), "matrix[0][4] = 64 is not matrix[4][0] = "),
    ((1, 1, 1e-12), "negative eigenvalue"),
    ((1, 1, 1e300), "unknown within a factor of e^"),
])  # fmt: skip
def test_a_matrix_that_is_no_covariance_is_refused(refused, calibration, cell, expected):
    message = refused("estimate", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--calibration", calibration(*cell))
    assert expected in message
