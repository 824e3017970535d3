"""The ControlNets of Qwen-Image.

Released as diffusers' ``QwenImageControlNetModel`` (src/diffusers/models/controlnets/controlnet_qwenimage.py).
"""

from dataclasses import dataclass

from ...equations.notation import ell
from ..denoisers.qwen_image import QwenImageTransformer2DModel
from ..operators import Operator, dense, residual
from .blocks import OfFluxSize, denoiser_of, handed_over, without_output


@dataclass(frozen=True, kw_only=True)
class QwenImageControlNetModel(OfFluxSize):
    """The first blocks of Qwen-Image; ``extra_condition_channels`` come with a mask, for inpainting."""

    patch_size: int = 2
    joint_attention_dim: int = 3584
    extra_condition_channels: int = 0

    passed_over = OfFluxSize.passed_over | {"out_channels"}

    def operators(self) -> list[Operator]:
        denoiser = denoiser_of(self, QwenImageTransformer2DModel)
        return [
            *without_output(denoiser.operators()),
            dense("controlnet_x_embedder", ell, self.in_channels + self.extra_condition_channels, denoiser.width),
            residual("controlnet_x_embedder.add", ell, denoiser.width),
            *handed_over(denoiser.width, self.num_layers),
        ]
