"""The ControlNets of Hunyuan-DiT.

Released as diffusers' ``HunyuanDiT2DControlNetModel`` (src/diffusers/models/controlnets/controlnet_hunyuan.py).
"""

from dataclasses import dataclass

from ...equations.notation import ell
from ..denoisers.hunyuan_dit import HunyuanDiT2DModel, Reading
from ..layers import patches
from ..network import Network
from ..operators import Operator, dense, repeated, residual, shared, within
from .blocks import denoiser_of, handed_over


@dataclass(frozen=True, kw_only=True)
class HunyuanDiT2DControlNetModel(Reading, Network):
    """Blocks of the first half of a denoiser of ``transformer_num_layers``, all but the middle one."""

    in_channels: int
    patch_size: int
    num_attention_heads: int = 16
    attention_head_dim: int = 88
    hidden_size: int = 1152
    transformer_num_layers: int = 40

    passed_over = frozenset({"conditioning_channels", "sample_size"})

    @property
    def denoiser(self) -> HunyuanDiT2DModel:
        """The denoiser whose blocks it has."""
        return denoiser_of(self, HunyuanDiT2DModel, num_layers=self.transformer_num_layers)

    def operators(self) -> list[Operator]:
        net, width = self.denoiser, self.hidden_size
        blocks = self.transformer_num_layers // 2 - 1
        noise = patches("pos_embed.proj", self.in_channels, width, (self.patch_size, self.patch_size))
        return [
            noise,
            *shared([noise]),
            dense("input_block", ell, width, width),
            residual("input_block.add", ell, width),
            *within("time_extra_emb", net.conditioning()),
            *net.text(),
            *repeated("blocks", blocks, net.block()),
            *handed_over(width, blocks),
        ]
