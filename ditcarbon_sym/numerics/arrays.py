"""A `Program` on arrays: outer products on their factors, the rest in blocks, results in place."""

import os
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Blocks, FloatArray, compute, natural_shape, start
from .program import Program

BLOCK = 2**15
"""Elements that one block works on: few enough for the buffers to stay in the cache, enough for threads not to meet."""
SMALL = 2**11
"""Elements up to which laying out blocks costs more than it saves."""


def evaluate(
    line: Program,
    arrays: Sequence[NDArray[Any]],
    shape: tuple[int, ...],
    axes: Sequence[int],
    *,
    out: Sequence[FloatArray] | None = None,
    threads: int | None = None,
    fused: bool = False,
) -> list[Any]:
    """Run a program made for inputs that vary along ``axes`` of ``shape``; see `evaluate.Compiled`."""
    if out is not None:
        _demand(out, arrays, len(line.outputs), shape)
    if not shape:
        found = [np.float64(result) for result in _scalars(line, arrays)]
        return found if out is None else _written(out, found)
    if out is None and not fused and prod(shape) <= SMALL:
        return _at_once(line, arrays, axes, shape)
    aligned = [_factor(array, len(shape), bits) for array, bits in zip(arrays, axes, strict=True)]
    natural = [natural_shape(shape, line.axes[register]) for register in line.outputs]
    if out is None:
        results = _allocate(natural)
    else:
        results = [array if of == shape else np.empty(of) for array, of in zip(out, natural, strict=True)]
    if not fused or not _fused(line, aligned, results, threads):
        _fill(line, aligned, results, shape, threads or _cores())
    if out is not None:
        return _written(out, results)
    return [array if array.shape == shape else np.broadcast_to(array, shape) for array in results]


def factored(results: Sequence[Any]) -> list[FloatArray]:
    """Each result on the axes it varies along, with length 1 along the others."""
    arrays = [np.asarray(result) for result in results]
    return [_factor(array, array.ndim, varying([array], array.shape)[0]) for array in arrays]


def numbers(value: Any) -> NDArray[Any]:
    """An array of numbers; integers stay as they are until their block is worked on."""
    array = np.asarray(value)
    return array if array.dtype.kind in "fiu" and array.ndim else np.asarray(array, dtype=np.float64)


def common_shape(arrays: Sequence[Any]) -> tuple[int, ...]:
    """The shape that arrays broadcast to."""
    return np.broadcast_shapes(*(array.shape for array in arrays))


