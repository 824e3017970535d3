"""The numbers that the paper prints, one row each, from ``claims.csv``: the place, the printed digits, the unit and the
quantity.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

CLAIMS = Path(__file__).parent / "claims.csv"

UNITS = {"M": 1e6, "B": 1e9, "TFLOP/s": 1e12, "kg": 1e3}
"""Printed units that are multiples of the computed one (counts, FLOP/s, grams)."""


@dataclass(frozen=True)
class Claim:
    """One printed number. ``kind`` tells a result of the paper from a premise (input) and from a quotation
    (external).
    """

    id: str
    where: str
    printed: str
    unit: str
    kind: str
    quantity: str

    @property
    def value(self) -> float:
        return float(self.printed)

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit: how far a value may lie and still round to the printed one.

        >>> Claim("", "", "0.559", "g", "result", "").half_unit
        0.0005
        """
        exponent = Decimal(self.printed).as_tuple().exponent
        return 0.5 * 10.0 ** int(exponent)


@lru_cache(maxsize=1)
def claims() -> tuple[Claim, ...]:
    """All printed numbers, in the order of the paper."""
    with CLAIMS.open(encoding="utf-8", newline="") as file:
        return tuple(Claim(**row) for row in csv.DictReader(file))


@lru_cache(maxsize=1)
def by_quantity() -> Mapping[str, Claim]:
    """The first printed mention of each quantity."""
    first: dict[str, Claim] = {}
    for claim in claims():
        first.setdefault(claim.quantity, claim)
    return MappingProxyType(first)
