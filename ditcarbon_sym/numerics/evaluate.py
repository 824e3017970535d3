"""Many expressions compiled together, evaluated on arrays of any broadcastable shape at the speed of memory.

Four decisions make this fast and safe:

* expressions become a straight line of array operations (`lines`), each intermediate once, made for the axes along
  which the inputs vary: an outer product is computed on its factors and broadcast as late as it can be;
* large arrays are worked through in blocks that fit the cache, on as many threads as there are cores, since NumPy
  releases the interpreter lock inside its loops; intermediates live in a few buffers of a block's length that are used
  again and again, and results are written in place;
* every input becomes float64 first, block by block, whatever came in: int64 wraps silently above 9.2e18 FLOP;
* neither blocks nor threads change a result, not even in its last bit.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sympy import Expr, Symbol

from ..equations.notation import NOTATION
from ..errors import InputError
from .lines import Definition as Definition
from .lines import program
from .program import Program

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .blocks import FloatArray as FloatArray


def __getattr__(name: str) -> Any:
    # NumPy loads with the first array, not before.
    if name == "FloatArray":
        from .blocks import FloatArray

        return FloatArray
    raise AttributeError(name)


class Compiled:
    """A tuple of expressions as one vectorised function of the symbols they contain.

    Factors cancel before anything is computed: x * y / x gives y, also where x is zero, NaN or infinite.

    Parameters
    ----------
    expressions
        What to compute.
    definitions
        Intermediate quantities, ``(symbol, expression)`` in order of computation; a later one may use the earlier.

    Examples
    --------
    >>> from ditcarbon_sym.equations.notation import B, S
    >>> Compiled((B * S, B + S))({B: [1, 2], S: 10})
    [array([10., 20.]), array([11., 12.])]
    """

    def __init__(self, expressions: Sequence[Expr], definitions: Sequence[Definition] = ()) -> None:
        self.expressions, self.definitions = tuple(expressions), tuple(_needed(expressions, definitions))
        defined = {symbol for symbol, _ in self.definitions}
        free = set().union(*(e.free_symbols for e in [*expressions, *(rhs for _, rhs in self.definitions)]))
        self.arguments: tuple[Symbol, ...] = tuple(sorted(free - defined, key=lambda x: x.name))
        self._programs: dict[tuple[int, ...], Program] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return compiled, (self.expressions, self.definitions)

    def __call__(
        self,
        values: Mapping[Symbol, "ArrayLike"],
        *,
        out: "Sequence[FloatArray] | None" = None,
        threads: int | None = None,
        fused: bool = False,
    ) -> list[Any]:
        """Evaluate at ``values``; each result has the broadcast shape of the inputs (a number for numbers).

        A result that does not vary along an axis is a read-only view that repeats it there, and takes no memory for
        it; given ``out``, float64 arrays of the broadcast shape, results are written there in full
        (`ValueError` if one overlaps another, or an input: a block is written before the next is read). Symbols that
        the expressions do not contain are ignored; a missing one raises `InputError`. ``threads`` is the number of
        cores by default. ``fused`` runs the same operations as one compiled loop (extra ``fast``), equal to rounding:
        it takes a second or more to compile. Dask arrays among the values give dask arrays, computed chunk by chunk.
        """
        missing = [x for x in self.arguments if x not in values]
        if missing:
            names = ", ".join(f"{x.name} ({NOTATION[x].meaning})" if x in NOTATION else x.name for x in missing)
            raise InputError(f"no value for {names}")
        given = [values[x] for x in self.arguments]
        if "dask" in sys.modules and any(_is_dask(value) for value in given):
            from .chunks import by_chunks

            return by_chunks(self, given, fused=fused)
        if out is None and all(isinstance(value, float | int) for value in given):
            line = self.program((0,) * len(given))
            try:
                return line.numbers([float(value) for value in given])  # type: ignore[arg-type]
            except (ArithmeticError, ValueError):
                pass  # NumPy knows what infinity or NaN it comes to
        from . import arrays as on_arrays

        arrays = [on_arrays.numbers(value) for value in given]
        shape = on_arrays.common_shape(arrays)
        axes = on_arrays.varying(arrays, shape)
        return on_arrays.evaluate(self.program(axes), arrays, shape, axes, out=out, threads=threads, fused=fused)

    def program(self, axes: tuple[int, ...]) -> Program:
        """The operations for arguments that vary along these axes, made once."""
        if axes not in self._programs:
            self._programs[axes] = program(self.expressions, self.definitions, self.arguments, axes)
        return self._programs[axes]


@lru_cache(maxsize=256)
def compiled(expressions: tuple[Expr, ...], definitions: tuple[Definition, ...] = ()) -> Compiled:
    """Return the `Compiled` function of these expressions, made once per process."""
    return Compiled(expressions, definitions)


Axes = Mapping[Symbol, int]
"""The axes along which a symbol's array varies, as bits; none for a symbol that is not named."""
Run = Callable[[Compiled, Mapping[Symbol, Any], Axes], "list[FloatArray]"]
"""How a function is evaluated: `on_factors` or `at_points`."""


def on_factors(
    function: Compiled, values: Mapping[Symbol, Any], axes: Axes, *, fused: bool = False
) -> "list[FloatArray]":
    """Evaluate on a grid, and return each result on the axes it varies along, with length 1 along the others.

    ``axes`` decides the order of the operations, so that a part of a grid gives the same as the whole to the last bit.
    """
    from . import arrays as on_arrays

    given = [on_arrays.numbers(values[x]) for x in function.arguments]
    shape = on_arrays.common_shape(given)
    varying = on_arrays.varying(given, shape)
    bits = tuple(axes.get(x, 0) & found for x, found in zip(function.arguments, varying, strict=True))
    return on_arrays.factored(on_arrays.evaluate(function.program(bits), given, shape, bits, fused=fused))


def at_points(function: Compiled, values: Mapping[Symbol, Any], axes: Axes) -> "list[FloatArray]":
    """Evaluate at points of a grid, as arrays of any shapes that broadcast: to the last bit what the grid gives."""
    from . import arrays as on_arrays

    given = [on_arrays.numbers(values[x]) for x in function.arguments]
    bits = tuple(axes.get(x, 0) if array.ndim else 0 for x, array in zip(function.arguments, given, strict=True))
    return on_arrays.at_points(function.program(bits), given, bits)


def _needed(expressions: Sequence[Expr], definitions: Sequence[Definition]) -> list[Definition]:
    """Keep the definitions that the expressions use, directly or through another."""
    wanted = set().union(*(e.free_symbols for e in expressions))
    kept: list[Definition] = []
    for symbol, rhs in reversed(definitions):
        if symbol in wanted:
            kept.append((symbol, rhs))
            wanted |= rhs.free_symbols
    return kept[::-1]


def _is_dask(value: Any) -> bool:
    return type(value).__module__.startswith("dask.") and hasattr(value, "chunks")
