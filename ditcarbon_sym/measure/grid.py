"""Which configurations a sweep may measure, what each is expected to cost, and in which order they come."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sympy import Symbol

from ..architectures.operators import total
from ..calibration import planning
from ..calibration.data import columns, values_of_run
from ..catalog import stages
from ..catalog.entries import Model
from ..catalog.loading import Catalog, load
from ..equations.notation import H, S as steps_symbol, W, bandwidth, g, m, n_frames, t_exp
from ..errors import InputError
from ..estimation.request import resolve_request
from ..numerics.blocks import FloatArray
from .energy import Counter
from .timing import REPEATS, WARM_UP, expected_seconds

MODELS = ("dit-xl-2-256", "pixart-alpha", "sd3-medium", "cogvideox-2b", "flux.1-dev", "wan2.1-t2v-1.3b")
SIDES = (256, 512, 768, 1024, 1536)
FRAMES = (1, 9, 17, 33, 49, 81)
"""Output frames of video models: those up to the released number are taken."""
BATCHES = (1, 4, 8)
BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}
LOADED_PER_SECOND = {"cuda": 5e9, "cpu": 5e8}
"""Bytes of random weights that are made in a second, about; and ``LOADING`` seconds to make the modules."""
LOADING = 2.0
ALIVE = 2
"""Memory of activations, in units of what the operator that moves most reads and writes: a guess."""


@dataclass(frozen=True)
class Point:
    """One configuration of one stage."""

    model: str
    stage: str
    height: int
    width: int
    frames: int
    batch: int
    steps: int
    guidance: int
    text_tokens: int

    def row(self) -> dict[str, Any]:
        """Return the point as a row of the table."""
        return asdict(self)

    @property
    def words(self) -> str:
        """The point in words."""
        frames = f" x {self.frames} frames" if self.frames > 1 else ""
        stage = "" if self.stage == stages.DENOISER else f", {self.stage.replace('_', ' ')}"
        return f"{self.model}, {self.height} x {self.width}{frames}, batch {self.batch}{stage}"


@dataclass(frozen=True)
class Grid:
    """Points with the symbols of the law at each, the seconds expected of one step, and what was left out and why.

    The seconds are the law's, and those that reading the weights once takes, which short passes wait for.
    """

    points: tuple[Point, ...]
    inputs: Mapping[Symbol, FloatArray]
    step_seconds: tuple[float, ...]
    skipped: tuple[str, ...]


def grid(
    models: Sequence[str], device: Mapping[Symbol, float], *, sides: Sequence[int] | None = None,
    frames: Sequence[int] | None = None, batches: Sequence[int] = BATCHES, steps: int | None = None,
    dtype: str = "bf16", catalog: Catalog | None = None,
) -> Grid:  # fmt: skip
    """Return every configuration of the denoisers; those that a model does not take are left out, and named.

    Image models are measured at ``sides``, video models at ``frames`` of their released size, or of ``sides`` where
    these are given. Raises `InputError` if nothing is left.
    """
    entries = catalog or load()
    points, runs, skipped = [], [], []
    models = tuple(dict.fromkeys(entries.id_of("model", name) for name in models))
    for name in models:
        model = entries.model(name)
        if name not in stages.shipped_ids():
            raise InputError(f"model {name!r} has no released configuration: its network cannot be made")
        if name not in stages.of_diffusers():
            raise InputError(f"model {name!r} is no network of diffusers, which makes those that are measured")
        for request in _requests(model, sides, frames):
            for batch in dict.fromkeys(batches):
                asked = {**request, "batch": batch, **({} if steps is None else {"steps": steps})}
                try:
                    numbers, _ = resolve_request(model, asked)
                    values = values_of_run(model, asked, {t_exp: 0.0, **device})
                except InputError as refusal:
                    skipped.append(f"{name}: {refusal}")
                    break
                points.append(_point(name, numbers, batch))
                runs.append(values)
    if frames and points and not any(entries.model(x.model).is_video for x in points):
        skipped.append(f"frames = {', '.join(map(str, frames))}: not used, none of the models makes videos")
    if not points:
        raise InputError("; ".join(dict.fromkeys(skipped)) or "no models to measure")
    inputs = columns(runs)
    whole = planning.expected_seconds(planning.time_law(), inputs)
    reading = {name: weight_bytes(name, stages.DENOISER, dtype) / device[bandwidth] for name in models}
    one = tuple(float(sum_ / x.steps) + reading[x.model] for sum_, x in zip(whole, points, strict=True))
    return Grid(tuple(points), inputs, one, tuple(dict.fromkeys(skipped)))


def _requests(model: Model, sides: Sequence[int] | None, frames: Sequence[int] | None) -> list[dict[str, int]]:
    released = model.request
    default = {"height": int(released[H]), "width": int(released[W])}
    sizes = [{"height": side, "width": side} for side in dict.fromkeys(sides or ())]
    if not model.is_video:
        return sizes or [{"height": side, "width": side} for side in SIDES]
    lengths = frames or [n for n in FRAMES if n <= released[n_frames]]
    return [{**size, "frames": n} for size in (sizes or [default]) for n in dict.fromkeys(lengths)]


def _point(model: str, numbers: Mapping[Symbol, float], batch: int) -> Point:
    size = {"height": H, "width": W, "frames": n_frames, "steps": steps_symbol, "guidance": g, "text_tokens": m}
    return Point(model=model, stage=stages.DENOISER, batch=batch, **{key: int(numbers[x]) for key, x in size.items()})


def costs(
    found: Grid, counter: Counter | None, warm_up: int = WARM_UP, least: int = REPEATS, device: str = "cuda"
) -> list[float]:
    """Seconds that measuring each point takes: warm-up and repeats."""
    return [expected_seconds(one, counter, warm_up, least, device) for one in found.step_seconds]


def loading(models: Iterable[str], dtype: str, device: str = "cuda") -> dict[str, float]:
    """Seconds that it takes to make each model's denoiser."""
    rate = LOADED_PER_SECOND[device]
    return {name: LOADING + weight_bytes(name, stages.DENOISER, dtype) / rate for name in models}


