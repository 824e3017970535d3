"""Expressions as one vectorised function, written by `sympy.lambdify`.

The chain's own equations become the lines of the function, in order, so that its source reads like the paper. Before a
function of large arrays is written, what is one number is put in exactly (`Compiled.at`). Large arrays are worked
through in blocks, on threads (`blocks`), to the same result. Every input becomes float64: int64 wraps at 9.2e18 FLOP.
"""

import inspect
import math
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache, partialmethod, reduce
from threading import Lock
from typing import TYPE_CHECKING, Any

from sympy import Expr, Piecewise, Rational, Symbol, lambdify
from sympy.printing.numpy import NumPyPrinter
from sympy.printing.pycode import PythonCodePrinter

from ..errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .blocks import FloatArray, Out

    Values = Mapping[Symbol, ArrayLike]

Definition = tuple[Symbol, Expr]
"""An intermediate quantity and the expression that it stands for."""
LARGE = 2**20
"""Elements from which partial evaluation repays the writing of a new function."""
WRITING = Lock()
"""sympy fills the names of NumPy in while it writes the first function: another thread would find half of them."""


class Compiled:
    """A tuple of expressions as one vectorised function of the symbols that they contain.

    ``definitions`` are intermediate quantities in order; a later one may use the earlier ones.

    >>> from ditcarbon_sym.equations.notation import B, S
    >>> Compiled((B * S, B + S))({B: [1, 2], S: 10})
    [array([10., 20.]), array([11., 12.])]
    """

    def __init__(self, expressions: Sequence[Expr], definitions: Sequence[Definition] = ()) -> None:
        self.expressions, self.definitions = tuple(expressions), tuple(_needed(expressions, definitions))
        defined = {symbol for symbol, _ in self.definitions}
        free = set().union(*(e.free_symbols for e in [*expressions, *(rhs for _, rhs in self.definitions)]))
        self.arguments: tuple[Symbol, ...] = tuple(sorted(free - defined, key=lambda x: x.name))

    def __reduce__(self) -> tuple[Any, ...]:
        return compiled, (self.expressions, self.definitions)

    def __call__(
        self, values: "Values", *, out: "Out" = None, threads: int | None = None, fused: bool = False
    ) -> list[Any]:
        """Evaluate at ``values``: numbers, or arrays of shapes that broadcast.

        Each result has the inputs' broadcast shape: a float if all are numbers, a read-only view where it does not
        vary. An unknown input is NaN; symbols that the expressions do not contain are ignored; dask arrays give dask
        arrays. ``out`` takes the results in float64 arrays of that shape, on so many ``threads`` (by default the
        cores). ``fused`` runs numba's loop (extra ``fast``) on one thread or all; it equals the others to rounding.

        Raises `InputError` if a symbol has no value, and ValueError if ``out`` does not fit or overlaps an input.
        """
        given = self.given(values)
        if out is None and all(isinstance(value, float | int) for value in given):
            try:
                return [float(value) for value in self.on_numbers(*map(float, given))]
            except (ArithmeticError, ValueError, TypeError):  # NumPy knows what infinity or NaN it comes to
                return [float(x) for x in self.on_axes(values)]
        if "dask" in sys.modules and any(hasattr(value, "dask") for value in given):
            from .chunked import by_chunks

            return by_chunks(self, given, fused=fused)
        from .blocks import repeated

        return repeated(self.on_axes(values, out=out, threads=threads, fused=fused), given)

    def on_axes(
        self, values: "Values", *, out: "Out" = None, threads: int | None = None, fused: bool = False
    ) -> "list[FloatArray]":
        """Evaluate as a call does, but leave each result on the axes that it varies along, with length 1 on others."""
        from .blocks import as_arrays, by_numpy as fill, cores, evaluate

        if fused:
            from .fused import fill
        given, shape = as_arrays(self.given(values))
        arrays = dict(zip(self.arguments, given, strict=True))
        numbers = {x: float(array) for x, array in arrays.items() if not array.ndim}
        function = self.at(numbers) if fused or math.prod(shape) >= LARGE else self
        return evaluate(function, [arrays[x] for x in function.arguments], shape, out, threads or cores(), fill)

    def given(self, values: Mapping[Symbol, Any]) -> list[Any]:
        """Return the arguments' values in order; raises `InputError` if one is missing."""
        if missing := [x.name for x in self.arguments if x not in values]:
            raise InputError(f"no value for {', '.join(missing)}")
        return [values[x] for x in self.arguments]

    def at(self, values: Mapping[Symbol, float]) -> "Compiled":
        """Put numbers in for some symbols, exactly, and fold what becomes a number; NaN and infinity stay arguments.

        >>> from ditcarbon_sym.equations.notation import B, S, d
        >>> compiled((B * S,), ((S, 2 * d**2),)).at({d: 0.5}).expressions, exact(0.5)
        ((B/2,), 1/2)
        """
        return _partly_evaluated(self, tuple((x, v) for x, v in values.items() if math.isfinite(v)))

    def only(self, *places: int) -> "Compiled":
        """Return the function of the expressions at these places."""
        return compiled(tuple(self.expressions[k] for k in places), self.definitions)

    @property
    def source(self) -> str:
        """The text of the function that computes on arrays, without the lines that free memory."""
        return re.sub(r"    del .*\n", "", inspect.getsource(self.on_arrays))

    @cached_property
    def on_arrays(self) -> Any:
        """The function of all arguments, with NumPy's operations."""
        return self._written("numpy", _ArrayPrinter(), _freed(self.definitions, self.expressions))

    @cached_property
    def on_numbers(self) -> Any:
        """The function of all arguments, with those of Python's ``math``; numba compiles it, too."""
        printer = PythonCodePrinter({"fully_qualified_modules": False, "order": "none"})  # to sort terms takes as long
        return self._written("math", printer, self.definitions)

    def _written(self, kind: str, printer: Any, body: Sequence[Any]) -> Any:
        with WRITING:
            return lambdify(self.arguments, self.expressions, kind, printer, cse=lambda x: (body, x), docstring_limit=0)


