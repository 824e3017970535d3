"""A user's mistake, told in one line, and what the user may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from typing import Any

LONGEST, MOST = 100, 2000
"""Letters of a name, and names, that are compared for a suggestion: the comparison takes their product."""
FEW = 20
"""Names that one line may list where none is similar."""


class InputError(ValueError):
    """A user's mistake, told in one line: the thing, its value, what was expected and the fix.

    >>> try:
    ...     raise InputError("steps = 0 is outside 1..100000")
    ... except InputError as error:
    ...     print(error)
    steps = 0 is outside 1..100000
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(visible(message))


def visible(text: str) -> str:
    r"""Return a text as it may reach a terminal: what does not print is written as its escape sequence.

    A name in a user's file may hold codes that move the cursor, clear the screen or turn the direction of writing.

    >>> print(visible("red: " + chr(27) + "[31m"))
    red: \x1b[31m
    """
    return text if text.isprintable() else "".join(x if x.isprintable() else ascii(x)[1:-1] for x in text)


def short(value: Any) -> str:
    """Write a number for a message, as shortly as tells it from its neighbours.

    >>> short(5.0), short(0.1), short(5.0000001), short(10**500)
    ('5', '0.1', '5.0000001', '1000000000000... (501 digits)')
    """
    try:
        number = float(value)
    except OverflowError:
        digits = str(value)
        return f"{digits[:13]}... ({len(digits.lstrip('-'))} digits)"
    text = f"{number:g}"
    return repr(number) if float(text) != number == number else text


def similar(name: str, names: Iterable[str], least: float = 0.6) -> list[str]:
    """Return the names that are spelled most like ``name``, at most three, the best first; ``least`` is how much alike
    they are, between 0 and 1.

    >>> similar("PixArt-alfa", ["pixart-alpha", "sd3-medium"])
    ['pixart-alpha']
    """
    return get_close_matches(str(name)[:LONGEST].lower(), sorted(names)[:MOST], n=3, cutoff=least)


def nearest(name: str, names: Iterable[str], listing: str = "") -> str:
    """Return '; did you mean x?' with the most similar names. Where none is similar, return all names if they are few,
    else the nearest of them and the command that lists all, ``listing``.

    >>> nearest("pixart-alfa", ["pixart-alpha", "sd3-medium"])
    '; did you mean pixart-alpha?'
    >>> nearest("x", [f"a{k}" for k in range(50)] + ["xyz"], "ditcarbon models")
    "; the nearest of 51 are xyz, a9 and a8; 'ditcarbon models' lists all"
    """
    known = sorted(names)
    near = similar(name, known)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    if len(known) <= FEW:
        return f"; known are {', '.join(known)}"
    *first, last = similar(name, known, 0.0)
    listed = f"; {listing!r} lists all" if listing else ""
    return f"; the nearest of {len(known)} are {', '.join(first)} and {last}{listed}"


def imported(module: str, extra: str, what: str) -> Any:
    """Import a module that an extra of the package brings; raises `InputError` if it is not installed.

    >>> imported("no_such_module", "tables", "a data frame")
    Traceback (most recent call last):
    ditcarbon_sym.errors.InputError: a data frame needs no_such_module: pip install 'ditcarbon-sym[tables]'
    """
    try:
        return import_module(module)
    except ImportError as missing:
        name = (missing.name or module).partition(".")[0]
        raise InputError(f"{what} needs {name}: pip install 'ditcarbon-sym[{extra}]'") from None
