"""The operations of a `Program` as one compiled loop: each element is read once, and only results are written.

Needs the extra ``fast`` (numba), which loads when the first loop is compiled. The same operations in the same order as
in NumPy; the compiler may contract a product and a sum into one rounding, so that results differ in their last bits.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .notation import InputError
from .program import Program

INFIX: Mapping[str, str] = {
    "multiply": "*", "divide": "/", "add": "+", "subtract": "-", "power": "**", "less": "<", "less_equal": "<=",
    "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!=",
}  # fmt: skip
PAYS_FROM = 2 * 10**9
"""Operations on elements from which compiling repays itself: a second or two of NumPy's time."""


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
    """Fill the results by the compiled loop; False if the inputs do not all vary along the same axes, in order."""
    full = max((bits for bits in line.axes), default=0)
    varying = [r for r in line.inputs if r is not None and line.axes[r]]
    by_register = {r: array for r, array in zip(line.inputs, arrays, strict=True) if r is not None}
    usable = all(line.axes[r] == full and by_register[r].flags.c_contiguous for r in varying)
    if not full or not usable or any(bits not in (0, full) for bits in line.axes):
        return False
    cells: dict[int, Any] = {register: np.float64(value) for register, value in line.constants.items()}
    cells |= {r: np.float64(array.reshape(-1)[0]) for r, array in by_register.items() if not line.axes[r]}
    from .blocks import FUNCTION

    for name, target, operands in line.operations:
        if not line.axes[target]:
            cells[target] = FUNCTION[name](*(cells[x] for x in operands))
    columns: dict[int, NDArray[np.float64]] = {}
    copies = []
    for register, result in zip(line.outputs, results, strict=True):
        if not line.axes[register]:
            result[...] = cells[register]
        elif register in columns or not result.flags.c_contiguous:
            copies.append((register, result))
        else:
            columns[register] = result
    if any(register not in columns for register, _ in copies):
        return False
    if columns:
        _kernel(line, tuple(columns), threads)(
            *(by_register[r].reshape(-1) for r in varying),
            *(float(cells[r]) for r in _scalars(line)),
            *(result.reshape(-1) for result in columns.values()),
        )
    for register, result in copies:
        result[...] = columns[register]
    return True


def _scalars(line: Program) -> list[int]:
    """The scalars that the loop reads and that are not numbers of the program."""
    loop = [operands for _, target, operands in line.operations if line.axes[target]]
    return sorted({x for operands in loop for x in operands if not line.axes[x] and x not in line.constants})


def _kernel(line: Program, columns: tuple[int, ...], threads: int | None) -> Callable[..., None]:
    compiled = _compiled(source(line, columns))
    import numba

    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(min(threads or most, most))
    return compiled


@lru_cache(maxsize=64)
def _compiled(text: str) -> Callable[..., None]:
    """Compile a loop; `text` is this module's own, written from a program."""
    if not available():
        raise InputError("fused loops need numba: pip install 'ditcarbon-sym[fast]'")
    os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")
    import math

    import numba

    space: dict[str, Any] = {"prange": numba.prange, "math": math}
    exec(compile(text, "<fused>", "exec"), space)
    options: Any = {"parallel": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
    function: Callable[..., None] = numba.njit(**options)(space["kernel"])
    return function


def source(line: Program, columns: Sequence[int]) -> str:
    """Write the loop as Python: one line an operation.

    >>> from ditcarbon_sym.notation import B, S
    >>> from ditcarbon_sym.lines import program
    >>> line = program((B * S + 1,), (), (B, S), (1, 0))
    >>> print(source(line, line.outputs))
    def kernel(x2, s3, y5):
        for i in prange(x2.size):
            r2 = x2[i]
            r4 = r2 * s3
            r5 = 1.0 + r4
            y5[i] = r5
    """
    varying = [r for r in line.inputs if r is not None and line.axes[r]]
    names = [*(f"x{r}" for r in varying), *(f"s{r}" for r in _scalars(line)), *(f"y{r}" for r in columns)]
    lines = [f"def kernel({', '.join(names)}):", f"    for i in prange(x{varying[0]}.size):"]
    lines += [f"        r{r} = x{r}[i]" for r in varying]
    for name, target, operands in line.operations:
        if line.axes[target]:
            lines.append(f"        r{target} = {_call(name, [_operand(line, x) for x in operands])}")
    return "\n".join([*lines, *(f"        y{r}[i] = r{r}" for r in columns)])


def _operand(line: Program, register: int) -> str:
    if register in line.constants:
        value = line.constants[register]
        return repr(value) if np.isfinite(value) else f"math.{value:g}"
    return f"r{register}" if line.axes[register] else f"s{register}"


def _call(name: str, operands: Sequence[str]) -> str:
    if name in INFIX:
        return f" {INFIX[name]} ".join(operands)
    if name == "where":
        return f"{operands[1]} if {operands[0]} else {operands[2]}"
    if name in ("maximum", "minimum"):
        return f"{name[:3]}({', '.join(operands)})"
    return {"absolute": "abs"}.get(name, f"math.{name}") + f"({operands[0]})"
