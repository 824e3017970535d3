"""Tables: the paper's, the computed value and the deviation beside the printed one, and those of the fits. CSV,
Markdown, LaTeX.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sympy import latex

from ditcarbon_sym.equations import flops
from ditcarbon_sym.equations.efficiency import constant
from ditcarbon_sym.equations.notation import NOTATION, a, c, f, j, s
from ditcarbon_sym.reports.calibration import knowledge_cells
from ditcarbon_sym.reports.formats import (
    Mathematics,
    csv_text,
    latex_table,
    markdown_table,
    significant,
    write_atomically,
)
from fits import section_4_3
from fits.coverage import coverage

from .printed import UNITS, Claim, claims
from .results import computed

NAMES = {symbol: entry.latex for symbol, entry in NOTATION.items()}
HEADS = {
    "op": "operational", "emb": "embodied", "flops": "FLOP", "per_output": "per output", "train_n": "training rows",
    "test_n": "test rows", "mape": "MAPE", "pue": "PUE",
}  # fmt: skip
LEGEND = (
    "Computed; in brackets as printed, with the deviation where the computed value does not round to the printed one."
)


@dataclass(frozen=True)
class Table:
    """A table as text: what people read (``rows``) and, where it differs, what programs read (``data``)."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    data_header: Sequence[str] = ()
    data: Sequence[Sequence[object]] = ()

    def write(self, folder: Path, name: str) -> None:
        """Write ``name``.csv, .md and .tex."""
        parts = [f"# {self.title}", self.note, markdown_table(self.header, self.rows)]
        write_atomically(folder / f"{name}.md", "\n\n".join(part for part in parts if part) + "\n")
        write_atomically(folder / f"{name}.csv", csv_text(self.data_header or self.header, self.data or self.rows))
        # LaTeX numbers its tables itself.
        caption = re.sub(r"^Table \d+: ", "", self.title)
        tabular = latex_table(self.header, self.rows, caption[:1].upper() + caption[1:], f"tab:{name}", self.note)
        write_atomically(folder / f"{name}.tex", tabular)


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
        if self.claim.kind == "input" and self.agrees == "yes":
            return self.claim.printed
        off = f", {self.deviation} %" if self.agrees == "no" else ""
        return f"{significant(self.value)} ({self.claim.printed}{off})"


def cells(table: str) -> list[Cell]:
    """The cells of one of the paper's tables in print order."""
    values = computed()
    found = []
    for claim in claims():
        if claim.id.startswith(f"{table}-") and claim.quantity.startswith(f"{table}."):
            row, column = claim.quantity.removeprefix(f"{table}.").rsplit(".", 1)
            known = values.get(claim.quantity)
            value = None if known is None else known.value / UNITS.get(claim.unit, 1.0)
            found.append(Cell(row, column, claim, value))
    return found


def printed_table(table: str, title: str, note: str = "") -> Table:
    """A table as the paper lays it out, computed beside printed."""
    found = cells(table)
    names, columns = dict.fromkeys(x.row for x in found), dict.fromkeys(x.column for x in found)
    units = {column: {x.claim.unit for x in found if x.column == column} - {"1", "flag"} for column in columns}
    heads = [
        HEADS.get(column, column) + (f" ({next(iter(units[column]))})" if len(units[column]) == 1 else "")
        for column in columns
    ]
    layout = {(x.row, x.column): f"{x.text} {x.claim.unit}" if len(units[x.column]) > 1 else x.text for x in found}
    body = [[name, *(layout.get((name, column), "") for column in columns)] for name in names]
    data = [(x.row, x.column, x.claim.unit, x.claim.printed, x.value, x.deviation, x.agrees) for x in found]
    header = ("row", "quantity", "unit", "printed", "computed", "deviation_percent", "rounds_to_print")
    return Table(title, ["", *heads], body, f"{LEGEND} {note}".strip(), header, data)


def table_2() -> Table:
    """Table 2, printed from the package's own expressions."""
    operators = (
        ("Self-attention", flops.SELF_ATTENTION),
        ("Cross-attention (c = 1)", flops.CROSS_ATTENTION.subs(c, 1)),
        ("MLP", flops.MLP),
        ("adaLN-Zero (a = 1)", flops.ADALN.subs(a, 1)),
    )
    streams = ({s: 0, j: 0}, {s: 0, j: 1}, {s: 1, j: 0})
    rows = [
        [name, *(Mathematics(f"${latex(term.subs(flags), symbol_names=NAMES)}$") for flags in streams)]
        for name, term in operators
    ]
    header = ("Operator", "single-stream (s = 0)", "joint (s = 0, j = 1)", "dual-stream (s = 1)")
    note = (
        f"One multiply-add is two FLOP; MLP ratio {NAMES[f]}. The joint column is the paper's text, not in its table."
    )
    return Table("Table 2: FLOP of one block", header, rows, note)


