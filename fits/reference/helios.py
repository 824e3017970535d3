"""Helios: what it takes to count its denoiser on the meta device."""

from typing import Any

from torch import Tensor


def without_a_cast(net: Any) -> None:
    """The class computes angles of positions under a cast to 32 bits, which torch does not offer on meta.

    Here they are computed without it, as an outer product, which has no sum and so takes no product to count.
    """

    def angles(freqs: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        turned = (freqs[:, None, None, None, None] * places[None]).repeat_interleave(2, dim=0)
        return turned.cos(), turned.sin()

    net.rope.get_frequency_batched = angles


PATCHES = {"HeliosTransformer3DModel": without_a_cast}
