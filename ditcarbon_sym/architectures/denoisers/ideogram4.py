"""Ideogram 4: text and latents in one sequence; even the layers in work on all rows (Ideogram, 2026).

Released as diffusers' ``Ideogram4Transformer2DModel`` (src/diffusers/models/transformers/transformer_ideogram4.py).
Every attention and MLP has a norm before and after it; modulation scales and gates, but does not shift. The pipeline
packs 2 x 2 latent pixels into a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Rational, Symbol

from ...equations.notation import a, ell, f, j, m, n_ada, t
from ..adaln import sandwich
from ..attentions import attend, head_norms, rotations
from ..layers import AXES, mlp
from ..operators import (
    Operator,
    Size,
    activation,
    buffer,
    dense,
    elementwise,
    embedding,
    norm,
    product,
    repeated,
    residual,
    rms_norm,
)
from .flux import PackedLatent


@dataclass(frozen=True, kw_only=True)
class Ideogram4Transformer2DModel(PackedLatent):
    """``num_layers`` blocks; each text row is fed the states of several layers of the encoder side by side."""

    intermediate_size: int
    adaln_dim: int
    llm_features_dim: int

    passed_over = frozenset({"rope_theta", "mrope_section", "norm_eps"})

    def operators(self) -> list[Operator]:
        width, rows, condition, features = self.width, ell + m, self.adaln_dim, self.llm_features_dim
        half = self.attention_head_dim // 2
        return [
            elementwise("encoder_hidden_states.mask", rows, features),
            dense("input_proj", rows, self.in_channels, width),
            *mlp("t_embedding", width, width),
            dense("adaln_proj", 1, width, condition),
            activation("adaln_proj.silu", 1, condition),
            rms_norm("llm_cond_norm", rows, features),
            dense("llm_cond_proj", rows, features, width),
            residual("llm_cond_proj.add", rows, width),
            embedding("embed_image_indicator", rows, 2, width),
            residual("embed_image_indicator.add", rows, width),
            # Each axis turns by all frequencies before some are chosen.
            product("rotary_emb.freqs", half, 1, rows, times=AXES),
            buffer("rotary_emb.inv_freq", half),
            *repeated("layers", self.num_layers, self.block(rows)),
            activation("final_layer.silu", 1, condition),
            dense("final_layer.adaln_modulation", 1, condition, width),
            norm("final_layer.norm_final", rows, width),
            elementwise("final_layer.scale", rows, width),
            dense("final_layer.linear", rows, width, self.outputs),
        ]

    def block(self, rows: Size) -> list[Operator]:
        """One block on all rows."""
        width, heads = self.width, self.heads
        before = [*head_norms(rows, heads), *rotations(rows, width)]
        own = attend("attention", rows, width, heads, before, bias=False, out_bias=False)
        return [
            dense("adaln_modulation", 1, self.adaln_dim, 4 * width),
            activation("adaln_modulation.tanh", 1, 2 * width),
            *sandwich(rows, width, self.intermediate_size, own, scaled=True),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all; the gated MLP counts as one of 3/2 its ratio."""
        ratio = Rational(3 * self.intermediate_size, 2 * self.width)
        return {**super().leading_order(), a: 1, j: 1, n_ada: Rational(2, 3), t: self.adaln_dim, f: ratio}
