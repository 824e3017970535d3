"""Which transformers diffusers has, and the class of older releases that is read as its successors."""

import inspect
from importlib import import_module
from pkgutil import iter_modules

import diffusers
import pytest
from diffusers.models import transformers

from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.catalog import recognise
from ditcarbon_sym.catalog.diffusers import from_diffusers
from ditcarbon_sym.equations.notation import ell, m
from ditcarbon_sym.measure.inputs.tensors import noise, of
from fits.reference import counting
from tests.catalog.conftest import config  # noqa: F401  # a fixture


def test_every_transformer_of_diffusers_is_listed_by_what_it_makes():
    modules = [import_module(f"{transformers.__name__}.{x.name}") for x in iter_modules(transformers.__path__)]
    found = {
        name for module in modules for name, kind in vars(module).items()
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and issubclass(kind, diffusers.ModelMixin)
    }  # fmt: skip
    assert found == {*recognise.classes(), *recognise.classes("other")}
    assert diffusers.__version__ == recognise.version()


@pytest.mark.parametrize("shape", [(8, 8, 20), (16, 16, 7), (24, 24, 40)])
def test_the_class_of_older_releases_is_counted_as_its_successors(shape, config):  # noqa: F811
    side, _, text = shape
    sizes = {
        "num_attention_heads": 2, "attention_head_dim": 16, "in_channels": 4, "out_channels": 8, "num_layers": 3,
        "sample_size": 16, "patch_size": 2, "attention_bias": True, "activation_fn": "gelu-approximate",
        "norm_elementwise_affine": False,
    }  # fmt: skip
    alike = {
        "ada_norm_zero": {"num_embeds_ada_norm": 10},
        "ada_norm_single": {"num_embeds_ada_norm": 10, "caption_channels": 24, "cross_attention_dim": 32},
    }
    for kind, more in alike.items():
        fields = {"_class_name": "Transformer2DModel", "norm_type": kind, **sizes, **more}
        net = counting.build(fields)
        inputs = {
            "hidden_states": noise(1, 4, side, side), "timestep": of("whole step", 1),
            "class_labels": of("index", 1), "added_cond_kwargs": {"resolution": None, "aspect_ratio": None},
            "encoder_hidden_states": noise(1, text, 24) if "caption_channels" in more else None,
        }  # fmt: skip
        taken = counting.on_meta(inputs)
        real = counting.count(net, lambda: net(**taken))  # noqa: B023
        ours = total(from_diffusers(config(fields)).denoiser.operators())
        assert ours.parameters == real.parameters
        assert ours.flop.subs({ell: (side // 2) ** 2, m: text}) == real.flop
