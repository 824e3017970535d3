"""Modulation, against vectors and passes counted by hand: one that is dropped or goes over the wrong rows is seen."""

import pytest
from sympy import expand

from ditcarbon_sym.architectures import adaln as made
from ditcarbon_sym.architectures.operators import dense, rms_norm, total
from ditcarbon_sym.equations.notation import ell

D = 8
NORM, MODULATE, GATED, ADDED = 2, 4, 5, 3
"""Elements moved for each element of the rows: a norm is read and written; scale and shift are two passes of one
operand; a gate and a sum are one pass of one operand and one of two; a sum is one pass of two operands."""
SUBLAYER = [dense("inner", 10, D, D, bias=False)]
INNER = 2 * 10 * D


def moved(operators):
    return expand(total(operators).moved)


def names(operators):
    return [x.name for x in operators]


def test_vectors_are_made_by_a_matrix_of_what_is_activated():
    act, linear = made.modulation("norm", 5, D, 6, rows=3)
    assert act.moved == 2 * 3 * 5 and linear.parameters == 5 * 6 * D + 6 * D and linear.flop == 2 * 3 * 5 * 6 * D
    assert made.modulation("norm", 5, D, 6, bias=False)[1].parameters == 5 * 6 * D
    assert {x.rows for x in made.modulation("norm", 5, D, 6)} == {1}
    assert names(made.modulation("norm", 5, D, 6)) == ["norm.silu", "norm.linear"]


def test_an_adaptive_norm_norms_and_modulates_all_rows():
    found = made.adaptive_norm("n", 10, 5, D, 2)
    assert names(found) == ["n.silu", "n.linear", "n.norm", "n.modulate"]
    assert moved(found[2:]) == (NORM + MODULATE) * 10 * D
    assert total(found).parameters == 5 * 2 * D + 2 * D
    trained = total(made.adaptive_norm("n", 10, 5, D, 2, bias=False, vectors=1)).parameters
    assert trained == 5 * 2 * D + D


def test_the_adaptive_output_has_two_vectors_and_a_matrix_to_the_patch():
    found = made.adaptive_output(5, D, 32)
    assert total(found).parameters == (5 * 2 * D + 2 * D) + (D * 32 + 32)
    assert moved(x for x in found if x.rows == ell) == (NORM + MODULATE) * ell * D + ell * (D + 32)
    assert total(made.adaptive_output(5, D, 32, bias=False)).parameters == 5 * 2 * D + D * 32
    assert total(made.adaptive_output(5, D, 32, vectors=2)).parameters == total(found).parameters + 2 * D


def test_a_modulated_sublayer_is_normed_modulated_gated_and_added():
    found = made.modulated("norm1", "attn", 10, D, SUBLAYER)
    assert names(found) == ["norm1", "norm1.modulate", "inner", "attn.gate"]
    assert moved(found) == (NORM + MODULATE + GATED) * 10 * D + INNER
    assert made.modulated("n", "a", 10, D, [], vectors=2)[0].parameters == 2 * D
    assert made.modulated("n", "a", 10, D, [])[0].elementwise == 5 * 10 * D
    assert made.modulated("n", "a", 10, D, [], operations=3)[0].elementwise == 3 * 10 * D


def test_shared_vectors_are_six_from_a_timestep_of_256_features():
    embedded = 256 * D + D + D * D + D
    assert total(made.shared_vectors("t", D)).parameters == embedded + D * 6 * D + 6 * D
    more = made.shared_vectors("t", D, SUBLAYER)
    assert total(more).parameters == total(made.shared_vectors("t", D)).parameters + D * D
    assert names(made.shared_vectors("t", D))[0] == "t.emb.timestep_embedder.linear_1"


def test_a_blocks_own_table_is_added_to_the_vectors_of_each_condition():
    table, add = made.shifts_and_scales(6, D, 3)
    assert (table.parameters, add.moved, add.rows) == (6 * D, ADDED * 3 * 6 * D, 3)
    assert made.shifts_and_scales(2, D)[1].moved == ADDED * 2 * D


def test_a_block_under_adaln_single_modulates_attention_and_mlp_and_adds_cross_attention_plainly():
    plain = made.single_block(D, SUBLAYER, [], SUBLAYER)
    table = ADDED * 6 * D
    assert moved(plain) == expand(table + 2 * ((NORM + MODULATE + GATED) * ell * D + INNER))
    crossed = made.single_block(D, SUBLAYER, SUBLAYER, SUBLAYER)
    assert expand(moved(crossed) - moved(plain)) == INNER + ADDED * ell * D
    assert total(plain).parameters == 6 * D + 2 * D * D
    assert total(made.single_block(D, [], [], [], vectors=1)).parameters == 6 * D + 2 * D
    assert moved(made.single_block(D, [], [], [], conditions=4)) - moved(made.single_block(D, [], [], [])) == 3 * table
    assert expand(total(made.single_block(D, [], [], [], operations=3)).elementwise) == expand(
        6 * D + 2 * (3 + 2 + 2) * ell * D
    )


def test_the_output_under_adaln_single_is_normed_modulated_and_projected():
    found = made.single_output([], D, 32)
    assert names(found) == ["norm_out", "norm_out.modulate", "proj_out"]
    assert moved(found) == expand((NORM + MODULATE) * ell * D + ell * (D + 32))
    assert total(found).parameters == D * 32 + 32
    assert names(made.single_output(SUBLAYER, D, 32))[0] == "inner"


@pytest.mark.parametrize("scaled", [True, False])
def test_a_sublayer_between_two_norms_is_scaled_and_gated_only_under_a_condition(scaled):
    found = made.enclosed("ffn", 10, D, SUBLAYER, scaled=scaled)
    passes = 2 * NORM + (2 + GATED if scaled else ADDED)
    assert moved(found) == passes * 10 * D + INNER
    assert total(found).parameters == 2 * D + D * D
    assert names(found) == ["ffn_norm1", *(["ffn_norm1.scale"] if scaled else []), "inner", "ffn_norm2", "ffn.add"]
    assert found[0] == rms_norm("ffn_norm1", 10, D)
    assert total(made.enclosed("ffn", 10, D, [], scaled=scaled, vectors=0)).parameters == 0


def test_a_sandwich_is_attention_and_the_mlp_of_llama_each_between_two_norms():
    found = total(made.sandwich(10, D, 32, SUBLAYER, scaled=True))
    assert found.parameters == 4 * D + D * D + 3 * D * 32
    assert found.flop == 2 * 10 * (D * D + 3 * D * 32)
    assert names(made.sandwich(10, D, 32, SUBLAYER, scaled=False))[:2] == ["attention_norm1", "inner"]
