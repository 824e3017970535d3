"""FLUX.2: few dual-stream blocks, many parallel ones, gated MLPs, three modulations for all (Black Forest Labs, 2025).

Released as diffusers' ``Flux2Transformer2DModel`` (src/diffusers/models/transformers/transformer_flux2.py). No layer
has a bias. The pipeline packs 2 x 2 latent pixels into a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Rational, Symbol

from ...equations.notation import ell, f, m
from ..adaln import adaptive_output, modulated, modulation
from ..attentions import head_norms, joint_attention, rotations
from ..layers import feed_forward, mlp
from ..operators import Operator, Size, attention, dense, gate, repeated, within
from .flux import Flux


@dataclass(frozen=True, kw_only=True)
class Flux2Transformer2DModel(Flux):
    """The modulation of each kind of block is made once for all of them."""

    timestep_guidance_channels: int
    mlp_ratio: float
    out_channels: int | None = None
    guidance_embeds: bool = True

    passed_over = Flux.passed_over | {"rope_theta", "eps"}

    def operators(self) -> list[Operator]:
        width, features = self.width, self.timestep_guidance_channels
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
            *adaptive_output(width, width, self.patch_size**2 * self.outputs, bias=False),
        ]

    def dual_block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention."""
        width, heads, rows = self.width, self.heads, ell + m
        before = [*head_norms(ell, heads), *head_norms(m, heads, "added_"), *rotations(rows, width)]
        joint = joint_attention("attn", width, heads, before, bias=False, out_bias=False)
        feed = [
            *feed_forward("ff", ell, width, self.inner, "swiglu", bias=False),
            *feed_forward("ff_context", m, width, self.inner, "swiglu", bias=False),
        ]
        return [*modulated("norm1", "attn", rows, width, joint), *modulated("norm2", "ff", rows, width, feed)]

    def single_block(self) -> list[Operator]:
        """Attention and gated MLP side by side: one matrix into both, one out of both."""
        width, heads, rows = self.width, self.heads, ell + m
        parallel = [
            dense("to_qkv_mlp_proj", rows, width, 3 * width + 2 * self.inner, bias=False),
            *head_norms(rows, heads),
            *rotations(rows, width),
            attention("scores", rows, rows, heads.number, heads.width),
            gate("mlp_act_fn", rows, self.inner),
            dense("to_out", rows, width + self.inner, width, bias=False),
        ]
        return modulated("norm", "attn", rows, width, within("attn", parallel))

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all; no modulation in the blocks; the gated MLP counts as one of 3/2 its ratio."""
        return {**super().leading_order(), f: Rational(3, 2) * self.inner / self.width}
