"""What a sweep measures, in which order, and what it leaves out."""

import pytest

from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.measure import campaign, grid

H100 = load().gpu("h100-sxm-80gb").values


def test_images_are_measured_at_sides_and_videos_at_frames():
    found = grid.grid(("pixart-alpha", "cogvideox-2b"), H100, sides=None, batches=(1,))
    images = [point for point in found.points if point.model == "pixart-alpha"]
    videos = [point for point in found.points if point.model == "cogvideox-2b"]
    assert [point.height for point in images] == list(grid.SIDES) and {point.frames for point in images} == {1}
    assert {(point.height, point.width) for point in videos} == {(480, 720)}
    assert [point.frames for point in videos] == [1, 9, 17, 33, 49]


def test_what_a_model_does_not_take_is_left_out_and_named():
    found = grid.grid(("dit-xl-2-256", "sana-1.6b"), H100, sides=(48, 256), batches=(1, 4))
    assert {(point.model, point.height) for point in found.points} == {
        ("dit-xl-2-256", 48), ("dit-xl-2-256", 256), ("sana-1.6b", 256),
    }  # fmt: skip
    assert len(found.skipped) == 1 and "sana-1.6b: height = 48 is not a multiple of 32" in found.skipped[0]


def test_a_first_data_set_fits_into_twenty_five_minutes_and_a_fifth_of_it_sees_every_model():
    found = grid.grid(grid.MODELS, H100)
    counter = campaign.energy.Counter("assumed", float, 0.1)
    order = grid.ordered(found, grid.costs(found, counter), "bf16", "cuda")
    assert order[-1].elapsed < 25 * 60
    assert {found.points[x.index].model for x in order if x.elapsed < 5 * 60} == set(grid.MODELS)


def test_decoders_and_text_encoders_come_last_and_only_if_wanted():
    found = grid.grid(("dit-xl-2-256", "pixart-alpha"), H100, sides=(256, 512, 1024), batches=(1,))
    kinds = [(point.model, point.stage, point.height) for point in grid.one_shot(found, stages.STAGES)]
    assert kinds == [
        ("dit-xl-2-256", "vae_decoder", 256),
        ("pixart-alpha", "vae_decoder", 256), ("pixart-alpha", "vae_decoder", 1024),
        ("pixart-alpha", "text_encoder", 256),
    ]  # fmt: skip
    assert grid.one_shot(found, ("denoiser",)) == []


def test_a_decoder_is_measured_at_its_released_size_or_the_nearest_there_is():
    found = grid.grid(("cogvideox-2b", "pixart-alpha"), H100, sides=(64, 96, 192), frames=(1, 17, 49), batches=(1,))
    sizes = {(x.model, x.height, x.frames) for x in grid.one_shot(found, ("vae_decoder",))}
    assert {("pixart-alpha", 64, 1), ("pixart-alpha", 192, 1), ("cogvideox-2b", 192, 49)} <= sizes


def test_larger_outputs_and_batches_need_more_memory():
    found = grid.grid(("flux.1-dev",), H100, sides=(512, 1024), batches=(1, 4))
    sizes = [
        grid.memory_bytes(point, "bf16", {x: float(column[k]) for x, column in found.inputs.items()})
        for k, point in enumerate(found.points)
    ]
    small, small_batch, large, large_batch = sizes
    assert 2 * 11.9e9 < small < min(small_batch, large) and max(small_batch, large) < large_batch


def test_frames_of_image_models_are_said_to_be_unused():
    assert grid.grid(("dit-xl-2-256",), H100, sides=(256,), frames=(9,)).skipped == (
        "frames = 9: not used, none of the models makes videos",
    )
    assert grid.grid(("dit-xl-2-256", "cogvideox-2b"), H100, sides=(480,), frames=(9,)).skipped == ()


def test_a_wish_without_models_is_refused():
    with pytest.raises(InputError, match="no models"):
        grid.grid((), H100)
