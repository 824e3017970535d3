"""A quantity with its interval, and what a service takes that makes so many outputs a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..equations.notation import SECONDS_PER_YEAR, B
from ..equations.quantities import Notation

DAYS_PER_YEAR = float(SECONDS_PER_YEAR) / 86_400
PER_DAY = Notation(B, "n", "outputs per day", "1/day", "per_day", 1e-3, 1e12, False, "outputs per day")


@dataclass(frozen=True)
class Quantity:
    """A value with its interval; None is unknown, never zero."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def times(self, factor: float) -> "Quantity":
        """Scale the value and its interval.

        >>> Quantity(2.0, 1.0, None).times(3)
        Quantity(value=6.0, low=3.0, high=None)
        """
        return Quantity(*(None if x is None else x * factor for x in (self.value, self.low, self.high)))


def plain(table: Mapping[str, Any]) -> dict[str, Any]:
    """The same table with dictionaries for quantities, however deep they stand.

    >>> plain({"time_s": Quantity(2.0)})
    {'time_s': {'value': 2.0, 'low': None, 'high': None}}
    """
    return {
        key: vars(x) if isinstance(x, Quantity) else plain(x) if isinstance(x, Mapping) else x
        for key, x in table.items()
    }


def service(
    batch: Mapping[str, Quantity], outputs_of_a_batch: float, per_day: float, days: float, gpus: float = 1
) -> dict[str, Any]:
    """Scale the quantities of one batch to the outputs of so many days: hours of all accelerators, energy, carbon.

    Each keeps its boundary, and its interval: a service repeats one request, so that the error of all is the same.
    """
    outputs = days * PER_DAY.check(per_day)
    batches = outputs / outputs_of_a_batch
    scaled = {name: x.times(batches) for name, x in batch.items()}
    return {"outputs": outputs, "gpu_hours": scaled.pop("time_s").times(gpus / 3600), **scaled}
