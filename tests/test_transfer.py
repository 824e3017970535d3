"""What carries over between accelerators: the pools refitted, their error on accelerators never seen, and estimates."""

import json
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ditcarbon_sym import estimate, pipeline, roofline
from ditcarbon_sym.catalog import load, shipped_calibration
from ditcarbon_sym.derivatives import gradient
from ditcarbon_sym.equation import Equation
from ditcarbon_sym.files import DATA
from ditcarbon_sym.fitting import Free, fit
from ditcarbon_sym.notation import TDP, B, E, P_idle, S, Theta_peak, bandwidth, e_dense, phi_elem, t_exp, tau
from ditcarbon_sym.operating import operating_point
from ditcarbon_sym.transfer import ORIGIN
from ditcarbon_sym.uncertainty import student_quantile
from fits import operator_law, transfer, transfer_tables
from fits.operator_law import B200, H100

TRANSFERRED = sorted(gpu for gpu in load().gpus if shipped_calibration(gpu, roofline.LAW) is None)
MODELS = st.sampled_from(["flux.1-dev", "wan2.1-t2v-1.3b", "sana-1.5-1.6b", "pixart-alpha", "dit-xl-2-256"])


def alike(shipped, again):
    assert shipped["parameters"] == pytest.approx(again["parameters"], rel=1e-6)
    assert np.array(shipped["covariance"]["matrix"]) == pytest.approx(np.array(again["covariance"]["matrix"]), rel=1e-3)
    for key in ("mape_percent", "held_out_log_scatter", "held_out_mape_percent"):
        assert shipped["quality"][key] == pytest.approx(again["quality"][key], rel=1e-5)
    assert shipped["data"] == again["data"] and shipped["verdicts"] == again["verdicts"]


@pytest.mark.parametrize("name", transfer_tables.TRANSFERS)
def test_a_shipped_transfer_is_what_a_refit_gives(name):
    shipped = tomllib.loads((DATA / "transfers" / f"{name}.toml").read_text(encoding="utf-8"))
    alike(shipped, transfer_tables.TRANSFERS[name]())


@pytest.mark.parametrize("gpu", transfer.SAME_CHIP)
def test_the_a100s_calibration_is_what_a_refit_gives_and_says_how_thin_it_is(gpu):
    shipped = tomllib.loads(operator_law.target(gpu).read_text(encoding="utf-8"))
    alike(shipped, transfer_tables.a100_table(gpu))
    assert "thin" in shipped["verdicts"]["e_dense"] and shipped["quality"]["n"] == 6


def test_elementwise_passes_keep_pace_with_the_clock_and_not_with_the_memory():
    scatter = {rule: transfer.times(rule).scatter for rule in transfer.RULES}
    assert min(scatter, key=lambda rule: scatter[rule]) == "clock"
    assert scatter["clock"] < 0.15 and scatter["clock"] < scatter["bandwidth"] / 3


def test_accelerators_never_seen_are_missed_by_little_more_than_models_never_seen():
    errors = transfer.times().mape
    assert len(errors) == 6 and np.mean(list(errors.values())) < 13 and max(errors.values()) < 23
    assert np.mean(list(transfer.energies().mape.values())) < 11


def test_products_draw_rated_power_as_far_as_the_meters_can_tell():
    # Left free up to twice as much, per second that the law of time gives them, the part comes out above one.
    time, data = transfer.times().fitted, transfer.energies().fitted.data
    law = transfer.energy_law(time.values[e_dense] / transfer.slowness, time.values[transfer.rho])
    free = {transfer.slowness: Free(1.0, 0.1, 2.0), phi_elem: Free(0.8, 0.0, 1.0)}
    assert fit(law, data, free, "log").values[transfer.slowness] > 1


def test_the_interval_of_a_transfer_holds_accelerators_never_seen():
    for pool, least in ((transfer.times(), 0.8), (transfer.energies(), 0.8)):
        half = student_quantile(0.9, len(pool.held_out)) * pool.scatter
        inside = [
            np.abs(np.log(one.predict(rows) / rows.observed)) <= half for one, rows in pool.held_out.values()
        ]  # fmt: skip
        assert least <= np.mean([np.mean(x) for x in inside]) <= 1


THIN = [row for row in operator_law.published() if row["gpu"] not in (H100, B200)]


@pytest.mark.parametrize("row", THIN, ids=lambda row: "-".join(row[x] for x in ("gpu", "model", "height", "batch")))
def test_the_interval_of_a_thin_or_transferred_estimate_holds_what_was_published(row):
    request = {key: int(row[key]) for key in ("height", "width", "frames", "batch", "steps")}
    found = estimate(row["model"], gpu=row["gpu"], **request)
    assert found.time_s.low < float(row["time_s"]) < found.time_s.high
    if row["energy_j_per_output"]:
        joules = float(row["energy_j_per_output"]) * request["batch"]
        assert found.energy_wh.low < joules / 3600 < found.energy_wh.high