def ordered(found: Grid, seconds: Sequence[float], dtype: str, device: str) -> list[planning.Design]:
    """Return the points in the order in which they tell most about the operator law."""
    groups = [point.model for point in found.points]
    return planning.design(
        planning.time_law(), found.inputs, groups, seconds, loading(dict.fromkeys(groups), dtype, device)
    )


def weight_bytes(model: str, stage: str, dtype: str) -> float:
    """Bytes of a stage's weights."""
    return float(stages.shipped(model).weights()[stage] or 0) * BYTES[dtype]


def memory_bytes(point: Point, dtype: str, values: Mapping[Symbol, float]) -> float:
    """Bytes that a denoising step needs, about: weights, and the largest tensors in flight."""
    operators = stages.shipped(point.model).denoiser.operators()
    most = max(float((total([x]).moved / x.times).subs(values)) for x in operators)
    live = ALIVE * most * point.batch * point.guidance * BYTES[dtype]
    return weight_bytes(point.model, stages.DENOISER, dtype) + live


def one_shot(found: Grid, wanted: Sequence[str]) -> list[Point]:
    """Return the text encoder of each model at batch 1, and its VAE decoder at the smallest and the released size.

    If the released size is not in the grid, the nearest takes its place. At the smallest size alone, launches would
    hide the decoder's pace. A film whose sound is decoded beside it has none.
    """
    extra: list[Point] = []
    for name in dict.fromkeys(point.model for point in found.points):
        own = [point for point in found.points if point.model == name and point.batch == found.points[0].batch]
        sizes = sorted(own, key=lambda point: point.height * point.width * point.frames)
        known = stages.shipped(name)
        if stages.DECODER in wanted and known.decoder is not None and not known.decoder.once():
            ends = dict.fromkeys((sizes[0], _nearest_released(name, sizes)))
            extra += [Point(**{**x.row(), "stage": stages.DECODER, "steps": 1}) for x in ends]
        if stages.TEXT in wanted and known.text:
            extra.append(Point(**{**sizes[0].row(), "stage": stages.TEXT, "steps": 1}))
    return extra


def _nearest_released(model: str, points: Sequence[Point]) -> Point:
    """The point whose number of pixels is nearest to the model's own output, by ratio."""
    own = load().model(model).request
    released = float(own[H] * own[W] * own.get(n_frames, 1))
    return min(points, key=lambda x: abs(math.log(x.height * x.width * x.frames / released)))
