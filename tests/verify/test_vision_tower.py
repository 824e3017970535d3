"""The vision tower of Qwen2.5-VL against transformers' class, whose FLOP torch counts."""

import dataclasses
import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel

from ditcarbon_sym.architectures.operators import flop
from ditcarbon_sym.catalog.stages import text_network

SMALL = {"depth": 3, "hidden_size": 32, "num_heads": 4, "intermediate_size": 48, "out_hidden_size": 24}


@pytest.mark.parametrize("tokens", [16, 25, 49, 100])
@pytest.mark.parametrize("whole", [(1,), (0, 2)])
def test_an_image_costs_what_the_real_class_computes(tokens, whole):
    config = Qwen2_5_VLVisionConfig(**SMALL, fullatt_block_indexes=list(whole))
    config._attn_implementation = "eager"
    tower = Qwen2_5_VisionTransformerPretrainedModel(config).eval()
    side = 2 * math.isqrt(tokens)
    patches = torch.zeros(side * side, 3 * 2 * 14 * 14)
    with FlopCounterMode(display=False) as counted, torch.no_grad():
        tower(patches, grid_thw=torch.tensor([[1, side, side]]))
    network = dataclasses.replace(
        text_network("qwen2.5-vl-7b"), **{f"vision_{key}": value for key, value in SMALL.items()},
        vision_fullatt_block_indexes=whole,
    )  # fmt: skip
    assert int(flop(network.vision(tokens))) == counted.get_total_flops()
