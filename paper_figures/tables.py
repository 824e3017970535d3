"""Tables of the paper with the computed value and the deviation beside the printed one, as CSV and Markdown."""

from dataclasses import dataclass
from pathlib import Path

from ditcarbon_sym.report import csv_text, markdown_table, significant, write_atomically

from .printed import Claim, claims
from .results import UNITS, computed

HEADER = ("row", "quantity", "unit", "printed", "computed", "deviation_percent", "rounds_to_print")
LEGEND = (
    "Computed; in brackets as printed, with the deviation where the computed value does not round to the printed one."
)
TITLES = {
    "table1": "Table 1: flags and coefficients of Eq. (1)",
    "table3": "Table 3: parameters, predicted by Eq. (1)",
    "table6": "Table 6: carbon of PixArt-α, 1024², batch 1, 50 steps, by data centre",
    "table7": "Table 7: end-to-end predictions on the V100, US average",
}
NOTES = {
    "table3": "SD3 Medium is an erratum: Eq. (1) with the flags of Table 1 gives the computed value.",
    "table7": "The fit here starts from the rounded mu of Table 5, the paper's did not: hence the deviation.",
}


@dataclass(frozen=True)
class Cell:
    """One printed number and what the project computes for it, in the printed unit."""

    row: str
    column: str
    claim: Claim
    value: float | None

    @property
    def deviation(self) -> str:
        if self.value is None or self.claim.value == 0:
            return ""
        return f"{100 * (self.value / self.claim.value - 1):+.2f}"

    @property
    def agrees(self) -> str:
        if self.value is None:
            return "quoted, not computed"
        return "yes" if abs(self.value - self.claim.value) <= self.claim.half_unit * (1 + 1e-9) else "no"

    @property
    def text(self) -> str:
        """Computed, then in brackets as printed, with the deviation where it does not round to it."""
        if self.value is None:
            return f"({self.claim.printed})"
        off = f", {self.deviation} %" if self.agrees == "no" else ""
        return f"{significant(self.value)} ({self.claim.printed}{off})"


def cells(table: str) -> list[Cell]:
    """The cells of a table in print order."""
    values = computed()
    found = []
    for claim in claims():
        if claim.id.startswith(f"{table}-") and claim.quantity.startswith(f"{table}."):
            row, column = claim.quantity.removeprefix(f"{table}.").rsplit(".", 1)
            value = values.get(claim.quantity)
            found.append(Cell(row, column, claim, None if value is None else value / UNITS.get(claim.unit, 1.0)))
    return found


def write(table: str, folder: Path) -> None:
    """Write one table to ``folder``: CSV, one line a cell, and Markdown, as the paper lays it out."""
    found = cells(table)
    lines = [(x.row, x.column, x.claim.unit, x.claim.printed, x.value, x.deviation, x.agrees) for x in found]
    write_atomically(folder / f"{table}.csv", csv_text(HEADER, lines))
    names, columns = dict.fromkeys(x.row for x in found), dict.fromkeys(x.column for x in found)
    units = {column: {x.claim.unit for x in found if x.column == column} - {"1", "flag"} for column in columns}
    heads = [f"{column} ({next(iter(units[column]))})" if len(units[column]) == 1 else column for column in columns]
    layout = {(x.row, x.column): f"{x.text} {x.claim.unit}" if len(units[x.column]) > 1 else x.text for x in found}
    body = [[name, *(layout.get((name, column), "") for column in columns)] for name in names]
    parts = [f"# {TITLES[table]}", LEGEND, markdown_table(["", *heads], body), NOTES.get(table, "")]
    write_atomically(folder / f"{table}.md", "\n\n".join(part for part in parts if part) + "\n")
