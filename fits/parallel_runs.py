"""Measured runs on several accelerators, each with the work and the split that the law of them is evaluated at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sympy import Symbol

from ditcarbon_sym.calibration.data import values_of_run
from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.catalog.entries import Gpu
from ditcarbon_sym.catalog.loading import load, shipped_calibration
from ditcarbon_sym.equations import operator_law
from ditcarbon_sym.equations.equation import Equation
from ditcarbon_sym.equations.notation import JOULE_PER_KWH, P_idle, e_mem
from ditcarbon_sym.equations.parallel.symbols import (
    Q_attn,
    link,
    n_attn,
    n_C,
    n_gpu,
    n_R,
    n_U,
    n_vae,
    several,
)
from ditcarbon_sym.estimation.several import work
from ditcarbon_sym.numerics.functions import compiled

from . import operator_law as one
from .chips import ONE
from .runs import B200, H100, HEADS

RUNS = Path(__file__).parent / "measurements" / "parallel_runs.csv"
GPUS = (H100, B200)
WORK = (Q_attn, n_attn, *work.PADDED)


@dataclass(frozen=True, eq=False)
class Run:
    """One measured run, with its work and its split; it equals itself alone."""

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
    values = values_of_run(chosen, request, gpu.values, HEADS)
    ulysses, ring, guidance = degrees
    gpus = ulysses * ring * guidance
    found = compiled(WORK, tuple((x.lhs, x.rhs) for x in work.equations(chosen, values, ulysses * ring)))(values)
    return {
        P_idle: 0.0, **values, **dict(zip(WORK, map(float, found), strict=True)), link: gpu.link_byte_per_second or 0.0,
        n_U: float(ulysses), n_R: float(ring), n_C: float(guidance), n_gpu: float(gpus), n_vae: 1.0,
        several: float(gpus > 1),
    }  # fmt: skip


@lru_cache(maxsize=1)
def runs() -> tuple[Run, ...]:
    """All runs, those of one accelerator among them."""
    found = []
    for row in read_records(RUNS):
        request = {key: int(row[key]) for key in ("height", "width", "frames", "batch", "steps")}
        values = values_of_split(
            row["model"], load().gpu(row["gpu"]), request, (int(row["ulysses"]), int(row["ring"]), 1)
        )
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
    values = one.laws(ONE.get(gpu, gpu), (("model", without),))["energy"].values
    rule = Equation("", e_mem, operator_law.TRANSFER[e_mem])
    return {**operator_law.ASSUMED, **values, e_mem: float(rule({**load().gpu(gpu).values, **values}))}


def models() -> tuple[str, ...]:
    """The models with runs."""
    return tuple(dict.fromkeys(x.model for x in runs()))


def split_over(chosen: Sequence[Run]) -> tuple[Run, ...]:
    """Those of several accelerators."""
    return tuple(x for x in chosen if x.gpus > 1)
