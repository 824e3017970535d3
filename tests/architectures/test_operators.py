"""What an operator costs, against the same work done by hand: products one by one, elementwise passes on a tape."""

from dataclasses import dataclass, field
from itertools import product as pairs

import pytest
from sympy import Integer, symbols

from ditcarbon_sym.architectures import operators as made
from ditcarbon_sym.architectures.operators import (
    ATTENTION,
    CONVOLUTION,
    DENSE,
    ELEMENTWISE,
    EMBEDDING,
    LINEAR_ATTENTION,
    NORM,
    Operator,
    flop,
    grouped,
    repeated,
    shared,
    total,
    unused,
    within,
)

ROWS, WIDTH = 7, 12


@dataclass
class Tape:
    """Elements that eager code reads and writes when it works on whole rows; vectors of a condition cost nothing."""

    read: int = 0
    written: int = 0
    done: int = 0

    def pass_over(self, *operands):
        self.read += sum(x.elements for x in operands if isinstance(x, Rows))
        self.written += ROWS * WIDTH
        self.done += ROWS * WIDTH
        return Rows(self)


@dataclass
class Rows:
    """An activation of ROWS x WIDTH; each operation on it is a pass of its own, written out."""

    tape: Tape
    elements: int = field(default=ROWS * WIDTH)

    def __add__(self, other):
        return self.tape.pass_over(self, other)

    __mul__ = __add__
    turned = activated = lambda self: self.tape.pass_over(self)


VECTOR = object()
EAGER = {
    "activation": lambda x, y: x.activated(),
    "gate": lambda x, y: x.activated() * y,
    "modulate": lambda x, y: x * VECTOR + VECTOR,
    "residual": lambda x, y: x + y,
    "gated_residual": lambda x, y: x + y * VECTOR,
    "rotary": lambda x, y: x * VECTOR + x.turned() * VECTOR,
}
"""The released code of each kind of elementwise work, as it would be run without fusion."""


@pytest.mark.parametrize("name", EAGER)
def test_elementwise_work_moves_what_its_passes_read_and_write(name):
    tape = Tape()
    EAGER[name](Rows(tape), Rows(tape))
    found = getattr(made, name)("x", ROWS, WIDTH)
    assert found.kind == ELEMENTWISE and found.rows == ROWS
    assert found.moved == tape.read + tape.written
    # To turn halves of a row is to copy them, which is no arithmetic.
    assert found.elementwise == tape.done - (ROWS * WIDTH if name == "rotary" else 0)
    assert found.parameters == found.weights == found.flop == found.buffers == 0


def test_a_dense_layer_is_as_many_multiply_adds_as_there_are_triples():
    found = made.dense("q", 3, 4, 5)
    assert found.flop == 2 * len(list(pairs(range(3), range(4), range(5))))
    assert found.parameters == found.weights == 4 * 5 + 5
    assert found.elementwise == 3 * 5  # a bias for each output
    assert found.moved == 3 * 4 + 3 * 5
    bare = made.dense("q", 3, 4, 5, bias=False)
    assert (bare.parameters, bare.elementwise, bare.flop, bare.kind) == (20, 0, found.flop, DENSE)


def test_attention_is_two_products_for_each_head_and_a_softmax_between():
    """Three queries, five keys, two heads 4 wide, values 6 wide."""
    scores = 2 * made.product("qk", 3, 4, 5).flop
    values = 2 * made.product("av", 3, 5, 6).flop
    found = made.attention("scores", 3, 5, 2, 4, value_width=6)
    assert found.flop == scores + values == 2 * 2 * (3 * 4 * 5 + 3 * 5 * 6)
    assert found.elementwise == 5 * 2 * 3 * 5  # five operations to a score, as softmax is counted
    # Queries and outputs have rows of queries, keys and values rows of keys: the scores are never written.
    assert found.moved == 3 * 2 * (4 + 6) + 5 * 2 * (4 + 6)
    assert (found.kind, found.rows, found.parameters, found.weights) == (ATTENTION, 3, 0, 0)
    alike = made.attention("scores", 3, 5, 2, 4)
    assert alike.flop == 2 * 2 * 3 * 5 * 4 * 2 and alike.moved == (3 + 5) * 2 * 8


def test_a_product_of_activations_reads_both_and_writes_one():
    found = made.product("kv", 3, 4, 5, times=6, kind=LINEAR_ATTENTION)
    assert (found.flop, found.moved, found.times, found.calls) == (2 * 3 * 4 * 5, 3 * 4 + 4 * 5 + 3 * 5, 6, 1)
    assert total([found]).flop == 6 * found.flop and found.kind == LINEAR_ATTENTION
    assert made.product("kv", 3, 4, 5).calls == 1


