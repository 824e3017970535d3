"""Which law answers a request, and what is said of it."""

from dataclasses import replace

import pytest

from ditcarbon_sym import estimate, load
from ditcarbon_sym.equations.notation import TDP, Theta_peak, bandwidth
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.estimation.routes import calibration_for


def test_the_papers_rows_stay_the_papers():
    found = estimate("pixart-alpha", resolution=1024, steps=50, efficiency="bgr")
    assert found.basis["efficiency"] == "bgr" and found.total_g.value == pytest.approx(0.5585, abs=5e-5)


@pytest.mark.parametrize("model", ["hunyuandit-1.2", "pixart-alpha"])
def test_the_operator_law_answers_unless_another_is_asked_for(model):
    assert estimate(model).basis["efficiency"] == "roofline"
    assert estimate(model, efficiency="bgr").basis["efficiency"] == "bgr"


def test_the_operator_law_is_refused_where_nothing_can_be_transferred(bare_card):
    with pytest.raises(InputError, match="can be transferred to it: bandwidth_byte_per_second of bare is not known"):
        estimate("flux.1-dev", gpu="bare", catalog=bare_card, efficiency="roofline")


def test_the_papers_fit_uses_leading_order_and_says_how_far_it_is_off():
    for model, said in (("sd3.5-medium", True), ("pixart-alpha", False)):
        notes = operating_point(model, efficiency="bgr").notes
        assert any("exact count" in note for note in notes) == said


@pytest.mark.parametrize("choice", [{}, {"mu": 0.3}])
def test_the_operator_law_and_a_measured_efficiency_count_exactly_and_have_nothing_to_say_of_it(choice):
    assert not any("exact count" in note for note in operating_point("sd3.5-medium", **choice).notes)


@pytest.mark.parametrize(
    ("gpu", "law", "fact", "known"),
    [
        ("h100-sxm-80gb", "roofline", None, True), ("h100-sxm-80gb", "roofline", bandwidth, False),
        ("h100-sxm-80gb", "roofline", TDP, False), ("h100-sxm-80gb", "roofline", Theta_peak, False),
        ("v100-pcie-16gb", "bgr", bandwidth, True), ("v100-pcie-16gb", "bgr", TDP, True),
        ("v100-pcie-16gb", "bgr", Theta_peak, False),
    ],
)  # fmt: skip
def test_a_calibration_is_not_of_an_accelerator_that_differs_in_what_its_law_reads(gpu, law, fact, known):
    device = load().gpu(gpu)
    changed = replace(device, values={x: value * (1.5 if x == fact else 1.0) for x, value in device.values.items()})
    assert (calibration_for(changed, law) is not None) == known
