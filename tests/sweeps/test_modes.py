"""Modes of running in sweeps: axes and columns, lists and fronts, and the same numbers as estimates."""

import pytest

from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.estimator import estimate
from ditcarbon_sym.sweeps import axes
from ditcarbon_sym.sweeps.grid import Grid, sweep
from ditcarbon_sym.sweeps.order import ranked
from ditcarbon_sym.sweeps.pareto import front
from ditcarbon_sym.sweeps.requests import RequestList, read_requests

H100 = "h100-sxm-80gb"
MODES = {"software": ("eager", "compile"), "precision": ("bf16", "fp8"), "cache": (0.0, 0.3)}


def rows(found):
    for _, columns in found.chunks():
        for k in range(len(columns["batch"])):
            yield {name: x.words()[k] if hasattr(x, "words") else x[k] for name, x in columns.items()}


def test_every_row_is_the_estimate_of_its_mode():
    grid = Grid(("flux.1-dev",), gpu=(H100,), gpus=(1, 4), batch=(1, 2), intervals=True, **MODES)
    found = list(rows(sweep(grid)))
    assert len(found) == 2 * 2 * 2 * 2 * 2
    for row in found:
        way = {name: row[name] for name in MODES}
        one = estimate("flux.1-dev", gpu=H100, gpus=int(row["gpus"]), batch=int(row["batch"]), **way)
        assert row["time_s"] == pytest.approx(one.time_s.value, rel=1e-9)
        assert row["energy_kwh_low"] == pytest.approx(one.energy_wh.low / 1000, rel=1e-6)
        assert row["total_g"] == pytest.approx(one.total_g.value, rel=1e-9)


def test_columns_of_modes_are_there_only_if_asked_for():
    plain = sweep(Grid(("flux.1-dev",), gpu=(H100,))).columns
    asked = sweep(Grid(("flux.1-dev",), gpu=(H100,), software=("compile",))).columns
    preset = sweep(Grid(("flux.1-dev",), gpu=(H100,), options={"preset": "flux-dbcache-0.08"}))
    assert not {"software", "attention", "precision", "cache"} & set(plain)
    assert set(asked) - set(plain) == {"software"}
    assert {"software", "attention", "precision", "cache"} <= set(preset.columns)
    assert next(rows(preset))["cache"] == 0.393


def test_arrays_have_axes_of_modes_behind_those_of_accelerators():
    found = sweep(Grid(("flux.1-dev",), gpu=(H100,), gpus=(1, 2), **MODES))
    assert found.grid.axes[:6] == ("model", "gpu", "gpus", "software", "precision", "cache")
    assert found.array("time_s").shape == (1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 1)
    assert found.coordinates()["precision"] == ["bf16", "fp8"]


def test_axes_are_read_as_text_and_an_accelerator_without_a_format_can_be_left_out():
    asked = {"model": "flux.1-dev", "gpu": f"{H100},a100-sxm-80gb", "precision": "bf16,fp8", "cache": "0:0.4:0.2"}
    with pytest.raises(InputError, match="a100-sxm-80gb does not have it"):
        sweep(axes.grid(asked))
    found = sweep(axes.grid({**asked, "skip": True, "attention": "sdpa,sparse:0.5"}))
    assert len(list(rows(found))) == 3 * 3 * 2
    assert any("a100-sxm-80gb with sdpa, fp8, cache 0.2 is left out" in x for x in found.notes)


@pytest.mark.parametrize(("name", "text", "words"), [
    ("software", "eager,fast", "software = 'fast' is unknown"), ("cache", "0.2,1", "cache = 1: a cache skips a part"),
    ("cache", "-0.2", "cache: '-0.2' is neither a number nor a range"), ("precision", "fp8,fp8", "stands twice"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_one_line(name, text, words):
    with pytest.raises(InputError) as refusal:
        sweep(axes.grid({"model": "flux.1-dev", "gpu": H100, name: text}))
    assert words in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_ranking_and_a_front_tell_modes_apart():
    found = sweep(Grid(("flux.1-dev",), gpu=(H100,), batch=(1, 4), **MODES))
    best = ranked(found, 1, "time_s").rows
    assert (best["software"].words(), best["precision"].words(), best["cache"].tolist()) == (
        ["compile"],
        ["fp8"],
        [0.3],
    )
    kinds = front(found, ("per_output_g", "time_s"), within=("model", "precision", "cache")).rows
    assert {*zip(kinds["precision"].words(), kinds["cache"].tolist(), strict=True)} == {
        ("bf16", 0.0), ("bf16", 0.3), ("fp8", 0.0), ("fp8", 0.3),
    }  # fmt: skip
    assert {*kinds["software"].words()} == {"compile"}


def test_a_list_says_modes_row_by_row(tmp_path):
    table = tmp_path / "requests.csv"
    table.write_text(
        "model,gpus,software,precision,cache,preset\nflux.1-dev,,,,,\nflux.1-dev,2,compile,fp8,,\n"
        "flux.1-dev,,,,0.2,\nflux.1-dev,,,,,flux-turbo-8step\n"
    )
    found = RequestList(read_requests(table), gpu=H100, software="compile")
    assert found.table["software"].words() == ["compile"] * 4
    assert found.table["cache"].tolist() == [0, 0, 0.2, 0] and found.table["steps"].tolist()[3] == 8
    for k, way in enumerate(({}, {"gpus": 2, "precision": "fp8"}, {"cache": 0.2}, {"preset": "flux-turbo-8step"})):
        one = estimate("flux.1-dev", gpu=H100, software="compile", **way)
        assert found.table["time_s"][k] == pytest.approx(one.time_s.value)
    table.write_text("model,cache\nflux.1-dev,2\n")
    with pytest.raises(InputError, match=r"row 1: cache = 2 is outside 0\.\.1"):
        read_requests(table)
