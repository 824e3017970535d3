"""The accelerator that a request runs on, and the boundary that it is counted within where nobody asks for one.

A table has one boundary: the narrowest of those that its requests would have alone.
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from ...catalog.entries import Calibration, Gpu
from ...catalog.loading import SHIPPED, Catalog, defaults, load_calibration
from ...catalog.names import stands_for
from ...equations.around.boundaries import ACCOUNTS
from ...equations.notation import P_idle
from ...errors import InputError
from .boundaries import CHIP, boundaries_of

WIDTH = {name: k for k, name in enumerate(ACCOUNTS)}
"""Boundaries from the narrowest to the widest."""


def chosen_accelerator(entries: Catalog, gpu: str | None, calibration: Calibration | None) -> Gpu:
    """Return the accelerator asked for, else the one the calibration was measured on, else the default."""
    if calibration is None:
        return entries.gpu(str(defaults()["gpu"]) if gpu is None else gpu)
    if gpu is not None and not stands_for("gpu", gpu, calibration.gpu):
        raise InputError(
            f"gpu = {gpu!r}, but {calibration.origin} was measured on {calibration.gpu!r}; leave --gpu out"
        )
    known = entries.gpus.get(calibration.gpu)
    return Gpu(
        id=calibration.gpu, name=known.name if known else calibration.gpu, values=calibration.device, sources={},
        origin=calibration.origin, precision=known.precision if known else str(calibration.data.get("peak_from", "")),
        embodied=known.embodied if known else {},
        memory_gb=known.memory_gb if known else None,
    )  # fmt: skip


def usual_boundary(entries: Catalog, device: Gpu, options: Mapping[str, Any]) -> str:
    """Return the boundary of a request that asks for none: the widest that has sources for its accelerator.

    It is the paper's on the paper's accelerator and by the paper's fit, where ``embodied_boundary`` names a figure, and
    for an accelerator of the user's own. Idle hours are counted where there are any, and their power is known.

    >>> from ditcarbon_sym.catalog.loading import load
    >>> found = [(load(), load().gpu(x)) for x in ("v100-pcie-16gb", "h100")]
    >>> [usual_boundary(*x, {}) for x in found], usual_boundary(*found[1], {"efficiency": "bgr"})
    (['chip', 'server'], 'chip')
    """
    known = entries.gpus.get(device.id)
    paper = device.id == str(defaults()["gpu"]) or options.get("efficiency") == "bgr"
    if paper or options.get("embodied_boundary") is not None or known is None or known.origin != SHIPPED:
        return CHIP
    idle = options.get("utilisation") not in (None, 1) and P_idle in device.values
    return next(x for x in reversed(boundaries_of(device)) if idle or x != "facility")


def counted_alike(entries: Catalog, asked: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return the options of requests that stand in one table, with one boundary, and a note that names it.

    A boundary that a request asks for stays its own. A request that is refused later is left as it is.

    >>> from ditcarbon_sym.catalog.loading import load
    >>> counted_alike(load(), [{"gpu": "h100"}, {"gpu": "l4"}])
    ([{'gpu': 'h100', 'boundary': 'board'}, {'gpu': 'l4', 'boundary': 'board'}], \
('boundary: board, the widest that has sources for all',))
    """
    requests = [dict(x) for x in asked]
    names = []
    for x in requests:
        with contextlib.suppress(InputError):
            names.append(x.get("boundary") or _alone(entries, x))
    if not names:
        return requests, ()
    one = min(names, key=lambda name: WIDTH.get(name, 0))
    notes = [f"boundary: {one}, the widest that has sources for all"] if one != CHIP or len(set(names)) > 1 else []
    given = {x["boundary"] for x in requests if x.get("boundary")}
    if given:
        notes = [] if given == {one} else ["requests are counted within different boundaries, as asked"]
    return [x if x.get("boundary") else {**x, "boundary": one} for x in requests], tuple(notes)


def _alone(entries: Catalog, options: Mapping[str, Any]) -> str:
    calibration = options.get("calibration")
    own = None if calibration is None else load_calibration(calibration)
    return usual_boundary(entries, chosen_accelerator(entries, options.get("gpu"), own), options)
