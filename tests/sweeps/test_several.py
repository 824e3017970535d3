"""Several accelerators in sweeps: an axis, two columns, and the same numbers as estimates."""

import pytest

from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.order import ranked
from ditcarbon_sym.sweeps.panel import _with_one_split
from ditcarbon_sym.sweeps.pareto import front
from ditcarbon_sym.sweeps.requests import RequestList

H100 = "h100-sxm-80gb"


def test_every_row_is_the_estimate_of_its_request():
    grid = Grid(
        ("flux.1-dev", "wan2.1-t2v-1.3b"), batch=(1, 4), steps=(10, 50), gpu=(H100,), gpus=(1, 4), intervals=True,
        price_per_hour=2.0,
    )  # fmt: skip
    found = sweep(grid)
    checked = 0
    for _, columns in found.chunks():
        for k in range(len(columns["batch"])):
            row = {name: x.words()[k] if hasattr(x, "words") else x[k] for name, x in columns.items()}
            split = None if row["split"] == "none" else row["split"]
            one = estimate(
                row["model"],
                gpu=H100,
                gpus=int(row["gpus"]),
                split=split,
                batch=int(row["batch"]),
                steps=int(row["steps"]),
            )
            assert row["time_s"] == pytest.approx(one.time_s.value, rel=1e-9)
            assert row["time_s_high"] == pytest.approx(one.time_s.high, rel=1e-6)
            assert 1000 * row["energy_kwh"] == pytest.approx(one.energy_wh.value, rel=1e-9)
            assert row["embodied_g"] == pytest.approx(one.embodied_g.value, rel=1e-9)
            assert row["total_g"] == pytest.approx(row["text_g"] + row["denoiser_g"] + row["vae_g"], rel=1e-9)
            assert row["cost"] == pytest.approx(row["gpus"] * row["time_s"] * 2 / 3600)
            assert min(row["text_g"], row["denoiser_g"], row["vae_g"]) > 0
            checked += 1
    assert checked == len(found) == 16


def test_the_columns_are_there_only_if_several_are_asked_for():
    assert {"gpus", "split", "gpu_s_per_output"} <= set(sweep(Grid(("flux.1-dev",), gpu=(H100,), gpus=(2,))).columns)
    assert not {"gpus", "split", "gpu_s_per_output"} & set(sweep(Grid(("flux.1-dev",), gpu=(H100,))).columns)


def test_arrays_have_an_axis_of_accelerators_behind_that_of_kinds():
    found = sweep(Grid(("flux.1-dev",), gpu=(H100, "b200-sxm"), gpus=(1, 2, 4), batch=(1, 2)))
    assert found.grid.axes[:3] == ("model", "gpu", "gpus") and found.array("time_s").shape == (1, 2, 3, 1, 1, 2, 1, 1)
    times = found.array("time_s")[0, :, :, 0, 0, 1, 0, 0]
    assert (times[:, 0] > times[:, 2]).all()
    assert found.coordinates()["gpus"] == [1, 2, 4]


def test_a_ranking_and_a_front_tell_accelerators_apart():
    found = sweep(Grid(("hunyuanvideo",), gpu=(H100,), gpus=(1, 2, 4, 8)))
    best = ranked(found, 2, "time_s").rows
    assert best["gpus"].tolist() == [8, 4] and best["split"].words() == ["ulysses=8", "ulysses=4"]
    assert sorted(front(found, ("per_output_g", "time_s")).rows["gpus"].tolist()) == [1, 2, 4, 8]


def test_accelerator_seconds_of_an_output_say_what_replicas_make():
    found = sweep(Grid(("hunyuanvideo",), gpu=(H100,), gpus=(1, 8), batch=(1, 2)))
    for gpus, row in zip((1, 8), found.array("gpu_s_per_output")[0, 0, :, 0, 0, :, 0, 0], strict=True):
        for batch, seconds in zip((1, 2), row, strict=True):
            one = estimate("hunyuanvideo", gpu=H100, gpus=gpus, batch=batch)
            assert seconds == pytest.approx(gpus * one.time_s.value / batch)
    best = front(found, ("gpu_s_per_output", "time_s"))
    assert sorted(best.rows["gpus"].tolist()) == [1, 8]


def test_a_split_holds_for_all_and_one_that_a_model_cannot_have_is_refused():
    found = sweep(Grid(("flux.1-dev",), gpu=(H100,), batch=(1, 8), options={"split": "ring=4"}))
    assert found.array("time_s").min() == pytest.approx(estimate("flux.1-dev", gpu=H100, split="ring=4").time_s.value)
    with pytest.raises(InputError, match="does not divide the 12 heads"):
        sweep(Grid(("wan2.1-t2v-1.3b",), gpu=(H100,), gpus=(8,), options={"split": "ulysses=8"}))


def test_a_list_has_columns_of_its_own():
    asked = [{"model": "flux.1-dev"}, {"model": "flux.1-dev", "gpus": 4}, {"model": "flux.1-dev", "split": "ring=2"}]
    found = RequestList(asked, gpu=H100)
    assert found.table["gpus"].tolist() == [1, 4, 2]
    assert found.table["split"].words()[0] == "none" and found.table["split"].words()[2] == "ring=2"
    assert found.table["time_s"][1] == pytest.approx(estimate("flux.1-dev", gpu=H100, gpus=4).time_s.value)


def test_all_rows_of_a_sweep_share_the_split_that_is_best_at_its_last_size():
    sizes = [{"height": 512, "width": 512}, {"height": 1024, "width": 1024}]
    chosen = _with_one_split("flux.1-dev", sizes, [1, 2], {"gpu": H100, "gpus": 4})
    assert chosen == {"gpu": H100, "gpus": 4, "split": "ulysses=4"}
    for given in ({"gpu": H100}, {"gpu": H100, "gpus": 1}, {"gpu": H100, "gpus": 4, "split": "ring=4"}):
        assert _with_one_split("flux.1-dev", sizes, [1, 2], given) == given
