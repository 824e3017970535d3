"""Decoder-only language models that read text for a diffusion transformer: Llama, Gemma, Qwen3 and GLM.

Released under the names of transformers' classes. They differ in biases, norms and heads; each is one pass over the
prompt. Where the pipeline loads the whole class, its output head runs on every row and the result is not used.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from ...equations.notation import m
from ..attentions import Heads, attend, head_norms, rotations
from ..layers import added, mlp_of_llama
from ..operators import Operator, dense, embedding, repeated, rms_norm
from .encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class LlamaModel(Encoder):
    """Grouped-query attention with rotary positions and a SwiGLU MLP (Touvron et al., 2023)."""

    vocab_size: int = 32000
    hidden_size: int = 4096
    intermediate_size: int = 11008
    num_hidden_layers: int = 32
    num_attention_heads: int = 32
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    attention_bias: Literal[False] = False
    mlp_bias: Literal[False] = False
    tie_word_embeddings: bool = False

    normed_heads: ClassVar[bool] = False
    """Norms of queries and keys over each head."""
    norms: ClassVar[int] = 2
    """Norms in a layer."""
    with_head: ClassVar[bool] = False
    """Whether the output head runs."""

    @property
    def query_bias(self) -> bool:
        """Whether the projections to queries, keys and values have biases."""
        return self.attention_bias

    @property
    def head_width(self) -> int:
        """Width of a head."""
        return self.hidden_size // self.num_attention_heads if self.head_dim is None else self.head_dim

    def operators(self) -> list[Operator]:
        width = self.hidden_size
        return [
            embedding("embed_tokens", m, self.vocab_size, width),
            *repeated("layers", self.num_hidden_layers, self.layer()),
            rms_norm("norm", m, width),
            *self.output(),
        ]

    def layer(self) -> list[Operator]:
        """One layer."""
        width, heads = self.hidden_size, Heads(self.num_attention_heads, self.head_width, self.num_key_value_heads)
        normed = head_norms(m, heads) if self.normed_heads else []
        before = [*normed, *rotations(m, heads.total, heads.keys_total)]
        own = attend("self_attn", m, width, heads, before, bias=self.query_bias, out_bias=False)
        further = [rms_norm(f"feedforward_layernorm_{number}", m, width) for number in range(self.norms - 2)]
        feed = mlp_of_llama("mlp", m, width, self.intermediate_size)
        return [
            *added("input_layernorm", "self_attn", m, width, own),
            *added("post_attention_layernorm", "mlp", m, width, [*further, *feed]),
        ]

    def output(self) -> list[Operator]:
        """The output head, where it runs; tied to the embedding it adds no parameters."""
        if not self.with_head:
            return []
        head = dense("lm_head", m, self.hidden_size, self.vocab_size, bias=False)
        return (
            [Operator(head.name, head.kind, m, flop=head.flop, moved=head.moved)]
            if self.tie_word_embeddings
            else [head]
        )


@dataclass(frozen=True, kw_only=True)
class GemmaModel(LlamaModel):
    """Gemma: wide heads, the embedding scaled (Gemma Team, 2024)."""

    vocab_size: int = 256000
    hidden_size: int = 3072
    intermediate_size: int = 24576
    num_hidden_layers: int = 28
    num_attention_heads: int = 16
    num_key_value_heads: int = 16
    head_dim: int = 256
    tie_word_embeddings: bool = True


@dataclass(frozen=True, kw_only=True)
class Gemma2Model(GemmaModel):
    """Gemma 2: norms before and after attention and MLP (Gemma Team, 2024)."""

    hidden_size: int = 2304
    intermediate_size: int = 9216
    num_hidden_layers: int = 26
    num_attention_heads: int = 8
    num_key_value_heads: int = 4

    norms: ClassVar[int] = 4


@dataclass(frozen=True, kw_only=True)
class Qwen3Model(LlamaModel):
    """Qwen3: queries and keys normed over each head (Qwen Team, 2025)."""

    vocab_size: int = 151936
    intermediate_size: int = 22016
    num_key_value_heads: int | None = 32
    head_dim: int = 128

    normed_heads: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class GlmModel(LlamaModel):
    """GLM-4: biases in the projections, half of each head rotated (GLM Team, 2024)."""

    attention_bias: Literal[True] = True  # type: ignore[assignment]
    vocab_size: int = 151552
    intermediate_size: int = 13696
    num_hidden_layers: int = 40
    num_key_value_heads: int = 2
    head_dim: int = 128


@dataclass(frozen=True, kw_only=True)
class LlamaForCausalLM(LlamaModel):
    """Llama with its output head."""

    with_head: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class SmolLM3ForCausalLM(LlamaForCausalLM):
    """SmolLM3: every fourth layer without positions, which are counted in all (Hugging Face, 2025)."""

    vocab_size: int = 128256
    hidden_size: int = 2048
    num_hidden_layers: int = 36
    num_attention_heads: int = 16
    num_key_value_heads: int | None = 4
    tie_word_embeddings: bool = True


@dataclass(frozen=True, kw_only=True)
class Qwen3ForCausalLM(Qwen3Model):
    """Qwen3 with its output head."""

    with_head: ClassVar[bool] = True
