"""Text encoders with learned positions and biases: CLIP (Radford et al., 2021) and BERT (Devlin et al., 2018).

Released as transformers' ``CLIPTextModel``, ``CLIPTextModelWithProjection`` and ``BertModel``.
"""

from dataclasses import dataclass
from typing import Any

from ...equations.notation import m
from ..attentions import Heads, attend
from ..layers import feed_forward
from ..network import Encoder
from ..operators import Operator, activation, dense, embedding, norm, repeated, residual


def _layer(width: Any, inner: Any, heads: Any) -> list[Operator]:
    """Self-attention and MLP, a norm with each."""
    return [
        *attend("self_attn", m, width, Heads(heads, width // heads)),
        residual("self_attn.add", m, width),
        norm("layer_norm1", m, width, vectors=2),
        *feed_forward("mlp", m, width, inner),
        residual("mlp.add", m, width),
        norm("layer_norm2", m, width, vectors=2),
    ]


@dataclass(frozen=True, kw_only=True)
class CLIPTextModel(Encoder):
    """The text half of CLIP."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    max_position_embeddings: int = 77
    projection_dim: int = 512

    def operators(self) -> list[Operator]:
        width = self.hidden_size
        return [
            embedding("token_embedding", m, self.vocab_size, width),
            embedding("position_embedding", m, self.max_position_embeddings, width),
            residual("embeddings.add", m, width),
            *repeated(
                "encoder.layers",
                self.num_hidden_layers,
                _layer(width, self.intermediate_size, self.num_attention_heads),
            ),
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
class BertModel(Encoder):
    """BERT with its pooler, which works on the first row."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    max_position_embeddings: int = 512
    type_vocab_size: int = 2

    def operators(self) -> list[Operator]:
        width = self.hidden_size
        return [
            embedding("embeddings.word_embeddings", m, self.vocab_size, width),
            embedding("embeddings.position_embeddings", m, self.max_position_embeddings, width),
            embedding("embeddings.token_type_embeddings", m, self.type_vocab_size, width),
            norm("embeddings.LayerNorm", m, width, vectors=2),
            *repeated(
                "encoder.layer", self.num_hidden_layers, _layer(width, self.intermediate_size, self.num_attention_heads)
            ),
            dense("pooler.dense", 1, width, width),
            activation("pooler.activation", 1, width),
        ]
