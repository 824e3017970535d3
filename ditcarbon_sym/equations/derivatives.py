"""Exact derivatives along the chain, by the chain rule on its equations: no closed form is differentiated twice.

Two directions. ``adjoints`` goes backwards from one output to every input it depends on: as many derivatives as
there are inputs, for a few times the work of the value. ``tangents`` goes forwards from a few inputs to every
quantity of the chain. Both give definitions that one `Compiled` function computes together with the chain itself.
``hessian`` applies the second to the first; ``deviations`` carries a covariance through the second.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sympy import Add, Eq, Expr, Integer, Mul, Piecewise, Symbol, postorder_traversal, sqrt

from ..numerics.functions import Compiled, Definition, compiled
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
def stepwise(equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
    """The same equations, in which each sum that stands under a power is a quantity of its own, once for all of them.

    Derivatives of nested powers repeat what stands inside; those of the steps do not.

    >>> from .notation import B, S, tau
    >>> [str(x) for x in stepwise((Equation("", tau, (B + S) ** 2 + 1),))]
    ['tau_step_0 = B + S', 'tau = tau_step_0**2 + 1']
    """
    found, steps = [], dict[Expr, Symbol]()
    for equation in equations:
        inner_first = (x.base for x in postorder_traversal(equation.rhs) if x.is_Pow and x.base.is_Add)
        for number, base in enumerate(x for x in dict.fromkeys(inner_first) if x not in steps):
            symbol = Symbol(f"{equation.lhs.name}_step_{number}", real=True)
            found.append(Equation("", symbol, base.xreplace(steps)))
            steps[base] = symbol
        found.append(Equation(equation.number, equation.lhs, equation.rhs.xreplace(steps)))
    return tuple(found)


@lru_cache(maxsize=64)
def adjoints(
    output: Symbol, equations: tuple[Equation, ...], inputs: frozenset[Symbol] | None = None
) -> tuple[tuple[Definition, ...], Mapping[Symbol, Expr]]:
    """Return definitions (values, then adjoints), and the derivative of ``output`` by each input in terms of them.

    ``inputs`` restricts the derivatives to those asked for; what leads to none of them is not differentiated.

    >>> from . import carbon
    >>> _, slopes = adjoints(carbon.energy.lhs, (carbon.runtime, carbon.energy))
    >>> len(slopes)
    4
    """
    needed = _needed(output, stepwise(equations))
    defined = {equation.lhs for equation in needed}
    leading = _leading(needed, inputs)
    definitions: list[Definition] = [(equation.lhs, equation.rhs) for equation in needed]
    reached: dict[Symbol, Expr] = {output: Integer(1)}
    for equation in reversed(needed):
        bar = reached.pop(equation.lhs, None)
        if bar is None:
            continue
        if not (bar.is_number or bar.is_Symbol):
            definitions.append((Symbol(f"adjoint_{equation.lhs.name}", real=True), bar))
            bar = definitions[-1][0]
        for x in equation.inputs:
            if x in leading or (x not in defined and inputs is None):
                reached[x] = reached.get(x, Integer(0)) + bar * equation.rhs.diff(x)
    return tuple(definitions), reached


def _leading(equations: Sequence[Equation], inputs: frozenset[Symbol] | None) -> set[Symbol]:
    """The symbols that depend on one of ``inputs``, those included; every defined symbol if there is no restriction."""
    if inputs is None:
        return {equation.lhs for equation in equations}
    found = set(inputs)
    for equation in equations:
        if found & set(equation.inputs):
            found.add(equation.lhs)
    return found


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
    """Return definitions and, for every (quantity, parameter), the derivative as an expression in them.

    >>> from . import carbon
    >>> _, slopes = tangents((carbon.energy.inputs[0],), (carbon.energy,))
    >>> [str(x) for pair in slopes for x in pair]
    ['TDP', 'TDP', 'E', 'TDP']
    """
    definitions: list[Definition] = []
    slopes: dict[tuple[Symbol, Symbol], Expr] = {(x, x): Integer(1) for x in parameters}
    for equation in stepwise(equations):
        definitions.append((equation.lhs, equation.rhs))
        moving = [x for x in equation.inputs if any((x, parameter) in slopes for parameter in parameters)]
        partial = {x: slope_of(equation.rhs, x) for x in moving}
        for parameter in parameters:
            dot = Add(*(partial[x] * slopes[x, parameter] for x in moving if (x, parameter) in slopes))
            if not (dot.is_Symbol or dot == 0):
                definitions.append((Symbol(f"d_{equation.lhs.name}_d_{parameter.name}", real=True), dot))
                dot = definitions[-1][0]
            if dot != 0:
                slopes[equation.lhs, parameter] = dot
    return tuple(definitions), slopes


def slope_of(expression: Expr, x: Symbol) -> Expr:
    """The derivative by a symbol. Factors that do not hold it stay as they are: sympy would derive each to zero.

    >>> from .notation import B, S, tau
    >>> slope_of(3 * B * S**2 / tau, S)
    6*B*S/tau
    """
    if expression.is_Add:
        return Add(*(slope_of(term, x) for term in expression.args if x in term.free_symbols))
    if expression.is_Mul:
        moving = [factor for factor in expression.args if x in factor.free_symbols]
        if len(moving) == 1:
            others = (factor for factor in expression.args if factor is not moving[0])
            return Mul(*others, slope_of(moving[0], x))
    if expression.is_Pow and x not in expression.exp.free_symbols:
        return expression.exp * expression.base ** (expression.exp - 1) * slope_of(expression.base, x)
    return Integer(1) if expression == x else expression.diff(x)


def hessian(
    configuration: Mapping[Symbol, "ArrayLike"], output: Symbol, inputs: Sequence[Symbol], route: AnyRoute = "bgr"
) -> dict[tuple[Symbol, Symbol], Any]:
    """Evaluate the second derivatives of one quantity by each pair of inputs, cross terms included.

    The gradient is itself a chain of equations: its tangents along the inputs are the second derivatives.

    >>> from ditcarbon_sym.equations.notation import C_op, PUE, I_grid
    >>> from ditcarbon_sym.estimation.point import operating_point
    >>> point = operating_point("pixart-alpha")
    >>> curvature = hessian(point.values, C_op, (PUE, I_grid), point.route)
    >>> curvature[PUE, I_grid] == curvature[I_grid, PUE] > 0, curvature[PUE, PUE]
    (True, 0.0)
    """
    return second_derivatives(configuration, output, inputs, chain(route))


def second_derivatives(
    configuration: Mapping[Symbol, "ArrayLike"],
    output: Symbol,
    inputs: Sequence[Symbol],
    equations: tuple[Equation, ...],
) -> dict[tuple[Symbol, Symbol], Any]:
    """`hessian` along a chain of one's own."""
    definitions, slopes = adjoints(output, equations, frozenset(inputs))
    gradient = [Equation("", Symbol(f"slope_{x.name}", real=True), slopes.get(x, Integer(0))) for x in inputs]
    steps = (*(Equation("", symbol, rhs) for symbol, rhs in definitions), *gradient)
    lines, second = tangents(tuple(inputs), steps)
    pairs = [(x, y) for x in inputs for y in inputs]
    rows = dict(zip(inputs, gradient, strict=True))
    function = compiled(tuple(second.get((rows[x].lhs, y), Integer(0)) for x, y in pairs), lines)
    return dict(zip(pairs, function(configuration), strict=True))


