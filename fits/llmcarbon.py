"""LLMCarbon's validation, through the paper's Eqs. (4) to (8): its accounting is theirs.

FLOP are six for each parameter and token, as LLMCarbon counts them. Two readings of Eq. (5) stand beside each other:
with the power of the system that LLMCarbon takes from measurements, and with rated power, as the paper has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sympy import Symbol

from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.equations import carbon
from ditcarbon_sym.equations.notation import PUE, TDP, E, F_total, I_grid, Theta_peak, mu, tau

DATA = Path(__file__).parent / "measurements" / "llmcarbon.csv"
FLOP_EACH = 6
"""FLOP of training for each parameter and token: two forward, four backward."""
DAY = 86_400.0


@dataclass(frozen=True)
class Row:
    """A training: what LLMCarbon put in, and what was published."""

    name: str
    kind: str
    device: str
    accelerators: float
    flop: float
    peak: float
    efficiency: float
    rated: float
    system: float
    pue: float
    grid: float
    days: float
    published: float

    @property
    def seconds(self) -> float:
        """Eq. (4), each accelerator having its share of the FLOP."""
        known = {F_total: self.flop / self.accelerators, mu: self.efficiency, Theta_peak: self.peak}
        return float(carbon.runtime(known))

    def tonnes(self, watts: float, seconds: float | None = None) -> float:
        """Eqs. (5) and (6): operational carbon of all accelerators, in tonnes, at so much power for each."""
        known: Mapping[Symbol, float] = {tau: self.seconds if seconds is None else seconds, TDP: watts}
        energy = float(carbon.energy(known)) * self.accelerators
        return float(carbon.operational({E: energy, PUE: self.pue, I_grid: self.grid})) / 1e6

    @property
    def theirs(self) -> float:
        """What LLMCarbon's code computes, tonnes: its own arithmetic, without our equations."""
        days = self.flop / self.accelerators / (self.peak * self.efficiency) / DAY
        megawatt_hours = self.system * self.accelerators * days / 1e6 * 24 * self.pue
        return megawatt_hours * self.grid / 1e3

    @property
    def ours(self) -> float:
        """The paper's equations on the same inputs, tonnes."""
        return self.tonnes(self.system)

    @property
    def at_rated_power(self) -> float:
        """The same with rated power, as Eq. (5) has it."""
        return self.tonnes(self.rated)

    @property
    def for_the_printed_days(self) -> float:
        """Eqs. (5) and (6) alone, for the days that were published: what Eq. (4) does not explain."""
        return self.tonnes(self.system, self.days * DAY)


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """Return the trainings of LLMCarbon's validation."""
    found = []
    for record in read_records(DATA):
        x = {key: float(value) for key, value in record.items() if key not in ("name", "kind", "device")}
        found.append(Row(
            record["name"], record["kind"], record["device"], x["accelerators"],
            FLOP_EACH * x["parameters_b"] * 1e9 * x["tokens_b"] * 1e9, x["peak_tflops"] * 1e12, x["efficiency"],
            x["rated_watt"], x["system_watt"], x["pue"], x["grid_kg_per_kwh"] * 1e3, x["training_days"],
            x["published_t"],
        ))  # fmt: skip
    return tuple(found)


def why(row: Row) -> str:
    """What a miss is made of: days that Eq. (4) gives against those published, and energy for the same days."""
    days = row.seconds / DAY / row.days - 1.0
    rest = row.for_the_printed_days / row.published - 1.0
    return f"days {100 * days:+.0f} %, energy and grid {100 * rest:+.0f} %"
