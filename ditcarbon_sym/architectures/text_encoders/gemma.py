"""Gemma 3 with its vision tower, and the encoders that were made of Gemma: T5Gemma and T5Gemma 2.

Released under the names of transformers' classes (Gemma Team, 2025; Zhang et al., 2025). Layers that look through a
window count as layers that look at every row. The vision tower is SigLIP's; it is held and does not run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..operators import Operator, Size, table
from .encoder import fields_of
from .language_models import Gemma2Model
from .vision_language import TextHalf


@dataclass(frozen=True, kw_only=True)
class WithSiglip(Gemma2Model, TextHalf):
    """A language model of Gemma 3's layers: as those of Gemma 2, queries and keys normed, and SigLIP at rest."""

    vocab_size: int = 262208
    vision_hidden_size: int = 768
    vision_intermediate_size: int = 3072
    vision_num_hidden_layers: int = 12
    vision_num_attention_heads: int = 12
    vision_num_channels: int = 3
    vision_image_size: int = 224
    vision_patch_size: int = 16
    vision_vision_use_head: bool = True

    normed_heads: ClassVar[bool] = True

    def vision_parameters(self) -> Size:
        """Patches and positions in; blocks with biases; a head that pools, if there is one; a matrix to the text."""
        width, inner = self.vision_hidden_size, self.vision_intermediate_size
        patch = self.vision_num_channels * self.vision_patch_size**2
        places = (self.vision_image_size // self.vision_patch_size) ** 2
        feed = 2 * width * inner + inner + width
        attention = 4 * (width * width + width)
        block = 4 * width + attention + feed
        head = width + attention + 2 * width + feed if self.vision_vision_use_head else 0
        projector = width * self.hidden_size + width
        embedded = patch * width + width + places * width
        return embedded + self.vision_num_hidden_layers * block + 2 * width + head + projector


@dataclass(frozen=True, kw_only=True)
class Gemma3ForConditionalGeneration(WithSiglip):
    """Gemma 3 with its output head, which is tied to the embedding."""


@dataclass(frozen=True, kw_only=True)
class T5Gemma2Encoder(WithSiglip):
    """The encoding half of T5Gemma 2: Gemma 3's layers with attention in both directions; the end of an image is a
    vector of its own.
    """

    with_head: ClassVar[bool] = False

    def operators(self) -> list[Operator]:
        return [*super().operators(), table("embed_tokens.eoi_embedding", self.hidden_size)]


@dataclass(frozen=True, kw_only=True)
class T5GemmaEncoderModel(Gemma2Model):
    """The encoding half of T5Gemma: Gemma 2's layers with attention in both directions."""

    num_key_value_heads: int = 4

    @classmethod
    def read(cls, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of the encoder, which are apart from the decoder's."""
        return fields_of(cls, configuration.get("encoder") or configuration)
