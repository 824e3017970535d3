"""A user's mistake, told in one line, and what the user may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from typing import Any

LONGEST, MOST = 100, 2000
"""Letters of a name, and names, that are compared for a suggestion: the comparison takes their product."""
SHOWN = 60
"""Names in one message."""


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


def similar(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that are spelled most like ``name``, at most three, the best first.

    >>> similar("PixArt-alfa", ["pixart-alpha", "sd3-medium"])
    ['pixart-alpha']
    """
    return get_close_matches(str(name)[:LONGEST].lower(), sorted(names)[:MOST], n=3, cutoff=0.6)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return '; did you mean x?' with the most similar names, or all names if none is similar.

    >>> nearest("pixart-alfa", ["pixart-alpha", "sd3-medium"])
    '; did you mean pixart-alpha?'
    """
    known = sorted(names)
    near = similar(name, known)
    rest = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return f"; did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(known[:SHOWN])}{rest}"


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
