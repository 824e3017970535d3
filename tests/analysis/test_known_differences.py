"""Comparisons, rankings, fronts and the fleet agree about which differences are known."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.analysis.comparison import compare, ratios
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import C_chip, C_emb, C_op, C_total, E, tau
from ditcarbon_sym.estimation.point import counted_alike, operating_point
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.order import ranked
from ditcarbon_sym.sweeps.pareto import front
from ditcarbon_sym.sweeps.requests import RequestList
from paper_figures import fleet

COLUMNS = {"time_s": tau, "energy_kwh": E, "operational_g": C_op, "embodied_g": C_emb, "total_g": C_total}
REQUESTS = st.fixed_dictionaries({
    "model": st.sampled_from(["flux.1-dev", "sd3.5-medium", "pixart-sigma"]),
    "gpu": st.sampled_from(["h100-sxm-80gb", "h200-sxm-141gb", "b200-sxm", "a100-sxm-40gb", "rtx-4090", "l4", "t4"]),
    "resolution": st.sampled_from([512, 768, 1024]),
    "batch": st.integers(1, 4),
    "steps": st.sampled_from([20, 21, 28]),
    "pue": st.sampled_from([1.1, 1.5]),
    "grid": st.sampled_from([0.0, 30.0, 400.0]),
})  # fmt: skip


@settings(max_examples=40)
@given(st.lists(REQUESTS, min_size=2, max_size=4, unique_by=str), st.sampled_from(sorted(COLUMNS)))
def test_a_ranking_tells_apart_what_a_comparison_tells_apart(requests, column):
    found = ranked(RequestList(requests), 10, column)
    symbol = COLUMNS[found.by]
    points = [operating_point(**x) for x in counted_alike(load(), requests)[0]]
    if found.by == "embodied_g":  # a ranking leaves out what is unknown
        points = [x for x in points if not np.isnan(x.values[C_chip])]
    better = np.zeros((len(points), len(points)))
    for k, one in enumerate(points):
        for i, other in enumerate(points):
            ratio = {x.output: x for x in ratios(one, other)}[symbol]
            cleaner = ratio.value is not None and ratio.value < 1 and (ratio.known or ratio.value == 0)
            better[k, i] = i != k and cleaner
    expected = sorted(1 + better.sum(axis=1))
    assert sorted(found.rows["rank"]) == expected


@settings(max_examples=25)
@given(st.lists(REQUESTS, min_size=2, max_size=4, unique_by=str))
def test_a_front_doubts_what_a_comparison_would_not_defend(requests):
    requests = [x | {"grid": x["grid"] + 1} for x in requests]  # zero grams have no ratio
    found = front(RequestList(requests), ("operational_g", "time_s"), within=())
    points = [operating_point(**x) for x in requests]

    def beats(k, i):
        pairs = {x.output: x for x in ratios(points[k], points[i])}
        known = [pairs[x] for x in (C_op, tau) if pairs[x].known]
        return i != k and any(x.value < 1 for x in known) and not any(x.value > 1 for x in known)

    beaten = {k for k in range(len(points)) if any(beats(k, i) for i in range(len(points)))}
    assert set(found.numbers[found.rows["doubtful"] == 1]) == beaten & {*found.numbers}
    assert found.undecided == len({*range(len(points))} - beaten - {*found.numbers})


@pytest.mark.parametrize(("column", "symbol"), [("time_s", tau), ("energy_kwh", E)])
def test_the_fleets_ranks_are_those_of_a_sweep_and_of_comparisons(column, symbol):
    cards = tuple(x.device.id for x in fleet.points())
    found = sweep(Grid((fleet.MODEL,), ((fleet.RESOLUTION,) * 2,), steps=(fleet.STEPS,), gpu=cards))
    rows = ranked(found, 100, column).rows
    assert fleet.known_ranks(symbol) == dict(zip(rows["gpu"].words(), rows["rank"].tolist(), strict=True))
    for card in ("h100-sxm-80gb", "l40s", "t4"):
        others = [x for x in cards if x != card]
        texts = [f"{fleet.MODEL}@{fleet.RESOLUTION},steps={fleet.STEPS},gpu={x}" for x in (card, *others)]
        against = [{x.output: x for x in pairs}[symbol] for pairs in compare(texts).ratios]
        assert fleet.known_ranks(symbol)[card] == 1 + sum(x.known and x.value < 1 for x in against)


def test_the_table_of_the_fleet_shows_its_ranks():
    table = fleet.table()
    assert table.header[4] == table.header[7] == "rank"
    assert [int(row[4]) for row in table.rows] == [fleet.known_ranks(tau)[x.gpu] for x in fleet.estimates()]


@settings(max_examples=15)
@given(st.lists(REQUESTS, min_size=2, max_size=2, unique_by=str))
def test_a_difference_is_known_or_not_whichever_side_comes_first(requests):
    one, other = (operating_point(**x) for x in requests)
    for there, back in zip(ratios(one, other), ratios(other, one), strict=True):
        assert there.known == back.known or 0 in (there.value, back.value) or None in (there.value, back.value)
