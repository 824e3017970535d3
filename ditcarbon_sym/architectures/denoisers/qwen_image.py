"""Qwen-Image: dual-stream blocks throughout, text from Qwen2.5-VL (Qwen Team, 2025).

Released as diffusers' ``QwenImageTransformer2DModel`` (src/diffusers/models/transformers/transformer_qwenimage.py). The
pipeline packs 2 x 2 latent pixels into a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Symbol

from ...equations.notation import a, ell, m, s
from ..adaln import adaptive_output
from ..layers import FREQUENCIES, mlp
from ..operators import Operator, Size, dense, elementwise, embedding, repeated, residual, rms_norm
from .flux import Packed, modulated_streams

LAYERED = 6
"""Images that Qwen-Image-Layered works on at once: four layers, all of them together, and what is taken apart
(QwenImageLayeredPipeline: layers 4, and ``layers + 1`` latents before the encoded image).
"""


@dataclass(frozen=True, kw_only=True)
class QwenImageTransformer2DModel(Packed):
    """Text and latents have weights of their own in every block and share the attention.

    With ``zero_cond_t`` tokens of reference images are modulated as if their timestep were 0 (Qwen-Image-Edit-2511).
    With ``use_additional_t_cond`` one of two vectors is added to the timestep's (Qwen-Image-Layered), with
    ``use_layer3d_rope`` its layers are further latent rows: as many as its pipeline makes, `LAYERED`.
    """

    out_channels: int | None = 16
    zero_cond_t: bool = False
    use_additional_t_cond: bool = False
    guidance_embeds: bool = False
    use_layer3d_rope: bool = False

    passed_over = frozenset({"pooled_projection_dim", "axes_dims_rope"})

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size: of one image, or of all that are made and seen at once."""
        return super().rows(height, width, frames) * (LAYERED if self.use_layer3d_rope else 1)

    def reference_rows(self, factor: int) -> int:
        """Latent tokens that one reference image adds; the one that is taken apart is among the rows already."""
        return 0 if self.use_layer3d_rope else super().reference_rows(factor)

    def operators(self) -> list[Operator]:
        width, conditions = self.width, 1 + self.zero_cond_t
        streams = modulated_streams(width, self.heads, conditions, as_complex=True)
        block = [*streams, *(self.chosen() if self.zero_cond_t else [])]
        return [
            dense("img_in", ell, self.in_channels, width),
            rms_norm("txt_norm", m, self.joint_attention_dim),
            dense("txt_in", m, self.joint_attention_dim, width),
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width, rows=conditions),
            *self.addition(conditions),
            *repeated("transformer_blocks", self.num_layers, block),
            *adaptive_output(width, width, self.patch_size**2 * self.outputs),
        ]

    def addition(self, conditions: int) -> list[Operator]:
        """One of two vectors added to what is embedded of the timestep, where the model has them."""
        if not self.use_additional_t_cond:
            return []
        return [
            embedding("time_text_embed.addition_t_embedding", 1, 2, self.width),
            residual("time_text_embed.add", conditions, self.width),
        ]

    def chosen(self) -> list[Operator]:
        """Six vectors for every latent row, each chosen from those of two timesteps, and read like the rows."""
        choice = elementwise("img_mod.where", ell, self.width, operations=0, reads=0)
        scales = elementwise("img_mod.rows", ell, self.width, reads=4)
        return [*repeated("", 6, [choice]), *repeated("", 2, [scales])]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), s: 1, a: 1}
