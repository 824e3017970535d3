"""Decoders of made-up sizes against the real classes on the meta device: what the releases all have alike is varied."""

import pytest
from hypothesis import given, settings, strategies as st

from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.equations.notation import H, W, n_latent
from ditcarbon_sym.measure import networks
from fits.ground_truth import references
from fits.reference import counting

INPUTS, DECODE = references("DECODERS"), references("DECODE")
FLAGS = st.booleans()
WIDTHS = st.sampled_from([8, 16, 24])
LTX2 = st.fixed_dictionaries({
    "latent_channels": WIDTHS, "decoder_layers_per_block": st.lists(st.integers(1, 2), min_size=4, max_size=4),
    "upsample_type": st.lists(st.sampled_from(["spatial", "temporal", "spatiotemporal"]), min_size=3, max_size=3),
    "upsample_factor": st.lists(st.sampled_from([1, 2]), min_size=3, max_size=3),
    "upsample_residual": st.just([False] * 3), "decoder_spatial_padding_mode": st.just("zeros"),
}).map(lambda x: {**x, "decoder_block_out_channels": narrowing(x["upsample_factor"])})  # fmt: skip


def narrowing(factors):
    """Widths that fit: each block begins with what the one before it leaves."""
    _, middle, first = factors
    return [64 // (first * middle), 64 // first, 64]


VOCODER = {
    "in_channels": st.sampled_from([8, 16]), "hidden_channels": st.sampled_from([64, 128]),
    "upsample_kernel_sizes": st.just([7, 5, 4]), "upsample_factors": st.sampled_from([[3, 2, 2], [4, 3, 1]]),
    "resnet_kernel_sizes": st.just([3, 5]), "resnet_dilations": st.just([[1, 2], [1, 3]]), "final_bias": FLAGS,
}  # fmt: skip
VARIED = {
    "AutoencoderOobleck": st.fixed_dictionaries({
        "downsampling_ratios": st.lists(st.integers(2, 5), min_size=2, max_size=2),
        "channel_multiples": st.lists(st.integers(1, 3), min_size=2, max_size=2), "decoder_channels": WIDTHS,
        "decoder_input_channels": WIDTHS, "audio_channels": st.integers(1, 2), "encoder_hidden_size": st.just(8),
    }),
    "LongCatAudioDiTVae": st.fixed_dictionaries({
        "channels": WIDTHS, "c_mults": st.just([1, 2, 4]), "latent_dim": WIDTHS, "use_snake": FLAGS,
        "strides": st.sampled_from([None, [4], [2, 4, 2]]), "in_shortcut": st.sampled_from(["duplicating", "none"]),
        "upsample_shortcut": st.just("none"), "final_tanh": FLAGS, "downsample_shortcut": st.just("none"),
        "out_shortcut": st.just("none"),
    }).filter(lambda x: x["in_shortcut"] == "none" or 4 * x["channels"] % x["latent_dim"] == 0),
    "MiniMaxMusic3Vocoder": st.fixed_dictionaries({
        "latent_channels": WIDTHS, "decoder_input_dim": WIDTHS, "decoder_hidden_dim": st.sampled_from([64, 128]),
        "upsampling_ratios": st.sampled_from([[4, 2], [3, 2, 2]]),
    }),
    "AutoencoderSAME": st.fixed_dictionaries({
        "patch_size": st.sampled_from([8, 16]), "encoder_channels": st.just(32), "encoder_c_mults": st.just([2, 4]),
        "encoder_strides": st.sampled_from([[4, 2], [2, 3]]), "encoder_transformer_depths": st.just([1, 2]),
        "latent_dim": WIDTHS, "use_differential_attention": FLAGS, "dim_heads": st.sampled_from([16, 32]),
        "ff_mult": st.integers(1, 3),
    }),
    "AutoencoderKLLTX2Audio": st.fixed_dictionaries({
        "base_channels": st.sampled_from([16, 32]), "ch_mult": st.just([1, 2, 4]), "num_res_blocks": st.integers(1, 2),
        "latent_channels": st.integers(2, 5), "mel_bins": st.sampled_from([16, 32]),
    }),
    "LTX2Vocoder": st.fixed_dictionaries({**VOCODER, "antialias": FLAGS}).flatmap(
        lambda x: st.just({**x, "act_fn": "snakebeta" if x["antialias"] else "leaky_relu"})
    ),
    "MMAudioVAE": st.fixed_dictionaries({
        "mel_bins": WIDTHS, "latent_channels": WIDTHS, "hidden_channels": WIDTHS, "layers_per_block": st.integers(1, 2),
        "channel_multipliers": st.sampled_from([[1, 2], [2, 1, 3]]),
    }),
    "AutoencoderKLLTX2Video": LTX2,
    "AutoencoderKLHunyuanVideo15": st.fixed_dictionaries({
        "latent_channels": st.just(8), "block_out_channels": st.sampled_from([[16, 32, 64], [32, 64, 64]]),
        "layers_per_block": st.integers(1, 2), "spatial_compression_ratio": st.sampled_from([4]),
        "temporal_compression_ratio": st.sampled_from([2, 4]), "upsample_match_channel": FLAGS,
        "downsample_match_channel": st.just(True),
    }),
    "AutoencoderKLMagvit": st.fixed_dictionaries({
        "latent_channels": st.integers(2, 5), "block_out_channels": st.just([32, 64, 64]),
        "down_block_types": st.just(["SpatialDownBlock3D"] * 3), "layers_per_block": st.integers(1, 2),
        "up_block_types": st.lists(
            st.sampled_from(["SpatialUpBlock3D", "SpatialTemporalUpBlock3D"]), min_size=3, max_size=3
        ),
    }),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(VARIED))
def test_a_made_up_decoder_is_counted_exactly(kind):
    @settings(max_examples=8, deadline=None, database=None, derandomize=True)
    @given(VARIED[kind], st.integers(1, 3), st.integers(1, 3), st.integers(1, 4))
    def check(drawn, tall, wide, latent):
        configuration = {"_class_name": kind, **{key: x for key, x in drawn.items() if x is not None}}
        net, ours = counting.build(configuration), stages.made(configuration)
        z = INPUTS[kind](net, 2 * tall, 2 * wide, 4 * latent)
        real = counting.count(net, lambda: DECODE.get(kind, decoded)(net, z), networks.decoding_parts(net))
        found, factor = total(ours.operators()), ours.spatial_factor
        at = {H: 2 * tall * factor, W: 2 * wide * factor, n_latent: 4 * latent}
        assert (found.parameters, found.flop.subs(at)) == (real.parameters, real.flop), configuration

    check()


def decoded(net, z):
    return net.decode(z)
