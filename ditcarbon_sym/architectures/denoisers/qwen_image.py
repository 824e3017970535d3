"""Qwen-Image: dual-stream blocks throughout, text from Qwen2.5-VL (Qwen Team, 2025).

Released as diffusers' ``QwenImageTransformer2DModel`` (src/diffusers/models/transformers/transformer_qwenimage.py). The
pipeline packs 2 x 2 latent pixels into a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sympy import Symbol

from ...equations.notation import N, a, c, d, ell, f, j, m, n_ada, p, s, t
from ..layers import FREQUENCIES, mlp, modulation
from ..network import Denoiser
from ..operators import Operator, Size, dense, modulate, norm, repeated, rms_norm
from .flux import PACKING, two_streams


@dataclass(frozen=True)
class QwenImageTransformer2DModel(Denoiser):
    """Text and latents have weights of their own in every block and share the attention."""

    patch_size: int
    in_channels: int
    num_layers: int
    attention_head_dim: int
    num_attention_heads: int
    joint_attention_dim: int
    out_channels: int | None = 16
    zero_cond_t: Literal[False] = False
    use_additional_t_cond: Literal[False] = False
    # These do not change the count.
    guidance_embeds: bool = False
    axes_dims_rope: tuple[int, ...] = (16, 56, 56)
    use_layer3d_rope: bool = False

    passed_over: ClassVar[frozenset[str]] = frozenset({"pooled_projection_dim"})

    @property
    def width(self) -> Any:
        """The hidden size d."""
        return self.num_attention_heads * self.attention_head_dim

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels, packed by the pipeline; ``patch_size`` widens the output alone."""
        return PACKING

    def operators(self) -> list[Operator]:
        width = self.width
        outputs = self.in_channels if self.out_channels is None else self.out_channels
        return [
            dense("img_in", ell, self.in_channels, width),
            rms_norm("txt_norm", m, self.joint_attention_dim),
            dense("txt_in", m, self.joint_attention_dim, width),
            *mlp("time_text_embed.timestep_embedder", FREQUENCIES, width),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *modulation("norm_out", width, width, 2),
            norm("norm_out.norm", ell, width),
            modulate("norm_out.modulate", ell, width),
            dense("proj_out", ell, width, self.patch_size**2 * outputs),
        ]

    def block(self) -> list[Operator]:
        """One block: modulated norms, joint attention, an MLP for each stream."""
        width = self.width
        return [
            *modulation("img_mod", width, width, 6),
            *modulation("txt_mod", width, width, 6),
            *two_streams(width, self.num_attention_heads, self.attention_head_dim, ("img_mlp", "txt_mlp")),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {
            s: 1, c: 0, a: 1, j: 0, n_ada: 1, t: self.width, N: self.num_layers, d: self.width, f: 4,
            p: self.patch,
        }  # fmt: skip
