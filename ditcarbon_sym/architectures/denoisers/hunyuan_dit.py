"""Hunyuan-DiT: cross-attention to CLIP and T5, with long skips from the first half to the second (Tencent, 2024).

Released as diffusers' ``HunyuanDiT2DModel`` (src/diffusers/models/transformers/hunyuan_transformer_2d.py). Text rows
are those of both encoders, one after the other; learned rows stand in for padding, so that their number is fixed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Rational, Symbol

from ...equations.notation import a, c, ell, f, m, n_ada
from ..adaln import adaptive_output, modulation
from ..attentions import attend, head_norms, rotations
from ..layers import (
    FREQUENCIES,
    IMAGE_SIZES,
    POOLER_HEADS,
    FeedForwardActivation,
    added,
    feed_forward,
    is_gated,
    mlp,
    patches,
)
from ..network import Transformer
from ..operators import (
    LAYER_NORM,
    Operator,
    Size,
    attention,
    dense,
    elementwise,
    embedding,
    norm,
    repeated,
    rotary,
    table,
    within,
)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Fields that the denoiser and its ControlNets share: their MLPs, and what they read of text and image sizes."""

    use_style_cond_and_image_meta_size: bool = True
    mlp_ratio: float = 4.0
    activation_fn: FeedForwardActivation = "gelu-approximate"
    cross_attention_dim: int = 1024
    cross_attention_dim_t5: int = 2048
    pooled_projection_dim: int = 1024
    text_len: int = 77
    text_len_t5: int = 256

    @property
    def text_tokens_fixed(self) -> int:
        """Text tokens of both encoders together."""
        return self.text_len + self.text_len_t5


@dataclass(frozen=True, kw_only=True)
class HunyuanDiT2DModel(Reading, Transformer):
    """Blocks take a shift from the timestep, no more; those past the middle one begin with a long skip.

    ``hidden_size`` is the width of the condition and must be that of the heads together for the network to run; so
    must ``num_layers`` be even.
    """

    patch_size: int
    hidden_size: int
    num_layers: int
    learn_sigma: bool = True
    # This says what output it is for; it does not change the count.
    sample_size: int | None = 32

    passed_over = frozenset({"norm_type"})

    @property
    def outputs(self) -> Any:
        """Channels out: noise, and its variance where that is learned."""
        return (1 + self.learn_sigma) * self.in_channels

    def operators(self) -> list[Operator]:
        width, side = self.width, self.patch_size
        last = self.num_layers - 1 - self.num_layers // 2
        return [
            patches("pos_embed.proj", self.in_channels, self.hidden_size, (side, side)),
            *within("time_extra_emb", self.conditioning()),
            *self.text(),
            *repeated("blocks", self.num_layers - last, self.block()),
            *repeated("skip_blocks", last, [*self.skip(), *self.block()]),
            *adaptive_output(width, width, side**2 * self.outputs),
        ]

    def conditioning(self) -> list[Operator]:
        """Timestep and pooled text, with the image's size and a style up to version 1.1, to one vector."""
        width, extra = self.hidden_size, self.pooled_projection_dim
        style: list[Operator] = []
        if self.use_style_cond_and_image_meta_size:
            extra += IMAGE_SIZES * FREQUENCIES + width
            style = [embedding("style_embedder", 1, 1, width)]
        return [
            *mlp("timestep_embedder", FREQUENCIES, width),
            *within("pooler", self.pooler()),
            *style,
            *mlp("extra_embedder", extra, 4 * width, width),
        ]

    def pooler(self) -> list[Operator]:
        """Attention of the mean of T5's rows to itself and to them, with learned positions."""
        wide, rows = self.cross_attention_dim_t5, m - self.text_len + 1
        head = wide * Rational(1, POOLER_HEADS)
        return [
            elementwise("mean", m - self.text_len, wide, writes=0),
            table("positional_embedding", (self.text_len_t5 + 1) * wide),
            elementwise("positional_embedding.add", rows, wide),
            dense("q_proj", 1, wide, wide),
            dense("k_proj", rows, wide, wide),
            dense("v_proj", rows, wide, wide),
            attention("scores", 1, rows, POOLER_HEADS, head),
            dense("c_proj", 1, wide, self.pooled_projection_dim),
        ]

    def text(self) -> list[Operator]:
        """T5's rows brought to the width of CLIP's; learned rows in place of the padding of both."""
        wide, width = self.cross_attention_dim_t5, self.cross_attention_dim
        return [
            *mlp("text_embedder", wide, 4 * wide, width, rows=m - self.text_len),
            table("text_embedding_padding", self.text_tokens_fixed * width),
            elementwise("text_embedding_padding.where", m, width, operations=0),
        ]

    def skip(self) -> list[Operator]:
        """The output of a block of the first half beside that of the block before, normed and made as narrow again."""
        return [
            norm("skip_norm", ell, 2 * self.width, vectors=2),
            dense("skip_linear", ell, 2 * self.width, self.width),
        ]

    def block(self) -> list[Operator]:
        """One block: shifted self-attention, plain cross-attention, plain MLP; positions turn all but text keys."""
        width, heads, text = self.width, self.heads, self.cross_attention_dim
        norms: dict[str, Any] = {"vectors": 2, "operations": LAYER_NORM}
        own = attend("attn1", ell, width, heads, [*head_norms(ell, heads, **norms), *rotations(ell, width)])
        turned = [*head_norms(ell, heads, keys=m, **norms), rotary("rope_q", ell, width)]
        cross = attend("attn2", ell, width, heads, turned, keys=m, keys_width=text)
        feed = feed_forward("ff", ell, width, self.inner, self.activation_fn)
        return [
            *modulation("norm1", width, width, 1),
            *added("norm1.norm", "attn1", ell, width, [elementwise("norm1.shift", ell, width), *own], layer_norm=True),
            *added("norm2", "attn2", ell, width, cross, layer_norm=True),
            *added("norm3", "ff", ell, width, feed, layer_norm=True),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """The modulation is one chunk of six; the long skips are left out."""
        matrices = 3 if is_gated(self.activation_fn) else 2
        ratio = Rational(matrices, 2) * self.inner / self.width
        return {**super().leading_order(), c: 1, a: 1, n_ada: Rational(1, 6), f: ratio}
