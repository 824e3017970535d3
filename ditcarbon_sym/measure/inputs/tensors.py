"""The inputs of a network, described without torch: shapes and kinds of values, made into tensors when needed.

Values do not change how long a pass takes, as long as they are numbers. Random values draw as much power as real ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOISE, STEP, INDEX, MASK, SIZE, POSITION = "noise", "step", "index", "mask", "size", "position"
"""Latents and embeddings; timesteps; class labels; masks, fully valid; pixels; coordinates of tokens."""
WHOLE = "whole step"
"""A timestep that the class takes as a whole number."""
KINDS = (NOISE, STEP, WHOLE, INDEX, MASK, SIZE, POSITION)


@dataclass(frozen=True)
class Tensor:
    """The description of a tensor: its shape and what its values stand for."""

    shape: tuple[int, ...]
    kind: str = NOISE


def noise(*shape: int) -> Tensor:
    """Latents, embeddings and rotations.

    >>> noise(1, 4, 32, 32)
    Tensor(shape=(1, 4, 32, 32), kind='noise')
    """
    return Tensor(shape)


def of(kind: str, *shape: int) -> Tensor:
    """A tensor of another kind."""
    return Tensor(shape, kind)


def usual(batch: int, latent: tuple[int, ...], text: tuple[int, ...], step: str = STEP) -> dict[str, Any]:
    """What most classes take: the latent and the rows of the text, each of this shape for every sample, and a timestep.

    >>> usual(2, (4, 32, 32), (77, 768))["encoder_hidden_states"].shape
    (2, 77, 768)
    """
    return {
        "hidden_states": noise(batch, *latent), "timestep": of(step, batch),
        "encoder_hidden_states": noise(batch, *text),
    }  # fmt: skip


def made(description: Any, device: Any, dtype: Any) -> Any:
    """Make the tensors of a description, however deep they are nested; everything else stays as it is."""
    if isinstance(description, Tensor):
        return _tensor(description, device, dtype)
    if isinstance(description, Mapping):
        return {key: made(value, device, dtype) for key, value in description.items()}
    if isinstance(description, list | tuple):
        return type(description)(made(value, device, dtype) for value in description)
    return description


def _tensor(described: Tensor, device: Any, dtype: Any) -> Any:
    import torch

    shape, kind = described.shape, described.kind
    if kind == NOISE:
        return torch.randn(shape, device=device, dtype=dtype)
    if kind == INDEX:
        return torch.zeros(shape, device=device, dtype=torch.long)
    if kind == MASK:
        return torch.ones(shape, device=device, dtype=torch.bool)
    if kind == WHOLE:
        return torch.full(shape, 500, device=device, dtype=torch.long)
    value = {STEP: 0.5, SIZE: 1024.0, POSITION: 1.0}[kind]
    return torch.full(shape, value, device=device, dtype=dtype)
