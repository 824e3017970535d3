"""The ControlNet of FLUX.1.

Released as diffusers' ``FluxControlNetModel`` (src/diffusers/models/controlnets/controlnet_flux.py).
"""

from dataclasses import dataclass

from ...equations.notation import ell, m
from ..denoisers.flux import FluxTransformer2DModel
from ..operators import Operator, at_rows, dense, embedding, residual
from .blocks import OfFluxSize, denoiser_of, handed_over, without_output


@dataclass(frozen=True, kw_only=True)
class FluxControlNetModel(OfFluxSize):
    """The first blocks of FLUX.1 with a linear layer for the rows of each.

    ``num_mode``: of how many kinds the control image may be; its kind then is one row more of text, which the
    embedder of the text does not see.
    """

    num_single_layers: int
    patch_size: int = 1
    joint_attention_dim: int = 4096
    pooled_projection_dim: int = 768
    guidance_embeds: bool = False
    num_mode: int | None = None
    conditioning_embedding_channels: None = None

    @property
    def denoiser(self) -> FluxTransformer2DModel:
        """The denoiser whose blocks it has."""
        return denoiser_of(self, FluxTransformer2DModel)

    def operators(self) -> list[Operator]:
        width, blocks = self.denoiser.width, self.num_layers + self.num_single_layers
        inside = without_output(self.denoiser.operators())
        if self.num_mode is not None:
            with_a_row = [x if x.name == "context_embedder" else at_rows([x], {m: m + 1})[0] for x in inside]
            inside = [embedding("controlnet_mode_embedder", 1, self.num_mode, width), *with_a_row]
        return [
            *inside,
            dense("controlnet_x_embedder", ell, self.in_channels, width),
            residual("controlnet_x_embedder.add", ell, width),
            *handed_over(width, blocks),
        ]
