"""Text encoders with learned positions and biases: CLIP (Radford et al., 2021) and BERT (Devlin et al., 2018).

Released as transformers' ``CLIPTextModel``, ``CLIPTextModelWithProjection`` and ``BertModel``.
"""

from dataclasses import dataclass

from ...equations.notation import m
from ..attentions import Heads, attend
from ..layers import feed_forward
from ..operators import Operator, activation, dense, embedding, norm, repeated, residual
from .encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class Positioned(Encoder):
    """An encoder that learned its positions, and what a layer of it is."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int = 12
    num_attention_heads: int
    max_position_embeddings: int

    @property
    def longest(self) -> int:
        """Its learned positions."""
        return self.max_position_embeddings

    def layer(self) -> list[Operator]:
        """Self-attention and MLP, a norm with each."""
        width, heads = self.hidden_size, self.num_attention_heads
        return [
            *attend("self_attn", m, width, Heads(heads, width // heads)),
            residual("self_attn.add", m, width),
            norm("layer_norm1", m, width, vectors=2),
            *feed_forward("mlp", m, width, self.intermediate_size),
            residual("mlp.add", m, width),
            norm("layer_norm2", m, width, vectors=2),
        ]


@dataclass(frozen=True, kw_only=True)
class CLIPTextModel(Positioned):
    """The text half of CLIP."""

    vocab_size: int = 49408
    hidden_size: int = 512
    intermediate_size: int = 2048
    num_attention_heads: int = 8
    max_position_embeddings: int = 77
    projection_dim: int = 512

    def operators(self) -> list[Operator]:
        width = self.hidden_size
        return [
            embedding("token_embedding", m, self.vocab_size, width),
            embedding("position_embedding", m, self.max_position_embeddings, width),
            residual("embeddings.add", m, width),
            *repeated("encoder.layers", self.num_hidden_layers, self.layer()),
            norm("final_layer_norm", m, width, vectors=2),
        ]


@dataclass(frozen=True, kw_only=True)
class CLIPTextModelWithProjection(CLIPTextModel):
    """CLIP with its pooled row projected."""

    def operators(self) -> list[Operator]:
        return [
            *super().operators(),
            dense("text_projection", 1, self.hidden_size, self.projection_dim, bias=False),
        ]


@dataclass(frozen=True, kw_only=True)
class BertModel(Positioned):
    """BERT with its pooler, which works on the first row."""

    vocab_size: int = 30522
    hidden_size: int = 768
    intermediate_size: int = 3072
    num_attention_heads: int = 12
    max_position_embeddings: int = 512
    type_vocab_size: int = 2

    def operators(self) -> list[Operator]:
        width = self.hidden_size
        tables = {
            "word": self.vocab_size, "position": self.max_position_embeddings, "token_type": self.type_vocab_size,
        }  # fmt: skip
        return [
            *(embedding(f"embeddings.{name}_embeddings", m, entries, width) for name, entries in tables.items()),
            norm("embeddings.LayerNorm", m, width, vectors=2),
            *repeated("encoder.layer", self.num_hidden_layers, self.layer()),
            dense("pooler.dense", 1, width, width),
            activation("pooler.activation", 1, width),
        ]
