r"""Every computed number as a LaTeX macro, such as ``\ditMuSpreadFull``, so that nobody types a number by hand."""

import re
from pathlib import Path

from ditcarbon_sym.reports.formats import tex, write_atomically

from .printed import UNITS, by_quantity
from .results import computed

DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def macro(quantity: str) -> str:
    r"""Name the macro of a quantity; LaTeX allows letters only, so digits are spelled.

    >>> macro("table7.pixart-alpha-1024-b1.total")
    '\\ditTableSevenPixartAlphaOneZeroTwoFourBOneTotal'
    """
    spelled = re.sub(r"\d", lambda digit: f" {DIGITS[int(digit[0])]} ", quantity)
    words = re.split(r"[^A-Za-z]+", spelled)
    return "\\dit" + "".join(word[:1].upper() + word[1:] for word in words)


def plain(value: float) -> str:
    """Write a value to four significant digits, as LaTeX."""
    text = f"{value:.4g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return rf"\ensuremath{{{mantissa}\times 10^{{{int(exponent)}}}}}"
    return text


def write(folder: Path) -> None:
    """Write ``numbers.tex``: a macro per quantity, its printed unit and digits in the comment."""
    lines = ["% Written by make figures: one macro per computed number, in the unit of the printed one."]
    for quantity, found in computed().items():
        claim = by_quantity()[quantity]
        value = plain(found.value / UNITS.get(claim.unit, 1.0))
        lines.append(rf"\newcommand{{{macro(quantity)}}}{{{value}}} % {tex(claim.unit)}; printed {claim.printed}")
    write_atomically(folder / "numbers.tex", "\n".join(lines) + "\n")
