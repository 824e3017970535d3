"""A user's mistake, told in one line, and what may have been meant instead."""

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """A user's mistake, told in one line: the thing, its value, what was expected and the fix."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Return '; did you mean x?' with the nearest names, or all of them if none is near.

    >>> nearest("pixart-alfa", ["pixart-alpha", "sd3-medium"])
    '; did you mean pixart-alpha?'
    """
    known = sorted(names)
    near = get_close_matches(str(name).lower(), known, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(known)}"
