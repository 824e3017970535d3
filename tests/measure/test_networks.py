"""Every class of network in the catalogue can be fed, in the precision its library keeps."""

from types import SimpleNamespace

import pytest

from ditcarbon_sym.architectures import ELSEWHERE
from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.files import DATA, read_toml
from ditcarbon_sym.measure import networks
from ditcarbon_sym.measure.inputs import tensors


def test_every_denoiser_and_decoder_of_the_catalogue_can_be_fed():
    kinds = {
        read_toml(DATA / "pipelines" / f"{name}.toml")["transformer"]["_class_name"] for name in stages.of_diffusers()
    }
    assert kinds <= set(networks.DENOISERS)
    decoders = {table["_class_name"] for table in read_toml(DATA / "vaes.toml")["vaes"].values()}
    assert decoders - set(ELSEWHERE) <= set(networks.DECODERS)
    assert set(networks.DENOISERS) >= networks.ONE_AFTER_ANOTHER


@pytest.mark.parametrize("name", sorted(stages.of_diffusers()))
def test_the_batch_is_the_first_axis_of_what_a_denoiser_is_fed(name):
    """Each output more adds as many numbers, and only the network's configuration is asked."""
    table = read_toml(DATA / "pipelines" / f"{name}.toml")["transformer"]
    known = SimpleNamespace(**{**table, **stages.shipped(name).denoiser.__dict__})
    net = SimpleNamespace(config=known, use_additional_conditions=True)
    numbers = [_elements(networks.DENOISERS[table["_class_name"]](net, batch, 32, 32, 4, 160)) for batch in (1, 2, 3)]
    assert numbers[2] - numbers[1] == numbers[1] - numbers[0] > 0


def _elements(described):
    if isinstance(described, tensors.Tensor):
        size = 1
        for side in described.shape:
            size *= side
        return size
    if isinstance(described, dict):
        return sum(_elements(x) for x in described.values())
    return sum(_elements(x) for x in described) if isinstance(described, list | tuple) else 0


@pytest.mark.parametrize(
    ("flags", "bfloat", "expected"),
    [
        ({"_keep_in_fp32_modules": ["norm"]}, True, {"norm"}),
        ({"_keep_in_fp32_modules": ["wo"], "_keep_in_fp32_modules_strict": None}, True, set()),
        ({"_keep_in_fp32_modules": ["wo"], "_keep_in_fp32_modules_strict": ["gate"]}, True, {"gate"}),
        ({"_keep_in_fp32_modules": ["wo"], "_keep_in_fp32_modules_strict": ["gate"]}, False, {"wo", "gate"}),
        ({}, True, set()),
    ],
)
def test_32_bits_are_kept_where_each_library_keeps_them(flags, bfloat, expected):
    """diffusers names one list; transformers two, of which one is for half precision alone."""
    assert networks._kept_in_32_bits(SimpleNamespace(**flags), bfloat) == expected
