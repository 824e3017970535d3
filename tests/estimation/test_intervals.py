import json

import numpy as np
import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.analysis.sampling import monte_carlo
from ditcarbon_sym.calibration.operator_law import calibrate
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import C_emb, C_op, C_output, C_total, E, F_total, P, mu, tau
from ditcarbon_sym.estimation.intervals import parameter_deviations, predictive, scatter, scatter_met
from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.estimation.spread.quantiles import log_interval, quantile, student_quantile
from ditcarbon_sym.reports.formats import toml_text
from ditcarbon_sym.sweeps import Grid, sweep
from fits.coverage import coverage
from paper_figures.results_carbon import TABLE_7
from tests.calibration.test_operator_law import write


@pytest.mark.parametrize("row", TABLE_7)
def test_delta_method_and_monte_carlo_agree_within_five_per_cent(row):
    model, request = TABLE_7[row]
    point = operating_point(model, efficiency="bgr", **request)
    ((low, high),) = predictive(point, (C_total,)).values()
    drawn = monte_carlo(point, C_total, draws=200_000, seed=1)
    value = float(pipeline.evaluate(point.values, (C_total,), point.route)[C_total])
    own = log_interval(value, quantile() * parameter_deviations(point, (C_total,))[C_total])
    # The parameters alone are the delta method's own part: the scatter, which both share, would hide a difference.
    for interval, sampled in (((low, high), drawn["predictive"]), (own, drawn["parameter"])):
        half = (interval[1] - interval[0]) / 2
        assert abs(sampled[0] - interval[0]) < 0.05 * half and abs(sampled[1] - interval[1]) < 0.05 * half


def test_the_parameter_interval_is_the_delta_method_of_mu():
    # mu = mu_sat B / (B + B_0): its relative variance from the covariance, written out by hand.
    point = operating_point("pixart-alpha", batch=1, efficiency="bgr")
    (v11, v12), (_, v22) = point.calibration.covariance
    mu_sat, b0 = (point.calibration.values[x] for x in point.calibration.free)
    slope = np.array([1 / mu_sat, -1 / (1 + b0)])
    by_hand = float(np.sqrt(slope @ np.array([[v11, v12], [v12, v22]]) @ slope))
    deviations = parameter_deviations(point, (mu, tau, E, C_output))
    assert all(deviation == pytest.approx(by_hand, rel=1e-10) for deviation in deviations.values())


def test_the_predictive_interval_adds_the_held_out_scatter_in_the_logarithm():
    point = operating_point("pixart-alpha", efficiency="bgr")
    between, own = scatter(point.calibration), parameter_deviations(point, (tau,))[tau]
    ((low, high),) = predictive(point, (tau,)).values()
    assert np.log(high / low) / 2 == pytest.approx(quantile(0.9) * np.hypot(between.deviation, own), rel=1e-12)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 6, 9, 30])
def test_students_quantile_is_scipys(level, degrees):
    from scipy.stats import t

    assert student_quantile(level, degrees) == pytest.approx(t.ppf((1 + level) / 2, degrees), rel=1e-9)


@pytest.mark.parametrize(("gpu", "output"), [("h100-sxm-80gb", E), ("h100-sxm-80gb", tau), ("a100-sxm-80gb", tau)])
def test_few_groups_widen_the_interval_of_the_operator_law_and_sampling_agrees(gpu, output):
    point = operating_point("wan2.1-t2v-1.3b", gpu=gpu)
    between, own = scatter_met(output, point), parameter_deviations(point, (output,))[output]
    ((low, high),) = predictive(point, (output,)).values()
    assert np.log(high / low) / 2 == pytest.approx(
        student_quantile(0.9, between.groups) * np.hypot(between.deviation, own)
    )
    drawn = monte_carlo(point, output, draws=200_000)["predictive"]
    assert np.log(drawn[1] / drawn[0]) == pytest.approx(np.log(high / low), rel=0.05)


def test_time_and_energy_are_as_sure_as_the_groups_that_were_held_out_of_each():
    point = operating_point("wan2.1-t2v-1.3b", gpu="h100-sxm-80gb")
    held = {tau: scatter(point.calibration), E: scatter(point.calibration, energy=True)}
    assert held[E].groups < held[tau].groups
    assert all(scatter_met(x, point).groups == expected.groups for x, expected in held.items())


@pytest.fixture(scope="module")
def thin(tmp_path_factory):
    """A user's calibration from long passes alone: its launches are known within a factor of seven."""
    folder = tmp_path_factory.mktemp("thin")
    found = calibrate(write(folder / "sweep.csv", sides=(1024, 1536), launch=1e-7, noise=0.01))
    (folder / "thin.toml").write_text(toml_text(found.table, "by a test"))
    return folder / "thin.toml"


@pytest.mark.parametrize("request_", [{"model": "pixart-alpha"}, {"model": "dit-xl-2-256", "resolution": 256}])
def test_where_constants_are_hardly_known_estimate_agrees_with_sampling_and_the_slopes_would_not(thin, request_):
    point = operating_point(request_.pop("model"), calibration=thin, **request_)
    between, own = scatter_met(tau, point), parameter_deviations(point, (tau,))[tau]
    value = float(pipeline.evaluate(point.values, (tau,), point.route)[tau])
    by_slopes = np.array(log_interval(value, between.half_width(own, 0.9)))
    sampled = np.array(monte_carlo(point, tau, draws=100_000)["predictive"])
    assert np.abs(np.log(by_slopes / sampled)).max() > 1
    assert np.abs(np.log(np.array(predictive(point, (tau,))[tau]) / sampled)).max() < 0.12


