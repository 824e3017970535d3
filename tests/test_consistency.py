"""Random valid requests over the whole catalogue: every answer agrees with itself, and every way of asking with others.

`make consistency` takes 3,000 requests, other ones each time; ordinary tests take 40, the same each time.
"""

import json
import math
import os

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings, strategies as st

from ditcarbon_sym import InputError, estimate
from ditcarbon_sym.analysis.comparison import compare
from ditcarbon_sym.analysis.questions import solve
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import BY_FIELD
from ditcarbon_sym.estimation.estimator import Quantity
from ditcarbon_sym.reports import estimate as report
from ditcarbon_sym.sweeps.grid import Grid, sweep
from tests.estimation.test_more_takes_longer import CARDS, neighbours

REQUESTS = int(os.environ.get("REQUESTS", "40"))
SAME = 1e-9
PLACES = ("us-average", "FRA", "gcp:us-central1", "france-nuclear")
COLUMNS = {"time_s": 1.0, "energy_kwh": 1e-3, "facility_energy_kwh": 1e-3, "operational_g": 1.0, "embodied_g": 1.0,
           "total_g": 1.0, "per_output_g": 1.0}  # fmt: skip
"""Columns of a sweep, each with its factor from the field of an estimate."""


def some(share):
    return settings(
        max_examples=max(1, round(REQUESTS * share)), derandomize="REQUESTS" not in os.environ, deadline=None,
        database=None, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def answered(model, **request):
    """The estimate; requests that a network does not take are passed over, and only those."""
    try:
        return estimate(model, **request)
    except InputError as refused:
        assert "cannot" in str(refused) or "smaller than the tiles" in str(refused), refused
        assume(False)


def quantities(found):
    return {x: y for x, y in vars(found).items() if isinstance(y, Quantity)}


@some(0.4)
@given(neighbours(), st.sampled_from(PLACES))
def test_an_answer_agrees_with_itself(case, place):
    model, gpu, request, _ = case
    found = answered(model, gpu=gpu, datacenter=place, **request)
    for name, x in quantities(found).items():
        if x.value is not None:
            assert math.isfinite(x.value) and x.value >= 0, (name, x)
            assert (x.low is None) == (x.high is None)
            assert x.low is None or (x.low <= x.value * (1 + SAME) and x.value <= x.high * (1 + SAME)), (name, x)
    values = {x: y.value for x, y in quantities(found).items()}
    grid, pue, batch = found.basis["grid_gco2eq_per_kwh"], found.basis["pue"], request["batch"]
    host, of_host = values["host_energy_wh"] or 0.0, values["host_g"] or 0.0
    assert values["facility_energy_wh"] == pytest.approx((values["energy_wh"] + host) * pue, rel=SAME)
    assert values["operational_g"] == pytest.approx(values["energy_wh"] * pue / 1000 * grid, rel=SAME)
    assert of_host == pytest.approx(host * pue / 1000 * grid, rel=SAME)
    if values["total_g"] is None:
        assert values["embodied_g"] is None
    else:
        total = values["operational_g"] + of_host + values["embodied_g"]
        assert values["total_g"] == pytest.approx(total, rel=SAME)
        assert values["per_output_g"] == pytest.approx(values["total_g"] / batch, rel=SAME)
    parts = [found.flops[x] for x in ("denoiser", "text_encoder", "vae_decoder")]
    assert found.flops["total"] == pytest.approx(sum(parts), rel=1e-6)
    shown = {row[0]: row for row in report.rows(found)}
    assert all(row[-1].strip() for name, row in shown.items() if name.strip() and row[1].strip()), shown
    json.dumps(found.to_dict(), allow_nan=False)


@some(0.3)
@given(neighbours(), st.sampled_from(PLACES))
def test_what_is_larger_takes_no_less(case, place):
    model, gpu, request, larger = case
    few, many = (answered(model, gpu=gpu, datacenter=place, **x) for x in (request, larger))
    for name in ("time_s", "energy_wh", "operational_g", "embodied_g"):
        one, other = (getattr(x, name).value for x in (few, many))
        assert one is None or one <= other * (1 + SAME), name


@some(0.25)
@given(neighbours(), st.sampled_from(PLACES))
def test_estimate_sweep_and_compare_answer_alike(case, place):
    model, gpu, request, _ = case
    found = answered(model, gpu=gpu, datacenter=place, **request)
    size = (request["height"], request["width"])
    axes = {"frames": (request["frames"],)} if "frames" in request else {}
    grid = Grid((model,), resolution=(size,), batch=(request["batch"],), steps=(request["steps"],), gpu=(gpu,),
                datacenter=(place,), intervals=True, **axes)  # fmt: skip
    ((_, rows),) = sweep(grid).chunks()
    for column, factor in COLUMNS.items():
        own = getattr(found, column.replace("kwh", "wh"))
        for suffix, end in (("", own.value), ("_low", own.low), ("_high", own.high)):
            if f"{column}{suffix}" in rows:
                told = float(rows[f"{column}{suffix}"][0])
                assert math.isnan(told) if end is None else told == pytest.approx(end * factor, rel=SAME), column
    words = ",".join(f"{x}={y}" for x, y in {**request, "gpu": gpu, "datacenter": place}.items())
    for one in compare([f"{model},{words}"] * 2).estimates:
        assert quantities(one) == quantities(found)


@some(0.05)
@given(neighbours(), st.sampled_from(("steps", "batch")))
def test_solve_gives_the_request_back_whose_cost_is_the_budget(case, unknown):
    model, gpu, request, _ = case
    found = answered(model, gpu=gpu, **request)
    others = {x: y for x, y in request.items() if x != unknown}
    answer = solve(model, unknown, budget_s=found.time_s.value, gpu=gpu, **others)
    assert int(answer.solution.value) == request[unknown]


def test_every_field_of_a_quantity_ends_in_its_unit_and_every_symbol_of_the_notation_has_one():
    found = quantities(estimate("sd3-medium", gpu="h100-sxm-80gb"))
    assert {x.rpartition("_")[2] for x in found} <= {"s", "wh", "g", "l", "gib"}
    assert all(x.unit for x in BY_FIELD.values())
    assert set(CARDS) <= set(load().gpus)
