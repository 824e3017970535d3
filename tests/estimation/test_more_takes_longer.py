"""A request and its neighbour never contradict each other: whatever grows, time and energy do not fall."""

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import E, p, tau, v_s
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.estimation.point import operating_point

CARDS = ("v100-pcie-16gb", "h100-sxm-80gb", "rtx-4090", "t4")
FRAMES = {"allegro": 2}
"""Allegro's released pipeline maps 23 frames to more latent frames than 24: its counts are compared by parity."""


def costs(model, **options):
    point = operating_point(model, **options)
    return [float(x) for x in pipeline.evaluate(point.values, (tau, E), point.route).values()]


@st.composite
def neighbours(draw):
    """A model, a card, a request and one that is larger in some ways and smaller in none."""
    name = draw(st.sampled_from(sorted(load().models)))
    model = load().model(name)
    unit = int(model.values[v_s] * model.values[p])
    small = {side: draw(st.integers(max(1, 240 // unit), 1600 // unit)) for side in ("height", "width")}
    small |= {"batch": draw(st.integers(1, 16)), "steps": draw(st.integers(1, 60))}
    if model.is_video:
        small["frames"] = draw(st.integers(1, 60))
    grown = {key: value + draw(st.integers(0, 4)) * FRAMES.get(name, 1) for key, value in small.items()}
    sizes = [{key: x[key] * (unit if key in ("height", "width") else 1) for key in x} for x in (small, grown)]
    return name, draw(st.sampled_from(CARDS)), *sizes


@settings(max_examples=150)
@given(neighbours())
def test_more_pixels_frames_outputs_or_steps_never_take_less_time_or_energy(case):
    model, gpu, small, grown = case
    try:
        before, after = (costs(model, gpu=gpu, **size) for size in (small, grown))
    except InputError as refused:  # an output smaller than a tile of the decoder
        assert "smaller than the tiles" in str(refused) or "cannot" in str(refused)
        return
    assert all(y >= x * (1 - 1e-12) for x, y in zip(before, after, strict=True)), (before, after)


@pytest.mark.parametrize("model", ["pixart-alpha", "dit-xl-2-512", "sd3-medium"])
def test_one_law_answers_on_both_sides_of_the_papers_smallest_output(model):
    below, at, above = (operating_point(model, resolution=side) for side in (496, 512, 528))
    assert {x.calibration.origin for x in (below, at, above)} == {at.calibration.origin}
    times = [costs(model, resolution=side)[0] for side in (496, 512, 528)]
    assert times == sorted(times)
