"""Bria 3.2 and FIBO: FLUX.1's blocks without pooled text; FIBO reads a layer of its language model in every block.

Released as diffusers' ``BriaTransformer2DModel`` and ``BriaFiboTransformer2DModel`` (transformer_bria.py and
transformer_bria_fibo.py in src/diffusers/models/transformers; Bria AI, 2025). Bria's pipeline packs 2 x 2 latent pixels
into a token; to FIBO's each pixel of a latent of Wan 2.2's VAE is one.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Rational

from ...equations.notation import m
from ..layers import FREQUENCIES, mlp
from ..operators import Operator, dense, elementwise, repeated
from .longcat_image import UnpooledFlux


@dataclass(frozen=True, kw_only=True)
class BriaTransformer2DModel(UnpooledFlux):
    """Text from T5; with guidance to embed the released class cannot be made."""

    guidance_embeds: Literal[False] = False

    passed_over = UnpooledFlux.passed_over | {"rope_theta", "time_theta"}
    reference_pixels: ClassVar[int] = 0


@dataclass(frozen=True, kw_only=True)
class BriaFiboTransformer2DModel(UnpooledFlux):
    """In every block half of the width of each text row is overwritten by a layer of the language model.

    Each layer has a matrix of its own to half the width, and all are computed before the first block.
    """

    guidance_embeds: bool = False
    text_encoder_dim: int = 2048

    passed_over = UnpooledFlux.passed_over | {"rope_theta", "time_theta"}
    vae_factors: ClassVar[tuple[int, int]] = (16, 1)

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels: nothing is packed."""
        return 1

    def beside(self) -> list[Operator]:
        """Guidance where it is distilled into the model, and a layer of the language model for each block."""
        width, half = self.width, self.width * Rational(1, 2)
        layer = [
            dense("linear", m, self.text_encoder_dim, half, bias=False),
            elementwise("cat", m, width, operations=0),
        ]
        return [
            *(mlp("guidance_embed.timestep_embedder", FREQUENCIES, width) if self.guidance_embeds else []),
            *repeated("caption_projection", self.blocks, layer),
        ]
