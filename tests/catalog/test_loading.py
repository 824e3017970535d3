import re
import tomllib

import pytest
from hypothesis import assume, given, strategies as st

from ditcarbon_sym.catalog import files, loading, schema, stages
from ditcarbon_sym.catalog.names import stands_for
from ditcarbon_sym.equations.notation import BY_FIELD, N, Theta_peak, d, j, k_VAE, n_ada, t, v_t
from ditcarbon_sym.errors import InputError
from ditcarbon_sym.reports.formats import toml_text

MODEL = """
[models.mine]
dual_stream = 0
cross_attention = 1
adaln_zero = 0
blocks = 12
hidden_size = 512
mlp_ratio = 4
patch_size = 2
vae_spatial_factor = 8
text_encoder_parameters = 0
vae_decoder_parameters = 5e7
request = { height = 512, width = 512, batch = 1, steps = 20, guidance = 2, text_tokens = 77 }
"""
GPU = "[gpus.mine]\npeak_flop_per_second = 312e12\n"
DATACENTER = "[datacenters.mine]\npue = 1.3\ngrid_gco2eq_per_kwh = 0\n"


@pytest.fixture
def write(tmp_path):
    def write(text, name="my.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def bibliography():
    return set(re.findall(r"^@\w+\{(\w+),", (files.DATA / "sources.bib").read_text(encoding="utf-8"), re.M))


def shipped_tables(kind):
    """What a file of the user's would hold: the entries of a kind, in one file or a file each."""
    path = files.DATA / f"{kind}.toml"
    if path.exists():
        return files.read_toml(path)[kind]
    return {name: files.shipped_table(kind, name) for name in files.shipped_names(kind)}


@pytest.mark.parametrize("kind", ["models", "gpus", "datacenters"])
def test_shipped_files_pass_the_users_validation(kind):
    assert schema.validate_catalog({kind: shipped_tables(kind)}, files.DATA)


@pytest.mark.parametrize("path", sorted((files.DATA / "calibrations").glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_calibrations_pass_the_users_validation(path):
    assert schema.validate_calibration(tomllib.loads(path.read_text(encoding="utf-8")), path)


def test_every_shipped_entry_names_sources_that_are_in_the_bibliography():
    known, shipped = bibliography(), loading.load()
    for entry in [*loading.paper_models().values(), *shipped.gpus.values(), *shipped.datacenters.values()]:
        assert entry.sources, entry.id
        for where, source in entry.sources.items():
            assert source.split(":")[0] in {*known, "assumed"}, f"{entry.id}.{where}: {source}"


def test_every_group_of_facts_of_a_model_has_a_source():
    for model in loading.paper_models().values():
        assert {"flags", "sizes", "text_encoder", "vae", "request"} <= set(model.sources), model.id


@pytest.mark.parametrize("name", sorted(stages.shipped_ids()))
def test_every_stage_of_a_released_pipeline_has_a_source(name):
    sources = stages.shipped(name).sources
    assert {"transformer", "vae", "text_encoders", "request", "published"} <= set(sources)
    for where, source in sources.items():
        assert source.strip() and "(" * source.count("(") == "(" * source.count(")"), (where, source)


def test_every_number_of_an_accelerator_or_data_centre_has_a_source():
    for kind in ("gpus", "datacenters"):
        for key, table in shipped_tables(kind).items():
            numbers = {field for field, value in table.items() if isinstance(value, int | float | dict)} - {"sources"}
            assert numbers <= set(table["sources"]), key


def test_every_default_has_a_source():
    assert set(loading.defaults()) - {"sources"} <= set(loading.defaults()["sources"])


def test_the_catalogue_has_what_the_paper_names():
    shipped = loading.load()
    assert {"dit-xl-2-256", "pixart-alpha", "sd3-medium", "sd3.5-large", "cogvideox-2b"} <= set(shipped.models)
    assert {"v100-pcie-16gb", "gtx-1080-ti"} <= set(shipped.gpus)
    assert len(shipped.datacenters) == 7


def test_an_accelerator_is_read_when_it_is_asked_for(monkeypatch):
    read = []
    monkeypatch.setattr(loading, "shipped_table", lambda *which: read.append(which) or files.shipped_table(*which))
    gpus = loading._shipped.__wrapped__().gpus
    assert "l4" in gpus and "l5" not in gpus and list(gpus) == list(files.shipped_names("gpus")) and not read
    assert gpus["l4"] is gpus["l4"] and read == [("gpus", "l4")]
    with pytest.raises(KeyError):
        gpus["l5"]


def test_an_entry_of_the_users_gets_the_papers_defaults(write):
    values = loading.load(write(MODEL)).model("mine").values
    assert (values[n_ada], values[j], values[k_VAE], values[t], values[N]) == (1, 0, 3, values[d], 12)
    assert v_t not in values


def test_a_users_file_adds_to_the_shipped_entries_and_replaces_them_by_name(write):
    mine = loading.load(write(GPU + GPU.replace("mine", "v100-pcie-16gb") + DATACENTER))
    assert mine.gpu("mine").values == {Theta_peak: 312e12}
    assert mine.gpu("v100-pcie-16gb").origin.endswith("my.toml")
    assert "gtx-1080-ti" in mine.gpus and "mine" in mine.datacenters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no entries"),
        ("[models", "not valid TOML"),
        (b"\xff\xfe\x00\x01", "not a text file"),
        ("[model.mine]\n", "unknown table [model]; did you mean models?"),
        ("models = 3\n", "must hold one table per entry"),
        ("[models]\nmine = 3\n", "must hold one table per entry"),
        (MODEL.replace("blocks", "bloks"), "unknown field bloks; did you mean blocks?"),
        (MODEL.replace("blocks = 12\n", ""), "blocks is missing; expected an integer in 1..10000"),
        (MODEL.replace("blocks = 12", "blocks = -12"), "blocks = -12 is outside"),
        (MODEL.replace("blocks = 12", "blocks = 1.5"), "blocks = 1.5 is not a whole number"),
        (MODEL.replace("blocks = 12", "blocks = nan"), "blocks = nan"),
        (MODEL.replace("blocks = 12", "blocks = inf"), "blocks = inf"),
        (MODEL.replace("blocks = 12", "blocks = true"), "blocks = True is not a number"),
        (MODEL.replace("blocks = 12", 'blocks = "12"'), "blocks = '12' is not a number"),
        (MODEL.replace("cross_attention = 1", "cross_attention = 2"), "cross_attention = 2 is outside 0..1"),
        (MODEL.replace("steps = 20", "steps = 0"), "request.steps = 0 is outside"),
        (MODEL.replace(", text_tokens = 77", ""), "request.text_tokens is missing"),
        (GPU.replace("312e12", "312"), "was it given in TFLOP/s?"),
        (GPU + "embodied_gco2eq = { die = -1 }\n", "embodied_gco2eq"),
        (DATACENTER.replace("1.3", "0.9"), "pue = 0.9 is outside 1..5"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_it(write, text, expected):
    path = write(text)
    with pytest.raises(InputError) as refusal:
        loading.load(path)
    message = str(refusal.value)
    assert expected in message and message.startswith(str(path)) and "\n" not in message


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(InputError, match=re.escape(str(path))):
            loading.load(path)


def test_the_message_names_the_entry(write):
    with pytest.raises(InputError, match="model 'mine': blocks = 0 "):
        loading.load(write(MODEL.replace("blocks = 12", "blocks = 0")))


def shipped_table():
    return tomllib.loads((files.DATA / "calibrations" / "v100-pcie-16gb.toml").read_text(encoding="utf-8"))


def test_a_calibration_survives_being_written_and_read(write):
    path = write(toml_text(shipped_table()))
    again, shipped = loading.load_calibration(path), loading.shipped_calibration("v100-pcie-16gb")
    assert (again.values, again.covariance, again.free) == (shipped.values, shipped.covariance, shipped.free)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"law": "magic"}, "law = 'magic' is unknown"),
        ({"law": ["bgr"]}, "is unknown"),
        ({"parameters": {"mu_sat": 1.5, "B_0": 0.1, "ell_star": 0}}, "parameters.mu_sat = 1.5 is outside"),
        ({"parameters": {"mu_sat": 0.5}}, "B_0 is missing"),
        ({"covariance": {"parameters": ["mu_sat"], "matrix": [[1.0, 2.0]]}}, "square matrix"),
        ({"covariance": {"parameters": ["zeta"], "matrix": [[1.0]]}}, "square matrix"),
        ({"validity": {"pixels_min": 1}}, "validity.batch is missing"),
        ({"extra": 3}, "unknown field extra"),
        ({"schema_version": 2}, "schema_version = 2"),
    ],
)
def test_a_bad_calibration_is_refused_in_one_line(write, change, expected):
    path = write(toml_text({**shipped_table(), **change}))
    with pytest.raises(InputError) as refusal:
        loading.load_calibration(path)
    assert expected in str(refusal.value) and "\n" not in str(refusal.value)


