"""The operations of a `Program` as one compiled loop: each element is read once, and only results are written.

Needs the extra ``fast`` (numba), which loads when the first loop is compiled. The same operations in the same order as
in NumPy; the compiler may contract a product and a sum into one rounding, so that results differ in their last bits.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache, reduce
from importlib.util import find_spec
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .blocks import as_float, compute, start
from .program import Operation, Program

INFIX: Mapping[str, str] = {
    "multiply": "*", "divide": "/", "add": "+", "subtract": "-", "power": "**", "less": "<", "less_equal": "<=",
    "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!=",
}  # fmt: skip
PAYS_FROM = 5 * 10**9
"""Operations on elements from which compiling a sweep's loops repays itself: some seconds of NumPy's time."""


_TURN = Lock()
"""A loop has threads of its own, which not every threading layer of numba shares between callers."""


def available() -> bool:
    """Whether numba is installed, without loading it."""
    return find_spec("numba") is not None


def pays(line: Program, elements: int) -> bool:
    """Whether so many elements repay the compilation of this program.

    >>> pays(Program((), (), {}, (), ()), 10**12)
    False
    """
    return available() and elements * sum(bool(line.axes[target]) for _, target, _ in line.operations) >= PAYS_FROM


def run(
    line: Program, arrays: Sequence[NDArray[Any]], results: Sequence[NDArray[np.float64]], threads: int | None
) -> bool:
    """Fill the results by a compiled loop over all axes; False if there is nothing to loop over.

    What varies along some of the axes only is computed by NumPy, on those, and read by the loop where it belongs.
    """
    full = reduce(int.__or__, (line.axes[register] for register in line.outputs), 0)
    shape = np.broadcast_shapes(*(result.shape for result in results))
    kept = [k for k, length in enumerate(shape) if full >> k & 1 and length != 1]
    if not kept or 0 in shape:
        return False
    loop = [x for x in line.operations if line.axes[x[1]] == full]
    cells = start(line, arrays, [0 if r is None else line.axes[r] for r in line.inputs])
    compute(line, cells, lambda bits: bits != full)
    columns: dict[int, NDArray[np.float64]] = {}
    rest = []
    for register, result in zip(line.outputs, results, strict=True):
        if any(register == target for _, target, _ in loop) and register not in columns:
            columns[register] = result
        else:
            rest.append((register, result))
    if columns:
        made = {target for _, target, _ in loop}
        read = sorted({x for _, _, operands in loop for x in operands if x not in made and x not in line.constants})
        places = {r: tuple(line.axes[r] >> k & 1 for k in kept) for r in read if line.axes[r]}
        flat = all(all(place) for place in places.values()) and all(x.flags.c_contiguous for x in columns.values())
        if flat:
            places = dict.fromkeys(places, (1,))
        text = source(loop, line.constants, read, places, tuple(columns), 1 if flat else len(kept))
        kernel = _compiled(text)
        given = (
            *(_squeezed(as_float(cells[r]), kept, flat) if r in places else float(cells[r]) for r in read),
            *(_squeezed(result, kept, flat) for result in columns.values()),
        )
        with _TURN:
            _limited(kernel, threads)(*given)
        for register, result in columns.items():
            cells[register] = result
    for register, result in rest:
        result[...] = cells[register]
    return True


def _squeezed(array: NDArray[Any], kept: Sequence[int], flat: bool) -> NDArray[Any]:
    """An array on the axes that are looped over."""
    return array.reshape(-1) if flat else array.reshape([array.shape[k] for k in kept])


def _limited(kernel: Callable[..., None], threads: int | None) -> Callable[..., None]:
    import numba

    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(min(threads or most, most))
    return kernel


@lru_cache(maxsize=64)
def _compiled(text: str) -> Callable[..., None]:
    """Compile a loop; `text` is this module's own, written from a program."""
    if not available():
        raise InputError("fused loops need numba: pip install 'ditcarbon-sym[fast]'")
    os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")
    import numba

    space: dict[str, Any] = {"prange": numba.prange, "np": np}
    exec(compile(text, "<fused>", "exec"), space)
    options: Any = {"parallel": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
    function: Callable[..., None] = numba.njit(**options)(space["kernel"])
    return function


def source(
    loop: Sequence[Operation],
    constants: Mapping[int, float],
    read: Sequence[int],
    places: Mapping[int, tuple[int, ...]],
    columns: Sequence[int],
    depth: int,
) -> str:
    """Write loops ``depth`` deep as Python, one line an operation; ``places`` says along which of them an array varies.

    >>> print(source([("multiply", 3, (1, 2)), ("add", 4, (3, 0))], {0: 1.0}, [1, 2], {1: (1, 0)}, [4], 2))
    def kernel(x1, s2, y4):
        for i0 in prange(y4.shape[0]):
            for i1 in range(y4.shape[1]):
                r1 = x1[i0, 0]
                r3 = r1 * s2
                r4 = r3 + 1.0
                y4[i0, i1] = r4
    """
    names = [*(f"x{r}" if r in places else f"s{r}" for r in read), *(f"y{r}" for r in columns)]
    lines = [f"def kernel({', '.join(names)}):"]
    for k in range(depth):
        lines.append(f"{'    ' * (k + 1)}for i{k} in {'range' if k else 'prange'}(y{columns[0]}.shape[{k}]):")
    index = ", ".join(f"i{k}" for k in range(depth))
    body = [
        f"r{r} = x{r}[{', '.join(f'i{k}' if x else '0' for k, x in enumerate(place))}]" for r, place in places.items()
    ]
    scalars = set(read) - set(places)
    for name, target, operands in loop:
        body.append(f"r{target} = {_call(name, [_operand(x, constants, scalars) for x in operands])}")
    body += [f"y{r}[{index}] = r{r}" for r in columns]
    return "\n".join([*lines, *("    " * (depth + 1) + line for line in body)])


def _operand(register: int, constants: Mapping[int, float], scalars: Collection[int]) -> str:
    if register in constants:
        value = constants[register]
        return repr(value) if np.isfinite(value) else f"np.{value:g}".replace("np.-", "-np.")
    return f"s{register}" if register in scalars else f"r{register}"


def _call(name: str, operands: Sequence[str]) -> str:
    if name in INFIX:
        return f" {INFIX[name]} ".join(operands)
    if name == "where":
        return f"{operands[1]} if {operands[0]} else {operands[2]}"
    return f"np.{name}({', '.join(operands)})"  # NumPy's own answer to NaN and infinity
