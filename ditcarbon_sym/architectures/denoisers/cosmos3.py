"""Cosmos 3: a language model with a second set of weights for video, which reads the text in each layer (NVIDIA).

Released as diffusers' ``Cosmos3OmniTransformer`` (src/diffusers/models/transformers/transformer_cosmos3.py). Text is
read anew in every pass, each token by those after it; masked scores count as work. Counted with video alone, each of
whose tokens has a timestep of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from sympy import Rational, Symbol

from ...equations.notation import ell, f, j, m, s
from ..attentions import Heads, head_norms, queries_keys_values, rotations
from ..layers import FREQUENCIES, mlp, mlp_of_llama
from ..network import Sized
from ..operators import (
    Operator,
    Size,
    activation,
    attention,
    dense,
    embedding,
    product,
    repeated,
    residual,
    rms_norm,
    unused,
    within,
)


@dataclass(frozen=True, kw_only=True)
class MadeOfLanguageModel(Sized):
    """A denoiser that was a language model, and has the names of its fields."""

    intermediate_size: int
    num_hidden_layers: int
    num_key_value_heads: int
    head_dim: int = 128
    attention_bias: bool = False

    passed_over = frozenset({"attention_dropout", "rms_norm_eps", "rope_theta"})

    @property
    def num_layers(self) -> int:
        """Layers."""
        return self.num_hidden_layers

    @property
    def heads(self) -> Heads:
        """The heads of its attention, of which fewer are of keys."""
        return Heads(self.num_attention_heads, self.head_dim, self.num_key_value_heads)


@dataclass(frozen=True, kw_only=True)
class Cosmos3OmniTransformer(MadeOfLanguageModel):
    """Layers with two streams; that of the text does not see the video. Sound and actions are not understood."""

    hidden_size: int = 4096
    intermediate_size: int = 12288
    latent_channel: int = 48
    latent_patch_size: int = 2
    num_attention_heads: int = 32
    num_hidden_layers: int = 36
    num_key_value_heads: int = 8
    patch_latent_dim: int = 192
    vocab_size: int = 151936
    hidden_act: Literal["silu", "relu2"] = "silu"
    qk_norm_for_text: bool = True
    use_und_k_norm_for_gen: bool = False
    action_gen: Literal[False] = False
    sound_gen: Literal[False] = False

    passed_over = MadeOfLanguageModel.passed_over | {
        "dtype", "base_fps", "enable_fps_modulation", "unified_3d_mrope_reset_spatial_ids",
        "unified_3d_mrope_temporal_modality_margin", "rope_scaling", "action_dim", "num_embodiment_domains",
        "sound_dim", "sound_latent_fps", "timestep_scale", "rope_axes_dim",
    }  # fmt: skip
    vae_factors: ClassVar[tuple[int, int]] = (16, 4)

    @property
    def is_video(self) -> bool:
        return True

    @property
    def patch_size(self) -> int:
        """Side of a token in latent pixels."""
        return self.latent_patch_size

    @property
    def in_channels(self) -> int:
        """Channels of the latent."""
        return self.latent_channel

    def rows(self, height: int, width: int, frames: int) -> int:
        """Latent tokens of a latent of this size; incomplete patches are padded in height and width."""
        side = self.latent_patch_size
        return -(-height // side) * -(-width // side) * frames

    def operators(self) -> list[Operator]:
        width, patch = self.width, self.patch_latent_dim
        return [
            embedding("embed_tokens", m, self.vocab_size, width),
            dense("proj_in", ell, patch, width),
            *mlp("time_embedder", FREQUENCIES, width, rows=ell),
            residual("time_embedder.add", ell, width),
            product("rotary_emb", self.head_dim // 2, 1, ell + m, times=3),
            *repeated("layers", self.num_layers, self.layer()),
            rms_norm("norm", m, width),
            rms_norm("norm_moe_gen", ell, width),
            *unused([dense("lm_head", m, width, self.vocab_size, bias=False)]),
            dense("proj_out", ell, width, patch),
        ]

    def layer(self) -> list[Operator]:
        """One layer: text attends to text, video to both; each with weights of its own."""
        made = [
            *(rms_norm(name, rows, self.width) for name, rows in (("input_norm", m), ("input_norm_moe_gen", ell))),
            *within("self_attn", self.attention()),
            residual("self_attn.add", ell + m, self.width),
            *(rms_norm(name, rows, self.width) for name, rows in (("post_norm", m), ("post_norm_moe_gen", ell))),
            *self.feed("mlp", m),
            *self.feed("mlp_moe_gen", ell),
        ]
        return [*made, residual("mlp.add", ell + m, self.width)]

    def attention(self) -> list[Operator]:
        """Both streams' projections and norms, and their scores."""
        width, heads, bias = self.width, self.heads, self.attention_bias
        again = self.use_und_k_norm_for_gen and not self.qk_norm_for_text
        turned = [x for rows in (m, ell) for x in rotations(rows, heads.total, heads.keys_total)]
        return [
            *queries_keys_values(m, width, heads, bias=bias),
            *queries_keys_values(ell, width, heads, bias=bias, prefix="add_"),
            *(head_norms(m, heads) if self.qk_norm_for_text else []),
            *head_norms(ell, heads, "added_"),
            *([rms_norm("k_norm_und_for_gen", m * heads.of_keys, heads.width)] if again else []),
            *turned,
            attention("scores_of_text", m, m, heads.number, heads.width),
            attention("scores", ell, ell + m, heads.number, heads.width),
            dense("to_out", m, heads.total, width, bias=bias),
            dense("to_add_out", ell, heads.total, width, bias=bias),
        ]

    def feed(self, name: str, rows: Size) -> list[Operator]:
        """The MLP of Llama, or two matrices with a squared ReLU between them."""
        width, inner = self.width, self.intermediate_size
        if self.hidden_act == "silu":
            return mlp_of_llama(name, rows, width, inner)
        made = [
            dense("up_proj", rows, width, inner, bias=False),
            activation("relu", rows, inner),
            activation("square", rows, inner),
            dense("down_proj", rows, inner, width, bias=False),
        ]
        return within(name, made)

    def leading_order(self) -> Mapping[Symbol, Size]:
        """Two streams without modulation."""
        matrices = Rational(3, 2) if self.hidden_act == "silu" else 1
        return {**super().leading_order(), s: 1, j: 0, f: matrices * self.intermediate_size / self.width}
