"""What training changes: refitted, and published trainings that no fit has seen."""

import tomllib

import numpy as np
import pytest

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.estimation.training.route import FILE
from fits import other_makers, training
from paper_figures import trainings

TOTALS = 30
"""Mean error of published totals, per cent; none takes part in the fit."""


def test_the_shipped_constant_is_what_a_refit_gives():
    shipped, again = tomllib.loads(FILE.read_text(encoding="utf-8")), training.table()
    assert shipped["parameters"] == pytest.approx(again["parameters"], rel=1e-6)
    assert np.array(shipped["covariance"]["matrix"]) == pytest.approx(np.array(again["covariance"]["matrix"]), rel=1e-6)
    assert shipped["quality"] == pytest.approx(again["quality"], rel=1e-6) and shipped["data"] == again["data"]


def test_the_constant_does_not_depend_on_the_one_that_is_shipped():
    row = next(x for x in training.rows() if x.fitted)
    assert row.needed == pytest.approx(row.value / row.predicted * row.found.basis["training"]["c_train"], rel=0.02)


def test_at_least_eight_published_trainings_are_scored_and_none_is_left_out():
    every = training.rows()
    assert len({row.source.partition(":")[0] for row in every}) >= 7
    assert len(trainings.rows().rows) == len(every)
    assert all(row.source for row in every)


def test_totals_that_no_fit_has_seen_are_predicted():
    totals = [row for row in training.rows() if row.kind == "total"]
    assert not any(row.fitted for row in totals)
    assert training.mape(totals) < TOTALS
    outside = [row for row in totals if not row.inside]
    assert len(outside) <= 3 and {row.run for row in outside} <= {"Lumina-Image 2.0", "Open-Sora 1.0"}


def test_mlperf_is_predicted_with_constants_of_inference_and_no_row_of_its_own():
    rows = [row for row in training.rows() if row.run.startswith("MLPerf")]
    assert len(rows) >= 12 and not any(row.fitted for row in rows) and all(row.inside for row in rows)
    assert training.mape([row for row in rows if row.gpu == "b200-sxm"]) < 10
    assert training.mape([row for row in rows if row.gpu == "gb200"]) < 25


def test_trainings_on_other_makers_accelerators_lie_within_their_wide_intervals():
    rows = [row for row in training.rows() if row.gpu.startswith(("tpu", "mi", "gaudi"))]
    assert len(rows) >= 6 and all(row.inside for row in rows)


def test_runs_on_other_makers_accelerators_lie_within_their_wide_intervals():
    every = [x for x in other_makers.rows() if x.is_of_another_maker]
    assert len(every) >= 50 and {"mi300x", "mi350x", "gaudi-2", "arc-pro-b70"} <= {x.gpu for x in every}
    assert other_makers.errors(every)[0] < 35
    outside = [x for x in every if not x.inside]
    assert len(outside) <= 6 and all("lazy" in x.how or "MPS" in x.how for x in outside)


def test_runs_on_nvidias_newest_are_scored_and_none_is_left_out():
    newest = [x for x in other_makers.rows() if not x.is_of_another_maker]
    assert {x.gpu for x in newest} == {"rtx-pro-6000", "b300-sxm"}
    assert len(trainings.elsewhere().rows) == len(other_makers.rows()) == len(read_records(other_makers.OTHERS))
    assert len(trainings.elsewhere_errors().rows) == 1 + len({x.gpu for x in other_makers.rows()})
