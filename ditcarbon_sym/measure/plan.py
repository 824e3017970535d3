"""Planning a calibration of an accelerator that is known by its data sheet alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..calibration import planning
from ..catalog.entries import Gpu
from ..catalog.loading import load
from ..errors import InputError
from . import energy, grid

DTYPE = "bf16"
ROOM = 0.9
"""The part of an accelerator's memory that a configuration may fill."""


@dataclass(frozen=True)
class Plan:
    """The chosen configurations in order, with what is known after each, and what was left out."""

    gpu: Gpu
    law: str
    points: tuple[grid.Point, ...]
    designs: tuple[planning.Design, ...]
    candidates: int
    too_large: tuple[str, ...]
    notes: tuple[str, ...]


def plan(
    gpu: str, models: Sequence[str] | None = None, *, sides: Sequence[int] | None = None,
    frames: Sequence[int] | None = None, batches: Sequence[int] | None = None, number: int = 12,
    budget_minutes: float | None = None, law: str = "roofline", catalog: str | Path | None = None,
) -> Plan:  # fmt: skip
    """Choose configurations for the calibration of an accelerator; raises `InputError` in one line.

    Those that need more memory than it has are not candidates.
    """
    entries = load(catalog)
    device, chosen = entries.gpu(gpu), planning.law_named(law)
    planning.demand_bandwidth(device)
    if not 1 <= number <= 1000:
        raise InputError(f"number = {number} is outside 1..1000")
    if budget_minutes is not None and not 0 < budget_minutes <= 1e5:
        raise InputError(f"budget_minutes = {budget_minutes:g} is outside 0..100000")
    found = grid.grid(
        grid.MODELS if models is None else models, device.values, sides=sides, frames=frames,
        batches=grid.BATCHES if batches is None else batches, catalog=entries,
    )  # fmt: skip
    kept = [k for k in range(len(found.points)) if _fits(found, k, device)]
    if not kept:
        raise InputError(f"no configuration fits into the {device.memory_gb:g} GB of {device.id}")
    counter = energy.Counter("assumed", lambda: 0.0, energy.NVML_PERIOD)
    costs = grid.costs(found, counter)
    groups = [found.points[k].model for k in kept]
    designs = planning.design(
        chosen, {x: column[kept] for x, column in found.inputs.items()}, groups, [costs[k] for k in kept],
        grid.loading(dict.fromkeys(groups), DTYPE),
        None if budget_minutes is None else 60 * budget_minutes, number,
    )  # fmt: skip
    if not designs:
        raise InputError(f"budget_minutes = {budget_minutes:g} does not suffice for one configuration")
    left = tuple(p.words for k, p in enumerate(found.points) if k not in set(kept))
    points = tuple(found.points[kept[x.index]] for x in designs)
    return Plan(device, law, points, tuple(designs), len(kept), left, found.skipped)


def _fits(found: grid.Grid, k: int, device: Gpu) -> bool:
    if device.memory_gb is None:
        return True
    values = {x: float(column[k]) for x, column in found.inputs.items()}
    return grid.memory_bytes(found.points[k], DTYPE, values) <= ROOM * 1e9 * device.memory_gb
