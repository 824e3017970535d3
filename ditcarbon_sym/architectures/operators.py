r"""The operator vocabulary: what a network is made of, and what each piece costs.

A network is a list of `Operator`. Each knows the rows it works on, its trained parameters, its FLOP, its elementwise
operations and the elements it moves, as sympy expressions, so that the same list serves numbers, symbols and arrays.

Conventions:

* FLOP are products, convolutions and attention scores; one fused multiply-add is two FLOP. Bias, norm, activation,
  softmax and residual work is elementwise and counted apart.
* Attention masks count as fully valid, padding as work.
* Elements moved are those that the eager execution of the released code reads and writes outside the chip: every
  elementwise expression is a pass of its own, attention is fused and never stores its scores, and a layer's weights
  are read once in a pass. Bytes are elements times the size of one.
* Everything is for one sample; all but the weights grows in proportion to the batch.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

from sympy import Add, Expr, Integer, Mul, Symbol

Size: TypeAlias = Expr | int
"""A number, or an expression in tokens, pixels and frames."""

DENSE, ATTENTION, LINEAR_ATTENTION, CONVOLUTION = "dense", "attention", "linear attention", "convolution"
EMBEDDING, NORM, ELEMENTWISE = "embedding", "norm", "elementwise"
KINDS = (DENSE, ATTENTION, LINEAR_ATTENTION, CONVOLUTION, EMBEDDING, NORM, ELEMENTWISE)

# Elementwise operations for each element, the transcendental ones as one.
LAYER_NORM, RMS_NORM, AFFINE, SOFTMAX, ROTATION = 5, 3, 1, 5, 3


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What is counted of an operator each time that it occurs, or of many together: numbers, or expressions in tokens,
    pixels and frames.
    """

    parameters: Any = 0
    flop: Any = 0
    elementwise: Any = 0
    moved: Any = 0
    weights: Any = 0
    """Parameters read in a pass, fewer than ``parameters`` where a table is looked up."""
    buffers: Any = 0


@dataclass(frozen=True)
class Operator(Costs):
    """One piece of a network."""

    name: str
    """Its place in the released code."""
    kind: str
    rows: Size = 1
    """Where it applies: latent rows (ell), text rows (m), both, or once per sample (1)."""
    times: Size = 1
    """How often it occurs."""
    together: Size = 1
    """Of the occurrences, so many are one call, as the heads of a batched product are."""
    block: str = ""
    """The repeated block that it belongs to; empty outside the blocks."""

    @property
    def calls(self) -> Expr:
        """How often it is launched in a pass."""
        return Integer(1) * self.times / self.together


def total(operators: Iterable[Operator]) -> Costs:
    """Add up, each with its multiplicity.

    >>> total([dense("q", 10, 4, 8), dense("k", 10, 4, 8)]).flop
    1280
    """
    listed = list(operators)
    return Costs(**{y.name: Add(*(Mul(x.times, getattr(x, y.name)) for x in listed)) for y in fields(Costs)})


def flop(operators: Iterable[Operator]) -> Expr:
    """Add up the FLOP alone."""
    return Add(*(Mul(x.times, x.flop) for x in operators))


def grouped(operators: Iterable[Operator], key: Callable[[Operator], str]) -> dict[str, list[Operator]]:
    """Sort operators by what ``key`` says of them, in order of appearance."""
    found: dict[str, list[Operator]] = {}
    for operator in operators:
        found.setdefault(key(operator), []).append(operator)
    return found


def repeated(block: str, times: Size, operators: Iterable[Operator]) -> list[Operator]:
    """The same operators in each of ``times`` blocks."""
    if times == 0:
        return []
    return [replace(x, times=x.times * times, block=f"{block}.{x.block}".rstrip(".")) for x in operators]


def within(prefix: str, operators: Iterable[Operator]) -> list[Operator]:
    """The same operators as parts of a module: its name goes before theirs."""
    return [replace(x, name=f"{prefix}.{x.name}") for x in operators]


def shared(operators: Iterable[Operator]) -> list[Operator]:
    """The same operators at work once more with weights that are counted already."""
    return [replace(x, parameters=0, buffers=0) for x in operators]


def at_rows(operators: Iterable[Operator], rows: Mapping[Symbol, Expr]) -> list[Operator]:
    """The same operators with other rows in place of some of their symbols.

    >>> from ditcarbon_sym.equations.notation import m
    >>> at_rows([dense("q", m, 4, 8)], {m: m + 1})[0].rows
    m + 1
    """
    return [Operator(**{key: _put_in(x, rows) for key, x in vars(one).items()}) for one in operators]


def _put_in(value: Any, rows: Mapping[Symbol, Expr]) -> Any:
    return value.xreplace(rows) if isinstance(value, Expr) else value


def unused(operators: Iterable[Operator]) -> list[Operator]:
    """The same operators as weights that are loaded and not at work."""
    return [replace(x, flop=0, elementwise=0, moved=0, weights=0) for x in operators]


def dense(name: str, rows: Size, inputs: Size, outputs: Size, *, bias: bool = True) -> Operator:
    """A linear layer on ``rows`` rows: FLOP 2 rows inputs outputs.

    >>> dense("q", 1, 3, 5).parameters, dense("q", 1, 3, 5).flop
    (20, 30)
    """
    return _weighted(
        name, DENSE, rows, parameters=inputs * outputs + int(bias) * outputs, flop=2 * inputs * outputs * rows,
        elementwise=int(bias) * outputs * rows, moved=rows * (inputs + outputs),
    )  # fmt: skip


