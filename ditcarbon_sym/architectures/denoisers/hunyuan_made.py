"""HunyuanVideo-1.5, and FramePack, which continues a film from what it has made so far.

Released as diffusers' ``HunyuanVideo15Transformer3DModel`` and ``HunyuanVideoFramepackTransformer3DModel``
(src/diffusers/models/transformers: transformer_hunyuan_video15.py, transformer_hunyuan_video_framepack.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sympy import Integer, Rational, Symbol

from ...equations.notation import a, ell, f, m, n_latent, s
from ..layers import FREQUENCIES, mlp, patches
from ..operators import Operator, Size, activation, at_rows, dense, norm, repeated, residual, table, within
from .hunyuan_video import HunyuanBlocks, HunyuanVideoTransformer3DModel

IMAGE_TOKENS = 729
"""Tokens of SigLIP, 27 x 27 patches: the released pipelines feed so many, of zeros where no image is given."""
GLYPH_TOKENS, GLYPH_WIDTH = 256, 2048
"""Tokens of ByT5 that the pipeline of version 1.5 feeds, and the width between the layers that project them."""
HISTORY = 2 + Rational(1, 4) + Rational(1, 4)
"""Clean latent frames beside those that are made, in frames as large: 2 of them, 2 in patches twice as large, which
make one frame of a quarter, and 16 in patches four times as large, which make four of a sixteenth.
"""


def image_projection(name: str, narrow: int, width: Size) -> list[Operator]:
    """From SigLIP's tokens to rows of text, between two norms."""
    return within(
        name,
        [
            norm("norm_in", IMAGE_TOKENS, narrow, vectors=2),
            *mlp("mlp", narrow, narrow, width, rows=IMAGE_TOKENS),
            norm("norm_out", IMAGE_TOKENS, width, vectors=2),
        ],
    )


@dataclass(frozen=True, kw_only=True)
class HunyuanVideo15Transformer3DModel(HunyuanBlocks):
    """Dual-stream blocks alone; the text stream holds the image's, the glyphs' and the prompt's rows (Tencent, 2025).

    Text rows are the prompt's, of Qwen2.5-VL. The rows of image and glyphs are there in every pass, masked or not.
    """

    num_refiner_layers: int
    in_channels: int = 65
    num_attention_heads: int = 16
    attention_head_dim: int = 128
    patch_size: int = 1
    patch_size_t: int = 1
    out_channels: int | None = 32
    text_embed_2_dim: int = 1472
    image_embed_dim: int = 1152
    use_meanflow: bool = False
    # This says what output it is for; it does not change the count.
    target_size: int = 640

    passed_over = HunyuanBlocks.passed_over | {"task_type"}
    vae_factors: ClassVar[tuple[int, int]] = (16, 4)

    def operators(self) -> list[Operator]:
        width = self.width
        every = m + GLYPH_TOKENS + IMAGE_TOKENS
        timestep = mlp("time_embed.timestep_embedder", FREQUENCIES, width)
        target = mlp("time_embed.timestep_embedder_r", FREQUENCIES, width)
        return [
            *timestep,
            *([*target, residual("time_embed.add", 1, width)] if self.use_meanflow else []),
            self.embedder(),
            *self.text_refiner(self.num_refiner_layers),
            *self.glyphs(),
            *image_projection("image_embedder", self.image_embed_dim, width),
            table("cond_type_embed", 3 * width),
            residual("cond_type_embed.add", every, width),
            *at_rows(repeated("transformer_blocks", self.num_layers, self.dual_block()), {m: every}),
            *self.output(),
        ]

    def glyphs(self) -> list[Operator]:
        """Three layers from ByT5's tokens to rows of text."""
        rows, narrow = GLYPH_TOKENS, self.text_embed_2_dim
        made = [
            norm("norm", rows, narrow, vectors=2),
            *mlp("mlp", narrow, GLYPH_WIDTH, rows=rows),
            activation("act_fn", rows, GLYPH_WIDTH),
            dense("linear_3", rows, GLYPH_WIDTH, self.width),
        ]
        return within("context_embedder_2", made)

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), s: 1, a: 1, f: Integer(1) * self.inner / self.width}


@dataclass(frozen=True, kw_only=True)
class HunyuanVideoFramepackTransformer3DModel(HunyuanVideoTransformer3DModel):
    """One section of a film, at work beside compressed rows of the frames before it (Zhang and Agrawala, 2025).

    The pipeline makes a film section by section, of 9 latent frames each; a pass is that of one section. Sides that
    are no multiples of 64 pixels are padded by less than a row of patches, which is left out.
    """

    has_image_proj: bool = False
    image_proj_dim: int = 1152
    has_clean_x_embedder: bool = False

    def operators(self) -> list[Operator]:
        width, history = self.width, self.history * ell / n_latent
        image = IMAGE_TOKENS if self.has_image_proj else 0
        found = super().operators()
        return [
            *(x for x in found if not x.block.endswith("transformer_blocks")),
            *self.history_embedder(),
            *(mlp("image_projection", self.image_proj_dim, 3 * width, width, rows=image) if image else []),
            *at_rows(self.stack(), {ell: ell + history, m: m + image}),
        ]

    @property
    def history(self) -> Size:
        """Frames of rows beside those that are made."""
        return HISTORY if self.has_clean_x_embedder else 0

    def history_embedder(self) -> list[Operator]:
        """Patches of clean frames in three sizes: a frame, an eighth and a sixty-fourth of it to a patch's volume."""
        if not self.has_clean_x_embedder:
            return []
        place, width = ell / n_latent, self.width
        sizes = (("proj", 2, 1), ("proj_2x", Rational(1, 4), 2), ("proj_4x", Rational(1, 4), 4))
        return [
            at_rows([patches(f"clean_x_embedder.{name}", self.in_channels, width, (n, 2 * n, 2 * n))],
                    {ell: frames * place})[0]
            for name, frames, n in sizes
        ]  # fmt: skip
