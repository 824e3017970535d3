"""A user's mistake, told in one line, and what the user may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """A user's mistake, told in one line: the thing, its value, what was expected and the fix."""


def similar(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that are spelled most like ``name``, at most three, the best first.

    >>> similar("PixArt-alfa", ["pixart-alpha", "sd3-medium"])
    ['pixart-alpha']
    """
    return get_close_matches(str(name).lower(), sorted(names), n=3, cutoff=0.6)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return '; did you mean x?' with the most similar names, or all names if none is similar.

    >>> nearest("pixart-alfa", ["pixart-alpha", "sd3-medium"])
    '; did you mean pixart-alpha?'
    """
    known = sorted(names)
    near = similar(name, known)
    return f"; did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(known)}"
