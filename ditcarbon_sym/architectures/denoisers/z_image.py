"""Z-Image: text and latents refined apart, then in one sequence through the same blocks (Z-Image Team, 2025).

Released as diffusers' ``ZImageTransformer2DModel`` (src/diffusers/models/transformers/transformer_z_image.py). Latent
and text rows are each padded to a multiple of 32, and the padding is worked on like all other rows; ``m`` includes it.
The count is that of text to image, without images to condition on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sympy import Rational, Symbol

from ...equations.notation import a, ell, f, j, m, n_ada, t
from ..adaln import modulation, sandwich
from ..attentions import Heads, attend, head_norms, rotations
from ..layers import FREQUENCIES, mlp
from ..network import Denoiser
from ..operators import Operator, Size, activation, dense, elementwise, norm, repeated, rms_norm, table, within

CONDITION = 256
"""Width of the time embedding, in networks that are at least as wide."""
TIME_INNER = 1024
"""Width between the two layers of the time embedding."""
MULTIPLE = 32
"""Latent and text rows are padded to a multiple of it."""


@dataclass(frozen=True, kw_only=True)
class ZImageTransformer2DModel(Denoiser):
    """``n_refiner_layers`` blocks for the latents and as many for the text, then ``n_layers`` for both.

    It holds layers in and out for each of its patch sizes and works with the first.
    """

    all_patch_size: tuple[int, ...]
    all_f_patch_size: tuple[int, ...]
    in_channels: int
    dim: int
    n_layers: int
    n_refiner_layers: int
    n_heads: int
    cap_feat_dim: int
    qk_norm: bool = True
    siglip_feat_dim: None = None

    # These do not change the count; the released class gives every head keys and values of its own.
    passed_over = frozenset({"n_kv_heads", "norm_eps", "rope_theta", "t_scale", "axes_dims", "axes_lens"})

    @property
    def width(self) -> Any:
        return self.dim

    @property
    def blocks(self) -> Any:
        return self.n_layers + 2 * self.n_refiner_layers

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels."""
        return self.all_patch_size[0]

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token."""
        return self.all_f_patch_size[0]

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size, padded to a multiple of 32; incomplete patches are dropped."""
        tokens = (height // self.patch) * (width // self.patch) * (frames // self.patch_frames)
        return -(-tokens // MULTIPLE) * MULTIPLE

    def text_rows(self, text: int) -> int:
        """Text rows, padded to a multiple of 32."""
        return -(-text // MULTIPLE) * MULTIPLE

    @property
    def condition(self) -> int:
        """Width of the time embedding."""
        return min(self.dim, CONDITION)

    @property
    def inner(self) -> int:
        """Inner width of the gated MLP, rounded down as the released class does it."""
        return int(self.dim / 3 * 8)

    def operators(self) -> list[Operator]:
        patches = list(dict.fromkeys(zip(self.all_patch_size, self.all_f_patch_size, strict=True)))
        idle = [held(x) for other in patches[1:] for x in (self.layer_in(*other), *self.layers_out(*other))]
        text = sandwich(m, self.dim, self.inner, self.attention(m), scaled=False)
        return [
            *mlp("t_embedder", FREQUENCIES, TIME_INNER, self.condition),
            self.layer_in(*patches[0]),
            table("x_pad_token", self.dim),
            elementwise("x_pad_token.where", ell, self.dim),
            *repeated("noise_refiner", self.n_refiner_layers, self.block(ell)),
            rms_norm("cap_embedder.norm", m, self.cap_feat_dim),
            dense("cap_embedder.linear", m, self.cap_feat_dim, self.dim),
            table("cap_pad_token", self.dim),
            elementwise("cap_pad_token.where", m, self.dim),
            *repeated("context_refiner", self.n_refiner_layers, text),
            *repeated("layers", self.n_layers, self.block(ell + m)),
            *self.layers_out(*patches[0]),
            *idle,
        ]

    def layer_in(self, side: int, depth: int) -> Operator:
        """The layer into the network for patches of this size."""
        return dense(f"all_x_embedder.{side}-{depth}", ell, side**2 * depth * self.in_channels, self.dim)

    def layers_out(self, side: int, depth: int) -> list[Operator]:
        """The layers out of the network for patches of this size; they work on all rows."""
        rows = ell + m
        return within(
            f"all_final_layer.{side}-{depth}",
            [
                *modulation("adaLN_modulation", self.condition, self.dim, 1),
                norm("norm_final", rows, self.dim),
                elementwise("scale", rows, self.dim),
                dense("linear", rows, self.dim, side**2 * depth * self.in_channels),
            ],
        )

    def block(self, rows: Size) -> list[Operator]:
        """One block with modulation, which the refiner of the text lacks: text does not depend on the timestep."""
        width = self.dim
        return [
            dense("adaLN_modulation", 1, self.condition, 4 * width),
            activation("adaLN_modulation.tanh", 1, 2 * width),
            *sandwich(rows, width, self.inner, self.attention(rows), scaled=True),
        ]

    def attention(self, rows: Size) -> list[Operator]:
        """Attention with rotary positions on all rows."""
        heads = Heads(self.n_heads, self.dim // self.n_heads)
        normed = head_norms(rows, heads) if self.qk_norm else []
        before = [*normed, *rotations(rows, heads.total, as_complex=True)]
        return attend("attention", rows, self.dim, heads, before, bias=False, out_bias=False)

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if the refiners saw all rows."""
        ratio = Rational(3 * self.inner, 2 * self.dim)
        return {**super().leading_order(), a: 1, j: 1, n_ada: Rational(2, 3), t: self.condition, f: ratio}


def held(operator: Operator) -> Operator:
    """An operator whose weights are loaded and stay idle."""
    return replace(operator, flop=0, elementwise=0, moved=0, weights=0)
