"""MiniMax-H3, video with sound in one sequence, and MiniMax Music 3 (MiniMax, 2026).

Released as diffusers' ``MiniMaxH3Transformer3DModel`` and ``MiniMaxMusic3Transformer1DModel``
(src/diffusers/models/transformers: transformer_minimax_h3.py, transformer_minimax_music3.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Rational, Symbol

from ...equations.notation import ell, f
from ..attentions import attend, rotations
from ..layers import feed_forward, mlp
from ..network import Sound, Transformer
from ..operators import Operator, Size, convolution, dense, norm, repeated, residual

POINT = (1,)


@dataclass(frozen=True, kw_only=True)
class MiniMaxMusic3Transformer1DModel(Sound, Transformer):
    """Plain blocks behind norms; the timestep is a row before the others, and what a language model made of the prompt
    goes in with the latent, step by step.
    """

    in_channels: int = 128
    num_attention_heads: int = 32
    attention_head_dim: int = 64
    condition_dim: int = 2048
    num_layers: int = 36
    ff_inner_dim: int = 8192
    rotary_dim: int = 32
    fourier_embedding_dim: int = 256

    @property
    def out_channels(self) -> int:
        """Channels of the latent."""
        return self.in_channels

    def operators(self) -> list[Operator]:
        width, latent, together = self.width, self.in_channels, 2 * self.in_channels + self.condition_dim
        return [
            dense("time_proj", 1, 1, self.fourier_embedding_dim // 2, bias=False),
            *mlp("time_embed", self.fourier_embedding_dim, width),
            convolution("preprocess_conv", ell, together, together, POINT, bias=False),
            residual("preprocess_conv.add", ell, together),
            dense("proj_in", ell, together, width, bias=False),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            dense("proj_out", ell, width, latent, bias=False),
            convolution("postprocess_conv", ell, latent, latent, POINT, bias=False),
            residual("postprocess_conv.add", ell, latent),
        ]

    def block(self) -> list[Operator]:
        """One block; the first ``rotary_dim`` numbers of each head are turned."""
        width, rows = self.width, ell + 1
        before = rotations(rows, self.num_attention_heads * self.rotary_dim)
        return [
            norm("norm1", rows, width, vectors=2),
            *attend("attn", rows, width, self.heads, before, bias=False, out_bias=False),
            residual("attn.add", rows, width),
            norm("norm2", rows, width, vectors=2),
            *feed_forward("ff", rows, width, self.ff_inner_dim, "swiglu"),
            residual("ff.add", rows, width),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), f: Rational(3, 2) * self.ff_inner_dim / self.width}
