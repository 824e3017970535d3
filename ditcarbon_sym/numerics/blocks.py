"""The part of a `Program` that is run on arrays block by block, on several threads.

Blocks fit the cache. Intermediates live in a few buffers of a block's length that are used again and again. Neither
blocks nor threads change a result, not even in its last bit.
"""

import contextvars
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .program import COMPARISONS, Program

FloatArray = NDArray[np.float64]


def _where(condition: Any, one: Any, other: Any, out: Any = None) -> Any:
    """Choose elementwise, as a ufunc does: into ``out`` if there is one."""
    chosen = np.where(condition != 0, one, other)
    if out is None:
        return chosen[()]
    np.copyto(out, chosen)
    return out


FUNCTION: Mapping[str, Any] = {
    **{name: getattr(np, name) for name in (
        "multiply", "divide", "add", "subtract", "sqrt", "power", "exp", "log", "absolute", "floor", "ceil",
        "maximum", "minimum", *COMPARISONS.values(),
    )},
    "where": _where,
}  # fmt: skip
"""What a program's functions are in NumPy; all take ``out``."""


def start(line: Program, arrays: Sequence[NDArray[Any]], axes: Sequence[int]) -> list[Any]:
    """What every register holds before anything is computed; what does not vary is a number."""
    cells: list[Any] = [None] * len(line.axes)
    for register, value in line.constants.items():
        cells[register] = value
    for place, array, bits in zip(line.inputs, arrays, axes, strict=True):
        if place is not None:
            cells[place] = array if bits else float(array.reshape(-1)[0])
    return cells


def compute(line: Program, cells: list[Any], wanted: Callable[[int], bool]) -> None:
    """Compute the registers whose axes are wanted, each into an array of its own; numbers by Python's arithmetic."""
    for (on_numbers, target, operands), (name, _, _) in zip(line.on_numbers, line.operations, strict=True):
        bits = line.axes[target]
        if not wanted(bits):
            continue
        read = [cells[x] for x in operands]
        if not bits:
            try:
                cells[target] = on_numbers(*read)
                continue
            except (ArithmeticError, ValueError):  # NumPy knows what infinity or NaN it comes to
                read = [np.float64(x) for x in read]
        cells[target] = FUNCTION[name](*(as_float(x) for x in read))


class Blocks:
    """The part of a program that is run block by block, with its buffers laid out."""

    def __init__(
        self,
        line: Program,
        cells: list[Any],
        results: Sequence[FloatArray],
        shape: tuple[int, ...],
        cut: int,
        length: int,
    ) -> None:
        bits = (1 << cut + 1) - 1
        self.line, self.cells, self.shape, self.cut, self.length = line, cells, shape, cut, length
        self.operations = [x for x in line.operations if line.axes[x[1]] & bits]
        self.inputs = [r for r in line.inputs if r is not None and line.axes[r] & bits]
        self.outputs: dict[int, FloatArray] = {}
        self.copies: list[tuple[int, FloatArray]] = []  # an output that is an input, or another output again
        for register, result in zip(line.outputs, results, strict=True):
            if line.axes[register] & bits:
                if register in self.outputs or register in self.inputs:
                    self.copies.append((register, result))
                else:
                    self.outputs[register] = result
        self.slots = self._slots()
        self.counts = [*shape[:cut], -(-shape[cut] // length)]

    def _slots(self) -> dict[int, int]:
        """A buffer for every intermediate; it is free again after the last operation that reads it."""
        last = {x: k for k, (_, _, operands) in enumerate(self.operations) for x in operands}
        kept = {register for register, _ in self.copies}
        free: dict[int, list[int]] = {}
        slots: dict[int, int] = {}
        number = count()
        for k, (name, target, operands) in enumerate(self.operations):
            ending = [x for x in set(operands) if x in slots and last[x] == k and x not in kept]
            inplace = name != "where"  # which reads its operands after it has begun to write
            if inplace:
                self._release(ending, slots, free)
            if target not in self.outputs:
                room = free.setdefault(self.line.axes[target], [])
                slots[target] = room.pop() if room else next(number)
            if not inplace:
                self._release(ending, slots, free)
        return slots

    def _release(self, registers: Sequence[int], slots: Mapping[int, int], free: dict[int, list[int]]) -> None:
        for x in registers:
            free.setdefault(self.line.axes[x], []).append(slots[x])

    def run(self, threads: int) -> None:
        """Work through all blocks; each thread takes the next one that nobody has."""
        blocks, turn = int(np.prod(self.counts)), count()
        threads = min(threads, blocks)
        if threads <= 1:
            self._work(turn, blocks)
            return
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(contextvars.copy_context().run, self._work, turn, blocks) for _ in range(threads)]
            for job in jobs:
                job.result()

    def _work(self, turn: "count[int]", blocks: int) -> None:
        cells = list(self.cells)
        code = [(FUNCTION[name], target, operands) for name, target, operands in self.operations]
        inputs = [(r, self.cells[r], self.line.axes[r]) for r in self.inputs]
        outputs = [(r, array, self.line.axes[r]) for r, array in self.outputs.items()]
        buffers: dict[tuple[int, ...], list[tuple[int, FloatArray]]] = {}
        current: tuple[int, ...] = ()
        for number in iter(turn.__next__, None):
            if number >= blocks:
                return
            where, size = self._block(number)
            if size != current:
                if size not in buffers:
                    buffers = {size: self._buffers(size)}
                for register, buffer in buffers[size]:
                    cells[register] = buffer
                current = size
            for register, array, bits in inputs:
                cells[register] = as_float(_part(array, where, bits))
            for register, array, bits in outputs:
                cells[register] = _part(array, where, bits)
            for function, target, operands in code:
                if len(operands) == 2:
                    function(cells[operands[0]], cells[operands[1]], out=cells[target])
                else:
                    function(*(cells[x] for x in operands), out=cells[target])
            for register, result in self.copies:
                _part(result, where, self.line.axes[register])[...] = cells[register]

    def _block(self, number: int) -> tuple[tuple[slice, ...], tuple[int, ...]]:
        """Where a block lies, and its size."""
        places = []
        for many in reversed(self.counts):
            number, place = divmod(number, many)
            places.append(place)
        *before, place = places[::-1]
        start = place * self.length
        stop = min(start + self.length, self.shape[self.cut])
        where = (*(slice(x, x + 1) for x in before), slice(start, stop))
        return where, (*(1 for _ in before), stop - start, *self.shape[self.cut + 1 :])

    def _buffers(self, size: tuple[int, ...]) -> list[tuple[int, FloatArray]]:
        room: dict[int, FloatArray] = {}
        for register, slot in self.slots.items():
            if slot not in room:
                room[slot] = np.empty(natural_shape(size, self.line.axes[register]))
        return [(register, room[slot]) for register, slot in self.slots.items()]


def _part(array: NDArray[Any], where: tuple[slice, ...], bits: int) -> NDArray[Any]:
    """The part of an array that belongs to a block."""
    return array[tuple(place if bits >> k & 1 else slice(None) for k, place in enumerate(where))]


def natural_shape(shape: tuple[int, ...], bits: int) -> tuple[int, ...]:
    return tuple(length if bits >> k & 1 else 1 for k, length in enumerate(shape))


def as_float(value: Any) -> Any:
    if isinstance(value, bool | int):  # what a comparison of numbers gives
        return float(value)
    if isinstance(value, float) or value.dtype == np.float64:
        return value
    return np.asarray(value, dtype=np.float64)
