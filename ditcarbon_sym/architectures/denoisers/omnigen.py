"""OmniGen: a language model whose sequence holds prompt, timestep and latent, one after the other (Xiao et al., 2024).

Released as diffusers' ``OmniGenTransformer2DModel`` (src/diffusers/models/transformers/transformer_omnigen.py). There
is no text encoder: ``m`` are the tokens of the prompt, those of images in it included. Text to image is counted; the
layer in for given images is loaded and stays idle.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Rational, Symbol

from ...equations.notation import ell, f, j, m
from ..adaln import adaptive_output
from ..attentions import Heads, attend, rotations
from ..layers import added, feed_forward, mlp, patches
from ..network import Sized
from ..operators import Operator, Size, buffer, embedding, product, repeated, residual, rms_norm
from .z_image import held


@dataclass(frozen=True, kw_only=True)
class OmniGenTransformer2DModel(Sized):
    """``num_layers`` blocks of Phi-3 on everything; only the layer out is modulated by the timestep."""

    in_channels: int
    patch_size: int
    num_layers: int
    num_key_value_heads: int
    intermediate_size: int
    vocab_size: int
    pos_embed_max_size: int = 192
    time_step_dim: int = 256

    passed_over = frozenset({
        "rope_scaling", "rms_norm_eps", "pad_token_id", "max_position_embeddings", "original_max_position_embeddings",
        "rope_base", "flip_sin_to_cos", "downscale_freq_shift", "timestep_activation_fn",
    })  # fmt: skip

    @property
    def heads(self) -> Heads:
        """Heads of the blocks, those of keys and values in groups."""
        return Heads(self.num_attention_heads, self.hidden_size // self.num_attention_heads, self.num_key_value_heads)

    def refusal(self, height: int, width: int) -> str:
        """Positions are cut from a table, which must be as large."""
        largest = self.pos_embed_max_size * self.patch_size
        return f"its positions end at {largest} latent pixels a side" if max(height, width) > largest else ""

    def operators(self) -> list[Operator]:
        width, side, rows = self.width, self.patch_size, ell + m + 1
        half = self.hidden_size // self.num_attention_heads // 2
        given = patches("patch_embedding.input_image_proj", self.in_channels, width, (side, side))
        return [
            patches("patch_embedding.output_image_proj", self.in_channels, width, (side, side)),
            held(given),
            residual("patch_embedding.pos_embed.add", ell, width),
            buffer("patch_embedding.pos_embed", self.pos_embed_max_size**2 * width),
            *mlp("time_token", self.time_step_dim, width),
            *mlp("t_embedder", self.time_step_dim, width),
            embedding("embed_tokens", m, self.vocab_size, width),
            product("rope.freqs", half, 1, rows),
            buffer("rope.inv_freq", half),
            *repeated("layers", self.num_layers, self.block(rows)),
            rms_norm("norm", rows, width),
            *adaptive_output(width, width, side**2 * self.outputs),
        ]

    def block(self, rows: Size) -> list[Operator]:
        """One block of the language model."""
        width, heads = self.width, self.heads
        turned = rotations(rows, heads.total, heads.keys_total)
        own = attend("self_attn", rows, width, heads, turned, bias=False, out_bias=False)
        feed = feed_forward("mlp", rows, width, self.intermediate_size, "swiglu", bias=False)
        return [
            *added("input_layernorm", "self_attn", rows, width, own),
            *added("post_attention_layernorm", "mlp", rows, width, feed),
        ]

    def leading_order(self) -> Mapping[Symbol, Size]:
        """One stream for all without modulation; the gated MLP counts as one of 3/2 its ratio."""
        return {**super().leading_order(), j: 1, f: Rational(3 * self.intermediate_size, 2 * self.hidden_size)}
