"""The connectors of LTX-2: from all layers of Gemma 3 to rows for film and for sound (HaCohen et al., 2026).

Released as diffusers' ``LTX2TextConnectors`` (src/diffusers/pipelines/ltx2/connectors.py). What pads a prompt is
replaced by learned rows, so that every row counts; the pipeline pads to 1024.
"""

from dataclasses import dataclass

from ...equations.notation import m
from ..attentions import Heads, attend, norms_across_heads, rotations
from ..layers import feed_forward
from ..operators import Operator, Size, dense, elementwise, repeated, residual, rms_norm, table
from .encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class LTX2TextConnectors(Encoder):
    """One matrix from all layers together, or one for each stream; then blocks of self-attention for each stream."""

    caption_channels: int = 3840
    text_proj_in_factor: int = 49
    video_connector_num_attention_heads: int = 30
    video_connector_attention_head_dim: int = 128
    video_connector_num_layers: int = 2
    video_connector_num_learnable_registers: int | None = 128
    video_gated_attn: bool = False
    audio_connector_num_attention_heads: int = 30
    audio_connector_attention_head_dim: int = 128
    audio_connector_num_layers: int = 2
    audio_connector_num_learnable_registers: int | None = 128
    audio_gated_attn: bool = False
    per_modality_projections: bool = False
    video_hidden_dim: int = 4096
    audio_hidden_dim: int = 2048
    proj_bias: bool = False

    passed_over = frozenset({
        "connector_rope_base_seq_len", "rope_theta", "rope_double_precision", "causal_temporal_positioning",
        "rope_type",
    })  # fmt: skip

    def operators(self) -> list[Operator]:
        layers, bias = self.caption_channels * self.text_proj_in_factor, self.proj_bias
        widths = {"text": self.caption_channels}
        if self.per_modality_projections:
            widths = {"video_text": self.video_hidden_dim, "audio_text": self.audio_hidden_dim}
        video = Heads(self.video_connector_num_attention_heads, self.video_connector_attention_head_dim)
        audio = Heads(self.audio_connector_num_attention_heads, self.audio_connector_attention_head_dim)
        return [
            elementwise("layer_norm", m, layers, operations=4, reads=5, writes=3),
            *(dense(f"{name}_proj_in", m, layers, width, bias=bias) for name, width in widths.items()),
            *self.connector(
                "video_connector", video, self.video_connector_num_layers, self.video_gated_attn,
                self.video_connector_num_learnable_registers,
            ),
            *self.connector(
                "audio_connector", audio, self.audio_connector_num_layers, self.audio_gated_attn,
                self.audio_connector_num_learnable_registers,
            ),
        ]  # fmt: skip

    def connector(self, name: str, heads: Heads, layers: int, gated: bool, registers: int | None) -> list[Operator]:
        """Blocks of self-attention and MLP, norms without weights."""
        width = heads.total
        return repeated(
            name,
            1,
            [
                table("learnable_registers", (registers or 0) * width),
                *repeated("transformer_blocks", layers, connector_block(heads, gated)),
                rms_norm("norm_out", m, width, vectors=0),
            ],
        )


def connector_block(heads: Heads, gated: bool) -> list[Operator]:
    """A block, whose heads may each be gated by a number made of the row."""
    width: Size = heads.total
    before = [*norms_across_heads(m, heads), *rotations(m, width)]
    gates = [
        dense("attn1.to_gate_logits", m, width, heads.number),
        elementwise("attn1.gate", m, width, operations=2, reads=2),
    ]
    return [
        rms_norm("norm1", m, width, vectors=0),
        *attend("attn1", m, width, heads, before),
        *(gates if gated else []),
        residual("attn1.add", m, width),
        rms_norm("norm2", m, width, vectors=0),
        *feed_forward("ff", m, width, 4 * width),
        residual("ff.add", m, width),
    ]
