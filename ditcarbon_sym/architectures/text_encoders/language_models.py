"""Decoder-only language models that read text for a diffusion transformer: Llama, Mistral, Gemma 2, Qwen and GLM.

Released under the names of transformers' classes. They differ in biases, norms and heads; each is one pass over the
prompt. Where the pipeline loads the whole class, its output head runs on every row and the result is not used.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from ...equations.notation import m
from ..attentions import Heads, attend, head_norms, rotations
from ..layers import mlp_of_llama
from ..network import Encoder
from ..operators import Operator, Size, dense, embedding, repeated, residual, rms_norm, table


@dataclass(frozen=True, kw_only=True)
class LlamaModel(Encoder):
    """Grouped-query attention with rotary positions and a SwiGLU MLP (Touvron et al., 2023)."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int | None = None
    attention_bias: Literal[False] = False
    mlp_bias: Literal[False] = False
    tie_word_embeddings: bool = False

    query_bias: ClassVar[bool] = False
    """Biases in the projections to queries, keys and values."""
    normed_heads: ClassVar[bool] = False
    """Norms of queries and keys over each head."""
    norms: ClassVar[int] = 2
    """Norms in a layer."""
    with_head: ClassVar[bool] = False
    """Whether the output head runs."""

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
        return [
            rms_norm("input_layernorm", m, width),
            *attend("self_attn", m, width, heads, before, bias=self.query_bias, out_bias=False),
            residual("self_attn.add", m, width),
            rms_norm("post_attention_layernorm", m, width),
            *(rms_norm(f"feedforward_layernorm_{number}", m, width) for number in range(self.norms - 2)),
            *mlp_of_llama("mlp", m, width, self.intermediate_size),
            residual("mlp.add", m, width),
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
class LlamaForCausalLM(LlamaModel):
    """Llama with its output head."""

    with_head: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Gemma2Model(LlamaModel):
    """Gemma 2: norms before and after attention and MLP (Gemma Team, 2024)."""

    tie_word_embeddings: bool = True

    norms: ClassVar[int] = 4


@dataclass(frozen=True, kw_only=True)
class Qwen3Model(LlamaModel):
    """Qwen3: queries and keys normed over each head (Qwen Team, 2025)."""

    normed_heads: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Qwen3ForCausalLM(Qwen3Model):
    """Qwen3 with its output head."""

    with_head: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class GlmModel(LlamaModel):
    """GLM-4: biases in the projections, half of each head rotated (GLM Team, 2024)."""

    attention_bias: Literal[True] = True  # type: ignore[assignment]

    query_bias: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Qwen2_5_VLForConditionalGeneration(LlamaModel):
    """Qwen2.5-VL fed with text alone: its vision tower is loaded, not run (Qwen Team, 2025)."""

    vision_depth: int = 32
    vision_width: int = 1280
    vision_inner: int = 3420
    vision_patch: int = 14 * 14 * 2 * 3
    vision_merge: int = 4

    query_bias: ClassVar[bool] = True
    with_head: ClassVar[bool] = True

    def operators(self) -> list[Operator]:
        return [*super().operators(), table_at_rest("visual", self.vision_parameters())]

    def vision_parameters(self) -> Size:
        """Patches in; blocks of attention and SwiGLU with biases; two layers that merge four patches into a token."""
        width, inner = self.vision_width, self.vision_inner
        block = 2 * width + 4 * (width * width + width) + 3 * width * inner + 2 * inner + width
        merged = self.vision_merge * width
        merger = width + merged * (merged + 1) + (merged + 1) * self.hidden_size
        return self.vision_patch * width + self.vision_depth * block + merger


@dataclass(frozen=True, kw_only=True)
class Mistral3ForConditionalGeneration(LlamaModel):
    """Mistral Small 3 fed with text alone: its vision tower and projector are loaded, not run (Mistral AI, 2025)."""

    vision_depth: int = 24
    vision_width: int = 1024
    vision_inner: int = 4096
    vision_patch: int = 14 * 14 * 3
    vision_merge: int = 4

    with_head: ClassVar[bool] = True

    def operators(self) -> list[Operator]:
        return [*super().operators(), table_at_rest("vision_tower", self.vision_parameters())]

    def vision_parameters(self) -> Size:
        """Patches in; blocks of attention and SwiGLU without biases; norm, merger, two layers to the text's width."""
        width, inner = self.vision_width, self.vision_inner
        block = 2 * width + 4 * width * width + 3 * width * inner
        projector = width + self.vision_merge * width * width + width * self.hidden_size + self.hidden_size**2
        return self.vision_patch * width + width + self.vision_depth * block + projector


def table_at_rest(name: str, entries: Size) -> Operator:
    """Weights that are loaded and stay idle."""
    idle = table(name, entries)
    return Operator(idle.name, idle.kind, parameters=idle.parameters)
