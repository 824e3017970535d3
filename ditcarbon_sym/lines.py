"""Expressions as a straight line of array operations, for one way in which their inputs vary.

Which axes an input varies along is a number, its *axes*: bit k is set if it varies along axis k; an input that does
not vary has none. Known beforehand, this decides the order of the work:

* what is free of arrays is computed once, as scalars;
* a value is a monomial, multiplied out only where it is needed: factors cancel, sums are divided by what their terms
  have in common, a monomial is built on the largest part of it that is there already, arrays apart from scalars, and
  results that differ by a scalar are one array times several scalars;
* products and sums over several axes are taken in order of size, so that an outer product is computed on its
  factors and broadcast as late as possible;
* equal operations on equal operands are one operation, whatever expression they came from;
* whole powers are products, roots of two and four are square roots.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import combinations
from typing import Any

from sympy import Abs, Add, Expr, Max, Min, Mul, Piecewise, Pow, Symbol, ceiling, exp, floor, log
from sympy.core.relational import Relational
from sympy.logic.boolalg import ITE, And, Boolean, BooleanFalse, BooleanTrue, Not, Or

from .program import COMPARISONS, SCALAR, Operation, Program

Definition = tuple[Symbol, Expr]
Monomial = frozenset[tuple[int, int]]
"""Registers with their whole powers; empty for one."""
Term = tuple[int, Monomial]
"""The register of a number times a monomial."""
UNIT: Monomial = frozenset()

COMMUTATIVE = frozenset({"multiply", "add", "maximum", "minimum"})
FUNCTIONS: Mapping[Any, str] = {exp: "exp", log: "log", Abs: "absolute", floor: "floor", ceiling: "ceil"}
CHAINS: Mapping[Any, str] = {Max: "maximum", Min: "minimum", And: "minimum", Or: "maximum"}
SQUARINGS = 64
"""Whole powers up to this one are repeated products."""


def program(
    expressions: Sequence[Expr], definitions: Sequence[Definition], arguments: Sequence[Symbol], axes: Sequence[int]
) -> Program:
    """Return the operations that compute ``expressions`` where each argument varies along these axes.

    >>> from ditcarbon_sym.notation import B, S, d
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


