"""Lumina-Image 2.0 and HiDream-I1: what it takes to count their denoisers on the meta device."""

from typing import Any

from diffusers.models.transformers.transformer_hidream_image import MOEFeedForwardSwiGLU
from torch import Tensor, cat, ones


def valid_text(net: Any) -> None:
    """Lumina2 reads its text lengths out of the mask, which a tensor on meta cannot tell.

    Its positions are given a mask on the CPU that has all rows valid; they take no product. The attentions keep the
    mask they are given.
    """
    positions = net.rope_embedder.forward

    def forward(hidden_states: Tensor, attention_mask: Tensor) -> Any:
        return positions(hidden_states, ones(attention_mask.shape, dtype=int, device="cpu"))

    net.rope_embedder.forward = forward


def even_routing(net: Any) -> None:
    """HiDream's router counts the rows of each expert, which depend on values that a tensor on meta does not have.

    Here each expert gets an equal share. Every row always goes to ``num_activated_experts`` experts, and all experts
    have one size, so the products stay the same. The router itself and the shared expert are not changed. At the end
    the class would also read the image's size from a tensor; here the output stays in tokens, which only saves a change
    of shape.
    """
    net.unpatchify = lambda rows, sizes, is_training: rows

    def routed(mixture: Any) -> Any:
        def moe_infer(rows: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
            chosen = rows.repeat_interleave(mixture.num_activated_experts, dim=0)
            shares = chosen.tensor_split(len(mixture.experts))
            outputs = cat([expert(share) for expert, share in zip(mixture.experts, shares, strict=True)]) * weights
            return outputs.view(*rows.shape[:-1], mixture.num_activated_experts, -1).sum(dim=-2)

        return moe_infer

    for module in net.modules():
        if isinstance(module, MOEFeedForwardSwiGLU):
            module.moe_infer = routed(module)


PATCHES = {"Lumina2Transformer2DModel": valid_text, "HiDreamImageTransformer2DModel": even_routing}
