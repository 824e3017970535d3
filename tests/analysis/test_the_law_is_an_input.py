"""A sensitivity analysis covers every input of the route, the law's own constants and error among them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.analysis.knobs import KNOBS, WHOLE, WORDS, exponents, loosened, setting
from ditcarbon_sym.analysis.sensitivity import documented_ranges, elasticities, error_of_the_law, tornado
from ditcarbon_sym.analysis.variance import ERROR, FITTED, _constants, _whole, sobol
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import derivatives, pipeline
from ditcarbon_sym.equations.notation import TDP, C_output, E, P_idle, n_frames, n_latent, tau, v_s
from ditcarbon_sym.estimation.intervals import parameter_deviations, predictive
from ditcarbon_sym.estimation.point import operating_point

CARDS = ("v100-pcie-16gb", "h100-sxm-80gb", "rtx-4090", "t4")
FLUX = operating_point("flux.1-dev", gpu="h100-sxm-80gb", boundary="chip")


@settings(max_examples=40)
@given(st.sampled_from(sorted(load().models)), st.sampled_from(CARDS), st.sampled_from([tau, E]))
def test_every_input_that_moves_time_or_energy_belongs_to_a_knob(model, gpu, output):
    point = loosened(operating_point(model, gpu=gpu))
    slopes = derivatives.gradient(point.values, output, point.route)
    slopes.pop(output)
    covered = {x for knob in KNOBS for x in exponents(point, knob)} | {
        n_latent,
        v_s,
    }  # v_s is the VAE's, and no one turns it
    moving = {x for x, slope in slopes.items() if float(slope) * point.values[x] != 0}
    assert moving <= covered, moving - covered


@settings(max_examples=30)
@given(st.sampled_from(sorted(load().models)), st.sampled_from(CARDS))
def test_symbols_for_width_and_depth_change_no_number(model, gpu):
    point = operating_point(model, gpu=gpu)
    loose = loosened(point)
    for output in (tau, E):
        one, other = (float(pipeline.evaluate(x.values, (output,), x.route)[output]) for x in (point, loose))
        assert other == pytest.approx(one, rel=1e-12)


@pytest.mark.parametrize("model", ["flux.1-dev", "wan2.1-t2v-1.3b", "sana-1.6b", "mochi-1"])
def test_width_depth_peak_bandwidth_power_and_constants_have_elasticities_on_the_operator_law(model):
    found = {
        x.knob: x.value
        for x in elasticities(operating_point(model, gpu="h100-sxm-80gb", boundary="chip"), C_output)
        if x.value
    }
    assert {"hidden_size", "blocks", "peak_flop_per_second", "bandwidth_byte_per_second", "tdp_watt"} <= set(found)
    assert {"e_dense", "joule_per_flop", "joule_per_byte", "e_mem"} <= set(found)
    assert 0.85 < found["blocks"] < 1.01 and 1 < found["hidden_size"] < 2.1  # SANA's VAE takes a tenth of the energy


@pytest.mark.parametrize("model", ["flux.1-dev", "sana-1.5-1.6b"])
def test_measured_joules_go_with_the_root_of_rated_power_and_the_decoder_draws_all_of_it(model):
    """What is left beside the joules of products, of passes and of waiting is the decoder's, at rated power."""
    point = operating_point(model, gpu="h100-sxm-80gb", batch=1)
    assert TDP in point.values and P_idle in point.values
    found = {x.knob: x.value for x in elasticities(point, E)}
    products, passes, idle = (found.get(x, 0.0) for x in ("joule_per_flop", "joule_per_byte", "idle_watt"))
    decoder = 1 - products - passes - idle
    assert 0 < decoder < 0.25 and found["tdp_watt"] == pytest.approx(products / 2 + decoder, abs=0.05)


def test_on_a_transferred_accelerator_turning_its_facts_is_having_another_one():
    point = operating_point("flux.1-dev", gpu="l40s")
    found = {x.knob: x.value for x in elasticities(point, E)}
    roots, passes = found["joule_per_flop_in_common"], found["joule_per_byte"]
    assert found["tdp_watt"] == pytest.approx(roots + (1 - 2 * roots - passes), abs=1e-3)
    assert found["peak_flop_per_second"] == pytest.approx(-roots, abs=0.01)


