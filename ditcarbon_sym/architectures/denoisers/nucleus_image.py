"""Nucleus-Image: latents attend to themselves and to the text; experts choose their latents (Nucleus AI, 2026).

Released as diffusers' ``NucleusMoEImageTransformer2DModel``
(src/diffusers/models/transformers/transformer_nucleusmoe_image.py). The pipeline packs 2 x 2 latent pixels into a
token. Each expert takes ``capacity_factor / num_experts`` of the rows, which the class rounds up to whole rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sympy import Integer, Rational, Symbol, nsimplify

from ...equations.notation import a, c, ell, f, m, n_ada
from ..adaln import adaptive_output, modulation
from ..attentions import Heads, head_norms, queries_keys_values
from ..layers import feed_forward, mlp
from ..operators import (
    SOFTMAX,
    Operator,
    Size,
    activation,
    attention,
    dense,
    elementwise,
    gate,
    gated_residual,
    norm,
    product,
    repeated,
    residual,
    rms_norm,
    rotary,
    table,
    within,
)
from .flux import PackedLatent

Strategy = Literal[
    "leave_first_three_and_last_block_dense", "leave_first_three_blocks_dense", "leave_first_block_dense", "all_moe",
    "all_dense",
]  # fmt: skip
MULTIPLE = 128
"""The inner width of the MLP of a block without experts is rounded down to a multiple of it."""


@dataclass(frozen=True, kw_only=True)
class NucleusMoEImageTransformer2DModel(PackedLatent):
    """``num_layers`` blocks, most of them with ``num_experts`` gated MLPs and one that all rows share.

    ``capacity_factors``, one for all blocks or one for each: by how many experts a row is taken, on average.
    """

    patch_size: int
    joint_attention_dim: int
    num_experts: int
    moe_intermediate_dim: int
    out_channels: int | None = None
    num_key_value_heads: int | None = None
    mlp_ratio: float = 4.0
    moe_enabled: bool = True
    dense_moe_strategy: Strategy = "leave_first_three_and_last_block_dense"
    capacity_factors: float | tuple[float, ...] = 8.0

    passed_over = frozenset({"axes_dims_rope", "use_sigmoid", "route_scale", "use_grouped_mm"})

    @property
    def heads(self) -> Heads:
        """Heads of the attention, those of keys and values in groups."""
        return Heads(self.num_attention_heads, self.attention_head_dim, self.num_key_value_heads)

    @property
    def mixed(self) -> list[bool]:
        """Whether each block has experts."""
        first = {"all_moe": 0, "leave_first_block_dense": 1}.get(self.dense_moe_strategy, 3)
        last = self.num_layers - (self.dense_moe_strategy == "leave_first_three_and_last_block_dense")
        some = self.moe_enabled and self.dense_moe_strategy != "all_dense"
        return [some and first <= layer < last for layer in range(self.num_layers)]

    @property
    def capacities(self) -> list[float]:
        """The capacity factor of each block."""
        given = self.capacity_factors
        return list(given) if isinstance(given, tuple) else [given] * self.num_layers

    def operators(self) -> list[Operator]:
        width, mixed, dense_inner = self.width, self.mixed, int(self.width * self.mlp_ratio * 2 / 3)
        plain = feed_forward("img_mlp", ell, width, dense_inner // MULTIPLE * MULTIPLE, "swiglu", bias=False)
        factors = [factor for factor, some in zip(self.capacities, mixed, strict=True) if some]
        blocks = [
            repeated("moe_blocks", factors.count(factor), self.block(self.experts(factor)))
            for factor in dict.fromkeys(factors)
        ]
        return [
            dense("img_in", ell, self.in_channels, width),
            rms_norm("txt_norm", m, self.joint_attention_dim),
            *mlp("time_text_embed.timestep_embedder", width, 4 * width, width),
            rms_norm("time_text_embed.norm", 1, width),
            *repeated("dense_blocks", mixed.count(False), self.block(plain)),
            *(x for block in blocks for x in block),
            *adaptive_output(width, width, 0)[:-1],
            dense("proj_out", ell, width, self.patch_size**2 * self.outputs, bias=False),
        ]

    def block(self, feed: list[Operator]) -> list[Operator]:
        """One block; the text is projected anew in each, and only the latents are modulated."""
        width = self.width
        return [
            *modulation("img_mod", width, width, 4),
            activation("img_mod.clamp_tanh", 1, 2 * width),
            dense("encoder_proj", m, self.joint_attention_dim, width),
            *self.scaled("attn", self.attention()),
            *self.scaled("mlp", feed),
        ]

    def scaled(self, name: str, sublayer: list[Operator]) -> list[Operator]:
        """A sublayer that is normed and scaled before, and gated after it."""
        return [
            norm(f"pre_{name}_norm", ell, self.width),
            elementwise(f"pre_{name}_norm.scale", ell, self.width),
            *sublayer,
            gated_residual(f"{name}.add", ell, self.width),
        ]

    def attention(self) -> list[Operator]:
        """Queries of the latents, keys and values of latents and text, copied to every head."""
        width, heads, rows = self.width, self.heads, ell + m
        return within(
            "attn",
            [
                *queries_keys_values(ell, width, heads, bias=False),
                *head_norms(ell, heads),
                rotary("rope_q", ell, heads.total, as_complex=True),
                dense("add_k_proj", m, width, heads.keys_total, bias=False),
                dense("add_v_proj", m, width, heads.keys_total, bias=False),
                # The released class holds a norm of text queries, too, although there are none.
                rms_norm("norm_added_k", m * heads.of_keys, heads.width),
                table("norm_added_q", heads.width),
                rotary("rope_k", rows, heads.keys_total, as_complex=True),
                elementwise("repeat_kv", rows, 2 * heads.total, operations=0),
                attention("scores", ell, rows, heads.number, heads.width),
                dense("to_out", ell, heads.total, width, bias=False),
            ],
        )

    def experts(self, capacity: float) -> list[Operator]:
        """The router, the experts on the rows that they choose, and the one that all rows share."""
        width, experts, inner = self.width, self.num_experts, self.moe_intermediate_dim
        factor = nsimplify(capacity, rational=True)
        each, taken = ell * factor / experts, ell * factor
        weights = [
            table("experts.gate_up_proj", experts * width * 2 * inner),
            table("experts.down_proj", experts * inner * width),
        ]
        return within(
            "img_mlp",
            [
                dense("gate", ell, 2 * width, experts, bias=False),
                elementwise("gate.softmax", ell, experts, operations=SOFTMAX),
                elementwise("experts.gather", taken, width, operations=0),
                *weights,
                product("experts.gate_up", each, width, 2 * inner, times=experts),
                gate("experts.act", taken, inner),
                product("experts.down", each, inner, width, times=experts),
                elementwise("experts.weight", taken, width),
                elementwise("experts.scatter", taken, width, reads=2),
                *feed_forward("shared_expert", ell, width, inner, "swiglu", bias=False),
                residual("shared_expert.add", ell, width),
            ],
        )

    def leading_order(self) -> Mapping[Symbol, Size]:
        """As if the attention to the text were one of its own; the MLP is what a row sees of the experts.

        That is right for FLOP; the parameters of the experts at rest are missing.
        """
        seen = sum(self.capacities) / self.num_layers + 1
        inner = nsimplify(seen, rational=True) * self.moe_intermediate_dim
        ratio = Rational(3, 2) * inner / (Integer(1) * self.width)
        return {**super().leading_order(), a: 1, c: 1, n_ada: Rational(2, 3), f: ratio}
