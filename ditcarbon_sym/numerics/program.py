"""A straight line of operations on registers, which runs on numbers, on arrays (`blocks`) or as one loop (`fused`)."""

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Operation = tuple[str, int, tuple[int, ...]]
"""A function's name, the register it writes, the registers it reads."""
COMPARISONS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "not_equal"}


def _root(x: float, power: float) -> float:
    found: Any = x**power
    if isinstance(found, complex):
        raise ValueError("a root of a negative number")
    return float(found)


def _larger(one: float, other: float) -> float:
    return one if one >= other or one != one else other


def _smaller(one: float, other: float) -> float:
    return one if one <= other or one != one else other


SCALAR: Mapping[str, Any] = {
    "multiply": operator.mul, "divide": operator.truediv, "add": operator.add, "subtract": operator.sub,
    "sqrt": math.sqrt, "power": _root, "exp": math.exp, "log": math.log, "absolute": abs,
    "floor": lambda x: float(math.floor(x)), "ceil": lambda x: float(math.ceil(x)),
    "maximum": _larger, "minimum": _smaller, "where": lambda condition, one, other: one if condition else other,
    **{name: getattr(operator, short) for name, short in (
        ("less", "lt"), ("less_equal", "le"), ("greater", "gt"), ("greater_equal", "ge"), ("equal", "eq"),
        ("not_equal", "ne"),
    )},
}  # fmt: skip
"""What a program's functions are on numbers, without NumPy, which takes longer to load than an estimate to compute."""


@dataclass(frozen=True)
class Program:
    """Operations in order; ``axes`` of every register, ``inputs`` the argument's register (None if it is not used)."""

    operations: tuple[Operation, ...]
    axes: tuple[int, ...]
    constants: Mapping[int, float]
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]

    def numbers(self, values: Sequence[float]) -> list[float]:
        """Run it on numbers alone; raises where Python's arithmetic does, such as for a division by zero."""
        cells = [0.0] * len(self.axes)
        for register, value in self.constants.items():
            cells[register] = value
        for place, value in zip(self.inputs, values, strict=True):
            if place is not None:
                cells[place] = value
        for function, target, operands in self.on_numbers:
            if len(operands) == 2:
                cells[target] = function(cells[operands[0]], cells[operands[1]])
            else:
                cells[target] = function(*[cells[x] for x in operands])
        return [cells[register] for register in self.outputs]

    @cached_property
    def on_numbers(self) -> list[tuple[Any, int, tuple[int, ...]]]:
        """The operations with Python's functions in place of their names."""
        return [(SCALAR[name], target, operands) for name, target, operands in self.operations]
