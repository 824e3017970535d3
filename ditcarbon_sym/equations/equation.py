"""An equation of the paper as a value: call it, inline others into it, differentiate it, print it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sympy import Expr, Symbol, latex

from ..errors import InputError
from ..numerics.functions import compiled, exact as exact
from .notation import NOTATION

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Equation:
    """``lhs = rhs``, under the number or label the paper gives it.

    Examples
    --------
    >>> from ditcarbon_sym.equations.notation import E, JOULE_PER_KWH, TDP, tau
    >>> energy = Equation("5", E, tau * TDP / JOULE_PER_KWH)
    >>> energy({tau: 3600, TDP: [250, 500]})
    array([0.25, 0.5 ])
    >>> energy.elasticity(tau)
    1
    """

    number: str
    lhs: Symbol
    rhs: Expr

    def __call__(self, configuration: Mapping[Symbol, "ArrayLike"]) -> Any:
        """Evaluate the right-hand side, in float64, with broadcasting.

        ``configuration`` maps symbols to numbers or arrays; symbols the equation does not contain are ignored, a
        missing one raises `InputError` with its meaning. Scalars give a scalar, arrays an array.
        """
        demand(self.inputs, configuration)
        return compiled((self.rhs,))(configuration)[0]

    def __str__(self) -> str:
        return f"{self.lhs} = {self.rhs}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    @cached_property
    def inputs(self) -> tuple[Symbol, ...]:
        """The symbols of the right-hand side, by name."""
        return tuple(sorted(self.rhs.free_symbols, key=lambda x: x.name))

    def inline(self, *equations: "Equation") -> "Equation":
        """Replace each symbol that one of ``equations`` defines, until none is left.

        >>> from ditcarbon_sym.equations import carbon
        >>> print(carbon.energy.inline(carbon.runtime))
        E = F_total*TDP/(3600000*Theta_peak*mu)
        """
        definitions = {equation.lhs: equation.rhs for equation in equations}
        rhs = self.rhs
        for _ in range(len(definitions)):
            if not rhs.free_symbols & set(definitions):
                break
            rhs = rhs.xreplace(definitions)
        if rhs.free_symbols & set(definitions):
            raise ValueError(f"the definitions of {self.lhs} are circular")
        return Equation(self.number, self.lhs, rhs)

    def gradient(self, *symbols: Symbol) -> dict[Symbol, Expr]:
        """Exact partial derivatives, with respect to ``symbols`` or, if none are named, to every input."""
        return {x: self.rhs.diff(x) for x in symbols or self.inputs}

    def elasticity(self, symbol: Symbol) -> Expr:
        """Exact elasticity, ``(x / y) dy/dx``: the percentage by which y changes when x changes by one per cent."""
        return symbol * self.rhs.diff(symbol) / self.rhs

    def at(self, values: Mapping[Symbol, float]) -> "Equation":
        """Put numbers in for some symbols, exactly (2.5 becomes 5/2), and leave the others as they are."""
        return Equation(self.number, self.lhs, self.rhs.xreplace({x: exact(v) for x, v in values.items()}))

    def latex(self) -> str:
        r"""LaTeX in the paper's notation.

        >>> from ditcarbon_sym.equations import carbon
        >>> carbon.operational.latex()
        'C_{\\mathrm{op}} = E I_{\\mathrm{grid}} \\mathrm{PUE}'
        """
        names = {symbol: entry.latex for symbol, entry in NOTATION.items()}
        return f"{latex(self.lhs, symbol_names=names)} = {latex(self.rhs, symbol_names=names)}"


def demand(symbols: Iterable[Symbol], configuration: Mapping[Symbol, Any]) -> None:
    """Raise `InputError` if a symbol has no value, with what each of them means."""
    missing = [
        f"{x.name} ({NOTATION[x].meaning})" if x in NOTATION else x.name for x in symbols if x not in configuration
    ]
    if missing:
        raise InputError(f"no value for {', '.join(missing)}")
