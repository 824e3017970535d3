"""Elements that norms and elementwise passes move, against kernels of the real classes that a dispatch mode saw.

`fits/traffic.py` counted released denoisers on the meta device, and says what it counts. Norms agree to the last
element, but for three networks. Elementwise passes agree within about a hundredth once two differences are allowed for:

* the operator lists have nine elements moved for each element turned by rotary positions, one read and one write of
  which are a copy, which the count has in another column: of the turned half (cosine and sine), or of the result (Wan,
  which turns halves in place). Complex numbers need no copy;
* the attention of the older classes divides its output by a factor of one, which is a pass that the lists do not have.

Both counts are of elements. Casts to 32 bits and back are in neither.

What differs for reasons not yet found is pinned, and is no agreement.
"""

import csv
from pathlib import Path

import pytest

from ditcarbon_sym.architectures.operators import ELEMENTWISE, NORM, total
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.equations.notation import ell, m, n_latent

TURNED = {
    "Wan": 7, "SkyReels": 7, "ChronoEdit": 7, **dict.fromkeys((
        "AceStep", "Allegro", "BriaFibo", "Chroma", "CogVideoX", "CogView4", "ConsisID", "Cosmos", "EasyAnimate",
        "Flux", "HiDream", "Hunyuan", "LTXVideo", "LongCatImage", "MiniMax", "Motif", "OmniGen", "Ovis", "SanaVideo",
    ), 8),
}  # fmt: skip
"""Elements that kernels move for each element turned as real numbers, copies apart."""
DIVIDED = {
    **dict.fromkeys(("Allegro", "DiT", "HunyuanDiT", "LTXVideo", "Latte", "PixArt"), ("attn1", "attn2")),
    "SanaTransformer": ("attn2",),
}
"""Attention whose output is divided by ``rescale_output_factor``."""
UNEXPLAINED = {
    "anyflow-1.3b": 1.1081, "anyflow-14b": 1.1209, "consisid-preview": 1.0019, "helios-base": 1.1660,
    "fibo": 1.0089, "hidream-i1": 1.1916,
    "kandinsky-5.0-t2v-lite": 1.2872, "kandinsky-6.0": 1.4216, "krea-2": 1.1084, "longcat-audiodit-1b": 1.0497,
    "ltx-2": 1.0684, "ltx-2.3": 1.0886, "lumina-image-2": 1.0701, "lumina-next-sft": 1.1137, "minimax-h3": 1.0335,
    "music-spectrogram-diffusion": 0.4440, "prx-512-t2i-sft": 1.1218, "stable-audio-3-medium": 1.0188,
    "stable-audio-open-1.0": 1.1440, "wan2.2-ti2v-5b": 1.0884,
}  # fmt: skip
"""What the passes of the lists have over those of the kernels."""
NORMS_UNEXPLAINED = {"consisid-preview": 0.99993, "longcat-audiodit-1b": 1.46318, "stable-audio-3-medium": 0.62512}


def rows():
    path = Path(__file__).parents[1] / "ground_truth" / "traffic.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def of_class(table, kind):
    return next((value for start, value in table.items() if kind.startswith(start)), None)


def numbers(row, net):
    tall, wide, depth = (int(row[f"latent_{x}"]) for x in ("height", "width", "frames"))
    text = net.text_rows(int(row["text_tokens"]))
    return {ell: net.rows(tall, wide, depth), m: text, n_latent: depth // net.patch_frames}


def norms(row):
    """Elements that norms read, in the lists over in the real modules."""
    net = stages.shipped(row["id"]).denoiser
    ours = total(x for x in net.operators() if x.kind == NORM)
    return float(ours.moved.subs(numbers(row, net))) / (2 * int(row["norm_elements"]))


def passes(row):
    """Elements that elementwise passes move: the lists, with known differences allowed for, over the kernels."""
    net = stages.shipped(row["id"]).denoiser
    kind, listed = type(net).__name__, net.operators()
    ours = total(x for x in listed if x.kind == ELEMENTWISE).moved
    turned = total(x for x in listed if x.name.endswith(("rope_q", "rope_k"))).moved
    if turned != 0:
        ours -= turned * (9 - (of_class(TURNED, kind) or 9)) / 9
    for start in of_class(DIVIDED, kind) or ():
        ours += sum(2 * x.times * x.rows * net.width for x in listed if x.name == f"{start}.to_out")
    real = int(row["elementwise_read"]) + int(row["elementwise_written"])
    return float(ours.subs(numbers(row, net))) / real


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_norms_read_and_write_what_the_real_modules_are_given(row):
    expected = NORMS_UNEXPLAINED.get(row["id"])
    assert norms(row) == (1.0 if expected is None else pytest.approx(expected, abs=1e-5))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_elementwise_passes_move_what_the_real_kernels_move(row):
    if row["id"] in UNEXPLAINED:
        assert passes(row) == pytest.approx(UNEXPLAINED[row["id"]], abs=2e-4)
    else:
        assert 0.989 < passes(row) < 1.0001


def test_a_pass_that_is_dropped_would_be_seen():
    """Each pass of a block is more than the hundredth that the comparison allows."""
    net = stages.shipped("pixart-alpha").denoiser
    values = {ell: 4096, m: 120, n_latent: 1}
    whole = float(total(x for x in net.operators() if x.kind == ELEMENTWISE).moved.subs(values))
    for name in ("norm1.modulate", "attn1.gate", "attn2.add", "norm2.modulate", "ff.act", "ff.gate"):
        (one,) = [x for x in net.operators() if x.name == name]
        assert float((one.times * one.moved).subs(values)) > 0.02 * whole
