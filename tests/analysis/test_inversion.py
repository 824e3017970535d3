import json

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym import InputError, estimate, solve
from ditcarbon_sym.analysis.inversion import within
from ditcarbon_sym.analysis.knobs import UNKNOWNS
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import B, C_output, C_total, E, H, I_grid, S, W, tau
from ditcarbon_sym.estimation.point import asked_again, operating_point

PIXART = operating_point("pixart-alpha", resolution=1024, efficiency="bgr")
VIDEO = operating_point("cogvideox-2b")


def output_at(point, values, output):
    return float(pipeline.evaluate({**point.values, **values}, (output,), point.route)[output])


EVERYWHERE = ["resolution", "steps", "batch", "text_tokens", "guidance", "blocks", "peak_flop_per_second"]
CARBON_ONLY = ["grid", "pue", "tdp_watt", "embodied_gco2eq"]
REQUESTS = st.fixed_dictionaries(
    {
        "resolution": st.integers(32, 128).map(lambda k: 16 * k),
        "batch": st.integers(1, 32),
        "steps": st.integers(1, 200),
        "datacenter": st.sampled_from(["us-average", "norway-hydro", "india-coal"]),
    }
)


@settings(max_examples=60)
@given(
    REQUESTS,
    st.sampled_from(EVERYWHERE + CARBON_ONLY),
    st.sampled_from([C_total, tau]),
)
def test_solving_for_an_input_gives_the_input_back(request, unknown, output):
    if output == tau and unknown in CARBON_ONLY:
        return
    point = operating_point("pixart-alpha", guidance=2, efficiency="bgr", **request)
    solution = within(point, unknown, output, output_at(point, {}, output))
    assert solution.exact == pytest.approx(point.values[UNKNOWNS[unknown]], rel=1e-7)


@settings(max_examples=20)
@given(st.integers(1, 12), st.integers(1, 100))
def test_solving_for_frames_gives_the_frames_back(latent, steps):
    frames = 4 * latent + 1
    point = operating_point("cogvideox-2b", frames=frames, steps=steps)
    solution = within(point, "frames", C_output, output_at(point, {}, C_output))
    assert solution.exact == pytest.approx(frames, rel=1e-9) and solution.value == frames


@pytest.mark.parametrize(
    ("unknown", "symbols", "step"), [("resolution", (H, W), 16), ("steps", (S,), 1), ("batch", (B,), 1)]
)
def test_the_answer_is_the_largest_valid_value_within_the_budget(unknown, symbols, step):
    solution = within(PIXART, unknown, C_total, 1.0)
    assert solution.value % step == 0
    here = output_at(PIXART, dict.fromkeys(symbols, solution.value), C_total)
    next_ = output_at(PIXART, dict.fromkeys(symbols, solution.value + step), C_total)
    assert here == pytest.approx(solution.reached) and here <= 1.0 < next_
    assert solution.slack == pytest.approx(1.0 - here)


def test_where_the_output_falls_the_smallest_value_is_the_answer_and_the_direction_is_named():
    solution = within(PIXART, "batch", C_output, 0.21)
    assert solution.direction == "falls" and "smallest" in solution.question
    assert (
        output_at(PIXART, {B: solution.value}, C_output) <= 0.21 < output_at(PIXART, {B: solution.value - 1}, C_output)
    )


def test_first_and_second_degree_have_closed_forms_and_higher_degrees_are_bracketed():
    assert within(PIXART, "steps", C_total, 1.0).method == "closed form"
    assert within(PIXART, "text_tokens", tau, 7.0).method == "closed form"
    assert within(PIXART, "resolution", C_total, 1.0).method == "bracketed root"


def test_frames_are_rounded_to_what_the_vae_maps():
    solution = within(VIDEO, "frames", C_output, 3.0)
    assert (solution.value - 1) % 4 == 0
    assert output_at(asked_again(VIDEO, frames=solution.value), {}, C_output) == pytest.approx(solution.reached)


def test_the_grid_that_meets_a_target_is_exact():
    solution = within(PIXART, "grid", C_output, 0.1)
    assert output_at(PIXART, {I_grid: solution.value}, C_output) == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize(
    ("unknown", "output", "budget", "expected"),
    [
        ("resolution", C_output, 1e-9, "no solution: even side of a square output = 16"),
        ("steps", C_output, 1e9, "no limit: any steps from 1 to 100000"),
        ("grid", tau, 1.0, "does not depend on grid"),
        ("frames", C_output, 1.0, "pixart-alpha is an image model"),
        ("colour", C_output, 1.0, "cannot solve for 'colour'"),
        ("steps", C_output, -1.0, "budget = -1"),
        ("steps", C_output, float("nan"), "budget = nan"),
        ("steps", C_output, float("inf"), "budget = inf"),
    ],
)
def test_what_has_no_answer_is_explained_in_one_line(unknown, output, budget, expected):
    with pytest.raises(InputError) as refusal:
        within(PIXART, unknown, output, budget)
    assert expected in str(refusal.value) and "\n" not in str(refusal.value)


