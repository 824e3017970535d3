"""Lumina-Image 2.0, Z-Image and HiDream-I1: what their denoisers take. Sizes are of the latent."""

from typing import Any

from diffusers.models.transformers.transformer_hidream_image import MOEFeedForwardSwiGLU
from torch import Tensor, cat, empty, ones


def lumina2(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "hidden_states": empty(1, net.config.in_channels, height, width), "timestep": empty(1),
        "encoder_hidden_states": empty(1, text, net.config.cap_feat_dim), "encoder_attention_mask": empty(1, text),
    }  # fmt: skip


def valid_text(net: Any) -> None:
    """Lumina2 reads its text lengths out of the mask, which a tensor on meta cannot tell.

    Its positions are given a mask on the CPU that has all rows valid; they take no product. The attentions keep the
    mask they are given.
    """
    positions = net.rope_embedder.forward

    def forward(hidden_states: Tensor, attention_mask: Tensor) -> Any:
        return positions(hidden_states, ones(attention_mask.shape, dtype=int, device="cpu"))

    net.rope_embedder.forward = forward


def z_image(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    return {
        "x": [empty(net.config.in_channels, frames, height, width)], "t": empty(1),
        "cap_feats": [empty(text, net.config.cap_feat_dim)],
        "patch_size": net.config.all_patch_size[0], "f_patch_size": net.config.all_f_patch_size[0],
    }  # fmt: skip


def hidream(net: Any, height: int, width: int, frames: int, text: int) -> dict[str, Any]:
    """Both encoders give ``text`` tokens; Llama gives those of all its layers."""
    t5, llama = net.config.caption_channels
    return {
        "hidden_states": empty(1, net.config.in_channels, height, width), "timesteps": empty(1),
        "encoder_hidden_states_t5": empty(1, text, t5),
        "encoder_hidden_states_llama3": empty(max(net.config.llama_layers) + 1, 1, text, llama),
        "pooled_embeds": empty(1, net.config.text_emb_dim),
    }  # fmt: skip


def even_routing(net: Any) -> None:
    """HiDream's router counts the rows of each expert, which depend on values that a tensor on meta does not have.

    Here the experts get even shares. However it turns out, every row goes to ``num_activated_experts`` of them, and
    all experts are of one size, so that the products are as many. The router itself and the shared expert stay.
    The image's size, too, would be read out of a tensor at the end; the output stays in tokens, which only spares a
    change of shape.
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


DENOISERS = {
    "Lumina2Transformer2DModel": lumina2,
    "ZImageTransformer2DModel": z_image,
    "HiDreamImageTransformer2DModel": hidream,
}
PATCHES = {"Lumina2Transformer2DModel": valid_text, "HiDreamImageTransformer2DModel": even_routing}
