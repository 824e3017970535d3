"""The counting behind `fits.pixart_flops`: real diffusers classes on the meta device. Needs the extra ``verify``.

Nothing is computed and no weights exist: on the meta device tensors have shapes only. One multiply-add is two FLOP.

operators  our own: a TorchFunctionMode sees each matrix product, convolution and attention as it is called, before
           torch takes it apart, and reads its shapes; hooks tell which module made the call.
torch      ``FlopCounterMode``. On meta it sees attention as the two products it consists of. With real tensors on a
           CPU, torch picks a fused kernel and the scores vanish from its count, so this must stay on meta.
fvcore     ``FlopCountAnalysis`` of one block; it counts multiply-adds, so its figures are doubled. Its tracing
           refuses the patch convolution on meta, so it is not asked about the whole model.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from importlib.metadata import version
from math import prod
from typing import Any

import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0
from fvcore.nn import FlopCountAnalysis
from torch.nn import Module, functional as F
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from . import torch_models

PROCESSORS = {"sdpa": AttnProcessor2_0, "eager": AttnProcessor}
ByOperator = dict[str, int]
Counts = dict[str, ByOperator]
"""FLOP by operator, by scope: 'block' is one transformer block, 'model' the whole denoiser."""


def versions() -> str:
    """The libraries that counted, without their builds.

    For example 'diffusers 0.42.1, fvcore 0.1.5.post20221221, torch 2.13.0'.
    """
    return ", ".join(f"{name} {version(name).split('+')[0]}" for name in ("diffusers", "fvcore", "torch"))


def count(resolution: int, text_tokens: int, attention: str) -> dict[str, Counts]:
    """One forward pass at batch 1 with a text mask, as each counter sees it."""
    net = pixart(resolution // 8)
    net.set_attn_processor(PROCESSORS[attention]())
    with torch.no_grad(), torch.device("meta"):
        return {
            "operators": by_operators(net, text_tokens),
            "torch": by_torch(net, text_tokens),
            "fvcore": {"block": by_fvcore(net, text_tokens)},
        }


@lru_cache(maxsize=1)
def pixart(sample_size: int) -> Any:
    return torch_models.on_meta("PixArtTransformer2DModel", {**torch_models.PIXART, "sample_size": sample_size})


def forward(net: Any, text_tokens: int) -> None:
    side, channels = net.config.sample_size, net.config.in_channels
    net(
        torch.empty(1, channels, side, side),
        encoder_hidden_states=torch.empty(1, text_tokens, net.config.caption_channels),
        encoder_attention_mask=torch.empty(1, text_tokens),
        timestep=torch.empty(1, dtype=torch.long),
        added_cond_kwargs={"resolution": None, "aspect_ratio": None},
    )


# Counter 1: operators. What a call costs, from its arguments and its result.


def _linear(arguments: tuple[Any, ...], out: Any) -> int:
    return 2 * int(out.numel()) * int(arguments[0].shape[-1])


def _add_product(arguments: tuple[Any, ...], out: Any) -> int:
    return 2 * int(out.numel()) * int(arguments[1].shape[-1])


def _convolution(arguments: tuple[Any, ...], out: Any) -> int:
    return 2 * int(out.numel()) * int(prod(arguments[1].shape[1:]))


def _attention(arguments: tuple[Any, ...], out: Any) -> int:
    query, key = arguments[:2]
    return 2 * int(prod(query.shape[:-1])) * int(key.shape[-2]) * int(query.shape[-1] + out.shape[-1])


def _einsum(arguments: tuple[Any, ...], out: Any) -> int:
    operands = arguments[1] if isinstance(arguments[1], list | tuple) else arguments[1:]
    if len(operands) > 1:
        raise ValueError(f"einsum {arguments[0]!r}: no count for {len(operands)} operands; expected one, a permutation")
    return 0


FORMULAS: Mapping[Callable[..., Any], Callable[[tuple[Any, ...], Any], int]] = {
    F.linear: _linear,
    F.conv2d: _convolution,
    torch.bmm: _linear,
    torch.mm: _linear,
    torch.matmul: _linear,
    torch.Tensor.bmm: _linear,
    torch.Tensor.mm: _linear,
    torch.Tensor.matmul: _linear,
    torch.Tensor.__matmul__: _linear,
    torch.addmm: _add_product,
    torch.baddbmm: _add_product,
    F.scaled_dot_product_attention: _attention,
    torch.einsum: _einsum,
}


class CallCounter(TorchFunctionMode):  # type: ignore[misc, unused-ignore]
    """Adds up FLOP by the innermost module at work when the call is made."""

    def __init__(self) -> None:
        super().__init__()
        self.by_module: Counter[str] = Counter()
        self.stack: list[str] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func in FORMULAS:
            self.by_module[self.stack[-1]] += FORMULAS[func](args, out)
        return out

    def _enter(self, name: str, module: Module, arguments: Any) -> None:
        self.stack.append(name)

    def _leave(self, module: Module, arguments: Any, out: Any) -> None:
        self.stack.pop()

    @contextmanager
    def watching(self, root: Module) -> Iterator[None]:
        handles = []
        for name, module in root.named_modules():
            handles.append(module.register_forward_pre_hook(partial(self._enter, name)))
            handles.append(module.register_forward_hook(self._leave))
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()


def by_operators(net: Any, text_tokens: int) -> Counts:
    counter = CallCounter()
    with counter.watching(net):
        forward(net, text_tokens)
    block, *others = (terms(counter.by_module, f"transformer_blocks.{i}.") for i in range(net.config.num_layers))
    if any(other != block for other in others):
        raise AssertionError("the blocks differ")
    return {"block": block, "model": terms(counter.by_module)}


def terms(by_module: Mapping[str, int], prefix: str = "") -> ByOperator:
    found: Counter[str] = Counter()
    for module, flop in by_module.items():
        if module.startswith(prefix) and flop:
            found[term(module)] += flop
    return dict(found)


def term(module: str) -> str:
    """Which term of the paper's Table 2 a module's calls belong to; outside the blocks, the part of the model.

    The attention module itself makes the scores, its children make the projections.
    """
    part, *below = module.split(".")
    if part != "transformer_blocks":
        return part
    if below[1] == "ff":
        return "mlp"
    return {"attn1": "self", "attn2": "cross"}[below[1]] + ("_proj" if len(below) > 2 else "_scores")


# Counters 2 and 3


def by_torch(net: Any, text_tokens: int) -> Counts:
    with FlopCounterMode(display=False) as counter:
        forward(net, text_tokens)
    found = counter.get_flop_counts()
    return {
        "block": as_counts(found[f"{type(net).__name__}.transformer_blocks.0"]),
        "model": as_counts(found["Global"]),
    }


class Positional(Module):  # type: ignore[misc, unused-ignore]
    """A PixArt block behind positional arguments, as tracing wants them."""

    def __init__(self, block: Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, latent: Any, text: Any, mask: Any, modulation: Any) -> Any:
        return self.block(latent, None, text, mask, modulation)


def by_fvcore(net: Any, text_tokens: int) -> ByOperator:
    tokens, width = (net.config.sample_size // net.config.patch_size) ** 2, net.inner_dim
    inputs = (
        torch.empty(1, tokens, width),
        torch.empty(1, text_tokens, width),
        torch.empty(1, 1, text_tokens),
        torch.empty(1, 6 * width),
    )
    analysis = FlopCountAnalysis(Positional(net.transformer_blocks[0]), inputs)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    return as_counts(analysis.by_operator(), 2)


def as_counts(found: Mapping[Any, float], scale: int = 1) -> ByOperator:
    return {str(operator): scale * int(flop) for operator, flop in found.items()}
