"""Many expressions compiled together, evaluated on arrays of any broadcastable shape.

Three decisions make this fast and safe:

* subexpressions shared between outputs are computed once (``lambdify(cse=...)``), and the named intermediates of a
  chain of equations (tokens, FLOP, runtime) are shared by construction;
* large arrays are worked through in blocks that fit the cache, on as many threads as there are cores, since NumPy
  releases the interpreter lock inside its loops;
* every input becomes float64 first, whatever came in: int64 wraps silently above 9.2e18 FLOP.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sympy import Expr, Symbol, cse, lambdify, numbered_symbols
from sympy.printing.numpy import NumPyPrinter

from .notation import NOTATION, InputError

# What generated code may call. Naming it spares lambdify its import of all of NumPy, lazy submodules included.
_NAMESPACE = {
    name: getattr(np, name)
    for name in (
        "exp",
        "log",
        "sqrt",
        "abs",
        "amax",
        "amin",
        "select",
        "less",
        "greater",
        "less_equal",
        "greater_equal",
    )
}

FloatArray = NDArray[np.float64]
Definition = tuple[Symbol, Expr]

WORKING_SET = 2**20
"""Elements, over all arrays in flight, that one block works on: with it the temporaries stay in the cache."""
TEMPORARIES = 18
"""Arrays in flight beside inputs and outputs, typically."""


class Compiled:
    """A tuple of expressions as one vectorised function of the symbols they contain.

    Parameters
    ----------
    expressions
        What to compute.
    definitions
        Intermediate quantities, ``(symbol, expression)`` in order of computation; a later one may use the earlier.

    Examples
    --------
    >>> from ditcarbon_sym.notation import B, S
    >>> Compiled((B * S, B + S))({B: [1, 2], S: 10})
    [array([10., 20.]), array([11., 12.])]
    """

    def __init__(self, expressions: Sequence[Expr], definitions: Sequence[Definition] = ()) -> None:
        needed = _needed(expressions, definitions)
        defined = {symbol for symbol, _ in needed}
        free = set().union(*(e.free_symbols for e in [*expressions, *(rhs for _, rhs in needed)]))
        self.arguments: tuple[Symbol, ...] = tuple(sorted(free - defined, key=lambda x: x.name))
        self._depends = [_inputs(expression, dict(needed)) for expression in expressions]
        self._function: Callable[..., list[Any]] = lambdify(
            self.arguments,
            list(expressions),
            modules=[_NAMESPACE],
            printer=NumPyPrinter({"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True}),
            cse=lambda outputs: _share(outputs, needed),
        )

    def __call__(self, values: Mapping[Symbol, ArrayLike]) -> list[Any]:
        """Evaluate at ``values``; each result has the broadcast shape of the inputs (a float64 scalar for scalars).

        A result that does not vary along an axis is a read-only view that repeats it there, and takes no memory for
        it. Symbols that the expressions do not contain are ignored; a missing one raises `InputError`.
        """
        missing = [x for x in self.arguments if x not in values]
        if missing:
            names = ", ".join(f"{x.name} ({NOTATION[x].meaning})" if x in NOTATION else x.name for x in missing)
            raise InputError(f"no value for {names}")
        arrays = [np.asarray(values[x], dtype=np.float64) for x in self.arguments]
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
        if not shape:
            return [np.float64(result) for result in self._function(*(array[()] for array in arrays))]
        aligned = [array.reshape((1,) * (len(shape) - array.ndim) + array.shape) for array in arrays]
        return [
            np.broadcast_to(output, shape) if output.shape != shape else output for output in self._fill(aligned, shape)
        ]

    def _fill(self, arrays: list[FloatArray], shape: tuple[int, ...]) -> list[FloatArray]:
        """Work through the leading axis in blocks; each output is as large as the inputs it depends on make it."""
        by_name = dict(zip(self.arguments, arrays, strict=True))
        ones = (1,) * len(shape)
        outputs = _allocate(
            [np.broadcast_shapes(ones, *(by_name[x].shape for x in depends)) for depends in self._depends]
        )

        def work(block: slice) -> None:
            results = self._function(*(_part(array, block) for array in arrays))
            for output, result in zip(outputs, results, strict=True):
                if len(output) == shape[0]:
                    output[block] = result
                elif block.start == 0:
                    output[...] = result

        varied = sum(array.size > 1 for array in arrays)
        blocks = _blocks(shape, WORKING_SET // (varied + len(outputs) + TEMPORARIES))
        if len(blocks) == 1:
            work(blocks[0])
        else:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(work, blocks))
        return outputs


@lru_cache(maxsize=256)
def compiled(expressions: tuple[Expr, ...], definitions: tuple[Definition, ...] = ()) -> Compiled:
    """Return the `Compiled` function of these expressions, made once per process."""
    return Compiled(expressions, definitions)


def _needed(expressions: Sequence[Expr], definitions: Sequence[Definition]) -> list[Definition]:
    """Keep the definitions that the expressions use, directly or through another."""
    wanted = set().union(*(e.free_symbols for e in expressions))
    kept: list[Definition] = []
    for symbol, rhs in reversed(definitions):
        if symbol in wanted:
            kept.append((symbol, rhs))
            wanted |= rhs.free_symbols
    return kept[::-1]


def _inputs(expression: Expr, definitions: Mapping[Symbol, Expr]) -> set[Symbol]:
    """The arguments an expression depends on, directly or through definitions."""
    found: set[Symbol] = set()
    pending = set(expression.free_symbols)
    while pending:
        symbol = pending.pop()
        if symbol in definitions:
            pending |= definitions[symbol].free_symbols
        else:
            found.add(symbol)
    return found


def _share(outputs: Sequence[Expr], definitions: Sequence[Definition]) -> tuple[list[Definition], list[Expr]]:
    """Common subexpressions of definitions and outputs, the definitions kept under their own names."""
    sides = [rhs for _, rhs in definitions] + list(outputs)
    replacements, reduced = cse(sides, symbols=numbered_symbols("shared_"), list=True)
    pending = list(replacements)
    known = {symbol for symbol, _ in replacements} | {symbol for symbol, _ in definitions}
    ordered: list[Definition] = []
    done: set[Symbol] = set()

    def release() -> None:
        # A shared subexpression may be computed as soon as all that it is made of has been.
        progress = True
        while progress:
            progress = False
            for item in list(pending):
                if not (item[1].free_symbols & known) - done:
                    ordered.append(item)
                    done.add(item[0])
                    pending.remove(item)
                    progress = True

    for (symbol, _), rhs in zip(definitions, reduced[: len(definitions)], strict=True):
        release()
        ordered.append((symbol, rhs))
        done.add(symbol)
    release()
    return ordered, reduced[len(definitions) :]


def _blocks(shape: tuple[int, ...], length: int) -> list[slice]:
    """Slices of the leading axis whose elements, over all other axes, number about ``length``."""
    rows = max(1, length // max(1, int(np.prod(shape[1:]))))
    return [slice(start, min(start + rows, shape[0])) for start in range(0, shape[0], rows)] or [slice(0, 0)]


def _allocate(shapes: Sequence[tuple[int, ...]]) -> list[FloatArray]:
    """Make an array for each shape; those of one shape lie in one piece of memory, which the system hands out
    faster.
    """
    room = {shape: iter(np.empty((list(shapes).count(shape), *shape))) for shape in set(shapes)}
    return [next(room[shape]) for shape in shapes]


def _part(array: FloatArray, block: slice) -> FloatArray:
    return array if array.shape[0] == 1 else array[block]