def varying(arrays: Sequence[Any], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of ``shape`` along which each array varies, as bits; one that only repeats itself does not.

    >>> varying([np.ones((4, 1)), np.ones(5), np.float64(2)], (4, 5))
    (1, 2, 0)
    """
    found = []
    for array in arrays:
        first = len(shape) - array.ndim
        strides = getattr(array, "strides", array.shape)
        found.append(sum(
            1 << (first + k)
            for k, length in enumerate(array.shape)
            if length == shape[first + k] and (strides[k] or length <= 1)
        ))  # fmt: skip
    return tuple(found)


def _factor(array: NDArray[Any], dimensions: int, bits: int) -> NDArray[Any]:
    """An array with all axes, of length 1 where it does not vary."""
    array = array.reshape((1,) * (dimensions - array.ndim) + array.shape)
    return array[tuple(slice(None) if bits >> k & 1 else slice(0, 1) for k in range(dimensions))]


def _demand(out: Sequence[FloatArray], arrays: Sequence[NDArray[Any]], number: int, shape: tuple[int, ...]) -> None:
    if len(out) != number or any(array.shape != shape or array.dtype != np.float64 for array in out):
        raise ValueError(f"out must be {number} arrays of float64, of the inputs' shape {shape}")
    for k, array in enumerate(out):
        if any(_overlap(array, other) for other in (*out[:k], *arrays)):
            raise ValueError(f"out[{k}] overlaps another array of out, or an input; give it memory of its own")


def _overlap(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays have an element in common, or it would take long to say."""
    if not np.may_share_memory(one, other):
        return False
    try:
        found: bool = np.shares_memory(one, other, max_work=10**4)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True
    return found


def _written(out: Sequence[FloatArray], results: Sequence[Any]) -> list[Any]:
    for array, result in zip(out, results, strict=True):
        if array is not result:
            np.copyto(array, result)
    return list(out)


def _allocate(shapes: Sequence[tuple[int, ...]]) -> list[FloatArray]:
    """Make an array for each shape; those of one shape lie in one piece of memory, which the system hands out
    faster.
    """
    room = {shape: iter(np.empty((list(shapes).count(shape), *shape))) for shape in set(shapes)}
    return [next(room[shape]) for shape in shapes]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _at_once(line: Program, arrays: Sequence[NDArray[Any]], axes: Sequence[int], shape: tuple[int, ...]) -> list[Any]:
    """Run a program on small arrays, an array for every intermediate."""
    cells = start(line, arrays, axes)
    compute(line, cells, lambda bits: True)
    found = []
    for k, register in enumerate(line.outputs):
        shared = register in line.inputs or register in line.outputs[:k]
        result = (np.array if shared else np.asarray)(cells[register], dtype=np.float64)
        found.append(result if result.shape == shape else np.broadcast_to(result, shape))
    return found


def at_points(line: Program, arrays: Sequence[NDArray[Any]], axes: Sequence[int]) -> list[FloatArray]:
    """Run a program made for inputs that vary along ``axes`` on arrays of any shapes that broadcast."""
    cells = start(line, arrays, axes)
    compute(line, cells, lambda bits: True)
    return [np.asarray(cells[register], dtype=np.float64) for register in line.outputs]


def _scalars(line: Program, arrays: Sequence[NDArray[Any]]) -> list[Any]:
    """Run a program on scalars alone."""
    cells = start(line, arrays, (0,) * len(arrays))
    compute(line, cells, lambda bits: True)
    return [cells[register] for register in line.outputs]


def _fused(line: Program, arrays: Sequence[NDArray[Any]], results: Sequence[FloatArray], threads: int | None) -> bool:
    from .fused import run

    return run(line, arrays, results, threads)


def _fill(
    line: Program, arrays: Sequence[NDArray[Any]], results: Sequence[FloatArray], shape: tuple[int, ...], threads: int
) -> None:
    """Compute once what does not vary along the axes that are cut, the rest block by block."""
    if not np.prod(shape):
        return
    full = max(line.axes)
    used = [array for array, r in zip(arrays, line.inputs, strict=True) if r is not None and line.axes[r]]
    if all(bits in (0, full) for bits in line.axes) and all(x.flags.c_contiguous for x in (*used, *results)):
        # One shape throughout: as good as one axis.
        arrays, results = [x.reshape(-1) for x in arrays], [x.reshape(-1) for x in results]
        shape = (max(x.size for x in (*used, *results)),)
        line = replace(line, axes=tuple(int(bits > 0) for bits in line.axes))
    cells = start(line, arrays, [0 if r is None else line.axes[r] for r in line.inputs])
    cut, length = _cut(shape)
    bits = (1 << cut + 1) - 1
    compute(line, cells, lambda of: not of & bits)
    written = set()
    for register, result in zip(line.outputs, results, strict=True):
        if not line.axes[register] & bits:
            result[...] = cells[register]
        else:
            written.add(register)
    if written:
        Blocks(line, cells, results, shape, cut, length).run(threads)


def _cut(shape: tuple[int, ...]) -> tuple[int, int]:
    """The axis that blocks are cut along, those before it one index at a time, and a block's length along it."""
    for axis in range(len(shape)):
        inner = int(np.prod(shape[axis + 1 :]))
        if inner <= BLOCK:
            return axis, max(1, BLOCK // inner)
    raise AssertionError(shape)
