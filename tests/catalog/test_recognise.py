"""What a file is that is no configuration: one line, with the way out."""

import json
import struct

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym.architectures import ELSEWHERE, MODULES
from ditcarbon_sym.catalog import recognise, stages
from ditcarbon_sym.catalog.diffusers import from_diffusers
from ditcarbon_sym.errors import InputError


def refusal(path):
    with pytest.raises(InputError) as caught:
        from_diffusers(path)
    message = str(caught.value)
    assert "\n" not in message and message.startswith(str(path))
    return message


def safetensors(path, shapes):
    """A file with the header of these tensors, and no data behind it."""
    header = {name: {"dtype": "BF16", "shape": shape, "data_offsets": [0, 0]} for name, shape in shapes.items()}
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    return path


@pytest.mark.parametrize("name", ["flux.1-dev", "wan2.1-t2v-14b", "sd3.5-medium", "z-image-turbo"])
def test_weights_are_counted_by_their_header_and_the_network_of_as_many_is_named(name, tmp_path):
    parameters = stages.shipped(name).weights()[stages.DENOISER]
    message = refusal(safetensors(tmp_path / "model.safetensors", {"a": [parameters - 6], "b": [2, 3]}))
    assert f"weights of {parameters:,} parameters" in message and name in message.partition("the denoiser of ")[2]
    assert "give the transformer's config.json" in message


def test_weights_of_no_known_network_are_counted_alone(tmp_path):
    message = refusal(safetensors(tmp_path / "lora.safetensors", {"a": [16, 3072], "b": [3072, 16]}))
    assert "weights of 98,304 parameters;" in message and "denoiser" not in message


@pytest.mark.parametrize("text", [b"{}", b'{"a": 3}', b'{"a": {"shape": ["x"]}}', b'{"a": {"shape": -1}}', b"{" * 99])
def test_a_damaged_header_still_tells_what_the_file_is(text, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    assert "is a safetensors file, weights; give" in refusal(path)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"GGUF\x03\0\0\0", "GGUF"),
        (b"PK\x03\x04rest", "PyTorch checkpoint"),
        (b"\x80\x02}q\0", "pickled PyTorch checkpoint"),
        (b"\x89HDF\r\n", "HDF5"),
    ],
)
def test_other_weights_are_named(start, expected, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(start)
    message = refusal(path)
    assert expected in message and "config.json" in message


@given(st.binary(max_size=40))
def test_no_bytes_raise_anything_but_one_line(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes"
    path.write_bytes(content)
    refusal(path)


WAN = {"_class_name": "WanModel", "_diffusers_version": "0.30.0", "dim": 5120, "ffn_dim": 13824, "freq_dim": 256,
       "in_dim": 16, "model_type": "t2v", "num_heads": 40, "num_layers": 40, "out_dim": 16}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (WAN, ("original repository (width 5120, depth 40)", "or name the model: wan2.1-t2v-14b or wan2.2-t2v-a14b")),
        ({"dim": 3, "n_layers": 4}, ("original repository (width 3, depth 4)", "that of the diffusers release")),
        ({"metadata": {"total_size": 4}, "weight_map": {}}, ("index of a checkpoint's parts", "config.json")),
        ({"_class_name": "AutoencoderKL", "block_out_channels": [128]}, ("configuration of a VAE", "folder")),
        ({"architectures": ["T5EncoderModel"], "model_type": "t5"}, ("configuration of transformers", "text encoder")),
        ({"_class_name": "LCMScheduler", "num_train_timesteps": 1000}, ("scheduler's configuration", "transformer's")),
        ({"last_node_id": 3, "nodes": []}, ("ComfyUI", "config.json")),
        ({"model_id": "x", "energy_per_image_joules": 3.0}, ("ML.ENERGY", "'ditcarbon fit'")),
        ({"task": "text-to-image", "configurations": [{"energy_per_video_joules": 1}]}, ("ML.ENERGY", "CSV")),
    ],
)  # fmt: skip
def test_another_json_is_named_with_the_way_out(content, expected, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    message = refusal(path)
    assert all(part in message for part in expected), message


KEYS = st.sampled_from(["energy_x", "dim", "depth", "num_layers", "weight_map", "architectures", "_class_name", "x"])
VALUES = st.recursive(st.none() | st.integers() | st.text(max_size=4), lambda x: st.lists(x, max_size=2), max_leaves=4)


@given(st.dictionaries(KEYS, VALUES))
def test_no_object_raises_anything_but_one_line(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(content))
    assert refusal(path).isprintable()


def test_what_is_said_of_diffusers_transformers_is_true():
    """The numbers that the page on networks prints; more may be supported, fewer may not."""
    every = [*recognise.classes(), *recognise.classes("other")]
    assert len(every) == len(set(every)) == 75
    for kind, least in (("image", 34), ("video", 25), ("audio", 6)):
        assert sum(map(recognise.is_supported, recognise.classes(kind))) >= least
    denoisers = {name for name, module in MODULES.items() if module.startswith("denoisers.")} - {*ELSEWHERE}
    assert {x.removesuffix(stages.EXPANDED) for x in denoisers} <= set(every)
    assert all(bool(recognise.reason(name)) != recognise.is_supported(name) for name in every)


def test_a_class_that_stays_out_is_refused_by_name_with_the_reason(config):
    path = config({"_class_name": "TransformerTemporalModel"})
    with pytest.raises(InputError, match="TransformerTemporalModel is not supported: it is a part of a U-Net"):
        from_diffusers(path)
