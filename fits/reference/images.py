"""Image models of 2024 and later: what it takes to count their denoisers on the meta device."""

from collections.abc import Callable
from typing import Any

from diffusers.models.transformers import transformer_qwenimage21
from diffusers.models.transformers.transformer_nucleusmoe_image import SwiGLUExperts
from torch import Tensor, cat, device, full, zeros

from ditcarbon_sym.measure.inputs.packed import keys_at_hand


def positions_apart(part: str) -> Callable[[Any], None]:
    """Some classes ask of their positions what a tensor on meta cannot tell: that part of the network is on the CPU."""

    def patch(net: Any) -> None:
        module = getattr(net, part).to_empty(device="cpu")
        positions = module.forward

        def forward(*given: Tensor) -> Any:
            made = positions(*(zeros(x.shape, device="cpu") for x in given))
            return made.to("meta") if isinstance(made, Tensor) else tuple(x.to("meta") for x in made)

        module.forward = forward

    return patch


def nothing_dropped(net: Any) -> None:
    """GLM-Image sets the tokens of some rows to zero by a mask that a tensor on meta does not have; here of none."""
    whole = net.forward
    net.forward = lambda prior_token_drop, **taken: whole(
        prior_token_drop=zeros(prior_token_drop.shape, dtype=bool, device="cpu"), **taken
    )


def glyphs_beside(net: Any) -> None:
    """HunyuanImage sorts valid text rows before the others, by a mask that a tensor on meta does not have.

    Here the rows of ByT5 are put beside those of Qwen2.5-VL as they come; no product depends on their order.
    """
    if net.context_embedder_2 is None:
        return
    whole, refined = net.forward, net.context_embedder.forward

    def forward(*, encoder_hidden_states_2: Tensor, encoder_attention_mask_2: Tensor, **taken: Any) -> Any:
        glyphs = net.context_embedder_2(encoder_hidden_states_2)

        def embedded(text: Tensor, timestep: Tensor, mask: Tensor) -> Tensor:
            return cat([glyphs, refined(text, timestep, mask[:, glyphs.shape[1] :])], dim=1)

        net.context_embedder.forward = embedded
        mask = cat([encoder_attention_mask_2, taken.pop("encoder_attention_mask")], dim=1)
        return whole(encoder_attention_mask=mask, **taken)

    net.forward = forward


def grid_apart(net: Any) -> None:
    """JoyImage reads the largest position of its latent where the text has positions: they are made on the CPU."""
    positions = net.get_rotary_pos_embed

    def made(**sizes: Any) -> Any:
        with device("cpu"):
            both = positions(**sizes)
        return tuple(None if x is None else tuple(part.to("meta") for part in x) for x in both)

    net.get_rotary_pos_embed = made


def equal_shares(net: Any) -> None:
    """Nucleus reads how many rows each expert takes, which are equally many: here without reading a tensor, and one
    expert after the other, since the product of all at once wants 16 bits.
    """
    for module in net.modules():
        if isinstance(module, SwiGLUExperts):
            module.use_grouped_mm = False
            module.forward = shares(module)


def shares(experts: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """The experts' own loop over rows that are split evenly."""
    loop = experts.forward
    return lambda rows, _: loop(rows, full((experts.num_experts,), len(rows) // experts.num_experts, device="cpu"))


def mask_beside(net: Any) -> None:
    """Qwen-Image 2.1 reads its mask by value, and chooses by it among tensors on meta: there it is moved to them."""
    keys_at_hand(net)
    chosen = transformer_qwenimage21._select_modulation_rows
    if chosen.__module__ == transformer_qwenimage21.__name__:
        transformer_qwenimage21._select_modulation_rows = lambda made, mask: chosen(made, mask.to(made.device))


PATCHES = {
    "ErnieImageTransformer2DModel": positions_apart("pos_embed"),
    "GlmImageTransformer2DModel": nothing_dropped,
    "HunyuanImageTransformer2DModel": glyphs_beside,
    "Ideogram4Transformer2DModel": positions_apart("rotary_emb"),
    "JoyImageEditTransformer3DModel": grid_apart,
    "NucleusMoEImageTransformer2DModel": equal_shares,
    "OmniGenTransformer2DModel": positions_apart("rope"),
    "QwenImage21Transformer2DModel": mask_beside,
}
