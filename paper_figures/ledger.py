"""The ledger: every number the paper prints, what the project computes for it, and a status that follows from the two.

*reproduced*: the paper's own reading rounds to the printed digits (or keeps the printed bound);
*reproduced with a stated correction*: another reading does, and the correction is named;
*consistent with*: the printed value lies in a range that follows from what is published, and that is narrow enough to
say anything; or it follows from numbers that are inferred from the print;
*not reproducible*: none of these; the note says what is missing or what comes out instead.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ditcarbon_sym.catalog.files import DATA
from ditcarbon_sym.reports.formats import csv_text, markdown_table, significant, write_atomically

from .printed import UNITS, Claim, claims
from .readings import Found, Inference, Reading
from .results import computed

REPRODUCED, CORRECTED = "reproduced", "reproduced with a stated correction"
CONSISTENT, MISSING = "consistent with", "not reproducible"
STATUSES = (REPRODUCED, CORRECTED, CONSISTENT, MISSING)
SHIPPED = DATA / "claims.csv"
SCOREBOARD = Path(__file__).parent.parent / "docs" / "pages" / "explanation" / "errata.md"
ERRATA = Path(__file__).parent / "README.md"
HEADER = ("id", "where", "printed", "unit", "computed", "status", "note", "quantity")
QUOTED = "quoted from other work, not a result of this paper; the project does not compute it"
WANTING = {
    "mean_power_low": "the power of each run is not published",
    "mean_power_high": "the power of each run is not published",
    "mu_min_1080ti": "the 28 points on the 1080 Ti are not published, only this band",
    "mu_max_1080ti": "the 28 points on the 1080 Ti are not published, only this band",
}
"""What is missing where nothing can be computed."""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger; ``computed`` is in the printed unit."""

    claim: Claim
    computed: float | None
    status: str
    note: str

    def row(self) -> tuple[str, ...]:
        value = "" if self.computed is None else f"{self.computed:.6g}"
        claim = self.claim
        return claim.id, claim.where, claim.printed, claim.unit, value, self.status, self.note, claim.quantity


@lru_cache(maxsize=1)
def ledger() -> tuple[Entry, ...]:
    """Every printed number with its status, in the order of the paper."""
    return tuple(_decide(claim, computed().get(claim.quantity)) for claim in claims())


def _decide(claim: Claim, found: Found | None) -> Entry:
    if found is None:
        if claim.kind != "external" and claim.quantity not in WANTING:
            raise LookupError(f"claim {claim.id} has neither a computed value nor a reason")
        return Entry(claim, None, MISSING, WANTING.get(claim.quantity, QUOTED))
    scale = UNITS.get(claim.unit, 1.0)
    for reading in found.readings:
        if _agrees(claim, reading, scale, bound=found.bound):
            status = CONSISTENT if reading.inferred else CORRECTED if reading.correction else REPRODUCED
            return Entry(claim, reading.value / scale, status, _note(reading.correction, found.note))
    ours = found.value / scale
    if found.inference is not None and found.inference.tells and _overlaps(claim, found.inference, scale):
        return Entry(claim, ours, CONSISTENT, _note(found.inference.words, found.note))
    off = f"computed {significant(ours)}" + (f", {100 * (ours / claim.value - 1):+.2f} %" if claim.value else "")
    return Entry(claim, ours, MISSING, _note(off, found.note, found.inference.words if found.inference else ""))


def _agrees(claim: Claim, reading: Reading, scale: float, *, bound: bool) -> bool:
    """Whether a value rounds to the printed digits, or, for a bound, does not exceed them."""
    value, margin = reading.value / scale, claim.half_unit * (1 + 1e-9)
    return value <= claim.value + margin if bound else abs(value - claim.value) <= margin


def _overlaps(claim: Claim, inference: Inference, scale: float) -> bool:
    """Whether what rounds to the printed digits meets the inferred range."""
    low, high = claim.value - claim.half_unit, claim.value + claim.half_unit
    return inference.low / scale <= high and low <= inference.high / scale


def _note(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def scoreboard(entries: Iterable[Entry]) -> list[tuple[str, ...]]:
    """Count the entries by status: results of the paper, its premises, quotations, all."""
    counts = Counter((entry.status, entry.claim.kind) for entry in entries)
    kinds = ("result", "input", "external")
    rows = [(status, *(str(counts[status, kind]) for kind in kinds)) for status in STATUSES]
    rows.append(("total", *(str(sum(counts[status, kind] for status in STATUSES)) for kind in kinds)))
    return [(*row, str(sum(int(cell) for cell in row[1:]))) for row in rows]


def scoreboard_markdown() -> str:
    return markdown_table(("status", "results", "premises", "quotations", "all"), scoreboard(ledger()))


def write_tables(folder: Path) -> None:
    """Write ``claims.csv`` and ``claims.md`` to ``folder``."""
    write_atomically(folder / "claims.csv", _csv())
    rows = [[cell.replace("|", "\\|") for cell in entry.row()[:-1]] for entry in ledger()]
    body = markdown_table(HEADER[:-1], rows)
    write_atomically(folder / "claims.md", f"# Every number the paper prints\n\n{scoreboard_markdown()}\n\n{body}\n")


def write_shipped() -> None:
    """Write the copy that the package ships, the totals into the site, and the errata into this folder's README."""
    write_atomically(SHIPPED, _csv())
    for page, content in ((SCOREBOARD, scoreboard_markdown()), (ERRATA, errata_markdown())):
        write_atomically(page, between_marks(page.read_text(encoding="utf-8"), content))


def _csv() -> str:
    return csv_text(HEADER, [entry.row() for entry in ledger()])


BEGIN, END = "<!-- written by make claims -->", "<!-- end of what make claims writes -->"


def between_marks(text: str, content: str) -> str:
    """Put ``content`` between the marks in a page."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise LookupError(f"the page has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


def errata_markdown() -> str:
    """What does not hold as printed: results that need a correction or do not come out, one line per quantity."""
    rows: list[tuple[str, ...]] = []
    cells: dict[tuple[str, str], list[Claim]] = {}
    seen: set[str] = set()
    for entry in ledger():
        claim = entry.claim
        if claim.kind != "result" or entry.status == REPRODUCED or claim.quantity in seen:
            continue
        seen.add(claim.quantity)
        if claim.quantity.startswith(("table6.", "table7.")) and entry.status in (CORRECTED, CONSISTENT):
            cells.setdefault((entry.status, entry.note), []).append(claim)
            continue
        value = "" if entry.computed is None else significant(entry.computed)
        printed = claim.printed if claim.unit == "1" else f"{claim.printed} {claim.unit}"
        rows.append((f"`{claim.id}`", claim.where, printed, value, entry.status, entry.note))
    for (status, note), members in cells.items():
        rows.append((f"`{members[0].id}`", "Tables 6 and 7", f"{len(members)} cells", "", status, note))
    return markdown_table(("first ledger entry", "where", "printed", "computed", "status", "why"), rows)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "build")
    write_tables(target)
    write_shipped()
    print(scoreboard_markdown())
    print(f"\n{len(ledger())} numbers: {target}/claims.md, {target}/claims.csv and {SHIPPED.name} in the package")
