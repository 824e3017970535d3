"""Text encoders: transformers' classes and diffusers' own, built from their configuration, and what they are fed."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import torch

from ditcarbon_sym.measure import networks
from ditcarbon_sym.measure.inputs import text

from .counting import on_meta


def build(configuration: Mapping[str, Any]) -> Any:
    """Make a network from its configuration, on the meta device."""
    with torch.device("meta"):
        net = networks.build_encoder(configuration)
    PATCHES.get(type(net).__name__, _untouched)(net)
    return net


def work(net: Any, tokens: int) -> Callable[[], Any]:
    """One pass over a prompt of so many tokens."""
    kind = type(net).__name__
    if kind in text.ENCODERS:
        fed = on_meta(text.ENCODERS[kind](net, 1, tokens))
        return lambda: net(**fed)
    masks = {"attention_mask": UNMASKED} if kind == "T5GemmaEncoderModel" else {}
    return lambda: net(input_ids=torch.empty(1, tokens, dtype=torch.long), **masks)


def one_timbre(net: Any) -> None:
    """ACE-Step reads how many timbres each output has, which a tensor on meta does not tell: here it has one."""

    def unpacked(rows: torch.Tensor, order: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = torch.empty(len(rows), len(rows), device=rows.device)
        return (chosen.t() @ rows).reshape(1, 1, -1), torch.empty(1, 1, device=rows.device)

    net.timbre_encoder.unpack_timbre_embeddings = unpacked


def _untouched(net: Any) -> None:
    """Most classes run on meta as they are."""


PATCHES: Mapping[str, Callable[[Any], None]] = {"AceStepConditionEncoder": one_timbre}
UNMASKED = {"full_attention": None, "sliding_attention": None}
"""No mask: T5Gemma looks for padding among the values of its tokens, which a tensor on meta does not have."""
MULTIPLES: Mapping[str, Callable[[Any], int]] = {"LTX2TextConnectors": lambda net: registers(net.config)}
"""Of what number the tokens of some encoders are a multiple."""


def registers(known: SimpleNamespace) -> int:
    """Learned rows that fill up a prompt; their number divides that of its tokens."""
    return known.video_connector_num_learnable_registers or known.audio_connector_num_learnable_registers or 1
