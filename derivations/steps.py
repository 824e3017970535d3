"""A derivation as a record: text, mathematics and tables, and the assertions that hold them to the package.

A `Derivation` only grows. What it asserts is exact symbolic equality, so a changed coefficient in the package raises
`AssertionError`, with the name of the equation and both sides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, Integer, Poly, Rational, Symbol, expand, latex, prime, simplify, sympify

from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import NOTATION, a, c, j, s

FLAGS = (s, c, a, j)
DIGITS = 40
LATEX_NAMES = {symbol: entry.latex for symbol, entry in NOTATION.items()}


@dataclass(frozen=True)
class Text:
    """A paragraph; mathematics stands between dollar signs, code between backticks."""

    words: str


@dataclass(frozen=True)
class Formula:
    """A displayed formula; ``asserted`` tells one that was checked from one that was only written down."""

    latex: str
    asserted: bool = False


@dataclass(frozen=True)
class Table:
    """A table; cells are text as in `Text`."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Step = Text | Formula | Table


class Derivation:
    """The steps that lead from definitions to one or more equations of the package.

    >>> from ditcarbon_sym.equations import carbon
    >>> from ditcarbon_sym.equations.notation import E, I_grid, PUE
    >>> proof = Derivation("Operational carbon", "Each kWh of IT energy costs PUE kWh of grid energy.")
    >>> proof.conclude(E * PUE * I_grid, carbon.operational)
    >>> proof.conclude(E * I_grid, carbon.operational)
    Traceback (most recent call last):
    AssertionError: Eq. (6): derived E*I_grid, but the package has C_op = E*I_grid*PUE
    """

    def __init__(self, title: str, claim: str) -> None:
        self.title = title
        self.claim = claim
        self._steps: list[Step] = []
        self._conclusions: list[Equation] = []

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps so far, conclusions included."""
        return tuple(self._steps)

    @property
    def conclusions(self) -> tuple[Equation, ...]:
        """The equations of the package that the derivation has arrived at."""
        return tuple(self._conclusions)

    def say(self, words: str) -> None:
        """Add a paragraph."""
        self._steps.append(Text(words))

    def show(self, left: Expr | str, expression: Expr) -> None:
        """Write ``left = expression`` down; ``left`` may be LaTeX of its own."""
        self._steps.append(Formula(f"{math(left)} = {math(expression)}"))

    def tabulate(self, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Add a table; expressions become mathematics."""
        self._steps.append(Table(tuple(header), tuple(tuple(_cell(cell) for cell in row) for row in rows)))

    def check(
        self, left: Expr | str, expression: Expr, other: Expr, where: Mapping[Symbol, Expr] | None = None
    ) -> None:
        """Assert that two expressions are the same, and write ``left = expression``; ``where`` says what the
        abbreviations in ``expression`` stand for.
        """
        demand_equal(str(left), expression.subs(where or {}), other)
        self._steps.append(Formula(f"{math(left)} = {math(expression)}", asserted=True))

    def check_positive(self, left: Expr | str, expression: Expr) -> None:
        """Assert that a polynomial in positive symbols is positive, because all its coefficients are."""
        polynomial = Poly(expand(expression), *sorted(expression.free_symbols, key=str))
        if not all(coefficient > 0 for coefficient in polynomial.coeffs()):
            raise AssertionError(f"{left}: {expression} has a coefficient that is not positive")
        self._steps.append(Formula(f"{math(left)} = {math(expression)} > 0", asserted=True))

    def conclude(self, expression: Expr, equation: Equation) -> None:
        """Assert that the package's equation says the same as what was derived, and write the equation."""
        name = label(equation)
        if not equal(expression, equation.rhs):
            raise AssertionError(f"{name}: derived {expression}, but the package has {equation}")
        self._conclusions.append(equation)
        self._steps.append(Text(f"In the package, {name}:"))
        self._steps.append(Formula(f"{math(equation.lhs)} = {math(equation.rhs)}", asserted=True))


def label(equation: Equation) -> str:
    """Name an equation as one reads it: 'Eq. (6)', 'Table 2'."""
    return f"Eq. ({equation.number})" if equation.number[:1].isdigit() else equation.number


def equal(left: Expr, right: Expr) -> bool:
    """Whether two expressions are the same for all values of their symbols, flags being 0 or 1."""
    left, right = sympify(left), sympify(right)
    if _differ_somewhere(left, right):
        return False
    difference = binary(expand(left - right))
    return bool(difference == 0) or bool(simplify(difference) == 0)


def _differ_somewhere(left: Expr, right: Expr) -> bool:
    """Whether two expressions differ at a point near 1, where no term is small: then nothing need be simplified.

    >>> from sympy.abc import x
    >>> _differ_somewhere((x + 1) ** 2, x**2 + 1), _differ_somewhere((x + 1) ** 2, x**2 + 2 * x + 1)
    (True, False)
    """
    symbols = sorted(left.free_symbols | right.free_symbols, key=str)
    at = {x: Integer(1) if x in FLAGS else 1 + Rational(1, prime(k)) for k, x in enumerate(symbols, 1)}
    one, other = (x.xreplace(at).evalf(DIGITS) for x in (left, right))
    return bool(one.is_number and other.is_number and abs(one - other) > abs(one) * 10 ** (-DIGITS // 2))


def demand_equal(name: str, left: Expr, right: Expr) -> None:
    """Raise `AssertionError` with both sides unless they are the same."""
    if not equal(left, right):
        raise AssertionError(f"{name}: {left} is not {right}")


def binary(expression: Expr) -> Expr:
    """Reduce powers of flags: a flag is 0 or 1, hence its own square.

    >>> binary(s**2 + 2 * s)
    3*s
    """
    if not expression.free_symbols & set(FLAGS):
        return expression
    reduced = expression.replace(
        lambda e: e.is_Pow and e.base in FLAGS and e.exp.is_Integer and e.exp > 1, lambda e: e.base
    )
    return expand(reduced)


def in_flags(values: dict[tuple[int, ...], Expr], flags: Sequence[Symbol]) -> Expr:
    """Return the one polynomial, of first degree in each flag, that takes these values where the flags are 0 or 1.

    >>> in_flags({(0,): Integer(4), (1,): Integer(8)}, (s,))
    4*s + 4
    """
    total: Expr = Integer(0)
    for bits, value in values.items():
        term = sympify(value)
        for flag, bit in zip(flags, bits, strict=True):
            term *= flag if bit else 1 - flag
        total += term
    return expand(total)


def math(expression: Expr | str) -> str:
    """LaTeX in the paper's notation; a string is LaTeX already."""
    return expression if isinstance(expression, str) else latex(expression, symbol_names=LATEX_NAMES)


def _cell(content: object) -> str:
    return f"${math(content)}$" if isinstance(content, Expr) else str(content)
