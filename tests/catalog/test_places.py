"""Places anywhere: every number has a source and a year, names are read as people write them, and nothing is mixed."""

import csv
import math
import re

import pytest

from ditcarbon_sym.catalog import files, places
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import NOTATION, PUE, WUE, I_grid, w_mix
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.estimation.footprint.facility import COUNTRIES

SHIPPED = load()
BIBLIOGRAPHY = set(re.findall(r"^@\w+\{(\w+),", (files.DATA / "sources.bib").read_text(encoding="utf-8"), re.M))


@pytest.mark.parametrize("table", ["countries", "regions", "water"])
def test_every_row_of_the_tables_has_a_source_in_the_bibliography_and_a_year_for_each_number(table):
    with (places.TABLES / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert row["source"].split(":")[0] in BIBLIOGRAPHY, row
        for name in ("average", "pue", "wue", "marginal", "market", "litre_per_kwh"):
            if row.get(name):
                assert 2015 <= int(row.get(f"{name}_year") or row["year"]) <= 2026, (name, row)


def test_every_place_is_a_data_centre_whose_numbers_are_in_range_and_have_sources():
    for key in places.places():
        found = places.datacenter_of(key)
        for symbol, value in found.values.items():
            assert NOTATION[symbol].check(value) == value
            assert found.sources[NOTATION[symbol].field].split(":")[0] in {*BIBLIOGRAPHY, "assumed"}
        for name, (low, high, source) in found.ranges.items():
            assert low < high and source.split(":")[0] in BIBLIOGRAPHY, (key, name)
            assert low <= next(v for x, v in found.values.items() if NOTATION[x].field == name) <= high


def test_there_are_two_hundred_countries_and_all_three_providers():
    kinds = [x.kind for x in places.places().values()]
    assert kinds.count("country") == 209 and kinds.count("cloud region") == 103
    assert {x.provider for x in places.places().values()} == {"", "aws", "gcp", "azure"}


@pytest.mark.parametrize(
    ("country", "year", "average"),
    [("FRA", 2024, 44.18), ("AFG", 2023, 123.71), ("IND", 2024, 708.96), ("USA", 2024, 383.55), ("NOR", 2024, 30.75)],
)
def test_countries_are_those_of_embers_table(country, year, average):
    figure = places.places()[country].figures["location"]
    assert (figure.year, figure.value) == (year, average)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("france", "FRA"), ("FR", "FRA"), ("fra", "FRA"), ("United Kingdom", "GBR"), ("uk", "GBR"), ("us", "USA"),
        ("South Korea", "KOR"), ("aws:eu-west-3", "aws:eu-west-3"), ("eu-west-3", "aws:eu-west-3"),
        ("gcp:us-central1", "gcp:us-central1"), ("europe-west9", "gcp:europe-west9"), ("European Union", "eu"),
        ("us-east-1", "aws:us-east-1"), ("us-east1", "gcp:us-east1"), ("world", "world"), ("DE", "DEU"),
        ("us-average", "us-average"), ("germany", "germany"), ("Azure US West", "azure-us-west"),
    ],
)  # fmt: skip
def test_a_place_is_read_as_people_write_it_and_the_papers_keep_their_ids(typed, expected):
    assert SHIPPED.datacenter(typed).id == expected


def test_every_place_is_found_by_its_id():
    assert [SHIPPED.id_of("datacenter", key) for key in places.places()] == list(places.places())


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("frnce", r"did you mean France \(FRA\)"),
        ("aws:eu-wst-3", "aws:eu-west-3"),
        ("mars", "places --where"),
        ("", "places --where"),
    ],
)
def test_an_unknown_place_is_refused_in_one_line_that_names_similar_ones(typed, expected):
    with pytest.raises(InputError, match=expected) as refusal:
        SHIPPED.datacenter(typed)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 300


