import json
import re

import numpy as np
import pytest

from ditcarbon_sym import InputError, solve
from ditcarbon_sym.analysis.knobs import KNOBS, WORDS, loosened, setting, turned
from ditcarbon_sym.analysis.sensitivity import documented_ranges, elasticities, interactions, tornado
from ditcarbon_sym.analysis.variance import sobol
from ditcarbon_sym.catalog import loading
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import PUE, B, C_output, C_total, E, F_total, I_grid, tau
from ditcarbon_sym.estimation.point import operating_point

PIXART = operating_point("pixart-alpha", resolution=1024, efficiency="bgr")
VIDEO = operating_point("cogvideox-2b")


def by_knob(point, output=C_output):
    return {x.knob: x.value for x in elasticities(point, output)}


@pytest.mark.parametrize("point", [PIXART, VIDEO], ids=["image", "video"])
@pytest.mark.parametrize("output", [C_output, tau, E])
def test_a_knobs_elasticity_is_what_turning_it_does(point, output):
    point = loosened(point)
    for knob, value in by_knob(point, output).items():
        here, step = setting(point, knob), 1e-5
        ends = pipeline.evaluate(
            {**point.values, **turned(point, knob, here * np.array([1 - step, 1 + step]))}, (output,), point.route
        )[output]
        slope = float(np.log(ends[1] / ends[0]) / np.log((1 + step) / (1 - step)))
        assert slope == pytest.approx(value, abs=1e-6), knob


def test_hidden_size_moves_the_conditioning_width_where_they_are_one():
    point = operating_point("dit-xl-2-512", efficiency="bgr")
    assert by_knob(point, pipeline.NAMES["parameters"])["hidden_size"] == pytest.approx(2, rel=1e-12)


def test_carbon_per_output_falls_with_batch_and_total_rises():
    assert by_knob(PIXART, C_output)["batch"] < 0 < by_knob(PIXART, C_total)["batch"]


def test_side_length_lies_between_linear_tokens_and_quadratic_attention():
    assert 2 < by_knob(PIXART)["side"] < 4


def test_an_unknown_output_of_the_point_is_refused_with_the_reason():
    point = operating_point("pixart-alpha", gpu="a10g", mu=0.5, boundary="chip")
    with pytest.raises(InputError, match="embodied carbon of a10g"):
        elasticities(point)
    assert elasticities(point, tau)


def test_sentences_name_direction_and_amount():
    said = [x.sentence("carbon per output") for x in elasticities(PIXART)]
    assert said[0] == "1 % more side length costs 2.6 % more carbon per output here"
    assert any(re.fullmatch(r"1 % more batch size saves 0\.12 % of carbon per output here", x) for x in said)


def test_every_documented_range_has_a_source_and_a_knob():
    for knob, entry in loading.ranges().items():
        assert knob in KNOBS and knob in WORDS and entry["source"]
        assert entry["low"] < entry["high"]


def test_the_tornado_stands_at_the_documented_ends():
    bar = next(x for x in tornado(PIXART) if x.knob == "grid_gco2eq_per_kwh")
    for grid, shown in ((20, bar.at_low), (700, bar.at_high)):
        assert float(pipeline.evaluate({**PIXART.values, I_grid: grid}, (C_output,))[C_output]) == pytest.approx(shown)
    assert "frames" in documented_ranges(VIDEO) and "frames" not in documented_ranges(PIXART)


def test_factors_that_multiply_do_not_interact_and_shares_do():
    pairs = interactions(PIXART, ["side", "steps", "pue", "batch"], E)
    assert pairs["steps", "pue"] == 0 and pairs["side", "batch"] == pytest.approx(0, abs=1e-12)
    assert pairs["side", "steps"] > 0


def test_an_interaction_is_the_change_of_an_elasticity():
    step = 1e-5
    more, less = (operating_point("pixart-alpha", resolution=1024, efficiency="bgr") for _ in range(2))
    ends = []
    for point, sign in ((more, 1), (less, -1)):
        values = {**point.values, **turned(point, "steps", point.values[KNOBS["steps"][0]] * np.exp(sign * step))}
        ends.append(by_knob(type(point)(**{**vars(point), "values": values}))["side"])
    exact = interactions(PIXART, ["side", "steps"])["side", "steps"]
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(exact, rel=1e-4)


@pytest.mark.parametrize("suffix", [".html", ".md", ".tex"])
def test_a_report_stands_alone_with_figures_assumptions_and_versions(ditcarbon, tmp_path, suffix):
    out = tmp_path / f"report{suffix}"
    assert ditcarbon("sensitivity", "pixart-alpha", "--samples", 64, "--report", out).code == 0
    text = out.read_text(encoding="utf-8")
    assert "side length" in text and "PUE" in text and "ditcarbon" in text and "data " in text
    figure = {".html": "<svg", ".md": "data:image/svg+xml;base64,", ".tex": r"\begin{tikzpicture}"}[suffix]
    assert text.count(figure) == 2
    assert "http://" not in re.sub(
        r'xmlns(:\w+)?="[^"]*"|<!DOCTYPE[^>]*>|http://(www.w3.org|purl.org|creativecommons)', "", text
    )


