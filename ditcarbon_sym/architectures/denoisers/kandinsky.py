"""Kandinsky 5 and 6: adaLN-Zero with cross-attention to a text that has blocks of its own; 6 makes sound, too.

Released as diffusers' ``Kandinsky5Transformer3DModel`` and ``Kandinsky6Transformer3DModel``
(src/diffusers/models/transformers: transformer_kandinsky.py, transformer_kandinsky6.py; Arkhipkin et al., 2025).
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sympy import Expr, Integer, Rational, Symbol

from ...equations.notation import a, c, ell, f, m, n_latent, t
from ..adaln import modulated, modulation
from ..attentions import Heads, attend, head_norms, rotations
from ..layers import feed_forward, mlp
from ..network import VideoPatches
from ..operators import Operator, Size, dense, modulate, norm, repeated, residual, table, within

AUDIO_ROWS = Rational(43, 6) * n_latent - 5
"""Audio rows of a film of 24 frames a second, four to a latent one: 44100 / 1024 a second make 7.178 to a latent frame.

The pipeline rounds up; these are as many at six latent frames and multiples thereof, and within one row of it up to ten
seconds (diffusers: pipeline_kandinsky6_ti2va.py, audio_length).
"""


@dataclass(frozen=True)
class Branch:
    """The blocks of one modality: ``rows`` of ``width``, modulated by ``condition`` numbers."""

    rows: Size
    width: int
    condition: int
    inner: int
    head: int

    @property
    def heads(self) -> Heads:
        """As many as fill the width."""
        return Heads(self.width // self.head, self.head)

    def embedded(self, prefix: str, text: int, pooled: int) -> list[Operator]:
        """Timestep and pooled text to one vector, and the text to rows."""
        made = [
            *mlp("time_embeddings", self.width, self.condition),
            dense("pooled_text_embeddings.in_layer", 1, pooled, self.condition),
            norm("pooled_text_embeddings.norm", 1, self.condition, vectors=2),
            residual("pooled_text_embeddings.add", 1, self.condition),
            dense("text_embeddings.in_layer", m, text, self.width),
            norm("text_embeddings.norm", m, self.width, vectors=2),
        ]
        return [replace(x, name=f"{prefix}{x.name}") for x in made]

    def attention(
        self, name: str, rotated: bool = True, keys: Size | None = None, width: int | None = None
    ) -> list[Operator]:
        """Attention of the rows to themselves, or to others."""
        rope = rotations(self.rows, self.width) if rotated else []
        before = [*head_norms(self.rows, self.heads, keys=keys), *rope]
        return attend(name, self.rows, self.width, self.heads, before, keys=keys, keys_width=width)

    def sublayer(self, name: str, operators: list[Operator]) -> list[Operator]:
        """Normed, scaled and shifted before, gated after."""
        return modulated(f"{name}_norm", name, self.rows, self.width, operators)

    def feed(self) -> list[Operator]:
        """The MLP."""
        made = feed_forward("feed_forward", self.rows, self.width, self.inner, bias=False)
        return self.sublayer("feed_forward", made)

    def encoder(self) -> list[Operator]:
        """A block of the text."""
        of_text = replace(self, rows=m)
        return [
            *modulation("text_modulation", self.condition, self.width, 6),
            *of_text.sublayer("self_attention", of_text.attention("self_attention")),
            *of_text.feed(),
        ]

    def decoder(self) -> list[Operator]:
        """A block of what is made, with attention to the text."""
        cross = self.attention("cross_attention", rotated=False, keys=m)
        return [
            *modulation("visual_modulation", self.condition, self.width, 9),
            *self.sublayer("self_attention", self.attention("self_attention")),
            *self.sublayer("cross_attention", cross),
            *self.feed(),
        ]

    def output(self, name: str, outputs: Size, norms: int = 1) -> list[Operator]:
        """The latents out."""
        made = [
            *modulation("modulation", self.condition, self.width, 2),
            norm("norm", self.rows, self.width),
            modulate("modulate", self.rows, self.width),
            *(norm("norm", self.rows, self.width) for _ in range(norms - 1)),
            dense("out_layer", self.rows, self.width, outputs),
        ]
        return within(name, made)


@dataclass(frozen=True, kw_only=True)
class Kandinsky(VideoPatches):
    """What both versions have in common: blocks of the text, then blocks of the video that attend to it."""

    in_visual_dim: int
    out_visual_dim: int
    time_dim: int
    model_dim: int
    ff_dim: int
    num_text_blocks: int
    num_visual_blocks: int
    axes_dims: tuple[int, ...]
    in_text_dim: int = 3584
    in_text_dim2: int = 768
    patch_size: tuple[int, int, int] = (1, 2, 2)

    @property
    def in_channels(self) -> int:
        """Channels in, with those of a given image and its mask."""
        return 2 * self.in_visual_dim + 1 if self.conditioned else self.in_visual_dim

    @property
    def out_channels(self) -> int:
        return self.out_visual_dim

    @property
    @abstractmethod
    def conditioned(self) -> bool:
        """Whether an image goes in as further channels."""

    @property
    def width(self) -> Any:
        return self.model_dim

    @property
    def blocks(self) -> Any:
        return self.num_visual_blocks

    @property
    def video(self) -> Branch:
        """The branch of the video."""
        return Branch(ell, self.model_dim, self.time_dim, self.ff_dim, sum(self.axes_dims))

    def conditioning(self, branch: Branch, prefix: str) -> list[Operator]:
        """Timestep and text of a branch."""
        return [
            *branch.embedded(prefix, self.in_text_dim, self.in_text_dim2),
            *repeated(f"{prefix}text_transformer_blocks", self.num_text_blocks, branch.encoder()),
        ]

    def patches(self) -> Operator:
        """Patches in."""
        return dense("visual_embeddings.in_layer", ell, self.volume * self.in_channels, self.width)

    def leading_order(self) -> Mapping[Symbol, Size]:
        ratio = Integer(1) * self.ff_dim / self.model_dim
        return {**super().leading_order(), a: 1, c: 1, t: self.time_dim, f: ratio}


@dataclass(frozen=True, kw_only=True)
class Kandinsky5Transformer3DModel(Kandinsky):
    """Version 5 with attention to every token: which tokens the sparse one (``nabla``) sees depends on the video."""

    in_visual_dim: int = 4
    out_visual_dim: int = 4
    time_dim: int = 512
    model_dim: int = 2048
    ff_dim: int = 5120
    num_text_blocks: int = 2
    num_visual_blocks: int = 32
    axes_dims: tuple[int, ...] = (16, 24, 24)
    visual_cond: bool = False
    attention_type: Literal["regular"] = "regular"

    # These do not change the count of attention to every token.
    passed_over = frozenset({
        "attention_causal", "attention_local", "attention_glob", "attention_window", "attention_P", "attention_wT",
        "attention_wW", "attention_wH", "attention_add_sta", "attention_method",
    })  # fmt: skip

    @property
    def conditioned(self) -> bool:
        return self.visual_cond

    def operators(self) -> list[Operator]:
        return [
            *self.conditioning(self.video, ""),
            self.patches(),
            *repeated("visual_transformer_blocks", self.num_visual_blocks, self.video.decoder()),
            *self.video.output("out_layer", self.volume * self.outputs),
        ]


@dataclass(frozen=True, kw_only=True)
class Kandinsky6Transformer3DModel(Kandinsky):
    """Version 6: video and sound in branches of their own, which attend to each other in every block."""

    in_visual_dim: int = 16
    out_visual_dim: int = 16
    time_dim: int = 1024
    model_dim: int = 4096
    ff_dim: int = 16384
    num_text_blocks: int = 4
    num_visual_blocks: int = 60
    axes_dims: tuple[int, ...] = (32, 48, 48)
    visual_cond: bool = True
    in_audio_dim: int = 20
    out_audio_dim: int = 20
    model_dim_a: int | None = None
    time_dim_a: int | None = None
    ff_dim_a: int | None = None
    axes_dims_a: tuple[int, ...] | None = None
    ca_rope: bool = False
    cross_gates: bool = False
    visual_token_type_num_embeddings: int = 0

    passed_over = frozenset({"audio_freqs_scaling", "scale_factor", "text_token_padding", "fix_modulation"})

    @property
    def conditioned(self) -> bool:
        return self.visual_cond

    @property
    def sound_rows(self) -> Expr:
        return AUDIO_ROWS

    @property
    def audio(self) -> Branch:
        """The branch of the sound, in what is not said as large as that of the video."""
        return Branch(
            AUDIO_ROWS, self.model_dim_a or self.model_dim, self.time_dim_a or self.time_dim,
            self.ff_dim_a or self.ff_dim, sum(self.axes_dims_a or self.axes_dims),
        )  # fmt: skip

    def operators(self) -> list[Operator]:
        video, audio, types = self.video, self.audio, self.visual_token_type_num_embeddings
        return [
            *self.conditioning(video, "video_"),
            *self.conditioning(audio, "audio_"),
            self.patches(),
            *([table("visual_token_type_embeddings", types * self.width)] if types else []),
            dense("audio_embeddings.in_layer", audio.rows, self.in_audio_dim, audio.width),
            norm("audio_embeddings.norm", audio.rows, audio.width, vectors=2),
            *repeated("visual_transformer_blocks", self.num_visual_blocks, self.block()),
            *video.output("out_layer", self.volume * self.outputs),
            *audio.output("audio_out_layer", self.out_audio_dim, norms=2),
        ]

    def block(self) -> list[Operator]:
        """One block of each branch, and between text and MLP the attention of each to the other."""
        video, audio = self.video, self.audio
        return [
            *within("video_dec_block", video.decoder()),
            *within("audio_dec_block", audio.decoder()),
            *self.crossing("va", video, audio),
            *self.crossing("av", audio, video),
        ]

    def crossing(self, name: str, branch: Branch, other: Branch) -> list[Operator]:
        """Attention of a branch to another, whose gate is as wide as the other's where gates are crossed."""
        chunks = 2 * branch.width + (other.width if self.cross_gates else branch.width)
        attended = branch.attention(f"{name}_cross_attention", self.ca_rope, keys=other.rows, width=other.width)
        return [
            *modulation(f"{name}_modulation", branch.condition, 1, chunks),
            *modulated(f"{name}_normalization", f"{name}_cross_attention", branch.rows, branch.width, attended),
        ]
