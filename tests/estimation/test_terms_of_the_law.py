"""Terms that a change once left alone while every test passed: text, head padding, negative prompts, sides."""

import pytest

from ditcarbon_sym import InputError, estimate
from ditcarbon_sym.analysis.questions import solve
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.equations import operator_law as law, pipeline
from ditcarbon_sym.equations.notation import (
    TDP,
    B,
    E,
    F_attn,
    F_denoiser,
    F_dense,
    F_text,
    F_total,
    N,
    P,
    Theta_peak,
    d,
    e_dense,
    eps_flop,
    tau,
)
from ditcarbon_sym.estimation.exact_count import count
from ditcarbon_sym.estimation.point import operating_point

JOULE_PER_KWH = 3.6e6


def at(point, outputs):
    found = pipeline.evaluate(point.values, outputs, point.route)
    return [float(found[x]) for x in outputs]


@pytest.mark.parametrize("batch", [1, 3])
def test_the_text_encoders_take_the_time_and_the_joules_of_dense_products(batch):
    inputs = dict.fromkeys({*law.runtime.inputs, *law.energy.inputs, *law.limited.inputs}, 2.0)
    inputs |= {B: float(batch), Theta_peak: 1e14, e_dense: 0.5, eps_flop: 1e-12, TDP: 400.0}
    text = 7e13
    more, less = ({**inputs, F_text: x} for x in (text, 0.0))
    alone = batch * text / (0.5 * 1e14)
    assert law.runtime(more) - law.runtime(less) == pytest.approx(alone, rel=1e-9)
    assert (law.energy(more) - law.energy(less)) * JOULE_PER_KWH == pytest.approx(batch * text * 1e-12, rel=1e-9)
    # At 25 W the same products would draw more than rated power: their joules set the time.
    slower = float(law.limited({**more, TDP: 25.0}) - law.limited({**less, TDP: 25.0}))
    assert slower == pytest.approx(batch * text * 1e-12 / 25, rel=1e-3) and slower > alone


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("model", ["sd3-medium", "wan2.1-t2v-1.3b", "flux.1-dev"])
def test_the_equations_of_a_models_work_add_up_to_its_exact_count(model, batch):
    asked = {"batch": batch, "steps": 7, "guidance": 2}
    found = at(operating_point(model, gpu="h100-sxm-80gb", **asked), (F_total, F_denoiser, F_text))
    exact = count(model, **asked).flops
    assert found[0] == pytest.approx(exact["total"], rel=1e-9)
    assert found[1] == pytest.approx(exact["denoiser"], rel=1e-9)
    assert batch * found[2] == pytest.approx(exact["text_encoder"], rel=1e-9)


@pytest.mark.parametrize("model", ["sd3-medium", "wan2.1-t2v-1.3b", "pixart-alpha"])
def test_a_negative_prompt_is_encoded_only_where_guidance_needs_one(model):
    one = float(count(model, guidance=1).flops["text_encoder"])
    both = float(count(model, guidance=2).flops["text_encoder"])
    assert any(x.negative for x in stages.shipped(model).text) and both == pytest.approx(2 * one, rel=1e-12)
    route = [operating_point(model, gpu="h100-sxm-80gb", guidance=g) for g in (1, 2)]
    assert [at(x, (F_text,))[0] for x in route] == pytest.approx([one, both], rel=1e-12)


def test_heads_are_padded_to_the_multiple_of_the_kernel():
    """Heads of PixArt are 72 wide and run as 96; those of FLUX.1 are 128 wide and stay so."""
    for model, ratio in (("pixart-alpha", 96 / 72), ("flux.1-dev", 1.0)):
        point = operating_point(model, gpu="h100-sxm-80gb")
        exact = float(count(model).flops["denoiser_forward"])
        dense, attention = at(point, (F_dense, F_attn))
        assert dense + attention / ratio == pytest.approx(exact, rel=1e-9)
        assert point.calibration.head_multiple == 32


def test_the_depth_of_qwen_image_in_equation_1_is_that_of_its_blocks():
    model = operating_point("qwen-image", gpu="h100-sxm-80gb").model
    assert (model.values[N], model.values[d]) == (60, 3072)
    # Per layer: two streams of four d x d projections and an MLP of ratio four, and twelve modulation vectors.
    by_hand = 60 * (2 * (4 + 8) + 2 * 6) * 3072**2
    assert float(pipeline.evaluate(model.values, (P,))[P]) == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize(("height", "width"), [(3088, 512), (512, 3088), (3088, 3088)])
def test_positions_of_sd3_limit_either_side(height, width):
    """192 patches of 2 x 8 pixels are 3,072 pixels a side, whichever side that is."""
    with pytest.raises(InputError, match="its positions end at 384 latent pixels a side"):
        estimate("sd3-medium", height=height, width=width, gpu="h100-sxm-80gb")
    assert estimate("sd3-medium", height=min(height, 3072), width=min(width, 3072), gpu="h100-sxm-80gb").time_s.value


def test_the_peak_that_meets_a_budget_gives_the_budget_back():
    point = operating_point("flux.1-dev", gpu="h100-sxm-80gb", mu=0.4)
    found = solve("flux.1-dev", "peak_flop_per_second", budget_s=5.0, gpu="h100-sxm-80gb", mu=0.4)
    peak = float(found.solution.value)
    values = {**point.values, Theta_peak: peak}
    assert float(pipeline.evaluate(values, (tau,), point.route)[tau]) == pytest.approx(5.0, rel=1e-9)
    energy = float(pipeline.evaluate(values, (E,), point.route)[E])
    assert energy == pytest.approx(5.0 * point.values[TDP] / JOULE_PER_KWH, rel=1e-9)