def test_an_unknown_power_leaves_energy_unsolvable(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("[gpus.mine]\npeak_flop_per_second = 1e14\n")
    point = operating_point("pixart-alpha", gpu="mine", mu=0.4, catalog=path)
    with pytest.raises(InputError, match="no value for thermal design power"):
        within(point, "steps", E, 1.0)


def test_the_command_answers_with_units_slack_and_warnings(ditcarbon):
    outcome = ditcarbon("solve", "pixart-alpha", "--for", "resolution", "--budget-g", 1, "--efficiency", "bgr")
    assert (
        outcome.code == 0 and "1,712" in outcome.out and "slack" in outcome.out and "gCO2eq per output" in outcome.out
    )
    table = json.loads(ditcarbon("solve", "pixart-alpha", "--for", "steps", "--budget-wh", 1, "--json").out)
    assert (table["unit"], table["model"]) == ("Wh per batch", "pixart-alpha")
    assert 0.9 < table["reached"] <= 1 and table["slack"] == pytest.approx(1 - table["reached"])
    outcome = ditcarbon("solve", "pixart-alpha", "--for", "resolution", "--budget-g", 20)
    assert "at the answer: extrapolates" in outcome.err


@pytest.mark.parametrize(
    ("asked", "budget", "output"),
    [
        (("pixart-alpha",), ("--budget-g", 0.06), "per_output_g"),
        (("pixart-alpha", "--resolution", 256), ("--budget-g", 0.06), "per_output_g"),
        (("pixart-alpha",), ("--budget-s", 2), "time_s"),
        (("allegro", "--gpu", "h100-sxm-80gb", "--height", 720, "--width", 1280), ("--budget-s", 900), "time_s"),
    ],
)
def test_an_estimate_at_the_answer_agrees_whatever_law_it_takes_there(ditcarbon, asked, budget, output):
    """The paper's law stops at 512 pixels, where the operator law goes on; its decoder works in tiles."""
    found = json.loads(ditcarbon("solve", *asked, "--for", "resolution", *budget, "--json").out)
    model, *options = asked
    options = [x for x in options if x not in ("--height", "--width", 720, 1280, "--resolution", 256)]
    there = json.loads(ditcarbon("estimate", model, *options, "--resolution", int(found["value"]), "--json").out)
    assert there[output]["value"] == pytest.approx(found["reached"], rel=1e-9)
    assert found["reached"] <= budget[1] * (1 + 1e-9)


def test_an_answer_that_no_estimate_accepts_is_refused_with_the_reason(refused):
    said = refused("solve", "sd3-medium", "--gpu", "h100-sxm-80gb", "--for", "resolution", "--budget-s", 100)
    assert "meets the budget, but" in said and "positions end at" in said
    assert "no solution" in refused("solve", "pixart-alpha", "--for", "resolution", "--budget-g", 0.02)


def test_what_is_said_of_the_accelerator_is_said_of_the_answer_too(ditcarbon):
    said = ditcarbon("solve", "flux.2-dev", "--gpu", "l4", "--for", "steps", "--budget-g", 2).err
    assert "flux.2-dev does not fit l4" in said and "transferred, not calibrated" in said


@pytest.mark.parametrize("name", ["peak_flop_per_second", "tdp_watt"])
def test_what_the_joules_were_measured_at_is_no_unknown(refused, name):
    said = refused("solve", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--for", name, "--budget-g", 1)
    assert f"{name} of h100-sxm-80gb is what its energy was measured at" in said


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "give one budget"),
        (["--budget-g", "1", "--budget-s", "1"], "give one budget"),
        (["--budget-g", "1", "--against-model", "sd3-medium"], "give one budget"),
        (["--budget-g", "1", "--per", "year"], "per = 'year'"),
        (["--budget-s", "1", "--per", "batch"], "--per is about carbon"),
        (["--budget-g", "1", "--both"], "--both needs a rival"),
        (["--mu", "0.3", "--against-gpu", "gtx-1080-ti"], "--against-mu"),
        (["--for", "steps", "--against-model", "pixart-alpha", "--both"], "the two cost the same everywhere"),
        (["--budget-g", "much"], "'much' is not a number"),
        (["--against-model", "sora"], "unknown model 'sora'"),
    ],
)
def test_bad_questions_are_refused_in_one_line(refused, options, expected):
    assert expected in refused("solve", "pixart-alpha", *options)


