import json
import math
from itertools import combinations

import numpy as np
import pytest

from ditcarbon_sym import InputError
from ditcarbon_sym.analysis.comparison import OUTPUTS, compare, ratios, read_request
from ditcarbon_sym.analysis.sampling import constants
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.efficiency import saturation
from ditcarbon_sym.equations.notation import C_op, C_output, C_total, E, tau
from ditcarbon_sym.estimation.intervals import parameter_deviations, predictive, scatter_met, within_model
from ditcarbon_sym.estimation.point import operating_point
from ditcarbon_sym.estimation.spread.quantiles import quantile
from fits import corpus
from fits.runs import B200, H100 as H100_ID, published

H100 = "gpu=h100-sxm-80gb"


def ratio(found, output=tau):
    return {x.output: x for x in found.ratios[0]}[output]


def test_a_request_is_the_same_as_itself():
    found = compare(["pixart-alpha@512", "pixart-alpha@512"])
    for x in found.ratios[0]:
        assert x.value == x.low == x.high == 1 and x.verdict == "the same"


def test_what_one_model_is_off_by_cancels_and_the_scatter_of_its_runs_does_not():
    found = compare([f"flux.1-dev@1024,{H100}", f"flux.1-dev@768,{H100}"])
    x, point = ratio(found), found.points[0]
    single = predictive(point, (tau,))[tau]
    runs = quantile(0.9) * math.sqrt(2) * within_model(tau, point)
    assert runs <= math.log(x.high / x.low) / 2 < math.log(single[1] / single[0]) / 2
    assert x.low < x.value < x.high and "outside" in x.verdict and "is off by cancels" in found.shared[0]


@pytest.mark.parametrize("gpu", [H100_ID, B200])
def test_the_interval_of_a_ratio_holds_what_two_runs_of_one_model_measured(gpu):
    rows = [row for row in published() if row["gpu"] == gpu and row["energy_j_per_output"]]
    sizes = [{x: int(row[x]) for x in ("height", "width", "frames", "batch", "steps")} for row in rows]
    points = [operating_point(row["model"], gpu=gpu, **size) for row, size in zip(rows, sizes, strict=True)]
    seconds = [float(row["time_s"]) for row in rows]
    joules = [float(row["energy_j_per_output"]) * size["batch"] for row, size in zip(rows, sizes, strict=True)]
    inside = {tau: [], E: []}
    for i, k in combinations(range(len(rows)), 2):
        if rows[i]["model"] == rows[k]["model"]:
            found = {x.output: x for x in ratios(points[i], points[k])}
            for output, measured in ((tau, seconds), (E, joules)):
                inside[output].append(found[output].low <= measured[k] / measured[i] <= found[output].high)
    for output, held in inside.items():
        assert len(held) >= 24 and 0.8 <= np.mean(held) <= 1, output


def test_the_interval_of_a_ratio_holds_what_two_requests_of_one_model_measured_in_the_papers_regime():
    data, names = corpus.production(), np.array(corpus.production().groups)
    point = operating_point("pixart-alpha", resolution=1024, efficiency="bgr")
    half = quantile(0.9) * math.sqrt(2) * within_model(tau, point)
    logs = np.log(data.observed / saturation({**data.inputs, **point.calibration.values}))
    apart = [abs(a - b) for name in set(names) for a, b in combinations(logs[names == name], 2)]
    assert len(apart) == 183 and 0.8 <= np.mean(np.array(apart) <= half) <= 1


def test_the_same_work_elsewhere_is_known_exactly():
    found = compare([f"flux.1-dev@1024,{H100},pue=1.1,grid=100", f"flux.1-dev@1024,{H100},pue=1.1,grid=300"])
    x = ratio(found, C_op)
    assert x.value == pytest.approx(3) and x.low == pytest.approx(3) and x.high == pytest.approx(3)


def test_two_requests_expected_to_cost_the_same_are_not_said_to_be_the_same():
    found = compare([f"flux.1-dev@1024,{H100}", "flux.1-dev@1024,gpu=h200-sxm-141gb"])
    assert (
        ratio(found).value == pytest.approx(1)
        and ratio(found).verdict == "no difference expected: inside the uncertainty"
    )


def test_two_models_on_one_calibration_share_its_parameters_but_not_the_scatter():
    found = compare([f"flux.1-dev@1024,{H100}", f"sd3.5-medium@1024,{H100}"])
    wide = scatter_met(tau, found.points[0]).quantile(0.9)
    width = math.log(ratio(found).high / ratio(found).low) / (2 * wide)
    scatter = [scatter_met(tau, point).deviation for point in found.points]
    own = [parameter_deviations(point, (tau,))[tau] for point in found.points]
    assert math.hypot(*scatter) <= width < math.hypot(*scatter, *own)


def test_two_calibrations_are_independent():
    found = compare([f"flux.1-dev@1024,{H100}", "flux.1-dev@1024,gpu=b200-sxm"])
    width = math.log(ratio(found).high / ratio(found).low) / 2
    scatters = [scatter_met(tau, point) for point in found.points]
    parts = [y for point, x in zip(found.points, scatters, strict=True)
             for y in (x.deviation, parameter_deviations(point, (tau,))[tau])]  # fmt: skip
    assert width == pytest.approx(max(x.quantile(0.9) for x in scatters) * math.hypot(*parts))
    assert "two calibrations" in found.shared[0]


