"""Decoders of sound: how many samples they make, and what they add to a film that is decoded in pieces."""

import pytest

from ditcarbon_sym.architectures.network import Decoder
from ditcarbon_sym.architectures.operators import flop, total
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.equations.notation import n_latent
from ditcarbon_sym.estimation.counting import decoded

SECONDS = {
    "stable-audio-open-1.0": (44100 / 2048, 44100),
    "ace-step-1.5": (25, 48000),
    "stable-audio-3-medium": (44100 / 4096, 44100),
    "longcat-audiodit-1b": (24000 / 2048, 24000),
    "minimax-music-3": (44100 / 512, 44100),
}
"""Latent steps and samples in a second of each release."""
FILMS = ["ltx-2", "ltx-2.3", "kandinsky-6.0", "minimax-h3"]


@pytest.mark.parametrize("model", SECONDS)
def test_a_second_of_latent_steps_becomes_a_second_of_samples(model):
    steps, samples = SECONDS[model]
    made = stages.shipped(model).decoder.samples(int(60 * steps))
    assert made == pytest.approx(60 * samples, abs=2 * samples / steps)


@pytest.mark.parametrize(("model", "rate"), [("ltx-2", 24000), ("ltx-2.3", 48000), ("kandinsky-6.0", 44100)])
def test_the_sound_of_a_film_is_as_long_as_the_film(model, rate):
    decoder, frames = stages.shipped(model).decoder, 241
    rows = decoder.steps.subs(n_latent, decoder.latent_frames(frames))
    for part in decoder.sound:
        rows = part.samples(rows)
    assert float(rows) / rate == pytest.approx(frames / 24, rel=0.01)


@pytest.mark.parametrize("model", FILMS)
def test_the_sound_is_decoded_once_however_many_pieces_the_film_has(model):
    decoder = stages.shipped(model).decoder
    for frames in (49, 121, 241):
        latent = decoder.latent_frames(frames)
        film = decoded(decoder.film, flop(decoder.film.operators()), 256, 384, latent)
        both = decoded(decoder, flop(decoder.operators()), 256, 384, latent)
        rows, beside = decoder.steps.subs(n_latent, latent), 0
        for part in decoder.sound:
            beside += part.streams * flop(part.operators()).subs(n_latent, rows / part.streams)
            rows = part.streams * part.samples(rows / part.streams)
        assert both - film == pytest.approx(float(beside), rel=1e-9)


@pytest.mark.parametrize("model", FILMS)
def test_the_weights_of_a_film_and_of_its_sound_are_held_together(model):
    networks = stages.shipped(model)
    parts: list[Decoder] = [networks.decoder.film, *networks.decoder.sound]
    assert networks.weights()["vae_decoder"] == sum(total(x.operators()).parameters for x in parts)


def test_the_releases_that_leave_a_stage_out_say_why():
    left_out = {name: stages.shipped(name).absent for name in stages.shipped_ids()}
    assert {name for name, absent in left_out.items() if absent} == LEFT_OUT
    assert all(len(why) > 20 for absent in left_out.values() for why in absent.values())


LEFT_OUT = {"kandinsky-2.2-prior", "minimax-music-3", "music-spectrogram-diffusion"}
"""Releases with a stage that is not described: each says in its entry which and why."""
