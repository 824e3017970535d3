"""Names as people type them: an id, another name of the same thing, or a part of either that leaves no doubt."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from ..errors import InputError, nearest

SHORTEST = 2
"""Letters and digits that a part of a name needs."""
LONG, KEPT = 200, 4096
"""Letters from which a name is not kept, and names whose parts are kept: every entry's are asked for each name."""
LISTING = {"model": "ditcarbon models", "gpu": "ditcarbon gpus", "datacenter": "ditcarbon datacenters"}
"""The command that lists all entries of a kind."""
MAKER = {"nvidia", "geforce", "tesla"}
"""Words that people put before an accelerator's name, or leave out."""
VARIANT = re.compile(r"sxm\d*|pcie|nvl|\d+gb")
"""Words of an accelerator's name that tell variants of one chip apart: its form and its memory."""
Parts = tuple[tuple[str, bool, bool], ...]
"""Letters and numbers of a name; of each, whether it tells variants of a chip apart, and whether it ends its word."""


def plain(name: str) -> str:
    """Return the letters and digits of a name, in lower case.

    >>> plain("FLUX.1-dev") == plain("flux 1_DEV")
    True
    """
    name = str(name)
    return (_letters if len(name) < LONG else _letters.__wrapped__)(name)


@lru_cache(maxsize=KEPT)
def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def meant(kind: str, name: str, spellings: Mapping[str, Iterable[str]]) -> str:
    """Return the id that ``name`` stands for; ``spellings`` maps each id to its other names.

    An id itself comes first, then a name that differs in case and separators alone, then the beginning of a name, then
    a name with words left out after the first. Of an accelerator's name only the words for its form and memory may be
    left out: an L40 is no L40S. Raises `InputError` with the candidates where there are several, and with similar ids
    where there is none.

    >>> meant("model", "wan2.1 14b", {"wan2.1-t2v-14b": (), "wan2.1-t2v-1.3b": ()})
    'wan2.1-t2v-14b'
    """
    if name in spellings:
        return name
    every = {key: (key, *others) for key, others in spellings.items()}
    given, chip = str(name), kind == "gpu"
    letters, parts = plain(given), _parts(given, chip)

    def which(fits: Callable[[str], bool]) -> list[str]:
        return [key for key, names in every.items() if any(map(fits, names))]

    found: list[str] = []
    if len(letters) >= SHORTEST:
        found = (
            which(lambda x: plain(x) == letters)
            or which(lambda x: _is_part(parts, x, chip=chip, gaps=chip))
            or which(lambda x: _is_part(parts, x, chip=chip, gaps=True))
        )
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{kind} {given[:60]!r} may mean {', '.join(sorted(found))}; give one of them")
    first = [x for x, _, _ in parts[:1]]
    related = which(lambda x: bool(first) and [y for y, _, _ in _parts(x, chip)[:1]] == first)
    raise InputError(f"unknown {kind} {given[:60]!r}{nearest(given, related or spellings, LISTING[kind])}")


def stands_for(kind: str, name: str, key: str) -> bool:
    """Whether ``name`` can stand for the id ``key``.

    >>> stands_for("gpu", "H100", "h100-sxm-80gb"), stands_for("gpu", "L40", "l40s")
    (True, False)
    """
    try:
        return meant(kind, name, {key: ()}) == key
    except InputError:
        return False


def _is_part(wanted: Parts, long: str, *, chip: bool, gaps: bool) -> bool:
    """Whether the parts ``wanted`` are the beginning of ``long``, or with ``gaps`` a part of it with words left out
    after the first. The last word may be cut short, but not after a number: 9 is not 9b. Of a ``chip`` only words that
    tell variants apart are left out.
    """
    offered = _parts(long, chip)
    if not wanted or (offered and offered[0][0][0] != wanted[0][0][0]):  # the first is never left out
        return False
    at = 0
    for number, (part, _, _) in enumerate(wanted):
        last = number == len(wanted) - 1 and not chip

        def fits(x: str, ends: bool, part: str = part, last: bool = last) -> bool:
            if part == x:
                return ends or not last or part.isalpha()
            return last and part.isalpha() and x.startswith(part)

        while at < len(offered) and not fits(offered[at][0], offered[at][2]):
            if number == 0 or not gaps or (chip and not offered[at][1]):
                return False
            at += 1
        if at == len(offered):
            return False
        at += 1
    return not chip or all(variant for _, variant, _ in offered[at:])


def _parts(name: str, chip: bool) -> Parts:
    return (_split if len(name) < LONG else _split.__wrapped__)(name, chip)


@lru_cache(maxsize=KEPT)
def _split(name: str, chip: bool) -> Parts:
    """Letters and numbers (a version, such as 2.1, is one), whether the word that each is in tells variants of a chip
    apart, and whether it ends that word.
    """
    words = re.findall(r"(?:[^\W_]|(?<=\d)\.(?=\d))+", name.casefold())
    kept = [word for word in words if not (chip and word in MAKER)]
    found: list[tuple[str, bool, bool]] = []
    for word in kept:
        pieces = re.findall(r"\d+(?:\.\d+)*|[^\W\d_]+", word)
        found += [(x, bool(VARIANT.fullmatch(word)), k == len(pieces)) for k, x in enumerate(pieces, 1)]
    return tuple(found)


def without_maker(name: str) -> str:
    """A driver's name of an accelerator without the word NVIDIA, which older drivers leave out."""
    return plain(name).removeprefix("nvidia")
