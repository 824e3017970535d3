"""The ControlNets of Stable Diffusion 3 and 3.5.

Released as diffusers' ``SD3ControlNetModel`` (src/diffusers/models/controlnets/controlnet_sd3.py).
"""

from dataclasses import dataclass
from typing import Literal

from ...equations.notation import ell, m
from ..adaln import modulated, modulation
from ..attentions import attend
from ..denoisers.sd3 import SD3Transformer2DModel
from ..layers import FREQUENCIES, feed_forward, mlp, patches, placed_patches
from ..network import Network
from ..operators import Operator, dense, repeated, residual
from .blocks import denoiser_of, handed_over


@dataclass(frozen=True, kw_only=True)
class SD3ControlNetModel(Network):
    """Blocks of the denoiser; without ``joint_attention_dim`` they hold the latents alone (SD3.5 large).

    Without ``use_pos_embed`` the denoiser's own patches are fed to it.
    """

    num_layers: int
    num_attention_heads: int
    joint_attention_dim: int | None = 4096
    sample_size: int = 128
    patch_size: int = 2
    in_channels: int = 16
    attention_head_dim: int = 64
    caption_projection_dim: int = 1152
    pooled_projection_dim: int = 2048
    pos_embed_max_size: int = 96
    extra_conditioning_channels: int = 0
    dual_attention_layers: tuple[int, ...] = ()
    qk_norm: Literal["rms_norm"] | None = None
    use_pos_embed: bool = True
    pos_embed_type: Literal["sincos"] | None = "sincos"

    passed_over = frozenset({"out_channels", "force_zeros_for_pooled_projection"})

    @property
    def denoiser(self) -> SD3Transformer2DModel:
        """The denoiser whose blocks it has."""
        return denoiser_of(self, SD3Transformer2DModel, joint_attention_dim=self.joint_attention_dim or 0)

    def operators(self) -> list[Operator]:
        width, side = self.denoiser.width, (self.patch_size, self.patch_size)
        channels = self.in_channels + self.extra_conditioning_channels
        return [
            *self.patches(),
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width),
            *mlp("time_text_embed.text_embedder", self.pooled_projection_dim, width),
            patches("pos_embed_input.proj", channels, width, side),
            residual("pos_embed_input.add", ell, width),
            *(
                self.single_blocks()
                if self.joint_attention_dim is None
                else self.joint_blocks(self.joint_attention_dim)
            ),
            *handed_over(width, self.num_layers),
        ]

    def patches(self) -> list[Operator]:
        """Patches of the latent, with positions unless there are none."""
        width, side = self.denoiser.width, self.patch_size
        if not self.use_pos_embed:
            return []
        placed = placed_patches(self.in_channels, width, side, self.pos_embed_max_size**2)
        return placed if self.pos_embed_type is not None else placed[:1]

    def joint_blocks(self, text_width: int) -> list[Operator]:
        """Blocks of text and latents, all of which put out text."""
        dual = len({layer for layer in self.dual_attention_layers if 0 <= layer < self.num_layers})
        return [
            dense("context_embedder", m, text_width, self.caption_projection_dim),
            *repeated("dual_attention_blocks", dual, self.denoiser.block(dual=True)),
            *repeated("transformer_blocks", self.num_layers - dual, self.denoiser.block()),
        ]

    def single_blocks(self) -> list[Operator]:
        """Blocks of the latents alone, without norms of queries and keys."""
        width, heads = self.denoiser.width, self.denoiser.heads
        block = [
            *modulation("norm1", width, width, 6),
            *modulated("norm1", "attn", ell, width, attend("attn", ell, width, heads)),
            *modulated("norm2", "ff", ell, width, feed_forward("ff", ell, width, 4 * width)),
        ]
        return repeated("transformer_blocks", self.num_layers, block)
