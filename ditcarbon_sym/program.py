"""Expressions as a straight line of array operations, for one way in which their inputs vary.

Which axes an input varies along is a number, its *axes*: bit k is set if it varies along axis k; an input that does
not vary has none. Known beforehand, this decides the order of the work:

* what is free of arrays is computed once, as scalars, and every product keeps its scalar factors apart until they
  are needed: sums and products of arrays are taken over arrays alone, and results that differ by a scalar are one
  array times several scalars;
* products and sums over several axes are taken in order of size, so that an outer product is computed on its
  factors and broadcast as late as possible;
* equal operations on equal operands are one operation, whatever expression they came from;
* whole powers are products, roots of two and four are square roots.

The same line runs through NumPy block by block (`evaluate`) or as one compiled loop (`fused`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from sympy import Abs, Add, Expr, Max, Min, Mul, Piecewise, Pow, Symbol, ceiling, exp, floor, log
from sympy.core.relational import Relational
from sympy.logic.boolalg import And, Boolean, BooleanFalse, BooleanTrue, Not, Or

Definition = tuple[Symbol, Expr]
Operation = tuple[str, int, tuple[int, ...]]
"""A function's name, the register it writes, the registers it reads."""
Term = tuple[int, int]
"""A scalar register times an array register."""

COMMUTATIVE = frozenset({"multiply", "add", "maximum", "minimum"})
COMPARISONS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal"}
FUNCTIONS: Mapping[Any, str] = {exp: "exp", log: "log", Abs: "absolute", floor: "floor", ceiling: "ceil"}
CHAINS: Mapping[Any, str] = {Max: "maximum", Min: "minimum", And: "minimum", Or: "maximum"}
SQUARINGS = 64
"""Whole powers up to this one are repeated products."""


@dataclass(frozen=True)
class Program:
    """Operations in order; ``axes`` of every register, ``inputs`` the argument's register (None if it is not used)."""

    operations: tuple[Operation, ...]
    axes: tuple[int, ...]
    constants: Mapping[int, float]
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]


def program(
    expressions: Sequence[Expr], definitions: Sequence[Definition], arguments: Sequence[Symbol], axes: Sequence[int]
) -> Program:
    """Return the operations that compute ``expressions`` where each argument varies along these axes.

    >>> from ditcarbon_sym.notation import B, S, d
    >>> [name for name, _, _ in program((S * d**2 * B + 3 * B * S,), (), (B, S, d), (1, 1, 0)).operations]
    ['multiply', 'multiply', 'add', 'multiply']
    """
    lines = _Lines(dict(definitions), dict(zip(arguments, axes, strict=True)))
    outputs = tuple(lines.whole(lines.term(expression)) for expression in expressions)
    return Program(
        _alive(lines.operations, outputs), tuple(lines.axes), dict(lines.constants),
        tuple(lines.inputs.get(x) for x in arguments), outputs,
    )  # fmt: skip


def _alive(operations: Sequence[Operation], outputs: Iterable[int]) -> tuple[Operation, ...]:
    """Leave out what nothing reads."""
    wanted, kept = set(outputs), []
    for operation in reversed(operations):
        if operation[1] in wanted:
            kept.append(operation)
            wanted.update(operation[2])
    return tuple(kept[::-1])