def test_a_convolution_visits_its_kernel_at_every_output():
    """Ten outputs of a kernel of 2 x 3 x 5 from eight channels to sixteen, in two groups."""
    taps = 2 * 3 * 5 * (8 // 2)
    found = made.convolution("c", 10, 8, 16, (2, 3, 5), groups=2)
    assert found.flop == 2 * 10 * 16 * taps
    assert found.parameters == found.weights == 16 * taps + 16
    assert found.elementwise == 10 * 16 and found.moved == 10 * 8 + 10 * 16 and found.kind == CONVOLUTION
    strided = made.convolution("c", 10, 8, 16, (2, 3, 5), groups=2, bias=False, inputs_read=40)
    assert (strided.flop, strided.parameters, strided.elementwise) == (found.flop, 16 * taps, 0)
    assert strided.moved == 40 * 8 + 10 * 16


def test_a_norm_reads_and_writes_its_rows_once_whatever_is_trained():
    for vectors in (0, 1, 2):
        found = made.norm("n", ROWS, WIDTH, vectors=vectors)
        assert found.moved == 2 * ROWS * WIDTH and found.kind == NORM
        assert found.parameters == found.weights == vectors * WIDTH
    # Mean, difference, square, sum and quotient; a root mean square has neither mean nor difference.
    assert made.norm("n", ROWS, WIDTH).elementwise == 5 * ROWS * WIDTH
    assert made.norm("n", ROWS, WIDTH, vectors=2).elementwise == (5 + 2) * ROWS * WIDTH
    assert made.rms_norm("n", ROWS, WIDTH).elementwise == (3 + 1) * ROWS * WIDTH
    assert made.rms_norm("n", ROWS, WIDTH, vectors=0).elementwise == 3 * ROWS * WIDTH


def test_a_table_is_read_whole_where_it_is_added_and_by_rows_where_it_is_looked_up():
    looked_up = made.embedding("e", ROWS, 1000, WIDTH)
    assert (looked_up.parameters, looked_up.weights, looked_up.moved) == (1000 * WIDTH, 0, 2 * ROWS * WIDTH)
    added = made.table("t", 1000)
    assert (added.parameters, added.weights, added.moved, added.rows) == (1000, 1000, 0, 1)
    kept = made.buffer("b", 1000)
    assert (kept.buffers, kept.parameters, kept.weights, kept.rows) == (1000, 0, 0, 1)
    assert {looked_up.kind, added.kind, kept.kind} == {EMBEDDING}


def test_a_plain_operator_is_one_row_once_alone_and_outside_the_blocks():
    plain = Operator("x", DENSE)
    assert (plain.rows, plain.times, plain.together, plain.calls, plain.block) == (1, 1, 1, 1, "")
    assert {*vars(total([plain])).values()} == {0}


def test_blocks_multiply_and_nest():
    one = made.dense("q", 3, 4, 5)
    (inner,) = repeated("inner", 2, [one])
    (outer,) = repeated("outer", 3, [inner])
    assert (inner.block, outer.block, outer.times, outer.calls) == ("inner", "outer.inner", 6, 6)
    assert flop([outer]) == total([outer]).flop == 6 * one.flop
    assert repeated("none", 0, [one]) == [] and repeated("once", 1, [one])[0].times == 1
    assert within("attn", [one])[0].name == "attn.q"


def test_weights_at_work_once_more_are_not_counted_twice():
    one = made.dense("q", 3, 4, 5)
    (again,) = shared([one])
    assert (again.parameters, again.buffers, again.flop, again.weights) == (0, 0, one.flop, one.weights)
    (idle,) = unused([one])
    assert (idle.parameters, idle.flop, idle.elementwise, idle.moved, idle.weights) == (25, 0, 0, 0, 0)
    assert shared([made.buffer("b", 5)])[0].buffers == 0


def test_operators_are_grouped_in_the_order_in_which_they_come():
    listed = [made.dense(x, 1, 1, 1) for x in ("b", "a", "b")]
    assert {key: len(x) for key, x in grouped(listed, lambda x: x.name).items()} == {"b": 2, "a": 1}
    assert list(grouped(listed, lambda x: x.name)) == ["b", "a"]


def test_sizes_may_be_symbols():
    rows, width = symbols("rows width", positive=True)
    found = total(repeated("blocks", 2, [made.dense("q", rows, width, width), made.gate("g", rows, width)]))
    assert found.flop - 4 * rows * width**2 == 0
    assert found.moved.expand() == 2 * (2 * rows * width + 5 * rows * width)
    assert made.at_rows([made.modulate("m", rows, 3)], {rows: Integer(4)})[0].moved == 4 * 4 * 3
