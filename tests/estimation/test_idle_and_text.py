"""What stands apart: energy while idle; and what an encoder does not take."""

import math

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import P_idle, m
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.request import resolve_request

FLUX = {"model": "flux.1-dev", "gpu": "h100-sxm-80gb", "boundary": "chip"}


@settings(max_examples=25)
@given(st.floats(0.01, 1), st.integers(1, 30), st.integers(1, 4))
def test_idle_energy_is_idle_power_times_the_idle_seconds_of_each_busy_one(utilisation, steps, batch):
    found = estimate(**FLUX, utilisation=utilisation, steps=steps, batch=batch, pue=1.3, grid=200)
    watts = load().gpu("h100-sxm-80gb").values[P_idle]
    assert found.idle_energy_wh.value == pytest.approx(watts * found.time_s.value * (1 / utilisation - 1) / 3600)
    assert found.idle_g.value == pytest.approx(found.idle_energy_wh.value / 1000 * 1.3 * 200)
    if utilisation < 1:
        spread = math.log(found.time_s.high / found.time_s.low)
        assert math.log(found.idle_energy_wh.high / found.idle_energy_wh.low) == pytest.approx(spread)


def test_idle_energy_is_in_no_total_and_nothing_where_the_accelerator_is_always_in_use(ditcarbon):
    always, half = estimate(**FLUX), estimate(**FLUX, utilisation=0.5)
    assert always.idle_energy_wh.value == always.idle_g.value == 0
    assert math.copysign(1, always.idle_energy_wh.value) == math.copysign(1, always.idle_g.value) == 1  # no -0
    assert half.energy_wh == always.energy_wh and half.operational_g == always.operational_g
    shown = [
        ditcarbon("estimate", FLUX["model"], "--gpu", FLUX["gpu"], "--boundary", "chip", "--utilisation", x).out
        for x in (1, 0.5)
    ]
    assert "idle energy, apart" not in shown[0] and "idle energy, apart" in shown[1] and "in no total" in shown[1]


def test_an_unknown_idle_power_is_said_and_never_zero():
    found = estimate("pixart-alpha", utilisation=0.5)
    assert found.idle_energy_wh.value is None and found.idle_g.value is None
    assert any("idle power of v100-pcie-16gb is unknown: energy while idle is left out" in x for x in found.warnings)


@pytest.mark.parametrize("model", sorted(load().models))
def test_more_text_than_an_encoder_takes_is_refused_and_the_most_is_not(model):
    entry = load().model(model)
    most = entry.networks().most_text
    if most is None or entry.text_tokens_fixed is not None:
        return
    assert entry.request[m] <= most
    assert resolve_request(entry, {"text_tokens": most})[0][m] == most
    with pytest.raises(InputError, match=f"takes at most {most}, its encoder cuts off the rest"):
        resolve_request(entry, {"text_tokens": most + 1})


def test_the_encoders_length_counts_what_is_fed_to_it_besides():
    """Stable Diffusion 3: 77 tokens of CLIP, which are fixed, and T5's 512."""
    assert load().model("sd3-medium").networks().most_text == 77 + 512
    assert load().model("flux.1-dev").networks().most_text == 512
