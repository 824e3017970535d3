"""The paper's V100 corpus as `Data`, whole or in part."""

from functools import lru_cache
from pathlib import Path

from ditcarbon_sym.calibration.data import Data
from ditcarbon_sym.calibration.efficiency import sweep_data
from ditcarbon_sym.calibration.measurements import Row, read_csv

CORPUS = Path(__file__).parent / "measurements" / "v100_corpus.csv"
PRODUCTION_PIXELS = 512 * 512
"""The paper's production regime: resolution of at least 512 x 512 (Section 4.3)."""


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """All 83 rows, in the order of Table 5, the five repeats last."""
    return tuple(read_csv(CORPUS))


def is_production(row: Row) -> bool:
    return row.request["height"] * row.request["width"] >= PRODUCTION_PIXELS


def is_printed(row: Row) -> bool:
    """Whether the paper prints the value (78 cells and one repeat); the other values are reconstructed."""
    return row.extra["origin"] != "reconstructed repeat"


def full() -> Data:
    return sweep_data(rows())


def printed() -> Data:
    return sweep_data([row for row in rows() if is_printed(row)])


def production() -> Data:
    return sweep_data([row for row in rows() if is_production(row)])
