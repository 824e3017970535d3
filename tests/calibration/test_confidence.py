import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ditcarbon_sym.calibration.confidence import (
    comparison,
    knowledge,
    next_measurement,
    profile_intervals,
    residual_bootstrap,
)
from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.fitting import BGR, fit, fit_identified, held_at
from ditcarbon_sym.equations.efficiency import batch_discrete, batch_saturation, constant, saturation
from ditcarbon_sym.equations.notation import B_0, B, ell, ell_star, mu_1, mu_4, mu_8, mu_sat
from fits import corpus

GRID = {B: np.repeat([1.0, 2, 4, 8], 6), ell: np.tile([64.0, 256, 576, 1024, 4096, 16384], 4)}
TRUTH = {mu_sat: 0.5, B_0: 0.7, ell_star: 300.0}


def noisy(seed, scale=0.01):
    clean = saturation({**GRID, **TRUTH})
    return Data(GRID, clean + np.random.default_rng(seed).normal(0, scale, len(clean)), ("a",) * len(clean))


def test_profile_and_bootstrap_intervals_cover_the_truth_about_as_often_as_they_say():
    hits = {"profile": 0, "normal": 0}
    draws = 60
    for seed in range(draws):
        for known in knowledge(fit_identified(saturation, noisy(seed)), BGR):
            truth = TRUTH[known.symbol]
            hits["profile"] += (known.profile[0] or 0) <= truth <= (known.profile[1] or np.inf)
            hits["normal"] += known.normal[0] <= truth <= known.normal[1]
    for hit in hits.values():
        assert 0.82 <= hit / (3 * draws) <= 0.97


def test_well_measured_parameters_are_identified():
    assert {known.verdict for known in knowledge(fit_identified(saturation, noisy(1)), BGR)} == {"identified"}


def test_a_length_scale_on_its_bound_gets_a_one_sided_limit_and_no_standard_error():
    fitted = fit_identified(saturation, corpus.production())
    known = {x.symbol: x for x in knowledge(fitted, BGR)}[ell_star]
    assert known.standard_error is None and known.normal is None
    assert known.profile[0] == 0 and 20 < known.profile[1] < 200
    assert known.verdict.startswith("not identified: it stands on its bound, 0")


def test_the_one_sided_limit_is_where_the_profile_crosses_its_threshold():
    from scipy.stats import f as f_distribution

    fitted = fit_identified(saturation, corpus.production())
    limit = profile_intervals(fitted, BGR, 0.9)[ell_star][1]
    ratio = held_at(fitted.full, {ell_star: limit}, BGR).sum_of_squares / fitted.full.sum_of_squares
    threshold = f_distribution.ppf(0.8, 1, fitted.full.degrees_of_freedom)
    assert (ratio - 1) * fitted.full.degrees_of_freedom == pytest.approx(threshold, rel=1e-4)


def test_a_sweep_at_one_batch_size_cannot_show_the_batch_scale():
    data = noisy(2).where(GRID[B] == 2)
    fitted = fit_identified(saturation, data)
    assert fitted.held == {B_0: 0.0}
    said = {known.symbol: known.verdict for known in knowledge(fitted, BGR)}
    assert "the rows do not vary in a way that shows it" in said[B_0]


def test_the_bootstrap_does_not_depend_on_the_number_of_workers_but_on_the_seed():
    fitted = fit(saturation, noisy(3))
    one = residual_bootstrap(fitted, BGR, 12, seed=5)
    assert np.array_equal(one, residual_bootstrap(fitted, BGR, 12, seed=5, workers=2))
    assert not np.array_equal(one, residual_bootstrap(fitted, BGR, 12, seed=6))


@pytest.mark.parametrize("loss", ["absolute", "relative", "log"])
def test_the_bootstrap_scatters_like_the_standard_error(loss):
    fitted = fit(saturation, noisy(4, 0.004), BGR, loss)
    drawn = residual_bootstrap(fitted, BGR, 120, seed=1)
    for column, x in enumerate(fitted.free):
        assert drawn[:, column].std() == pytest.approx(fitted.standard_errors[x], rel=0.35)


def test_the_next_measurement_is_where_the_unknown_parameter_shows():
    data = noisy(2).where(GRID[B] == 2)
    candidates = {B: np.array([2.0, 8.0, 1.0]), ell: np.array([4096.0, 4096.0, 4096.0])}
    (best, ratio), *_ = next_measurement(fit(saturation, data), B_0, candidates)
    assert best in (1, 2) and ratio < 0.2
    ranked = [ratio for _, ratio in next_measurement(fit(saturation, noisy(1)), ell_star, candidates)]
    assert ranked == sorted(ranked) and all(0 < ratio <= 1 for ratio in ranked)


def test_the_batch_discrete_levels_are_the_levels():
    levels = {mu_1: 0.3, mu_4: 0.4, mu_8: 0.5, ell_star: 0, ell: 1000}
    assert batch_discrete({**levels, B: [1, 4, 8]}) == pytest.approx([0.3, 0.4, 0.5])


def test_criteria_charge_for_parameters_that_do_not_help():
    data = corpus.production()
    rows = comparison(
        [("full", fit(saturation, data)), ("reduced", fit(batch_saturation, data)), ("one", fit(constant, data))]
    )
    assert [row["k"] for row in rows] == [3, 2, 1]
    assert rows[1]["delta_aic"] == rows[1]["delta_bic"] == 0
    assert rows[0]["delta_aic"] == pytest.approx(2, abs=1e-3) and rows[2]["delta_aic"] > 5


def test_criteria_are_those_of_lmfit():
    fitted = fit(batch_saturation, corpus.production())
    assert fitted.aic == pytest.approx(fitted.result.aic) and fitted.bic == pytest.approx(fitted.result.bic)


@pytest.mark.parametrize("loss", ["absolute", "relative", "log"])
def test_the_bootstrap_is_about_the_estimate_whatever_the_loss(loss):
    """Relative residuals of the paper's corpus have a mean that is not zero where their squares are least."""
    fitted = fit(saturation, corpus.full(), BGR, loss)
    drawn = residual_bootstrap(fitted, BGR, 150, seed=2)
    for x, column in zip(fitted.free, drawn.T, strict=True):
        assert np.quantile(column, 0.1) <= fitted.values[x] <= np.quantile(column, 0.9), x


WORKERS = """
import sys
from ditcarbon_sym.cli.app import main
sys.argv = ["ditcarbon", "fit", sys.argv[1], "--gpu", "v100-pcie-16gb", "--bootstrap", "10000", "--workers", "2"]
main()
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    path = tmp_path / "sweep.csv"
    rows = [f"pixart-alpha,{s},{s},{b},0.{3 + b // 4}{s % 7}\n" for s in (512, 768, 1024) for b in (1, 4, 8)]
    path.write_text("model,height,width,batch,mu\n" + "".join(rows))
    parent = subprocess.Popen([sys.executable, "-c", WORKERS, str(path)], stderr=subprocess.DEVNULL)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    workers = []
    while parent.poll() is None and len(workers) < 2:
        time.sleep(0.1)
        workers = children.read_text().split()
    time.sleep(1)  # until both have begun
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{x}").exists() for x in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(workers) == 2 and not any(Path(f"/proc/{x}").exists() for x in workers)