@pytest.mark.parametrize("output", [tau, E, C_total])
def test_the_interval_of_a_ratio_is_what_sampling_the_shared_parameters_gives(output):
    found = compare([f"flux.1-dev@1024,{H100}", f"flux.1-dev@512,{H100}"])
    calibration = found.points[0].calibration
    rng = np.random.default_rng(0)
    drawn = constants(calibration, rng.standard_normal((40_000, len(calibration.free))))
    first, other = (
        pipeline.evaluate({**point.values, **drawn}, (output,), point.route)[output] for point in found.points
    )
    runs = np.exp(math.sqrt(2) * within_model(output, found.points[0]) * rng.standard_normal(40_000))
    low, high = np.quantile(runs * other / first, [0.05, 0.95])
    x = ratio(found, output)
    assert np.log(high / low) == pytest.approx(math.log(x.high / x.low), rel=0.06)


def test_on_one_accelerator_both_sides_take_one_law():
    found = compare(["pixart-alpha@256", "pixart-alpha@1024"])
    assert {pipeline.route_name(point.route) for point in found.points} == {"roofline"}


def test_a_measured_efficiency_has_no_interval_and_says_so():
    found = compare(["pixart-alpha,mu=0.4", "pixart-alpha,mu=0.2"])
    x = ratio(found)
    assert x.value == pytest.approx(2) and x.low is None and x.verdict == "100.0% more; no interval is known"


def test_an_unknown_total_is_unknown_and_not_zero():
    found = compare([f"flux.1-dev,{H100}", "flux.1-dev,gpu=b200-sxm"], boundary="chip")
    assert ratio(found, C_total).value is None and ratio(found, C_total).verdict == "unknown"


def test_a_difference_inside_the_uncertainty_is_called_so():
    found = compare(["flux.1-dev@1024,steps=28", "sd3.5-medium@1024,steps=40,batch=2"], gpu="h100-sxm-80gb")
    assert ratio(found).verdict.endswith("more: inside the uncertainty")
    assert ratio(found, C_output).verdict.endswith("less: outside the uncertainty")


def test_a_requests_own_options_replace_the_shared_ones():
    found = compare(["pixart-alpha,grid=50,pue=1.1", "pixart-alpha@512x768"], datacenter="germany", resolution=1024)
    assert [point.facility.id for point in found.points] == ["custom", "germany"]
    assert [e.request["height"] for e in found.estimates] == [1024, 512]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flux.1-dev@big", "'big' is not a size"), ("flux.1-dev@1024,stps=3", "did you mean steps"),
        ("flux.1-dev,steps", "expected NAME=VALUE"), ("flux.1-dev,steps=2.5", "steps = '2.5' is not a whole number"),
        ("flux.1-dev,mu=much", "mu = 'much' is not a number"),
    ],
)  # fmt: skip
def test_a_request_that_is_not_understood_is_quoted(text, expected):
    with pytest.raises(InputError, match=r"request ") as refusal:
        read_request(text)
    assert expected in str(refusal.value)


def test_the_command_prints_both_and_json_holds_every_ratio(ditcarbon, refused):
    outcome = ditcarbon("compare", "pixart-alpha@512", "dit-xl-2-512", "--steps", 20)
    assert outcome.code == 0 and "B / A" in outcome.out and "side the uncertainty" in outcome.out
    table = json.loads(ditcarbon("compare", "pixart-alpha@512", "dit-xl-2-512", "--json").out)
    assert set(table["ratios"][0]) >= {"time_s", "energy_kwh", "total_g", "per_output_g", "shared_errors"}
    assert len(OUTPUTS) + 2 == len(table["ratios"][0])
    assert "two requests or more" in refused("compare", "pixart-alpha")
    assert "level = 2" in refused("compare", "pixart-alpha", "pixart-alpha", "--level", 2)


def test_batches_that_differ_are_told_per_output_too(ditcarbon):
    told = ditcarbon("compare", "flux.1-dev,gpu=h100-sxm-80gb", "flux.1-dev,gpu=h100-sxm-80gb,batch=4").out
    line = next(x for x in told.splitlines() if "per output: time" in x)
    assert "of batches of 1 and 4" in line
    assert "per output: time" not in ditcarbon("compare", "flux.1-dev@512", "flux.1-dev@1024").out


def test_the_energy_of_the_facility_is_pue_times_the_accelerators():
    found = compare(["pixart-alpha@512", "pixart-alpha@1024"]).estimates[0]
    assert found.facility_energy_wh.value == pytest.approx(found.basis["pue"] * found.energy_wh.value)
    assert found.operational_g.value == pytest.approx(
        found.facility_energy_wh.value * found.basis["grid_gco2eq_per_kwh"] / 1000
    )


def test_nothing_in_the_first_request_has_no_ratio_and_nothing_in_the_other_is_none_of_it():
    free, dear = (f"flux.1-dev@1024,{H100},pue=1.2,grid={grid}" for grid in (0, 300))
    found = ratio(compare([free, dear]), C_op)
    assert (found.value, found.low, found.high, found.verdict) == (None, None, None, "unknown")
    found = ratio(compare([dear, free]), C_op)
    assert (found.value, found.low, found.high) == (0, None, None) and not found.known
    assert found.verdict == "100.0% less; no interval is known"


@pytest.mark.parametrize("text", ["split=ulysses=4,ring=2", "ulysses=4,split=ring=2", "ulysses=4,ring=2"])
def test_a_split_is_read_with_its_name_or_by_its_degrees(text):
    assert read_request(f"hunyuanvideo,gpus=8,{text}") == (
        "hunyuanvideo", {"gpus": 8, "split": "ulysses=4,ring=2"},
    )  # fmt: skip
