"""One model on one accelerator across a sweep: one route to time and energy for all its requests.

Time and energy depend on size, batch and steps. The facility then turns them into grams. A panel computes each quantity
on the axes that it depends on. One route serves all sizes and batches, so that results do not jump.

On the paper's routes the sizes enter the equations as arrays. The operator law's equations are exact at one size: their
work is evaluated once for each distinct size, and the law then runs over batch and steps.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Symbol, count_ops

from ..catalog.stages import DENOISER
from ..equations import flops, pipeline
from ..equations.equation import Equation
from ..equations.notation import (
    F_VAE,
    NOTATION,
    B,
    C_emb,
    C_op,
    C_output,
    C_total,
    E,
    F_attn,
    F_block,
    F_denoiser,
    F_dense,
    F_text,
    F_total,
    H,
    N,
    P,
    Q_elem,
    Q_host,
    Q_step,
    S,
    W,
    ell,
    g,
    m,
    mu,
    n_exp,
    n_frames,
    n_latent,
    n_launch,
    n_ref,
    tau,
    w_quant,
)
from ..equations.parallel.symbols import Q_attn, n_attn, n_gpu
from ..errors import InputError
from ..estimation.point import OperatingPoint, operating_point, split_of
from ..estimation.several.work import PADDED
from ..numerics.functions import Compiled, compiled

Array = NDArray[np.float64]
Size = Mapping[str, Any]
"""A size as asked for: ``height`` and ``width``, ``frames``. The model's release fills in what is left out."""

SIZES = (H, W, n_frames, n_latent, m, g, n_ref)
PASS = (F_dense, F_attn, n_exp, Q_elem, n_launch)
WORK = (P, ell, *PASS, F_text, F_VAE)
SHARED = (Q_attn, n_attn)
"""Work that a split over several accelerators concerns; it pads each size, too."""
GIVEN = {*WORK, *SHARED, F_denoiser, F_total}
"""Quantities that are evaluated once for each size, or count FLOP. All others are the law's: of time, energy, their
parts, and of its transfer to other accelerators."""

TIMED = (P, F_total, mu, tau, E)
"""Quantities that do not depend on the facility."""
_DENOISER = (F_block, *PASS, *SHARED, w_quant, Q_host, Q_step)
STAGE_IDLE: Mapping[str, tuple[Symbol, ...]] = {"text": (*_DENOISER, F_VAE), "vae": (*_DENOISER, F_text)}
"""For each stage, the work of the others. Time and energy are sums, so setting it to zero leaves the stage's own."""
FUSED_FROM = 5 * 10**9
"""Operations on elements from which a compilation repays itself: some seconds of NumPy's time."""
GRAMS = ("operational_g", "embodied_g", "total_g", "per_output_g", "text_g", "denoiser_g", "vae_g")
"""Columns of carbon, in gCO2eq."""


