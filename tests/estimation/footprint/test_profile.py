"""The hours of a grid in an estimate: the mean, best and worst hour, when a job starts, and what is refused."""

import json

import numpy as np
import pytest

from ditcarbon_sym import InputError, estimate
from ditcarbon_sym.estimation.footprint.hours import read_profile

HOURS = [100 + 10 * ((7 * k) % 24) for k in range(24)]
ON = {"gpu": "h100-sxm-80gb", "datacenter": "france"}
DAY = [f"FR,{k},{x}" for k, x in enumerate(HOURS)]


@pytest.fixture
def file(tmp_path):
    def write(rows, header="zone,hour,gco2eq_per_kwh", name="profile.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def test_the_mean_best_and_worst_hour_are_estimates_with_their_grid(file):
    found = estimate("flux.1-dev", **ON, hours={"profile": file(DAY)}).hours
    grids = {"mean": np.mean(HOURS), "best": min(HOURS), "worst": max(HOURS)}
    for name, grid in grids.items():
        same = estimate("flux.1-dev", gpu=ON["gpu"], pue=1.56, grid=grid).total_g
        told = found[name]["total_g"]
        assert (told.value, told.low, told.high) == pytest.approx((same.value, same.low, same.high), rel=1e-9)
    assert (found["best"]["hour"], found["worst"]["hour"]) == (0, HOURS.index(max(HOURS)))


def test_a_job_starts_where_its_hours_are_cleanest_and_no_later_than_its_deadline_allows(file):
    hours = [500, 500, 500, 90, 90, 500] + [400] * 18
    path = file([f"FR,{k},{x}" for k, x in enumerate(hours)])
    one = estimate("flux.1-dev", **ON)
    outputs = round(2 * 3600 / one.time_s.value)
    job = {"profile": path, "outputs": outputs}
    start = estimate("flux.1-dev", **ON, hours=job).hours["start"]
    assert start["hour"] == 3 and start["duration_h"] == pytest.approx(2, rel=1e-3)
    clean = estimate("flux.1-dev", gpu=ON["gpu"], pue=1.56, grid=start["grid_gco2eq_per_kwh"]).total_g
    assert start["job_g"].value == pytest.approx(outputs * clean.value, rel=1e-9)
    assert start["at_once_g"].value > start["job_g"].value
    late = estimate("flux.1-dev", **ON, hours={**job, "earliest": 5}).hours["start"]
    assert late["hour"] >= 5 and late["job_g"].value > start["job_g"].value
    soon = estimate("flux.1-dev", **ON, hours={**job, "deadline": 4}).hours["start"]
    assert soon["hour"] + soon["duration_h"] <= 4


def test_a_facility_given_by_its_pue_takes_the_one_zone_of_a_file(file):
    given = estimate("flux.1-dev", gpu=ON["gpu"], pue=1.2, grid=3, hours={"profile": file(DAY)})
    assert given.hours["best"]["grid_gco2eq_per_kwh"] == min(HOURS)


AUTUMN = [f"2024-10-27 {k:02d}:00:00,50" for k in (0, 1, 2, 2, 3)]


@pytest.mark.parametrize("month", [1, 2, 3])
def test_a_month_of_a_year_is_that_month_alone(file, month):
    path = file([f"FR,{m},{k},{90 + m}" for m in (1, 2, 3) for k in range(24)], "zone,month,hour,gco2eq_per_kwh")
    assert set(read_profile(path, month)["FR"]) == {90.0 + month}


@pytest.mark.parametrize(
    ("rows", "header", "options", "expected"),
    [
        (DAY[:9] + DAY[10:], None, (), "hour 9 is missing"),
        (AUTUMN, "datetime,carbon_intensity", (), "stands twice for zone '' (summer time ends? give UTC)"),
        (
            ["2024-03-31T02:00:00+02:00,50"],
            "datetime,carbon_intensity",
            (),
            "neither an hour nor a date and time in UTC",
        ),
        ([*DAY[:-1], "FR,23,-1"], None, (), "gco2eq_per_kwh = -1 is outside 0..3000"),
        ([f"FR,{k},0.{k + 10}" for k in range(24)], None, (), "is it in kg/kWh?"),
        (DAY, None, ("--earliest", 5, "--deadline", 4), "deadline = 4 h is in the past: it is hour 5 already"),
        (DAY, None, ("--outputs", 1e6), "ends later"),
        (DAY, None, ("--month", 13), "month = 13 is outside 1..12"),
        (DAY, None, ("--month", 3), "has no column 'month'"),
        (["DE" + x[2:] for x in DAY], None, (), "no zone for FRA"),
        ([f"FR,{m},{k},90" for m in (1, 2) for k in range(24)], "zone,month,hour,gco2eq_per_kwh", (), "give --month"),
    ],
)
def test_a_profile_or_a_deadline_that_is_wrong_is_refused_in_one_line(refused, file, rows, header, options, expected):
    path = file(rows, header) if header else file(rows)
    line = refused("estimate", "flux.1-dev", "--gpu", "h100", "--place", "france", "--profile", path, *options)
    assert expected in line


def test_what_is_about_hours_needs_a_profile(refused):
    assert "--deadline without --profile" in refused("estimate", "flux.1-dev", "--deadline", 3)


def test_a_report_with_a_profile_is_run_again_and_a_changed_profile_is_told(ditcarbon, file, tmp_path):
    path, report = file(DAY), tmp_path / "report.md"
    asked = ("estimate", "flux.1-dev", "--gpu", "h100", "--place", "france", "--profile", path, "--report", report)
    shown = ditcarbon(*asked).out
    assert "mean of the hours" in shown and "job at its best start" in shown
    assert json.loads(report.with_suffix(".json").read_text())["files_sha256"].keys() == {"profile"}
    assert ditcarbon("rerun", report.with_suffix(".json")).code == 0
    file([*DAY[:-1], "FR,23,1"])
    assert "profile.csv has changed" in ditcarbon("rerun", report.with_suffix(".json")).err


def test_an_unreadable_profile_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"missing\.csv"):
        estimate("flux.1-dev", **ON, hours={"profile": tmp_path / "missing.csv"})
