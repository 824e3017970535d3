"""Profiles of a grid by the hour: what is read, what is refused, and the best start of a job."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.footprint.hours import best_start, read_profile


@pytest.fixture
def file(tmp_path):
    def write(text, name):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


DAY = [f"FR,{k},{100 + k}" for k in range(24)]


def written(lines):
    return "zone,hour_utc,gco2eq_per_kwh\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (written(DAY[:7] + DAY[8:]), "hour 7 is missing"),
        (written([*DAY, "FR,3,100"]), "stands twice for zone 'FR' .summer time"),
        (written(["FR,0,-5", *DAY[1:]]), "outside 0..3000"),
        (written([f"FR,{k},0.{k + 10}" for k in range(24)]), "is it in kg/kWh"),
        (written(["FR,0,x", *DAY[1:]]), "row 1"),
        ("zone,hour\nFR,1\n", "no column of an intensity"),
        ("zone,gco2eq_per_kwh\nFR,1\n", "no column of hours"),
        ("datetime,carbon_intensity\n2024-10-27T00:30,1\n", "no full hour"),
    ],
)
def test_a_bad_profile_is_refused_in_one_line_that_names_the_row(file, text, expected):
    with pytest.raises(InputError, match=expected) as refusal:
        read_profile(file(text, "profile.csv"))
    assert "profile.csv" in str(refusal.value) and "\n" not in str(refusal.value)


def test_column_names_of_electricity_maps_and_watttime_are_recognised(file):
    maps = "Datetime (UTC),Zone id,Carbon intensity gCO₂eq/kWh (Life cycle)\n"
    rows = "".join(f"2024-01-01 {k:02d}:00:00,FR,{50 + k}\n" for k in range(24))
    assert read_profile(file(maps + rows, "maps.csv"))["FR"][3] == 53
    spans = "".join(f"01/02/2024 {k:02d}:00:00 - 01/02/2024 {k + 1:02d}:00:00,{50 + k}\n" for k in range(23))
    assert read_profile(file("MTU (UTC),carbon_intensity\n" + spans, "entsoe.csv"))[""][3] == 53
    watttime = "point_time,value\n" + "".join(f"2024-01-01T{k:02d}:00:00+00:00,1000\n" for k in range(24))
    assert read_profile(file(watttime, "wt.csv"))[""][0] == pytest.approx(453.59237)


@given(st.lists(st.floats(1, 900), min_size=24, max_size=24), st.floats(0.5, 8), st.integers(9, 30))
def test_no_other_start_is_cleaner_than_the_best(grams, duration, deadline):
    hours = np.array(grams)
    start, mean, now = best_start(hours, duration, deadline)
    assert mean <= now + 1e-9 and start + duration <= deadline

    def over(first):
        edges = np.linspace(first, first + duration, 4001)
        middle = (edges[:-1] + edges[1:]) / 2
        return hours[middle.astype(int) % 24].mean()

    assert mean == pytest.approx(over(start), rel=5e-3)
    assert all(mean <= over(x) * (1 + 5e-3) for x in range(int(deadline - duration) + 1))


@pytest.mark.parametrize(("now", "deadline", "expected"), [(5, 4, "in the past"), (0, 3, "ends later")])
def test_a_deadline_that_cannot_be_met_is_refused(now, deadline, expected):
    with pytest.raises(InputError, match=expected):
        best_start(np.ones(24), 4.0, deadline, now)
