"""The answer to a training: FLOP, time, energy and carbon, with intervals, and its share of each output."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from ...display import Shown
from ...equations import pipeline
from ...equations.notation import (
    NOTATION,
    PUE,
    C_emb,
    C_host,
    C_op,
    C_total,
    E,
    E_host,
    F_total,
    H,
    Notation,
    P,
    W,
    ell,
    m,
    mu,
    n_frames,
    tau,
)
from ...equations.training.symbols import (
    B_step,
    F_again,
    F_bwd,
    F_frozen,
    F_fwd,
    F_step,
    M_state,
    Q_act,
    Q_grad,
    Q_opt,
    c_train,
    cached,
    cached_text,
    ema,
    n_D,
    n_step,
    n_T,
    n_train,
    r_again,
    shards,
    tau_frozen,
    tau_host,
    tau_late,
    tau_opt,
    tau_reduce,
    tau_step,
    tau_tensor,
    tau_work,
)
from ..estimator import estimate_at
from ..footprint.around import with_host
from ..footprint.basis import basis
from ..footprint.boundaries import WITH_HOST
from ..intervals import predictive
from ..memory import GIB
from ..point import OperatingPoint, operating_point
from ..service import Quantity, plain
from ..spread.quantiles import LEVEL
from . import asked as wishes
from .route import ONE_SAMPLE, law, trained

OUTPUTS = Notation(P, "n", "outputs over which a training is spread", "1", "outputs", 1, 1e15, False, "outputs")
FLOPS = {
    "forward": F_fwd,
    "backward": F_bwd,
    "recomputed": F_again,
    "frozen": F_frozen,
    "step": F_step,
    "total": F_total,
}
SECONDS = {
    "work": tau_work, "launches": tau_host, "frozen": tau_frozen, "optimiser": tau_opt, "reduction": tau_reduce,
    "late": tau_late, "tensor": tau_tensor,
}  # fmt: skip
BYTES = {"states": Q_opt, "gradients": Q_grad, "activations": Q_act}
SETTING = {
    "steps": n_step, "batch": B_step, "gpus": n_train, "tensor": n_T, "recompute": r_again, "ema": ema,
    "cached_latents": cached, "cached_text": cached_text, "sharded": shards,
}  # fmt: skip
REFUSED = ("guidance", "mu", "efficiency", "split", "attention", "cache", "guidance_steps", "offload", "preset")
"""Options of a request that say nothing of a training."""
FACILITY, HOST = "facility", (E_host, C_host)


@dataclass(frozen=True)
class Training(Shown):
    """What a training takes, on all its accelerators together; seconds are those of the clock on the wall.

    ``flops``: of one sample but for ``step`` and ``total``. ``step_parts_s`` and ``step_bytes`` are of each accelerator
    in one step. ``break_even_outputs``: after so many outputs, generating them has emitted as much as the training.
    """

    model: str
    gpu: str
    datacenter: str
    request: Mapping[str, int]
    setting: Mapping[str, float]
    tokens: Mapping[str, int]
    parameters: float
    flops: Mapping[str, float]
    efficiency: Quantity
    step_s: Quantity
    step_parts_s: Mapping[str, float]
    step_bytes: Mapping[str, float]
    time_s: Quantity
    gpu_hours: Quantity
    energy_kwh: Quantity
    facility_energy_kwh: Quantity
    host_energy_kwh: Quantity
    host_g: Quantity
    operational_g: Quantity
    embodied_g: Quantity
    total_g: Quantity
    states_gib: float
    inference_g: Quantity
    break_even_outputs: float | None
    per_output: Mapping[str, Any] | None
    basis: Mapping[str, Any]
    warnings: tuple[str, ...]
    interval_level: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON: numbers unrounded, unknown ones None."""
        return {"schema_version": 1, **plain(vars(self)), "warnings": list(self.warnings)}