def fit_parameters() -> Table:
    """What each pooled fit knows of its parameters."""
    names = {
        "production": "BGR, production, 48 rows",
        "full": "BGR, full, 83 rows (4 reconstructed)",
        "printed": "BGR, printed, 79 rows",
        "batch-discrete": "batch-discrete, production, 48 rows",
        "constant": "one constant, production, 48 rows",
    }
    rows = [
        [words, *knowledge_cells(known)] for key, words in names.items() for known in section_4_3.parameter_table(key)
    ]
    header = ("fit", "parameter", "value", "standard error", "profile, 90 %", "bootstrap, 90 %", "verdict")
    note = (
        f"Absolute residuals. Bootstrap: {section_4_3.REPLICATES} draws, seed {section_4_3.SEED}. "
        "A parameter on its bound has no standard error; its profile is one-sided."
    )
    return Table("Parameters of the pooled fits", header, rows, note)


def fit_laws() -> Table:
    """The rival laws on the production rows."""
    rows = [
        [x["fit"], str(x["k"]), *(f"{x[key]:.2f}" for key in ("mape_percent", "delta_aic", "delta_bic"))]
        for x in section_4_3.rival_table()
    ]
    header = ("law", "parameters", "MAPE (%)", "AIC - best", "BIC - best")
    return Table(
        "Laws of mu on the 48 production rows", header, rows, "All fitted by absolute residuals, the paper's loss."
    )


def fit_losses() -> Table:
    """How much the loss matters."""
    rows = [
        [f"{x['rows']}, n = {x['n']}", str(x["loss"]), f"{x['mape_percent']:.2f}"]
        + [significant(x[key]) if x[key] > 1e-6 else "0 (bound)" for key in ("mu_sat", "B_0", "ell_star")]
        for x in section_4_3.losses()
    ]
    header = ("rows", "loss", "MAPE (%)", "mu_sat", "B_0", "ell_star")
    return Table(
        "BGR by loss function", header, rows, "The paper's loss is 'absolute'; 'full' holds four reconstructed rows."
    )


def fit_transfers() -> Table:
    """Transfer between the families, on all rows and on the printed ones alone, with the constant as baseline."""
    rows = []
    for source, target in (("dit", "pixart"), ("pixart", "dit")):
        values = [section_4_3.transfer(source, target, name) for name in ("full", "printed")]
        constants = [section_4_3.transfer(source, target, name, constant) for name in ("full", "printed")]
        printed = next(x.printed for x in claims() if x.quantity == f"transfer_mape_{source}_to_{target}")
        rows.append([f"{source} to {target}", printed, *(f"{value:.1f}" for value in (*values, *constants))])
    pooled = [section_4_3.pooled(name).full.mape() for name in ("full", "printed")]
    printed = next(x.printed for x in claims() if x.quantity == "bgr_mape_full")
    rows.append(["pooled", printed, *(f"{value:.1f}" for value in pooled), "", ""])
    header = ("fit", "printed", "BGR, 83 rows", "BGR, 79 rows", "constant, 83 rows", "constant, 79 rows")
    note = "MAPE of mu, %. 83 rows include the four reconstructed repeats; 79 are the printed ones."
    return Table("Full corpus: pooled fit and transfers", header, rows, note)


def interval_coverage() -> Table:
    """Whether the predictive intervals hold for architectures never seen."""
    found = coverage()
    rows = [[x.architecture, f"{x.inside} of {x.rows}", f"+{x.half_width_percent:.0f}"] for x in found]
    inside, total = sum(x.inside for x in found), sum(x.rows for x in found)
    rows.append(["all", f"{inside} of {total} ({inside / total:.1%})", ""])
    header = ("architecture held out", "rows inside the 90 % interval", "half-width (%)")
    note = "Predictive intervals of mu; nothing of the held-out architecture enters its own interval."
    return Table("Coverage of the predictive intervals", header, rows, note)


def _of(table: str, title: str, note: str = "") -> Callable[[], Table]:
    return lambda: printed_table(table, title, note)


TABLES: dict[str, Callable[[], Table]] = {
    "table1": _of("table1", "Table 1: flags and coefficients of Eq. (1)"),
    "table2": table_2,
    "table3": _of(
        "table3",
        "Table 3: parameters, predicted by Eq. (1)",
        "SD3 Medium is an erratum: Eq. (1) with the flags of Table 1 gives the computed value.",
    ),
    "table4": _of("table4", "Table 4: leave one architecture out"),
    "table5": _of("table5", "Table 5: hardware efficiency of the corpus"),
    "table6": _of("table6", "Table 6: carbon of PixArt-α, 1024², batch 1, 50 steps, by data centre"),
    "table7": _of(
        "table7",
        "Table 7: end-to-end predictions on the V100, US average",
        "The refit of Table 5 gives a mu some 0.1 % above the one this table implies (ledger: claims.md).",
    ),
    "fit_parameters": fit_parameters,
    "fit_laws": fit_laws,
    "fit_losses": fit_losses,
    "fit_transfers": fit_transfers,
    "interval_coverage": interval_coverage,
}
