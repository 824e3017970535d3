"""Krea 2: one stream of text and latents with gated attention, under a modulation that all blocks share (Krea, 2026).

Released as diffusers' ``Krea2Transformer2DModel`` (src/diffusers/models/transformers/transformer_krea2.py). Several
layers of the text encoder are read and fused by a small network first. The pipeline packs 2 x 2 latent pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sympy import Integer, Rational, Symbol

from ...equations.notation import ell, f, j, m
from ..adaln import modulated, shifts_and_scales
from ..attentions import Heads, head_norms, queries_keys_values, rotations
from ..layers import added, mlp, mlp_of_llama
from ..operators import (
    RMS_NORM,
    Operator,
    Size,
    activation,
    attention,
    dense,
    elementwise,
    modulate,
    repeated,
    rms_norm,
    table,
    within,
)
from .flux import PackedLatent


@dataclass(frozen=True, kw_only=True)
class Krea2Transformer2DModel(PackedLatent):
    """``num_layers`` blocks of grouped-query attention and a gated MLP on text and latents together.

    Of each text token ``num_text_layers`` layers of the encoder attend to each other, are added up by weights, and
    then the tokens attend to each other.
    """

    num_key_value_heads: int
    intermediate_size: int
    text_hidden_dim: int
    num_text_layers: int
    text_num_attention_heads: int
    text_num_key_value_heads: int
    text_intermediate_size: int
    num_layerwise_text_blocks: int
    num_refiner_text_blocks: int
    timestep_embed_dim: int = 256

    passed_over = frozenset({"axes_dims_rope", "rope_theta", "norm_eps"})

    @property
    def heads(self) -> Heads:
        """Heads of the blocks, those of keys and values in groups."""
        return Heads(self.num_attention_heads, self.attention_head_dim, self.num_key_value_heads)

    @property
    def text_heads(self) -> Heads:
        """Heads of the network that fuses the text."""
        number = self.text_num_attention_heads
        return Heads(number, self.text_hidden_dim // number, self.text_num_key_value_heads)

    def operators(self) -> list[Operator]:
        width, rows = self.width, ell + m
        return [
            *mlp("time_embed", self.timestep_embed_dim, width),
            activation("time_mod_proj.act", 1, width),
            dense("time_mod_proj", 1, width, 6 * width),
            *within("text_fusion", self.fused()),
            rms_norm("txt_in.norm", m, self.text_hidden_dim),
            *mlp("txt_in", self.text_hidden_dim, width, rows=m),
            dense("img_in", ell, self.in_channels, width),
            *repeated("transformer_blocks", self.num_layers, self.block(rows)),
            table("final_layer.scale_shift_table", 2 * width),
            rms_norm("final_layer.norm", ell, width),
            modulate("final_layer.modulate", ell, width),
            dense("final_layer.linear", ell, width, self.outputs),
        ]

    def block(self, rows: Size) -> list[Operator]:
        """One block: the vectors of modulation are those of all blocks plus a table."""
        width = self.width
        own = gated_attention("attn", rows, width, self.heads, rotations(rows, width, self.heads.keys_total))
        feed = mlp_of_llama("ff", rows, width, self.intermediate_size)
        norms = {"vectors": 1, "operations": RMS_NORM}
        return [
            *shifts_and_scales(6, width),
            *modulated("norm1", "attn", rows, width, own, **norms),
            *modulated("norm2", "ff", rows, width, feed, **norms),
        ]

    def fused(self) -> list[Operator]:
        """The layers of each text token to one row, then the rows among themselves."""
        layers, width = self.num_text_layers, self.text_hidden_dim
        return [
            *repeated("layerwise_blocks", self.num_layerwise_text_blocks, self.fusion(m * layers, m)),
            dense("projector", m * width, layers, 1, bias=False),
            *repeated("refiner_blocks", self.num_refiner_text_blocks, self.fusion(m, 1)),
        ]

    def fusion(self, rows: Size, sequences: Size) -> list[Operator]:
        """A block of the network that fuses the text, without positions and modulation."""
        width = self.text_hidden_dim
        own = gated_attention("attn", rows, width, self.text_heads, sequences=sequences)
        return [
            *added("norm1", "attn", rows, width, own),
            *added("norm2", "ff", rows, width, mlp_of_llama("ff", rows, width, self.text_intermediate_size)),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all, as if every head had keys and values of its own and attention no gate."""
        return {**super().leading_order(), j: 1, f: Rational(3 * self.intermediate_size, 2 * self.width)}


def gated_attention(
    name: str, rows: Size, width: Size, heads: Heads, turned: list[Operator] | None = None, *, sequences: Size = 1
) -> list[Operator]:
    """Attention whose values are scaled by a sigmoid of a further projection; keys and values serve several heads."""
    copied = [elementwise("repeat_kv", rows, 2 * heads.total, operations=0)] if heads.of_keys != heads.number else []
    share = rows * (Integer(1) / sequences)
    scores = attention("scores", share, share, heads.number, heads.width)
    return within(
        name,
        [
            *queries_keys_values(rows, width, heads, bias=False),
            dense("to_gate", rows, width, width, bias=False),
            *head_norms(rows, heads),
            *(turned or []),
            *copied,
            replace(scores, times=sequences, together=sequences),
            elementwise("gate", rows, width, operations=2, reads=3, writes=2),
            dense("to_out", rows, width, width, bias=False),
        ],
    )
