"""Numbers, tables and files as text: Markdown, CSV, LaTeX, JSON, TOML. The only place that rounds."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from ..catalog import files
from ..equations.notation import BY_FIELD, SECONDS_PER_YEAR
from ..errors import InputError, visible

FORMULA = re.compile(r"[=@\t\r]|[+-].*[(|!=]", re.DOTALL)
"""How a text begins that a spreadsheet would compute, or even run."""


def significant(value: float | None, digits: int = 4) -> str:
    """Write a number with ``digits`` significant digits, and an exponent only where it is very large or small.

    >>> significant(0.0010642), significant(17.1708), significant(6.568e14), significant(None)
    ('0.001064', '17.17', '6.568e14', 'unknown')
    """
    if value is None or math.isnan(value):
        return "unknown"
    if not math.isfinite(value):
        return f"{value:g}"
    if value == int(value) and abs(value) < 1e7:
        return f"{int(value):,}"
    if not 1e-4 <= abs(value) < 1e7:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def count(value: float) -> str:
    """Write a count in millions (M) or billions (B).

    >>> count(594542592), count(2038431744)
    ('594.5 M', '2.038 B')
    """
    return f"{significant(value / 1e9)} B" if value >= 1e9 else f"{significant(value / 1e6)} M"


def energy_unit(*watt_hours: float | None) -> tuple[float, str]:
    """Return the unit in which energies stand together, and the factor from Wh: kWh if the largest is 1 kWh or more.

    >>> energy_unit(1.19, 1.43), energy_unit(900.0, 1080.0, None)
    ((1.0, 'Wh'), (0.001, 'kWh'))
    """
    return _unit(watt_hours, ((1e3, "kWh"), (1.0, "Wh")))


def carbon_unit(*grams: float | None) -> tuple[float, str]:
    """Return the unit in which masses of carbon stand together, and the factor from grams: by the largest.

    >>> carbon_unit(558.5), carbon_unit(558_500.0, 1.0), carbon_unit(204e6)
    ((1.0, 'gCO2eq'), (0.001, 'kgCO2eq'), (1e-06, 'tCO2eq'))
    """
    return _unit(grams, ((1e6, "tCO2eq"), (1e3, "kgCO2eq"), (1.0, "gCO2eq")))


def _unit(values: Iterable[float | None], units: Sequence[tuple[float, str]]) -> tuple[float, str]:
    largest = max((abs(x) for x in values if x is not None), default=0.0)
    size, name = next((unit for unit in units if largest >= unit[0]), units[-1])
    return 1.0 / size, name


def ends(pair: Sequence[float | None] | None) -> str:
    """Write an interval; an end that the data do not give is 'bound' below and 'open' above.

    >>> ends((0.25, 0.5)), ends((None, 2.0)), ends(None)
    ('0.2500 to 0.5000', 'bound to 2', 'none')
    """
    if pair is None:
        return "none"
    low, high = pair
    return f"{'bound' if low is None else significant(low)} to {'open' if high is None else significant(high)}"


def setting_words(knob: str, value: float) -> str:
    """Write where an input stands, with its unit.

    >>> setting_words("side", 1024), setting_words("lifetime_s", 157788000), setting_words("idle_watt", 70)
    ('1,024 px', '5 years', '70 W')
    """
    if knob == "lifetime_s":
        return f"{significant(value / float(SECONDS_PER_YEAR), 3)} years"
    unit = "px" if knob == "side" else BY_FIELD[knob].unit if knob in BY_FIELD else "1"
    return significant(value, 3) if unit == "1" else f"{significant(value, 3)} {unit}"


def labelled(name: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    """Give the first of several lines a label.

    >>> labelled("remarks", ("one", "two"))
    [('remarks', 'one'), ('', 'two')]
    """
    return [("" if k else name, line) for k, line in enumerate(lines)]


def plain(table: Any) -> Any:
    """Make a table ready for JSON: NaN becomes None, a number of sympy's or NumPy's a float."""
    if isinstance(table, Mapping):
        return {key: plain(value) for key, value in table.items()}
    if isinstance(table, list | tuple):
        return [plain(value) for value in table]
    if isinstance(table, Real) and not isinstance(table, int | float):
        return plain(float(table))
    return None if isinstance(table, float) and math.isnan(table) else table


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Write a table in Markdown, the columns in ``right`` flush right.

    >>> print(markdown_table(["a", "b"], [["1", "2"]], right=(1,)))
    | a | b |
    | --- | ---: |
    | 1 | 2 |
    """
    rules = ["---:" if k in right else "---" for k in range(len(header))]
    lines = [[markdown(x) for x in header], rules, *([markdown(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown(text: str) -> str:
    r"""Write a text so that Markdown shows it as it is, in a cell of a table, too.

    >>> print(markdown("a|b <script>"))
    a\|b &lt;script>
    """
    return visible(text).replace("|", r"\|").replace("<", "&lt;")


def bare(cell: str) -> str:
    """Write a number without the commas of its thousands, for a file that a program reads.

    >>> bare("16,384.5"), bare("6.568e14"), bare("one, two")
    ('16384.5', '6.568e14', 'one, two')
    """
    return cell.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", cell) else cell


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table in CSV, unknown values as empty cells, and what does not print as its escape sequence."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in (header, *rows):
        cells = (visible(cell) if isinstance(cell, str) else cell for cell in row)
        writer.writerow(["" if cell is None else harmless(cell) for cell in cells])
    return buffer.getvalue()


def harmless(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe.

    >>> harmless("=cmd()"), harmless("+cmd|0"), harmless("-0.5 %"), harmless(-1)
    ("'=cmd()", "'+cmd|0", '-0.5 %', -1)
    """
    return f"'{cell}" if isinstance(cell, str) and FORMULA.match(cell) else cell


_TEX = {
    **{character: rf"\{character}" for character in "&%#_{}$"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "²": r"$^2$",
    "₂": r"$_2$",
    "α": r"$\alpha$",
    "Σ": r"$\Sigma$",
    "μ": r"$\mu$",
}


class Mathematics(str):
    """Mathematics in LaTeX, between dollars: what `tex` leaves as it is. No text of a user's is one."""


def tex(text: str) -> str:
    r"""Escape text for LaTeX; a `Mathematics` stays as it is.

    >>> print(tex("7.8 % of mu_sat"), tex(Mathematics("$d^2$")))
    7.8 \% of mu\_sat $d^2$
    """
    if isinstance(text, Mathematics):
        return text
    return "".join(_TEX.get(character, character) for character in visible(text))


def latex_table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str, label: str, note: str = "") -> str:
    """Write a table in LaTeX (booktabs and graphicx), ready to include; one too wide for the line is shrunk to it."""
    body = [header, *rows]
    lines = [" & ".join(tex(cell) for cell in row) + r" \\" for row in body]
    # A last column of sentences is wrapped; all others are as wide as their cells.
    last = r"p{0.4\linewidth}" if max(len(row[-1]) for row in body) > 45 else "l"
    columns = "l" * (len(header) - 1) + last
    widths = [max(len(row[k]) for row in body) for k in range(len(header))]
    room = sum(widths) if last == "l" else sum(widths[:-1]) + 45
    fit, end = (r"\resizebox{\linewidth}{!}{", "}") if room > 90 else ("", "")
    parts = [
        r"\begin{table}",
        r"  \centering\small",
        rf"  \caption{{{tex(caption)}}}\label{{{label}}}" if caption else "",
        rf"  {fit}\begin{{tabular}}{{{columns}}}",
        r"    \toprule",
        f"    {lines[0]}",
        r"    \midrule",
        *(f"    {line}" for line in lines[1:]),
        r"    \bottomrule",
        rf"  \end{{tabular}}{end}",
        rf"  \par\smallskip\footnotesize {tex(note)}" if note else "",
        r"\end{table}",
        "",
    ]
    return "\n".join(part for k, part in enumerate(parts) if part or k == len(parts) - 1)


def json_text(table: Mapping[str, Any]) -> str:
    """Write one JSON object; NaN and infinity, which JSON does not have, are refused."""
    text = json.dumps(table, indent=2, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[^\n -~]", lambda x: x[0] if x[0].isprintable() else json.dumps(x[0])[1:-1], text)


def toml_text(table: Mapping[str, Any], comment: str = "") -> str:
    """Write a table in TOML, with a comment on top; what does not print in a text is written as its number."""
    import tomli_w

    text = re.sub(r"[^\n -~]", lambda x: x[0] if x[0].isprintable() else f"\\U{ord(x[0]):08x}", tomli_w.dumps(table))
    return (f"# {visible(comment)}\n\n" if comment else "") + text


def demand_apart(*paths: Path | None) -> None:
    """Raise `InputError` if two of the files that a command reads and writes are the same."""
    named = [path.resolve() for path in paths if path is not None]
    if len(set(named)) < len(named):
        raise InputError("what is read, --out and --plot must be different files")


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; raises `InputError` if it cannot be written."""
    write_together({path: content})


def write_together(contents: Mapping[Path, str | bytes]) -> None:
    """Write several files, all or none: each under a temporary name beside its place, then all are renamed."""
    with files.written_together(list(contents)) as opened:
        for file, (path, content) in zip(opened, contents.items(), strict=True):
            with files.writing(path):
                file.write(content.encode() if isinstance(content, str) else content)
