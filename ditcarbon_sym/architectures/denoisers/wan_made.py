"""Networks made from Wan 2.1: VACE, SkyReels-V2, ChronoEdit and AnyFlow keep its blocks.

Released as diffusers' ``WanVACETransformer3DModel``, ``SkyReelsV2Transformer3DModel``, ``ChronoEditTransformer3DModel``
and ``AnyFlowTransformer3DModel`` (src/diffusers/models/transformers: transformer_wan_vace.py,
transformer_skyreels_v2.py, transformer_chronoedit.py, transformer_anyflow.py).
"""

from dataclasses import dataclass
from typing import ClassVar

from ...equations.notation import ell, m, n_latent
from ..attentions import attend, norms_across_heads
from ..layers import mlp, patches
from ..operators import Operator, Size, dense, elementwise, embedding, repeated, residual
from .wan import WanOfImages, WanTransformer3DModel


@dataclass(frozen=True, kw_only=True)
class WanVACETransformer3DModel(WanTransformer3DModel):
    """Video in, video out: blocks beside the network read a video that is given, and each adds to one of its layers.

    Jiang et al. (2025). ``vace_layers`` are the layers that are added to, as many as there are blocks beside.
    """

    vace_layers: tuple[int, ...] = (0, 5, 10, 15, 20, 25, 30, 35)
    vace_in_channels: int = 96

    def operators(self) -> list[Operator]:
        width, sides = self.width, len(self.vace_layers)
        beside = [*self.block(), dense("proj_out", ell, width, width)]
        first = [dense("vace_blocks.0.proj_in", ell, width, width), residual("vace_blocks.0.add", ell, width)]
        hint = elementwise("hint", ell, width, operations=2, reads=3, writes=2)
        return [
            patches("vace_patch_embedding", self.vace_in_channels, width, self.patch_size),
            *first,
            *repeated("vace_blocks", sides, [*beside, hint]),
            *super().operators(),
        ]


@dataclass(frozen=True, kw_only=True)
class SkyReelsV2Transformer3DModel(WanTransformer3DModel):
    """Wan for long films (Chen et al., 2025), counted with one timestep for the sample, as text to video runs.

    Diffusion forcing, of the same weights, embeds a timestep for each latent frame. ``inject_sample_info`` adds an
    embedding of the frame rate. A mask that hides later blocks of frames counts as work.
    """

    inject_sample_info: bool = False

    passed_over = WanTransformer3DModel.passed_over | {"num_frame_per_block"}

    def conditioning(self) -> list[Operator]:
        width = self.width
        if not self.inject_sample_info:
            return super().conditioning()
        return [
            *super().conditioning(),
            embedding("fps_embedding", 1, 2, width),
            *mlp("fps_projection", width, width, 6 * width),
            residual("fps_projection.add", 1, 6 * width),
        ]


@dataclass(frozen=True, kw_only=True)
class ChronoEditTransformer3DModel(WanTransformer3DModel):
    """Editing as a video of two frames or more, from the given image to the edited one (Wu et al., 2025)."""

    passed_over = WanTransformer3DModel.passed_over | {"rope_temporal_skip_len"}


@dataclass(frozen=True, kw_only=True)
class AnyFlowTransformer3DModel(WanOfImages):
    """Wan with two timesteps, that from which a step leaves and that to which it goes, for each latent frame.

    Both vary from frame to frame, so that the modulation is added up for every video token (AnyFlow, 2026).
    """

    passed_over = WanOfImages.passed_over | {"gate_value", "deltatime_type"}
    expand_timesteps: ClassVar[bool] = True
    turns_complex: ClassVar[bool] = True

    @property
    def timesteps(self) -> Size:
        return n_latent

    def time_embedding(self) -> list[Operator]:
        """Both timesteps embedded and mixed, and the result spread over the rows of each frame."""
        width, rows = self.width, self.timesteps
        return [
            *super().time_embedding(),
            *mlp("delta_embedder", self.freq_dim, width, rows=rows),
            elementwise("mix", rows, width, operations=3, reads=4, writes=3),
            elementwise("spread", ell, 7 * width, operations=0),
        ]

    def cross_attention(self) -> list[Operator]:
        """Attention to the rows of image and text together."""
        rows, heads = m + self.image_rows, self.heads
        return attend("attn2", ell, self.width, heads, norms_across_heads(ell, heads, keys=rows), keys=rows)
