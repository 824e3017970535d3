"""FLUX.3: blocks for image and text apart, then for both, attention and MLP side by side (Black Forest Labs, 2026).

Released as diffusers' ``Flux3Transformer2DModel`` (src/diffusers/models/transformers/transformer_flux3.py). No layer
has a bias, and every row has a modulation of its own. Text to image is counted: the blocks for reference images are
loaded and stay idle. The pipeline packs 2 x 2 latent pixels into a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Rational, Symbol

from ...equations.notation import ell, f, j, m
from ..adaln import modulated_output, modulation
from ..attentions import attend, head_norms, rotations
from ..layers import feed_forward, mlp
from ..operators import Operator, Size, activation, dense, gated_residual, modulate, norm, repeated, residual, shared
from .flux import PackedLatent
from .z_image import held


@dataclass(frozen=True, kw_only=True)
class Flux3Transformer2DModel(PackedLatent):
    """``num_layers`` blocks for each of image, reference images and text, then ``num_single_layers`` for all.

    ``flow_map``: a distilled release embeds the timestep that a step leads to, too.
    """

    num_single_layers: int
    joint_attention_dim: int
    cond_in_channels: int = 128
    timestep_channels: int = 256
    mlp_ratio: float = 3.0
    flow_map: bool = False

    passed_over = frozenset({"axes_dims_rope", "rope_theta", "eps"})

    def operators(self) -> list[Operator]:
        width, features = self.width, self.timestep_channels
        timestep = mlp("timestep_embedder", features, width, bias=False)
        target = mlp("target_timestep_embedder", features, width, bias=False)
        return [
            *timestep,
            *shared(timestep),
            *(target if self.flow_map else []),
            *self.stream("image", ell, self.in_channels),
            *self.stream("txt", m, self.joint_attention_dim),
            *map(held, self.stream("image_cond", ell, self.cond_in_channels)),
            *repeated("single_transformer_blocks", self.num_single_layers, self.block(ell + m)),
            *modulated_output(
                modulation("norm_out", width, width, 2, rows=ell, bias=False), width, self.outputs, bias=False
            ),
        ]

    def stream(self, name: str, rows: Size, inputs: Size) -> list[Operator]:
        """Rows of one kind into the network, their modulations, and the blocks in which they are alone."""
        width = self.width
        return [
            activation(f"{name}.silu", rows, width),
            dense(f"early_stream_modulations.{name}", rows, width, 3 * width, bias=False),
            dense(f"single_stream_modulations.{name}", rows, width, 3 * width, bias=False),
            dense(f"embedder.{name}", rows, inputs, width, bias=False),
            *repeated(f"mode_blocks.{name}", self.num_layers, self.block(rows)),
        ]

    def block(self, rows: Size) -> list[Operator]:
        """Attention and gated MLP side by side, each with a matrix out of its own."""
        width, heads = self.width, self.heads
        before = [*head_norms(rows, heads), *rotations(rows, width)]
        return [
            norm("norm", rows, width),
            modulate("norm.modulate", rows, width),
            *attend("attn", rows, width, heads, before, bias=False, out_bias=False),
            *feed_forward("ff", rows, width, self.inner, "swiglu", bias=False),
            residual("ff.add", rows, width),
            gated_residual("gate", rows, width),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all; the modulation of each row is left out; the gated MLP counts as one of 3/2 its ratio."""
        return {**super().leading_order(), j: 1, f: Rational(3, 2) * self.inner / self.width}
