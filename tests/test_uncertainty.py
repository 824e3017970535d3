import json

import numpy as np
import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog import DATA
from ditcarbon_sym.notation import C_output, C_total, E, F_total, P, mu, tau
from ditcarbon_sym.operating import operating_point
from ditcarbon_sym.uncertainty import monte_carlo, parameter_deviations, predictive, quantile, scatter
from fits.coverage import coverage
from paper_figures.results_carbon import TABLE_7


@pytest.mark.parametrize("row", TABLE_7)
def test_delta_method_and_monte_carlo_agree_within_five_per_cent(row):
    model, request = TABLE_7[row]
    point = operating_point(model, efficiency="bgr", **request)
    ((low, high),) = predictive(point, (C_total,)).values()
    drawn = monte_carlo(point, C_total, draws=200_000, seed=1)["predictive"]
    half = (high - low) / 2
    assert abs(drawn[0] - low) < 0.05 * half and abs(drawn[1] - high) < 0.05 * half


def test_the_parameter_interval_is_the_delta_method_of_mu():
    # mu = mu_sat B / (B + B_0): its relative variance from the covariance, written out by hand.
    point = operating_point("pixart-alpha", batch=1)
    (v11, v12), (_, v22) = point.calibration.covariance
    mu_sat, b0 = (point.calibration.values[x] for x in point.calibration.free)
    slope = np.array([1 / mu_sat, -1 / (1 + b0)])
    by_hand = float(np.sqrt(slope @ np.array([[v11, v12], [v12, v22]]) @ slope))
    deviations = parameter_deviations(point, (mu, tau, E, C_output))
    assert all(deviation == pytest.approx(by_hand, rel=1e-10) for deviation in deviations.values())


def test_the_predictive_interval_adds_the_held_out_scatter_in_the_logarithm():
    point = operating_point("pixart-alpha")
    between, own = scatter(point.calibration), parameter_deviations(point, (tau,))[tau]
    ((low, high),) = predictive(point, (tau,)).values()
    assert np.log(high / low) / 2 == pytest.approx(quantile(0.9) * np.hypot(between, own), rel=1e-12)


def test_what_does_not_depend_on_the_fit_has_no_interval():
    assert predictive(operating_point("pixart-alpha"), (P, F_total)) == {}


def test_a_measured_efficiency_has_no_interval():
    result = estimate("pixart-alpha", mu=0.3)
    assert result.interval_level is None and result.total_g.low is None


def test_a_calibration_of_one_model_gives_no_predictive_interval(tmp_path):
    text = (DATA / "calibrations" / "v100-pcie-16gb.toml").read_text()
    path = tmp_path / "one.toml"
    path.write_text("\n".join(line for line in text.splitlines() if "held_out_log_scatter" not in line))
    result = estimate("pixart-alpha", calibration=path)
    assert result.interval_level is None
    assert "one model only" in result.basis["interval"]


def test_estimate_fills_low_and_high(ditcarbon):
    table = json.loads(ditcarbon("estimate", "pixart-alpha", "--json").out)
    assert table["interval_level"] == 0.9
    for key in ("time_s", "energy_wh", "operational_g", "embodied_g", "total_g", "per_output_g", "efficiency"):
        assert table[key]["low"] < table[key]["value"] < table[key]["high"]


def test_the_90_per_cent_interval_covers_about_90_per_cent_of_architectures_never_seen():
    inside, rows = (sum(getattr(x, key) for x in coverage()) for key in ("inside", "rows"))
    assert rows == 48
    assert 0.8 <= inside / rows <= 1.0


def test_the_command_shows_sources_of_doubt_side_by_side(ditcarbon):
    outcome = ditcarbon("uncertainty", "pixart-alpha", "--draws", 20000)
    assert outcome.code == 0
    for text in ("parameters alone", "predictive", "Monte Carlo", "linearisation holds", "not part of any interval"):
        assert text in outcome.out
    table = json.loads(ditcarbon("uncertainty", "pixart-alpha", "--draws", 20000, "--json").out)
    assert table["monte_carlo"]["worst_disagreement"] < 0.05
    assert {"grid_gco2eq_per_kwh", "pue", "tdp_watt", "embodied_gco2eq"} <= {x["knob"] for x in table["scenarios"]}


@pytest.mark.parametrize(
    ("options", "expected"),
    [(["--level", "1.5"], "level = 1.5"), (["--draws", "10"], "draws = 10"), (["--level", "nan"], "level = nan")],
)
def test_bad_options_are_refused(refused, options, expected):
    assert expected in refused("uncertainty", "pixart-alpha", *options)
