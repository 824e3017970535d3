"""HunyuanVideo-1.5 and FramePack: what it takes to count their denoisers on the meta device."""

from typing import Any

import torch
from torch import Tensor, ones
from torch.overrides import TorchFunctionMode


class _NotZero(TorchFunctionMode):  # type: ignore[misc]  # torch has no types here
    """``torch.all`` says no: the class asks whether the image's rows are all zero, which a tensor on meta cannot tell.

    Rows of zeros are at work like others, so that nothing counted depends on the answer.
    """

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return False if function is torch.all else function(*args, **(kwargs or {}))


def _on_meta(forward: Any, place: int) -> Any:
    """A module that is given its mask on the CPU, and gets it on meta."""

    def moved(*given: Any, **named: Any) -> Any:
        values = [x.to("meta") if n == place and isinstance(x, Tensor) else x for n, x in enumerate(given)]
        return forward(*values, **named)

    return moved


def valid_rows(net: Any) -> None:
    """Both classes pick rows by their masks, which a tensor on meta cannot tell: all rows are valid here."""
    forward = net.forward
    net.context_embedder.forward = _on_meta(net.context_embedder.forward, 2)
    for block in net.transformer_blocks:
        block.forward = _on_meta(block.forward, 3)

    def whole(**inputs: Any) -> Any:
        valid = {x: ones(y.shape, dtype=bool, device="cpu") for x, y in inputs.items() if "attention_mask" in x}
        with _NotZero():
            return forward(**{**inputs, **valid})

    net.forward = whole


PATCHES = {"HunyuanVideo15Transformer3DModel": valid_rows, "HunyuanVideoFramepackTransformer3DModel": valid_rows}