class _Lines:
    """Writes operations one after another; a value is a `Term`, multiplied out when something needs it whole."""

    def __init__(self, definitions: Mapping[Symbol, Expr], arguments: Mapping[Symbol, int]) -> None:
        self.definitions, self.arguments = definitions, arguments
        self.operations: list[Operation] = []
        self.axes: list[int] = []
        self.constants: dict[int, float] = {}
        self.inputs: dict[Symbol, int] = {}
        self._registers: dict[Any, int] = {}
        self._terms: dict[Any, Term] = {}
        self.one = self.constant(1.0)

    def constant(self, value: float) -> int:
        """The register of a number."""
        key = ("constant", value)
        if key not in self._registers:
            self._registers[key] = self._new(0)
            self.constants[self._registers[key]] = value
        return self._registers[key]

    def _new(self, axes: int) -> int:
        self.axes.append(axes)
        return len(self.axes) - 1

    def apply(self, name: str, *operands: int) -> int:
        """The register of a function of registers; numbers alone are computed here."""
        if name == "multiply" and self.one in operands:
            return operands[0] if operands[1] == self.one else operands[1]
        if name == "divide" and operands[1] == self.one:
            return operands[0]
        if all(x in self.constants for x in operands):
            known = [np.float64(self.constants[x]) for x in operands]
            with np.errstate(all="ignore"):
                return self.constant(float(FUNCTION[name](*known)))
        key = (name, *(sorted(operands) if name in COMMUTATIVE else operands))
        if key not in self._registers:
            self._registers[key] = self._new(reduce(int.__or__, (self.axes[x] for x in operands)))
            self.operations.append((name, self._registers[key], operands))
        return self._registers[key]

    def whole(self, term: Term) -> int:
        """The register of scalar times array."""
        return self.apply("multiply", term[1], term[0])

    def term(self, expression: Expr) -> Term:
        """Write what computes an expression; return it as scalar times array."""
        if expression not in self._terms:
            self._terms[expression] = self._written(expression)
        return self._terms[expression]

    def _plain(self, register: int) -> Term:
        return (self.one, register) if self.axes[register] else (register, self.one)

    def _written(self, x: Any) -> Term:
        if x.is_Symbol:
            return self.term(self.definitions[x]) if x in self.definitions else self._plain(self._input(x))
        if x.is_number:
            return (self.constant(float(x)), self.one)
        if isinstance(x, Mul):
            return self._product(x)
        if isinstance(x, Add):
            return self._sum(self._summands(x))
        if isinstance(x, Pow):
            return self._power(x.base, x.exp)
        return self._plain(self._function(x))

    def _input(self, symbol: Symbol) -> int:
        if symbol not in self.inputs:
            self.inputs[symbol] = self._new(self.arguments[symbol])
        return self.inputs[symbol]

    def _chain(self, name: str, registers: Iterable[int], start: int | None = None) -> int:
        """Fold registers, those that vary along the fewest axes first."""
        ordered = sorted(registers, key=lambda r: (self.axes[r].bit_count(), self.axes[r], r))
        return reduce(lambda a, b: self.apply(name, a, b), ordered[1:] if start is None else ordered,
                      ordered[0] if start is None else start)  # fmt: skip

    def _product(self, x: Mul) -> Term:
        above, below = [], []
        for factor in x.args:
            if isinstance(factor, Pow) and factor.exp.is_number and factor.exp.is_negative:
                below.append(self._power(factor.base, -factor.exp))
            else:
                above.append(self.term(factor))
        return self._quotient(above, below)

    def _quotient(self, above: Sequence[Term], below: Sequence[Term]) -> Term:
        """A product over a product: scalars apart, arrays in order of the axes they vary along."""
        scale = self._chain("multiply", (t[0] for t in above), self.one)
        divisor = self._chain("multiply", (t[0] for t in below), self.one)
        scale = self.apply("divide", scale, divisor)
        tops = [t[1] for t in above if t[1] != self.one]
        bottoms = [t[1] for t in below if t[1] != self.one]
        groups = sorted({self.axes[r] for r in (*tops, *bottoms)}, key=lambda g: (g.bit_count(), g))
        found = self.one
        for group in groups:
            part = self._chain("multiply", (r for r in tops if self.axes[r] == group), self.one)
            under = self._chain("multiply", (r for r in bottoms if self.axes[r] == group), self.one)
            if found == part == self.one:  # nothing stands above yet: the scalars do
                found, scale = scale, self.one
            if part == self.one:
                found = self.apply("divide", found, under)
            else:
                found = self.apply("multiply", found, self.apply("divide", part, under))
            if len(groups) > 1 and group == groups[0]:
                found, scale = self.apply("multiply", found, scale), self.one
        return scale, found

    def _summands(self, x: Expr) -> list[Term]:
        """The terms of a sum; a scalar times a sum is a sum."""
        if isinstance(x, Add):
            return [term for part in x.args for term in self._summands(part)]
        if isinstance(x, Mul):
            sums = [part for part in x.args if isinstance(part, Add) and self._varies(part)]
            if len(sums) == 1:
                others = [self.term(part) for part in x.args if part is not sums[0]]
                if all(term[1] == self.one for term in others):
                    scale = self._chain("multiply", (term[0] for term in others), self.one)
                    return [(self.apply("multiply", term[0], scale), term[1]) for term in self._summands(sums[0])]
        return [self.term(x)]

    def _varies(self, x: Expr) -> bool:
        return self.term(x)[1] != self.one

    def _sum(self, terms: Sequence[Term]) -> Term:
        scales: dict[int, int] = {}
        for scale, array in terms:
            scales[array] = self.apply("add", scales[array], scale) if array in scales else scale
        constant = scales.pop(self.one, None)
        if not scales:
            return (self.constant(0.0) if constant is None else constant), self.one
        alike: dict[tuple[int, int], list[int]] = {}  # arrays of the same axes that share a scalar
        for array, scale in scales.items():
            alike.setdefault((self.axes[array], scale), []).append(array)
        parts = [(key[1], self._chain("add", arrays)) for key, arrays in alike.items()]
        parts.sort(key=lambda part: (self.axes[part[1]].bit_count(), self.axes[part[1]], part[0] == self._minus))
        if len(parts) == 1 and constant is None:
            return parts[0]
        if len(parts) > 1 and len({part[0] for part in parts}) == 1 and constant is None:
            return parts[0][0], self._chain("add", (part[1] for part in parts))
        found = constant
        for scale, array in parts:
            if found is None:
                found = self.whole((scale, array))
            elif scale == self._minus:
                found = self.apply("subtract", found, array)
            else:
                found = self.apply("add", self.whole((scale, array)), found)
        return self._plain(found if found is not None else self.one)

    @property
    def _minus(self) -> int:
        return self.constant(-1.0)

    def _power(self, base: Expr, exponent: Expr) -> Term:
        if exponent.is_Integer and abs(int(exponent)) <= SQUARINGS:
            scale, array = self.term(base)
            power = (self._repeated(scale, abs(int(exponent))), self._repeated(array, abs(int(exponent))))
            return power if exponent > 0 else self._quotient([], [power])
        if exponent.is_Rational and exponent.q in (2, 4) and abs(int(exponent.p)) <= SQUARINGS:
            root = self.apply("sqrt", self.whole(self.term(base)))
            root = self.apply("sqrt", root) if exponent.q == 4 else root
            power = self._plain(self._repeated(root, abs(int(exponent.p))))
            return power if exponent.p > 0 else self._quotient([], [power])
        return self._plain(self.apply("power", self.whole(self.term(base)), self.whole(self.term(exponent))))

    def _repeated(self, register: int, times: int) -> int:
        """A whole power as a product, by squaring."""
        found, square = self.one, register
        while times:
            found = self.apply("multiply", found, square) if times & 1 else found
            times >>= 1
            square = self.apply("multiply", square, square) if times else square
        return found

    def _function(self, x: Any) -> int:
        """Everything that is neither sum, product nor power; a condition is 1 or 0."""
        if isinstance(x, BooleanTrue | BooleanFalse):
            return self.constant(float(bool(x)))
        if isinstance(x, Relational):
            return self.apply(COMPARISONS[x.rel_op], *(self.whole(self.term(side)) for side in x.args))
        if isinstance(x, Not):
            return self.apply("subtract", self.one, self._condition(x.args[0]))
        if isinstance(x, Piecewise):
            found = self.constant(float("nan"))
            for value, condition in reversed(x.args):
                found = self.apply("where", self._condition(condition), self.whole(self.term(value)), found)
            return found
        if type(x) in CHAINS:
            return self._chain(CHAINS[type(x)], (self._condition(part) for part in x.args))
        if type(x) in FUNCTIONS:
            return self.apply(FUNCTIONS[type(x)], self.whole(self.term(x.args[0])))
        raise TypeError(f"{type(x).__name__} cannot be compiled: {x}")

    def _condition(self, x: Any) -> int:
        return self._function(x) if isinstance(x, Boolean) else self.whole(self.term(x))


def _where(condition: Any, one: Any, other: Any, out: Any = None) -> Any:
    """Choose elementwise, as a ufunc does: into ``out`` if there is one."""
    if out is None:
        return np.where(condition != 0, one, other)[()]
    chosen = np.where(condition != 0, one, other)
    np.copyto(out, chosen)
    return out


FUNCTION: Mapping[str, Any] = {
    **{name: getattr(np, name) for name in (
        "multiply", "divide", "add", "subtract", "sqrt", "power", "exp", "log", "absolute", "floor", "ceil",
        "maximum", "minimum", *COMPARISONS.values(),
    )},
    "where": _where,
}  # fmt: skip
"""What a program's functions are in NumPy; all take ``out`` as their last argument."""
