"""The function of numbers in a loop that numba compiles (extra ``fast``); its last bits may differ from NumPy's."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import imported
from .blocks import BLOCK, Arrays, FloatArray, part, places

if TYPE_CHECKING:
    from .functions import Compiled

LOOPING = Lock()
"""numba's threads run one loop at a time."""


def fill(function: "Compiled", arrays: Arrays, results: Sequence[FloatArray], threads: int) -> None:
    """Fill the results of all axes by a loop, if their elements lie side by side, and the others by NumPy."""
    given, shape = dict(zip(function.arguments, arrays, strict=True)), np.broadcast_shapes(*(x.shape for x in results))
    whole = [k for k, result in enumerate(results) if result.shape == shape and result.flags.c_contiguous]
    for k in set(range(len(results))).difference(whole):
        (results[k][...],) = function.only(k).on_axes(given)
    function = function.only(*whole)
    for place in places(shape, 256 * BLOCK) if whole else ():
        targets = [results[k][place] for k in whole]
        inputs = (np.asarray(part(given[x], place), dtype=np.float64) for x in function.arguments)
        alike = (x if x.shape == targets[0].shape else np.broadcast_to(x, targets[0].shape) for x in inputs)
        with LOOPING if threads > 1 else nullcontext():
            loop(function, threads > 1)(*(x.reshape(-1) for x in (*alike, *targets)))


@lru_cache(maxsize=64)
def loop(function: "Compiled", parallel: bool) -> Callable[..., None]:
    """Return the compiled loop over flat arrays, inputs first."""
    numba = imported("numba", "fast", "a fused loop")
    options: Any = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "arcp"}}
    space: dict[str, Any] = {"function": numba.njit(**options)(function.on_numbers), "prange": numba.prange}
    exec(source(len(function.arguments), len(function.expressions)), space)
    return numba.njit(**options, parallel=parallel)(space["loop"])


def source(inputs: int, outputs: int) -> str:
    """Write the loop around the function.

    >>> print(source(2, 1))
    def loop(x0, x1, y0):
        for i in prange(y0.size):
            y0[i], = function(x0[i], x1[i])
    """
    x, y = [f"x{k}" for k in range(inputs)], [f"y{k}" for k in range(outputs)]
    read, written = (", ".join(f"{name}[i]" for name in names) for names in (x, y))
    return f"def loop({', '.join([*x, *y])}):\n    for i in prange(y0.size):\n        {written}, = function({read})"
