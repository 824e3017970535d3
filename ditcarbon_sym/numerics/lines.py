"""Expressions as a straight line of array operations, for one way in which their inputs vary.

Which axes an input varies along is a number, its *axes*: bit k is set if it varies along axis k; an input that does
not vary has none. Known beforehand, this decides the order of the work:

* what is free of arrays is computed once, as scalars;
* products are kept as `monomials` until they are needed; sums are divided by what their terms have in common;
* sums over several axes are taken in order of size, those of results that differ by a scalar only once;
* roots of two and four are square roots.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

from sympy import Abs, Add, Expr, Max, Min, Mul, Piecewise, Pow, Symbol, ceiling, exp, floor, log
from sympy.core.relational import Relational
from sympy.logic.boolalg import ITE, And, Boolean, BooleanFalse, BooleanTrue, Not, Or

from .monomials import UNIT, Monomial, Monomials, Term, common, over
from .program import COMPARISONS, Operation, Program

Definition = tuple[Symbol, Expr]

FUNCTIONS: Mapping[Any, str] = {exp: "exp", log: "log", Abs: "absolute", floor: "floor", ceiling: "ceil"}
CHAINS: Mapping[Any, str] = {Max: "maximum", Min: "minimum", And: "minimum", Or: "maximum"}
SQUARINGS = 64
"""Whole powers up to this one are repeated products."""


def program(
    expressions: Sequence[Expr], definitions: Sequence[Definition], arguments: Sequence[Symbol], axes: Sequence[int]
) -> Program:
    """Return the operations that compute ``expressions`` where each argument varies along these axes.

    >>> from ditcarbon_sym.equations.notation import B, S, d
    >>> [name for name, _, _ in program((S * d**2 * B + 3 * B * S,), (), (B, S, d), (1, 1, 0)).operations]
    ['multiply', 'add', 'multiply', 'multiply']
    """
    lines = _Lines(dict(definitions), dict(zip(arguments, axes, strict=True)))
    terms = [lines.term(expression) for expression in expressions]
    lines.share(terms)
    outputs = tuple(lines.whole(term) for term in terms)
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


class _Lines(Monomials):
    """Writes what computes an expression."""

    def __init__(self, definitions: Mapping[Symbol, Expr], arguments: Mapping[Symbol, int]) -> None:
        super().__init__()
        self.definitions, self.arguments = definitions, arguments
        self.inputs: dict[Symbol, int] = {}
        self._terms: dict[Any, Term] = {}

    def term(self, expression: Expr) -> Term:
        """Write what computes an expression; return it as a number times a monomial."""
        if expression not in self._terms:
            self._terms[expression] = self._written(expression)
        return self._terms[expression]

    def _written(self, x: Any) -> Term:
        if x.is_Symbol:
            return self.term(self.definitions[x]) if x in self.definitions else self._plain(self._input(x))
        if x.is_number:
            return self.constant(float(x)), UNIT
        if isinstance(x, Mul):
            return self._product([self.term(factor) for factor in x.args])
        if isinstance(x, Add):
            return self._sum(self._summands(x))
        if isinstance(x, Pow):
            return self._power(x.base, x.exp)
        return self._plain(self._function(x))

    def _input(self, symbol: Symbol) -> int:
        if symbol not in self.inputs:
            self.inputs[symbol] = self._new(self.arguments[symbol])
        return self.inputs[symbol]

    def _summands(self, x: Expr) -> list[Term]:
        """The terms of a sum; a scalar times a sum is a sum."""
        if isinstance(x, Add):
            return [term for part in x.args for term in self._summands(part)]
        if isinstance(x, Mul):
            sums = [part for part in x.args if isinstance(part, Add) and self._varies(part)]
            if len(sums) == 1 and not any(self._varies(part) for part in x.args if part is not sums[0]):
                others = [self.term(part) for part in x.args if part is not sums[0]]
                return [self._product([term, *others]) for term in self._summands(sums[0])]
        return [self.term(x)]

    def _varies(self, x: Expr) -> bool:
        return any(self.axes[register] for register, _ in self.term(x)[1])

    def _sum(self, terms: Sequence[Term]) -> Term:
        numbers: dict[Monomial, int] = {}
        for number, monomial in terms:
            numbers[monomial] = self.apply("add", numbers[monomial], number) if monomial in numbers else number
        if len(numbers) == 1:
            return next((number, monomial) for monomial, number in numbers.items())
        shared = reduce(common, numbers)
        found = self._added([(number, over(monomial, shared)) for monomial, number in numbers.items()])
        return self._product([found, (self.one, shared)])

    def _added(self, terms: Sequence[Term]) -> Term:
        """Add terms: those of one array have one scalar, and arrays of one scalar are added first."""
        scales: dict[tuple[Monomial, ...], int] = {}
        for term in terms:
            scale, parts = self._parts(term)
            key = tuple(parts)
            scales[key] = self.apply("add", scales[key], scale) if key in scales else scale
        alike: dict[tuple[int, int], list[int]] = {}
        for key, scale in scales.items():
            if len(key) == 1 and any(power > 0 for _, power in key[0]):
                array = self._build(key[0])
            else:  # a scalar, one over something, or an outer product, whose smallest part takes the scalar
                number, factor = self._plain(scale)
                array, scale = self.whole((number, factor.union(*key))), self.one
            alike.setdefault((self.axes[array], scale), []).append(array)
        sums = [(scale, self._chain("add", arrays)) for (_, scale), arrays in alike.items()]
        if len({scale for scale, _ in sums}) == 1:
            total = self._plain(self._chain("add", (array for _, array in sums)))
            return self._product([total, self._plain(sums[0][0])])
        sums.sort(key=lambda part: (part[0] == self.minus, *self._order(part[1])))
        found = self.apply("multiply", sums[0][1], sums[0][0])
        for scale, array in sorted(sums[1:], key=lambda part: self._order(part[1])):
            if scale == self.minus:
                found = self.apply("subtract", found, array)
            else:
                found = self.apply("add", found, self.apply("multiply", array, scale))
        return self._plain(found)

    def _power(self, base: Expr, exponent: Expr) -> Term:
        if exponent.is_Integer and abs(int(exponent)) <= SQUARINGS:
            return self._raised(self.term(base), int(exponent))
        if exponent.is_Rational and exponent.q in (2, 4) and abs(int(exponent.p)) <= SQUARINGS:
            root = self.apply("sqrt", self.whole(self.term(base)))
            root = self.apply("sqrt", root) if exponent.q == 4 else root
            return self._raised(self._plain(root), int(exponent.p))
        return self._plain(self.apply("power", self.whole(self.term(base)), self.whole(self.term(exponent))))

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
        if isinstance(x, ITE):
            return self.apply("where", *(self._condition(part) for part in x.args))
        if type(x) in CHAINS:
            return self._chain(CHAINS[type(x)], (self._condition(part) for part in x.args))
        if type(x) in FUNCTIONS:
            return self.apply(FUNCTIONS[type(x)], self.whole(self.term(x.args[0])))
        raise TypeError(f"{type(x).__name__} cannot be compiled: {x}")

    def _condition(self, x: Any) -> int:
        return self._function(x) if isinstance(x, Boolean) and not x.is_Symbol else self.whole(self.term(x))
