"""SANA-Video: SANA's linear attention on frames, with rotary positions, convolutions along time (Chen et al., 2025).

Released as diffusers' ``SanaVideoTransformer3DModel``
(src/diffusers/models/transformers/transformer_sana_video.py). Counted with one timestep for the sample.
"""

from dataclasses import dataclass
from typing import Literal

from ...equations.notation import ell
from ..adaln import single_output
from ..attentions import rotations
from ..layers import convolutional_mlp, patches
from ..network import VideoTransformer
from ..operators import LINEAR_ATTENTION, Operator, convolution, elementwise, product, repeated, residual, table
from .sana import Sana


@dataclass(frozen=True, kw_only=True)
class SanaVideoTransformer3DModel(VideoTransformer, Sana):
    """An MLP of convolutions in space and time."""

    in_channels: int = 16
    out_channels: int | None = 16
    num_attention_heads: int = 20
    attention_head_dim: int = 112
    patch_size: tuple[int, int, int] = (1, 2, 2)
    num_cross_attention_heads: int = 20
    cross_attention_head_dim: int = 112
    cross_attention_dim: int = 2240
    caption_channels: int = 2304
    qk_norm: Literal["rms_norm_across_heads"] | None = "rms_norm_across_heads"
    # This says what output it is for; it does not change the count.
    sample_size: int = 30

    passed_over = Sana.passed_over | {"interpolation_scale", "rope_max_seq_len"}

    def operators(self) -> list[Operator]:
        width = self.width
        return [
            patches("patch_embedding", self.in_channels, width, self.patch_size),
            *self.conditioning("" if self.guidance_embeds else "emb."),
            *self.caption(),
            *repeated("transformer_blocks", self.num_layers, self.block(self.feed())),
            *single_output([table("scale_shift_table", 2 * width)], width, self.volume * self.outputs),
        ]

    def feed(self) -> list[Operator]:
        """The MLP: over the frames' neighbours, too."""
        width = self.width
        return [
            *convolutional_mlp(ell, width, self.inner),
            convolution("conv_temp", ell, width, width, (3, 1), bias=False),
            residual("conv_temp.add", ell, width),
        ]

    def products(self) -> list[Operator]:
        """Values times keys, with positions; the denominator is made without."""
        width, number, head = self.width, self.heads.number, self.heads.width
        return [
            *rotations(ell, width),
            elementwise("sum_k", ell, width),
            product("denominator", 1, head, ell, times=number, kind=LINEAR_ATTENTION),
            product("values_keys", head, ell, head, times=number, kind=LINEAR_ATTENTION),
            product("scores_queries", head, head, ell, times=number, kind=LINEAR_ATTENTION),
        ]
