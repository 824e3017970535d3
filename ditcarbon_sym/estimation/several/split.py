"""How several accelerators split a request: degrees of Ulysses, ring and guidance parallelism.

Ulysses attention splits the heads, so that its degree divides their number. Ring attention splits the rows alone. Of a
step with guidance, two groups of accelerators can take one pass each.
"""

import re
from dataclasses import dataclass

from sympy import Symbol

from ...catalog.entries import Model
from ...equations.parallel.symbols import n_C, n_gpu, n_R, n_U, n_vae
from ...errors import InputError, nearest

DEGREES = ("ulysses", "ring", "cfg", "vae")


@dataclass(frozen=True)
class Split:
    """The degrees of a split; the product of the first three is the number of accelerators.

    ``vae`` of them share the decoding, tile by tile.
    """

    ulysses: int = 1
    ring: int = 1
    cfg: int = 1
    vae: int = 1

    @property
    def gpus(self) -> int:
        """Accelerators to the request."""
        return self.ulysses * self.ring * self.cfg

    @property
    def sharing(self) -> int:
        """Accelerators that share the rows of a pass."""
        return self.ulysses * self.ring

    @property
    def values(self) -> dict[Symbol, float]:
        """The degrees and the number, by symbol."""
        degrees = (n_U, self.ulysses), (n_R, self.ring), (n_C, self.cfg), (n_gpu, self.gpus), (n_vae, self.vae)
        return {x: float(degree) for x, degree in degrees}

    def __str__(self) -> str:
        """As `read_split` reads it: the degrees above one.

        >>> str(Split(ulysses=4, ring=2)), str(Split())
        ('ulysses=4,ring=2', 'none')
        """
        return ",".join(f"{x}={getattr(self, x)}" for x in DEGREES if getattr(self, x) > 1) or "none"


def read_split(text: str) -> Split:
    """Read degrees, such as ``ulysses=4,ring=2,cfg=2``; those left out are 1. Raises `InputError`.

    >>> read_split("ulysses=4,ring=2")
    Split(ulysses=4, ring=2, cfg=1, vae=1)
    """
    found: dict[str, int] = {}
    for part in () if text.strip() == "none" else text.split(","):
        name, equals, number = (x.strip() for x in part.partition("="))
        if not equals or not re.fullmatch(r"[1-9][0-9]{0,3}", number):
            raise InputError(f"split {text[:60]!r}: {part[:30]!r} is not a degree; expected such as ulysses=4,ring=2")
        if name not in DEGREES or name in found:
            why = "stands twice" if name in found else f"is unknown{nearest(name, DEGREES)}"
            raise InputError(f"split {text[:60]!r}: {name[:30]!r} {why}")
        found[name] = int(number)
    return Split(**found)


def heads_of(model: Model) -> int | None:
    """Heads that Ulysses splits: those of keys and values, where they are fewer; None where they are not known."""
    heads = getattr(model.networks().denoiser, "heads", None) if model.networks is not None else None
    if heads is None:
        number = getattr(model.networks().denoiser, "n_heads", None) if model.networks is not None else None
        return None if number is None else int(number)
    return int(heads.of_keys)


def valid_splits(model: Model, gpus: int, passes: int) -> list[Split]:
    """Every split of a model over so many accelerators, where a step has so many passes.

    >>> from ...catalog.loading import load
    >>> [str(x) for x in valid_splits(load().model("wan2.1-t2v-1.3b"), 8, 1)]
    ['ulysses=4,ring=2', 'ulysses=2,ring=4', 'ring=8']
    """
    heads = heads_of(model)
    found = []
    for cfg in (1,) if passes == 1 or gpus % passes else (1, passes):
        sharing = gpus // cfg
        for ulysses in range(sharing, 0, -1):
            if sharing % ulysses == 0 and (heads is None or heads % ulysses == 0):
                found.append(Split(ulysses, sharing // ulysses, cfg))
    return found


def checked_split(split: Split, model: Model, gpus: int, passes: int) -> Split:
    """Return a split that the request can have; raises `InputError` for one that it cannot."""
    if split.gpus != gpus:
        good = str(valid_splits(model, gpus, 1)[0])
        raise InputError(
            f"split {str(split)!r} is for {split.gpus} accelerators, but gpus = {gpus}; expected degrees whose product "
            f"is {gpus}, such as {good}"
        )
    heads = heads_of(model)
    if heads is not None and heads % split.ulysses:
        divisors = ", ".join(str(x) for x in range(1, heads + 1) if heads % x == 0)
        raise InputError(
            f"split: ulysses = {split.ulysses} does not divide the {heads} heads of {model.id}; expected one of "
            f"{divisors}"
        )
    if split.cfg not in (1, passes):
        raise InputError(
            f"split: cfg = {split.cfg}, but a step of this request has {passes} pass{'es' * (passes > 1)}; expected "
            f"{'1' if passes == 1 else f'1 or {passes}'}"
        )
    if split.vae > gpus:
        raise InputError(f"split: vae = {split.vae}, but gpus = {gpus}; expected 1 to {gpus}, which share the decoding")
    return split