class _Lines:
    """Writes operations one after another."""

    def __init__(self, definitions: Mapping[Symbol, Expr], arguments: Mapping[Symbol, int]) -> None:
        self.definitions, self.arguments = definitions, arguments
        self.operations: list[Operation] = []
        self.axes: list[int] = []
        self.constants: dict[int, float] = {}
        self.inputs: dict[Symbol, int] = {}
        self._registers: dict[Any, int] = {}
        self._terms: dict[Any, Term] = {}
        self._monomials: dict[Monomial, int] = {}
        self.one, self.minus = self.constant(1.0), self.constant(-1.0)

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
            return self.constant(SCALAR[name](*(self.constants[x] for x in operands)))
        key = (name, *(sorted(operands) if name in COMMUTATIVE else operands))
        if key not in self._registers:
            self._registers[key] = self._new(reduce(int.__or__, (self.axes[x] for x in operands)))
            self.operations.append((name, self._registers[key], operands))
        return self._registers[key]

    def _chain(self, name: str, registers: Iterable[int]) -> int:
        """Fold registers, those that vary along the fewest axes first."""
        return reduce(lambda a, b: self.apply(name, a, b), sorted(registers, key=self._order))

    def _order(self, register: int) -> tuple[int, int, int]:
        return self.axes[register].bit_count(), self.axes[register], register

    def term(self, expression: Expr) -> Term:
        """Write what computes an expression; return it as a number times a monomial."""
        if expression not in self._terms:
            self._terms[expression] = self._written(expression)
        return self._terms[expression]

    def _plain(self, register: int) -> Term:
        return (register, UNIT) if register in self.constants else (self.one, frozenset({(register, 1)}))

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

    def _product(self, factors: Sequence[Term]) -> Term:
        powers: dict[int, int] = {}
        for _, monomial in factors:
            for register, power in monomial:
                powers[register] = powers.get(register, 0) + power
        return self._chain("multiply", (number for number, _ in factors)), _monomial(powers)

    def whole(self, term: Term) -> int:
        """The register of a term, multiplied out: a part for every set of axes, the smallest first."""
        scale, parts = self._parts(term)
        if not parts:
            return scale
        first, *others = parts
        if others or (first not in self._monomials and all(power < 0 for _, power in first)):
            found = self._scaled(first, scale)
            return reduce(lambda a, b: self.apply("multiply", a, self._build(b)), others, found)
        return self.apply("multiply", self._build(first), scale)

    def _parts(self, term: Term) -> tuple[int, list[Monomial]]:
        """The scalar of a term, and its arrays by the axes they vary along."""
        number, monomial = term
        groups = sorted({self.axes[register] for register, _ in monomial}, key=lambda g: (g.bit_count(), g))
        parts = [frozenset(x for x in monomial if self.axes[x[0]] == group) for group in groups]
        if not groups or groups[0]:
            return number, parts
        return self._scaled(parts[0], number), parts[1:]

    def _scaled(self, monomial: Monomial, scale: int) -> int:
        """A scalar times a monomial; one that nothing stands above of takes a single division."""
        if monomial in self._monomials or any(power > 0 for _, power in monomial):
            return self.apply("multiply", self._build(monomial), scale)
        return self.apply("divide", scale, self._build(_inverse(monomial)))

    def _build(self, monomial: Monomial) -> int:
        """The register of a monomial, on the largest part of it that is there already."""
        if monomial not in self._monomials:
            self._monomials[monomial] = self._built(monomial)
        return self._monomials[monomial]

    def _built(self, monomial: Monomial) -> int:
        if len(monomial) == 1:
            ((register, power),) = monomial
            if power > 0:
                return self._repeated(register, power)
            return self.apply("divide", self.one, self._build(_inverse(monomial)))
        parts, rest = self._covered(monomial)
        above, below = _split(rest)
        found, powers = self.one, dict[int, int]()
        if parts:
            for part in parts:
                found = self.apply("multiply", found, self._build(part))
                powers = dict(_over(_monomial(powers), _inverse(part)))
                self._monomials.setdefault(_monomial(powers), found)
        elif above:
            (first, power), *above = above
            found, powers = self._repeated(first, power), {first: power}
        if below:  # early: what comes after is then shared by all that is over the same
            found = self.apply("divide", found, self._build(_monomial(dict(below))))
            powers |= {register: powers.get(register, 0) - power for register, power in below}
        for register, power in above:
            self._monomials.setdefault(_monomial(powers), found)
            found = self.apply("multiply", found, self._repeated(register, power))
            powers[register] = powers.get(register, 0) + power
        return found

    def _covered(self, monomial: Monomial) -> tuple[list[Monomial], Monomial]:
        """The largest parts of a monomial that are there already, and what is left."""
        parts: list[Monomial] = []
        while any(self.axes[register] for register, _ in monomial):  # scalars cost nothing to compute again
            known = (part for part in self._monomials if _size(part) > 1 and _divides(part, monomial))
            largest = max(known, key=_size, default=UNIT)
            if not largest:
                break
            parts.append(largest)
            monomial = _over(monomial, largest)
        return parts, monomial

    def share(self, terms: Sequence[Term]) -> None:
        """Build what several results have in common before any of them, the most useful first."""
        wanted = {part for term in terms for part in self._parts(term)[1] if part not in self._monomials}
        while True:
            rests = [rest for monomial in sorted(wanted, key=sorted) if _size(rest := self._covered(monomial)[1]) > 1]
            shared = {_common(one, other) for one, other in combinations(rests, 2)}
            use = {part: (_size(part) - 1) * (sum(_divides(part, rest) for rest in rests) - 1)
                   for part in shared if _size(part) > 1}  # fmt: skip
            if not use:
                return
            self._build(max(use, key=lambda part: (use[part], sorted(part))))

    def _repeated(self, register: int, times: int) -> int:
        """A whole power as a product, by squaring."""
        found, square = self.one, register
        while times:
            found = self.apply("multiply", found, square) if times & 1 else found
            times >>= 1
            square = self.apply("multiply", square, square) if times else square
        return found

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
        common = reduce(_common, numbers)
        found = self._added([(number, _over(monomial, common)) for monomial, number in numbers.items()])
        return self._product([found, (self.one, common)])

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

    def _raised(self, term: Term, power: int) -> Term:
        number = self._repeated(term[0], abs(power))
        number = number if power > 0 else self.apply("divide", self.one, number)
        return number, _monomial({register: power * old for register, old in term[1]})

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


def _monomial(powers: Mapping[int, int]) -> Monomial:
    return frozenset((register, power) for register, power in powers.items() if power)


def _inverse(monomial: Monomial) -> Monomial:
    return frozenset((register, -power) for register, power in monomial)


def _size(monomial: Monomial) -> int:
    return sum(abs(power) for _, power in monomial)


def _split(monomial: Monomial) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """What stands above and what below the line."""
    ordered = sorted(monomial)
    return [x for x in ordered if x[1] > 0], [(register, -power) for register, power in ordered if power < 0]


def _divides(part: Monomial, monomial: Monomial) -> bool:
    """Whether every power of the one is a part of that of the other."""
    powers = dict(monomial)
    return all(power * powers.get(r, 0) > 0 and abs(power) <= abs(powers[r]) for r, power in part)


def _over(monomial: Monomial, part: Monomial) -> Monomial:
    powers = dict(monomial)
    for register, power in part:
        powers[register] = powers.get(register, 0) - power
    return _monomial(powers)


def _common(one: Monomial, other: Monomial) -> Monomial:
    """The powers that two monomials share."""
    powers = dict(other)
    return _monomial({
        r: min(power, powers[r], key=abs) for r, power in one if power * powers.get(r, 0) > 0
    })  # fmt: skip
