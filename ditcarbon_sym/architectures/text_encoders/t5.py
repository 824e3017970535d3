"""The encoders of T5 and UMT5, which most diffusion transformers read text with (Raffel, 2020; Chung, 2023).

Released as transformers' ``T5EncoderModel`` and ``UMT5EncoderModel``. UMT5 has relative positions in every layer, T5 in
the first alone. No layer has biases.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ...equations.notation import m
from ..attentions import Heads, attend
from ..layers import added, feed_forward, mlp_of_llama
from ..operators import Operator, embedding, repeated, rms_norm
from .encoder import Encoder

Activation = Literal["relu", "gelu", "gated-gelu", "gated-silu"]
"""What is between the matrices of the MLP; gated, it multiplies two halves."""


@dataclass(frozen=True, kw_only=True)
class T5EncoderModel(Encoder):
    """Self-attention and MLP, root-mean-square norms before each."""

    vocab_size: int = 32128
    d_model: int = 512
    d_kv: int = 64
    d_ff: int = 2048
    num_layers: int = 6
    num_heads: int = 8
    feed_forward_proj: Activation = "relu"
    relative_attention_num_buckets: int = 32

    positions_everywhere: ClassVar[bool] = False

    @property
    def longest(self) -> int:
        """Positions are relative, without an end; the released tokenizers cut off at this (``model_max_length``)."""
        return 512

    @property
    def gated(self) -> bool:
        """Whether the MLP multiplies two halves."""
        return self.feed_forward_proj.startswith("gated-")

    def operators(self) -> list[Operator]:
        width = self.d_model
        positions = [embedding("relative_attention_bias", m * m, self.relative_attention_num_buckets, self.num_heads)]
        return [
            embedding("shared", m, self.vocab_size, width),
            *repeated("positions", self.num_layers if self.positions_everywhere else 1, positions),
            *repeated("encoder.block", self.num_layers, self.block()),
            rms_norm("final_layer_norm", m, width),
        ]

    def block(self) -> list[Operator]:
        """One layer."""
        width, inner = self.d_model, self.d_ff
        feed = mlp_of_llama if self.gated else _plain
        heads = Heads(self.num_heads, self.d_kv)
        own = attend("layer.0.SelfAttention", m, width, heads, bias=False, out_bias=False)
        return [
            *added("layer.0.layer_norm", "layer.0", m, width, own),
            *added("layer.1.layer_norm", "layer.1", m, width, feed("layer.1.DenseReluDense", m, width, inner)),
        ]


@dataclass(frozen=True, kw_only=True)
class UMT5EncoderModel(T5EncoderModel):
    """As T5, with relative positions of its own in every layer."""

    vocab_size: int = 250112
    d_ff: int = 1024
    num_layers: int = 8
    num_heads: int = 6
    feed_forward_proj: Activation = "gated-gelu"

    positions_everywhere: ClassVar[bool] = True


def _plain(name: str, rows: Any, width: Any, inner: Any) -> list[Operator]:
    return feed_forward(name, rows, width, inner, bias=False)