def attention(
    name: str, queries: Size, keys: Size, heads: Size, head_width: Size, *, value_width: Size | None = None
) -> Operator:
    """Scores and weighted values, softmax between them: FLOP 2 queries keys heads (head_width + value_width).

    It has no weights. Grouped-query attention has fewer key and value heads to project, but as many products.
    """
    values = head_width if value_width is None else value_width
    return Operator(
        name, ATTENTION, queries, flop=2 * heads * (head_width + values) * queries * keys,
        elementwise=SOFTMAX * heads * queries * keys, moved=heads * (head_width + values) * (queries + keys),
    )  # fmt: skip


def product(name: str, rows: Size, inner: Size, columns: Size, *, times: Size = 1, kind: str = ATTENTION) -> Operator:
    """A product of two activations, (rows x inner) by (inner x columns): FLOP 2 rows inner columns.

    ``times`` such products, as one for each head, are one batched call.
    """
    return Operator(
        name, kind, rows, flop=2 * rows * inner * columns, moved=rows * inner + inner * columns + rows * columns,
        times=times, together=times,
    )  # fmt: skip


def convolution(
    name: str, positions: Size, inputs: Size, outputs: Size, kernel: Sequence[int], *, groups: Size = 1,
    bias: bool = True, inputs_read: Size | None = None,
) -> Operator:  # fmt: skip
    """A convolution in two or three dimensions with this many output positions.

    FLOP 2 positions outputs (inputs / groups) kernel; padding counts as work. ``inputs_read`` are its input
    positions, where they are not as many as the output's (stride).

    >>> convolution("conv", 100, 8, 16, (3, 3)).parameters
    1168
    """
    whole = math.prod(kernel) * inputs * outputs
    weight = whole if groups == 1 else Integer(1) * whole / groups
    read = positions if inputs_read is None else inputs_read
    return _weighted(
        name, CONVOLUTION, positions, parameters=weight + int(bias) * outputs, flop=2 * weight * positions,
        elementwise=int(bias) * outputs * positions, moved=read * inputs + positions * outputs,
    )  # fmt: skip


def embedding(name: str, rows: Size, entries: Size, width: Size) -> Operator:
    """A table that is looked up: of its ``entries`` only ``rows`` are read."""
    return Operator(name, EMBEDDING, rows, parameters=entries * width, moved=2 * rows * width)


def table(name: str, entries: Size) -> Operator:
    """Trained numbers that enter no product: scale tables, learned tokens, learned positions."""
    return _weighted(name, EMBEDDING, 1, parameters=entries)


def buffer(name: str, entries: Size) -> Operator:
    """Numbers that are stored but not trained, such as computed positions."""
    return Operator(name, EMBEDDING, buffers=entries)


def norm(name: str, rows: Size, width: Size, *, vectors: int = 0, operations: int = LAYER_NORM) -> Operator:
    """A normalisation over ``width``, with ``vectors`` trained vectors: 0, 1 (scale) or 2 (scale and shift).

    For a norm over each head, ``rows`` is tokens times heads and ``width`` the width of a head.
    """
    return _weighted(
        name, NORM, rows, parameters=vectors * width, elementwise=(operations + AFFINE * vectors) * width * rows,
        moved=2 * width * rows,
    )  # fmt: skip


def rms_norm(name: str, rows: Size, width: Size, *, vectors: int = 1) -> Operator:
    """A root-mean-square normalisation over ``width``."""
    return norm(name, rows, width, vectors=vectors, operations=RMS_NORM)


def elementwise(
    name: str, rows: Size, width: Size, *, operations: int = 1, reads: int = 1, writes: int = 1
) -> Operator:
    """Work on single elements: ``reads`` and ``writes`` count passes over all rows x width of them."""
    return Operator(
        name, ELEMENTWISE, rows, elementwise=operations * width * rows, moved=(reads + writes) * width * rows
    )


def activation(name: str, rows: Size, width: Size) -> Operator:
    """A nonlinearity: read, written."""
    return elementwise(name, rows, width)


def gate(name: str, rows: Size, width: Size) -> Operator:
    """An activation of one half times the other half (GEGLU, SwiGLU): two passes, five elements for each."""
    return elementwise(name, rows, width, operations=2, reads=3, writes=2)


def modulate(name: str, rows: Size, width: Size) -> Operator:
    """Scale and shift by vectors of the condition: two passes over the rows."""
    return elementwise(name, rows, width, operations=2, reads=2, writes=2)


def residual(name: str, rows: Size, width: Size) -> Operator:
    """The sum of two: two operands read, one written."""
    return elementwise(name, rows, width, reads=2)


def gated_residual(name: str, rows: Size, width: Size) -> Operator:
    """One plus a gate times another: the product is a pass of its own."""
    return elementwise(name, rows, width, operations=2, reads=3, writes=2)


def rotary(name: str, rows: Size, width: Size, *, as_complex: bool = False) -> Operator:
    """Rotary positions on queries or keys: ``x cos + turned(x) sin`` in four passes, one of which writes the turned x;
    or, for pairs of numbers that are taken as complex ones, one product.
    """
    if as_complex:
        return elementwise(name, rows, width, operations=ROTATION)
    return elementwise(name, rows, width, operations=ROTATION, reads=5, writes=4)


def _weighted(
    name: str, kind: str, rows: Size, *, parameters: Size, flop: Size = 0, elementwise: Size = 0, moved: Size = 0
) -> Operator:
    """An operator that reads all its parameters in a pass."""
    return Operator(
        name, kind, rows, parameters=parameters, flop=flop, elementwise=elementwise, moved=moved, weights=parameters
    )