def test_the_laws_error_is_a_bar_as_wide_as_the_interval_without_its_constants():
    bar = next(x for x in tornado(FLUX, tau) if x.knob == ERROR)
    low, high = predictive(FLUX, (tau,))[tau]
    own = parameter_deviations(FLUX, (tau,))[tau]
    assert high / low > bar.at_high / bar.at_low > 1
    half = math.log(bar.at_high / bar.at_low) / 2
    assert half < math.log(high / low) / 2 < half + 2.5 * own + 1e-12


def test_of_a_measured_efficiency_no_error_is_known_and_none_is_shown():
    point = operating_point("flux.1-dev", gpu="h100-sxm-80gb", mu=0.4)
    assert error_of_the_law(point, tau) == 0 and ERROR not in {x.knob for x in tornado(point, tau)}


def test_the_law_has_a_share_of_the_variance_and_the_grid_not_all_of_it():
    found = {x.knob: x for x in sobol(FLUX, samples=512)}
    assert found[ERROR].total > 0.01 and FITTED in found
    assert found["grid_gco2eq_per_kwh"].first < 0.5
    time = {x.knob: x for x in sobol(FLUX, tau, {"pue": (1.1, 1.2)}, samples=256)}
    assert set(time) == {ERROR, FITTED} and time[ERROR].first + time[FITTED].first == pytest.approx(1, abs=0.1)
    assert time[ERROR].first == pytest.approx(time[ERROR].local_share, abs=0.1)


def test_constants_are_drawn_with_the_covariance_of_the_fit():
    rng = np.random.default_rng(0)
    drawn = _constants(FLUX, rng.standard_normal((200_000, len(FLUX.calibration.free))))
    logs = np.log(np.array([drawn[x] for x in FLUX.calibration.free]))
    centre = np.array([FLUX.calibration.values[x] for x in FLUX.calibration.free])
    wanted = np.array(FLUX.calibration.covariance) / np.outer(centre, centre)
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    assert np.cov(logs) / scale == pytest.approx(wanted / scale, abs=0.1)  # some are clipped at their bounds


@settings(max_examples=50)
@given(st.sampled_from(["steps", "batch", "guidance", "text_tokens"]), st.floats(0.6, 300))
def test_whole_numbers_are_drawn_whole(knob, value):
    (found,) = _whole(FLUX, knob, np.array([value]))
    assert found == round(found) and abs(found - value) <= 0.5


@given(st.floats(5, 129))
def test_frames_are_drawn_as_the_vae_maps_them(value):
    point = operating_point("wan2.1-t2v-1.3b")
    (found,) = _whole(point, "frames", np.array([value]))
    assert (found - 1) % 4 == 0 and abs(found - value) <= 2


@pytest.mark.parametrize("model", sorted(load().models))
def test_ranges_reach_what_the_model_was_released_for(model):
    point = operating_point(model)
    found = documented_ranges(point)
    for knob in ("side", "steps", "frames", "guidance"):
        if knob in found:
            low, high, _ = found[knob]
            assert low <= setting(point, knob) * (1 + 1e-12) and setting(point, knob) <= high * (1 + 1e-12), knob
    assert ("frames" in found) == (point.model.request[n_frames] > 1)


def test_every_knob_has_words_and_whole_numbers_are_knobs():
    assert {*KNOBS, ERROR, FITTED} == set(WORDS) and set(WHOLE) <= set(KNOBS)


def test_the_command_says_that_derivatives_are_exact_and_the_law_is_not(ditcarbon):
    told = ditcarbon("sensitivity", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--no-sobol").out
    assert "the law is not exact and is off by a factor of up to 1." in told


def test_a_reader_meets_elementwise_passes_and_no_bytes(ditcarbon):
    """What the law calls bytes holds whatever goes with norms and elementwise passes: most of it is no traffic."""
    told = ditcarbon("estimate", "flux.1-dev", "--gpu", "h100-sxm-80gb").out
    assert "products, exponentials, elementwise passes and launches" in told
    lines = ditcarbon("sensitivity", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--no-sobol").out
    assert "energy of elementwise passes" in lines and "speed of elementwise passes" in lines
    assert " byte" not in lines


def test_scenarios_that_change_nothing_are_left_out(ditcarbon):
    """The operator law counts the decoder's products; the paper's factor of reuse does not enter."""
    command = ("uncertainty", "pixart-alpha", "--draws", 1000)
    assert "VAE reuse factor" not in ditcarbon(*command).out
    told = ditcarbon(*command, "--efficiency", "bgr").out
    assert "VAE reuse factor" in told and "\\n" not in told
