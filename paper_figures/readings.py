"""A computed quantity and the ways of reading the paper that lead to a value.

The first reading follows the paper's text to the letter. Where that does not give the printed number, other readings
do, and each names the correction that it needs. `ledger` takes the first one that agrees.
"""

from collections.abc import Iterator
from dataclasses import dataclass

WIDE = 2.0


@dataclass(frozen=True)
class Reading:
    """One value, and the correction it needs ('' for the paper's own words).

    ``inferred``: the correction stands in for data that are not published, so agreement is consistency, not
    reproduction.
    """

    value: float
    correction: str = ""
    inferred: bool = False


@dataclass(frozen=True)
class Inference:
    """A range that follows from published data, where the printed value needs data that are not published."""

    low: float
    high: float
    words: str

    @property
    def tells(self) -> bool:
        """Whether a number could lie outside: a range of more than a factor `WIDE` checks nothing."""
        return self.high < WIDE * self.low


@dataclass(frozen=True)
class Found:
    """A quantity with its readings; ``ours`` is the one that the project itself uses. ``bound``: the paper says 'at
    most'.
    """

    quantity: str
    readings: tuple[Reading, ...]
    ours: int = 0
    bound: bool = False
    note: str = ""
    inference: Inference | None = None

    @property
    def value(self) -> float:
        return self.readings[self.ours].value


def found(quantity: str, value: float, note: str = "") -> Found:
    """A quantity with one reading."""
    return Found(quantity, (Reading(float(value)),), note=note)


def at_most(quantity: str, value: float, note: str = "") -> Found:
    """A quantity that the paper bounds from above."""
    return Found(quantity, (Reading(float(value)),), bound=True, note=note)


def corrected(quantity: str, literal: float, value: float, correction: str, note: str = "") -> Found:
    """A quantity that agrees only under a correction, which the project makes."""
    return Found(quantity, (Reading(float(literal)), Reading(float(value), correction)), ours=1, note=note)


def inferred(quantity: str, literal: float, value: float, words: str, note: str = "") -> Found:
    """A quantity that agrees once unpublished data are inferred."""
    return Found(quantity, (Reading(float(literal)), Reading(float(value), words, inferred=True)), ours=1, note=note)


Results = Iterator[Found]
