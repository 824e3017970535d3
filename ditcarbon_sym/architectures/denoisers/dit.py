"""DiT: class-conditional image transformer with adaLN-Zero (Peebles and Xie, 2022).

Released as diffusers' ``DiTTransformer2DModel`` (src/diffusers/models/transformers/dit_transformer_2d.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sympy import Symbol

from ...equations.notation import N, a, c, d, ell, f, j, n_ada, p, s, t
from ..layers import FREQUENCIES, feed_forward, mlp, modulation, self_attention
from ..network import Denoiser, FeedForwardActivation, is_gated
from ..operators import (
    Operator,
    Size,
    buffer,
    convolution,
    dense,
    embedding,
    gated_residual,
    modulate,
    norm,
    repeated,
    shared,
)


@dataclass(frozen=True)
class DiTTransformer2DModel(Denoiser):
    """Every block holds and runs the timestep and class embedders of its own; the output stage runs the first's."""

    num_attention_heads: int
    attention_head_dim: int
    in_channels: int
    num_layers: int
    sample_size: int
    patch_size: int
    out_channels: int | None = None
    num_embeds_ada_norm: int = 1000
    attention_bias: bool = True
    activation_fn: FeedForwardActivation = "gelu-approximate"
    norm_elementwise_affine: bool = False
    norm_type: Literal["ada_norm_zero"] = "ada_norm_zero"
    # These do not change the count.
    dropout: float = 0.0
    norm_num_groups: int = 32
    upcast_attention: bool = False
    norm_eps: float = 1e-5

    copies: ClassVar[str] = (
        "the timestep and class embedders are held once in every block; the original holds them once"
    )

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        outputs = self.in_channels if self.out_channels is None else self.out_channels
        patches = (self.sample_size // side) ** 2
        return [
            convolution("pos_embed.proj", ell, self.in_channels, width, (side, side), inputs_read=ell * side**2),
            buffer("pos_embed", patches * width),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *shared(self.conditioning("norm_out.emb")),
            *modulation("proj_out_1", width, width, 2),
            norm("norm_out", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out_2", ell, width, side**2 * outputs),
        ]

    def conditioning(self, name: str) -> list[Operator]:
        """Timestep and class to one vector; the table has one class more, for guidance."""
        return [
            *mlp(f"{name}.timestep_embedder", FREQUENCIES, self.width),
            embedding(f"{name}.class_embedder", 1, self.num_embeds_ada_norm + 1, self.width),
        ]

    def block(self) -> list[Operator]:
        """One block: adaLN-Zero around self-attention and MLP."""
        width, affine = self.width, 2 * int(self.norm_elementwise_affine)
        return [
            *self.conditioning("norm1.emb"),
            *modulation("norm1", width, width, 6),
            norm("norm1.norm", ell, width),
            modulate("norm1.modulate", ell, width),
            *self_attention(
                "attn1", ell, width, self.num_attention_heads, self.attention_head_dim, bias=self.attention_bias
            ),
            gated_residual("attn1.gate", ell, width),
            norm("norm3", ell, width, vectors=affine),
            modulate("norm3.modulate", ell, width),
            *feed_forward("ff", ell, width, 4 * width, gated=is_gated(self.activation_fn)),
            gated_residual("ff.gate", ell, width),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {
            s: 0, c: 0, a: 1, j: 0, n_ada: 1, t: self.width, N: self.num_layers, d: self.width, f: 4,
            p: self.patch_size,
        }  # fmt: skip
