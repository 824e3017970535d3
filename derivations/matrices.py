"""What a network is made of: weight matrices and matrix products, each with its shape, parameters and FLOP.

The only rule of counting in this folder stands here: a product of an (m x k) by a (k x n) matrix makes m n sums of k
fused multiply-adds, and one fused multiply-add is two FLOP.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sympy import Expr, Integer, symbols

from .steps import math

NONE, ONE = Integer(0), Integer(1)
heads = symbols("h", positive=True)
"""Attention heads; the count never depends on it."""


def product(m: Expr, k: Expr, n: Expr) -> Expr:
    """FLOP of an (m x k) by (k x n) matrix product: 2 m k n.

    >>> product(Integer(1), Integer(3), Integer(1))
    6
    """
    return 2 * m * k * n


@dataclass(frozen=True)
class Weight:
    """A weight matrix."""

    rows: Expr
    columns: Expr

    @property
    def parameters(self) -> Expr:
        """Its entries."""
        return self.rows * self.columns


@dataclass(frozen=True)
class Linear:
    """A layer X -> X W, with W of shape (inputs x outputs)."""

    inputs: Expr
    outputs: Expr

    @property
    def weight(self) -> Weight:
        """Its matrix W."""
        return Weight(self.inputs, self.outputs)

    def flop(self, rows: Expr) -> Expr:
        """FLOP of applying it to a matrix of that many rows (one row per token)."""
        return product(rows, self.inputs, self.outputs)


@dataclass(frozen=True)
class Operator:
    """One kind of work in a network: its name, the group it belongs to, its matrices and what they cost.

    ``weights`` counts the entries of weight matrices, ``vectors`` every other trained number (biases, gains, tables).
    """

    name: str
    group: str
    shapes: str
    weights: Expr = NONE
    flop: Expr = NONE
    vectors: Expr = NONE


def linear(name: str, group: str, layer: Linear, rows: Expr, count: Expr = ONE, bias: bool = False) -> Operator:
    """``count`` linear layers of the same shape, each applied to ``rows`` rows."""
    return Operator(
        name,
        group,
        _shapes(count, (rows, layer.inputs), (layer.inputs, layer.outputs)),
        weights=count * layer.weight.parameters,
        flop=count * layer.flop(rows),
        vectors=count * layer.outputs if bias else NONE,
    )


def attention(group: str, queries: Expr, keys: Expr, width: Expr) -> tuple[Operator, Operator]:
    """The two products of attention over all heads, Q K^T and A V; neither has a weight, and h cancels."""
    head = width / heads
    scores = heads * product(queries, head, keys)
    values = heads * product(queries, keys, head)
    return (
        Operator("scores $Q K^T$", group, _shapes(heads, (queries, head), (head, keys)), flop=scores),
        Operator("weighted values $A V$", group, _shapes(heads, (queries, keys), (keys, head)), flop=values),
    )


def table(name: str, group: str, entries: Expr) -> Operator:
    """Trained numbers that enter no matrix product: norms, scale tables, embeddings that are looked up."""
    return Operator(name, group, "", vectors=entries)


def weights(operators: Iterable[Operator]) -> Expr:
    """Entries of all weight matrices."""
    return sum((operator.weights for operator in operators), NONE)


def flop(operators: Iterable[Operator]) -> Expr:
    """FLOP of all matrix products."""
    return sum((operator.flop for operator in operators), NONE)


def vectors(operators: Iterable[Operator]) -> Expr:
    """Trained numbers that stand in no weight matrix."""
    return sum((operator.vectors for operator in operators), NONE)


def of(operators: Iterable[Operator], *groups: str) -> tuple[Operator, ...]:
    """Those of these groups."""
    return tuple(operator for operator in operators if operator.group in groups)


def _shapes(count: Expr, left: tuple[Expr, Expr], right: tuple[Expr, Expr]) -> str:
    times = "" if count == 1 else rf"{math(count)} \cdot "
    first, second = (rf"({_size(rows)} \times {_size(columns)})" for rows, columns in (left, right))
    return f"${times}{first}\\,{second}$"


def _size(size: Expr) -> str:
    return rf"({math(size)})" if size.is_Add else math(size)
