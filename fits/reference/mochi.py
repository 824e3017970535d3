"""Mochi 1: what it takes to count its denoiser on the meta device."""

from typing import Any

from torch import Tensor, einsum, ones


def valid_text(net: Any) -> None:
    """Mochi's attention picks the text rows that the mask marks as valid, which a tensor on meta cannot tell.

    Here it gets a mask on the CPU that marks all rows as valid. The pooling of the text keeps the mask on meta. The
    class computes the angles of the positions under a cast to 32 bits, which torch does not offer on meta; here the
    same product is computed without the cast.
    """

    def angles(freqs: Tensor, pos: Tensor) -> tuple[Tensor, Tensor]:
        products = einsum("nd,dhf->nhf", pos, freqs)
        return products.cos(), products.sin()

    def all_rows(forward: Any) -> Any:
        def attend(*, attention_mask: Tensor, **inputs: Any) -> Any:
            return forward(attention_mask=ones(attention_mask.shape, dtype=bool, device="cpu"), **inputs)

        return attend

    net.rope._create_rope = angles
    for block in net.transformer_blocks:
        block.attn1.forward = all_rows(block.attn1.forward)


PATCHES = {"MochiTransformer3DModel": valid_text}
