"""The ControlNet of SANA.

Released as diffusers' ``SanaControlNetModel`` (src/diffusers/models/controlnets/controlnet_sana.py).
"""

from dataclasses import dataclass

from ...equations.notation import ell
from ..denoisers.sana import SanaOptions, SanaTransformer2DModel
from ..network import Network
from ..operators import Operator, dense, residual, shared
from .blocks import denoiser_of, handed_over, without_output


@dataclass(frozen=True, kw_only=True)
class SanaControlNetModel(SanaOptions, Network):
    """The first blocks of SANA; the latent of the control image goes through the same layer in as the noise."""

    num_attention_heads: int = 70
    attention_head_dim: int = 32
    num_cross_attention_heads: int = 20
    cross_attention_head_dim: int = 112
    cross_attention_dim: int = 2240
    caption_channels: int = 2304
    in_channels: int = 32
    sample_size: int = 32
    patch_size: int = 1
    interpolation_scale: int | None = None

    passed_over = SanaOptions.passed_over | {"out_channels"}

    def operators(self) -> list[Operator]:
        denoiser = denoiser_of(self, SanaTransformer2DModel)
        width = denoiser.width
        inside = without_output(denoiser.operators())
        return [
            *inside,
            *shared(x for x in inside if x.name.startswith("patch_embed")),
            dense("input_block", ell, width, width),
            residual("input_block.add", ell, width),
            *handed_over(width, self.num_layers),
        ]