def test_warnings_are_of_the_answer_and_of_the_rival_not_of_the_default_request(ditcarbon):
    inside = ditcarbon("solve", "cogvideox-2b", "--for", "frames", "--budget-g", 5)
    assert "17550" not in inside.err
    rival = ditcarbon("solve", "pixart-alpha", "--for", "steps", "--against-model", "cogvideox-2b")
    assert "of the rival: extrapolates: latent tokens = 17550" in rival.err
    wide = ditcarbon("solve", "cogvideox-2b", "--for", "resolution", "--budget-g", 5)
    assert "not square" in wide.err and "side of a square output" in wide.out


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        (["--per", "batch"], True),
        (["--per", "output"], False),
    ],
)
def test_a_carbon_budget_is_per_output_unless_it_is_per_batch(ditcarbon, options, changes):
    base = ["solve", "pixart-alpha", "--for", "steps", "--budget-g", "1", "--batch", "4", "--json"]
    plain, other = (json.loads(ditcarbon(*arguments).out)["value"] for arguments in (base, [*base, *options]))
    assert (plain != other) == changes


def test_an_answer_by_leading_order_says_how_far_its_flop_are_off(ditcarbon):
    asked = ["solve", "sd3.5-medium", "--for", "resolution", "--budget-g", "1"]
    assert "24% below the exact count" in ditcarbon(*asked, "--efficiency", "bgr").err
    assert "exact count" not in ditcarbon(*asked).err


@pytest.mark.parametrize(("model", "unknown", "budget"), [
    ("flux.1-dev", "cache", 4.0), ("wan2.1-t2v-1.3b", "guidance_steps", 80.0),
])  # fmt: skip
def test_the_part_of_the_steps_found_meets_the_budget_as_an_estimate_says(model, unknown, budget):
    found = solve(model, unknown, budget_s=budget, gpu="h100-sxm-80gb")
    there = estimate(model, gpu="h100-sxm-80gb", **{unknown: found.solution.value})
    assert 0 < found.solution.value < 1
    assert there.time_s.value == pytest.approx(budget, rel=1e-9) and found.warnings == there.warnings


@pytest.mark.parametrize(("unknown", "budget"), [("steps", {"budget_g": 0.9}), ("resolution", {"budget_s": 5.0})])
def test_the_upper_end_at_a_sure_answer_meets_the_budget_and_at_the_next_does_not(unknown, budget):
    sure = solve("flux.1-dev", unknown, gpu="h100-sxm-80gb", sure=True, **budget).solution
    (most,) = budget.values()
    name, step = ("per_output_g", 1) if unknown == "steps" else ("time_s", 16)
    ends = [
        getattr(estimate("flux.1-dev", gpu="h100-sxm-80gb", **{unknown: int(sure.value) + more}), name).high
        for more in (0, step)
    ]
    assert ends[0] <= most < ends[1]
    assert sure.reached < sure.reached_high == pytest.approx(most - sure.slack) and sure.value <= sure.exact
    assert sure.value < solve("flux.1-dev", unknown, gpu="h100-sxm-80gb", **budget).solution.value


def test_a_sure_answer_that_is_no_whole_number_leaves_the_upper_end_nothing():
    found = solve("flux.1-dev", "grid", gpu="h100-sxm-80gb", budget_g=0.5, sure=True).solution
    assert found.reached_high == pytest.approx(0.5, rel=1e-9) and found.slack == pytest.approx(0, abs=1e-9)
    dirtier = estimate("flux.1-dev", gpu="h100-sxm-80gb", pue=1.2, grid=1.01 * found.value)
    assert dirtier.per_output_g.high > 0.5


def test_places_that_are_sure_are_those_that_are_told_to_be():
    every, sure = (
        solve("flux.1-dev", "place", gpu="h100-sxm-80gb", budget_g=0.3, sure=x).places for x in (False, True)
    )
    assert sure == tuple(x for x in every if x.surely) and 0 < len(sure) < len(every)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("steps", "--budget-s", 3, "--mu", 0.4), "no interval is known"),
        (("steps", "--against-gpu", "l40s"), "about a budget"),
        (("split", "--gpus", 4), "about a budget"),
        (("place", "--budget-g", 0.0375), "no place is surely"),
    ],
)
def test_what_cannot_be_sure_is_refused(refused, options, told):
    assert told in refused("solve", "flux.1-dev", "--gpu", "h100-sxm-80gb", "--sure", "--for", *options)
