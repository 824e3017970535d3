"""Text encoders: transformers' classes, built from their configuration, and the tokens they take."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from ditcarbon_sym.measure import networks


def build(configuration: Mapping[str, Any]) -> Any:
    """Make a transformers network from its configuration, on the meta device."""
    with torch.device("meta"):
        return networks.build_encoder(configuration)


def work(net: Any, tokens: int) -> Callable[[], Any]:
    """One pass over a prompt of so many tokens."""
    return lambda: net(input_ids=torch.empty(1, tokens, dtype=torch.long))