def test_two_reports_are_the_same_bytes(ditcarbon, tmp_path):
    for name in ("one.html", "two.html"):
        ditcarbon("sensitivity", "cogvideox-2b", "--samples", 64, "--report", tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_json_holds_the_whole_analysis(ditcarbon):
    table = json.loads(ditcarbon("sensitivity", "pixart-alpha", "--json", "--samples", 64).out)
    assert {"elasticities", "tornado", "interactions", "sobol", "local_agreement", "estimate"} <= set(table)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--output", "colour"], "unknown output 'colour'"),
        (["--samples", "100"], "not a power of two"),
        (["--report", "report.doc", "--no-sobol"], "cannot write .doc"),
        (["--report", "/proc/none/report.md", "--no-sobol"], "cannot be written"),
        (["--resolution", "-1"], "resolution = -1"),
    ],
)
def test_bad_options_are_refused_in_one_line(refused, options, expected):
    assert expected in refused("sensitivity", "pixart-alpha", *options)


def test_flop_do_not_depend_on_the_facility():
    assert "pue" not in by_knob(PIXART, F_total) and PUE in PIXART.values and B in PIXART.values


def test_interactions_of_frames_know_their_latent_frames():
    step = 1e-5
    ends = []
    for sign in (1, -1):
        values = {**VIDEO.values, **turned(VIDEO, "frames", VIDEO.values[KNOBS["frames"][0]] * np.exp(sign * step))}
        values = {x: float(v) for x, v in values.items()}
        ends.append(by_knob(type(VIDEO)(**{**vars(VIDEO), "values": values}))["side"])
    exact = interactions(VIDEO, ["side", "frames"])["side", "frames"]
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(exact, rel=1e-4)


def test_ranges_of_ones_own_take_the_place_of_documented_ones(ditcarbon):
    outcome = ditcarbon(
        "sensitivity", "pixart-alpha", "--no-sobol", "--range", "pue=1.1..1.3", "--range", "blocks=20..40"
    )
    assert "1.10 to 1.30" in outcome.out and "20 to 40" in outcome.out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pue=1.3..1.1", "reversed or empty"),
        ("grid_gco2eq_per_kwh=-5..5", "leaves"),
        ("pue", "not a range"),
        ("pue=a..b", "not a number"),
        ("colour=1..2", "unknown input"),
        ("frames=1..9", "is an image model"),
    ],
)
def test_a_bad_range_is_one_line(refused, text, expected):
    assert expected in refused("sensitivity", "pixart-alpha", "--no-sobol", "--range", text)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--output", "operational_g", "--pue", "1.2", "--grid", "0"], "is zero here"),
        (["--output", "mu", "--mu", "0.3"], "no input changes mu"),
        (["--seed", "-5"], "seed = -5"),
    ],
)
def test_an_output_that_nothing_moves_is_refused(refused, options, expected):
    assert expected in refused("sensitivity", "pixart-alpha", *options)


def test_ends_that_extrapolate_and_points_outside_are_marked():
    notes = {x.knob: x.note for x in tornado(operating_point("pixart-alpha", resolution=1024, steps=100))}
    assert notes["steps"] == "operating point outside the range"
    assert "high end extrapolates" in next(x.note for x in tornado(VIDEO) if x.knob == "side")
    assert not notes["pue"]


def test_an_accelerator_without_embodied_carbon_needs_no_range_for_it(tmp_path):
    path = tmp_path / "my.toml"
    path.write_text("[gpus.mine]\npeak_flop_per_second = 1e14\ntdp_watt = 300\nembodied_gco2eq = { die = 0 }\n")
    assert sobol(operating_point("pixart-alpha", gpu="mine", mu=0.3, catalog=path), samples=64)


def test_frames_that_the_vae_rounds_are_turned_from_where_they_stand():
    point = operating_point("cogvideox-2b", frames=52)
    here = pipeline.evaluate({**point.values, **turned(point, "frames", 52.0)}, (C_output,), point.route)[C_output]
    assert float(here) == pytest.approx(float(pipeline.evaluate(point.values, (C_output,), point.route)[C_output]))


def test_parameters_have_elasticities_though_no_input_of_theirs_has_a_range(ditcarbon, tmp_path):
    report = tmp_path / "report.md"
    outcome = ditcarbon("sensitivity", "pixart-alpha", "--output", "parameters", "--report", report)
    assert outcome.code == 0 and "hidden size" in outcome.out and "over documented ranges" not in outcome.out
    assert "1 % more blocks costs 0.97 % more parameters here" in report.read_text()


def test_sound_has_no_side_to_turn_or_to_solve_for():
    point = operating_point("stable-audio-open-1.0", gpu="h100-sxm-80gb")
    assert {x.knob for x in elasticities(point)} >= {"frames", "steps"}
    assert "side" not in {x.knob for x in elasticities(point)} | documented_ranges(point).keys()
    with pytest.raises(InputError, match=r"cannot solve for resolution: .* makes sound"):
        solve("stable-audio-open-1.0", "resolution", budget_s=5, gpu="h100-sxm-80gb")
