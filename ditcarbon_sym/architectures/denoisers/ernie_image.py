"""ERNIE-Image: one stream of latents and text under a modulation that all blocks share (Baidu, 2026).

Released as diffusers' ``ErnieImageTransformer2DModel`` (src/diffusers/models/transformers/transformer_ernie_image.py).
The pipeline packs 2 x 2 latent pixels into the channels of one before the network sees them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sympy import Rational, Symbol

from ...equations.notation import ell, f, j, m
from ..adaln import modulated, modulation
from ..attentions import attend, head_norms, rotations
from ..layers import mlp, mlp_of_llama, patches
from ..network import Sized
from ..operators import RMS_NORM, Operator, Size, dense, elementwise, modulate, norm, repeated
from .flux import PACKING


@dataclass(frozen=True, kw_only=True)
class ErnieImageTransformer2DModel(Sized):
    """``num_layers`` blocks; text rows run through the layer out, too, and are dropped there."""

    num_layers: int
    ffn_hidden_size: int
    text_in_dim: int
    in_channels: int = 128
    out_channels: int = 128
    patch_size: int = 1
    qk_layernorm: Literal[True] = True

    passed_over = frozenset({"rope_theta", "rope_axes_dim", "eps"})

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels, those that the pipeline packs included."""
        return PACKING * self.patch_size

    def operators(self) -> list[Operator]:
        width, side, rows = self.width, self.patch_size, ell + m
        text = [dense("text_proj", m, self.text_in_dim, width, bias=False)]
        return [
            patches("x_embedder.proj", self.in_channels, width, (side, side)),
            *(text if self.text_in_dim != width else []),
            *mlp("time_embedding", width, width),
            *modulation("adaLN_modulation", width, width, 6),
            elementwise("adaLN_modulation.expand", rows, 6 * width, operations=0),
            *repeated("layers", self.num_layers, self.block(rows)),
            dense("final_norm.linear", 1, width, 2 * width),
            norm("final_norm.norm", rows, width),
            modulate("final_norm.modulate", rows, width),
            dense("final_linear", rows, width, side**2 * self.outputs),
        ]

    def block(self, rows: Size) -> list[Operator]:
        """One block; shift, scale and gate are those of all blocks."""
        width, heads = self.width, self.heads
        before = [*head_norms(rows, heads), *rotations(rows, width)]
        own = attend("self_attention", rows, width, heads, before, bias=False, out_bias=False)
        feed = mlp_of_llama("mlp", rows, width, self.ffn_hidden_size)
        return [
            *modulated("adaLN_sa_ln", "self_attention", rows, width, own, vectors=1, operations=RMS_NORM),
            *modulated("adaLN_mlp_ln", "mlp", rows, width, feed, vectors=1, operations=RMS_NORM),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all, modulated once; the gated MLP counts as one of 3/2 its ratio."""
        return {**super().leading_order(), j: 1, f: Rational(3 * self.ffn_hidden_size, 2 * self.hidden_size)}