def train(model: str | None = None, *, outputs: float | None = None, **options: Any) -> Training:
    """Estimate what a training takes: FLOP, time, energy and carbon, and what of that falls on each output.

    Parameters
    ----------
    model
        Catalogue id; or give ``config``.
    outputs
        Outputs that are generated with the trained network over its life: the training is spread over them.
    **options
        How it is trained (``steps``, ``batch``, ``gpus``, ``tensor``, ``recompute``, ``ema``, ``cached_latents``,
        ``cached_text``, ``sharded``, ``network_gbit``, ``gradient_bytes``, ``software``, ``precision``: see
        `asked.Schedule`), on samples of which size (``resolution``, or ``height`` and ``width``; ``frames``,
        ``text_tokens``), and on what and where (``gpu``, ``datacenter``, ``pue`` with ``grid``, ``boundary``,
        ``method``, ``lifetime_years``, ``utilisation``, ``calibration``, ``embodied_boundary``, ``catalog``).

    Raises `InputError` in one line for anything that has no valid answer.

    >>> found = train("dit-xl-2-256", steps=400_000, batch=256, gpu="a100-sxm-80gb", gpus=8, cached_latents=True)
    >>> print(f"{found.flops['backward'] / found.flops['forward']:.2f} times the FLOP backward")
    2.02 times the FLOP backward
    >>> isinstance(found, Training) and found.gpu_hours.low < found.gpu_hours.value < found.gpu_hours.high
    True
    """
    from ...errors import InputError

    wrong = [x for x in REFUSED if options.get(x) is not None]
    if wrong:
        raise InputError(f"{wrong[0]} is of a request, not of a training; leave it out")
    if options.get("boundary") == FACILITY:
        raise InputError(
            f"boundary = {FACILITY!r} counts hours between requests, which a training has not; take 'server'"
        )
    schedule = {x: options.pop(x) for x in wishes.Schedule.__annotations__ if x in options}
    one = _one_sample(model, {**options, **wishes.ways(schedule), **ONE_SAMPLE})
    numbers, assumed = wishes.schedule(schedule, one.model, one.device)
    point, notes = trained(one, numbers)
    host = HOST if point.boundary.name in WITH_HOST else ()
    computed = (P, ell, mu, tau, E, C_op, C_emb, C_total, n_D, M_state, tau_step, *FLOPS.values(), *SECONDS.values(),
                *BYTES.values(), *host)  # fmt: skip
    values = {x: float(v) for x, v in pipeline.evaluate(point.values, computed, point.route).items()}
    uncertain = (mu, tau, tau_step, E, C_op, C_emb, C_total, *host)
    spread = predictive(point, uncertain)

    def quantity(symbol: Symbol) -> Quantity:
        value = values.get(symbol, math.nan)
        return Quantity(None) if math.isnan(value) else Quantity(value, *spread.get(symbol, (None, None)))

    generated = estimate_at(operating_point(model, **options)).per_output_g
    states = values[M_state] / GIB
    gpus = numbers[n_train]
    found = basis(point)
    return Training(
        model=point.model.id, gpu=point.device.id, datacenter=point.facility.id,
        request={NOTATION[x].field: int(point.values[x]) for x in (H, W, n_frames, m)},
        setting={**{name: numbers[x] for name, x in SETTING.items()}, "data_parallel": values[n_D]},
        tokens={"latent": int(values[ell]), "text": int(point.values[m])},
        parameters=values[P],
        flops={name: values[x] for name, x in FLOPS.items()},
        efficiency=quantity(mu), step_s=quantity(tau_step),
        step_parts_s={name: values[x] for name, x in SECONDS.items()},
        step_bytes={name: values[x] for name, x in BYTES.items()},
        time_s=quantity(tau), gpu_hours=quantity(tau).times(gpus / 3600.0),
        energy_kwh=quantity(E), facility_energy_kwh=with_host(quantity(E), quantity(E_host)).times(point.values[PUE]),
        host_energy_kwh=quantity(E_host), host_g=quantity(C_host),
        operational_g=quantity(C_op), embodied_g=quantity(C_emb), total_g=quantity(C_total), states_gib=states,
        inference_g=generated, break_even_outputs=_ratio(quantity(C_total).value, generated.value),
        per_output=_spread_over(outputs, quantity(C_total), generated),
        basis={**found, "training": {**law(), "c_train": point.values[c_train]}},
        warnings=(*point.notes, *notes, *assumed, *_memory(states, point.device.memory_gb, point.device.id)),
        interval_level=LEVEL if spread else None,
    )  # fmt: skip


def _one_sample(model: str | None, options: dict[str, Any]) -> OperatingPoint:
    """The operating point of one pass of one sample; a training has no hours between requests."""
    found = operating_point(model, **options)
    return found if found.boundary.name != FACILITY else operating_point(model, **{**options, "boundary": "server"})


def _ratio(training: float | None, output: float | None) -> float | None:
    return None if training is None or not output else training / output


def _spread_over(outputs: float | None, training: Quantity, output: Quantity) -> dict[str, Any] | None:
    """The carbon of one output with its share of the training; the two errors are taken to move together."""
    if outputs is None:
        return None
    share = training.times(1.0 / OUTPUTS.check(outputs))
    ends = zip(vars(share).values(), vars(output).values(), strict=True)
    both = Quantity(*(None if x is None or y is None else x + y for x, y in ends))
    return {"outputs": outputs, "training_g": share, "inference_g": output, "total_g": both}


def _memory(states: float, memory: float | None, device: str) -> tuple[str, ...]:
    """Say where the states alone do not fit; activations, which depend on recomputation, come on top."""
    if memory is None or states <= memory:
        return ()
    return (
        f"weights, gradients and states take {states:.0f} GiB on each accelerator and {device} has {memory:g}: shard "
        "them (sharded), or split products (tensor)",
    )
