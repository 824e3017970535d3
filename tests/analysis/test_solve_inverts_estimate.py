"""Asked for what a request costs, ``solve`` answers that request."""

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.analysis.inversion import break_even, within
from ditcarbon_sym.analysis.knobs import SIZES
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import C_total, E, m, p, tau, v_s, v_t
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.estimator import estimate_at
from ditcarbon_sym.estimation.point import asked_again, operating_point

TOLD = {tau: 1.0, E: 1000.0, C_total: 1.0}
CARDS = ("v100-pcie-16gb", "h100-sxm-80gb", "rtx-4090")


def cost(point, output):
    return TOLD[output] * float(pipeline.evaluate(point.values, (output,), point.route)[output])


@st.composite
def questions(draw):
    """A model's release on a card, an unknown, and a valid value for it."""
    name = draw(st.sampled_from(sorted(load().models)))
    model = load().model(name)
    values = {
        "resolution": st.integers(4, 40).map(lambda k: int(k * model.values[v_s] * model.values[p])),
        "batch": st.integers(1, 64), "steps": st.integers(1, 200), "guidance": st.integers(1, 3),
    }  # fmt: skip
    if model.is_video and name != "allegro":  # its pipeline maps 23 frames to more latent frames than 24
        values["frames"] = st.integers(1, 40).map(lambda k: int(1 + k * model.values[v_t]))
    if model.text_tokens_fixed is None and model.request[m]:
        values["text_tokens"] = st.integers(160, 512)
    unknown = draw(st.sampled_from(sorted(values)))
    return name, draw(st.sampled_from(CARDS)), unknown, draw(values[unknown]), draw(st.sampled_from([tau, E, C_total]))


@settings(max_examples=60)
@given(questions())
def test_solving_for_what_an_estimate_costs_gives_its_request_back(question):
    model, gpu, unknown, value, output = question
    try:
        asked = operating_point(model, gpu=gpu, **{unknown: value})
    except InputError:
        return
    try:
        found = within(operating_point(model, gpu=gpu), unknown, output, cost(asked, output))
    except InputError as error:
        assert "does not depend on" in str(error) or "no limit" in str(error) or "is unknown here" in str(error)
        return
    assert found.value == value
    assert found.reached == pytest.approx(cost(asked, output), rel=1e-12) and found.slack <= 1e-11 * found.budget
    if unknown not in SIZES:
        assert found.exact == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(("unknown", "value"), [("batch", 3), ("resolution", 768), ("steps", 7)])
def test_what_was_told_of_a_batch_of_three_or_a_side_of_768_is_answered(ditcarbon, unknown, value):
    point = operating_point("pixart-alpha", **{unknown: value})
    budget = 1000 * float(pipeline.evaluate(point.values, (E,), point.route)[E])
    told = ditcarbon("solve", "pixart-alpha", "--for", unknown, "--budget-wh", repr(budget)).out
    assert f" {unknown} " in told and f" {value} " in told


def test_the_next_valid_value_is_above_the_budget_by_its_own_estimate():
    point = operating_point("flux.1-dev", gpu="h100-sxm-80gb")
    found = within(point, "resolution", tau, 5.0)
    assert cost(asked_again(point, resolution=int(found.value)), tau) <= 5.0
    assert cost(asked_again(point, resolution=int(found.value) + 16), tau) > 5.0


def test_a_break_even_of_sizes_is_confirmed_by_estimates_of_both():
    one, other = (operating_point(x, gpu="h100-sxm-80gb") for x in ("sd3.5-large", "flux.1-dev"))
    found = break_even(one, other, "steps", tau, both=False)
    assert cost(asked_again(one, steps=int(found.value)), tau) <= cost(other, tau)
    assert cost(asked_again(one, steps=int(found.value) + 1), tau) > cost(other, tau)


@pytest.mark.parametrize("gpu", CARDS)
@pytest.mark.parametrize("model", sorted(load().models))
def test_an_efficiency_that_an_estimate_shows_gives_its_time_back(model, gpu):
    shown = estimate_at(operating_point(model, gpu=gpu))
    again = estimate_at(operating_point(model, gpu=gpu, mu=shown.efficiency["value"]))
    assert again.time_s.value == pytest.approx(shown.time_s.value, rel=1e-9)
    assert again.flops["total"] == pytest.approx(shown.flops["total"], rel=1e-12)
