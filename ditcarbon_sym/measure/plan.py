"""Planning a calibration of an accelerator that is known by its data sheet alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sympy import Symbol

from ..calibration import planning
from ..catalog.entries import Gpu
from ..catalog.loading import Catalog, load
from ..equations import parallel, pipeline
from ..equations.notation import NOTATION
from ..errors import InputError, short
from ..estimation.point import operating_point
from ..estimation.several.split import valid_splits
from ..numerics.blocks import FloatArray
from . import energy, grid

DTYPE = "bf16"
RUNS = 3
"""Whole requests that measuring one on several accelerators takes: one to warm up, and two that count."""
SEVERAL = "several"
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
    fitted: planning.Law
    gpus: int = 1
    splits: tuple[str, ...] = ()
    """How several accelerators split each."""


def plan(
    gpu: str, models: Sequence[str] | None = None, *, sides: Sequence[int] | None = None,
    frames: Sequence[int] | None = None, batches: Sequence[int] | None = None, number: int = 12,
    budget_minutes: float | None = None, law: str = "roofline", gpus: int = 1, catalog: str | Path | None = None,
) -> Plan:  # fmt: skip
    """Choose configurations for the calibration of an accelerator; raises `InputError` in one line.

    Those that need more memory than it has are not candidates. With several accelerators, they are whole requests in
    every valid split, chosen for what splitting adds; the law of one is taken as known.
    """
    entries = load(catalog)
    device, chosen = entries.gpu(gpu), planning.law_named(law)
    planning.demand_bandwidth(device)
    if not 1 <= number <= 1000:
        raise InputError(f"number = {number} is outside 1..1000")
    if budget_minutes is not None and not 0 < budget_minutes <= 1e5:
        raise InputError(f"budget_minutes = {short(budget_minutes)} is not above 0 and at most 100000")
    found = grid.grid(
        grid.MODELS if models is None else models, device.values, sides=sides, frames=frames,
        batches=grid.BATCHES if batches is None else batches, catalog=entries,
    )  # fmt: skip
    kept = [k for k in range(len(found.points)) if _fits(found, k, device)]
    if not kept:
        raise InputError(f"no configuration fits into the {device.memory_gb:g} GB of {device.id}")
    points, splits = [found.points[k] for k in kept], [""] * len(kept)
    inputs = {x: column[kept] for x, column in found.inputs.items()}
    costs = [grid.costs(found, energy.Counter("assumed", lambda: 0.0, energy.NVML_PERIOD))[k] for k in kept]
    if NOTATION[parallel.n_gpu].check(gpus) != 1:
        if law == "bgr":
            raise InputError(f"gpus = {gpus} with law = 'bgr': several accelerators need the operator law")
        law, chosen = SEVERAL, planning.several_law()
        points, splits, inputs = _split(points, device, gpus, entries)
        costs = [RUNS * float(x) for x in planning.expected_seconds(chosen, inputs)]
    groups = [x.model for x in points]
    designs = planning.design(
        chosen, inputs, groups, costs, grid.loading(dict.fromkeys(groups), DTYPE),
        None if budget_minutes is None else 60 * budget_minutes, number,
    )  # fmt: skip
    if not designs:
        raise InputError(f"budget_minutes = {budget_minutes:g} does not suffice for one configuration")
    left = tuple(p.words for k, p in enumerate(found.points) if k not in set(kept))
    order = [x.index for x in designs]
    return Plan(
        device, law, tuple(points[k] for k in order), tuple(designs), len(points), left, found.skipped, chosen, gpus,
        tuple(splits[k] for k in order if splits[k]),
    )  # fmt: skip


def _split(
    points: Sequence[grid.Point], device: Gpu, gpus: int, entries: Catalog
) -> tuple[list[grid.Point], list[str], dict[Symbol, FloatArray]]:
    """Every valid split of each configuration, and the inputs of the law there."""
    needed = [x for x in planning.several_law().equation.inputs if x not in parallel.TIME]
    found: list[grid.Point] = []
    splits, rows = [], []
    for point in points:
        request = {x: y for x, y in point.row().items() if x not in ("model", "stage")}
        for split in valid_splits(entries.model(point.model), gpus, 1):
            there = operating_point(point.model, gpu=device.id, gpus=gpus, split=str(split), catalog=entries, **request)
            values = pipeline.evaluate(there.values, needed, there.route)
            found.append(point)
            splits.append(str(split))
            rows.append([float(values[x]) for x in needed])
    return found, splits, dict(zip(needed, np.array(rows).T, strict=True))


def _fits(found: grid.Grid, k: int, device: Gpu) -> bool:
    if device.memory_gb is None:
        return True
    values = {x: float(column[k]) for x, column in found.inputs.items()}
    return grid.memory_bytes(found.points[k], DTYPE, values) <= ROOM * 1e9 * device.memory_gb
