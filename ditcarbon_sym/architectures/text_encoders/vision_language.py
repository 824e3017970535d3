"""Networks for text and images: Qwen2-VL, Qwen2.5-VL, Qwen3-VL and Mistral Small 3.

Released under the names of transformers' classes. The language model runs with its output head. The vision tower and
what joins it to the text are held; they run where a pipeline shows reference images to the encoder.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sympy import Integer, Rational

from ..attentions import Heads, attend, rotations
from ..layers import added, mlp_of_llama
from ..operators import Operator, Size, activation, dense, repeated, rms_norm, shared, table, unused
from .encoder import fields_of
from .language_models import LlamaModel

BESIDE = ("tie_word_embeddings", "spatial_merge_size", "multimodal_projector_bias")
"""Fields that stand beside the two halves of a configuration."""


@dataclass(frozen=True, kw_only=True)
class TextHalf(LlamaModel):
    """A language model and, at rest, a vision tower, whose fields begin with ``vision_``."""

    with_head: ClassVar[bool] = True
    text_defaults: ClassVar[Mapping[str, Any]] = {}
    """Defaults of a text half that is given, where they are not those of one that is left out."""
    vision_defaults: ClassVar[Mapping[str, Any]] = {}
    """The same for the vision half."""

    @classmethod
    def read(cls, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of both halves and those beside them; older files have those of the text beside them, too."""
        text, vision = (configuration.get(f"{half}_config") for half in ("text", "vision"))
        words = configuration if text is None else {**cls.text_defaults, **text}
        images = {} if vision is None else {**cls.vision_defaults, **vision}
        beside = {key: configuration[key] for key in BESIDE if key in configuration}
        return {**fields_of(cls, words), **fields_of(cls, images, "vision_"), **fields_of(cls, beside)}

    def operators(self) -> list[Operator]:
        idle = table("visual", self.vision_parameters())
        return [*super().operators(), Operator(idle.name, idle.kind, parameters=idle.parameters)]

    @abstractmethod
    def vision_parameters(self) -> Size:
        """Parameters of the vision tower and of what brings its rows to the width of the text."""


@dataclass(frozen=True, kw_only=True)
class WithPatches(TextHalf):
    """One whose vision tower, of ``vision_depth`` blocks, reads patches of two frames and merges four into a token."""

    vision_depth: int
    vision_num_heads: int = 16
    vision_hidden_size: int
    vision_in_channels: int = 3
    vision_patch_size: int
    vision_temporal_patch_size: int = 2
    vision_spatial_merge_size: int = 2

    @property
    def vision_patch(self) -> int:
        """Numbers in a patch."""
        return self.vision_in_channels * self.vision_temporal_patch_size * self.vision_patch_size**2


@dataclass(frozen=True, kw_only=True)
class QwenHalf(WithPatches):
    """The text half that Qwen2-VL and Qwen2.5-VL have in common, and the size of their vision towers."""

    vocab_size: int = 152064
    hidden_size: int = 8192
    intermediate_size: int = 29568
    num_hidden_layers: int = 80
    num_attention_heads: int = 64
    num_key_value_heads: int | None = 8
    head_dim: None = None
    vision_depth: int = 32
    vision_hidden_size: int = 3584
    vision_patch_size: int = 14

    @property
    def query_bias(self) -> bool:
        """It has them, whatever its fields say."""
        return True