def test_what_a_place_lacks_is_assumed_within_a_range_and_said():
    france, paris = SHIPPED.datacenter("FRA"), SHIPPED.datacenter("aws:eu-west-3")
    assert france.values[PUE] == 1.56 and france.ranges["pue"][:2] == (1.07, 1.8)
    assert "assumed" in france.notes[0] and WUE not in france.values
    assert paris.ranges["pue"][0] < paris.values[PUE] < paris.ranges["pue"][1] and paris.values[WUE] == 0.18
    assert not SHIPPED.datacenter("gcp:us-central1").notes
    assert "no water" in SHIPPED.datacenter("AFG").notes[1]


def test_each_method_takes_its_own_figure_of_the_same_place():
    found = {x: places.by_method(SHIPPED.datacenter("gcp:us-central1"), x) for x in places.METHODS}
    assert [x.values[I_grid] for x in found.values()] == [412.72, 0.0, 585.88]
    assert [x.method for x in found.values()] == list(places.METHODS)
    assert "contracts" in found["market"].notes[-1]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"datacenter": "FRA", "method": "marginal"}, "FRA has no marginal figure of its grid; it has: location"),
        ({"datacenter": "us-average", "method": "market"}, "it has: location"),
        ({"datacenter": "aws:cn-north-1"}, "it has: market, marginal"),
        ({"datacenter": "FRA", "method": "average"}, "expected one of location, market, marginal"),
        ({"pue": 1.1, "grid": 40.0, "method": "market"}, "has one figure"),
    ],
)
def test_a_method_without_a_figure_is_refused_with_those_that_exist(options, expected):
    with pytest.raises(InputError, match=expected):
        estimate("pixart-alpha", **options)


def test_water_on_site_goes_with_the_equipment_and_water_at_power_plants_with_the_facility():
    found = estimate("pixart-alpha", datacenter="aws:eu-west-3")
    place = SHIPPED.datacenter("aws:eu-west-3").values
    assert math.isclose(found.water_on_site_l.value, found.energy_wh.value / 1000 * place[WUE])
    assert math.isclose(found.water_off_site_l.value, found.facility_energy_wh.value / 1000 * place[w_mix])
    assert found.water_on_site_l.low < found.water_on_site_l.value < found.water_on_site_l.high


def test_water_that_is_unknown_is_none_and_never_zero():
    assert estimate("pixart-alpha").water_off_site_l.value is None
    assert estimate("pixart-alpha", datacenter="FRA").water_on_site_l.value is None


def test_carbon_goes_with_the_grids_figure_whatever_the_place():
    one, other = (estimate("pixart-alpha", datacenter=x) for x in ("FRA", "IND"))
    assert math.isclose(other.operational_g.value / one.operational_g.value, 708.96 / 44.18)


def test_a_data_centre_named_as_a_country_says_that_it_is_the_papers(tmp_path):
    said = "datacenter germany is as the paper has it, PUE 1.15 and 350 gCO2eq/kWh; the country is DEU"
    assert said in estimate("pixart-alpha", datacenter="germany").warnings
    assert not any("the country is" in x for x in estimate("pixart-alpha", datacenter="DEU").warnings)
    own = tmp_path / "own.toml"
    own.write_text("[datacenters.germany]\npue = 1.1\ngrid_gco2eq_per_kwh = 300\n", encoding="utf-8")
    assert not any("as the paper" in x for x in estimate("pixart-alpha", datacenter="germany", catalog=own).warnings)
    spoken = {name.casefold(): x.id for x in places.places().values() for name in (x.id, *x.names)}
    assert {x: spoken[x] for x in SHIPPED.datacenters if x in spoken} == COUNTRIES


def test_an_estimate_at_a_data_centre_of_the_papers_reads_no_table_of_places(run_python):
    run_python(
        "from ditcarbon_sym import estimate; from ditcarbon_sym.catalog import places; estimate('pixart-alpha');"
        "estimate('pixart-alpha', datacenter='germany'); assert not places.places.cache_info().currsize"
    )
