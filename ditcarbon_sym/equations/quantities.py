"""What is known of a quantity before it has a value: its symbol, meaning, unit, data field and valid range."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from sympy import Symbol

from ..errors import InputError, short

GREEK = ("Theta", "alpha", "beta", "chi", "delta", "ell", "eta", "gamma", "kappa", "lambda", "mu", "phi", "rho", "tau")
"""Words that stand for a letter in the names of symbols, as LaTeX has them; ``eps`` stands for varepsilon."""


def latex_of(name: str) -> str:
    r"""Return how a symbol of this name is set: Greek letters, words upright, what follows ``_`` as an index.

    >>> print(latex_of("tau_step"), latex_of("eps_0"), latex_of("n_U"), latex_of("PUE"))
    \tau_{\mathrm{step}} \varepsilon_0 n_U \mathrm{PUE}
    """
    head, _, index = name.partition("_")
    below = _letter(index)
    return _letter(head) + ("" if not index else f"_{index}" if len(index) == 1 else f"_{{{below}}}")


def _letter(word: str) -> str:
    if word in GREEK or word == "eps":
        return rf"\{word}".replace("eps", "varepsilon")
    return word if len(word) == 1 else rf"\mathrm{{{word}}}"


@dataclass(frozen=True)
class Notation:
    """One symbol: its spelling in LaTeX, its meaning and unit, the data field it is read from and the values it may
    take.

    >>> Notation(Symbol("x"), "x", "a width", "m", "width_m", 0, 10, False, "").check(2.5)
    2.5
    """

    symbol: Symbol
    latex: str
    meaning: str
    unit: str
    field: str
    low: float
    high: float
    integer: bool
    hint: str

    @property
    def expectation(self) -> str:
        """The valid range in words.

        >>> from ditcarbon_sym.equations.notation import NOTATION, g
        >>> NOTATION[g].expectation
        'an integer in 1..3'
        """
        kind = "an integer" if self.integer else "a number"
        return f"{kind} in {self.low:g}..{self.high:g}"

    def check(self, value: object) -> float:
        """Return ``value`` as a float if this symbol may take it, else raise `InputError` in one line.

        >>> from ditcarbon_sym.equations.notation import NOTATION, PUE, B
        >>> NOTATION[B].check(4)
        4.0
        >>> NOTATION[PUE].check(0.9)
        Traceback (most recent call last):
        ditcarbon_sym.errors.InputError: pue = 0.9 is outside 1..5 (facility energy over IT energy)
        """
        hint = f" ({self.hint})" if self.hint else ""
        if isinstance(value, bool) or not isinstance(value, Real):
            raise InputError(f"{self.field} = {value!r} is not a number; expected {self.expectation}{hint}")
        number: Any = value
        if not self.low <= number <= self.high:  # which NaN is not, either
            said = f"{self.field} = {short(value)}"
            if value != value:
                raise InputError(f"{said} is not a number; expected {self.expectation}{hint}")
            raise InputError(f"{said} is outside {self.low:g}..{self.high:g}{hint}")
        if self.integer and number != int(number):
            raise InputError(f"{self.field} = {short(value)} is not a whole number{hint}")
        return float(number)


class Table(dict[Symbol, Notation]):
    """Symbols and what is known of them, in order; `symbol` and `flag` make one and enter it."""

    def symbol(
        self,
        name: str,
        meaning: str,
        unit: str = "1",
        field: str = "",
        low: float = 0.0,
        high: float = math.inf,
        *,
        latex: str = "",
        integer: bool = False,
        zero: bool = False,
        hint: str = "",
    ) -> Symbol:
        """Create a symbol and enter it, set as `latex_of` says; ``zero`` tells that the value 0 has a meaning."""
        made = Symbol(name, nonnegative=True) if zero else Symbol(name, positive=True)
        self[made] = Notation(made, latex or latex_of(name), meaning, unit, field or name, low, high, integer, hint)
        return made

    def ratio(self, name: str, meaning: str, field: str, high: float = 1) -> Symbol:
        """Create the symbol of a number without a unit, from 0 to ``high``."""
        return self.symbol(name, meaning, "1", field, 0, high, zero=True)

    def rate(self, name: str, meaning: str, field: str, low: float = 1e6) -> Symbol:
        """Create the symbol of bytes per second, which people often give in thousands of millions."""
        return self.symbol(name, meaning, "B/s", field, low, 1e15, hint="in B/s: was it given in GB/s?")

    def flag(self, name: str, meaning: str, field: str) -> Symbol:
        """Create the symbol of something that is so (1) or not (0)."""
        return self.symbol(name, meaning, "1", field, 0, 1, integer=True, zero=True)
