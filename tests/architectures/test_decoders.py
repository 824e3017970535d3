"""Which decoders decode several latent frames of one output."""

import pytest

from ditcarbon_sym.catalog import stages
from ditcarbon_sym.catalog.files import shipped_names, shipped_table


@pytest.mark.parametrize("name", shipped_names("vaes"))
def test_a_decoder_of_images_has_one_latent_frame_and_one_that_compresses_time_several(name):
    table = shipped_table("vaes", name)
    made = stages.made({key: value for key, value in table.items() if key != "sources"})
    assert made.is_video or made.temporal_factor == 1
    assert not (made.is_video and table["_class_name"] in ("AutoencoderKL", "AutoencoderDC"))
