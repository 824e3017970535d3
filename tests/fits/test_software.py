"""The constants of the modes: what ships is what the rows give, and sources that were held out say how good it is."""

import hashlib
import math
import re

import pytest

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.catalog.files import DATA, read_toml
from fits import software

BIB = set(re.findall(r"^@\w+\{(\w+),", (DATA / "sources.bib").read_text(encoding="utf-8"), re.M))


def test_the_constants_that_ship_are_those_that_the_rows_give():
    shipped, found = read_toml(software.TARGET), software.table()
    assert shipped["data"]["sha256"] == hashlib.sha256(software.MODES.read_bytes()).hexdigest()
    for name, entry in found["parameters"].items():
        told = shipped["parameters"][name]
        assert told["value"] == pytest.approx(entry["value"], rel=1e-3), name
        assert told["log_deviation"] == pytest.approx(entry["log_deviation"], rel=1e-2, abs=1e-4), name
        assert (told["rows"], told["sources"]) == (entry["rows"], entry["sources"])
    for kind in ("scatter", "scatter_beyond_law"):
        assert shipped[kind] == pytest.approx(found[kind], rel=1e-3, abs=1e-6)


def test_every_row_has_a_source_in_the_bibliography_and_the_table_no_row_twice():
    records = read_records(software.MODES)
    assert {x["source"] for x in records} <= BIB
    rows = [tuple(sorted(x.items())) for x in records]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(
    ("kind", "most"), [("compile", 11), ("engine", 20), ("quantised", 15), ("cache", 12)], ids=lambda x: str(x)
)
def test_on_sources_held_out_each_kind_of_mode_is_off_by_no_more_than_this(kind, most):
    score = next(x for x in software.scores() if x.kind == kind)
    assert score.seconds < most and score.seconds < score.eager / 2
    assert score.inside >= 0.83 * score.rows


def test_intervals_made_without_a_rows_source_by_a_law_without_its_model_hold_as_many_rows_as_they_say():
    inside, many = software.coverage()
    assert many >= 60 and 0.83 <= inside / many <= 0.97


def test_constants_that_no_row_shows_stay_at_their_prior():
    found = software.table()["parameters"]
    for name in ("elementwise_left.blackwell", "elementwise_left.older", "energy_follows_time.assumed"):
        prior = software.PRIORS[name]
        assert found[name]["rows"] == 0 and found[name]["verdict"].startswith("prior")
        assert found[name]["value"] == pytest.approx(prior.value) and found[name]["log_deviation"] == prior.spread


def test_compilation_leaves_a_part_of_the_traffic_and_newer_accelerators_gain_more():
    found = {x: software.fitted().values[f"elementwise_left.{x}"] for x in ("ampere", "ada", "hopper")}
    assert all(0.05 < x < 1 for x in found.values()) and found["hopper"] < found["ampere"]


def test_the_slopes_of_a_row_are_those_of_its_seconds():
    one = next(x for x in software.held_out() if len(x.row.names) > 1)
    base, step = one.constants.values, 1e-3
    for k, name in enumerate(one.row.names):
        up = one.row.log_seconds({**base, name: base[name] * math.exp(step)})
        down = one.row.log_seconds({**base, name: base[name] * math.exp(-step)})
        assert software._slopes(one.row, one.constants)[k] == pytest.approx((up - down) / (2 * step), abs=1e-3)
