"""ControlNets against the real classes on the meta device."""

import dataclasses
import inspect

import diffusers
import pytest
import torch
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.architectures import FAMILIES, network_class
from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.equations.notation import ell, m
from ditcarbon_sym.measure.inputs import image
from ditcarbon_sym.measure.inputs.tensors import noise
from fits.reference import counting

FEW, WIDE = st.integers(1, 3), st.integers(1, 3)
TEXT = st.sampled_from([24, 64])
SHAPES = [(8, 8, 20), (8, 16, 5), (16, 24, 77)]
"""Height and width of the latent, and text tokens."""


def flux(net, tall, wide, text):
    tokens = (tall // 2) * (wide // 2)
    mode = {"controlnet_mode": torch.zeros(1, 1, dtype=torch.long)} if net.config.num_mode else {}
    return {
        **image.flux(net, 1, tall, wide, 1, text),
        "controlnet_cond": noise(1, tokens, net.config.in_channels),
        **mode,
    }


def sd3(net, tall, wide, text):
    known = net.config
    taken = image.sd3(net, 1, tall, wide, 1, text) if known.joint_attention_dim else {
        "hidden_states": noise(1, known.in_channels, tall, wide), "timestep": noise(1),
        "pooled_projections": noise(1, known.pooled_projection_dim),
    }  # fmt: skip
    if not known.use_pos_embed:
        width = known.num_attention_heads * known.attention_head_dim
        taken["hidden_states"] = noise(1, (tall // known.patch_size) * (wide // known.patch_size), width)
    return {
        **taken, "controlnet_cond": noise(1, known.in_channels + known.extra_conditioning_channels, tall, wide),
    }  # fmt: skip


def qwen_image(net, tall, wide, text):
    channels = net.config.in_channels + net.config.extra_condition_channels
    control = noise(1, (tall // 2) * (wide // 2), channels)
    return {**image.qwen_image(net, 1, tall, wide, 1, text), "controlnet_cond": control}


def sana(net, tall, wide, text):
    known = net.config
    return {
        "hidden_states": noise(1, known.in_channels, tall, wide), "timestep": noise(1),
        "encoder_hidden_states": noise(1, text, known.caption_channels),
        "controlnet_cond": noise(1, known.in_channels, tall, wide),
    }  # fmt: skip


def hunyuan_dit(net, tall, wide, text):
    control = noise(1, net.config.in_channels, tall, wide)
    return {**image.hunyuan_dit(net, 1, tall, wide, 1, text), "controlnet_cond": control}


def z_image(net, tall, wide, text):
    """The layers of a denoiser that the class uses are those of one of the same widths."""
    known = net.config
    beside = counting.build({
        "_class_name": "ZImageTransformer2DModel", "dim": known.dim, "n_heads": known.n_heads, "n_layers": 1,
        "n_refiner_layers": known.n_refiner_layers, "qk_norm": known.qk_norm, "all_patch_size": known.all_patch_size,
        "all_f_patch_size": known.all_f_patch_size,
    })  # fmt: skip
    own = list(net.parameters())
    type(net).from_transformer(net, beside)
    net.parameters = lambda: own
    return {
        **image.z_image(beside, 1, tall, wide, 1, text),
        "control_context": [noise(known.control_in_dim, 1, tall, wide)],
    }


INPUTS = {
    "FluxControlNetModel": flux, "SD3ControlNetModel": sd3, "QwenImageControlNetModel": qwen_image,
    "SanaControlNetModel": sana, "HunyuanDiT2DControlNetModel": hunyuan_dit, "ZImageControlNetModel": z_image,
}  # fmt: skip
VARIED = {
    "FluxControlNetModel": st.fixed_dictionaries({
        "num_layers": FEW, "num_single_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT,
        "guidance_embeds": st.booleans(), "num_mode": st.sampled_from([None, 4]), "attention_head_dim": st.just(128),
    }),
    "SD3ControlNetModel": st.fixed_dictionaries({
        "num_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": st.sampled_from([None, 24, 64]),
        "extra_conditioning_channels": st.integers(0, 1), "use_pos_embed": st.booleans(),
        "pos_embed_type": st.sampled_from([None, "sincos"]), "qk_norm": st.sampled_from([None, "rms_norm"]),
        "dual_attention_layers": st.sampled_from([[], [0], [0, 1]]),
    }).map(lambda x: {**x, "caption_projection_dim": 64 * x["num_attention_heads"]}),
    "QwenImageControlNetModel": st.fixed_dictionaries({
        "num_layers": FEW, "num_attention_heads": WIDE, "joint_attention_dim": TEXT,
        "extra_condition_channels": st.sampled_from([0, 4]),
    }),
    "SanaControlNetModel": st.fixed_dictionaries({
        "num_layers": FEW, "num_cross_attention_heads": WIDE, "caption_channels": TEXT,
        "attention_bias": st.booleans(), "interpolation_scale": st.sampled_from([None, 1]),
    }).map(lambda x: {
        **x, "num_attention_heads": 7 * x["num_cross_attention_heads"], "attention_head_dim": 16,
        "cross_attention_dim": 112 * x["num_cross_attention_heads"],
    }),
    "HunyuanDiT2DControlNetModel": st.fixed_dictionaries({
        "num_attention_heads": WIDE, "transformer_num_layers": st.sampled_from([4, 6, 10]), "in_channels": st.just(4),
        "patch_size": st.just(2), "cross_attention_dim": TEXT, "use_style_cond_and_image_meta_size": st.booleans(),
    }).map(lambda x: {**x, "hidden_size": 88 * x["num_attention_heads"]}),
    "ZImageControlNetModel": st.fixed_dictionaries({
        "control_layers_places": st.sampled_from([[0], [0, 2], [0, 1, 2]]), "control_in_dim": st.sampled_from([16, 33]),
        "n_heads": WIDE, "n_refiner_layers": st.integers(1, 2), "qk_norm": st.booleans(),
        "add_control_noise_refiner": st.sampled_from([None, "control_layers", "control_noise_refiner"]),
        "control_refiner_layers_places": st.just([0]),
    }).map(lambda x: {**x, "dim": 128 * x["n_heads"], "n_kv_heads": x["n_heads"]}),
}  # fmt: skip
CLASSES = sorted(kind for family, kinds in FAMILIES.items() if family.startswith("controlnets.") for kind in kinds)


def test_every_controlnet_is_varied():
    assert set(CLASSES) == set(VARIED)


@pytest.mark.parametrize("kind", sorted(VARIED))
def test_a_made_up_controlnet_is_counted_exactly(kind):
    @settings(max_examples=8, deadline=None, database=None, derandomize=True)
    @given(VARIED[kind], st.sampled_from(SHAPES))
    def check(configuration, shape):
        tall, wide, text = shape
        fields = {"_class_name": kind, **{key: x for key, x in configuration.items() if x is not None}}
        fields["_null"] = [key for key, x in configuration.items() if x is None]
        net = counting.build(fields)
        inputs = counting.on_meta(INPUTS[kind](net, tall, wide, text))
        real = counting.count(net, lambda: net(**inputs))
        totals = total(stages.made(fields).operators())
        side = 1 if kind.startswith("Sana") else 2
        tokens, text = (tall // side) * (wide // side), 333 if kind.startswith("HunyuanDiT") else text
        if kind.startswith("ZImage"):
            tokens, text = -(-tokens // 32) * 32, -(-text // 32) * 32
        assert (totals.parameters, totals.flop.subs({ell: tokens, m: text})) == (real.parameters, real.flop)

    check()


@pytest.mark.parametrize("kind", CLASSES)
def test_the_fields_and_defaults_of_a_controlnet_are_those_of_the_released_class(kind):
    released = inspect.signature(getattr(diffusers, kind).__init__).parameters
    ours = {x.name: x for x in dataclasses.fields(network_class(kind))}
    assert set(ours) <= set(released) - {"self"} <= set(ours) | network_class(kind).passed_over
    for name, x in ours.items():
        if x.default is not dataclasses.MISSING:
            default = released[name].default
            assert x.default == (tuple(default) if isinstance(default, list) else default), name
