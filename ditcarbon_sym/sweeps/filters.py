"""A filter for the rows of a sweep: ``time_s<5 and total_g<=0.5``. Its text is parsed, never executed."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, nearest

COMPARISON: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType({
    "<=": np.less_equal, ">=": np.greater_equal, "<": np.less, ">": np.greater, "=": np.equal,
})  # fmt: skip
_CONDITION = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(<=|>=|==|<|>|=)\s*([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)\s*")


@dataclass(frozen=True)
class Condition:
    """One comparison of a column with a number."""

    field: str
    comparison: str
    number: float

    def holds(self, values: Any) -> NDArray[np.bool_]:
        """Where the comparison holds. It never holds for an unknown value (NaN)."""
        found: NDArray[np.bool_] = COMPARISON[self.comparison](values, self.number)
        return found

    def can_hold(self, low: Any, high: Any) -> NDArray[np.bool_]:
        """Where the comparison may hold for some value between two ends."""
        if self.comparison in ("<", "<="):
            return self.holds(low)
        if self.comparison in (">", ">="):
            return self.holds(high)
        return (low <= self.number) & (high >= self.number)


def read_filter(text: str | None, fields: Collection[str]) -> tuple[Condition, ...]:
    """Read a filter: conditions FIELD OP NUMBER joined by 'and'; OP is one of < <= > >= =.

    Raises `InputError`, which quotes the part that is not understood.

    >>> read_filter("time_s<5 and batch >= 2", ["time_s", "batch"])
    (Condition(field='time_s', comparison='<', number=5.0), Condition(field='batch', comparison='>=', number=2.0))
    >>> read_filter("time<5", ["time_s"])
    Traceback (most recent call last):
    ditcarbon_sym.errors.InputError: where: unknown column 'time'; did you mean time_s?
    """
    if text is None:
        return ()
    conditions = []
    for part in re.split(r"\s+and\s+", text.strip()):
        match = _CONDITION.fullmatch(part) if len(part) < 200 else None
        number = _number(match[3]) if match else None
        if match is None or number is None:
            raise InputError(
                f"where: {part[:60]!r} is not a condition; expected FIELD OP NUMBER joined by 'and', such as time_s<5"
            )
        if match[1] not in fields:
            raise InputError(f"where: unknown column {match[1]!r}{nearest(match[1], fields)}")
        conditions.append(Condition(match[1], "=" if match[2] == "==" else match[2], number))
    return tuple(conditions)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def kept(conditions: Sequence[Condition], columns: Mapping[str, Any]) -> Any:
    """Where all conditions hold: a mask, or True if there is no condition."""
    found: Any = np.True_
    for condition in conditions:
        found = found & condition.holds(columns[condition.field])
    return found
