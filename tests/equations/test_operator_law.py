"""The operator law: what physics demands of it."""

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import operator_law, pipeline
from ditcarbon_sym.equations.derivatives import gradient
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import (
    F_VAE,
    PUE,
    TDP,
    B,
    E,
    F_dense,
    F_text,
    H,
    P_idle,
    S,
    Theta_peak,
    bandwidth,
    eps_byte,
    eps_flop,
    n_launch,
    tau,
)
from ditcarbon_sym.estimation.point import operating_point
from fits.runs import B200, H100, V100

GPUS = (V100, H100, B200)
MODELS = st.sampled_from(["flux.1-dev", "wan2.1-t2v-1.3b", "sana-1.5-1.6b", "hidream-i1", "dit-xl-2-256", "latte-1"])


def point(model, gpu, **request):
    return operating_point(model, gpu=gpu, efficiency="roofline", pue=1.2, grid=400, **request)


def at(where, outputs, changed=None):
    found = pipeline.evaluate({**where.values, **(changed or {})}, outputs, where.route)
    return [float(found[x]) for x in outputs]


@settings(max_examples=25, deadline=None)
@given(MODELS, st.sampled_from(GPUS), st.integers(1, 16), st.integers(1, 60))
def test_a_batch_takes_no_less_than_one_and_no_more_than_as_many(model, gpu, batch, steps):
    where = point(model, gpu, steps=steps)
    (one, joule), (many, joules) = (at(where, (tau, E), {B: count}) for count in (1, batch))
    assert one <= many * (1 + 1e-12) and many <= batch * one * (1 + 1e-12)
    assert joules <= batch * joule * (1 + 1e-12)


@settings(max_examples=25, deadline=None)
@given(MODELS, st.sampled_from(GPUS), st.floats(1.01, 4))
def test_more_work_never_takes_less_and_a_faster_device_never_more(model, gpu, factor):
    where = point(model, gpu)
    slopes = gradient(where.values, tau, where.route)
    assert slopes[S] > 0 and slopes[B] > 0
    # Exponentials draw the power of products, so that a peak without more power is one of cheaper products.
    cheaper = slopes[eps_flop] * where.values[eps_flop] if eps_flop in slopes else 0.0  # else the law relates the two
    faster = slopes[Theta_peak] * where.values[Theta_peak] - cheaper
    assert faster < 0 and slopes[bandwidth] <= 0
    assert at(where, (tau,), {S: where.values[S] * factor})[0] > at(where, (tau,))[0]


def test_the_law_is_homogeneous_in_the_work():
    law = operator_law.runtime
    values = dict.fromkeys(law.inputs, 2.0)
    doubled = {**values, S: 4.0}
    zero = {F_text: 0.0, F_VAE: 0.0}
    assert law({**doubled, **zero}) == pytest.approx(2 * law({**values, **zero}))
    assert F_dense in law.inputs


def test_elasticities_of_the_operator_law_agree_with_differences():
    where = point("flux.1-dev", H100)
    slopes = gradient(where.values, E, where.route)
    for x in (S, PUE, eps_flop, eps_byte, H):
        if x not in slopes:
            continue
        step = 1e-6 * where.values[x]
        ends = [
            float(pipeline.evaluate({**where.values, x: where.values[x] + sign * step}, (E,), where.route)[E])
            for sign in (1, -1)
        ]
        assert float(slopes[x]) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(load().models)), st.sampled_from(["h100-sxm-80gb", "b200-sxm", "l40s", "l4", "a10g", "l20"]),
    st.integers(1, 16), st.integers(1, 50),
)  # fmt: skip
def test_no_request_draws_more_than_rated_power_nor_less_than_idle_power_while_it_waits(model, gpu, batch, steps):
    where = point(model, gpu, batch=batch, steps=steps)
    seconds, kwh = at(where, (tau, E))
    watts = 3.6e6 * kwh / seconds
    assert watts <= where.values[TDP] * (1 + 1e-9)
    waiting = float(Equation("waiting", tau, operator_law.WAITING).inline(*where.route.equations[:-3])(where.values))
    assert waiting >= -1e-12 * seconds and 3.6e6 * kwh >= where.values[P_idle] * waiting


def test_without_joules_the_limited_law_is_the_law_at_full_clock():
    law = operator_law.limited.at({eps_flop: 0.0, eps_byte: 0.0})
    values = dict.fromkeys({*law.inputs, *operator_law.runtime.inputs}, 2.0)
    assert law(values) == pytest.approx(operator_law.runtime(values))


def test_time_within_rated_power_is_never_below_full_clock_nor_above_the_sum_of_both():
    values = dict.fromkeys(operator_law.limited.inputs, 2.0)
    for scale in (1e-3, 1.0, 1e3):
        there = {**values, eps_flop: 2.0 * scale}
        busy, joules = (float(Equation("", tau, x)(there)) for x in (operator_law.BUSY, operator_law.JOULES))
        limited = float(Equation("", tau, operator_law.LIMITED)(there))
        assert max(busy, joules / there[TDP]) <= limited <= busy + joules / there[TDP]


def test_a_batched_product_is_one_launch_and_a_head_is_none():
    """SANA's linear attention works on each head apart, in one call; Latte's attention on each frame apart."""
    found = point("sana-1.5-1.6b", H100)
    assert at(found, (n_launch,))[0] == 674
    few, many = (at(point("latte-1", H100, frames=frames), (n_launch,))[0] for frames in (1, 16))
    assert few == many


def test_few_steps_of_a_published_sweep_are_within_a_tenth():
    """Wan2.1-1.3B at 720 x 1280 and 49 frames on an H100: 3 steps in 15.44 s and 10.53 kJ."""
    seconds, kwh = at(point("wan2.1-t2v-1.3b", H100, height=720, width=1280, frames=49, steps=3), (tau, E))
    assert seconds == pytest.approx(15.44, rel=0.1) and 3.6e6 * kwh == pytest.approx(10530, rel=0.1)
