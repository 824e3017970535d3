import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.ratios import Errors, errors_of, ranks
from ditcarbon_sym.estimation.spread.quantiles import quantile
from ditcarbon_sym.sweeps.filters import read_filter
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.order import EXACT, OUTPUT, lacking, ranked, unfiltered
from ditcarbon_sym.sweeps.requests import RequestList
from ditcarbon_sym.sweeps.table import FACILITY_ENERGY, NUMBERS, RANK

CARDS = ("h100-sxm-80gb", "b200-sxm", "rtx-4090", "v100-pcie-16gb", "l4")
BOTH = ("--model", "flux.1-dev", "--gpu", "h100-sxm-80gb,b200-sxm", "--boundary", "chip")


def test_a_ranking_keeps_the_card_whose_total_is_unknown_and_says_by_what_it_ranks(ditcarbon):
    told = ditcarbon("sweep", *BOTH, "--top", 2).out
    assert told.startswith("best 2 of 2 requests by operational_g") and told.index("b200-sxm") < told.index("h100")
    said = "total_g is unknown on b200-sxm: all are judged by operational_g"
    assert f"\n{said}; --embodied-boundary 'cradle-to-gate board' is known of all\n" in told
    table = json.loads(ditcarbon("sweep", *BOTH, "--top", 2, "--json").out)
    assert table["ranked_by"] == "operational_g" and table["remarks"][0].startswith(said)
    assert {row["gpu"] for row in table["rows"]} == {"h100-sxm-80gb", "b200-sxm"}
    board = json.loads(
        ditcarbon("sweep", *BOTH, "--top", 2, "--embodied-boundary", "cradle-to-gate board", "--json").out
    )
    assert board["ranked_by"] == "total_g" and len(board["rows"]) == 2


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(CARDS), min_size=1, max_size=5, unique=True),
    st.sampled_from(["total_g", "per_output_g", "operational_g", "embodied_g", "cost", "time_s"]),
    st.sampled_from([None, "time_s<20", "total_g<1", "steps>=28"]),
    st.booleans(),
)
def test_a_ranking_has_every_row_that_passes_the_filter_or_names_its_card(cards, by, text, listed):
    prices = {card: 1.0 for card in cards if card != "l4"}
    if listed:
        requests = [{"model": "flux.1-dev", "gpu": card, "steps": x} for card in cards for x in (20, 28)]
        found = RequestList(requests, prices, boundary="chip")
    else:
        found = sweep(
            Grid(("flux.1-dev",), gpu=tuple(cards), steps=(20, 28), price_per_hour=prices, options={"boundary": "chip"})
        )
    where = read_filter(text, NUMBERS)
    ranking = ranked(found, 1000, by, where)
    passed = [x for _, columns in found.chunks(where) for x in columns["gpu"].words()]
    shown = ranking.rows["gpu"].words()
    named = lacking(found, ranking.by, where)
    assert sorted(shown) == sorted(x for x in passed if x not in named)
    assert not named or any(x.startswith(f"left out: {', '.join(named)}") for x in ranking.remarks)
    assert ranking.by == by or any("all are judged by" in x for x in ranking.remarks)
    for card in cards:
        if text == "total_g<1" and card == "b200-sxm":
            assert any("the filter leaves out" in x and card in x for x in ranking.remarks)


def test_the_order_of_places_is_certain_and_that_of_cards_need_not_be():
    places = ("norway-hydro", "germany", "us-average")
    grid = Grid(("flux.1-dev",), gpu=("h100-sxm-80gb",), datacenter=places)
    assert ranked(sweep(grid), 3, "total_g").rows[RANK].tolist() == [1, 2, 3]
    cards = sweep(replace(grid, gpu=("h100-sxm-80gb", "h200-sxm-141gb"), datacenter=places[:1]))
    found = ranked(cards, 2, "total_g")
    assert found.rows[RANK].tolist() == [1, 1] and "rows of the same rank are in no known order" in found.remarks[0]
    measured = replace(grid, options={"mu": 0.4})
    assert ranked(sweep(measured), 3, "total_g").rows[RANK].tolist() == [1, 2, 3]  # the efficiency cancels


def test_where_no_interval_is_known_the_order_is_told_to_be_that_of_the_values():
    found = ranked(sweep(Grid(("pixart-alpha",), steps=(20, 40), options={"mu": 0.4})), 2, "time_s")
    assert RANK not in found.rows
    assert found.remarks == ("no interval is known of time_s: the order is that of its values",)


def test_the_next_row_is_told_of_if_it_is_not_told_apart_from_the_last():
    steps = sweep(Grid(("pixart-alpha",), steps=(20, 21, 60)))
    assert "the next row is not told apart" in ranked(steps, 1, "time_s").remarks[-1]
    assert ranked(steps, 3, "time_s").rows[RANK].tolist() == [1, 1, 3]
    assert not any("next row" in x for x in ranked(steps, 2, "time_s").remarks)


@pytest.mark.parametrize("largest", [False, True])
def test_a_rank_is_one_more_than_the_rows_that_are_better_beyond_doubt(largest):
    found = sweep(Grid(("flux.1-dev", "sd3.5-medium"), batch=(1, 2), steps=(20, 25, 40), gpu=CARDS, skip=True))
    ranking = ranked(found, 1000, "operational_g", largest=largest)
    values, rank = np.array(ranking.rows["operational_g"]), ranking.rows[RANK]
    assert (np.diff(values) >= 0).all() != largest
    assert rank[0] == 1 and (rank <= np.arange(1, len(rank) + 1)).all() and len(set(rank)) > 3
    numbers = np.concatenate([columns["row"] for _, columns in found.chunks(numbered=True)])
    assert numbers.tolist() == list(range(len(found)))
    assert sorted(np.concatenate([rows for rows, _ in found.located(numbers)])) == numbers.tolist()


