"""The measured runs that the operator law is fitted to, each with its work.

The V100's are the paper's corpus: the efficiency of the denoiser, all sizes. The others are published runs of whole
requests, in seconds and joules.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from sympy import Symbol

from ditcarbon_sym.calibration.data import Data, columns, values_of_run
from ditcarbon_sym.calibration.measurements import read_records
from ditcarbon_sym.catalog.entries import Gpu
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations import pipeline
from ditcarbon_sym.equations.notation import F_VAE, JOULE_PER_KWH, F_denoiser, F_text, F_total, P_idle, t_exp

from . import corpus

PUBLISHED = Path(__file__).parent / "measurements" / "published.csv"
UNSEEN = PUBLISHED.with_name("unseen.csv")
V100, H100, B200 = "v100-pcie-16gb", "h100-sxm-80gb", "b200-sxm"
FAMILIES = {"dit-xl-2-256": "DiT", "dit-xl-2-512": "DiT", "pixart-alpha": "PixArt", "pixart-sigma": "PixArt"}
"""Models that are one network, or nearly one. They are held out together."""
HEADS = 32
"""Multiple that the width of a head is padded to: the V100's tensor-core kernels and FlashAttention 2 take 72 as 96."""
REQUEST = ("height", "width", "frames", "batch", "steps", "text_tokens")


@dataclass(frozen=True)
class Run:
    """One measured run, with its work."""

    model: str
    values: Mapping[Symbol, float]
    measured: Mapping[str, float]
    source: str = ""


def _values(model: str, request: Mapping[str, float], device: Gpu, heads: int) -> dict[Symbol, float]:
    return values_of_run(load().model(model), request, device.values, heads)


@lru_cache(maxsize=1)
def v100_runs() -> tuple[Run, ...]:
    """The paper's corpus: the denoiser alone, its efficiency on leading-order FLOP as in the paper."""
    device, found = load().gpu(V100), []
    for row in corpus.rows():
        values = _values(row.model, row.request, device, HEADS)
        order = pipeline.evaluate(values, (F_denoiser,))[F_denoiser]
        alone = {F_text: 0.0, F_VAE: 0.0, t_exp: 0.0, F_total: float(order)}
        flags = {"printed": float(corpus.is_printed(row)), "production": float(corpus.is_production(row))}
        found.append(Run(row.model, {**values, **alone}, {"mu": row.measured["mu"], **flags}))
    return tuple(found)


@lru_cache(maxsize=2)
def published(path: Path = PUBLISHED) -> tuple[dict[str, str], ...]:
    """The rows of the published runs, as text; of `UNSEEN` those that are scored and never fitted."""
    return tuple(read_records(path))


@lru_cache(maxsize=32)
def published_runs(gpu: str, path: Path = PUBLISHED) -> tuple[Run, ...]:
    """Published runs on one accelerator: seconds of the batch, kWh of the batch."""
    device, found = load().gpu(gpu), []
    for row in published(path):
        if row["gpu"] != gpu:
            continue
        request = {key: int(row[key]) for key in REQUEST if row.get(key)}
        measured = {"time": float(row["time_s"])}
        if row["energy_j_per_output"]:
            measured["energy"] = float(row["energy_j_per_output"]) * request["batch"] / float(JOULE_PER_KWH)
        values = {P_idle: 0.0, **_values(row["model"], request, device, HEADS)}
        found.append(Run(row["model"], values, measured, row["source"]))
    return tuple(found)


def data(runs: Sequence[Run], target: str, families: bool = False) -> Data:
    """Runs that have this measurement, as columns; the groups are models, or families."""
    kept = [run for run in runs if target in run.measured]
    groups = tuple(FAMILIES.get(run.model, run.model) if families else run.model for run in kept)
    return Data(columns([run.values for run in kept]), np.array([run.measured[target] for run in kept]), groups)


def provenance(path: Path, rows: str, source: str) -> dict[str, str]:
    """Where the measurements come from, as a calibration file says it."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"file": f"fits/measurements/{path.name}", "rows": rows, "sha256": digest, "source": source}