def jacobian(
    configuration: Mapping[Symbol, "ArrayLike"],
    outputs: Sequence[Symbol],
    parameters: Sequence[Symbol],
    route: AnyRoute = "bgr",
) -> dict[tuple[Symbol, Symbol], Any]:
    """Evaluate the derivative of each output by each parameter; zero where it does not depend on it.

    >>> from ditcarbon_sym.equations.notation import PUE, C_emb, C_op
    >>> from ditcarbon_sym.estimation.point import operating_point
    >>> point = operating_point("pixart-alpha", efficiency="bgr")
    >>> slopes = jacobian(point.values, (C_op, C_emb), (PUE,))
    >>> slopes[C_op, PUE] > 0, slopes[C_emb, PUE]
    (True, 0.0)
    """
    definitions, slopes = tangents(tuple(parameters), chain(route))
    wanted = [(output, parameter) for output in outputs for parameter in parameters]
    expressions = tuple(slopes.get(pair, Integer(0)) for pair in wanted)
    return dict(zip(wanted, compiled(expressions, definitions)(configuration), strict=True))


def relative_slopes(
    configuration: Mapping[Symbol, "ArrayLike"],
    outputs: Sequence[Symbol],
    parameters: Sequence[Symbol],
    route: AnyRoute = "bgr",
) -> dict[Symbol, tuple[Any, ...]]:
    """Evaluate the derivatives of each output's logarithm by each parameter; zero where the output is.

    A carbon-free grid emits nothing at any efficiency: its zero is exact.
    """
    definitions, slopes = _relative(tuple(outputs), tuple(parameters), chain(route))
    found = iter(compiled(slopes, definitions)(configuration))
    return {output: tuple(next(found) for _ in parameters) for output in outputs}


