"""A function on arrays of any size: cut into blocks that fit the cache, on as many threads as there are cores.

NumPy releases the interpreter lock inside its loops, so that threads help. A block is a part of the broadcast shape;
each input gives the part of itself that meets it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .functions import Compiled

FloatArray = NDArray[np.float64]
Arrays = Sequence[NDArray[Any]]
Shape = tuple[int, ...]
Out = Sequence[FloatArray] | None
Fill = Callable[["Compiled", Arrays, Sequence[FloatArray], int], None]
BLOCK = 3 * 2**14
"""Elements in a block: few enough for the intermediates in use to stay in the cache."""


def evaluate(function: "Compiled", given: Arrays, shape: Shape, out: Out, threads: int, fill: Fill) -> list[FloatArray]:
    """Evaluate a function of arrays that broadcast to ``shape``; each result has the axes along which it varies."""
    if out is not None:
        _demand(out, given, len(function.expressions), shape)
    aligned = [x.reshape((1,) * (len(shape) - x.ndim) + x.shape) if x.ndim else x for x in given]
    if not shape or (out is None and fill is by_numpy and prod(shape) <= BLOCK):
        return _computed(function, aligned)
    results = list(out) if out is not None else [np.empty(of) for of in _shapes(function, aligned, len(shape))]
    fill(function, aligned, results, threads)
    return results


def by_numpy(function: "Compiled", arrays: Arrays, results: Sequence[FloatArray], threads: int) -> None:
    """Fill the results, a block at a time on each thread."""
    np.empty(32 * BLOCK)  # as large a piece, once given back, lets the C library keep smaller ones from then on

    def work(place: tuple[slice, ...]) -> None:
        for target, found in zip(results, _computed(function, [part(x, place) for x in arrays]), strict=True):
            part(target, place)[...] = found

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, places(np.broadcast_shapes(*(x.shape for x in results)), BLOCK)))


def as_arrays(given: Sequence[Any]) -> tuple[list[NDArray[Any]], Shape]:
    """Return arrays, and the shape they broadcast to; integers stay as they are until their block is computed."""
    arrays = [np.asarray(value) for value in given]
    arrays = [x if x.dtype.kind in "fiu" and x.ndim else np.asarray(x, dtype=np.float64) for x in arrays]
    return arrays, np.broadcast_shapes(*(x.shape for x in arrays))


def repeated(results: Sequence[FloatArray], given: Sequence[Any]) -> list[FloatArray]:
    """Repeat results along the axes of the inputs on which they do not vary, without copies."""
    shape = np.broadcast_shapes(*(np.shape(x) for x in given))
    return [x if x.shape == shape else np.broadcast_to(x, shape) for x in results]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _computed(function: "Compiled", parts: Arrays) -> list[FloatArray]:
    """NumPy's results on a block."""
    with np.errstate(all="ignore"):
        found = function.on_arrays(*(np.asarray(x, dtype=np.float64) for x in parts))
    return [np.asarray(x, dtype=np.float64) for x in found]


def part(array: NDArray[Any], place: tuple[slice, ...]) -> NDArray[Any]:
    """The part of an array that meets a block; an axis of length 1 meets all."""
    return array[tuple(slice(None) if n == 1 else cut for n, cut in zip(array.shape, place, strict=bool(array.ndim)))]


def places(shape: Shape, size: int) -> Iterator[tuple[slice, ...]]:
    """Cut a shape into blocks: one index at a time on the first axes, pieces of one axis, all of the last axes."""
    cut = next(k for k in range(len(shape)) if prod(shape[k + 1 :]) <= size)
    after = [slice(None)] * (len(shape) - cut - 1)
    length = max(1, size // max(1, prod(shape[cut + 1 :])))
    for before in product(*(range(n) for n in shape[:cut])):
        for start in range(0, shape[cut], length):
            yield (*(slice(k, k + 1) for k in before), slice(start, start + length), *after)


def _shapes(function: "Compiled", arrays: Arrays, axes: int) -> list[Shape]:
    """The shape of each expression on all axes: that of the inputs which lead to it."""
    shapes = dict(zip(function.arguments, (array.shape for array in arrays), strict=True))
    for symbol, rhs in function.definitions:
        shapes[symbol] = np.broadcast_shapes(*(shapes[x] for x in rhs.free_symbols))
    return [np.broadcast_shapes((1,) * axes, *(shapes[x] for x in e.free_symbols)) for e in function.expressions]


def _demand(out: Sequence[FloatArray], arrays: Arrays, number: int, shape: Shape) -> None:
    if not shape or len(out) != number or any(array.shape != shape or array.dtype != np.float64 for array in out):
        raise ValueError(f"out must be {number} arrays of float64, of the inputs' shape {shape}")
    for k, array in enumerate(out):
        if any(np.may_share_memory(array, other) for other in (*out[:k], *arrays)):
            raise ValueError(f"out[{k}] overlaps another array of out, or an input; give it memory of its own")
