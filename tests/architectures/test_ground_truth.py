"""Our counts against those of the real classes, read from tests/ground_truth (written by ``make ground-truth``)."""

import csv
import json
from pathlib import Path

import pytest

from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.files import shipped_table
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import ell, m, n_latent
from ditcarbon_sym.estimation.counting import decoded, flops

TRUTH = Path(__file__).parents[1] / "ground_truth"
ASKED = {
    "sd3.5-medium",
    "cogvideox-5b",
    "cogvideox-1.5-5b",
    "flux.1-dev",
    "flux.1-schnell",
    "flux.2-dev",
    "chroma1-hd",
    "qwen-image",
    "hunyuanvideo",
    "hunyuandit-1.2",
    "wan2.1-t2v-1.3b",
    "wan2.1-t2v-14b",
    "wan2.2-ti2v-5b",
    "ltx-video-2b",
    "ltx-video-13b",
    "mochi-1",
    "lumina-image-2",
    "z-image-turbo",
    "sana-1.6b",
    "sana-1.5-1.6b",
    "sana-1.5-4.8b",
    "auraflow-0.3",
    "allegro",
    "latte-1",
    "cogview3-plus-3b",
    "cogview4-6b",
    "cosmos-predict2-2b",
    "hidream-i1",
    "dit-xl-2-256",
    "dit-xl-2-512",
    "pixart-alpha",
    "pixart-sigma",
    "sd3-medium",
    "sd3.5-large",
    "cogvideox-2b",
    "flux.1-kontext-dev",
    "flux.1-fill-dev",
    "flux.2-klein-4b",
    "flux.2-klein-9b",
    "qwen-image-edit",
    "sana-sprint-1.6b",
    "sana-sprint-0.6b",
    "lumina-next-sft",
    "hunyuanimage-2.1",
    "omnigen-v1",
    "prx-512-t2i-sft",
    "ovis-image-7b",
    "longcat-image",
    "krea-2",
    "fibo",
    "ace-step-1.5",
    "anyflow-1.3b",
    "anyflow-14b",
    "chronoedit-14b",
    "consisid-preview",
    "cosmos3-nano",
    "easyanimate-5.1-12b",
    "framepack-i2v",
    "helios-base",
    "hunyuanvideo-1.5",
    "kandinsky-5.0-t2v-lite",
    "kandinsky-6.0",
    "longcat-audiodit-1b",
    "ltx-2.3",
    "ltx-2",
    "minimax-h3",
    "minimax-music-3",
    "motif-video-2b",
    "music-spectrogram-diffusion",
    "sana-video-2b",
    "skyreels-v2-df-1.3b",
    "skyreels-v2-t2v-14b",
    "stable-audio-3-medium",
    "stable-audio-open-1.0",
    "wan2.1-flf2v-14b",
    "wan2.1-i2v-14b-480p",
    "wan2.1-vace-1.3b",
    "wan2.1-vace-14b",
    "wan2.2-animate-14b",
    "wan2.2-i2v-a14b",
    "wan2.2-t2v-a14b",
    "bria-3.2",
    "ernie-image",
    "flux.3-image-klein",
    "glm-image",
    "ideogram-4",
    "joyai-image-edit",
    "joyai-image-edit-plus",
    "kandinsky-2.2-prior",
    "nucleus-image",
    "qwen-image-2.1",
    "qwen-image-layered",
}

ELSEWHERE_COUNTED = {"open-sora-1.0", "open-sora-1.2", "open-sora-2.0"}
"""Counted with the code that their makers published."""