@dataclass(frozen=True, kw_only=True)
class Qwen2_5_VLForConditionalGeneration(QwenHalf):
    """Qwen2.5-VL (Qwen Team, 2025); its heads are as wide as divides the width among them."""

    vision_intermediate_size: int = 3420
    vision_window_size: int = 112
    vision_fullatt_block_indexes: tuple[int, ...] = (7, 15, 23, 31)
    vision_out_hidden_size: int = 3584

    def vision_parameters(self) -> Size:
        """Patches in; blocks of attention and SwiGLU with biases; two layers that merge patches into a token."""
        width, inner = self.vision_hidden_size, self.vision_intermediate_size
        block = 2 * width + 4 * (width * width + width) + 3 * width * inner + 2 * inner + width
        merged = self.vision_spatial_merge_size**2 * width
        merger = width + merged * (merged + 1) + (merged + 1) * self.vision_out_hidden_size
        return self.vision_patch * width + self.vision_depth * block + merger

    def vision(self, tokens: int) -> list[Operator]:
        """Patches of the image, attention within windows or over the whole, and the merging of patches into tokens."""
        side, merge, width = math.isqrt(tokens), self.vision_spatial_merge_size, self.vision_hidden_size
        rows, merged = tokens * merge**2, merge**2 * width
        window = self.vision_window_size // self.vision_patch_size  # patches along a side
        sides = [min(window, side * merge - start) for start in range(0, side * merge, window)]
        seen = Rational(sum(x**2 for x in sides) ** 2, rows)  # by a patch, on average
        whole = len([k for k in self.vision_fullatt_block_indexes if k < self.vision_depth])
        return shared([
            dense("patch_embed.proj", rows, self.vision_patch, width, bias=False),
            *repeated("blocks", self.vision_depth - whole, self.vision_block(rows, seen)),
            *repeated("blocks.whole", whole, self.vision_block(rows, rows)),
            rms_norm("merger.ln_q", rows, width),
            dense("merger.mlp.0", tokens, merged, merged),
            activation("merger.mlp.1", tokens, merged),
            dense("merger.mlp.2", tokens, merged, self.vision_out_hidden_size),
        ])  # fmt: skip

    def vision_block(self, rows: int, seen: Size) -> list[Operator]:
        """A block of the vision tower, in which each patch attends to ``seen`` patches."""
        width, heads = self.vision_hidden_size, self.vision_num_heads
        split = Heads(heads, width // heads)
        own = attend("attn", rows, width, split, rotations(rows, width), sequences=Integer(rows) / seen)
        return [
            *added("norm1", "attn", rows, width, own),
            *added("norm2", "mlp", rows, width, mlp_of_llama("mlp", rows, width, self.vision_intermediate_size)),
        ]


@dataclass(frozen=True, kw_only=True)
class Qwen2VLForConditionalGeneration(QwenHalf):
    """Qwen2-VL (Qwen Team, 2024): the text half of Qwen2.5-VL; the vision tower is held and does not run."""

    vision_embed_dim: int = 1280
    vision_mlp_ratio: int = 4

    def vision_parameters(self) -> Size:
        """Patches in; blocks of attention and a plain MLP with biases; two layers that merge patches into a token."""
        width, inner = self.vision_embed_dim, self.vision_embed_dim * self.vision_mlp_ratio
        block = 4 * width + 4 * (width * width + width) + 2 * width * inner + inner + width
        merged = self.vision_spatial_merge_size**2 * width
        merger = 2 * width + merged * (merged + 1) + (merged + 1) * self.vision_hidden_size
        return self.vision_patch * width + self.vision_depth * block + merger


@dataclass(frozen=True, kw_only=True)
class Qwen3VLForConditionalGeneration(WithPatches):
    """Qwen3-VL (Qwen Team, 2025): queries and keys normed; the vision tower is held and does not run."""

    vocab_size: int = 151936
    intermediate_size: int = 22016
    num_key_value_heads: int | None = 32
    head_dim: int = 128
    vision_depth: int = 27
    vision_hidden_size: int = 1152
    vision_intermediate_size: int = 4304
    vision_patch_size: int = 16
    vision_out_hidden_size: int = 3584
    vision_num_position_embeddings: int = 2304
    vision_deepstack_visual_indexes: tuple[int, ...] = (8, 16, 24)

    normed_heads: ClassVar[bool] = True

    def vision_parameters(self) -> Size:
        """Patches and positions in; blocks with biases; two layers that merge patches, behind the last block and behind
        those that reach the text on their own.
        """
        width, inner = self.vision_hidden_size, self.vision_intermediate_size
        block = 4 * width + 4 * (width * width + width) + 2 * width * inner + inner + width
        merged = self.vision_spatial_merge_size**2 * width
        layers = merged * (merged + 1) + (merged + 1) * self.vision_out_hidden_size
        mergers = 2 * width + layers + len(self.vision_deepstack_visual_indexes) * (2 * merged + layers)
        embedded = self.vision_patch * width + width + self.vision_num_position_embeddings * width
        return embedded + self.vision_depth * block + mergers


@dataclass(frozen=True, kw_only=True)
class Qwen3VLConditioner(Qwen3VLForConditionalGeneration):
    """Qwen3-VL as MiniMax-H3 reads it: all layers run, the output head is held and does not."""

    def output(self) -> list[Operator]:
        return unused(super().output()) if not self.tie_word_embeddings else []


@dataclass(frozen=True, kw_only=True)
class Mistral3ForConditionalGeneration(TextHalf):
    """Mistral Small 3 (Mistral AI, 2025).

    Its output head is its own unless the configuration ties it to the embedding. Since version 5 transformers' default
    is to tie them. The released configuration says nothing of it; its checkpoint holds both, and both are loaded.
    """

    vocab_size: int = 131072
    hidden_size: int = 5120
    intermediate_size: int = 32768
    num_hidden_layers: int = 40
    num_attention_heads: int = 32
    num_key_value_heads: int | None = 8
    head_dim: int | None = 128
    vision_num_hidden_layers: int = 24
    vision_hidden_size: int = 1024
    vision_intermediate_size: int = 4096
    vision_num_channels: int = 3
    vision_patch_size: int = 14
    spatial_merge_size: int = 2
    multimodal_projector_bias: Literal[False] = False

    text_defaults: ClassVar[Mapping[str, Any]] = {
        "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "head_dim": None,
    }  # fmt: skip
    vision_defaults: ClassVar[Mapping[str, Any]] = {"patch_size": 16}

    def vision_parameters(self) -> Size:
        """Patches in; blocks of attention and SwiGLU without biases; norm, merger, two layers to the text's width."""
        width, inner = self.vision_hidden_size, self.vision_intermediate_size
        patch = self.vision_num_channels * self.vision_patch_size**2
        block = 2 * width + 4 * width * width + 3 * width * inner
        merger = width + self.spatial_merge_size**2 * width * width
        projector = width * self.hidden_size + self.hidden_size**2
        return patch * width + width + self.vision_num_hidden_layers * block + merger + projector
