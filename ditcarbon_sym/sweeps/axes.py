"""Axes of a sweep as text, on the command line and in a TOML file, and the grid that they make.

An axis is a list of values and ranges, joined by commas. The range ``512:2048:256`` goes from 512 to 2048, both
included, in steps of 256. A resolution is a side, or HEIGHTxWIDTH in pixels.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

from ..catalog.files import read_toml
from ..equations.notation import NOTATION, B, H, Notation, S, W, n_frames
from ..equations.parallel.symbols import n_gpu
from ..errors import InputError, short
from .grid import Grid
from .table import CACHE, MODES

LONGEST = 10**6
"""The most values that one axis may have."""
_NUMBER = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?")
AXES = ("model", "resolution", "frames", "batch", "steps", "gpu", "gpus", "datacenter", "pue", "grid", *MODES)
OPTIONS = (
    "guidance", "text_tokens", "references", "method", "boundary", "lifetime_years", "utilisation", "mu", "efficiency",
    "embodied_boundary", "guidance_steps", "offload", "preset", "calibration", "catalog", "split",
)  # fmt: skip
"""Options that hold for every request of a sweep."""
FILES = ("calibration", "catalog")
"""Options that name a file. In a sweep's file, the path starts at the folder of that file."""


def numbers(axis: str, text: str) -> tuple[float, ...]:
    """Read an axis of numbers; raises `InputError` naming the part that is not understood.

    >>> numbers("steps", "10:30:10,50")
    (10.0, 20.0, 30.0, 50.0)
    >>> numbers("steps", "30:10:5")
    Traceback (most recent call last):
    ditcarbon_sym.errors.InputError: steps: '30:10:5' is not a range; expected FIRST:LAST:STEP with FIRST <= LAST
    """
    found: list[float] = []
    for part in text.split(","):
        ends = part.strip().split(":")
        if not all(_NUMBER.fullmatch(end) for end in ends) or len(ends) not in (1, 3):
            raise InputError(f"{axis}: {part.strip()[:40]!r} is neither a number nor a range FIRST:LAST:STEP")
        first, last, step = (Decimal(end) for end in (ends if len(ends) == 3 else (*ends, *ends, "1")))
        if last < first or step <= 0:
            raise InputError(f"{axis}: {part.strip()!r} is not a range; expected FIRST:LAST:STEP with FIRST <= LAST")
        many = int((last - first) / step) + 1
        if len(found) + many > LONGEST:
            raise InputError(f"{axis}: {part.strip()!r} makes the axis longer than {LONGEST:,} values")
        found += [float(first + k * step) for k in range(many)]
    return _distinct(axis, found)


def whole(axis: str, text: str, notation: Notation) -> tuple[int, ...]:
    """Read an axis of whole numbers, each within the range of its quantity."""
    return tuple(int(notation.check(x)) for x in numbers(axis, text))


def resolutions(text: str) -> tuple[tuple[int, int], ...]:
    """Read an axis of sizes, as (height, width) in pixels.

    >>> resolutions("512:1024:512,480x832")
    ((512, 512), (1024, 1024), (480, 832))
    """
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        sides = part.strip().split("x")
        if len(sides) == 2:
            height, width = (whole("resolution", side, NOTATION[x]) for side, x in zip(sides, (H, W), strict=True))
            if len(height) != 1 or len(width) != 1:
                raise InputError(
                    f"resolution: {part.strip()[:40]!r} has a range in HEIGHTxWIDTH; give sizes one by one"
                )
            found.append((height[0], width[0]))
        else:
            found += [(side, side) for side in whole("resolution", part, NOTATION[H])]
    return _distinct("resolution", found)


def decimal(value: float | str) -> str:
    """Write a number without an exponent, as `numbers` reads it.

    >>> decimal(1e-05), decimal(512), decimal("512:1024:256")
    ('0.00001', '512', '512:1024:256')
    """
    return value if isinstance(value, str) else format(Decimal(repr(value)), "f")


