import csv

import pytest

from ditcarbon_sym.reports.formats import Mathematics, latex_table
from paper_figures import __main__ as build
from paper_figures.printed import claims
from paper_figures.results import computed
from paper_figures.tables import TABLES, cells, fit_transfers, table_2

TOLERANCE = {
    "flops": 0.005,
    "mu": 0.004,
    "time": 0.004,
    "energy": 0.004,
    "op": 0.004,
    "emb": 0.004,
    "total": 0.004,
    "per_output": 0.004,
}


@pytest.mark.parametrize("table", ["table6", "table7"])
def test_carbon_tables_agree_within_the_rounding_of_table_5(table):
    for cell in cells(table):
        if cell.column in TOLERANCE:
            allowed = max(TOLERANCE[cell.column] * cell.claim.value, 1.05 * cell.claim.half_unit)
            assert abs(cell.value - cell.claim.value) <= allowed, (cell.row, cell.column, cell.text)


def test_table_1_is_exact():
    assert len(cells("table1")) == 20
    assert all(cell.value == pytest.approx(cell.claim.value, abs=1e-12) for cell in cells("table1"))


def test_table_3_agrees_to_the_printed_digit_but_for_the_erratum():
    off = [(cell.row, cell.column) for cell in cells("table3") if cell.agrees == "no"]
    assert off == [("sd3-medium", "predicted"), ("sd3-medium", "error")]
    values = computed()
    assert values["table3.sd3-medium.predicted"].value == pytest.approx(2.0384e9, rel=1e-4)
    assert values["table3.sd3-medium.error"].value == pytest.approx(0.51, abs=0.005)


def test_every_claim_has_an_id_of_its_own_and_digits():
    ids = [claim.id for claim in claims()]
    assert len(ids) == len(set(ids))
    assert all(claim.value == claim.value and claim.kind in ("result", "input", "external") for claim in claims())


SUFFIXES = {
    **dict.fromkeys(build.TABLES, "csv md tex"), **dict.fromkeys(build.FIGURES, "pdf png"),
    **dict.fromkeys(build.REPORTS, "html md tex"), "numbers": "tex", "claims": "csv md",
}  # fmt: skip


@pytest.mark.parametrize("name", SUFFIXES)
def test_two_builds_give_the_same_bytes(name, tmp_path, capsys):
    written = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        build.main(folder, [name])
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1] and {f"{name}.{suffix}" for suffix in SUFFIXES[name].split()} <= written[0].keys()


def test_everything_is_built_if_nothing_is_named(tmp_path, capsys, monkeypatch):
    for write in ("_table", "_figure", "_report"):
        monkeypatch.setattr(build, write, lambda name, folder: None)
    monkeypatch.setattr(build.numbers, "write", lambda folder: None)
    monkeypatch.setattr(build.ledger, "write_tables", lambda folder: None)
    build.main(tmp_path)
    assert capsys.readouterr().out.split(": ")[-1].strip().split(", ") == list(SUFFIXES)
    assert {"figure1", "figure2", "figure3", "figure4", "residuals", *TABLES} <= SUFFIXES.keys()


def test_table_7_is_written_with_what_is_printed_beside_what_is_computed(tmp_path, capsys):
    build.main(tmp_path, ["table7"])
    with (tmp_path / "table7.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 72 and all(row["printed"] and row["computed"] for row in rows)


def test_table_2_is_printed_from_the_expressions():
    rows = {row[0]: row[1:] for row in table_2().rows}
    assert rows["Self-attention"][0] == r"$8 d^{2} \ell + 4 d \ell^{2}$"
    assert rows["Cross-attention (c = 1)"][-1] == "$0$"


def test_full_corpus_statistics_stand_beside_those_of_the_printed_rows():
    table = fit_transfers()
    pooled = next(row for row in table.rows if row[0] == "pooled")
    assert pooled[1:3] == ["21.8", "21.8"] and float(pooled[3]) < 20
    assert "reconstructed" in table.note


def test_latex_is_escaped_and_complete():
    text = latex_table(["a_b", "%"], [["1 & 2", Mathematics("$x^2$")]], "50 %", "tab:x")
    assert r"a\_b & \% \\" in text and r"1 \& 2 & $x^2$ \\" in text
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
