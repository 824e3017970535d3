"""Layers that families share, against their matrices counted by hand."""

import pytest

from ditcarbon_sym.architectures import layers as made
from ditcarbon_sym.architectures.operators import total
from ditcarbon_sym.equations.notation import ell


@pytest.mark.parametrize("kind", ["gelu", "gelu-approximate", "linear-silu", "geglu", "geglu-approximate", "swiglu"])
def test_a_gated_mlp_makes_two_halves_and_multiplies_them(kind):
    gated = kind in ("geglu", "geglu-approximate", "swiglu")
    assert made.is_gated(kind) == gated
    first, act, last = made.feed_forward("ff", 10, 8, 32, kind)
    assert first.parameters == 8 * 32 * (2 if gated else 1) + 32 * (2 if gated else 1)
    assert last.parameters == 32 * 8 + 8
    assert act.moved == (5 if gated else 2) * 10 * 32
    bare = total(made.feed_forward("ff", 10, 8, 32, kind, bias=False))
    assert bare.parameters == 8 * 32 * (3 if gated else 2) and bare.flop == 2 * 10 * bare.parameters
    assert [x.name for x in made.feed_forward("ff", 1, 1, 1)] == ["ff.in", "ff.act", "ff.out"]


def test_an_embedding_mlp_is_square_in_its_second_matrix_unless_told_otherwise():
    found = total(made.mlp("t", 256, 64))
    assert found.parameters == 256 * 64 + 64 + 64 * 64 + 64
    assert found.flop == 2 * (256 * 64 + 64 * 64)
    other = made.mlp("t", 256, 64, 16, rows=3, bias=False)
    assert total(other).parameters == 256 * 64 + 64 * 16 and total(other).flop == 2 * 3 * total(other).parameters
    assert other[1].moved == 2 * 3 * 64 and {x.rows for x in other} == {3}
    assert [x.name for x in other] == ["t.linear_1", "t.act", "t.linear_2"]


def test_the_mlp_of_llama_has_three_matrices_without_bias():
    found = made.mlp_of_llama("ffn", 10, 8, 32)
    assert total(found).parameters == 3 * 8 * 32 and total(found).flop == 2 * 10 * 3 * 8 * 32
    assert next(x for x in found if x.name == "ffn.act").moved == 5 * 10 * 32


def test_the_convolutional_mlp_mixes_each_channel_with_its_nine_neighbours():
    up, act, depth, gate, down = made.convolutional_mlp(10, 8, 32)
    assert up.parameters == 8 * 64 + 64 and act.moved == 2 * 10 * 64
    assert depth.parameters == 64 * 9 + 64 and depth.flop == 2 * 10 * 64 * 9
    assert gate.moved == 5 * 10 * 32 and down.parameters == 32 * 8


def test_patches_read_every_latent_pixel_once():
    found = made.patches("p", 16, 64, (1, 2, 2))
    assert found.parameters == 16 * 4 * 64 + 64 and found.flop == 2 * ell * 16 * 4 * 64
    assert found.moved == ell * 4 * 16 + ell * 64
    assert made.patches("p", 16, 64, (2, 2), bias=False).parameters == 16 * 4 * 64


def test_placed_patches_add_positions_that_are_computed_and_not_trained():
    found = made.placed_patches(16, 64, 2, 9)
    assert total(found).parameters == 16 * 4 * 64 + 64 and total(found).buffers == 9 * 64
    assert found[1].moved == 3 * ell * 64 and found[0].moved == ell * (4 * 16 + 64)


def test_a_timestep_has_256_sines_and_cosines():
    """128 frequencies, as in DiT (Peebles and Xie, 2023; ``TimestepEmbedder`` of the released code)."""
    assert made.FREQUENCIES == 2 * 128