@lru_cache(maxsize=256)
def _partly_evaluated(function: Compiled, values: tuple[tuple[Symbol, float], ...]) -> Compiled:
    known = {x: exact(v) for x, v in values}
    definitions: list[Definition] = []
    for symbol, rhs in function.definitions:
        value = rhs.xreplace(known)
        if value.is_number and value.is_finite:
            known[symbol] = exact(float(value))
        else:
            definitions.append((symbol, value))
    return compiled(tuple(x.xreplace(known) for x in function.expressions), tuple(definitions))


@lru_cache(maxsize=256)
def compiled(expressions: tuple[Expr, ...], definitions: tuple[Definition, ...] = ()) -> Compiled:
    """Return the `Compiled` function of these expressions, made once per process."""
    return Compiled(expressions, definitions)


def exact(value: float) -> Expr:
    """Return a float as the rational number that its shortest decimal form denotes: 0.1 is 1/10."""
    return Rational(repr(float(value)))


class _ArrayPrinter(NumPyPrinter):  # type: ignore[misc]  # sympy has no types
    """NumPy's operations where sympy's own printer demands equal shapes, or calls a slow power."""

    _default_settings = NumPyPrinter._default_settings | {"fully_qualified_modules": False, "order": "none"}

    def _print_Max(self, expr: Any, name: str = "maximum") -> str:
        return reduce(lambda one, other: f"{name}({one}, {other})", map(self._print, expr.args))

    _print_Min = partialmethod(_print_Max, name="minimum")

    def _print_Piecewise(self, expr: Piecewise) -> str:
        parts = [(self._print(condition), self._print(value)) for value, condition in expr.args]
        return reduce(lambda rest, part: f"where({part[0]}, {part[1]}, {rest})", reversed(parts), "nan")

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        for power, name in ((4, "square"), (Rational(1, 4), "sqrt")):
            if expr.exp == power:
                return f"{name}({name}({self._print(expr.base)}))"
        return str(super()._print_Pow(expr, rational))


def _needed(expressions: Sequence[Expr], definitions: Sequence[Definition]) -> list[Definition]:
    """Keep the definitions that the expressions use, directly or through another."""
    wanted = set().union(*(e.free_symbols for e in expressions))
    kept: list[Definition] = []
    for symbol, rhs in reversed(definitions):
        if symbol in wanted:
            kept.append((symbol, rhs))
            wanted |= rhs.free_symbols
    return kept[::-1]


def _freed(definitions: Sequence[Definition], expressions: Sequence[Expr]) -> list[tuple[Symbol, Expr | None]]:
    """The definitions, each dropped after its last use: the next one takes its memory, which lies in the cache."""
    defined, used = {x for x, _ in definitions}, set().union(*(e.free_symbols for e in expressions))
    lines: list[tuple[Symbol, Expr | None]] = []
    for symbol, rhs in reversed(definitions):
        ended = rhs.free_symbols & defined - used
        lines += [*((x, None) for x in sorted(ended, key=str)), (symbol, rhs)]
        used |= ended
    return lines[::-1]