@pytest.mark.parametrize("gpu", TRANSFERRED)
def test_a_transferred_estimate_says_so(gpu, ditcarbon):
    outcome = ditcarbon("estimate", "pixart-alpha", "--gpu", gpu, "--json")
    table = json.loads(outcome.out)
    assert table["warnings"][0].startswith(f"{ORIGIN}: {gpu}") and table["basis"]["calibration"]["transferred"]
    assert ORIGIN in table["efficiency"]["calibration"] and ORIGIN in outcome.err
    assert table["time_s"]["high"] / table["time_s"]["value"] > 1.25


def test_a_calibrated_estimate_does_not_say_so():
    found = estimate("flux.1-dev", gpu="h100-sxm-80gb")
    assert not found.basis["calibration"]["transferred"] and not any(ORIGIN in warning for warning in found.warnings)


@settings(max_examples=30)
@given(MODELS, st.sampled_from(TRANSFERRED), st.integers(1, 8), st.integers(1, 60))
def test_a_transferred_law_obeys_physics_too(model, gpu, batch, steps):
    where = operating_point(model, gpu=gpu, batch=batch, steps=steps)
    seconds, joules = (float(x) for x in pipeline.evaluate(where.values, (tau, E), where.route).values())
    joules *= 3.6e6
    assert joules <= where.values[TDP] * seconds * (1 + 1e-9)
    assert joules >= where.device.values.get(P_idle, 0) * seconds
    slopes = gradient(where.values, tau, where.route)
    assert slopes[S] > 0 and slopes[B] > 0 and slopes[Theta_peak] < 0


def test_from_ampere_on_a_faster_memory_alone_saves_no_time():
    where = operating_point("flux.1-dev", gpu="l40s")
    slopes = gradient(where.values, tau, where.route)
    assert bandwidth not in slopes or float(slopes[bandwidth]) == pytest.approx(0, abs=1e-25)
    assert slopes[t_exp] > 0


def test_energy_is_at_least_idle_power_for_the_time_on_every_calibrated_accelerator():
    for gpu in ("h100-sxm-80gb", "b200-sxm", "a100-sxm-40gb", "a100-sxm-80gb"):
        for model in load().models:
            found = estimate(model, gpu=gpu)
            assert found.energy_wh.value * 3600 >= load().gpu(gpu).values[P_idle] * found.time_s.value


def test_waiting_for_launches_draws_idle_power():
    law = roofline.energy
    values = dict.fromkeys(law.inputs, 1.0) | {P_idle: 7.0}
    busy = Equation("busy", tau, roofline.BUSY)(values)
    waiting = Equation("all", tau, roofline.larger(roofline.LAUNCHES, roofline.BUSY))(values) - busy
    assert waiting > 0
    assert law(values) - law({**values, P_idle: 0.0}) == pytest.approx(7.0 * waiting / 3.6e6)


def test_a_card_of_ones_own_is_transferred_to_if_its_facts_are_given(tmp_path):
    path = tmp_path / "mine.toml"
    facts = "peak_flop_per_second = 3e14\nbandwidth_byte_per_second = 1e12\nseconds_per_exponential = 3e-13\n"
    path.write_text(f"[gpus.mine]\n{facts}", encoding="utf-8")
    found = estimate("flux.1-dev", gpu="mine", catalog=path)
    assert found.time_s.value > 0 and found.energy_wh.value is None
    assert "no compute capability given: taken for Ampere or later" in found.warnings[0]
    path.write_text(f"[gpus.mine]\n{facts}tdp_watt = 300\ncompute_capability = 7.5\n", encoding="utf-8")
    earlier = estimate("flux.1-dev", gpu="mine", catalog=path)
    assert earlier.time_s.value > found.time_s.value
    assert earlier.energy_wh.value == pytest.approx(300 * earlier.time_s.value / 3600)
    assert "energy is rated power x time" in earlier.warnings[0]


def test_a_memory_too_slow_for_the_clock_is_told(tmp_path):
    path = tmp_path / "mine.toml"
    facts = "peak_flop_per_second = 3e14\nbandwidth_byte_per_second = 5e10\nseconds_per_exponential = 3e-13\n"
    path.write_text(f"[gpus.mine]\n{facts}", encoding="utf-8")
    assert "memory is slower than its clock asks for" in estimate("flux.1-dev", gpu="mine", catalog=path).warnings[0]


def test_another_card_under_a_calibrated_name_is_transferred_to_not_taken_for_it(tmp_path):
    path = tmp_path / "mine.toml"
    facts = "peak_flop_per_second = 5e14\nbandwidth_byte_per_second = 2e12\nseconds_per_exponential = 3e-13\n"
    path.write_text(f"[gpus.h100-sxm-80gb]\n{facts}tdp_watt = 350\n", encoding="utf-8")
    assert ORIGIN in estimate("flux.1-dev", gpu="h100-sxm-80gb", catalog=path).warnings[0]


def test_the_efficiency_of_a_gtx_1080_ti_lies_in_the_band_that_the_paper_draws():
    # Figure 2: about 0.40 to 0.60, points not printed; consistent with, not reproduced.
    found = estimate("pixart-alpha", gpu="gtx-1080-ti", resolution=512, batch=4)
    assert found.efficiency["low"] < 0.6 and found.efficiency["high"] > 0.4
