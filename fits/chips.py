"""The published runs by accelerator and by chip, so that several accelerators can share one law.

Accelerators that carry the same chip are held out together. What is held out is said by pairs: ("model", "flux.1-dev"),
("team", "xdit"), ("chip", "GH100").
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from ditcarbon_sym.calibration.data import Data, columns
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.equations.notation import F_total, Theta_peak, t_exp

from .runs import B200, H100, V100, Run, published, published_runs, v100_runs

FIRST_MODERN = 8.0
"""Compute capability from which accelerators have bfloat16 and fused attention kernels."""
A100 = "a100"
ONE = {"a100-sxm-40gb": A100, "a100-sxm-80gb": A100}
"""Accelerators that count as one: their memories differ, and their runs are of different models."""
CHIPS = {
    A100: "GA100", H100: "GH100", "h20": "GH100", "h200-sxm-141gb": "GH100", B200: "GB100", "l20": "AD102",
    "l40s": "AD102", "rtx-4090": "AD102", "t4": "TU104", V100: "GV100", "v100-sxm2-32gb": "GV100",
}  # fmt: skip
"""The chip of each accelerator. `data/gpus` has the sources, beside the areas of the dies; that of the H20 is reported,
NVIDIA does not print it."""
Out = tuple[tuple[str, str], ...]
"""What is held out: pairs of a kind and a name."""


def capability(gpu: str) -> float:
    """The compute capability of an accelerator of the catalogue."""
    found = load().gpu(gpu).compute_capability
    assert found is not None, gpu
    return found


@lru_cache(maxsize=1)
def accelerators() -> tuple[str, ...]:
    """Every accelerator of the published runs, and the V100 of the paper's corpus."""
    return tuple(dict.fromkeys([*(row["gpu"] for row in published()), V100]))


@lru_cache(maxsize=32)
def runs_on(gpu: str) -> tuple[Run, ...]:
    """The published runs of an accelerator; for the V100, the paper's corpus as seconds of the denoiser."""
    if gpu == V100:
        return tuple(
            Run(run.model, run.values, {"time": run.values[F_total] / (run.measured["mu"] * run.values[Theta_peak])})
            for run in v100_runs() if run.measured["printed"]
        )  # fmt: skip
    found = published_runs(gpu)
    if capability(gpu) >= FIRST_MODERN:
        return found
    return tuple(Run(run.model, {**run.values, t_exp: 0.0}, run.measured, run.source) for run in found)


def group(gpu: str, run: Run) -> str:
    """What shares an error: the runs of one model by one team on one accelerator."""
    return f"{gpu} {run.model} {run.source}"


def stays(gpu: str, run: Run, out: Out) -> bool:
    """Whether a run is none of those held out."""
    own = {"model": run.model, "team": run.source, "chip": CHIPS[ONE.get(gpu, gpu)]}
    return not any(own[kind] == name for kind, name in out)


def rows(gpus: Sequence[str], target: str, out: Out = ()) -> Data | None:
    """The runs of accelerators that have this measurement and are not held out; None if there are none."""
    kept = [(gpu, run) for gpu in gpus for run in runs_on(gpu) if target in run.measured and stays(gpu, run, out)]
    if not kept:
        return None
    observed = np.array([run.measured[target] for _, run in kept])
    return Data(columns([run.values for _, run in kept]), observed, tuple(group(gpu, run) for gpu, run in kept))


def pooled(gpus: Sequence[str], target: str) -> Data:
    """Runs of several accelerators, by chip; each accelerator and, on it, each model counts once."""
    runs = [(ONE.get(gpu, gpu), run) for gpu in gpus for run in runs_on(gpu) if target in run.measured]
    models: dict[str, list[str]] = {}
    for gpu, run in runs:
        models.setdefault(gpu, []).append(run.model)
    weights = [1 / (len(set(models[gpu])) * models[gpu].count(run.model)) for gpu, run in runs]
    observed, chips = np.array([run.measured[target] for _, run in runs]), tuple(CHIPS[gpu] for gpu, _ in runs)
    return Data(columns([run.values for _, run in runs]), observed, chips, np.array(weights))


def members(name: str) -> tuple[str, ...]:
    """The accelerators that count as this one."""
    return tuple(gpu for gpu in accelerators() if ONE.get(gpu, gpu) == name)


def each(gpus: Sequence[str], target: str) -> dict[str, Data]:
    """The rows of each accelerator."""
    return {name: pooled(members(name), target) for name in dict.fromkeys(ONE.get(gpu, gpu) for gpu in gpus)}


def modern() -> tuple[str, ...]:
    """Accelerators from Ampere on."""
    return tuple(gpu for gpu in accelerators() if capability(gpu) >= FIRST_MODERN)


def earlier() -> tuple[str, ...]:
    """Accelerators before Ampere."""
    return tuple(gpu for gpu in accelerators() if capability(gpu) < FIRST_MODERN)