def names(axis: str, text: str) -> tuple[str, ...]:
    """Read an axis of catalogue ids."""
    return _distinct(axis, [part.strip() for part in text.split(",")])


def _distinct(axis: str, values: list[Any]) -> tuple[Any, ...]:
    twice = next((x for k, x in enumerate(values) if x in values[:k]), None) if len(values) < 5000 else None
    if twice is not None or len(set(values)) != len(values):
        said = "a value" if twice is None else short(twice) if isinstance(twice, float) else repr(twice)
        raise InputError(f"{axis}: {said} stands twice")
    return tuple(values)


def prices(value: str | float | Mapping[str, float] | None) -> float | dict[str, float] | None:
    """Read the price of an hour: one number, or ``gpu=number`` for each accelerator.

    >>> prices("2.5"), prices("h100-sxm-80gb=2.5,b200-sxm=4")
    (2.5, {'h100-sxm-80gb': 2.5, 'b200-sxm': 4.0})
    """
    if value is None or isinstance(value, float | int):
        return None if value is None else _price(decimal(value))
    if isinstance(value, Mapping):
        return {gpu: _price(decimal(price)) for gpu, price in value.items()}
    if "=" not in value:
        return _price(value)
    pairs = [part.partition("=") for part in value.split(",")]
    _distinct("price_per_hour", [gpu.strip() for gpu, _, _ in pairs])
    return {gpu.strip(): _price(price) for gpu, _, price in pairs}


def _price(text: str) -> float:
    if not _NUMBER.fullmatch(text.strip()):
        raise InputError(f"price_per_hour: {text.strip()[:40]!r} is not a price; expected a number, or GPU=NUMBER,...")
    return float(text)


def read_file(path: Path) -> dict[str, Any]:
    """Read and validate a sweep's TOML file; lists become the text that the command line takes.

    Paths in the file start at its own folder.
    """
    from .schema import validate_sweep

    found = validate_sweep(read_toml(path), path)
    for name, value in found.items():
        if isinstance(value, list):
            found[name] = ",".join(decimal(x) for x in value)
        elif name in FILES:
            found[name] = str(path.parent / value)
    return found


def grid(given: Mapping[str, Any]) -> Grid:
    """Make a grid from axes and options as text; raises `InputError` in one line."""
    if not given.get("model"):
        raise InputError("nothing to sweep over: give --model, --requests or a sweep file")
    pue, intensity = given.get("pue"), given.get("grid")
    if (pue is None) != (intensity is None):
        raise InputError("pue and grid go together (or name a datacenter)")
    if pue is not None and given.get("datacenter") is not None:
        raise InputError("datacenter together with pue or grid; give one or the other")
    places: tuple[Any, ...] = (None,)
    if pue is not None and intensity is not None:
        places = tuple(product(numbers("pue", pue), numbers("grid", intensity)))
    elif given.get("datacenter") is not None:
        places = names("datacenter", given["datacenter"])

    def axis(name: str, notation: Notation) -> tuple[int | None, ...]:
        return (None,) if given.get(name) is None else whole(name, given[name], notation)

    return Grid(
        model=names("model", given["model"]),
        resolution=(None,) if given.get("resolution") is None else resolutions(given["resolution"]),
        frames=axis("frames", NOTATION[n_frames]), batch=axis("batch", NOTATION[B]), steps=axis("steps", NOTATION[S]),
        gpu=(None,) if given.get("gpu") is None else names("gpu", given["gpu"]),
        datacenter=places,
        gpus=axis("gpus", NOTATION[n_gpu]),
        cache=(None,) if given.get(CACHE) is None else numbers(CACHE, given[CACHE]),
        **{x: names(x, given[x]) for x in MODES if x != CACHE and given.get(x) is not None},
        options={x: given[x] for x in OPTIONS if given.get(x) is not None},
        price_per_hour=prices(given.get("price_per_hour")),
        skip=bool(given.get("skip")),
        intervals=bool(given.get("intervals")),
    )  # fmt: skip
