"""What the denoisers take at batch 1, on the meta device: the package's own description of it (``measure``)."""

from collections.abc import Callable
from typing import Any

from ditcarbon_sym.measure import networks
from ditcarbon_sym.measure.inputs import image
from ditcarbon_sym.measure.inputs.image import Inputs

from .counting import on_meta

Taken = Callable[[Any, int, int, int, int], dict[str, Any]]


def alone(inputs: Inputs) -> Taken:
    """One output, its tensors without values."""
    return lambda net, *sizes: on_meta(inputs(net, 1, *sizes))


DENOISERS = {kind: alone(inputs) for kind, inputs in networks.DENOISERS.items()}
SQUARE, RELEASED_AS, PATCHES = image.SQUARE, networks.RELEASED_AS, networks.PATCHES
WHOLE = {
    "HeliosTransformer3DModel": (1, 4),
    "HunyuanVideoFramepackTransformer3DModel": (1, 4),
    "Kandinsky6Transformer3DModel": (6, 1),
    "LTX2VideoTransformer3DModel": (3, 1),
    "MiniMaxH3Transformer3DModel": (3, 1),
}
"""Latent frames, and tokens to a side, at whose multiples rows beside those of the latent are whole numbers."""
