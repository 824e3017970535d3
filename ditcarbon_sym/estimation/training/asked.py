"""How a network is trained: what may be asked, checked, as numbers of the equations."""

from collections.abc import Mapping
from typing import Any, TypedDict

from sympy import Symbol

from ...catalog.entries import Gpu, Model
from ...equations.notation import NOTATION
from ...equations.parallel.symbols import link
from ...equations.training.symbols import (
    B_step,
    b_grad,
    cached,
    cached_text,
    ema,
    k_back,
    n_step,
    n_T,
    n_train,
    r_again,
    reduction,
    shards,
)
from ...errors import InputError, short
from ..request import checked
from ..several.route import NODE, PCIE
from ..several.split import heads_of

NETWORK = 25e9
"""B/s each way from a node to others, for each accelerator, where it is not given (assumed: 200 Gbit/s InfiniBand to
each, nvidia2020dgxa100)."""
BACKWARD_TRAFFIC = 2.0
"""Assumed. A map of one tensor reads and writes two in the forward pass and, in the backward pass, reads the gradient
and what was saved and writes a gradient: one and a half times as many. Where a tensor is used twice its gradients are
added, which is a further pass."""
GRADIENT_BYTE = 4.0
"""Gradients of 32-bit master weights, as mixed precision by autocast has them (assumed)."""
SOFTWARE, FORMATS = ("eager", "compile"), ("bf16", "fp8", "nvfp4")
"""Ways of running that a backward pass has too."""
FLAGS: Mapping[str, Symbol] = {"ema": ema, "cached_latents": cached, "cached_text": cached_text, "sharded": shards}
NUMBERS: Mapping[str, tuple[Symbol, float]] = {
    "steps": (n_step, 0.0), "batch": (B_step, 0.0), "gpus": (n_train, 1.0), "tensor": (n_T, 1.0),
    "recompute": (r_again, 0.0), "gradient_bytes": (b_grad, GRADIENT_BYTE),
}  # fmt: skip


class Schedule(TypedDict, total=False):
    """How a network is trained. ``steps`` and ``batch`` (samples of a step, on all accelerators) must be given.

    ``gpus``: accelerators; ``tensor``: how many of them split each product; ``recompute``: the part of the forward pass
    that is computed again to save memory; ``ema``: a moving average is kept; ``cached_latents``, ``cached_text``: the
    VAE's encoder, or the text encoders, ran before; ``sharded``: the optimiser's states are split (ZeRO);
    ``network_gbit``: Gbit/s from a node to others, for each accelerator; ``gradient_bytes``: of each gradient, 4 if not
    given; ``software`` ("eager" or "compile") and ``precision`` of products ("bf16", "fp8", "nvfp4").

    >>> wish: Schedule = {"steps": 1000, "batch": 256, "gpus": 8}
    """

    steps: float
    batch: float
    gpus: float | None
    tensor: float | None
    recompute: float | None
    ema: bool | None
    cached_latents: bool | None
    cached_text: bool | None
    sharded: bool | None
    network_gbit: float | None
    gradient_bytes: float | None
    software: str | None
    precision: str | None


def ways(asked: Mapping[str, Any]) -> dict[str, str]:
    """Return the software and the format asked for; raises `InputError` for one that no training has.

    >>> ways({"software": "compile", "precision": None})
    {'software': 'compile'}
    """
    found = {}
    for name, known in (("software", SOFTWARE), ("precision", FORMATS)):
        given = asked.get(name)
        if given is not None and given not in known:
            raise InputError(f"{name} = {given!r} is not one of a training; expected {', '.join(known)}")
        if given is not None:
            found[name] = given
    narrow = found.get("precision", FORMATS[0]) != FORMATS[0]
    if narrow and found.get("software") != "compile":
        raise InputError(
            f"precision = {found['precision']!r} is known of compiled trainings; give software = 'compile'"
        )
    return found


def schedule(asked: Mapping[str, Any], model: Model, device: Gpu) -> tuple[dict[Symbol, float], tuple[str, ...]]:
    """Return a schedule as numbers, and what of it is assumed; raises `InputError` for one that cannot be.

    >>> from ...catalog.loading import load
    >>> found, _ = schedule({"steps": 10, "batch": 64, "gpus": 8}, load().model("dit-xl-2-256"), load().gpu("h100"))
    >>> found[n_train], found[n_T], found[ema]
    (8.0, 1.0, 0.0)
    """
    numbers: dict[Symbol, float] = {}
    for name, (symbol, default) in NUMBERS.items():
        given = asked.get(name)
        if given is None and not default and name in ("steps", "batch"):
            raise InputError(
                f"{name} is missing; a training has steps and a batch, such as steps = 400000, batch = 256"
            )
        numbers[symbol] = checked(name, default if given is None else given, NOTATION[symbol])
    numbers |= {symbol: float(bool(asked.get(name))) for name, symbol in FLAGS.items()}
    gpus, degree, batch = numbers[n_train], numbers[n_T], numbers[B_step]
    if gpus % degree:
        raise InputError(f"tensor = {degree:g} does not divide gpus = {gpus:g}")
    heads = heads_of(model)
    if heads is not None and heads % degree:
        raise InputError(f"tensor = {degree:g} does not divide the {heads} heads of {model.id}")
    if batch < gpus / degree:
        raise InputError(f"batch = {batch:g} is less than the {gpus / degree:g} accelerators that share it")
    rate, notes = _rates(gpus, degree, asked.get("network_gbit"), device)
    return {**numbers, **rate, k_back: BACKWARD_TRAFFIC}, notes


def _rates(
    gpus: float, degree: float, network_gbit: float | None, device: Gpu
) -> tuple[dict[Symbol, float], tuple[str, ...]]:
    """Rates within a node and of the reduction over all accelerators, and which of them are assumed.

    Over several nodes a ring goes through all network cards of a node side by side.
    """
    notes = []
    within, node = device.link_byte_per_second or PCIE, device.node_gpus or NODE
    if gpus > 1 and device.link_byte_per_second is None:
        notes.append(f"the link of {device.id} is unknown: {PCIE / 1e9:g} GB/s each way is assumed (PCIe 3.0)")
    if degree > node:
        raise InputError(f"tensor = {degree:g} is more than the {node} accelerators to a node")
    if network_gbit is not None and not 1 <= network_gbit <= 1e5:
        raise InputError(f"network_gbit = {short(network_gbit)} is outside 1..100000 (Gbit/s for each accelerator)")
    rate = within
    if gpus > node:
        between = NETWORK if network_gbit is None else network_gbit * 1e9 / 8
        rate = min(within, node * between)
        if network_gbit is None:
            notes.append(f"assumed: {8 * NETWORK / 1e9:g} Gbit/s from a node to others, for each accelerator")
    return {link: within, reduction: rate}, tuple(notes)
