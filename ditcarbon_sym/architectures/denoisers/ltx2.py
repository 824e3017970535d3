"""LTX-2: video and sound in two streams of different width, which attend to each other (HaCohen et al., 2026).

Released as diffusers' ``LTX2VideoTransformer3DModel`` (src/diffusers/models/transformers/transformer_ltx2.py). Text
rows are those that the connectors make of Gemma's. Counted with one timestep for the sample, as text to video runs.
"""

from dataclasses import dataclass

from sympy import Expr, Rational

from ...equations.notation import ell, m, n_latent
from ..adaln import modulation
from ..attentions import Heads, norms_across_heads, queries_keys_values, rotations
from ..layers import FREQUENCIES, feed_forward, mlp
from ..operators import (
    Operator,
    Size,
    attention,
    dense,
    elementwise,
    gated_residual,
    modulate,
    norm,
    repeated,
    residual,
    rms_norm,
    table,
    within,
)
from .ltx import LTX

AUDIO_ROWS = Rational(25, 3) * n_latent - 7
"""Sound rows of a film of 24 frames a second, eight to a latent one: 25 a second make 25/3 to a latent frame.

The pipeline rounds; these are as many at three latent frames and multiples thereof, and within half a row elsewhere
(diffusers: pipeline_ltx2.py, audio_num_frames).
"""


@dataclass(frozen=True)
class Stream:
    """One modality: ``rows`` of ``heads`` together, which read text of ``text_width``."""

    prefix: str
    rows: Size
    heads: Heads
    channels: int
    outputs: int
    text_width: int
    gated: bool
    text_modulated: bool
    feed_bias: bool

    @property
    def width(self) -> Size:
        """The width of its rows."""
        return self.heads.total

    @property
    def chunks(self) -> int:
        """Vectors that the timestep makes for each block."""
        return 9 if self.text_modulated else 6


