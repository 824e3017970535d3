"""Text encoders: transformers' classes, built from their configuration, and the tokens they take."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import transformers

TEXT_HALF = {"Qwen2_5_VLForConditionalGeneration": "qwen2_5_vl_text", "Mistral3ForConditionalGeneration": "mistral"}
"""Classes whose text half has a configuration of its own, and its type."""
VISION_HALF = {
    "Qwen2_5_VLForConditionalGeneration": {
        "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 3584,
    },
}  # fmt: skip
"""The released vision tower, where the class's default is another one (Qwen/Qwen2.5-VL-7B-Instruct: config.json)."""


def build(configuration: Mapping[str, Any]) -> Any:
    """Make a transformers network from its configuration, on the meta device."""
    name = configuration["_class_name"]
    fields = {key: value for key, value in configuration.items() if key not in ("_class_name", "sources")}
    cls = getattr(transformers, name)
    if name in TEXT_HALF:
        half = {"model_type": TEXT_HALF[name], "tie_word_embeddings": False, **fields}
        vision = {"vision_config": VISION_HALF[name]} if name in VISION_HALF else {}
        made = cls.config_class(text_config=half, tie_word_embeddings=False, **vision)
    else:
        made = cls.config_class(**fields)
    with torch.device("meta"):
        return cls(made).eval()


def work(net: Any, tokens: int) -> Callable[[], Any]:
    """One pass over a prompt of so many tokens."""
    return lambda: net(input_ids=torch.empty(1, tokens, dtype=torch.long))
