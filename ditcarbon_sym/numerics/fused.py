"""The function of numbers in a loop that numba compiles (extra ``fast``); its last bits may differ from NumPy's."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import imported

if TYPE_CHECKING:
    from .functions import Compiled


@lru_cache(maxsize=64)
def loop(function: "Compiled") -> Callable[..., None]:
    """Return the compiled loop over flat arrays, inputs first."""
    numba = imported("numba", "fast", "a fused loop")
    options: Any = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "arcp"}}
    space: dict[str, Any] = {"function": numba.njit(**options)(function.on_numbers)}
    exec(source(len(function.arguments), len(function.expressions)), space)
    return numba.njit(**options)(space["loop"])


def source(inputs: int, outputs: int) -> str:
    """Write the loop around the function.

    >>> print(source(2, 1))
    def loop(x0, x1, y0):
        for i in range(y0.size):
            y0[i], = function(x0[i], x1[i])
    """
    x, y = [f"x{k}" for k in range(inputs)], [f"y{k}" for k in range(outputs)]
    read, written = (", ".join(f"{name}[i]" for name in names) for names in (x, y))
    return f"def loop({', '.join([*x, *y])}):\n    for i in range(y0.size):\n        {written}, = function({read})"
