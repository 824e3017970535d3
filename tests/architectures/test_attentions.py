"""Attention as the families have it, against matrices and rows counted by hand."""

import pytest
from sympy import expand

from ditcarbon_sym.architectures import attentions as made
from ditcarbon_sym.architectures.attentions import Heads
from ditcarbon_sym.architectures.operators import NORM, total
from ditcarbon_sym.equations.notation import ell, m

GROUPED = Heads(8, 16, 2)
"""Eight heads of queries, 16 wide, that share two of keys and values."""
PLAIN = Heads(8, 16)


def sizes(operators):
    """Inputs and outputs of each matrix without bias, by name."""
    return {x.name: (x.rows, x.parameters) for x in operators}


def test_keys_have_as_many_heads_as_queries_unless_they_are_grouped():
    assert (PLAIN.total, PLAIN.keys_total, PLAIN.of_keys) == (128, 128, 8)
    assert (GROUPED.total, GROUPED.keys_total, GROUPED.of_keys) == (128, 32, 2)


def test_projections_are_as_wide_as_the_heads_that_they_make():
    found = sizes(made.queries_keys_values(10, 64, GROUPED, bias=False))
    assert found == {"to_q": (10, 64 * 128), "to_k": (10, 64 * 32), "to_v": (10, 64 * 32)}
    crossed = sizes(made.queries_keys_values(10, 64, GROUPED, bias=False, prefix="p_", keys=3, keys_width=48))
    assert crossed == {"p_q": (10, 64 * 128), "p_k": (3, 48 * 32), "p_v": (3, 48 * 32)}
    assert sizes(made.queries_keys_values(10, 64, PLAIN))["to_v"] == (10, 64 * 128 + 128)


def test_norms_over_each_head_read_every_head_of_every_row():
    queries, keys = made.head_norms(10, GROUPED, keys=3)
    assert (queries.rows, queries.moved, queries.parameters) == (10 * 8, 2 * 10 * 128, 16)
    assert (keys.rows, keys.moved, keys.parameters) == (3 * 2, 2 * 3 * 32, 16)
    assert queries.elementwise == (3 + 1) * 10 * 128  # a root mean square with a scale
    assert [x.name for x in made.head_norms(10, PLAIN, "added_")] == ["norm_added_q", "norm_added_k"]
    assert [x.rows for x in made.head_norms(10, PLAIN)] == [80, 80]
    assert made.head_norms(10, PLAIN, vectors=2)[1].parameters == 2 * 16
    assert made.head_norms(10, PLAIN, operations=5, vectors=0)[0].elementwise == 5 * 10 * 128


def test_norms_across_heads_train_a_scale_for_all_of_them():
    queries, keys = made.norms_across_heads(10, GROUPED, keys=3)
    assert (queries.rows, queries.parameters, queries.moved) == (10, 128, 2 * 10 * 128)
    assert (keys.rows, keys.parameters, keys.moved) == (3, 32, 2 * 3 * 32)
    assert made.norms_across_heads(10, PLAIN)[1].rows == 10 and queries.kind == NORM


def test_rotations_turn_queries_and_keys_each_over_its_own_width():
    queries, keys = made.rotations(10, 128, 32)
    assert (queries.moved, keys.moved) == (9 * 10 * 128, 9 * 10 * 32)
    assert [x.moved for x in made.rotations(10, 128)] == [9 * 10 * 128] * 2


@pytest.mark.parametrize(("sequences", "keys"), [(1, None), (5, None), (1, 4), (2, 4)])
def test_sequences_that_do_not_see_each_other_divide_the_scores_and_nothing_else(sequences, keys):
    """Twenty rows; of so many sequences each has its part of queries and of keys."""
    found = made.attend("attn", 20, 128, PLAIN, sequences=sequences, keys=keys)
    scores = next(x for x in found if x.name == "attn.scores")
    others = 20 if keys is None else keys
    pairs = sequences * (20 // sequences) * (others // sequences)
    assert total([scores]).flop == 2 * pairs * 128 * 2
    assert scores.calls == 1
    matrices = total(x for x in found if x is not scores)
    assert matrices.parameters == 4 * (128 * 128 + 128)
    assert matrices.flop == 2 * (20 + others + others + 20) * 128 * 128


def test_biases_of_projections_and_output_are_apart():
    def parameters(**biases):
        return total(made.attend("attn", 20, 128, PLAIN, **biases)).parameters - 4 * 128**2

    assert parameters() == 4 * 128
    assert parameters(bias=False) == 128
    assert parameters(out_bias=False) == 3 * 128
    assert parameters(bias=False, out_bias=False) == 0


def test_what_comes_before_the_scores_comes_before_them():
    before = made.head_norms(20, PLAIN)
    names = [x.name for x in made.attend("attn", 20, 128, PLAIN, before)]
    assert names == [f"attn.{x}" for x in ("to_q", "to_k", "to_v", "norm_q", "norm_k", "scores", "to_out")]
    joint = [x.name for x in made.joint_attention("attn", 128, PLAIN, before)]
    assert joint == [
        f"attn.{x}"
        for x in (
            "to_q",
            "to_k",
            "to_v",
            "add_q",
            "add_k",
            "add_v",
            "norm_q",
            "norm_k",
            "scores",
            "to_out",
            "to_add_out",
        )
    ]


def test_joint_attention_has_two_sets_of_matrices_and_one_of_scores():
    found = made.joint_attention("attn", 128, PLAIN)
    both = total(found)
    assert both.parameters == 8 * (128**2 + 128)
    assert expand(both.flop - (2 * 4 * (ell + m) * 128**2 + 4 * (ell + m) ** 2 * 128)) == 0
    silent = total(made.joint_attention("attn", 128, PLAIN, text_output=False))
    assert both.parameters - silent.parameters == 128**2 + 128
    assert expand(both.flop - silent.flop - 2 * m * 128**2) == 0
    narrow = total(made.joint_attention("attn", 128, PLAIN, text=m + 1, text_width=64, bias=False, out_bias=False))
    assert narrow.parameters == 4 * 128**2 + 4 * 64 * 128
    assert expand(narrow.flop - 8 * ell * 128**2 - 8 * (m + 1) * 64 * 128 - 4 * (ell + m + 1) ** 2 * 128) == 0
