"""The condition encoder of ACE-Step 1.5: prompt, lyrics and timbre become rows for the denoiser (Gong et al., 2026).

Released as diffusers' ``AceStepConditionEncoder`` (src/diffusers/pipelines/ace_step/modeling_ace_step.py). Its own
tokens, m, are those of the lyrics. The prompt is read by Qwen3 and only brought to the width here. Where no sound is
given for the timbre, thirty seconds of silence are. Attention within a window counts as attention to every row.
"""

from dataclasses import dataclass
from typing import ClassVar

from ...equations.notation import m
from ..attentions import Heads, attend, head_norms, rotations
from ..layers import added, mlp_of_llama
from ..operators import Operator, Size, dense, product, repeated, rms_norm, table
from .encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class AceStepConditionEncoder(Encoder):
    """Two encoders of plain blocks, for lyrics and for timbre, of which the first row is kept."""

    hidden_size: int = 2048
    intermediate_size: int = 6144
    text_hidden_dim: int = 1024
    timbre_hidden_dim: int = 64
    num_lyric_encoder_hidden_layers: int = 8
    num_timbre_encoder_hidden_layers: int = 4
    num_attention_heads: int = 16
    num_key_value_heads: int = 8
    head_dim: int = 128
    attention_bias: bool = False

    passed_over = frozenset({"rope_theta", "attention_dropout", "rms_norm_eps", "sliding_window", "layer_types"})
    prompt: ClassVar[int] = 127
    """Rows of a prompt: assumed. At most it has 256, of which the template takes some fifty (SFT_GEN_PROMPT)."""
    timbre: ClassVar[int] = 750
    """Latent steps of the timbre: 30 seconds of 25 (pipeline_ace_step.py: timbre_fix_frame)."""

    @property
    def longest(self) -> int:
        """The most lyrics that the pipeline leaves (``max_lyric_length``)."""
        return 2048

    def operators(self) -> list[Operator]:
        width, lyric, timbre = self.hidden_size, "lyric_encoder", "timbre_encoder"
        return [
            dense("text_projector", self.prompt, self.text_hidden_dim, width, bias=False),
            dense(f"{lyric}.embed_tokens", m, self.text_hidden_dim, width),
            *repeated(f"{lyric}.layers", self.num_lyric_encoder_hidden_layers, self.layer(m)),
            rms_norm(f"{lyric}.norm", m, width),
            dense(f"{timbre}.embed_tokens", self.timbre, self.timbre_hidden_dim, width),
            table(f"{timbre}.special_token", width),
            *repeated(f"{timbre}.layers", self.num_timbre_encoder_hidden_layers, self.layer(self.timbre)),
            rms_norm(f"{timbre}.norm", self.timbre, width),
            product(f"{timbre}.unpack", 1, 1, width),
            table("null_condition_emb", width),
        ]

    def layer(self, rows: Size) -> list[Operator]:
        """Self-attention and the MLP of Llama, a norm before each."""
        width, bias = self.hidden_size, self.attention_bias
        heads = Heads(self.num_attention_heads, self.head_dim, self.num_key_value_heads)
        before = [*head_norms(rows, heads), *rotations(rows, heads.total, heads.keys_total)]
        own = attend("self_attn", rows, width, heads, before, bias=bias, out_bias=bias)
        feed = mlp_of_llama("mlp", rows, width, self.intermediate_size)
        return [
            *added("input_layernorm", "self_attn", rows, width, own),
            *added("post_attention_layernorm", "mlp", rows, width, feed),
        ]
