"""Docstrings for the site: a doctest outside a section of examples becomes a block of code."""

import re
from typing import Any

import griffe

_DOCTEST = re.compile(r"(?:^>>>.*\n?(?:^(?!\s*$|>>>).*\n?)*)+", re.M)


def fenced(text: str) -> str:
    r"""Put each doctest of a text into a fence, unless a section of examples holds it.

    >>> print(fenced("Add.\n\n>>> 1 + 1\n2\n"))
    Add.
    <BLANKLINE>
    ```pycon
    >>> 1 + 1
    2
    ```
    <BLANKLINE>
    """
    before, heading, examples = text.partition("Examples\n--------\n")
    return _DOCTEST.sub(lambda found: f"```pycon\n{found[0].rstrip()}\n```\n", before) + heading + examples


class Doctests(griffe.Extension):  # type: ignore[misc]
    """Rewrite the docstring of every object that is loaded."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Rewrite one."""
        if obj.docstring is not None:
            obj.docstring.value = fenced(obj.docstring.value)
