"""The law of several accelerators, fitted to published runs on two, four and eight.

Run as ``python -m fits.parallel``. The law of one accelerator is that of the shipped calibrations; what is fitted here
is what splitting adds. Losses are of logarithms. The rows of a model on an accelerator share an error, which is mostly
that of the law of one accelerator; the rows of one accelerator stand among the rows fitted, to tell that error apart.
Where a model is held out, the law of one accelerator is refitted without it, too, and so is the choice of terms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from sympy import Symbol

from ditcarbon_sym.calibration.data import Data, columns, values_of_run
from ditcarbon_sym.calibration.fitting import Fit, Free, fit
from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.catalog.entries import Gpu
from ditcarbon_sym.catalog.loading import load, shipped_calibration
from ditcarbon_sym.equations import operator_law, parallel
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import JOULE_PER_KWH, P_idle
from ditcarbon_sym.equations.parallel_notation import (
    Q_attn,
    c_copy,
    c_ring,
    c_VAE,
    e_link,
    link,
    n_attn,
    n_C,
    n_dec,
    n_gpu,
    n_R,
    n_U,
    pad_dense,
    pad_elem,
    phi_move,
    phi_wait,
    several,
    t_ring,
    t_wrap,
)
from ditcarbon_sym.estimation.several import work
from ditcarbon_sym.numerics.functions import compiled

from . import operator_law as one
from .runs import B200, H100, HEADS

RUNS = Path(__file__).parent / "measurements" / "parallel_runs.csv"
GPUS = (H100, B200)
TARGETS = ("time", "energy")
Free_ = Mapping[Symbol, Free]
TIME: Free_ = {
    t_wrap: Free(2e-5, 1e-9, 1e-2, spread=1.5), t_ring: Free(1e-4, 1e-9, 1e-1, spread=1.5),
    e_link: Free(0.5, 1e-3, 2.0, spread=1.0), c_copy: Free(1.0, 1e-3, 100.0, spread=1.5),
    c_ring: Free(3.0, 1e-3, 100.0, spread=1.5), c_VAE: Free(1.0, 1e-3, 50.0, spread=1.5),
}  # fmt: skip
"""What is expected, and how surely (standard deviations of logarithms): to within a factor of three to five."""
ENERGY: Free_ = {phi_wait: Free(0.3, 1e-3, 1.0, spread=0.7), phi_move: Free(0.6, 1e-3, 1.5, spread=0.7)}
ROW, MODEL = 0.06, 0.10
"""Scatter of a row about its model's mean, and of models, in logarithms: as the residuals have it."""
WORK = (Q_attn, n_attn, pad_dense, pad_elem, n_dec)
LEFT_OUT: Mapping[str, Mapping[Symbol, float]] = {
    "all": {}, "decoding as on one": {c_VAE: 0.0}, "no copies": {c_copy: 0.0}, "no merges": {c_ring: 0.0},
}  # fmt: skip
"""The candidates: all terms, or one of them left out. The choice is made anew without each model."""


@dataclass(frozen=True)
class Run:
    """One measured run, with its work and its split."""

    model: str
    gpu: str
    values: Mapping[Symbol, float]
    time: float
    energy: float
    """Seconds, and kWh, of the batch."""

    @property
    def gpus(self) -> int:
        """Accelerators that share it."""
        return int(self.values[n_gpu])

    @property
    def split(self) -> tuple[int, int]:
        """Degrees of Ulysses and of ring attention."""
        return int(self.values[n_U]), int(self.values[n_R])


def values_of_split(
    model: str, gpu: Gpu, request: Mapping[str, float], degrees: tuple[int, int, int]
) -> dict[Symbol, float]:
    """All symbols of the law at a request and a split into degrees of Ulysses, ring and guidance."""
    chosen = load().model(model)
    values = values_of_run(chosen, request, gpu.values, HEADS.get(gpu.id, 1))
    ulysses, ring, guidance = degrees
    gpus = ulysses * ring * guidance
    found = compiled(WORK, tuple((x.lhs, x.rhs) for x in work.equations(chosen, values, ulysses * ring, gpus)))(values)
    return {
        P_idle: 0.0, **values, **dict(zip(WORK, map(float, found), strict=True)), link: gpu.link_byte_per_second or 0.0,
        n_U: float(ulysses), n_R: float(ring), n_C: float(guidance), n_gpu: float(gpus), several: float(gpus > 1),
    }  # fmt: skip


@lru_cache(maxsize=1)
def runs() -> tuple[Run, ...]:
    """All runs, those of one accelerator among them."""
    found = []
    for row in read_records(RUNS):
        request = {key: int(row[key]) for key in ("height", "width", "frames", "batch", "steps")}
        values = values_of_split(row["model"], load().gpu(row["gpu"]), request, (int(row["ulysses"]), int(row["ring"]), 1))
        kwh = float(row["joule_per_output"]) * request["batch"] / float(JOULE_PER_KWH)
        found.append(Run(row["model"], row["gpu"], values, float(row["latency_s"]), kwh))
    return tuple(found)


@lru_cache(maxsize=32)
def of_one(gpu: str, without: str = "") -> Mapping[Symbol, float]:
    """The constants of the law of one accelerator: as shipped, or refitted without a model."""
    if not without:
        shipped = shipped_calibration(gpu, operator_law.LAW)
        assert shipped is not None
        return shipped.values
    times, energies = one.held_out(gpu)
    return {**operator_law.ASSUMED, **times[without][0].values, **energies[without][0].values}


def data(target: str, chosen: Sequence[Run], without: str = "", fitted: Mapping[Symbol, float] | None = None) -> Data:
    """Runs as columns, with the constants of the law of one accelerator and those ``fitted`` so far; each model counts
    as much as another.
    """
    rows = [{**x.values, **of_one(x.gpu, without), **(fitted or {})} for x in chosen]
    many = {name: sum(x.model == name for x in chosen) for name in {x.model for x in chosen}}
    weights = np.array([len(chosen) / len(many) / many[x.model] for x in chosen])
    observed = np.array([getattr(x, target) for x in chosen])
    groups = tuple(f"{x.model} {x.gpu}" for x in chosen)
    return Data(columns(rows), observed, groups, weights, MODEL / ROW, ROW)


@dataclass(frozen=True)
class Law:
    """The fitted law: what is fitted of time and of energy, and which terms are left out."""

    time: Fit
    energy: Fit
    left_out: Mapping[Symbol, float]

    @property
    def values(self) -> dict[Symbol, float]:
        """All constants."""
        return {**self.left_out, **self.time.values, **self.energy.values}

    def predict(self, target: str, chosen: Sequence[Run], without: str = "") -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Seconds or kWh of runs."""
        equation = parallel.runtime if target == "time" else parallel.energy
        rows = data(target, chosen, without, self.values)
        return np.broadcast_to(equation(rows.inputs), rows.observed.shape)


def fitted(chosen: Sequence[Run], left_out: Mapping[Symbol, float], without: str = "") -> Law:
    """Fit the law to runs, the law of one accelerator given."""
    time = fit(_at(parallel.runtime, left_out), data("time", chosen, without), TIME, "log")
    rows = data("energy", chosen, without, {**left_out, **time.values})
    return Law(time, fit(parallel.energy, rows, ENERGY, "log"), left_out)


def _at(equation: Equation, numbers: Mapping[Symbol, float]) -> Equation:
    return equation.at(numbers) if numbers else equation
