"""DiT: class-conditional image transformer with adaLN-Zero (Peebles and Xie, 2022).

Released as diffusers' ``DiTTransformer2DModel`` (src/diffusers/models/transformers/dit_transformer_2d.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Symbol

from ...equations.notation import a, ell
from ..adaln import modulated, modulation
from ..attentions import attend
from ..layers import FREQUENCIES, FeedForwardActivation, feed_forward, mlp, patches
from ..network import Transformer
from ..operators import Operator, Size, buffer, dense, embedding, modulate, norm, repeated, shared


@dataclass(frozen=True, kw_only=True)
class BasicBlocks(Transformer):
    """A network of diffusers' ``BasicTransformerBlock``, or of blocks with options of the same names."""

    num_layers: int
    patch_size: int
    activation_fn: FeedForwardActivation = "gelu-approximate"
    norm_elementwise_affine: bool = False

    passed_over = frozenset({"dropout", "norm_eps"})

    @property
    def affine(self) -> int:
        """Trained vectors of the norms."""
        return 2 * self.norm_elementwise_affine


@dataclass(frozen=True, kw_only=True)
class DiTTransformer2DModel(BasicBlocks):
    """Every block holds and runs the timestep and class embedders of its own; the output stage runs the first's."""

    sample_size: int
    out_channels: int | None = None
    num_embeds_ada_norm: int = 1000
    attention_bias: bool = True
    norm_type: Literal["ada_norm_zero"] = "ada_norm_zero"

    passed_over = BasicBlocks.passed_over | {"norm_num_groups", "upcast_attention"}
    copies: ClassVar[str] = (
        "the timestep and class embedders are held once in every block; the original holds them once"
    )

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        return [
            patches("pos_embed.proj", self.in_channels, width, (side, side)),
            buffer("pos_embed", (self.sample_size // side) ** 2 * width),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *shared(self.conditioning("norm_out.emb")),
            *modulation("proj_out_1", width, width, 2),
            norm("norm_out", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out_2", ell, width, side**2 * self.outputs),
        ]

    def conditioning(self, name: str) -> list[Operator]:
        """Timestep and class to one vector; the table has one class more, for guidance."""
        return [
            *mlp(f"{name}.timestep_embedder", FREQUENCIES, self.width),
            embedding(f"{name}.class_embedder", 1, self.num_embeds_ada_norm + 1, self.width),
        ]

    def block(self) -> list[Operator]:
        """One block: adaLN-Zero around self-attention and MLP."""
        width, affine = self.width, 2 * self.norm_elementwise_affine
        own = attend("attn1", ell, width, self.heads, bias=self.attention_bias)
        feed = feed_forward("ff", ell, width, 4 * width, self.activation_fn)
        return [
            *self.conditioning("norm1.emb"),
            *modulation("norm1", width, width, 6),
            *modulated("norm1", "attn1", ell, width, own),
            *modulated("norm3", "ff", ell, width, feed, vectors=affine),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), a: 1}
