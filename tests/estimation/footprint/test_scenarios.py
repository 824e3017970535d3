"""What a grid changes by from year to year stands in an interval of its own; scenarios have the ends of every range."""

import math

import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.places import ONE_YEAR
from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.estimation.spread.quantiles import quantile
from ditcarbon_sym.reports.intervals import scenario_rows, spread

ON = {"model": "flux.1-dev", "gpu": "h100-sxm-80gb"}


@pytest.mark.parametrize("law", [{}, {"mu": 0.3}])
def test_any_years_interval_is_the_totals_own_and_the_grids_together(law):
    found = estimate(**ON, **law, datacenter="france")
    total, year = found.total_g, found.any_year_g
    grid = (found.operational_g.value + found.host_g.value) / total.value
    for end, other in ((total.low, year.low), (total.high, year.high)):
        own = 0.0 if end is None else math.log(end / total.value)
        expected = math.hypot(own, quantile(0.9) * ONE_YEAR * grid)
        assert abs(math.log(other / total.value)) == pytest.approx(expected, rel=1e-9)
    assert year.low < total.value < year.high


@pytest.mark.parametrize(
    "place",
    [{"datacenter": "us-average"}, {"pue": 1.2, "grid": 40}, {"datacenter": "gcp:us-central1", "method": "market"}],
)
def test_a_grid_without_a_spread_has_no_interval_over_years(place):
    assert estimate(**ON, **place).any_year_g.value is None


def test_the_row_stands_under_the_total(ditcarbon):
    shown = ditcarbon("estimate", "flux.1-dev", "--gpu", "h100", "--place", "france").out.splitlines()
    below = shown[next(k for k, x in enumerate(shown) if x.startswith(" total carbon")) + 1]
    assert "any year's grid" in below
    assert "any year's grid" not in ditcarbon("estimate", "flux.1-dev", "--gpu", "h100").out


def test_uncertainty_has_the_scenarios_of_the_place_and_of_the_boundary():
    found = spread(operating_point(**ON, datacenter="france"), level=0.9, draws=1000, seed=0)
    knobs = {x.knob for x in found.scenarios}
    assert {"grid_gco2eq_per_kwh", "pue", "embodied_gco2eq", "server_gco2eq", "host_watt_per_watt"} <= knobs
    assert all(row[-1] for row in scenario_rows(found))
