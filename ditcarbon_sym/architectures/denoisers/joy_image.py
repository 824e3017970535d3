"""JoyImage-Edit: dual-stream blocks that add a table each to one modulation (JD, 2026).

Released as diffusers' ``JoyImageEditTransformer3DModel`` and ``JoyImageEditPlusTransformer3DModel``
(transformer_joyimage.py and transformer_joyimage_edit_plus.py in src/diffusers/models/transformers). The images that
are edited are further frames of the latent to the first, and further rows of patches to the second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

from sympy import Symbol

from ...equations.notation import ell, m, s
from ..adaln import modulated, modulation, shifts_and_scales
from ..attentions import head_norms, joint_attention, rotations
from ..layers import FREQUENCIES, feed_forward, mlp, patches, rounded_down
from ..network import Sized
from ..operators import Operator, Size, dense, norm, repeated
from .flux import MEGAPIXEL


@dataclass(frozen=True, kw_only=True)
class JoyImageEditTransformer3DModel(Sized):
    """``num_layers`` dual-stream blocks; positions turn the text, too, where ``rope_type`` is mrope."""

    text_dim: int
    num_layers: int
    in_channels: int = 16
    patch_size: tuple[int, int, int] = (1, 2, 2)
    out_channels: int | None = None
    mlp_width_ratio: float = 4.0
    rope_type: Literal["rope", "mrope"] = "rope"

    passed_over = frozenset({"rope_dim_list", "theta"})
    reference_pixels: ClassVar[int] = MEGAPIXEL

    @property
    def is_video(self) -> bool:
        """Its frames are images."""
        return False

    @property
    def patch(self) -> int:
        """Side of a token in latent pixels."""
        return self.patch_size[1]

    @property
    def patch_frames(self) -> int:
        """Latent frames in a token."""
        return self.patch_size[0]

    @property
    def turns_text(self) -> bool:
        """Whether text rows have positions."""
        return self.rope_type == "mrope"

    def operators(self) -> list[Operator]:
        width, volume = self.width, prod(self.patch_size)
        return [
            patches("img_in", self.in_channels, width, self.patch_size),
            *mlp("condition_embedder.time_embedder", FREQUENCIES, width),
            *modulation("condition_embedder.time_proj", width, width, 6),
            *mlp("condition_embedder.text_embedder", self.text_dim, width, rows=m),
            *repeated("double_blocks", self.num_layers, self.block()),
            norm("norm_out", ell, width),
            dense("proj_out", ell, width, volume * self.outputs),
        ]

    def block(self) -> list[Operator]:
        """Two streams with weights of their own, one attention."""
        width, heads, rows = self.width, self.heads, ell + m
        inner = rounded_down(width * self.mlp_width_ratio)
        turned = rotations(rows if self.turns_text else ell, width)
        joint = joint_attention("attn", width, heads, [*head_norms(ell, heads), *head_norms(m, heads, "txt_"), *turned])
        feed = [*feed_forward("img_mlp", ell, width, inner), *feed_forward("txt_mlp", m, width, inner)]
        return [
            *repeated("", 2, shifts_and_scales(6, width)),
            *modulated("norm1", "attn", rows, width, joint),
            *modulated("norm2", "mlp", rows, width, feed),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), s: 1}


@dataclass(frozen=True, kw_only=True)
class JoyImageEditPlusTransformer3DModel(JoyImageEditTransformer3DModel):
    """The same blocks; positions never turn the text, and images may be of any size."""

    @property
    def turns_text(self) -> bool:
        """Text rows have no positions, whatever ``rope_type`` says."""
        return False
