"""Shares of variance over documented ranges."""

import pytest

from ditcarbon_sym import InputError
from ditcarbon_sym.analysis.variance import check_range, local_agreement, sobol
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.estimation.point import operating_point

PIXART = operating_point("pixart-alpha", resolution=1024)
VIDEO = operating_point("cogvideox-2b")


def test_sobol_indices_agree_with_an_analytic_case():
    # Operational carbon is proportional to PUE times grid: for a product of independent factors the indices are known.
    output = pipeline.NAMES["operational_g"]
    spans = {"pue": (1.0, 2.0), "grid_gco2eq_per_kwh": (100.0, 700.0)}
    variation = {name: ((high - low) / (high + low)) ** 2 / 3 for name, (low, high) in spans.items()}
    whole = (1 + variation["pue"]) * (1 + variation["grid_gco2eq_per_kwh"]) - 1
    for found in sobol(PIXART, output, spans, samples=4096, seed=3, law=False):
        other = next(value for name, value in variation.items() if name != found.knob)
        assert found.first == pytest.approx(variation[found.knob] / whole, abs=0.01)
        assert found.total == pytest.approx(variation[found.knob] * (1 + other) / whole, abs=0.01)


@pytest.mark.parametrize("point", [PIXART, VIDEO], ids=["image", "video"])
def test_local_and_global_agree_where_they_must(point):
    assert local_agreement(point) < 0.02


def test_sobol_indices_are_reproducible_from_the_seed():
    assert sobol(PIXART, samples=64, seed=1) == sobol(PIXART, samples=64, seed=1)


@pytest.mark.parametrize(
    ("knob", "low", "high", "expected"),
    [
        ("pue", 1.4, 1.1, "reversed or empty"),
        ("pue", 1.2, 1.2, "reversed or empty"),
        ("pue", 0.5, 1.2, "leaves 1..5"),
        ("grid_gco2eq_per_kwh", -10, 10, "leaves 0..5000"),
        ("puе", 1.1, 1.2, "unknown input"),
        ("pue", float("nan"), 1.2, "reversed or empty"),
    ],
)
def test_a_range_that_is_reversed_crosses_zero_or_is_unknown_is_refused(knob, low, high, expected):
    with pytest.raises(InputError, match=expected):
        check_range(knob, low, high)


def test_sobol_indices_are_told_where_a_documented_range_begins_at_zero(ditcarbon):
    """The host's part of the power, on the boundary that an H100 has by itself."""
    found = ditcarbon("sensitivity", "sd3-medium", "--gpu", "h100-sxm-80gb", "--samples", 64)
    assert found.code == 0 and "Sobol indices over the same ranges" in found.out
    assert ditcarbon("sensitivity", "sd3-medium", "--no-sobol", "--range", "pue=0..2").code == 2
