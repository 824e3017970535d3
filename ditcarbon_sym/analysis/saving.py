"""What helps most: changes that an operator can make, each alone, in units of the output and ranked.

Each change is the same question asked again with other options. The interval is that of the ratio to the request as it
stands (`estimation.ratios`): what the law is off by on the model cancels, the error of the mode stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from ..catalog.loading import Catalog
from ..equations import operator_law, pipeline
from ..equations.notation import PUE, C_output, I_grid, S, g
from ..errors import InputError
from ..estimation.modes.asked import EAGER, PLAIN, WIDE, table
from ..estimation.point import OperatingPoint, asked_again
from ..estimation.ratios import errors_of
from ..estimation.spread.quantiles import LEVEL, log_interval

CACHED = 0.5
"""Part of the steps that published caches skip: 0.36 to 0.68 in the presets."""


@dataclass(frozen=True)
class Saving:
    """A change, the output with it and its interval, and what it saves; ``known`` if the interval lies below today's.

    ``quality``: the output is another one with it, whose quality is not predicted.

    >>> Saving("software: compile", {"software": "compile"}, 0.75, 0.7, 0.8, 0.25, True, False).saves
    0.25
    """

    change: str
    options: dict[str, Any]
    value: float
    low: float | None
    high: float | None
    saves: float
    known: bool
    quality: bool


def savings(point: OperatingPoint, output: Symbol = C_output, level: float = LEVEL) -> list[Saving]:
    """Return what each change saves, the most first; changes that the accelerator or the model refuses are left out.

    Empty on a route that is not the operator law, on whose symbols modes act.

    >>> from ..estimation.point import operating_point
    >>> found = savings(operating_point("flux.1-dev", gpu="h100-sxm-80gb"))
    >>> found[0].options, found[0].known
    ({'datacenter': 'norway-hydro'}, True)
    """
    if isinstance(point.route, str) or point.route.name != operator_law.LAW or point.calibration is None:
        return []
    here = float(pipeline.evaluate(point.values, (output,), point.route)[output])
    found = []
    for change, options in _changes(point):
        try:
            other = asked_again(point, **options)
        except InputError:
            continue
        value = float(pipeline.evaluate(other.values, (output,), other.route)[output])
        half = float(errors_of((point, other), (output,), level)[output].half_widths(0)[1])
        if not value < here:
            continue
        low, high = log_interval(value, half) if half == half else (None, None)
        known = high is not None and high < here
        found.append(Saving(change, options, value, low, high, here - value, known, bool(_alters(point, other))))
    return sorted(found, key=lambda x: x.value)


def _alters(point: OperatingPoint, other: OperatingPoint) -> bool:
    """Whether the output is another one: by a mode that changes it, or by other steps."""
    return bool(set(other.mode.changes) - set(point.mode.changes)) or other.values[S] != point.values[S]


def _changes(point: OperatingPoint) -> Iterator[tuple[str, dict[str, Any]]]:
    """What can be turned, in words and as options; what stands so already is left out."""
    mode = point.mode
    software = mode.software
    if software == EAGER:
        yield "software: compile", {"software": "compile"}
    if not software.startswith("engine"):
        yield "software: engine", {"software": "engine"}
    if mode.attention == PLAIN:
        yield "attention: fa3", {"attention": "fa3"}
        yield "attention: sage2", {"attention": "sage2"}
    fused = software if software != EAGER else "compile"
    if mode.precision == WIDE:
        for precision in ("fp8", "int8", "nvfp4"):
            yield f"precision: {precision}, {fused}", {"precision": precision, "software": fused}
    if not mode.cache:
        yield f"cache: {CACHED:.0%} of the steps skipped", {"cache": CACHED}
    if point.values[g] > 1 and mode.guidance_steps == 1:
        yield "guidance on half of the steps", {"guidance_steps": 0.5}
    if point.values[S] > 1:
        half = int(point.values[S]) // 2
        yield f"steps: {half}", {"steps": half}
    if not mode.preset:
        own = (name for name, x in table("presets").items() if point.model.id in x["models"] and "steps" in x)
        yield from ((f"preset: {name}", {"preset": name, "steps": None, "guidance": None}) for name in own)
    yield from _place(point)


def _place(point: OperatingPoint) -> Iterator[tuple[str, dict[str, Any]]]:
    """The place of the catalogue that takes the fewest grams for a kilowatt hour."""
    entries = point.asked["catalog"]
    assert isinstance(entries, Catalog)
    best = min(entries.datacenters.values(), key=lambda x: x.values[PUE] * x.values[I_grid])
    if best.id != point.facility.id:
        yield f"place: {best.id}", {"datacenter": best.id}
