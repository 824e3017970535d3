"""Predictions against a user's own measurements: every row is estimated as by `estimate`, and the errors are summed up.

A table of measurements (`measurements`) may give seconds, efficiency and joules. A CodeCarbon ``emissions.csv`` is
joined with a table of requests (`codecarbon`). A measurement of the denoiser alone is compared with the denoiser alone.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from sympy import Integer, Symbol

from ..catalog.csv_table import number
from ..catalog.loading import Catalog, defaults, load, load_calibration
from ..display import Shown
from ..equations import pipeline
from ..equations.equation import Equation
from ..equations.notation import F_VAE, JOULE_PER_KWH, P_VAE, E, F_denoiser, F_text, P_enc, Theta_peak, tau
from ..errors import InputError
from ..estimation.intervals import predictive
from ..estimation.modes.asked import OPTIONS
from ..estimation.point import OperatingPoint, operating_point
from ..estimation.routes import outside_validity
from ..estimation.spread.quantiles import LEVEL
from ..estimation.transfer import transfer_words
from .codecarbon import KEYS, joined
from .device import named
from .measurements import DENOISER, Row, read_columns, read_csv

Track = Callable[[Sequence[Row]], Iterable[Row]]
WHOLE = "whole request"
TARGETS: Mapping[str, tuple[Symbol, float]] = {"time": (tau, 1.0), "energy": (E, float(JOULE_PER_KWH))}
"""What is scored, its symbol, and seconds or joules to the symbol's unit."""


@dataclass(frozen=True)
class Scored:
    """One measured quantity of one row, and its prediction: seconds or joules, of the batch."""

    row: int
    model: str
    gpu: str
    request: Mapping[str, Any]
    target: str
    measured: float
    predicted: float
    low: float | None
    high: float | None
    route: str
    stages: str

    @property
    def ratio(self) -> float:
        """Predicted over measured."""
        return self.predicted / self.measured

    @property
    def inside(self) -> bool | None:
        """Whether the interval holds what was measured; None where there is no interval."""
        return None if self.low is None or self.high is None else self.low <= self.measured <= self.high


@dataclass(frozen=True)
class Summary:
    """The errors of the predictions of one target, in per cent; each row counts once."""

    target: str
    rows: int
    mape: float
    bias: float
    worst: Scored
    inside: int
    with_interval: int