@given(st.text(max_size=12))
def test_an_unknown_name_is_refused_with_names_that_exist(name):
    shipped = loading.load()
    assume(not any(stands_for("model", name, known) for known in shipped.models))
    with pytest.raises(InputError) as refusal:
        shipped.model(name)
    assert any(known in str(refusal.value) for known in shipped.models)


def test_field_names_are_english_with_units():
    assert {"peak_flop_per_second", "tdp_watt", "grid_gco2eq_per_kwh", "hidden_size"} <= set(BY_FIELD)


def test_default_requests_are_those_of_the_released_pipelines():
    # height, width, frames, steps, passes, text tokens: the sources named in models.toml
    released = {
        "dit-xl-2-256": (256, 256, 1, 50, 2, 0),
        "dit-xl-2-512": (512, 512, 1, 50, 2, 0),
        "pixart-alpha": (1024, 1024, 1, 20, 2, 120),
        "pixart-sigma": (1024, 1024, 1, 20, 2, 300),
        "sd3-medium": (1024, 1024, 1, 28, 2, 154),
        "sd3.5-large": (1024, 1024, 1, 28, 2, 333),
        "cogvideox-2b": (480, 720, 49, 50, 2, 226),
    }
    for name, expected in released.items():
        request = loading.load().model(name).request
        assert (
            tuple(
                request[BY_FIELD[x].symbol] for x in ("height", "width", "frames", "steps", "guidance", "text_tokens")
            )
            == expected
        )


def test_accelerators_are_those_of_the_data_sheets():
    shipped = loading.load().gpus
    sheet = {"v100-pcie-16gb": (112e12, 250, 16, {"die": 9780}), "gtx-1080-ti": (11.3e12, 250, 11, {"die": 4710})}
    for name, expected in sheet.items():
        gpu = shipped[name]
        assert (
            gpu.values[Theta_peak],
            gpu.values[BY_FIELD["tdp_watt"].symbol],
            gpu.memory_gb,
            gpu.embodied,
        ) == expected