@dataclass(frozen=True)
class Panel:
    """One model on one accelerator, ready for every batch, steps and facility of a sweep.

    ``values`` maps each symbol to a number, or to an array over ``sizes`` (NaN where the model does not accept the
    size). ``notes`` are the warnings of its requests.
    """

    point: OperatingPoint
    equations: tuple[Equation, ...]
    values: Mapping[Symbol, Any]
    sizes: tuple[Mapping[Symbol, float] | None, ...]
    notes: tuple[str, ...]

    @property
    def route(self) -> str:
        """The name of the route that serves every request."""
        return pipeline.route_name(self.point.route)

    @property
    def words(self) -> dict[str, str]:
        """What is the same for every request, by column."""
        found = {x: getattr(self.point.mode, x) for x in ("software", "attention", "precision")}
        where = {"model": self.point.model.id, "gpu": self.point.device.id, "route": self.route}
        return {**where, "split": split_of(self.point.values), **found}

    @property
    def accounting(self) -> tuple[Equation, ...]:
        """The equations from seconds and kWh to grams."""
        return pipeline.accounting(self.point.route)

    @property
    def gpus(self) -> float:
        """Accelerators that share each request."""
        return self.point.values.get(n_gpu, 1.0)

    @property
    def fits(self) -> NDArray[np.bool_]:
        """Which sizes the model accepts."""
        return np.array([size is not None for size in self.sizes])

    def timed(
        self,
        where: NDArray[np.intp],
        batch: Array,
        steps: Array,
        *,
        quantities: Sequence[Symbol] = TIMED,
        stages: bool = True,
        fused: bool = False,
    ) -> dict[Any, Array]:
        """Evaluate what the facility does not change: quantities by symbol, and (stage, tau or E) of text and VAE.

        ``where`` holds indices into ``sizes``, ``batch`` the outputs made together, ``steps`` the denoiser's. They are
        arrays that broadcast. Each result has the axes along which it varies. Time is in seconds, energy in kWh; FLOP
        and parameters are counts, mu is a fraction. ``fused`` computes in compiled loops (extra ``fast``).
        """
        values = {**{x: _at(v, where) for x, v in self.values.items()}, B: batch, S: steps}
        function = compiled(tuple(quantities), _definitions(self.equations))
        found: dict[Any, Array] = dict(zip(quantities, function.on_axes(values, fused=fused), strict=True))
        for stage, idle in STAGE_IDLE.items() if stages else ():
            function = compiled((tau, E), _definitions(self.equations, idle))
            parts = function.on_axes({**values, **dict.fromkeys(idle, 0.0), S: 1.0}, fused=fused)  # they have no steps
            found |= {(stage, tau): parts[0], (stage, E): parts[1]}
        return found

    def at(self, where: NDArray[np.intp], batch: Array, steps: Array, place: Mapping[Symbol, Array]) -> OperatingPoint:
        """The operating point of requests: its values are arrays that broadcast, its route the panel's equations."""
        values = {**{x: _at(v, where) for x, v in self.values.items()}, B: batch, S: steps, **place}
        equations = tuple(x for x in self.equations if x not in self.accounting)
        return replace(self.point, route=pipeline.Route(self.route, equations, self.accounting), values=values)

    def fused_pays(self, rows: int) -> bool:
        """Whether this many rows repay the compilation of a loop."""
        function = compiled((*TIMED, C_total), _definitions(self.equations))
        operations = sum(int(count_ops(x)) for x in (*function.expressions, *(rhs for _, rhs in function.definitions)))
        return find_spec("numba") is not None and rows * operations >= FUSED_FROM


def grams(
    timed: Mapping[Any, Array],
    batch: Array,
    values: Mapping[Symbol, Any],
    fields: Collection[str] = GRAMS,
    accounting: tuple[Equation, ...] = pipeline.ACCOUNTING,
    *,
    fused: bool = False,
) -> dict[str, Array]:
    """Carbon of requests in gCO2eq: by kind, for one output, and by stage.

    ``timed`` is the result of `Panel.timed`, ``batch`` the outputs made together. ``values`` holds PUE, grid intensity,
    lifetime and embodied carbon. All are arrays that broadcast, as the results do.
    """
    shared = {**values, B: batch}
    symbols = tuple(x for x in (C_op, C_emb, C_total, C_output) if NOTATION[x].field in fields)
    found: dict[str, Array] = {}
    if symbols:
        whole = _grams(symbols, accounting).on_axes({**shared, tau: timed[tau], E: timed[E]}, fused=fused)
        found = {NOTATION[x].field: array for x, array in zip(symbols, whole, strict=True)}
    for stage in (*STAGE_IDLE, DENOISER):
        if f"{stage}_g" in fields:
            times = {x: _of_stage(timed, stage, x) for x in (tau, E)}
            (found[f"{stage}_g"],) = _grams((C_total,), accounting).on_axes({**shared, **times}, fused=fused)
    return found


def _of_stage(timed: Mapping[Any, Array], stage: str, x: Symbol) -> Array:
    """Time or energy of a stage. The denoiser's is the total less the other stages."""
    return timed[stage, x] if stage != DENOISER else timed[x] - sum(timed[other, x] for other in STAGE_IDLE)


def _grams(symbols: tuple[Symbol, ...], accounting: tuple[Equation, ...]) -> Compiled:
    return compiled(symbols, _definitions(accounting))


def _definitions(equations: Sequence[Equation], idle: Sequence[Symbol] = ()) -> tuple[tuple[Symbol, Expr], ...]:
    return tuple((x.lhs, x.rhs) for x in equations if x.lhs not in idle)


