"""Stable Audio Open and Stable Audio 3: sound as a row of latent steps, cross-attention to T5 (Evans et al., 2024).

Released as diffusers' ``StableAudioDiTModel`` and ``StableAudio3DiTModel`` (src/diffusers/models/transformers:
stable_audio_transformer.py, transformer_stable_audio3.py). Text rows are those of T5 and of the duration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Integer, Symbol

from ...equations.notation import c, ell, f, m
from ..adaln import modulated
from ..attentions import Heads, attend, rotations
from ..layers import added, feed_forward, mlp, rounded_down
from ..network import Sound, SoundTransformer
from ..operators import (
    RMS_NORM,
    Operator,
    Size,
    attention,
    convolution,
    dense,
    repeated,
    residual,
    rms_norm,
    table,
    unused,
    within,
)

POINT = (1,)


def pointwise(name: str, channels: int) -> list[Operator]:
    """A convolution over single steps, added to its input."""
    return [convolution(name, ell, channels, channels, POINT, bias=False), residual(f"{name}.add", ell, channels)]


@dataclass(frozen=True, kw_only=True)
class StableAudioDiTModel(SoundTransformer):
    """Plain blocks behind norms: timestep and duration are a row before the others, and there is no modulation."""

    in_channels: int = 64
    num_attention_heads: int = 24
    attention_head_dim: int = 64
    num_layers: int = 24
    num_key_value_attention_heads: int = 12
    out_channels: int = 64
    cross_attention_dim: int = 768
    time_proj_dim: int = 256
    global_states_input_dim: int = 1536
    cross_attention_input_dim: int = 768
    # This says what output it is for; it does not change the count.
    sample_size: int = 1024

    def operators(self) -> list[Operator]:
        width, text = self.width, self.cross_attention_dim
        return [
            dense("time_proj", 1, 1, self.time_proj_dim // 2, bias=False),
            *mlp("timestep_proj", self.time_proj_dim, width),
            *mlp("global_proj", self.global_states_input_dim, width, bias=False),
            residual("global_proj.add", 1, width),
            *mlp("cross_attention_proj", self.cross_attention_input_dim, text, rows=m, bias=False),
            *pointwise("preprocess_conv", self.in_channels),
            dense("proj_in", ell, self.in_channels, width, bias=False),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            dense("proj_out", ell + 1, width, self.outputs, bias=False),
            *pointwise("postprocess_conv", self.outputs),
        ]

    def block(self) -> list[Operator]:
        """One block: self-attention, cross-attention with fewer heads of keys, and the MLP."""
        width, rows, number, head = self.width, ell + 1, self.num_attention_heads, self.attention_head_dim
        text = Heads(number, head, self.num_key_value_attention_heads)
        own = attend("attn1", rows, width, self.heads, rotations(rows, width), bias=False, out_bias=False)
        cross = attend(
            "attn2", rows, width, text, keys=m, keys_width=self.cross_attention_dim, bias=False, out_bias=False
        )
        parts = (("norm1", own), ("norm2", cross), ("norm3", feed_forward("ff", rows, width, 4 * width, "swiglu")))
        return [x for name, part in parts for x in added(name, name, rows, width, part, layer_norm=True)]

    def leading_order(self) -> Mapping[Symbol, Size]:
        return {**super().leading_order(), c: 1, f: 6}


@dataclass(frozen=True, kw_only=True)
class StableAudio3DiTModel(Sound):
    """Differential attention, the difference of two, behind adaLN-single; learned rows stand before the sound's."""

    io_channels: int = 256
    patch_size: int = 1
    embed_dim: int = 1536
    depth: int = 24
    num_heads: int = 24
    cond_token_dim: int = 768
    global_cond_dim: int = 768
    local_add_cond_dim: int = 257
    timestep_features_dim: int = 256
    ff_mult: float = 4.0
    num_memory_tokens: int = 64
    use_differential_attention: bool = True

    @property
    def in_channels(self) -> int:
        """Channels of the latent."""
        return self.io_channels

    @property
    def out_channels(self) -> int:
        return self.io_channels

    @property
    def num_layers(self) -> int:
        """Blocks."""
        return self.depth

    @property
    def width(self) -> Any:
        return self.embed_dim

    @property
    def patch_frames(self) -> int:
        return self.patch_size

    @property
    def heads(self) -> Heads:
        """The heads of its attention."""
        return Heads(self.num_heads, self.embed_dim // self.num_heads)

    @property
    def all_rows(self) -> Size:
        """Rows of the sound and the learned ones."""
        return ell + self.num_memory_tokens

    def operators(self) -> list[Operator]:
        width, channels = self.width, self.io_channels
        steps = [convolution(x, ell * self.patch_size, channels, channels, POINT, bias=False) for x in ("pre", "post")]
        return [
            *mlp("to_timestep_embed", self.timestep_features_dim, width),
            *mlp("to_cond_embed", self.cond_token_dim, width, rows=m, bias=False),
            table("prompt_padding_embedding", self.cond_token_dim),
            *mlp("to_global_embed", self.global_cond_dim, width, bias=False),
            residual("to_global_embed.add", 1, width),
            *mlp("global_cond_embedder", width, width, 6 * width),
            *within("process_conv", steps),
            dense("proj_in", ell, channels * self.patch_size, width, bias=False),
            *([table("memory_tokens", self.num_memory_tokens * width)] if self.num_memory_tokens else []),
            *repeated("transformer_blocks", self.depth, self.block()),
            dense("proj_out", ell, width, channels * self.patch_size, bias=False),
        ]

    def block(self) -> list[Operator]:
        """One block; what inpainting adds is loaded and not at work."""
        width, rows = self.width, self.all_rows
        inner = rounded_down(width * self.ff_mult)
        local = mlp("to_local_embed", self.local_add_cond_dim, width)
        feed = feed_forward("ff", rows, width, inner, "swiglu")
        own = self.attention("self_attn", rows, rotations(rows, width // 2))
        return [
            table("to_scale_shift_gate", 6 * width),
            *modulated("pre_norm", "self_attn", rows, width, own, vectors=1, operations=RMS_NORM),
            *added("cross_attend_norm", "cross_attn", rows, width, self.attention("cross_attn", m, [])),
            *unused(local),
            *modulated("ff_norm", "ff", rows, width, feed, vectors=1, operations=RMS_NORM),
        ]

    def attention(self, name: str, keys: Size, before: list[Operator]) -> list[Operator]:
        """Attention to ``keys`` rows, or the difference of two, which share their values."""
        width, rows, heads, times = self.width, self.all_rows, self.heads, 1 + self.use_differential_attention
        made = [
            dense("to_q", rows, width, times * width, bias=False),
            dense("to_kv", keys, width, (times + 1) * width, bias=False),
            rms_norm("q_norm", rows * heads.number, heads.width),
            rms_norm("k_norm", keys * heads.number, heads.width),
            *(x for _ in range(times) for x in before),
            *(attention("scores", rows, keys, heads.number, heads.width) for _ in range(times)),
            *([residual("difference", rows, width)] if times > 1 else []),
            dense("to_out", rows, width, width, bias=False),
        ]
        return within(name, made)

    def leading_order(self) -> Mapping[Symbol, Size]:
        ratio = Integer(3) * rounded_down(self.width * self.ff_mult) / (2 * self.width)
        return {**super().leading_order(), c: 1, f: ratio}