def deviations(
    configuration: Mapping[Symbol, "ArrayLike"],
    outputs: Sequence[Symbol],
    parameters: Sequence[Symbol],
    covariance: Sequence[Sequence[float]],
    route: AnyRoute = "bgr",
    values: Sequence[Symbol] = (),
) -> tuple[dict[Symbol, Any], dict[Symbol, Any]]:
    r"""Evaluate the standard deviation of each output's logarithm: sqrt(r^T V r), with r its derivatives.

    The delta method. ``covariance`` is V, with a row and a column for each parameter. The quantities named in
    ``values`` are evaluated along with them and returned second.
    """
    many = range(len(parameters))
    pairs = {(i, k): covariance[i][k] + (covariance[k][i] if k > i else 0.0) for i in many for k in many if k >= i}
    known = {pair: value for pair, value in pairs.items() if value}  # parts fitted apart share no error
    function, entries = _deviations(tuple(outputs), tuple(parameters), chain(route), tuple(known), tuple(values))
    found = function({**configuration, **dict(zip(entries, known.values(), strict=True))})
    own = len(outputs)
    return dict(zip(outputs, found[:own], strict=True)), dict(zip(values, found[own:], strict=True))


@lru_cache(maxsize=64)
def _relative(
    outputs: tuple[Symbol, ...], parameters: tuple[Symbol, ...], equations: tuple[Equation, ...]
) -> tuple[tuple[Definition, ...], tuple[Expr, ...]]:
    definitions, slopes = tangents(parameters, equations)
    pairs = ((output, slopes.get((output, parameter))) for output in outputs for parameter in parameters)
    return definitions, tuple(
        Integer(0) if slope is None else Piecewise((0, Eq(output, 0)), (slope / output, True))
        for output, slope in pairs
    )


@lru_cache(maxsize=64)
def _deviations(
    outputs: tuple[Symbol, ...],
    parameters: tuple[Symbol, ...],
    equations: tuple[Equation, ...],
    pairs: tuple[tuple[int, int], ...],
    values: tuple[Symbol, ...],
) -> tuple[Compiled, tuple[Symbol, ...]]:
    """``pairs`` are the places of the covariance that are not zero, each off the diagonal standing for two."""
    definitions, slopes = tangents(parameters, equations)
    entries = tuple(Symbol(f"V_{parameters[i]}_{parameters[k]}", real=True) for i, k in pairs)
    uncertain, lines = {quantity for quantity, _ in slopes}, list(definitions)
    followed = {x: _followed(x, uncertain, {e.lhs: e.rhs for e in equations}) for x in outputs}
    own = {x: Symbol(f"deviation_{x.name}", real=True) for x in followed.values()}
    for x, deviation in own.items():
        mine = [slopes.get((x, parameter), Integer(0)) for parameter in parameters]
        variance = Add(*(Mul(v, mine[i], mine[k]) for v, (i, k) in zip(entries, pairs, strict=True)))
        of_x = Symbol(f"variance_{x.name}", real=True)
        # Rounding may take a zero below zero.
        lines += [(of_x, variance), (deviation, Piecewise((0, of_x < 0), (sqrt(of_x) / x, True)))]
    roots = (Piecewise((0, Eq(output, 0)), (own[x], True)) for output, x in followed.items())
    return compiled((*roots, *values), tuple(lines)), entries


def _followed(output: Symbol, uncertain: Collection[Symbol], equations: Mapping[Symbol, Expr]) -> Symbol:
    """The quantity to which an output is in proportion, directly or inversely: its logarithm deviates as much."""
    while output in equations:
        rhs = equations[output]
        moving = [x for x in rhs.free_symbols if x in uncertain]
        if len(moving) != 1 or all(moving[0] in y.free_symbols for y in (rhs / moving[0], rhs * moving[0])):
            return output
        output = moving[0]
    return output
