"""Where and when to run: the optimum is the least of all, its duals are slopes, and what cannot be met is named."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import PUE
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.sweeps import routing
from ditcarbon_sym.sweeps.routed import _capacity, route
from ditcarbon_sym.sweeps.routing import Infeasible, Programme, optimum


def programme(power, grams, hours=None, capacity=None, allowed=None):
    many, slots = len(power), len(grams)
    return Programme(
        np.ones(many) if hours is None else np.array(hours, float), np.array(power, float), np.array(grams, float),
        np.ones(slots) if capacity is None else np.array(capacity, float),
        np.ones((many, slots), bool) if allowed is None else np.array(allowed), np.arange(many),
    )  # fmt: skip


sizes = st.integers(2, 5)


@settings(max_examples=40, deadline=None)
@given(st.data(), sizes)
def test_the_optimum_is_the_best_of_all_assignments(data, many):
    grams = data.draw(st.lists(st.integers(1, 900), min_size=many, max_size=many))
    power = data.draw(st.lists(st.integers(1, 50), min_size=many, max_size=many))
    allowed = np.array(data.draw(st.lists(st.lists(st.booleans(), min_size=many, max_size=many),
                                          min_size=many, max_size=many)))  # fmt: skip
    np.fill_diagonal(allowed, True)
    found = optimum(programme(power, grams, allowed=allowed))
    best = min(
        sum(power[k] * grams[s] for k, s in enumerate(order))
        for order in permutations(range(many))
        if all(allowed[k, s] for k, s in enumerate(order))
    )
    assert found.grams == pytest.approx(best, rel=1e-9) and found.gap < 1e-9


RANDOM = np.random.default_rng(3)
BIG = programme(
    RANDOM.uniform(0.2, 0.7, 40), RANDOM.uniform(20, 800, 30), RANDOM.lognormal(0, 1, 40), np.full(30, 3.0),
    RANDOM.random((40, 30)) < 0.7,
)  # fmt: skip


def with_hours(p, k, more):
    return Programme(p.hours + more * (np.arange(len(p.hours)) == k), p.power, p.grams, p.capacity, p.allowed, p.kind)


def with_capacity(p, s, more):
    return Programme(p.hours, p.power, p.grams, p.capacity + more * (np.arange(len(p.grams)) == s), p.allowed, p.kind)


def test_duals_are_finite_differences():
    found, step = optimum(BIG), 1e-6
    for k in range(0, 40, 7):
        slope = (optimum(with_hours(BIG, k, step)).grams - found.grams) / step
        assert slope == pytest.approx(found.per_hour[k], rel=1e-4)
    for s in range(0, 30, 5):
        slope = (found.grams - optimum(with_capacity(BIG, s, step)).grams) / step
        assert slope == pytest.approx(found.per_accelerator[s], rel=1e-4, abs=1e-4)


def test_every_class_gets_its_hours_within_what_it_may_use_and_no_slot_gets_more_than_it_has():
    found = optimum(BIG)
    assert np.bincount(found.classes, found.hours, 40) == pytest.approx(BIG.hours)
    assert (np.bincount(found.slots, found.hours, 30) <= BIG.capacity * (1 + 1e-9)).all()
    assert BIG.allowed[found.classes, found.slots].all()


def test_shared_choices_come_close_and_say_how_close(monkeypatch):
    exact = optimum(BIG)
    monkeypatch.setattr(routing, "SMALL", 0)
    found = optimum(BIG)
    assert exact.grams * (1 - 1e-9) <= found.grams <= exact.grams * (1 + found.gap + 1e-9)
    assert found.lower <= exact.grams * (1 + 1e-9) and found.gap < 0.01


def of_many_classes():
    rng = np.random.default_rng(5)
    hours, allowed, power = rng.lognormal(0, 1, 300), rng.random((4, 60)) < 0.8, rng.lognormal(0, 0.5, 300)
    grams, kind = rng.uniform(20, 800, 60), rng.integers(0, 4, 300)
    return Programme(hours, power, grams, np.full(60, 1.6 * hours.sum() / 60), allowed, kind)


def test_each_round_parts_shared_choices_further_and_comes_closer(monkeypatch):
    p = of_many_classes()
    exact = optimum(p).grams
    monkeypatch.setattr(routing, "SMALL", 0)
    excess = []
    for rounds in (1, 2, 3):
        monkeypatch.setattr(routing, "ROUNDS", rounds)
        found = optimum(p)
        assert found.lower <= exact * (1 + 1e-9) <= found.grams * (1 + 2e-9)
        assert np.bincount(found.classes, found.hours, 300) == pytest.approx(p.hours)
        assert (np.bincount(found.slots, found.hours, 60) <= p.capacity * (1 + 1e-6)).all()
        assert p.allowed[p.kind[found.classes], found.slots].all()
        assert found.grams == pytest.approx((found.hours * p.power[found.classes]) @ p.grams[found.slots])
        excess.append(found.grams / exact - 1)
    assert 0.05 > excess[0] > 4 * excess[1] > 16 * excess[2] > 0
    assert found.gap < 2 * routing.CLOSE


@pytest.mark.parametrize("small", [0, 100])
def test_the_cleanest_slot_is_closed_to_a_class_that_may_not_run_there(small, monkeypatch):
    monkeypatch.setattr(routing, "SMALL", small)
    found = optimum(programme([1, 2], [1, 500, 600], capacity=[9, 9, 9], allowed=[[False, True, True]] * 2))
    assert set(found.slots) == {1} and found.grams == pytest.approx(1500)


def test_columns_are_added_until_none_is_cheaper(monkeypatch):
    """A class that fills more slots than the columns that it begins with, each class a choice of its own."""
    rng = np.random.default_rng(8)
    p = programme(rng.uniform(1, 9, 3), rng.uniform(20, 800, 100), hours=[30, 31, 29])
    exact = optimum(p).grams
    monkeypatch.setattr(routing, "SMALL", 0)
    found = optimum(p)
    assert found.grams == pytest.approx(exact, rel=2 * routing.CLOSE) and found.gap < routing.CLOSE


def test_a_programme_is_solved_whole_up_to_so_many_pairs_of_class_and_slot(monkeypatch):
    shared, prices = [], routing._smooth_prices
    monkeypatch.setattr(routing, "_smooth_prices", lambda *x: shared.append(x) or prices(*x))
    monkeypatch.setattr(routing, "SMALL", 40 * 30)
    optimum(BIG)
    assert not shared
    monkeypatch.setattr(routing, "SMALL", 40 * 30 - 1)
    optimum(BIG)
    assert shared


def test_a_slot_without_accelerators_is_as_good_as_none(monkeypatch):
    monkeypatch.setattr(routing, "SMALL", 0)
    p, more = BIG, np.array([1.0])
    closed = Programme(
        p.hours, p.power, np.r_[p.grams, more], np.r_[p.capacity, 0 * more],
        np.c_[p.allowed, np.ones(len(p.hours), bool)], p.kind,
    )  # fmt: skip
    found, without = optimum(closed), optimum(p)
    assert found.grams == pytest.approx(without.grams, rel=2 * routing.CLOSE)
    assert found.gap < 0.01 and np.isfinite(found.per_accelerator).all()


def test_the_prices_to_start_from_bound_the_optimum_from_below_and_closely():
    """Weak duality: at any price of the slots, the cheapest choices less what the slots earn cost no more."""
    price = routing._smooth_prices(BIG.power, BIG.hours, BIG.kind, BIG)
    cost = np.where(BIG.allowed, BIG.power[:, None] * BIG.grams + price, np.inf)
    bound, least = cost.min(axis=1) @ BIG.hours - price @ BIG.capacity, optimum(BIG).grams
    assert 0.98 * least < bound <= least * (1 + 1e-9)


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e4, 1e6])
def test_so_many_times_the_hours_in_so_many_times_the_accelerators_cost_so_many_times_the_grams(factor):
    more = Programme(factor * BIG.hours, BIG.power, BIG.grams, factor * BIG.capacity, BIG.allowed, BIG.kind)
    one, many = optimum(BIG), optimum(more)
    assert many.grams == pytest.approx(factor * one.grams, rel=1e-9)
    assert many.per_hour == pytest.approx(one.per_hour, rel=1e-6)


@given(st.data(), st.integers(1, 4), st.integers(1, 4))
def test_what_is_refused_may_run_in_the_slots_that_are_named_alone_and_these_are_too_few(data, many, slots):
    """A cut proves that there is no flow (Hall's condition); where none exists, the programme is solved."""

    def numbers(count, most):
        return np.array(data.draw(st.lists(st.integers(0, most), min_size=count, max_size=count)), float)

    allowed = numbers(many * slots, 1).reshape(many, slots) > 0
    hours, capacity = numbers(many, 3) + 0.5, numbers(slots, 2)
    try:
        found = optimum(programme(np.ones(many), np.arange(1, slots + 1), hours, capacity, allowed))
    except Infeasible as refused:
        short = refused.classes
        assert len(short) and set(np.flatnonzero(allowed[short].any(axis=0))) <= set(refused.slots)
        assert refused.demand == hours[short].sum() > refused.supply == capacity[refused.slots].sum()
    else:
        assert np.bincount(found.classes, found.hours, many) == pytest.approx(hours)
        assert (np.bincount(found.slots, found.hours, slots) <= capacity + 1e-9).all()


def test_too_little_capacity_names_the_classes_and_slots_that_are_short():
    allowed = np.ones((3, 4), bool)
    allowed[0] = [True, False, False, False]
    with pytest.raises(Infeasible) as refused:
        optimum(programme([1, 1, 1], [1, 2, 3, 4], hours=[2, 1, 1], allowed=allowed))
    assert list(refused.value.classes) == [0] and list(refused.value.slots) == [0]
    assert (refused.value.demand, refused.value.supply) == (2.0, 1.0)


REQUESTS = "model,gpu,count,deadline,latency,residency,arrival\n"


@pytest.fixture
def file(tmp_path):
    def write(text, name="requests.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_one_class_goes_to_the_cleanest_place_and_costs_what_an_estimate_says(file):
    found = route(file(REQUESTS + "flux.1-dev,h100,100,24,batch,,0\n"), ("IND", "FRA"), "4")
    one = estimate("flux.1-dev", gpu="h100", datacenter="FRA")
    assert found.by_place()["IND"] == 0
    each = one.operational_g.value + one.host_g.value
    assert found.operational_g == pytest.approx(100 * each, rel=1e-9)
    assert found.per_request_g[0] == pytest.approx(each, rel=1e-9)
    assert found.at_once_g > found.operational_g


def test_residency_keeps_requests_in_their_country(file):
    found = route(file(REQUESTS + "flux.1-dev,h100,100,24,batch,DE,0\n"), ("DEU", "FRA"), "4")
    assert found.by_place()["FRA"] == 0


def test_hours_of_a_profile_are_chosen_and_interactive_requests_wait_for_none(file):
    hours = "".join(f"FR,{k},{100 if k == 5 else 400}\n" for k in range(24))
    profile = file("zone,hour,gco2eq_per_kwh\n" + hours, "profile.csv")
    rows = "flux.1-dev,h100,100,24,batch,,0\nflux.1-dev,h100,10,24,interactive,,3\n"
    found = route(file(REQUESTS + rows), ("FRA",), "4", profile=profile)
    assert {(c, t) for c, _, t, _ in found.shares} == {(0, 5), (1, 3)}
    place = load().datacenter("FRA").values
    kwh = estimate("flux.1-dev", gpu="h100", datacenter="FRA").facility_energy_wh.value / 1000
    assert found.operational_g == pytest.approx(kwh * (100 * 100 + 10 * 400)) and place[PUE] == 1.56


@pytest.mark.parametrize(
    ("rows", "options", "expected"),
    [
        ("flux.1-dev,h100,1,2,batch,,5\n", {}, "row 1: deadline = 2 h is in the past"),
        ("flux.1-dev,h100,1,24,batch,JPN,0\n", {}, "none of the places lies in it"),
        ("flux.1-dev,h100,1e6,24,batch,,0\n", {}, "infeasible: rows 1 need"),
        ("flux.1-dev,h100,1,24,batch,,0\n", {"capacity": "0"}, "infeasible: rows 1 need .* with a capacity of 0;"),
        ("flux.1-dev,h100,0,24,batch,,0\n", {}, "count = 0; expected a request at least"),
        ("flux.1-dev,h100,1,24,soon,,0\n", {}, "neither 'interactive' nor 'batch'"),
        ("flux.1-dev,h100,1,24,batch,,0\n", {"capacity": "DEU=4"}, "PLACE=NUMBER for each place"),
        ("flux.1-dev,h100,1,24,batch,,0\n", {"capacity": "4,5"}, "PLACE=NUMBER for each place"),
        ("flux.1-dev,h100,1,24,batch,,0\n", {"capacity": "XX=4"}, "not one of the places"),
        ("flux.1-dev,h100,1,24,batch,,0\n", {"places": ("FRA", "france")}, "stands twice"),
        ("flux.1-dev,h100,1,24,batch,,0\n", {"places": ("FRA", "DEU"), "method": "marginal"}, "no marginal figure"),
        ("nonsense,h100,1,24,batch,,0\n", {}, "unknown model"),
    ],
)
def test_what_cannot_be_routed_is_refused_in_one_line_that_says_why(file, rows, options, expected):
    asked = {"places": ("FRA", "DEU"), "capacity": "1", **options}
    with pytest.raises(InputError, match=expected) as refusal:
        route(file(REQUESTS + rows), **asked)
    assert "\n" not in str(refusal.value)


def test_a_request_on_several_accelerators_in_a_mode_takes_the_hours_of_all(tmp_path):
    file = tmp_path / "requests.csv"
    file.write_text("model,count,gpus,software\nflux.1-dev,1000,,\nflux.1-dev,1000,4,compile\n")
    found = route(file, ["FRA"], "8", gpu="h100-sxm-80gb")
    hours = np.zeros(2)
    for row, _, _, taken in found.shares:
        hours[row] += taken
    for row, way in enumerate(({}, {"gpus": 4, "software": "compile"})):
        seconds = estimate("flux.1-dev", gpu="h100-sxm-80gb", **way).time_s.value * way.get("gpus", 1)
        assert hours[row] == pytest.approx(1000 * seconds / 3600, rel=1e-6)


def test_one_profile_for_several_places_and_a_country_of_the_papers(ditcarbon, tmp_path):
    requests, hours = tmp_path / "requests.csv", tmp_path / "hours.csv"
    requests.write_text("model,count,deadline,residency\nsd3-medium,100,12,DEU\n", encoding="utf-8")
    hours.write_text("hour,gco2eq_per_kwh\n" + "".join(f"{k},{200 + k}\n" for k in range(24)), encoding="utf-8")
    line = ("route", requests, "--capacity", 2, "--gpu", "h100-sxm-80gb", "--profile", hours, "--places")
    two, one = ditcarbon(*line, "germany,norway-hydro"), ditcarbon(*line, "germany")
    assert two.code == one.code == 0 and "kgCO2eq, with the hosts'" in two.out.replace(" gCO2eq", " kgCO2eq")
    said = f"warning: {hours} names no zones: all places have its hours\n"
    assert said in two.err and said not in one.err


@pytest.mark.parametrize(("capacity", "expected"), [("4", [4, 4]), ("FRA=4,DEU=2", [4, 2]), (" DEU=2 , 4 ", [4, 2])])
def test_accelerators_are_the_same_everywhere_or_told_by_place(capacity, expected):
    assert list(_capacity(capacity, ["FRA", "DEU"])) == expected
