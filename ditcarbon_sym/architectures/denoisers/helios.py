"""Helios: Wan's blocks beside compressed rows of the frames before, which text does not reach (Yuan et al., 2026).

Released as diffusers' ``HeliosTransformer3DModel`` (src/diffusers/models/transformers/transformer_helios.py). The
pipeline makes a film chunk by chunk, of 9 latent frames each; a pass is that of one chunk. Sides that are no multiples
of 64 pixels are padded by less than a row of patches, which is left out.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Rational

from ...equations.notation import ell, n_latent
from ..layers import patches
from ..operators import Operator, Size, at_rows, elementwise, repeated, shared, table
from .wan import WanBlocks

PARTS = (("patch_short", 2, 1), ("patch_mid", Rational(1, 4), 2), ("patch_long", Rational(1, 4), 4))
"""Clean frames by the size of their patches: as many frames of rows as large as those that are made, and how many
times larger a patch is to each side. 2 frames in patches of the usual size; 2 in larger ones, which make one frame of a
quarter; 16 in still larger ones, which make four of a sixteenth.
"""


@dataclass(frozen=True, kw_only=True)
class HeliosTransformer3DModel(WanBlocks):
    """``has_multi_term_memory_patch`` is what reads the frames before; without it there are none."""

    guidance_cross_attn: bool = True
    zero_history_timestep: bool = True
    has_multi_term_memory_patch: bool = True
    is_amplify_history: bool = False
    history_scale_mode: Literal["per_head", "scalar"] = "per_head"
    added_kv_proj_dim: None = None

    passed_over = WanBlocks.passed_over | {"qk_norm", "rope_dim", "rope_theta"}
    expand_timesteps: ClassVar[bool] = True
    """Scale, shift and gate are spread over all rows."""

    @property
    def timesteps(self) -> Size:
        return 1

    @property
    def history(self) -> Size:
        """Rows of the frames before."""
        return sum(frames for _, frames, _ in PARTS) * ell / n_latent if self.has_multi_term_memory_patch else 0

    def time_embedding(self) -> list[Operator]:
        """Once more for the frames before, as if their timestep were 0; then spread over all rows."""
        made, rows = super().time_embedding(), ell + self.history
        again = shared(made) if self.zero_history_timestep else []
        return [*made, *again, elementwise("spread", rows, 7 * self.width, operations=0)]

    def stack(self) -> list[Operator]:
        """The frames before as rows, and the blocks on all rows; text reaches those that are made alone."""
        rows = {ell: ell + self.history}
        text = [x for x in self.block() if reads_text(x)]
        inside = [x for x in self.block() if not reads_text(x)]
        block = [*at_rows(inside, rows), *(text if self.guidance_cross_attn else at_rows(text, rows))]
        return [*self.memory(), *repeated("blocks", self.num_layers, [*block, *self.amplified()])]

    def memory(self) -> list[Operator]:
        """Patches of the frames before, in three sizes."""
        if not self.has_multi_term_memory_patch:
            return []
        made = []
        for name, frames, times in PARTS:
            sides = tuple(times * side for side in self.patch_size)
            made += at_rows([patches(name, self.in_channels, self.width, sides)], {ell: frames * ell / n_latent})
        return made

    def amplified(self) -> list[Operator]:
        """A trained factor of the keys of the frames before, one for each head or one."""
        if not self.is_amplify_history:
            return []
        numbers = self.num_attention_heads if self.history_scale_mode == "per_head" else 1
        return [
            table("attn1.history_key_scale", numbers),
            elementwise("attn1.history_key_scale", self.history, self.width),
        ]


def reads_text(operator: Operator) -> bool:
    """Whether it is part of the attention to text."""
    return operator.name.startswith(("attn2", "norm2"))
