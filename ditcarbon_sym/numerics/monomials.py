"""Products of powers of registers, and the operations that multiply them out.

* A value is a number times a monomial, multiplied out only where it is needed: factors cancel, a monomial is built on
  the largest part of it that is there already, arrays apart from scalars.
* Products over several axes are taken in order of size, so that an outer product is computed on its factors and
  broadcast as late as possible.
* Equal operations on equal operands are one operation; whole powers are products.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import combinations
from typing import Any

from .program import SCALAR, Operation

Monomial = frozenset[tuple[int, int]]
"""Registers with their whole powers; empty for one."""
Term = tuple[int, Monomial]
"""The register of a number times a monomial."""
UNIT: Monomial = frozenset()
COMMUTATIVE = frozenset({"multiply", "add", "maximum", "minimum"})


class Monomials:
    """Writes operations on registers one after another, and multiplies monomials out."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.axes: list[int] = []
        self.constants: dict[int, float] = {}
        self._registers: dict[Any, int] = {}
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

    def _plain(self, register: int) -> Term:
        return (register, UNIT) if register in self.constants else (self.one, frozenset({(register, 1)}))

    def _product(self, factors: Sequence[Term]) -> Term:
        powers: dict[int, int] = {}
        for _, monomial in factors:
            for register, power in monomial:
                powers[register] = powers.get(register, 0) + power
        return self._chain("multiply", (number for number, _ in factors)), without_zeros(powers)

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
                powers = dict(over(without_zeros(powers), _inverse(part)))
                self._monomials.setdefault(without_zeros(powers), found)
        elif above:
            (first, power), *above = above
            found, powers = self._repeated(first, power), {first: power}
        if below:  # early: what comes after is then shared by all that is over the same
            found = self.apply("divide", found, self._build(without_zeros(dict(below))))
            powers |= {register: powers.get(register, 0) - power for register, power in below}
        for register, power in above:
            self._monomials.setdefault(without_zeros(powers), found)
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
            monomial = over(monomial, largest)
        return parts, monomial

    def share(self, terms: Sequence[Term]) -> None:
        """Build what several results have in common before any of them, the most useful first."""
        wanted = {part for term in terms for part in self._parts(term)[1] if part not in self._monomials}
        while True:
            rests = [rest for monomial in sorted(wanted, key=sorted) if _size(rest := self._covered(monomial)[1]) > 1]
            shared = {common(one, other) for one, other in combinations(rests, 2)}
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

    def _raised(self, term: Term, power: int) -> Term:
        number = self._repeated(term[0], abs(power))
        number = number if power > 0 else self.apply("divide", self.one, number)
        return number, without_zeros({register: power * old for register, old in term[1]})


def without_zeros(powers: Mapping[int, int]) -> Monomial:
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


def over(monomial: Monomial, part: Monomial) -> Monomial:
    powers = dict(monomial)
    for register, power in part:
        powers[register] = powers.get(register, 0) - power
    return without_zeros(powers)


def common(one: Monomial, other: Monomial) -> Monomial:
    """The powers that two monomials share."""
    powers = dict(other)
    return without_zeros({
        r: min(power, powers[r], key=abs) for r, power in one if power * powers.get(r, 0) > 0
    })  # fmt: skip
