"""GLM-Image: the decoder of an autoregressive model, which gives every latent row a token beforehand (Z.ai, 2026).

Released as diffusers' ``GlmImageTransformer2DModel`` (src/diffusers/models/transformers/transformer_glm_image.py).
Latents and the glyphs to be written run through the same weights. The language model that makes the tokens is not here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Symbol

from ...equations.notation import a, ell, j, m, t
from ..adaln import modulated, modulated_output
from ..attentions import attend, head_norms, rotations
from ..layers import feed_forward, mlp
from ..network import Transformer
from ..operators import LAYER_NORM, Operator, Size, activation, dense, embedding, repeated, residual


@dataclass(frozen=True, kw_only=True)
class GlmImageTransformer2DModel(Transformer):
    """``num_layers`` blocks whose modulation is apart for latents and text, and all else shared."""

    patch_size: int
    out_channels: int
    num_layers: int
    text_embed_dim: int
    time_embed_dim: int
    condition_dim: int
    prior_vq_quantizer_codebook_size: int = 16384

    def operators(self) -> list[Operator]:
        width, area, condition = self.width, self.patch_size**2, self.time_embed_dim
        return [
            dense("image_projector.proj", ell, area * self.in_channels, width),
            *mlp("glyph_projector", self.text_embed_dim, width, rows=m),
            embedding("prior_token_embedding", ell, self.prior_vq_quantizer_codebook_size, width),
            *mlp("prior_projector", width, width, rows=ell),
            residual("prior_projector.add", ell, width),
            *mlp("time_condition_embed.timestep_embedder", condition, condition),
            *mlp("time_condition_embed.condition_embedder", 4 * self.condition_dim, condition),
            activation("time_condition_embed.silu", 1, condition),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *modulated_output([dense("norm_out.linear", 1, condition, 2 * width)], width, area * self.outputs),
        ]

    def block(self) -> list[Operator]:
        """One block on latents and text together; positions turn the latents."""
        width, heads, rows = self.width, self.heads, ell + m
        before = [*head_norms(rows, heads, vectors=0, operations=LAYER_NORM), *rotations(ell, width)]
        own, feed = attend("attn1", rows, width, heads, before), feed_forward("ff", rows, width, 4 * width)
        return [
            dense("norm1.linear", 1, self.time_embed_dim, 12 * width),
            *modulated("norm1", "attn1", rows, width, own),
            *modulated("norm2", "ff", rows, width, feed),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all; the modulation of the text is left out."""
        return {**super().leading_order(), a: 1, j: 1, t: self.time_embed_dim}
