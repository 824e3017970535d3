"""The operator law: what physics demands of it."""

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.equations import operator_law, pipeline
from ditcarbon_sym.equations.derivatives import gradient
from ditcarbon_sym.equations.notation import PUE, B, E, F_dense, H, S, Theta_peak, bandwidth, tau
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
    assert slopes[Theta_peak] < 0 and slopes[bandwidth] <= 0
    assert at(where, (tau,), {S: where.values[S] * factor})[0] > at(where, (tau,))[0]


def test_the_law_is_homogeneous_in_the_work():
    law = operator_law.runtime
    values = dict.fromkeys(law.inputs, 2.0)
    doubled = {**values, S: 4.0}
    zero = {operator_law.F_text: 0.0, operator_law.F_VAE: 0.0}
    assert law({**doubled, **zero}) == pytest.approx(2 * law({**values, **zero}))
    assert F_dense in law.inputs


def test_elasticities_of_the_operator_law_agree_with_differences():
    where = point("flux.1-dev", H100)
    slopes = gradient(where.values, E, where.route)
    for x in (S, PUE, operator_law.eps_flop, operator_law.eps_byte, H):
        if x not in slopes:
            continue
        step = 1e-6 * where.values[x]
        ends = [
            float(pipeline.evaluate({**where.values, x: where.values[x] + sign * step}, (E,), where.route)[E])
            for sign in (1, -1)
        ]
        assert float(slopes[x]) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5)