def test_ranks_do_not_depend_on_how_requests_are_given():
    grid = Grid(("flux.1-dev",), batch=(1, 3), steps=(20, 28), gpu=CARDS, datacenter=("germany", "norway-hydro"))
    requests = [
        {"model": "flux.1-dev", "gpu": gpu, "batch": batch, "steps": steps, "datacenter": place}
        for gpu in CARDS for batch in (1, 3) for steps in (20, 28) for place in ("norway-hydro", "germany")
    ]  # fmt: skip
    one, other = ranked(sweep(grid), 100, "total_g").rows, ranked(RequestList(requests), 100, "total_g").rows
    names = ("gpu", "datacenter")
    for name in names:
        assert one[name].words() == other[name].words()
    assert one[RANK].tolist() == other[RANK].tolist()


def test_exact_columns_rank_by_their_values_and_every_column_has_a_rule():
    found = ranked(sweep(Grid(("pixart-alpha",), batch=(1, 2), steps=(20, 40))), 4, "steps")
    assert found.rows[RANK].tolist() == [1, 1, 3, 3]
    assert set(NUMBERS) == {*EXACT, *OUTPUT, "text_g", "denoiser_g", "vae_g"}


def test_a_filter_on_something_unknown_says_what_it_leaves_out(ditcarbon):
    found = sweep(Grid(("flux.1-dev",), gpu=("h100-sxm-80gb", "b200-sxm"), options={"boundary": "chip"}))
    said = ("the filter leaves out b200-sxm: total_g is unknown there",)
    assert unfiltered(found, read_filter("total_g<9", NUMBERS)) == said
    assert unfiltered(found, read_filter("total_g<9 and time_s<5.5", NUMBERS)) == said
    assert unfiltered(found, read_filter("total_g<9 and time_s>5.5", NUMBERS)) == ()
    outcome = ditcarbon("sweep", *BOTH, "--where", "total_g<9")
    assert f"warning: {said[0]}" in outcome.err and outcome.out.count("\n") == 2


def test_ranks_go_into_files_too(ditcarbon, tmp_path):
    path = tmp_path / "best.csv"
    assert ditcarbon("sweep", *BOTH, "--steps", "10,28", "--top", 4, "--out", path).code == 0
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert next(iter(rows[0])) == "rank" and [row["rank"] for row in rows] == ["1", "1", "3", "3"]


def test_points_of_arrays_have_the_errors_of_single_points():
    found = sweep(Grid(("flux.1-dev",), batch=(1, 2), steps=(20, 28), gpu=("h100-sxm-80gb", "rtx-4090")))
    numbers = np.arange(len(found))
    many = errors_of([point for _, point in found.located(numbers)], (OUTPUT["total_g"],))[OUTPUT["total_g"]]
    single = [found.located(np.array([k]))[0][1] for k in numbers]
    one_by_one = errors_of(single, (OUTPUT["total_g"],))[OUTPUT["total_g"]]
    for k in numbers:
        assert many.half_widths(k) == pytest.approx(one_by_one.half_widths(k), rel=1e-9, abs=1e-12)
    values = np.linspace(1, 2, len(numbers))
    assert ranks(values, many).tolist() == ranks(values, one_by_one).tolist()


@pytest.mark.parametrize("largest", [False, True])
def test_the_facilitys_energy_is_ranked_by_pue_and_not_by_the_grid(largest):
    places = ((1.1, 900.0), (1.5, 5.0), (1.3, 300.0))
    found = sweep(Grid(("pixart-alpha",), steps=(19, 20), datacenter=places))
    best = ranked(found, 6, FACILITY_ENERGY, largest=largest).rows[FACILITY_ENERGY]
    table = np.sort(np.concatenate([columns[FACILITY_ENERGY] for _, columns in found.chunks()]))
    assert best.tolist() == (table[::-1] if largest else table).tolist()
    middle = float(np.median(table))
    where = read_filter(f"{FACILITY_ENERGY}{'>' if largest else '<'}{middle!r}", NUMBERS)
    assert len(ranked(found, 6, "steps", where).rows["steps"]) == 3


def test_the_errors_of_two_modes_add_up_as_squares():
    """Three and four tenths, of one network at one size, are five tenths; a mode has none against itself."""
    one, nothing = np.ones(3, int), np.zeros(3)
    errors = Errors(
        calibration=0 * one, model=0 * one, work=0 * one, slopes=np.zeros((3, 1)), own=nothing, scatter=nothing,
        quantile=np.ones(3), runs=nothing, mode=np.array([0, 1, 1]), of_mode=np.array([0.3, 0.4, 0.4]),
        covariances=np.zeros((1, 1, 1)), level=0.9,
    )  # fmt: skip
    assert errors.half_widths(0) == pytest.approx([0.0, 0.5 * quantile(0.9), 0.5 * quantile(0.9)])
    assert errors.half_widths(1) == pytest.approx([0.5 * quantile(0.9), 0.0, 0.0])


def test_rows_that_all_lack_the_column_are_refused():
    cards = sweep(Grid(("sd3-medium",), gpu=("tpu-v5p",)))
    with pytest.raises(InputError, match="total_g is unknown on tpu-v5p: no row can be ranked by it"):
        ranked(cards, 1, "total_g")
    assert len(ranked(cards, 1, "time_s").rows["batch"]) == 1
