"""Against the real classes on the meta device: made-up configurations, and the fields of every class."""

import dataclasses
import inspect

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.architectures import ELSEWHERE, MODULES, network_class
from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.architectures.text_encoders.encoder import Encoder
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.equations.notation import ell, m, n_latent
from ditcarbon_sym.measure import networks
from fits.ground_truth import references
from fits.reference import counting
from tests.verify.configurations import VARIED, configurations, denoisers

INPUTS, PATCHES, RELEASED_AS, WHOLE = (references(kind) for kind in ("DENOISERS", "PATCHES", "RELEASED_AS", "WHOLE"))


def test_every_denoiser_is_varied():
    assert set(VARIED) == {RELEASED_AS.get(kind, kind) for kind in denoisers()}


@pytest.mark.parametrize("kind", sorted(VARIED))
def test_a_made_up_configuration_is_counted_exactly(kind):
    @settings(max_examples=6, deadline=None, database=None, derandomize=True)
    @given(configurations(kind), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(1, 70))
    def check(configuration, tall, wide, long, text):
        net = counting.build(configuration)
        PATCHES.get(kind, lambda net: None)(net)
        ours = stages.made(configuration)
        unit = ours.patch * 4
        height, width = unit * tall, unit * (wide if kind not in SQUARE else tall)
        frames = long * ours.patch_frames * WHOLE.get(kind, (1, 1))[0] if ours.is_video else 1
        text = ours.text_tokens_fixed or LEAST_TEXT.get(kind, 0) + text
        real = counting.count(net, lambda: net(**INPUTS[kind](net, height, width, frames, text)))
        totals = total(ours.operators())
        values = {
            ell: ours.rows(height, width, frames), m: ours.text_rows(text), n_latent: frames // ours.patch_frames,
        }  # fmt: skip
        assert totals.parameters == real.parameters
        assert totals.flop.subs(values) == real.flop

    check()


LEAST_TEXT = {"HunyuanImageTransformer2DModel": 128}
"""Rows that the text always has, before any prompt."""
SQUARE = {"HiDreamImageTransformer2DModel", *references("SQUARE")}
"""Classes that take square latents alone, or pad the others to a size of their own."""


def is_of_diffusers(kind):
    """Of transformers' classes, whose configurations have hundreds of fields, those that shape the network are read."""
    return not issubclass(network_class(kind), Encoder) or kind in networks.INSIDE


@pytest.mark.parametrize("kind", sorted(filter(is_of_diffusers, set(MODULES) - set(ELSEWHERE))))
def test_the_fields_and_defaults_are_those_of_the_released_class(kind):
    released = inspect.signature(networks.released(kind).__init__).parameters
    ours = {x.name: x for x in dataclasses.fields(network_class(kind))}
    assert set(ours) <= set(released) - {"self"} <= set(ours) | network_class(kind).passed_over
    for name, x in ours.items():
        if x.default is not dataclasses.MISSING:
            assert x.default == _in_tuples(released[name].default), name


def _in_tuples(value):
    return tuple(map(_in_tuples, value)) if isinstance(value, list | tuple) else value