@dataclass(frozen=True, kw_only=True)
class LTX2VideoTransformer3DModel(LTX):
    """adaLN-single in both streams; the vectors of the attention between them are made apart."""

    out_channels: int | None = 128
    audio_out_channels: int | None = 128
    num_layers: int = 48
    in_channels: int = 128
    patch_size: int = 1
    patch_size_t: int = 1
    num_attention_heads: int = 32
    attention_head_dim: int = 128
    cross_attention_dim: int = 4096
    audio_in_channels: int = 128
    audio_num_attention_heads: int = 32
    audio_attention_head_dim: int = 64
    audio_cross_attention_dim: int = 2048
    caption_channels: int = 3840
    gated_attn: bool = False
    audio_gated_attn: bool = False
    cross_attn_mod: bool = False
    audio_cross_attn_mod: bool = False
    ff_bias: bool = True
    audio_ff_bias: bool = True
    use_prompt_embeddings: bool = True
    use_prompt_adaln_single: bool = True
    use_keyframes_abs_pos_embedding: bool = False

    passed_over = LTX.passed_over | {
        "vae_scale_factors", "pos_embed_max_pos", "base_height", "base_width", "audio_patch_size", "audio_patch_size_t",
        "audio_scale_factor", "audio_pos_embed_max_pos", "audio_sampling_rate", "audio_hop_length", "rope_theta",
        "rope_double_precision", "causal_offset", "timestep_scale_multiplier", "cross_attn_timestep_scale_multiplier",
        "rope_type", "perturbed_attn",
    }  # fmt: skip

    @property
    def sound_rows(self) -> Expr:
        return AUDIO_ROWS

    @property
    def video(self) -> Stream:
        """The stream of the video."""
        return Stream(
            "", ell, self.heads, self.in_channels, self.outputs, self.cross_attention_dim, self.gated_attn,
            self.cross_attn_mod, self.ff_bias,
        )  # fmt: skip

    @property
    def audio(self) -> Stream:
        """The stream of the sound."""
        heads = Heads(self.audio_num_attention_heads, self.audio_attention_head_dim)
        outputs = self.audio_out_channels or self.audio_in_channels
        return Stream(
            "audio_", AUDIO_ROWS, heads, self.audio_in_channels, outputs, self.audio_cross_attention_dim,
            self.audio_gated_attn, self.audio_cross_attn_mod, self.audio_ff_bias,
        )  # fmt: skip

    @property
    def text_modulated(self) -> bool:
        """Whether text is scaled and shifted before it is read: in both streams, where one asks for it."""
        return self.cross_attn_mod or self.audio_cross_attn_mod

    def operators(self) -> list[Operator]:
        streams = (self.video, self.audio)
        marked = [table("keyframes_abs_pos_embedding", self.width)] if self.use_keyframes_abs_pos_embedding else []
        return [
            *marked,
            *(x for stream in streams for x in self.inputs(stream)),
            *repeated("transformer_blocks", self.num_layers, self.block()),
            *(x for stream in streams for x in self.output(stream)),
        ]

    def inputs(self, stream: Stream) -> list[Operator]:
        """Rows in, text projected, and the vectors that all blocks share."""
        width, before = stream.width, stream.prefix
        side = "audio" if before else "video"
        vectors = [(f"{before}time_embed", stream.chunks)]
        if self.text_modulated and self.use_prompt_adaln_single:
            vectors.append((f"{before}prompt_adaln", 2))
        vectors += [(f"av_cross_attn_{side}_scale_shift", 4), (f"av_cross_attn_{side}_gate", 1)]
        text = mlp(f"{before}caption_projection", self.caption_channels, width, rows=m)
        return [
            dense(f"{before}proj_in", stream.rows, stream.channels, width),
            *(text if self.use_prompt_embeddings else []),
            *(x for name, chunks in vectors for x in adaptive(name, width, chunks)),
        ]

    def block(self) -> list[Operator]:
        """Each stream attends to itself, to text and to the other stream, before its MLP."""
        video, audio = self.video, self.audio
        return [
            *self.own(video),
            *self.own(audio),
            *self.text(video),
            *self.text(audio),
            *self.crossing("audio_to_video", video, audio),
            *self.crossing("video_to_audio", audio, video),
            *self.feed(video),
            *self.feed(audio),
        ]

    def own(self, stream: Stream) -> list[Operator]:
        """The table of the stream's vectors, and modulated self-attention."""
        before, rows, width = stream.prefix, stream.rows, stream.width
        tables = [table("scale_shift_table", stream.chunks * width), table("a2v_cross_attn_table", 5 * width)]
        if self.text_modulated:
            tables.append(table("prompt_scale_shift_table", 2 * width))
        return [
            *within(before + "tables", tables),
            elementwise(f"{before}tables.add", 1, (stream.chunks + 5) * width, reads=2),
            self.norm(f"{before}norm1", stream),
            modulate(f"{before}norm1.modulate", rows, width),
            *self.attend(f"{before}attn1", stream, stream.heads, rotated=True),
            gated_residual(f"{before}attn1.gate", rows, width),
        ]

    def text(self, stream: Stream) -> list[Operator]:
        """Attention to text; queries are modulated and the result gated where the stream has vectors for it."""
        before, rows, width = stream.prefix, stream.rows, stream.width
        add = gated_residual if stream.text_modulated else residual
        return [
            self.norm(f"{before}norm2", stream),
            *([modulate(f"{before}norm2.modulate", rows, width)] if stream.text_modulated else []),
            *([modulate(f"{before}text.modulate", m, stream.text_width)] if self.text_modulated else []),
            *self.attend(f"{before}attn2", stream, stream.heads, keys=m, keys_width=stream.text_width),
            add(f"{before}attn2.add", rows, width),
        ]

    def crossing(self, name: str, stream: Stream, other: Stream) -> list[Operator]:
        """Attention of a stream to the other, in heads of the sound's width; both are modulated before."""
        rows, width = stream.rows, stream.width
        return [
            self.norm(f"{name}_norm", stream),
            modulate(f"{name}_norm.modulate", rows, width),
            modulate(f"{name}_norm.modulate_keys", other.rows, other.width),
            *self.attend(
                f"{name}_attn", stream, self.audio.heads, keys=other.rows, keys_width=other.width, rotated=True
            ),
            gated_residual(f"{name}_attn.gate", rows, width),
        ]

    def feed(self, stream: Stream) -> list[Operator]:
        """The modulated MLP."""
        before, rows, width = stream.prefix, stream.rows, stream.width
        return [
            self.norm(f"{before}norm3", stream),
            modulate(f"{before}norm3.modulate", rows, width),
            *feed_forward(f"{before}ff", rows, width, 4 * width, self.activation_fn, bias=stream.feed_bias),
            gated_residual(f"{before}ff.gate", rows, width),
        ]

    def norm(self, name: str, stream: Stream) -> Operator:
        """A norm over a stream's rows."""
        return rms_norm(name, stream.rows, stream.width, vectors=int(self.norm_elementwise_affine))

    def attend(
        self, name: str, stream: Stream, heads: Heads, *, keys: Size | None = None, keys_width: Size | None = None,
        rotated: bool = False,
    ) -> list[Operator]:  # fmt: skip
        """Attention, whose heads are weighed by a gate of their own where the stream has gates."""
        rows, width, others = stream.rows, stream.width, stream.rows if keys is None else keys
        gates = [
            dense("to_gate_logits", rows, width, heads.number),
            elementwise("gates", rows, heads.total, operations=2, reads=2),
        ]
        rope = rotations(rows, heads.total) if rotated else []
        made = [
            *queries_keys_values(rows, width, heads, bias=self.attention_bias, keys=keys, keys_width=keys_width),
            *norms_across_heads(rows, heads, keys=keys),
            *rope,
            attention("scores", rows, others, heads.number, heads.width),
            *(gates if stream.gated else []),
            dense("to_out", rows, heads.total, width, bias=self.attention_out_bias),
        ]
        return within(name, made)

    def output(self, stream: Stream) -> list[Operator]:
        """The latents of a stream out."""
        before, rows, width = stream.prefix, stream.rows, stream.width
        return [
            table(f"{before}scale_shift_table", 2 * width),
            elementwise(f"{before}scale_shift_table.add", 1, 2 * width, reads=2),
            norm(f"{before}norm_out", rows, width),
            modulate(f"{before}norm_out.modulate", rows, width),
            dense(f"{before}proj_out", rows, width, stream.outputs),
        ]


def adaptive(name: str, width: Size, chunks: int) -> list[Operator]:
    """Vectors of the timestep, each kind from an embedding of its own."""
    return [*mlp(f"{name}.emb.timestep_embedder", FREQUENCIES, width), *modulation(name, width, width, chunks)]
