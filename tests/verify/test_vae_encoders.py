"""The encoding halves of VAEs against the real classes on the meta device."""

import pytest
import torch
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.files import shipped_names, shipped_table
from ditcarbon_sym.equations.notation import H, W, n_frames, n_latent
from fits.reference import counting

VAES = {
    name: {key: value for key, value in shipped_table("vaes", name).items() if key != "sources"}
    for name in shipped_names("vaes")
}
ENCODING = sorted(name for name, table in VAES.items() if stages.made(table).encoder_operators() is not None)
VIDEO = ("AutoencoderKLWan", "AutoencoderKLQwenImage")


def compared(configuration, tall, wide, latent):
    """Ours and the real count of one image or video."""
    net, ours = counting.build(configuration), stages.made(configuration)
    side, video = ours.spatial_factor, configuration["_class_name"] in VIDEO
    frames = 4 * (latent - 1) + 1 if video else 1
    channels = 3 if video else net.config.in_channels
    shape = (1, channels, frames, side * tall, side * wide) if video else (1, channels, side * tall, side * wide)
    with torch.device("meta"):
        given_image = torch.empty(shape)
    parts = [getattr(net, part) for part in ("encoder", "quant_conv") if getattr(net, part, None) is not None]
    real = counting.count(net, lambda: net.encode(given_image), parts)
    found = total(ours.encoder_operators())
    at = {H: side * tall, W: side * wide, n_frames: frames, n_latent: latent if video else 1}
    return (found.parameters, found.flop.subs(at)), (real.parameters, real.flop)


@pytest.mark.parametrize("name", ENCODING)
@pytest.mark.parametrize("sizes", [(4, 6, 3), (8, 8, 1), (2, 5, 2)])
def test_the_encoder_of_a_released_vae_is_counted_exactly(name, sizes):
    ours, real = compared(VAES[name], *sizes)
    assert ours == real


def test_the_vaes_of_image_models_and_of_wan_have_an_encoder():
    assert {VAES[name]["_class_name"] for name in ENCODING} == {"AutoencoderKL", "AutoencoderKLFlux2", *VIDEO}


WIDTHS = st.lists(st.sampled_from([32, 64]), min_size=2, max_size=3)


@settings(max_examples=15, deadline=None, database=None, derandomize=True)
@given(WIDTHS, st.integers(1, 3), st.booleans(), st.booleans(), st.data())
def test_a_made_up_image_encoder_is_counted_exactly(widths, layers, middle, quantised, data):
    down = [data.draw(st.sampled_from(["DownEncoderBlock2D", "AttnDownEncoderBlock2D"])) for _ in widths]
    ours, real = compared(
        {
            "_class_name": "AutoencoderKL", "block_out_channels": widths, "layers_per_block": layers,
            "down_block_types": down, "up_block_types": ["UpDecoderBlock2D"] * len(widths), "latent_channels": 5,
            "mid_block_add_attention": middle, "use_quant_conv": quantised,
        },
        2, 3, 1,
    )  # fmt: skip
    assert ours == real


@settings(max_examples=15, deadline=None, database=None, derandomize=True)
@given(st.booleans(), st.sampled_from([None, 2]), st.booleans(), st.integers(1, 2), st.integers(1, 3))
def test_a_made_up_causal_encoder_is_counted_exactly(residual, patch, early, layers, latent):
    channels = 3 * (patch or 1) ** 2
    ours, real = compared(
        {
            "_class_name": "AutoencoderKLWan", "base_dim": 16, "decoder_base_dim": 24, "z_dim": 4,
            "dim_mult": [1, 2, 4, 4], "num_res_blocks": layers, "is_residual": residual, "patch_size": patch,
            "temperal_downsample": [True, True, False] if early else [False, True, True], "in_channels": channels,
            "out_channels": channels,
        },
        2, 1, latent,
    )  # fmt: skip
    assert ours == real
