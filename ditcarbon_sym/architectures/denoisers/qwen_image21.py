"""Qwen-Image 2.1: one causal sequence whose text is computed once and kept for all steps (Qwen Team, 2026).

Released as diffusers' ``QwenImage21Transformer2DModel`` (src/diffusers/models/transformers/transformer_qwenimage21.py).
The pipeline computes keys and values of the text in the first step and reads them in all others: counted is a pass of
those others, in which the text is embedded and no more. The first step's pass over ``m`` rows of text is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Rational, Symbol

from ...equations.notation import c, ell, f, m, n_ada
from ..attentions import head_norms, queries_keys_values, rotations
from ..layers import FREQUENCIES, mlp, mlp_of_llama
from ..network import Transformer
from ..operators import (
    Operator,
    Size,
    activation,
    attention,
    dense,
    elementwise,
    gated_residual,
    norm,
    repeated,
    rms_norm,
    within,
)

CONDITIONS = 2
"""Timesteps that are embedded: that of the latents, and 0, which is that of the text."""


@dataclass(frozen=True, kw_only=True)
class QwenImage21Transformer2DModel(Transformer):
    """``num_layers`` blocks under one modulation that scales and gates; no layer has a bias."""

    num_layers: int
    context_in_dim: int
    patch_size: int = 1
    out_channels: int | None = 64
    mlp_ratio: int = 3
    causal_condition: Literal[True] = True

    passed_over = frozenset({"axes_dims_rope", "eps"})
    vae_factors: ClassVar[tuple[int, int]] = (16, 1)

    def operators(self) -> list[Operator]:
        width, area = self.width, self.patch_size**2
        return [
            rms_norm("txt_in.text_norm", m, self.context_in_dim),
            *mlp("txt_in", self.context_in_dim, width, rows=m, bias=False),
            dense("img_in", ell, area * self.in_channels, width, bias=False),
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width, rows=CONDITIONS, bias=False),
            activation("modulation.silu", CONDITIONS, width),
            dense("modulation.linear", CONDITIONS, width, 4 * width, bias=False),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            activation("norm_out.silu", CONDITIONS, width),
            dense("norm_out.linear", CONDITIONS, width, width, bias=False),
            norm("norm_out.norm", ell, width),
            elementwise("norm_out.scale", ell, width),
            dense("proj_out", ell, width, area * self.outputs, bias=False),
        ]

    def block(self) -> list[Operator]:
        """One block: the latents attend to themselves and to the text that is kept."""
        width, heads = self.width, self.heads
        scored = [
            *queries_keys_values(ell, width, heads, bias=False),
            *head_norms(ell, heads),
            *rotations(ell, width, as_complex=True),
            elementwise("cached.cat", ell + m, 2 * width, operations=0),
            attention("scores", ell, ell + m, heads.number, heads.width),
            dense("to_out", ell, width, width, bias=False),
        ]
        feed = mlp_of_llama("img_mlp", ell, width, self.mlp_ratio * width)
        return [*self.scaled("img_norm1", within("attn", scored)), *self.scaled("img_norm2", feed)]

    def scaled(self, before: str, sublayer: list[Operator]) -> list[Operator]:
        """A sublayer that is normed and scaled before, and gated after it; each row's vectors are chosen from two."""
        width = self.width
        return [
            norm(before, ell, width),
            *repeated("", 2, [elementwise(f"{before}.where", ell, width, operations=0, reads=0)]),
            elementwise(f"{before}.scale", ell, width, reads=2),
            *sublayer,
            gated_residual(f"{before}.gate", ell, width),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if the text were read by an attention of its own; the gated MLP counts as one of 3/2 its ratio."""
        return {**super().leading_order(), c: 1, n_ada: Rational(2, 3), f: Rational(3, 2) * self.mlp_ratio}
