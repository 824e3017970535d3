"""What ControlNets share: the blocks of a denoiser without its output, and a matrix for the rows of each block."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ...equations.notation import ell
from ..network import Denoiser, Network
from ..operators import Operator, Size, dense, repeated, residual

D = TypeVar("D", bound=Denoiser)


@dataclass(frozen=True, kw_only=True)
class OfFluxSize(Network):
    """A ControlNet as wide as FLUX.1, whose sizes Qwen-Image has, too."""

    num_layers: int
    in_channels: int = 64
    num_attention_heads: int = 24
    attention_head_dim: int = 128

    passed_over = frozenset({"axes_dims_rope"})


def denoiser_of(control: Network, kind: type[D], **others: Any) -> D:
    """The denoiser of this kind whose blocks a ControlNet has: the fields of the same name are the same."""
    known: Any = kind
    names = {x.name for x in fields(known)} & {x.name for x in fields(control)}  # type: ignore[arg-type]
    return kind(**{name: getattr(control, name) for name in names} | others)


def without_output(operators: Iterable[Operator]) -> list[Operator]:
    """The operators of a denoiser but those that make its output; its blocks may hold some of the same name."""
    outside = ("norm_out", "proj_out", "scale_shift_table")
    return [x for x in operators if x.block or not x.name.startswith(outside)]


def handed_over(width: Size, blocks: int) -> list[Operator]:
    """The rows of each block through a matrix of its own, and added to those of the denoiser."""
    one = [dense("controlnet_blocks", ell, width, width), residual("controlnet_blocks.add", ell, width)]
    return repeated("", blocks, one)
