"""HunyuanImage 2.1: the blocks of HunyuanVideo on a latent of high compression, text of two encoders (Tencent, 2025).

Released as diffusers' ``HunyuanImageTransformer2DModel``
(src/diffusers/models/transformers/transformer_hunyuanimage.py). The VAE takes 32 x 32 pixels to one of the latent's.
Text rows are those of Qwen2.5-VL, which a small network refines, and where ByT5 reads what is to be written in the
image, the rows of ByT5, always as many.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Integer, Symbol

from ...equations.notation import a, f, j, m
from ..adaln import adaptive_output
from ..layers import FREQUENCIES, mlp, patches
from ..network import Transformer
from ..operators import Operator, Size, activation, at_rows, dense, norm, repeated, within
from .hunyuan_video import HunyuanVideoTransformer3DModel

GLYPHS = 128
"""Rows of ByT5, whatever the prompt (HunyuanImagePipeline, tokenizer_2_max_length)."""
GLYPH_INNER = 2048
"""Width between the layers that bring ByT5's rows to the width of the network."""


@dataclass(frozen=True, kw_only=True)
class HunyuanImageTransformer2DModel(Transformer):
    """``num_layers`` dual-stream and ``num_single_layers`` single-stream blocks.

    ``use_meanflow``: the distilled release embeds the timestep that a step leads to, too.
    """

    num_layers: int
    num_single_layers: int
    num_refiner_layers: int
    text_embed_dim: int
    patch_size: tuple[int, int] = (1, 1)
    out_channels: int = 64
    mlp_ratio: float = 4.0
    qk_norm: Literal["rms_norm"] = "rms_norm"
    guidance_embeds: bool = False
    text_embed_2_dim: int | None = None
    use_meanflow: bool = False

    passed_over = frozenset({"rope_theta", "rope_axes_dim"})
    vae_factors: ClassVar[tuple[int, int]] = (32, 1)

    @property
    def like_video(self) -> HunyuanVideoTransformer3DModel:
        """The network of HunyuanVideo whose blocks it has."""
        return HunyuanVideoTransformer3DModel(
            in_channels=self.in_channels, num_attention_heads=self.num_attention_heads, mlp_ratio=self.mlp_ratio,
            attention_head_dim=self.attention_head_dim, num_layers=self.num_layers,
            num_single_layers=self.num_single_layers, num_refiner_layers=self.num_refiner_layers, patch_size=1,
            patch_size_t=1, text_embed_dim=self.text_embed_dim, pooled_projection_dim=0, qk_norm=self.qk_norm,
        )  # fmt: skip

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels."""
        return self.patch_size[0]

    def operators(self) -> list[Operator]:
        width, net, area = self.width, self.like_video, self.patch_size[0] * self.patch_size[1]
        return [
            patches("x_embedder.proj", self.in_channels, width, self.patch_size),
            *self.conditioning(),
            *self.text(),
            *repeated("transformer_blocks", self.num_layers, net.dual_block()),
            *repeated("single_transformer_blocks", self.num_single_layers, net.single_block()),
            *adaptive_output(width, width, area * self.outputs),
        ]

    def conditioning(self) -> list[Operator]:
        """Timestep, the timestep that follows, and guidance, where the network has them."""
        names = ["timestep_embedder"]
        names += ["timestep_embedder_r"] if self.use_meanflow else []
        names += ["guidance_embedder"] if self.guidance_embeds else []
        return [x for name in names for x in mlp(f"time_guidance_embed.{name}", FREQUENCIES, self.width)]

    def text(self) -> list[Operator]:
        """The rows of Qwen2.5-VL through the refiner; those of ByT5 through three layers."""
        inputs, refined = self.text_embed_2_dim, self.like_video.text_refiner(self.num_refiner_layers)
        if inputs is None:
            return refined
        glyphs = [
            norm("norm", GLYPHS, inputs, vectors=2),
            dense("linear_1", GLYPHS, inputs, GLYPH_INNER),
            activation("act_1", GLYPHS, GLYPH_INNER),
            dense("linear_2", GLYPHS, GLYPH_INNER, GLYPH_INNER),
            activation("act_2", GLYPHS, GLYPH_INNER),
            dense("linear_3", GLYPHS, GLYPH_INNER, self.width),
        ]
        return [*at_rows(refined, {m: m - GLYPHS}), *within("context_embedder_2", glyphs)]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all: in width and rows it is what most blocks are."""
        return {**super().leading_order(), a: 1, j: 1, f: Integer(1) * self.like_video.inner / self.width}
