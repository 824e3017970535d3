"""Cosmos 3: what it takes to count its denoiser on the meta device."""

from types import MethodType
from typing import Any

from torch import Tensor, cat


def without_a_cast(net: Any) -> None:
    """The class computes angles of positions under a cast to 32 bits, which torch does not offer on meta.

    Here the same product is computed without the cast.
    """

    def angles(self: Any, position_ids: Tensor, device: Any, dtype: Any) -> tuple[Tensor, Tensor]:
        inverse = self.inv_freq[None, None, :, None].expand(3, position_ids.shape[1], -1, 1)
        found = (inverse @ position_ids[:, :, None, :].float()).transpose(2, 3)
        both = self.apply_interleaved_mrope(found, self.rope_axes_dim)
        both = cat((both, both), dim=-1)
        return both.cos().to(dtype), both.sin().to(dtype)

    net.rotary_emb.forward = MethodType(angles, net.rotary_emb)


PATCHES = {"Cosmos3OmniTransformer": without_a_cast}
