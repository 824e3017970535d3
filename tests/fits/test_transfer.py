"""What carries over between accelerators: the pools refitted, and their error on accelerators never seen."""

import tomllib

import numpy as np
import pytest

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.equations.notation import e_dense
from ditcarbon_sym.estimation.intervals import student_quantile
from fits import chips, operator_law as refit, transfer, transfer_few, transfer_tables
from fits.runs import B200, H100, published


def alike(shipped, again):
    assert shipped["parameters"] == pytest.approx(again["parameters"], rel=1e-6)
    assert np.array(shipped["covariance"]["matrix"]) == pytest.approx(np.array(again["covariance"]["matrix"]), rel=1e-3)
    for key in ("mape_percent", "held_out_log_scatter", "held_out_mape_percent"):
        assert shipped["quality"][key] == pytest.approx(again["quality"][key], rel=1e-5)
    assert shipped["data"] == again["data"] and shipped["verdicts"] == again["verdicts"]


@pytest.mark.parametrize("name", transfer_tables.TRANSFERS)
def test_a_shipped_transfer_is_what_a_refit_gives(name):
    shipped = tomllib.loads((DATA / "transfers" / f"{name}.toml").read_text(encoding="utf-8"))
    alike(shipped, transfer_tables.TRANSFERS[name]())


@pytest.mark.parametrize("gpu", chips.ONE)
def test_the_a100s_calibration_is_what_a_refit_gives_and_says_how_thin_it_is(gpu):
    shipped = tomllib.loads(refit.target(gpu).read_text(encoding="utf-8"))
    alike(shipped, transfer_tables.a100_table(gpu))
    assert "thin" in shipped["verdicts"]["e_dense"] and shipped["quality"]["n"] == 6


def test_elementwise_passes_keep_pace_with_the_clock_and_not_with_the_memory():
    scatter = {rule: transfer.times(rule).scatter for rule in transfer.RULES}
    assert min(scatter, key=lambda rule: scatter[rule]) == "clock"
    assert scatter["clock"] < 0.16 and scatter["clock"] < scatter["bandwidth"] / 3


def test_a_free_power_of_clock_and_memory_fits_better_and_predicts_chips_never_seen_worse():
    free, clock = transfer.times("any power of both"), transfer.times()
    assert free.in_fit < clock.in_fit and free.scatter > clock.scatter
    assert free.law.values[transfer.exponent] > 1


def test_accelerators_never_seen_are_missed_by_little_more_than_models_never_seen():
    errors = transfer.times().mape
    assert len(errors) == 6 and np.mean(list(errors.values())) < 13 and max(errors.values()) < 25
    energy, rival = (np.mean(list(x.mape.values())) for x in (transfer.energies(), transfer.rated_power_for_the_time()))
    assert energy < 12 and energy < rival


def test_a_chip_that_is_held_out_takes_no_part_whatever_accelerators_carry_it():
    law = transfer.times().held_out("h20")
    assert law == transfer.times().held_out(H100) != transfer.times().law
    kept = [gpu for gpu in chips.modern() if chips.CHIPS[chips.ONE.get(gpu, gpu)] != "GH100"]
    again = transfer.time_fit("clock", chips.pooled(kept, "time"))
    assert law.values == pytest.approx(again.values)


def test_every_accelerator_counts_once_and_every_model_on_it():
    data = chips.pooled(chips.modern(), "time")
    assert sum(data.weights) == pytest.approx(6)
    alone = chips.pooled((H100,), "time")
    runs = [run.model for run in chips.runs_on(H100)]
    each = {name: sum(w for w, model in zip(alone.weights, runs, strict=True) if model == name) for name in runs}
    assert sum(alone.weights) == pytest.approx(1) and len(each) == 9
    assert all(share == pytest.approx(1 / 9) for share in each.values())


def test_products_left_free_would_draw_more_than_there_is():
    assert transfer.free_product_power() > 1


def test_bytes_carry_over_better_than_the_part_of_peak():
    own = transfer.own_constants().values()
    spread = {x: max(v[x] for v in own) / min(v[x] for v in own) for x in (e_dense, transfer.rho)}
    assert spread[transfer.rho] < 1.2 < spread[e_dense]


def test_the_v100s_corpus_sets_the_width_before_ampere_and_not_the_factor():
    pool = transfer_few.earlier_times()
    factors = {chip: law.values[transfer.factor] for chip, law in pool.without.items()}
    assert set(factors) == {"TU104", "GV100"} and factors["GV100"] == pytest.approx(factors["TU104"], rel=0.05)
    assert pool.mape["t4"] < 10 and pool.mape["v100-sxm2-32gb"] < 10 and pool.mape["v100-pcie-16gb"] > 40


def test_a_model_of_the_a100_that_is_held_out_is_held_out_of_the_pool_too():
    thin = transfer_few.a100()
    assert set(thin.without) == {"sd3-medium", "pixart-alpha", "wan2.1-t2v-14b"}
    for law in thin.without.values():
        assert law.values[e_dense] != thin.time.values[e_dense]


def test_the_interval_of_a_transfer_holds_chips_that_neither_law_nor_scatter_has_seen():
    pool = transfer.times()
    for chip in pool.without:
        kept = [gpu for gpu in chips.modern() if chips.CHIPS[chips.ONE.get(gpu, gpu)] != chip]
        inner = transfer.pool_over(kept)
        half = student_quantile(0.9, len(inner.without)) * inner.scatter
        for name, rows in pool.rows.items():
            if chips.CHIPS[name] == chip:
                inside = np.abs(pool.held_out(name).logs(rows)) <= half
                assert np.average(inside, weights=rows.weights) >= 0.8, name


THIN = [row for row in published() if row["gpu"] not in (H100, B200)]


@pytest.mark.parametrize("row", THIN, ids=lambda row: "-".join(row[x] for x in ("gpu", "model", "height", "batch")))
def test_the_interval_of_a_thin_or_transferred_estimate_holds_what_was_published(row):
    request = {key: int(row[key]) for key in ("height", "width", "frames", "batch", "steps")}
    found = estimate(row["model"], gpu=row["gpu"], **request)
    assert found.time_s.low < float(row["time_s"]) < found.time_s.high
    if row["energy_j_per_output"]:
        joules = float(row["energy_j_per_output"]) * request["batch"]
        assert found.energy_wh.low < joules / 3600 < found.energy_wh.high