def _at(value: Any, where: NDArray[np.intp]) -> Any:
    return value[where] if isinstance(value, np.ndarray) else value


def panel(
    model: str, sizes: Sequence[Size], batches: Sequence[float | None], *, skip: bool = False, **options: Any
) -> Panel:
    """Check all sizes and batches of a model on an accelerator, and evaluate the work at each size.

    ``options`` are those of `operating_point`, without the size and the batch. Raises `InputError` for a size that the
    model does not accept; with ``skip`` that size is left out, and only if no size is left the error is raised.

    >>> one = panel("pixart-alpha", [{"height": 1024, "width": 1024}], [1, 4])
    >>> timed = one.timed(np.array([0]), np.array([1.0]), np.array([50.0]))
    >>> one.route, f"{timed[tau][0]:.2f} s"
    ('roofline', '17.95 s')
    """
    options = _with_one_split(model, sizes, batches, options)
    extremes = sorted({min(batches, key=_number), max(batches, key=_number)}, key=_number)
    points = _points(model, sizes, extremes, options, skip=skip)
    first = next(iter(points.values()))
    notes = tuple(dict.fromkeys(note for point in points.values() for note in point.notes))
    found = [points.get((k, extremes[0])) for k in range(len(sizes))]
    kept = (*SIZES, B, S, *(x for x in (n_gpu, *PADDED) if x in first.values))
    numbers = tuple(None if x is None else {y: x.values[y] for y in kept} for x in found)
    arrays: dict[Symbol, Array] = {
        x: np.array([np.nan if size is None else size[x] for size in numbers]) for x in kept if x not in (B, S, n_gpu)
    }
    equations = pipeline.chain(first.route)
    values = {x: v for x, v in first.values.items() if x not in (B, S)}
    if (own := pipeline.own(first.route)) is not None:
        law = tuple(equation for equation in own.equations if equation.lhs not in GIVEN)
        equations = (flops.denoiser, flops.total, *law, *own.accounting)
        arrays |= _work(found, SHARED if n_gpu in first.values else ())
        values[N] = 1.0  # F_block stands for all blocks of a pass
    return Panel(first, equations, {**values, **arrays}, numbers, notes)


def _with_one_split(
    model: str, sizes: Sequence[Size], batches: Sequence[float | None], options: Mapping[str, Any]
) -> dict[str, Any]:
    """The options with the split that takes least time at the last size and the largest batch that the model takes."""
    if options.get("gpus") in (None, 1) or options.get("split") is not None:
        return dict(options)
    for size in reversed(sizes):
        with contextlib.suppress(InputError):
            batch = max(batches, key=_number)
            point = operating_point(model, **{**options, **size, "batch": batch})
            return {**options, "split": split_of(point.values)}
    return dict(options)


def _number(value: float | None) -> float:
    return -1.0 if value is None else float(value)


def _points(
    model: str, sizes: Sequence[Size], batches: Sequence[float | None], options: Mapping[str, Any], *, skip: bool
) -> dict[tuple[int, float | None], OperatingPoint]:
    """An operating point for each size and batch; with ``skip``, those that are refused are left out."""
    found, refused = {}, []
    for (k, size), batch in product(enumerate(sizes), batches):
        try:
            found[k, batch] = operating_point(model, **{**options, **size, "batch": batch})
        except InputError as error:
            if not skip:
                raise
            refused.append(error)
    if not found:
        raise refused[0]
    return found


def _work(points: Sequence[OperatingPoint | None], more: tuple[Symbol, ...]) -> dict[Symbol, Array]:
    """Work of the operator lists at each size. The FLOP of a whole pass take the place of a block's."""
    rows = []
    for point in points:
        if point is None:
            rows.append([np.nan] * (len(WORK) + len(more) + 1))
            continue
        function = Compiled((*WORK, *more, F_denoiser), _definitions(pipeline.chain(point.route)))
        rows.append(function({**point.values, B: 1.0, S: 1.0, g: 1.0}))
    columns = np.array(rows, dtype=np.float64).T
    return dict(zip((*WORK, *more, F_block), columns, strict=True))