def rows(name):
    with (TRUTH / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def label(row):
    return "-".join(row[key] for key in ("id", "height", "width", "frames", "tokens") if key in row)


def test_every_model_asked_for_is_in_the_catalogue_and_counted_at_three_shapes():
    assert ASKED | ELSEWHERE_COUNTED == set(load().models) == set(stages.shipped_ids())
    shapes = {name: set() for name in ASKED}
    for row in rows("denoisers"):
        shapes[row["id"]].add((row["height"], row["width"], row["frames"], row["text_tokens"]))
    assert all(len(found) >= 3 for found in shapes.values())


@pytest.mark.parametrize("row", rows("denoisers"), ids=label)
def test_a_denoiser_is_counted_to_the_last_parameter_and_flop(row):
    networks = stages.shipped(row["id"])
    operators = total(networks.denoiser.operators())
    found = flops(
        networks, height=int(row["height"]), width=int(row["width"]), frames=int(row["frames"]),
        text_tokens=int(row["text_tokens"]), batch=1, steps=1, guidance=1,
    )  # fmt: skip
    assert operators.parameters == int(row["parameters"])
    assert float(found["denoiser_forward"]) == pytest.approx(int(row["flop"]), rel=1e-12)


@pytest.mark.parametrize("row", rows("decoders"), ids=label)
def test_a_vae_decoder_is_counted_exactly(row):
    network = stages.made(shipped_table("vaes", row["id"]))
    assert total(network.operators()).parameters == int(row["parameters"])
    expression = total(network.operators()).flop
    found = decoded(network, expression, int(row["height"]), int(row["width"]), int(row["latent_frames"]))
    assert float(found) == pytest.approx(int(row["flop"]), rel=1e-7)


@pytest.mark.parametrize("row", rows("encoders"), ids=label)
def test_a_text_encoder_is_counted_exactly(row):
    network = stages.text_network(row["id"])
    assert total(network.operators()).parameters == int(row["parameters"])
    assert total(network.operators()).flop.subs(m, int(row["tokens"])) == int(row["flop"])


PUBLISHED = {
    "flux.1-dev": "11.90", "wan2.1-t2v-14b": "14.29", "qwen-image": "20.43", "hunyuanvideo": "12.82",
    "sd3-medium": "2.028",
}  # fmt: skip
"""Billions of parameters, as published."""


@pytest.mark.parametrize("model", PUBLISHED)
def test_the_published_sizes_are_recovered(model):
    digits = len(PUBLISHED[model].partition(".")[2])
    assert f"{stages.shipped(model).weights()['denoiser'] / 1e9:.{digits}f}" == PUBLISHED[model]


def test_sd3_medium_with_its_positions_is_2085_million():
    totals = total(stages.shipped("sd3-medium").denoiser.operators())
    assert round((totals.parameters + totals.buffers) / 10**6) == 2085


def test_dit_without_the_copies_of_its_embedders_is_the_published_675_million():
    operators = stages.shipped("dit-xl-2-256").denoiser.operators()
    totals = total(operators)
    embedders = total(x for x in operators if x.name.startswith("norm1.emb"))
    once = totals.parameters + totals.buffers - embedders.parameters * 27 / 28
    assert f"{float(once) / 1e6:.1f}" == "675.1"


def open_sora(vae):
    found = [row for row in rows("open_sora") if (row["class"] == "OpenSoraVAE_V1_2") == vae]
    return pytest.mark.parametrize("row", found, ids=lambda row: f"{row['class']}-{row['frames']}-{row['width']}")


@open_sora(vae=True)
def test_the_vae_of_open_sora_is_counted_as_its_published_code(row):
    network = stages.made({"_class_name": row["class"]})
    frames, height, width = (int(row[key]) for key in ("frames", "height", "width"))
    found = decoded(network, total(network.operators()).flop, 8 * height, 8 * width, frames)
    assert total(network.operators()).parameters == int(row["parameters"])
    assert float(found) == pytest.approx(int(row["flop"]), rel=1e-12)


@open_sora(vae=False)
def test_open_sora_is_counted_as_its_published_code(row):
    network = stages.made({"_class_name": row["class"], **json.loads(row["configuration"])})
    frames, height, width, text = (int(row[key]) for key in ("frames", "height", "width", "text_tokens"))
    at = {ell: network.rows(height, width, frames), m: text, n_latent: frames // network.patch_frames}
    assert total(network.operators()).parameters == int(row["parameters"])
    assert total(network.operators()).flop.subs(at) == int(row["flop"])


def test_the_releases_of_open_sora_are_among_those():
    counted = {int(row["parameters"]) for row in rows("open_sora")}
    for name in ELSEWHERE_COUNTED:
        assert stages.shipped(name).weights()["denoiser"] in counted
