"""Exact derivatives along the chain, by the chain rule on its equations: no closed form is differentiated twice.

Two directions. ``adjoints`` goes backwards from one output to every input it depends on: as many derivatives as
there are inputs, for a few times the work of the value. ``tangents`` goes forwards from a few inputs to every
quantity of the chain. Both give definitions that `evaluate.Compiled` computes together with the chain itself,
shared subexpressions once.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sympy import Expr, Integer, Symbol

from ..numerics.evaluate import Definition, compiled
from .equation import Equation
from .pipeline import AnyRoute, chain

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def _needed(output: Symbol, equations: Sequence[Equation]) -> list[Equation]:
    """The equations that lead to ``output``, in order."""
    wanted, kept = {output}, []
    for equation in reversed(equations):
        if equation.lhs in wanted:
            kept.append(equation)
            wanted |= set(equation.inputs)
    return kept[::-1]


@lru_cache(maxsize=64)
def adjoints(
    output: Symbol, equations: tuple[Equation, ...], inputs: frozenset[Symbol] | None = None
) -> tuple[tuple[Definition, ...], Mapping[Symbol, Expr]]:
    """Return definitions (values, then adjoints), and the derivative of ``output`` by each input in terms of them.

    ``inputs`` restricts the derivatives to those asked for; what leads to none of them is not differentiated.
    """
    needed = _needed(output, equations)
    defined = {equation.lhs for equation in needed}
    leading = _leading(needed, inputs)
    definitions: list[Definition] = [(equation.lhs, equation.rhs) for equation in needed]
    # What reaches each symbol, and, apart, what reaches it in units of one over the symbol: divided once, at the end.
    plain: dict[Symbol, Expr] = {output: Integer(1)}
    scaled: dict[Symbol, Expr] = {}
    for equation in reversed(needed):
        if equation.lhs not in plain and equation.lhs not in scaled:
            continue
        bar = _collected(equation.lhs, plain, scaled)
        if not (bar.is_number or bar.is_Symbol):
            definitions.append((Symbol(f"adjoint_{equation.lhs.name}", real=True), bar))
            bar = definitions[-1][0]
        for x in equation.inputs:
            if x in leading or (x not in defined and inputs is None):
                exponent = _exponent(equation, x)
                if exponent:
                    scaled[x] = scaled.get(x, Integer(0)) + exponent * bar * equation.lhs
                else:
                    plain[x] = plain.get(x, Integer(0)) + bar * equation.rhs.diff(x)
    reached = list(dict.fromkeys([*plain, *scaled]))
    return tuple(definitions), {x: _collected(x, plain, scaled) for x in reached}


def _collected(x: Symbol, plain: dict[Symbol, Expr], scaled: dict[Symbol, Expr]) -> Expr:
    """Take out what has reached a symbol."""
    return plain.pop(x, Integer(0)) + scaled.pop(x, Integer(0)) / x


def _leading(equations: Sequence[Equation], inputs: frozenset[Symbol] | None) -> set[Symbol]:
    """The symbols that depend on one of ``inputs``, those included; every defined symbol if there is no restriction."""
    if inputs is None:
        return {equation.lhs for equation in equations}
    found = set(inputs)
    for equation in equations:
        if found & set(equation.inputs):
            found.add(equation.lhs)
    return found


def _exponent(equation: Equation, x: Symbol) -> Expr:
    """The power of x that the right-hand side is times something free of x, else zero.

    There the derivative is k y / x, and the value y is there already.
    """
    exponent: Any = equation.rhs.as_powers_dict().get(x, 0) if equation.rhs.is_Mul else 0
    if exponent and exponent.is_number and x.is_positive and not (equation.rhs / x**exponent).has(x):
        return exponent
    return Integer(0)


def gradient(
    configuration: Mapping[Symbol, "ArrayLike"],
    output: Symbol,
    route: AnyRoute = "bgr",
    inputs: Sequence[Symbol] | None = None,
) -> dict[Symbol, Any]:
    """Evaluate the derivative of one quantity by every input it depends on, or by those named; under its own symbol
    stands its value.

    >>> from ditcarbon_sym.equations.notation import E, TDP, tau
    >>> from ditcarbon_sym.estimation.point import operating_point
    >>> point = operating_point("pixart-alpha")
    >>> slopes = gradient(point.values, E, point.route)
    >>> bool(abs(slopes[TDP] * point.values[TDP] / slopes[E] - 1) < 1e-12)
    True
    """
    definitions, sums = adjoints(output, chain(route), None if inputs is None else frozenset(inputs))
    function = compiled((output, *sums.values()), definitions)
    value, *slopes = function(configuration)
    return {output: value, **dict(zip(sums, slopes, strict=True))}


@lru_cache(maxsize=64)
def tangents(
    parameters: tuple[Symbol, ...], equations: tuple[Equation, ...]
) -> tuple[tuple[Definition, ...], Mapping[tuple[Symbol, Symbol], Expr]]:
    """Return definitions and, for every (quantity, parameter), the derivative as an expression in them."""
    definitions: list[Definition] = []
    slopes: dict[tuple[Symbol, Symbol], Expr] = {(x, x): Integer(1) for x in parameters}
    for equation in equations:
        definitions.append((equation.lhs, equation.rhs))
        for parameter in parameters:
            terms = [equation.rhs.diff(x) * slopes[x, parameter] for x in equation.inputs if (x, parameter) in slopes]
            if terms:
                dot = Symbol(f"d_{equation.lhs.name}_d_{parameter.name}", real=True)
                definitions.append((dot, sum(terms)))
                slopes[equation.lhs, parameter] = dot
    return tuple(definitions), slopes


def jacobian(
    configuration: Mapping[Symbol, "ArrayLike"],
    outputs: Sequence[Symbol],
    parameters: Sequence[Symbol],
    route: AnyRoute = "bgr",
) -> dict[tuple[Symbol, Symbol], Any]:
    """Evaluate the derivative of each output by each parameter; zero where it does not depend on it."""
    definitions, slopes = tangents(tuple(parameters), chain(route))
    wanted = [(output, parameter) for output in outputs for parameter in parameters]
    expressions = tuple(slopes.get(pair, Integer(0)) for pair in wanted)
    return dict(zip(wanted, compiled(expressions, definitions)(configuration), strict=True))
