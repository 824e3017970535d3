"""Pipelines that are given images: the encoding halves of VAEs, and reference tokens in the denoiser."""

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym.architectures.decoders.kl import AutoencoderKL
from ditcarbon_sym.architectures.decoders.wan import AutoencoderKLWan
from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.equations.notation import H, W, ell, m, n_frames, n_latent, n_ref

FLUX = AutoencoderKL(
    block_out_channels=(128, 256, 512, 512), up_block_types=("UpDecoderBlock2D",) * 4,
    down_block_types=("DownEncoderBlock2D",) * 4, layers_per_block=2, latent_channels=16, use_quant_conv=False,
    use_post_quant_conv=False,
)  # fmt: skip
WAN = {"base_dim": 96, "z_dim": 16, "dim_mult": (1, 2, 4, 4), "temperal_downsample": (False, True, True)}
"""The VAEs of FLUX.1 and of Wan 2.1."""


def encoded(vae, height, width, frames=1, latent=1):
    found = total(vae.encoder_operators())
    return found.parameters, found.flop.subs({H: height, W: width, n_frames: frames, n_latent: latent})


def test_the_encoder_of_flux_is_counted_to_the_last_flop():
    """Counted by torch on diffusers' class (0.42)."""
    assert encoded(FLUX, 256, 384) == (34_274_208, 411_033_403_392)


def test_the_encoder_of_wan_is_counted_to_the_last_flop():
    """Nine frames, in passes of one, four and four; counted by torch on diffusers' class (0.42)."""
    vae = AutoencoderKLWan(**WAN, num_res_blocks=2)
    assert encoded(vae, 256, 384, 9, 3) == (53_596_928, 4_599_674_044_416)


def test_an_encoder_that_is_not_understood_is_unknown_and_not_zero():
    assert AutoencoderKLWan(**WAN, num_res_blocks=2, attn_scales=(0.5,)).encoder_operators() is None
    assert stages.shipped("mochi-1").decoder.encoder_operators() is None


@given(st.integers(1, 64), st.integers(1, 64))
def test_encoding_costs_more_than_twice_for_twice_the_pixels(tall, wide):
    """Its attention is quadratic in them, all else is in proportion."""
    one, two = (encoded(FLUX, 8 * tall, 8 * wide * n)[1] for n in (1, 2))
    assert two > 2 * one


@pytest.mark.parametrize("name", ["flux.1-dev", "flux.2-dev", "qwen-image"])
def test_references_are_rows_like_those_of_the_latent(name):
    networks = stages.shipped(name)
    denoiser, factor = networks.denoiser, networks.factors[0]
    assert denoiser.reference_rows(factor) == denoiser.rows(1024 // factor, 1024 // factor, 1) == 4096
    plain = total(denoiser.operators())
    given_two = total(denoiser.operators_with_references(factor))
    assert given_two.parameters == plain.parameters
    work = given_two.flop.subs({n_ref: 2, ell: 4096, m: 100})
    assert work == plain.flop.subs({ell: 3 * 4096, m: 100}) > 3 * plain.flop.subs({ell: 4096, m: 0})
    assert (given_two.flop.subs(n_ref, 0) - plain.flop).expand() == 0


def test_networks_whose_pipelines_append_nothing_have_no_reference_rows():
    for name in ("chroma1-hd", "sd3-medium", "wan2.1-t2v-1.3b"):
        networks = stages.shipped(name)
        assert networks.denoiser.reference_rows(networks.factors[0]) == 0


def test_a_second_attention_past_the_last_block_of_sd3_is_not_there():
    """A layer number that the network does not have adds nothing; diffusers asks each layer whether it is listed."""
    medium = stages.shipped("sd3.5-medium").denoiser
    more = replace(medium, dual_attention_layers=(*medium.dual_attention_layers, 99))
    assert total(more.operators()) == total(medium.operators())


def test_references_that_are_modulated_apart_cost_a_little_more():
    """Qwen-Image-Edit-2511: vectors are made for two timesteps; weights stay as they are."""
    plain = stages.shipped("qwen-image").denoiser
    apart = replace(plain, zero_cond_t=True)
    one, two = total(plain.operators()), total(apart.operators())
    assert two.parameters == one.parameters
    vectors = 2 * plain.width * (256 + plain.width + 6 * plain.num_layers * plain.width)
    assert (two.flop - one.flop).expand() == vectors
    assert two.moved.subs({ell: 4096, m: 100}) > one.moved.subs({ell: 4096, m: 100})