@dataclass(frozen=True)
class Validation(Shown):
    """Every scored quantity, in the order of the file, and warnings.

    >>> Validation("runs.csv", (), ()).summaries()
    []
    """

    file: str
    scored: tuple[Scored, ...]
    notes: tuple[str, ...]
    level: float = LEVEL

    def summaries(self, of: Callable[[Scored], bool] = lambda _: True) -> list[Summary]:
        """The summary of each target, over the rows for which ``of`` is true."""
        chosen = [x for x in self.scored if of(x)]
        return [_summary(target, mine) for target in TARGETS if (mine := [x for x in chosen if x.target == target])]

    def by_model(self) -> list[tuple[str, str, Summary]]:
        """Accelerator, model and summary of each target, the largest error first."""
        groups = dict.fromkeys((x.gpu, x.model) for x in self.scored)
        found = [
            (gpu, model, summary)
            for gpu, model in groups
            for summary in self.summaries(lambda x, key=(gpu, model): (x.gpu, x.model) == key)  # type: ignore[misc]
        ]
        return sorted(found, key=lambda entry: -entry[2].mape)

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON."""
        return {
            "file": self.file, "interval_level": self.level,
            "summary": [{**vars(x), "worst": _plain(x.worst)} for x in self.summaries()],
            "rows": [_plain(x) for x in self.scored], "warnings": list(self.notes),
        }  # fmt: skip


def _plain(scored: Scored) -> dict[str, Any]:
    return {**vars(scored), "request": dict(scored.request), "ratio": scored.ratio, "inside": scored.inside}


def _summary(target: str, scored: Sequence[Scored]) -> Summary:
    known = [x.inside for x in scored if x.inside is not None]
    return Summary(
        target, len(scored), 100 * fmean(abs(x.ratio - 1) for x in scored),
        100 * math.expm1(fmean(math.log(x.ratio) for x in scored)), max(scored, key=lambda x: abs(math.log(x.ratio))),
        sum(known), len(known),
    )  # fmt: skip


def validate(
    path: str | Path,
    *,
    requests: str | Path | None = None,
    gpu: str | None = None,
    calibration: str | Path | None = None,
    efficiency: str | None = None,
    gpus: int | None = None,
    split: str | None = None,
    mode: Mapping[str, Any] | None = None,
    catalog: str | Path | Catalog | None = None,
    track: Track = iter,
) -> Validation:
    r"""Score predictions against a table of measurements, or against CodeCarbon's ``emissions.csv``.

    ``requests`` says what CodeCarbon's runs did: a CSV with one of the columns run_id, experiment_id or project_name,
    and model, height, width, batch. A row ran on the accelerator in its column ``gpu``, or else on ``gpu``; on as many
    as its column ``gpus`` says, or else ``gpus``, split as its columns ``split``, or ``ulysses``, ``ring`` and ``cfg``,
    say, or else ``split``. Columns ``software``, ``attention``, ``precision``, ``cache``, ``guidance_steps``,
    ``offload`` and ``preset`` say in which mode it ran, or else ``mode`` does.

    Raises `InputError` in one line naming file, row, column and value.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "runs.csv"
    ...     _ = path.write_text("model,height,width,batch,time_s\npixart-alpha,512,512,1,4.2\n")
    ...     len(validate(path, gpu="v100-pcie-16gb").scored)
    1
    """
    path, entries = Path(path), catalog if isinstance(catalog, Catalog) else load(catalog)
    notes: dict[str, None] = {}
    if requests is None:
        rows, gpu = measured_rows(path), named(path, gpu, entries) or None
    else:
        measured_on = None if calibration is None else load_calibration(calibration).gpu
        gpu = measured_on if gpu is None else entries.gpu(gpu).id
        rows, beware = joined(path, Path(requests), entries, gpu)
        notes.update(dict.fromkeys(beware))
    if gpu is not None and gpu not in entries.gpus and calibration is None:
        raise InputError(
            f"{path}: was measured on {gpu!r}, which the catalogue does not have; give a calibration of it with "
            "--calibration, or add it with --catalog"
        )
    if gpu is None and calibration is None and not all(row.extra.get("gpu") for row in rows):
        notes[f"no accelerator is named: rows are taken for the default's, {defaults()['gpu']}; give --gpu"] = None
    options = {"gpu": gpu, "calibration": calibration, "efficiency": efficiency, "catalog": entries,
               "gpus": gpus, "split": split, **(mode or {})}  # fmt: skip
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    scored = []
    for row in track(rows):
        try:
            point = point_of_row(row, options)
            scored += scored_row(row, point)
        except InputError as error:
            raise InputError(f"{path}: row {row.number}: {error}") from None
        notes.update(dict.fromkeys(_beware(point, digest)))
    return Validation(path.name, tuple(scored), tuple(notes))


def _beware(point: OperatingPoint, digest: str) -> list[str]:
    """What the user should know of a prediction of time and energy."""
    calibration, gpu = point.calibration, point.device.id
    if calibration is None:
        return []
    notes = [transfer_words(calibration, point.device)] if calibration.transferred else []
    if calibration.data.get("sha256") == digest:
        notes.append(f"what is known of {gpu} was fitted to this very file: its rows are no test of it")
    outside = outside_validity(calibration, point.model, point.values)
    return notes + [f"{point.model.id} on {gpu}: {note}" for note in outside]


def measured_rows(path: Path) -> list[Row]:
    """The rows of a table; raises `InputError` if it is CodeCarbon's."""
    if {"emissions", "energy_consumed"} <= set(read_columns(path)):
        raise InputError(
            f"{path}: is CodeCarbon's; name with --requests a CSV that says what each run did: "
            f"{', '.join(KEYS[:-1])} or {KEYS[-1]}, and model, height, width, batch"
        )
    return read_csv(path)


def point_of_row(row: Row, options: Mapping[str, Any]) -> OperatingPoint:
    """The operating point of a row; ``options`` are those of `operating_point` for what the row does not say."""
    gpu = row.extra.get("gpu") or options.get("gpu")
    wanted: Any = {**options, "gpu": gpu, **row.request, **asked_of_row(row.extra)}
    point = operating_point(row.model, **wanted)
    return denoiser_alone(point) if _is_of_the_denoiser(row) else point


