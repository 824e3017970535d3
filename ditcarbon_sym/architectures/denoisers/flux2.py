"""FLUX.2: few dual-stream blocks, many parallel ones, gated MLPs, three modulations for all (Black Forest Labs, 2025).

Released as diffusers' ``Flux2Transformer2DModel`` (src/diffusers/models/transformers/transformer_flux2.py). No layer
has a bias. The pipeline packs 2 x 2 latent pixels into a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Rational, Symbol, nsimplify

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import feed_forward, head_norms, mlp, modulation, rotations
from ..network import Denoiser
from ..operators import Operator, Size, attention, dense, gate, gated_residual, modulate, norm, repeated, within
from .flux import PACKING, joint_attention


@dataclass(frozen=True)
class Flux2Transformer2DModel(Denoiser):
    """``num_layers`` dual-stream and ``num_single_layers`` single-stream blocks."""

    patch_size: int
    in_channels: int
    num_layers: int
    num_single_layers: int
    attention_head_dim: int
    num_attention_heads: int
    joint_attention_dim: int
    timestep_guidance_channels: int
    mlp_ratio: float
    out_channels: int | None = None
    guidance_embeds: bool = True
    # These do not change the count.
    axes_dims_rope: tuple[int, ...] = (32, 32, 32, 32)
    rope_theta: int = 2000
    eps: float = 1e-6

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def inner(self) -> Any:
        """Width of one half of the gated MLP, rounded down as in the released code."""
        width = self.width * self.mlp_ratio
        return int(width) if isinstance(width, int | float) else nsimplify(width, rational=True)

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels, packed by the pipeline; ``patch_size`` widens the output alone."""
        return PACKING

    def operators(self) -> list[Operator]:
        width, features = self.width, self.timestep_guidance_channels
        outputs = self.in_channels if self.out_channels is None else self.out_channels
        embedders = ("timestep_embedder", "guidance_embedder") if self.guidance_embeds else ("timestep_embedder",)
        return [
            *(x for name in embedders for x in mlp(f"time_guidance_embed.{name}", features, width, bias=False)),
            *modulation("double_stream_modulation_img", width, width, 6, bias=False),
            *modulation("double_stream_modulation_txt", width, width, 6, bias=False),
            *modulation("single_stream_modulation", width, width, 3, bias=False),
            dense("x_embedder", ell, self.in_channels, width, bias=False),
            dense("context_embedder", m, self.joint_attention_dim, width, bias=False),
            *repeated("transformer_blocks", self.num_layers, self.dual_block()),
            *repeated("single_transformer_blocks", self.num_single_layers, self.single_block()),
            *modulation("norm_out", width, width, 2, bias=False),
            norm("norm_out.norm", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, self.patch_size**2 * outputs, bias=False),
        ]

    def dual_block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention; the modulation is made once for all blocks."""
        width = self.width
        return [
            norm("norm1", ell + m, width),
            modulate("norm1.modulate", ell + m, width),
            *joint_attention(width, self.num_attention_heads, self.attention_head_dim, bias=False),
            gated_residual("attn.gate", ell + m, width),
            norm("norm2", ell + m, width),
            modulate("norm2.modulate", ell + m, width),
            *feed_forward("ff", ell, width, self.inner, gated=True, bias=False),
            *feed_forward("ff_context", m, width, self.inner, gated=True, bias=False),
            gated_residual("ff.gate", ell + m, width),
        ]

    def single_block(self) -> list[Operator]:
        """Attention and gated MLP side by side: one matrix into both, one out of both."""
        width, heads, head, rows = self.width, self.num_attention_heads, self.attention_head_dim, ell + m
        parallel = [
            dense("to_qkv_mlp_proj", rows, width, 3 * width + 2 * self.inner, bias=False),
            *head_norms(rows, heads, head),
            *rotations(rows, width),
            attention("scores", rows, rows, heads, head),
            gate("mlp_act_fn", rows, self.inner),
            dense("to_out", rows, width + self.inner, width, bias=False),
        ]
        return [
            norm("norm", rows, width),
            modulate("norm.modulate", rows, width),
            *within("attn", parallel),
            gated_residual("gate", rows, width),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all; no modulation in the blocks; the gated MLP counts as one of 3/2 its ratio."""
        return {
            s: 0, c: 0, a: 0, j: 1, n_ada: 1, t: self.width, N: self.num_layers + self.num_single_layers,
            d: self.width, f: Rational(3, 2) * self.inner / self.width, p: self.patch,
        }  # fmt: skip