def test_a_sweep_and_an_estimate_give_such_an_interval_alike(thin):
    sizes = ((512, 512), (1024, 1024))
    found = sweep(Grid(("pixart-alpha",), sizes, options={"calibration": thin}, intervals=True))
    for k, (side, _) in enumerate(sizes):
        one = estimate("pixart-alpha", calibration=thin, resolution=side).time_s
        ends = [float(found.array(f"time_s_{end}").ravel()[k]) for end in ("low", "high")]
        assert ends == pytest.approx([one.low, one.high])


@pytest.mark.parametrize("utilisation", [1.0, 1e-4])
def test_total_carbon_is_as_uncertain_as_the_parts_it_is_made_of(utilisation):
    """All but energy's where little is embodied, all but time's where much is."""
    point = operating_point("flux.1-dev", gpu="h100-sxm-80gb", utilisation=utilisation, boundary="chip")
    halves = {x: np.log(high / low) / 2 for x, (low, high) in predictive(point, (E, tau, C_op, C_emb, C_total)).items()}
    assert halves[C_op] == pytest.approx(halves[E]) and halves[C_emb] == pytest.approx(halves[tau])
    assert halves[tau] > 1.02 * halves[E]
    nearest, other = (halves[x] for x in ((E, tau) if utilisation == 1.0 else (tau, E)))
    assert abs(halves[C_total] / nearest - 1) < abs(halves[C_total] / other - 1)


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
    assert "no model could be held out" in result.basis["interval"]


def test_estimate_fills_low_and_high(ditcarbon):
    table = json.loads(ditcarbon("estimate", "pixart-alpha", "--json").out)
    assert table["interval_level"] == 0.9
    for key in ("time_s", "energy_wh", "operational_g", "embodied_g", "total_g", "per_output_g", "efficiency"):
        assert table[key]["low"] < table[key]["value"] < table[key]["high"]


def test_the_90_per_cent_interval_covers_about_90_per_cent_of_architectures_never_seen():
    inside, rows = (sum(getattr(x, key) for x in coverage()) for key in ("inside", "rows"))
    assert rows == 48
    assert 0.8 <= inside / rows <= 1.0
    # As found, by architecture: below 90 % for the two DiT and for the video model, above it for the others.
    assert {x.architecture: (x.inside, x.rows) for x in coverage()} == {
        "dit-xl-2-256": (7, 9), "dit-xl-2-512": (7, 9), "pixart-alpha": (9, 9), "pixart-sigma": (9, 9),
        "sd3-medium": (9, 9), "cogvideox-2b": (2, 3),
    }  # fmt: skip


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
    [
        (["--level", "1.5"], "level = 1.5"),
        (["--level", "1e-320"], "level = "),
        (["--draws", "10"], "draws = 10"),
        (["--level", "nan"], "level = nan"),
        (["--seed", "-1"], "seed = -1"),
    ],
)
def test_bad_options_are_refused(refused, options, expected):
    assert expected in refused("uncertainty", "pixart-alpha", *options)


def test_the_level_asked_for_is_the_level_told(ditcarbon):
    outcome = ditcarbon("uncertainty", "pixart-alpha", "--draws", 20000, "--level", 0.5)
    assert "50 % intervals" in outcome.out and "50 %, predictive" in outcome.out and "90 %," not in outcome.out


def test_a_carbon_free_grid_has_an_uncertainty_too(ditcarbon):
    assert ditcarbon("uncertainty", "pixart-alpha", "--draws", 20000, "--pue", 1.2, "--grid", 0).code == 0


def test_scenarios_of_an_accelerator_without_embodied_carbon_are_of_operational_carbon(ditcarbon):
    outcome = ditcarbon("uncertainty", "pixart-alpha", "--gpu", "a10g", "--mu", 0.5, "--boundary", "chip")
    assert "operational at low end" in outcome.out and "grid intensity" in outcome.out


def test_too_few_draws_are_not_taken_for_a_failure_of_the_method(ditcarbon):
    outcome = ditcarbon("uncertainty", "pixart-alpha", "--draws", 1000, "--level", 0.999)
    assert "too few draws to tell" in outcome.out


def test_energy_is_told_in_watt_hours(ditcarbon):
    row = next(
        line for line in ditcarbon("uncertainty", "pixart-alpha", "--draws", 1000).out.splitlines() if "Wh" in line
    )
    assert f"{estimate('pixart-alpha').energy_wh.value:.4f}" in row


def test_no_interval_of_the_efficiency_reaches_above_peak(tmp_path):
    text = (DATA / "calibrations" / "v100-pcie-16gb.toml").read_text()
    path = tmp_path / "good.toml"
    path.write_text(
        "\n".join("mu_sat = 0.97" if line.startswith("mu_sat = 0.389") else line for line in text.splitlines())
    )
    assert estimate("pixart-alpha", batch=8, calibration=path).efficiency["high"] == 1.0