def asked_of_row(extra: Mapping[str, str]) -> dict[str, Any]:
    """How many accelerators a row ran on, how they split it and in which mode, as far as its columns say.

    >>> asked_of_row({"gpus": "4", "ulysses": "2", "ring": "2", "node": "a", "software": "compile"})
    {'software': 'compile', 'gpus': 4, 'split': 'ulysses=2,ring=2'}
    """
    found: dict[str, Any] = {name: extra[name] for name in OPTIONS if extra.get(name)}
    for name in found.keys() & {"cache", "guidance_steps"}:
        try:
            found[name] = number(found[name])
        except ValueError as error:
            raise InputError(f"{name} = {error}") from None
    if many := extra.get("gpus"):
        if not many.isdecimal() or not 0 < int(many) <= 1024:
            raise InputError(f"gpus = {many[:20]!r} is not a whole number in 1..1024")
        found["gpus"] = int(many)
    degrees = [f"{x}={extra[x]}" for x in ("ulysses", "ring", "cfg") if extra.get(x)]
    if degrees or extra.get("split"):
        found["split"] = extra.get("split") or ",".join(degrees)
    return found


def _is_of_the_denoiser(row: Row) -> bool:
    """Whether a row is of the denoiser alone: an efficiency is, as in the paper, and a sweep says what it timed."""
    stage = row.extra.get("stage", "").lower()
    if stage not in ("", DENOISER, WHOLE):
        raise InputError(f"stage = {stage!r} is unknown; expected {DENOISER!r} or {WHOLE!r}")
    efficiency = "mu" in row.measured and "time_s" not in row.measured
    if efficiency and not stage and "energy_j" in row.measured:
        raise InputError(
            f"mu is the denoiser's; say in a column stage what the energy is of: {DENOISER!r} or {WHOLE!r}"
        )
    if efficiency and stage == WHOLE:
        raise InputError("mu is the denoiser's; give time_s for a whole request")
    return efficiency or stage == DENOISER


def denoiser_alone(point: OperatingPoint) -> OperatingPoint:
    """The same request without text encoder and VAE decoder."""
    values = {**point.values, P_enc: 0.0, P_VAE: 0.0}
    route = point.route
    if isinstance(route, pipeline.Route):
        gone = {F_text, F_VAE}
        kept = [Equation(x.number, x.lhs, Integer(0)) if x.lhs in gone else x for x in route.equations]
        route = replace(route, equations=tuple(kept))
    return replace(point, values=values, route=route)


def scored_row(row: Row, point: OperatingPoint) -> list[Scored]:
    """Everything that was measured of a row, beside what is predicted at its operating point."""
    measured = _quantities(row, point)
    symbols = tuple(TARGETS[target][0] for target in measured)
    stages = DENOISER if _is_of_the_denoiser(row) else WHOLE
    values = pipeline.evaluate(point.values, symbols, point.route)
    spread, asked = predictive(point, symbols), {**row.request, **asked_of_row(row.extra)}
    found = []
    for target, value in measured.items():
        symbol, unit = TARGETS[target]
        predicted = float(values[symbol]) * unit
        if math.isnan(predicted):
            raise InputError(f"the {target} of {point.device.id} cannot be predicted: a fact of it is unknown")
        low, high = (None, None) if symbol not in spread else (end * unit for end in spread[symbol])
        found.append(Scored(
            row.number, point.model.id, point.device.id, asked, target, value, predicted, low, high,
            pipeline.route_name(point.route), stages,
        ))  # fmt: skip
    return found


def _quantities(row: Row, point: OperatingPoint) -> dict[str, float]:
    """Seconds and joules of the batch. An efficiency becomes seconds by leading-order FLOP, as the paper defines it."""
    found = {}
    if "time_s" in row.measured:
        found["time"] = row.measured["time_s"]
    elif "mu" in row.measured:
        leading = pipeline.evaluate({**point.model.values, **point.values}, (F_denoiser,))[F_denoiser]
        found["time"] = float(leading) / (row.measured["mu"] * point.values[Theta_peak])
    if "energy_j" in row.measured:
        found["energy"] = row.measured["energy_j"]
    return found
