"""Break-even between two requests: where one costs as much as the other."""

import json

import pytest

from ditcarbon_sym import InputError, estimate, solve
from ditcarbon_sym.analysis.inversion import break_even
from ditcarbon_sym.equations.notation import C_output, H, S, W
from ditcarbon_sym.estimation.point import operating_point

from .test_inversion import PIXART, output_at


def test_break_even_between_two_models():
    rival = operating_point("sd3-medium", steps=20)
    solution = break_even(PIXART, rival, "steps", C_output, both=False)
    costs = output_at(rival, {}, C_output)
    assert output_at(PIXART, {S: solution.exact}, C_output) == pytest.approx(costs, rel=1e-9)
    assert solution.reached <= costs == pytest.approx(solution.budget)


def test_break_even_of_regions_is_the_grid_that_makes_up_for_the_pue():
    norway = operating_point("pixart-alpha", resolution=1024, datacenter="norway-hydro", efficiency="bgr")
    assert break_even(PIXART, norway, "grid", C_output, both=False).exact == pytest.approx(20 * 1.05 / 1.2)


def test_a_rival_skips_no_steps_unless_the_unknown_is_on_both_sides():
    found = solve("flux.1-dev", "cache", gpu="h100-sxm-80gb", against={"model": "sd3.5-medium"}).solution
    own, rival = (
        estimate(model, gpu="h100-sxm-80gb", **options).per_output_g.value
        for model, options in (("flux.1-dev", {"cache": found.value}), ("sd3.5-medium", {}))
    )
    assert (
        0 < found.value < 1 and found.budget == pytest.approx(rival, rel=1e-9) and own == pytest.approx(rival, rel=1e-9)
    )


def test_break_even_with_the_unknown_on_both_sides():
    # SD3 does more work than PixArt at every size: the two cannot cross.
    with pytest.raises(InputError, match="no break-even: the first"):
        break_even(PIXART, operating_point("sd3-medium"), "resolution", C_output, both=True)


OWN = """
[models.{name}]
dual_stream = 0
cross_attention = 1
adaln_zero = 0
blocks = {blocks}
hidden_size = {width}
mlp_ratio = 4
patch_size = {patch}
vae_spatial_factor = 8
text_encoder_parameters = {encoder}
vae_decoder_parameters = 5e7
request = {{ height = 1024, width = 1024, batch = 1, steps = 20, guidance = 2, text_tokens = 100 }}
"""


def own_point(tmp_path, name, **options):
    path = tmp_path / f"{name}.toml"
    path.write_text(OWN.format(name=name, **options))
    return operating_point(name, mu=0.3, catalog=path)


def test_two_crossings_are_told_not_taken_for_none(tmp_path):
    # Deep, narrow, with a large text encoder: dearer at first, cheaper in between, dearer where attention counts.
    deep = own_point(tmp_path, "deep", blocks=100, width=640, patch=2, encoder=5e10)
    wide = own_point(tmp_path, "wide", blocks=14, width=2048, patch=2, encoder=0)
    with pytest.raises(InputError, match="no single break-even") as refusal:
        break_even(deep, wide, "resolution", C_output, both=True)
    sides = [float(x) for x in str(refusal.value).rpartition("= ")[2].split(" and ")]
    assert len(sides) == 2
    for side in sides:
        costs = [output_at(point, {H: side, W: side}, C_output) for point in (deep, wide)]
        assert costs[0] == pytest.approx(costs[1], rel=1e-4)


def test_break_even_answers_what_both_can_run(tmp_path):
    coarse = own_point(tmp_path, "coarse", blocks=60, width=2048, patch=4, encoder=0)
    fine = own_point(tmp_path, "fine", blocks=2, width=1024, patch=2, encoder=2e11)
    solution = break_even(fine, coarse, "resolution", C_output, both=True)
    assert solution.direction == "falls" and solution.value % 32 == 0 and solution.slack >= 0


def test_where_the_first_is_dearer_below_the_smallest_value_is_the_answer_and_it_is_affordable():
    rival = operating_point("cogvideox-2b", frames=9, steps=50)
    video = operating_point("cogvideox-2b", batch=1)
    solution = break_even(video, rival, "frames", C_output, both=False)
    assert (solution.value - 1) % 4 == 0 and solution.slack >= 0
    falling = break_even(
        PIXART,
        operating_point("pixart-alpha", resolution=1024, batch=4, efficiency="bgr"),
        "batch",
        C_output,
        both=False,
    )
    assert falling.direction == "falls" and falling.value == 4 and falling.slack == 0


def test_rivals_differ_by_what_is_named(ditcarbon):
    base = ["solve", "pixart-alpha", "--for", "steps", "--json"]
    norway = json.loads(ditcarbon(*base, "--against-datacenter", "germany").out)
    model = json.loads(ditcarbon(*base, "--against-model", "sd3-medium").out)
    measured = json.loads(ditcarbon(*base, "--against-mu", "0.2").out)
    assert len({norway["value"], model["value"], measured["value"]}) == 3


def test_a_rival_whose_carbon_is_unknown_is_refused_in_one_line():
    with pytest.raises(InputError, match="the carbon of the rival is unknown: "):
        solve("flux.1-dev", "steps", against={"gpu": "b200-sxm"}, gpu="h100-sxm-80gb", boundary="chip")


def test_a_break_even_says_what_the_other_is_asked_for(ditcarbon):
    line = ("solve", "sd3-medium", "--gpu", "h100-sxm-80gb", "--against-model", "flux.1-dev", "--steps", 20)
    assert "than the other at 1024 x 1024, 20 steps (flux.1-dev)" in ditcarbon(*line).out
