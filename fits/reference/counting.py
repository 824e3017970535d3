"""Counting a real network: parameters and FLOP by operator, on the meta device.

On meta, attention decomposes into its two products and torch's counter sees both; on a CPU a fused kernel is chosen
and the scores vanish from its count. One fused multiply-add is two FLOP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from ditcarbon_sym.measure import networks
from ditcarbon_sym.measure.inputs.tensors import made

KINDS = {
    "aten.mm": "dense", "aten.addmm": "dense", "aten.bmm": "product", "aten.baddbmm": "product",
    "aten.convolution": "convolution",
}  # fmt: skip


@dataclass(frozen=True)
class Counted:
    """What a real network has and does in one pass at batch 1."""

    parameters: int
    buffers: int
    flop: int
    dense: int
    product: int
    convolution: int


def build(configuration: Mapping[str, Any]) -> Any:
    """Make a diffusers network from its configuration, on the meta device."""
    with torch.device("meta"):
        return networks.build(configuration)


def on_meta(description: Any) -> Any:
    """Tensors without values for what a network is fed."""
    return made(description, "meta", torch.get_default_dtype())


def elements(tensors: Any) -> int:
    """Numbers in tensors, each tensor once."""
    return sum(int(tensor.numel()) for tensor in {id(tensor): tensor for tensor in tensors}.values())


def flop_of(work: Callable[[], Any]) -> dict[str, int]:
    """FLOP by kind of everything that happens in ``work``; raises on an operator without a kind."""
    with torch.no_grad(), torch.device("meta"), FlopCounterMode(display=False) as counter:
        work()
    found = dict.fromkeys(("dense", "product", "convolution"), 0)
    for operator, flop in counter.get_flop_counts()["Global"].items():
        found[KINDS[str(operator)]] += int(flop)
    return found


def count(net: Any, work: Callable[[], Any], parts: Any = None) -> Counted:
    """Count a network at ``work``; ``parts`` are the modules whose parameters count, by default all."""
    modules = [net] if parts is None else list(parts)
    by_kind = flop_of(work)
    return Counted(
        parameters=elements(tensor for module in modules for tensor in module.parameters()),
        buffers=elements(tensor for module in modules for tensor in module.buffers()),
        flop=sum(by_kind.values()),
        **by_kind,
    )
