"""What a service takes in a day and a year."""

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym import estimate
from ditcarbon_sym.estimation.service import Quantity, service

SIZES = st.floats(1e-6, 1e9)
QUANTITIES = st.builds(lambda value, below, above: Quantity(value, value * below, value * above), SIZES,
                       st.floats(0.1, 1), st.floats(1, 10)) | st.just(Quantity(None))  # fmt: skip


@given(QUANTITIES, QUANTITIES, st.floats(1, 64), st.floats(1e-3, 1e12))
def test_each_quantity_of_a_service_keeps_its_relative_interval(time, energy, batch, per_day):
    found = service({"time_s": time, "energy_wh": energy}, batch, per_day, 1)
    for one, of_all in ((time, found["gpu_hours"]), (energy, found["energy_wh"])):
        if one.value is None:
            assert of_all == Quantity(None)
        else:
            assert of_all.low / of_all.value == pytest.approx(one.low / one.value)
            assert of_all.high / of_all.value == pytest.approx(one.high / one.value)


@given(st.floats(1e-3, 1e12), st.floats(1, 64))
def test_a_year_is_365_25_days(per_day, batch):
    one = {"time_s": Quantity(3600.0), "total_g": Quantity(2.0)}
    day, year = service(one, batch, per_day, 1), service(one, batch, per_day, 365.25)
    assert year["outputs"] == pytest.approx(365.25 * day["outputs"])
    assert year["total_g"].value == pytest.approx(365.25 * day["total_g"].value)
    assert day["gpu_hours"].value == pytest.approx(per_day / batch)


@pytest.mark.parametrize("period", ["per_day", "per_year"])
def test_grams_of_a_service_are_those_of_the_energy_of_its_facility(period):
    found = estimate("pixart-alpha", batch=4, pue=1.5, grid=200, per_day=1000)
    service = getattr(found, period)
    assert service["facility_energy_wh"].value == pytest.approx(1.5 * service["energy_wh"].value)
    for end in ("value", "low", "high"):
        kilowatt_hours = getattr(service["facility_energy_wh"], end) / 1000
        assert getattr(service["operational_g"], end) == pytest.approx(200 * kilowatt_hours)


def test_what_is_unknown_of_a_request_is_unknown_of_its_service():
    found = estimate("pixart-alpha", gpu="a10g", mu=0.5, boundary="chip", per_day=10)
    assert found.per_year["total_g"] == Quantity(None) and found.per_year["energy_wh"].value > 0
