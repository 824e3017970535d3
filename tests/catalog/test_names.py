"""Names as people type them."""

import pytest
from hypothesis import given, strategies as st

from ditcarbon_sym import estimate
from ditcarbon_sym.catalog.loading import load
from ditcarbon_sym.catalog.names import meant, plain
from ditcarbon_sym.catalog.places import places
from ditcarbon_sym.errors import InputError

SHIPPED = load()
EVERY = [(kind, name) for kind in ("model", "gpu", "datacenter") for name in getattr(SHIPPED, f"{kind}s")]


@pytest.mark.parametrize(
    ("kind", "typed", "expected"),
    [
        ("gpu", "h100", "h100-sxm-80gb"),
        ("gpu", "H100", "h100-sxm-80gb"),
        ("gpu", "NVIDIA H100", "h100-sxm-80gb"),
        ("gpu", "A100 80GB", "a100-sxm-80gb"),
        ("gpu", "h100 pcie", "h100-pcie-80gb"),
        ("gpu", "Instinct MI300X", "mi300x"),
        ("gpu", "NVIDIA A100 80GB PCIe", "a100-pcie-80gb"),
        ("gpu", "rtx4090", "rtx-4090"),
        ("gpu", "Tesla V100-SXM2", "v100-sxm2-32gb"),
        ("model", "FLUX.1-dev", "flux.1-dev"),
        ("model", "black-forest-labs/FLUX.1-dev", "flux.1-dev"),
        ("model", "FLUX.1 [schnell]", "flux.1-schnell"),
        ("model", "wan2.1 t2v 14b", "wan2.1-t2v-14b"),
        ("model", "wan 5b", "wan2.2-ti2v-5b"),
        ("model", "PixArt_Alpha", "pixart-alpha"),
        ("model", "Stable Diffusion 3.5 Large", "sd3.5-large"),
        ("model", "cogvideox 5b", "cogvideox-5b"),
        ("datacenter", "US", "USA"),
        ("datacenter", "US aver", "us-average"),
        ("datacenter", "Norway", "NOR"),
        ("datacenter", "Norway, hydro", "norway-hydro"),
    ],
)
def test_a_name_as_people_type_it_is_understood(kind, typed, expected):
    assert SHIPPED.id_of(kind, typed) == expected


FLUX = [
    "flux.1-dev", "flux.1-fill-dev", "flux.1-kontext-dev", "flux.1-schnell", "flux.2-dev", "flux.2-klein-4b",
    "flux.2-klein-9b", "flux.3-image-klein",
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "typed", "candidates"),
    [
        ("gpu", "a100", ["a100-pcie-40gb", "a100-pcie-80gb", "a100-sxm-40gb", "a100-sxm-80gb"]),
        ("gpu", "V100", ["v100-pcie-16gb", "v100-sxm2-32gb"]),
        ("model", "flux", FLUX),
        ("model", "pixart", ["pixart-alpha", "pixart-sigma"]),
        ("model", "wan2.2", ["wan2.2-animate-14b", "wan2.2-i2v-a14b", "wan2.2-t2v-a14b", "wan2.2-ti2v-5b"]),
    ],
)
def test_an_ambiguous_name_lists_what_it_may_mean_and_nothing_else(kind, typed, candidates):
    with pytest.raises(InputError) as refusal:
        SHIPPED.id_of(kind, typed)
    assert str(refusal.value) == f"{kind} {typed!r} may mean {', '.join(candidates)}; give one of them"


@pytest.mark.parametrize("typed", ["l4s", "gtx 1080", "a1", "rtx 40", "h10", "b100", "mi300", "tpu"])
def test_another_chip_with_a_similar_name_is_not_taken_for_one_that_is_known(typed):
    with pytest.raises(InputError, match="unknown gpu"):
        SHIPPED.id_of("gpu", typed)


@pytest.mark.parametrize("typed", ["wan2.2 14b", "qwen-image-layers", "flux.1-kontext-max", "sd3.5", "wan2.3", ""])
def test_a_model_that_is_not_known_is_not_taken_for_another(typed):
    with pytest.raises(InputError):
        SHIPPED.id_of("model", typed)


@given(st.sampled_from(EVERY), st.data())
def test_case_and_separators_make_no_difference(entry, data):
    kind, name = entry
    typed = "".join(
        data.draw(st.sampled_from([x.upper(), x.lower()] if x.isalnum() else ["-", "_", " ", ".", ""])) for x in name
    )
    assert SHIPPED.id_of(kind, typed) == name


@given(st.sampled_from(EVERY), st.text(max_size=8))
def test_an_id_always_wins(entry, other):
    kind, name = entry
    assert SHIPPED.id_of(kind, name) == name
    assert meant(kind, name, {name: (), f"{name}{other}": (), other: (name,)}) == name


@given(st.sampled_from(EVERY), st.integers(2))
def test_the_beginning_of_a_name_means_that_entry_or_is_refused(entry, length):
    kind, name = entry
    typed = name[:length]
    try:
        found = SHIPPED.id_of(kind, typed)
    except InputError as refusal:
        assert typed.casefold()[:60] in str(refusal)
    else:
        entries = {**getattr(SHIPPED, f"{kind}s"), **(places() if kind == "datacenter" else {})}
        spelled = (found, entries[found].name, *getattr(entries[found], "names", ()))
        assert any(plain(x).startswith(plain(typed)) for x in spelled)


def test_an_answer_says_how_a_name_was_read_that_is_not_its_id():
    found = estimate("z-image", gpu="h100", datacenter="norway")
    assert (found.model, found.gpu, found.datacenter) == ("z-image-turbo", "h100-sxm-80gb", "NOR")
    read = [x for x in found.warnings if "is read as" in x]
    assert read == [
        "model 'z-image' is read as z-image-turbo", "gpu 'h100' is read as h100-sxm-80gb",
        "datacenter 'norway' is read as NOR",
    ]  # fmt: skip
    assert not any("is read as" in x for x in estimate("FLUX.1-dev", gpu="H100 SXM 80GB").warnings)
