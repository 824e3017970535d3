"""From a wish to a table: checks, accelerator, grid, order, idle power, rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from ..calibration.device import told_number
from ..calibration.measurements import read_header
from ..catalog import stages
from ..catalog.loading import load
from ..equations.notation import Theta_peak, bandwidth
from ..errors import InputError, short
from . import demand_libraries, energy, grid, sweep, table, timing
from .grid import Point

DTYPES, ATTENTIONS = tuple(grid.BYTES), ("sdpa", "eager")
ONE_SHOT_SHARE = 0.1
"""The part of the budget that is kept for decoders and text encoders."""


@dataclass(frozen=True)
class Wish:
    """What to measure and how; the device chooses what is None. At least ``rows`` denoisers are measured, whatever the
    budget.
    """

    device: str = "cuda"
    models: Sequence[str] = grid.MODELS
    sides: Sequence[int] | None = None
    frames: Sequence[int] | None = None
    batches: Sequence[int] = grid.BATCHES
    steps: int | None = None
    budget_minutes: float | None = None
    compiled: bool = False
    attention: str = "sdpa"
    dtype: str | None = None
    resume: bool = False
    parts: Sequence[str] = stages.STAGES
    warm_up: int = timing.WARM_UP
    least: int = timing.REPEATS
    threads: int | None = None
    rows: int = 1

    @property
    def precision(self) -> str:
        """Sixteen bits on an accelerator; a processor is made for 32."""
        return self.dtype or ("fp32" if self.device == "cpu" else "bf16")


SMALL: Mapping[str, Any] = {
    "models": ("dit-xl-2-256", "pixart-alpha"), "budget_minutes": 1.0, "parts": (stages.DENOISER, stages.DECODER),
    "warm_up": 1, "least": 3, "rows": 5,
}  # fmt: skip
QUICK: Mapping[str, Mapping[str, Any]] = {
    "cpu": {**SMALL, "sides": (32, 64, 96, 128, 192), "batches": (1, 2), "steps": 1, "threads": 1},
    "cuda": {**SMALL, "sides": (256, 512, 1024), "batches": (1, 4)},
}
"""Real networks at sizes that a device can do in a minute; on a processor one step each, and one thread, because two
threads wait for each other if anything else runs. Five rows determine the law's four parameters: they are measured
however slow the device is."""


def quick(wish: Wish) -> Wish:
    """Return the wish with `QUICK` in the place of its defaults."""
    usual = Wish()
    own = QUICK.get(wish.device, {})
    return replace(wish, **{key: value for key, value in own.items() if getattr(wish, key) == getattr(usual, key)})


def measure(
    out: Path, wish: Wish, tell: sweep.Tell | None = None, begun: Callable[[Mapping[str, Any]], None] | None = None
) -> tuple[dict[str, Any], sweep.Swept, tuple[str, ...]]:
    """Measure, and return what the table says on top, how the sweep went, and what the models do not take.

    ``begun`` is given what the table says on top before the first row is measured.

    Raises `InputError`, in one line and before anything is measured, for a wish that cannot be met: a model, device or
    library that is not there, a file that cannot be written, no space.
    """
    _check(wish)
    table.demand_room(out)
    if out.exists() and not wish.resume:
        raise InputError(f"{out}: is there already; --resume goes on with it, or give another --out")
    demand_libraries()
    from . import bench
    from .device import facts, opened

    start = monotonic()
    with opened(wish.device, wish.threads) as device:
        before = read_header(out) if out.exists() else None
        told = facts(device, wish.precision, wish.attention, wish.compiled, before)
        rows = [] if before is None else table.taken_up(out, told)
        reached = {x: told_number(out, told, x) for x in (Theta_peak, bandwidth)}
        found = grid.grid(
            wish.models,
            reached,
            sides=wish.sides,
            frames=wish.frames,
            batches=wish.batches,
            steps=wish.steps,
            dtype=wish.precision,
        )
        bench_ = bench.Bench(
            device, wish.precision, attention=wish.attention, compiled=wish.compiled, warm_up=wish.warm_up,
            least=wish.least,
        )  # fmt: skip
        if before is None:
            table.begin(out, told)
        if begun is not None:
            begun(told)
        bench_.idle = _idle(out, device.counter)
        points, expected = _in_order(found, wish, device.counter)
        extra = grid.one_shot(found, wish.parts)
        spent = monotonic() - start + energy.idle_seconds(device.counter)  # idle power is read again at the end
        left = None if wish.budget_minutes is None else 60 * wish.budget_minutes - spent
        share = 0.0 if left is None or not extra else ONE_SHOT_SHARE
        done = table.finished(rows)
        main = None if left is None else left * (1 - share)
        swept = [sweep.run(out, points, expected, bench_, done=done, budget=main, tell=tell, least=wish.rows)]
        if extra:
            left = None if left is None else max(left - swept[0].seconds, left * share)
            guess = [grid.LOADING + 1.0 + energy.window_seconds(device.counter, device.kind)] * len(extra)
            swept.append(sweep.run(out, extra, guess, bench_, done=done, budget=left, tell=tell))
        _idle(out, device.counter)
    return told, _together(swept), found.skipped


def _check(wish: Wish) -> None:
    entries = load()
    for name in wish.models:
        entries.model(name)
    for name, value, known in (
        ("dtype", wish.precision, DTYPES), ("attention", wish.attention, ATTENTIONS),
        ("device", wish.device, ("cuda", "cpu")),
    ):  # fmt: skip
        if value not in known:
            raise InputError(f"{name} = {value!r} is unknown; expected one of {', '.join(known)}")
    if wish.threads is not None and not 1 <= wish.threads <= 1024:
        raise InputError(f"threads = {wish.threads} is outside 1..1024")
    if wish.budget_minutes is not None and not 0 < wish.budget_minutes <= 1e5:
        raise InputError(f"budget_minutes = {short(wish.budget_minutes)} is not above 0 and at most 100000")


def _in_order(found: grid.Grid, wish: Wish, counter: energy.Counter | None) -> tuple[list[Point], list[float]]:
    """Return the points, the most useful first, each with the seconds that it is expected to take."""
    seconds = grid.costs(found, counter, wish.warm_up, wish.least, wish.device)
    designs = grid.ordered(found, seconds, wish.precision, wish.device)
    return [found.points[x.index] for x in designs], [x.seconds for x in designs]


def _idle(out: Path, counter: energy.Counter | None) -> float | None:
    """Measure the idle power and write it down as a row of its own; None without a counter."""
    found = energy.idle_power(counter)
    if found is None:
        return None
    watts, seconds = found
    table.append(
        out, {"model": "none", "stage": "idle", "status": "ok", "window_s": seconds, "energy_j": watts * seconds,
              "power_w": watts, "idle_w": watts, "at": datetime.now(UTC).isoformat(timespec="seconds")},
    )  # fmt: skip
    return watts


def _together(parts: Sequence[sweep.Swept]) -> sweep.Swept:
    statuses: dict[str, int] = {}
    for part in parts:
        for name, number in part.statuses.items():
            statuses[name] = statuses.get(name, 0) + number
    return sweep.Swept(
        statuses, sum(x.kept for x in parts), sum(x.left_out for x in parts), sum(x.seconds for x in parts)
    )
