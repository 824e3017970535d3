"""A model of which only flags and sizes are known: its work is Table 2's, and what that leaves out is as usual."""

import json

import numpy as np
import pytest
from sympy import Rational, expand

from ditcarbon_sym import estimate
from ditcarbon_sym.analysis.sensitivity import elasticities
from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.notation import C_output, F_attn, F_block, F_dense, N
from ditcarbon_sym.estimation import work_of_flags
from ditcarbon_sym.estimation.point import operating_point
from fits import flags_alone

MINE = """
[models.mine]
dual_stream = 0
cross_attention = 1
adaln_zero = 0
joint_attention = 0
blocks = 28
hidden_size = 1152
mlp_ratio = 4
patch_size = 2
vae_spatial_factor = 8
text_encoder_parameters = 4.7e9
vae_decoder_parameters = 5e7
request = { height = 1024, width = 1024, batch = 1, steps = 20, guidance = 2, text_tokens = 120 }
"""


@pytest.fixture
def catalog(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    return path


def test_dense_products_and_attention_are_table_2():
    by_symbol = {x.lhs: x.rhs for x in work_of_flags.equations(1152)}
    both = expand(by_symbol[F_dense] + by_symbol[F_attn])
    assert both == expand(N * F_block)
    assert expand((by_symbol[F_dense] / N).xreplace({F_block: flops.block.rhs})).coeff(flops.rows, 2) == 0


def test_heads_are_padded_where_the_accelerator_pads_them():
    wide = {x.lhs: x.rhs for x in work_of_flags.equations(1152, 32)}
    plain = {x.lhs: x.rhs for x in work_of_flags.equations(1152)}
    assert wide[F_attn] / plain[F_attn] == Rational(96, 72) and wide[F_dense] == plain[F_dense]


def test_a_formula_of_flags_alone_does_not_call_itself_exact(ditcarbon, catalog):
    said = ditcarbon("formula", "roofline.tau", "--closed", "--model", "mine", "--catalog", catalog).err
    assert "exact" not in said and "taken as usual" in said


def test_what_is_usual_is_what_the_catalogues_models_show():
    found = flags_alone.medians()
    assert list(work_of_flags.MOVED) == pytest.approx(found["moved"], rel=0.05)
    assert pytest.approx(found["launched"], rel=0.05) == work_of_flags.LAUNCHED
    assert list(work_of_flags.HEAD) == found["head"]
    assert len(flags_alone.usual()) >= 30


def test_the_interval_is_widened_by_what_flags_alone_are_off():
    assert flags_alone.scatter() == pytest.approx(work_of_flags.SCATTER, abs=0.005)
    off = np.abs([x.off["time"] for x in flags_alone.usual().values()])
    assert 0.8 <= np.mean(off <= 1.645 * work_of_flags.SCATTER["time"]) <= 1


@pytest.mark.parametrize("gpu", ["h100-sxm-80gb", "b200-sxm", "rtx-4090"])
def test_an_architecture_is_estimated_on_accelerators_that_the_paper_has_no_fit_for(catalog, gpu):
    """These flags and sizes are PixArt-alpha's, which is known by its operators, too."""
    flags, exact = estimate("mine", gpu=gpu, catalog=catalog), estimate("pixart-alpha", gpu=gpu)
    assert any("known by its flags alone" in note for note in flags.warnings)
    assert flags.basis["efficiency"] == "roofline" and "leading order" in flags.flops["convention"]
    for name in ("time_s", "energy_wh"):
        mine, known = getattr(flags, name), getattr(exact, name)
        assert mine.low < known.value < mine.high
        assert mine.high / mine.low > known.high / known.low


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_the_operator_law_answers_for_flags_at_every_size(catalog, side):
    assert estimate("mine", catalog=catalog, resolution=side).basis["efficiency"] == "roofline"


def test_how_deep_and_how_wide_a_network_may_be_can_be_asked_on_any_accelerator(ditcarbon, catalog):
    asked = ("mine", "--catalog", catalog, "--gpu", "h100-sxm-80gb")
    point = operating_point("mine", catalog=catalog, gpu="h100-sxm-80gb")
    assert {"hidden_size", "blocks"} <= {x.knob for x in elasticities(point, C_output) if x.value > 0}
    answer = ditcarbon("solve", *asked, "--for", "blocks", "--budget-s", 1)
    assert answer.code == 0 and "blocks" in answer.out


def test_a_sweep_and_an_estimate_agree(ditcarbon, catalog):
    rows = ditcarbon("sweep", "--model", "mine", "--catalog", catalog, "--gpu", "h100-sxm-80gb", "--batch", "1,4").out
    header, *lines = (line.split(",") for line in rows.splitlines())
    for line in lines:
        row = dict(zip(header, line, strict=True))
        found = estimate("mine", gpu="h100-sxm-80gb", catalog=catalog, batch=int(row["batch"]))
        assert float(row["time_s"]) == pytest.approx(found.time_s.value, rel=1e-9)


def test_a_transformer_without_its_pipeline_is_answered_on_any_accelerator(tmp_path):
    """Exact in its own work; encoder and decoder stand in at leading order."""
    config = {
        "_class_name": "FluxTransformer2DModel", "attention_head_dim": 128, "guidance_embeds": True, "in_channels": 64,
        "joint_attention_dim": 4096, "num_attention_heads": 24, "num_layers": 19, "num_single_layers": 38,
        "patch_size": 1, "pooled_projection_dim": 768,
    }  # fmt: skip
    path = tmp_path / "flux.json"
    path.write_text(json.dumps(config))
    alone, whole = estimate(config=path, gpu="h100-sxm-80gb"), estimate("flux.1-dev", gpu="h100-sxm-80gb")
    assert alone.flops["denoiser"] == whole.flops["denoiser"]
    assert alone.time_s.value == pytest.approx(whole.time_s.value, rel=0.02)
    assert any("at leading order those of flux.1-dev stand in" in note for note in alone.warnings)
