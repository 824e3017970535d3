"""The calibrations of the operator law: refitted, and their error on models that the fit has not seen."""

import tomllib

import numpy as np
import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.loading import load, load_calibration, shipped_calibration
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.notation import t_launch
from fits import launches, law_choice, operator_law as refit, other_team, transfer, unseen, v100_law
from fits.runs import B200, H100, V100, published, v100_runs

GPUS = (V100, H100, B200)


def test_the_v100s_shipped_calibration_is_what_a_refit_gives():
    shipped = tomllib.loads(refit.target(V100).read_text(encoding="utf-8"))
    again = refit.TABLES[V100]()
    assert shipped["parameters"] == pytest.approx(again["parameters"], rel=1e-6)
    assert np.array(shipped["covariance"]["matrix"]) == pytest.approx(np.array(again["covariance"]["matrix"]), rel=1e-3)
    for key in ("mape_percent", "held_out_log_scatter"):
        assert shipped["quality"][key] == pytest.approx(again["quality"][key], rel=1e-6)
    assert shipped["data"] == again["data"]


@pytest.mark.parametrize("gpu", ["h100-sxm-80gb", "b200-sxm", "l20"])
def test_the_shipped_constants_are_what_a_refit_gives(gpu):
    """The errors of models held out are as many fits again: `make fits` writes them, `make scorecard` shows them."""
    shipped = load_calibration(refit.target(gpu))
    law, many = refit._to_bytes(refit.fits_of(gpu).shipped, load().gpu(gpu)), len(refit.fits_of(gpu).shipped.free)
    again = {**refit.fits_of(gpu).values, **law.values}
    assert np.array(shipped.covariance)[:many, :many] == pytest.approx(law.covariance, rel=1e-2)
    for x, value in shipped.values.items():
        if x in again:
            assert value == pytest.approx(again[x], rel=1e-4), x


def test_on_the_v100_one_law_of_three_parameters_serves_all_sizes():
    runs = v100_runs()
    printed = [run for run in runs if run.measured["printed"]]
    production = [run for run in runs if run.measured["production"]]
    assert len(printed) == 79 and len(production) == 48
    assert v100_law.fitted(printed).mape() <= 5.5
    assert max(v100_law.by_group(v100_law.held_out(printed)).values()) <= 9
    assert v100_law.fitted(production).mape() <= 4.5


@pytest.mark.parametrize(("gpu", "suffix"), [(H100, ""), (B200, ""), (H100, "_energy"), (B200, "_energy")])
def test_what_ships_misses_models_held_out_by_less_than_sums_of_times_chosen_without_them(gpu, suffix):
    """The candidates have no power limit, and coefficients of each accelerator's own."""
    target = "energy" if suffix else "time"
    held = load_calibration(refit.target(gpu)).quality[f"held_out_mape_percent{suffix}"]
    chosen = [found[gpu, target] for _, found in law_choice.nested().values() if (gpu, target) in found]
    assert np.mean(list(held.values())) < np.mean(chosen)
    assert np.mean(list(held.values())) < (9.5 if suffix else 11)


def test_launches_do_not_rest_on_sana():
    """Held out everywhere, it is predicted with the launches that other models show, expected within a factor of 7."""
    assert transfer.TIME[t_launch].spread == 2.0
    floors = launches.floors().values()
    assert operator_law.LAUNCH < 6e-5 < min(floors) and max(floors) < 8e-5 == transfer.TIME[t_launch].high
    out = (("model", "sana-1.5-1.6b"),)
    value = transfer.common(out).values[t_launch]
    assert value == pytest.approx(transfer.common().values[t_launch], rel=0.5)
    for gpu in (H100, B200):
        logs = transfer.off(transfer.laws(out)["time"], (gpu,), "time")["sana-1.5-1.6b"]
        assert np.mean(np.abs(np.expm1(logs))) < 0.2


def test_another_teams_runs_are_predicted_within_their_intervals():
    found = {(x.target, x.model): x for x in other_team.unseen()}
    assert all(-20 < x.bias < 5 and x.inside == x.rows for x in found.values())


def test_runs_that_no_fit_has_seen_are_predicted_as_well_as_models_held_out():
    found = unseen.times()
    assert len(found) == 24 and np.mean([abs(x.ratio - 1) for x in found]) < 0.105
    assert 0.85 <= np.mean([x.inside for x in found]) <= 0.96
    keys = {tuple(row[x] for x in ("model", "gpu", "source", "time_s")) for row in published()}
    assert not keys & {tuple(x.row[y] for y in ("model", "gpu", "source", "time_s")) for x in found}


@pytest.mark.parametrize(("model", "gpu", "request_", "seconds", "joules"), [
    ("flux.1-dev", H100, {"resolution": 1024, "steps": 50}, 11.64, 7949),
    ("wan2.1-t2v-14b", B200, {"height": 480, "width": 832, "frames": 81, "steps": 50}, 334.2, 3.069e5),
])  # fmt: skip
def test_the_interval_contains_the_published_measurement(model, gpu, request_, seconds, joules):
    found = estimate(model, gpu=gpu, **request_)
    assert found.basis["efficiency"] == "roofline"
    assert found.time_s.low < seconds < found.time_s.high
    assert found.energy_wh.low < joules / 3600 < found.energy_wh.high


def test_a_calibration_says_what_stands_fixed():
    for gpu in GPUS:
        calibration = shipped_calibration(gpu, operator_law.LAW)
        assert calibration is not None and set(calibration.verdicts.values()) - {"identified"}


@pytest.mark.parametrize(("gpu", "seconds"), [("h100-sxm-80gb", 466.8), ("b200-sxm", 334.2)])
def test_the_readmes_example_holds_the_published_run(gpu, seconds):
    found = estimate("wan2.1-t2v-14b", gpu=gpu, height=480, width=832)
    assert found.time_s.low < seconds < found.time_s.high


@pytest.mark.parametrize("gpu", sorted(gpu for gpu in load().gpus if shipped_calibration(gpu, operator_law.LAW)))
def test_no_interval_is_narrower_than_two_teams_are_apart(gpu):
    found = estimate("flux.1-dev", gpu=gpu, efficiency="roofline", datacenter="us-average")
    assert found.time_s.high / found.time_s.value > np.exp(1.64 * transfer.TEAMS) or gpu == V100
